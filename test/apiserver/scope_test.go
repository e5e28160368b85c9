package apiserver

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

// scopes is a pod in each of three namespaces, and an Ingress in two.
const scopes = `
{apiVersion: v1, kind: Namespace, metadata: {name: scope-NS}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: scope-NS}}
---
{apiVersion: v1, kind: Pod, metadata: {name: pod-NS, namespace: scope-NS, labels: {app: web}}, spec: {serviceAccountName: default, automountServiceAccountToken: false, containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: scope-NS}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: in-NS, namespace: scope-NS}, spec: {ingressClassName: none, rules: [{host: NS.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}
`

// scoped is what a test looks at of a map or a comparison.
type scoped struct {
	run
	Namespaces []string
	Flows      []struct {
		Source, Destination struct{ Namespace string }
	}
	Entries []struct{ Namespace, Name string }
	LeftOut []struct{ Kind, Namespace, Name string }
	Gaps    []struct{ Resource, Namespace, Reason string }
}

func askScoped(t *testing.T, arguments ...string) (out scoped) {
	t.Helper()
	out.run = doctor(t.Context(), append(arguments, "-o", "json")...)
	if err := json.Unmarshal([]byte(out.stdout), &out); err != nil {
		t.Fatalf("%q: %v: %+v", arguments, err, out.run)
	}
	return out
}

// touched are the namespaces of this test that ends of flows are in.
func (s scoped) touched() (names []string) {
	for _, f := range s.Flows {
		names = append(names, f.Source.Namespace, f.Destination.Namespace)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(n string) bool { return !strings.HasPrefix(n, "scope-") })
}

func (s scoped) entries() (names []string) {
	for _, e := range s.Entries {
		names = append(names, e.Name)
	}
	return names
}

// A map of several namespaces has what crosses their borders; for who may read only these it is of what is
// within them, and says what is missing. Nobody gets a map of a namespace that there is not.
func TestScopesOfMaps(t *testing.T) {
	s := Shared(t)
	for _, name := range []string{"a", "b", "c"} {
		path := filepath.Join(t.TempDir(), "scope.yaml")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(scopes, "NS", name)), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Apply(t, Manifests(t, path)...)
	}
	admin := Kubeconfig(t, s.Admin(), "scope-c")
	some := Kubeconfig(t, s.User(t, "some",
		Grant{Namespace: "scope-a", Rules: []rbacv1.PolicyRule{readEverything}},
		Grant{Namespace: "scope-b", Rules: []rbacv1.PolicyRule{readEverything}}), "scope-a")
	with := filepath.Join(t.TempDir(), "with.yaml")
	if err := os.WriteFile(with, []byte(`
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: scope-a}, spec: {podSelector: {}, policyTypes: [Ingress]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: scope-b}, spec: {podSelector: {}, policyTypes: [Ingress]}}
`), 0o600); err != nil {
		t.Fatal(err)
	}

	t.Run("of two namespaces", func(t *testing.T) {
		m := askScoped(t, "map", "-n", "scope-a,scope-b", "--network-plugin", "cilium", "--kubeconfig", admin)
		if !slices.Equal(m.Namespaces, []string{"scope-a", "scope-b"}) || !slices.Equal(m.touched(), []string{"scope-a", "scope-b", "scope-c"}) || !slices.Equal(m.entries(), []string{"in-a", "in-b"}) {
			t.Errorf("of %q, ends in %q, entries %q", m.Namespaces, m.touched(), m.entries())
		}
		for _, f := range m.Flows {
			if f.Source.Namespace == "scope-c" && f.Destination.Namespace == "scope-c" {
				t.Error("a flow within another namespace")
			}
		}
	})
	t.Run("with rights in both", func(t *testing.T) {
		m := askScoped(t, "map", "-n", "scope-a", "-n", "scope-b", "--network-plugin", "cilium", "--kubeconfig", some)
		if m.code != 3 || !slices.Equal(m.touched(), []string{"scope-a", "scope-b"}) || !slices.Equal(m.entries(), []string{"in-a", "in-b"}) {
			t.Errorf("exit code %d, ends in %q, entries %q: %s", m.code, m.touched(), m.entries(), m.stdout)
		}
		for _, g := range m.Gaps {
			if g.Namespace != "" && g.Reason == "Forbidden" {
				t.Errorf("gap %+v of a namespace that may be read", g)
			}
		}
	})
	t.Run("with rights in one of two", func(t *testing.T) {
		m := askScoped(t, "map", "-n", "scope-a,scope-c", "--network-plugin", "cilium", "--kubeconfig", some)
		if m.code != 3 || !slices.Equal(m.touched(), []string{"scope-a"}) || !slices.Equal(m.entries(), []string{"in-a"}) {
			t.Errorf("exit code %d, ends in %q, entries %q", m.code, m.touched(), m.entries())
		}
		if !slices.ContainsFunc(m.Gaps, func(g struct{ Resource, Namespace, Reason string }) bool {
			return g.Resource == "pods" && g.Namespace == "scope-c" && g.Reason == "Forbidden"
		}) {
			t.Errorf("that scope-c could not be read is not said: %+v", m.Gaps)
		}
	})
	t.Run("a comparison is of where the objects are", func(t *testing.T) {
		d := askScoped(t, "diff", "--with", with, "--network-plugin", "cilium", "--kubeconfig", admin)
		if !slices.Equal(d.Namespaces, []string{"scope-a", "scope-b"}) || len(d.LeftOut) > 0 || !slices.Equal(d.touched(), []string{"scope-a", "scope-b", "scope-c"}) {
			t.Errorf("of %q, left out %v, ends in %q", d.Namespaces, d.LeftOut, d.touched())
		}
		d = askScoped(t, "diff", "--with", with, "-n", "scope-b", "--network-plugin", "cilium", "--kubeconfig", admin)
		if !slices.Equal(d.Namespaces, []string{"scope-b"}) || len(d.LeftOut) != 1 || d.LeftOut[0].Namespace != "scope-a" || d.LeftOut[0].Name != "closed" {
			t.Errorf("of %q, left out %v", d.Namespaces, d.LeftOut)
		}
	})
	t.Run("a snapshot", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "two.yaml")
		if r := doctor(t.Context(), "snapshot", "-n", "scope-a,scope-b", "-o", path, "--kubeconfig", admin); r.code != 0 {
			t.Fatalf("%+v", r)
		}
		m := askScoped(t, "map", "-f", path, "--network-plugin", "cilium")
		if m.code != 3 || !slices.Equal(m.touched(), []string{"scope-a", "scope-b"}) || !slices.Contains(m.Namespaces, "scope-b") || slices.Contains(m.Namespaces, "scope-c") || !slices.Equal(m.entries(), []string{"in-a", "in-b"}) {
			t.Errorf("exit code %d, of %q, ends in %q, entries %q", m.code, m.Namespaces, m.touched(), m.entries())
		}
	})
	t.Run("one that there is not", func(t *testing.T) {
		for _, command := range [][]string{{"map"}, {"diff", "--with", with}, {"snapshot"}} {
			r := doctor(t.Context(), append(command, "-n", "scope-a,scope-d", "--kubeconfig", admin)...)
			if r.code != 2 || !strings.Contains(r.stderr, `there is no namespace "scope-d"`) {
				t.Errorf("%q: %+v", command, r)
			}
		}
	})
}
