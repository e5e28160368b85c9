package apiserver

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// wholeQuestions are about more than one connection. They are asked in namespace corners.
var wholeQuestions = []string{
	"map", "map -A", "map -A --by pod --denied", "map --from pod/client", "map -A -o html",
	"diff --with WITH", "diff -A --with WITH", "diff -A --without deploy/plain",
	"snapshot", "explain pod/client", "explain deploy/plain -A", "diagnose deploy/plain", "labels -A", "namespaces -A",
}

// asked runs a question of somebody and returns the run without the requests that it took, which it
// returns for themselves. Each of them is a GET.
func (a asking) asked(t *testing.T, question string, arguments ...string) (run, []string) {
	t.Helper()
	r := doctor(t.Context(), append(append(strings.Fields(question), "--kubeconfig", a.kubeconfig, "--show-requests"), arguments...)...)
	var requests []string
	var rest strings.Builder
	for line := range strings.Lines(r.stderr) {
		switch {
		case strings.HasPrefix(line, "GET "):
			requests = append(requests, strings.TrimSpace(line))
		case strings.HasPrefix(line, "Warning: "), strings.HasPrefix(line, "Error: "):
			rest.WriteString(line)
		default:
			t.Errorf("%s: on standard error: %s", question, line)
		}
	}
	if len(requests) == 0 {
		t.Errorf("%s: no request: %+v", question, r)
	}
	r.stderr = rest.String()
	return r, requests
}

// TestReaderOfTheWholeCluster: whoever has the ClusterRole of reader.yaml gets the maps, comparisons,
// snapshots and explanations of an administrator, by reading alone, and is refused nothing.
func TestReaderOfTheWholeCluster(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Apply(t, Manifests(t, "testdata/corners")...)
	s.Apply(t, layerKinds(func(policy.LayerKind) bool { return true })...)
	s.Apply(t, ciliumAgent(t))
	reader := asUser(t, s, "reader of all", Grant{Rules: rulesOf(t, "../../docs/rbac/reader.yaml")})
	admin := asking{Kubeconfig(t, s.Admin(), "corners")}
	with := filepath.Join(t.TempDir(), "with.yaml")
	if err := os.WriteFile(with, []byte("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: all, namespace: corners}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, question := range wholeQuestions {
		question := strings.ReplaceAll(question, "WITH", with)
		got, requests := reader.asked(t, question)
		want, _ := admin.asked(t, question)
		// What RBAC says is in a snapshot, and has a role of its own.
		snapshot := strings.HasPrefix(question, "snapshot")
		if !snapshot && got != want {
			t.Errorf("%s: an administrator gets %d\n%s%s\nand the reader %d\n%s%s", question, want.code, want.stdout, want.stderr, got.code, got.stdout, got.stderr)
		}
		if got.code == 2 || got.stdout == "" {
			t.Errorf("%s: %+v", question, got)
		}
		for _, r := range requests {
			if strings.Contains(r, " 403, ") && !(snapshot && strings.Contains(r, "/rbac.authorization.k8s.io/")) {
				t.Errorf("%s: %s", question, r)
			}
		}
	}
	full := asUser(t, s, "reader of rights", Grant{Rules: slices.Concat(
		rulesOf(t, "../../docs/rbac/reader.yaml"), rulesOf(t, "../../docs/rbac/rights-reader.yaml"),
	)})
	got, requests := full.asked(t, "snapshot -A")
	want, _ := admin.asked(t, "snapshot -A")
	if got != want || got.code != 0 {
		t.Errorf("snapshot -A: exit code %d, %s; an administrator gets %d, %s", got.code, got.stderr, want.code, want.stderr)
	}
	for _, r := range requests {
		if strings.Contains(r, " 403, ") {
			t.Errorf("snapshot -A: %s", r)
		}
	}
}

// TestReaderOfTwoNamespaces: whoever has the Role of namespace-reader.yaml in two namespaces gets
// definite answers about connections between them, and a map of each.
func TestReaderOfTwoNamespaces(t *testing.T) {
	s := Shared(t)
	s.Apply(t, Manifests(t, "testdata/rights")...)
	rules := rulesOf(t, "../../docs/rbac/namespace-reader.yaml")
	both := asUser(t, s, "reader of two", Grant{Namespace: "ours", Rules: rules}, Grant{Namespace: "theirs", Rules: rules})
	one := asUser(t, s, "reader of one", Grant{Namespace: "ours", Rules: rules})
	for question, code := range map[string]int{
		"diagnose pod/client theirs/pod/server:8080 -n ours": 1,
		"diagnose theirs/pod/server pod/client:8080 -n ours": 1,
		"diagnose pod/client theirs/svc/server:80 -n ours":   1,
		"diagnose pod/client pod/client:8080 -n ours":        0,
		"map -n theirs": 0,
	} {
		got, _ := both.asked(t, question, "-o", "json")
		var d document
		if err := json.Unmarshal([]byte(got.stdout), &d.Diagnosis); err != nil {
			t.Errorf("%s: %v: %+v", question, err, got)
			continue
		}
		unread := func(gap string) bool { return strings.Contains(gap, "ours") || strings.Contains(gap, "theirs") }
		if gaps := gapsOf(d); slices.ContainsFunc(gaps, unread) || strings.HasPrefix(question, "diagnose") && got.code != code {
			t.Errorf("%s: exit code %d, want %d, gaps %q", question, got.code, code, gaps)
		}
	}
	if got, _ := one.asked(t, "diagnose pod/client theirs/pod/server:8080 -n ours", "-o", "json"); got.code != 3 {
		t.Errorf("without the second: exit code %d: %s", got.code, got.stdout)
	}
}

// TestReadersOfWaysIn: the Roles of ingress-reader.yaml and gateway-reader.yaml are what those questions
// take beside the rest of reader.yaml, and no more.
func TestReadersOfWaysIn(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Apply(t, Manifests(t, "testdata/corners")...)
	questions := map[string][]string{"ingress-reader.yaml": {"diagnose ingress/front"}, "gateway-reader.yaml": {"diagnose gateway/front"}}
	for _, k := range cluster.GatewayKinds {
		s.Apply(t, definition(cluster.GatewayGroup, "v1", k.Kind, k.Resource, k.Namespaced))
		if k.Route {
			questions["gateway-reader.yaml"] = append(questions["gateway-reader.yaml"], "diagnose "+strings.ToLower(k.Kind)+"/front")
		}
	}
	s.Apply(t, parse[unstructured.Unstructured](t, `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: front, namespace: corners}, spec: {
		rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}`))
	s.Apply(t, parse[unstructured.Unstructured](t, `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: front, namespace: corners}, spec: {
		gatewayClassName: some, listeners: [{name: http, port: 80, protocol: HTTP}]}}`))
	for _, k := range cluster.GatewayKinds {
		if k.Route {
			s.Apply(t, parse[unstructured.Unstructured](t, `{apiVersion: gateway.networking.k8s.io/v1, kind: `+k.Kind+`, metadata: {name: front, namespace: corners}, spec: {
				parentRefs: [{name: front}], rules: [{backendRefs: [{name: web, port: 80}]}]}}`))
		}
	}
	base := slices.DeleteFunc(rulesOf(t, "../../docs/rbac/reader.yaml"), func(r rbacv1.PolicyRule) bool {
		return slices.Contains(r.Resources, "ingresses") || slices.Contains(r.APIGroups, cluster.GatewayGroup)
	})
	for role, asked := range questions {
		more := rulesOf(t, "../../docs/rbac/"+role)
		reader := asUser(t, s, role, Grant{Rules: slices.Concat(base, more)})
		for _, question := range asked {
			got, requests := reader.asked(t, question, "-o", "json")
			if got.code == 2 {
				t.Errorf("%s: %+v", question, got)
			}
			for _, r := range requests {
				if strings.Contains(r, " 403, ") {
					t.Errorf("%s with %s: %s", question, role, r)
				}
			}
		}
		for _, l := range lesser(more) {
			t.Run(role+" without "+l.right, func(t *testing.T) {
				t.Parallel()
				poorer := asUser(t, s, role+" without "+l.right, Grant{Rules: append(slices.Clone[[]rbacv1.PolicyRule](base), l.rest...)})
				for _, question := range asked {
					if _, requests := poorer.asked(t, question, "-o", "json"); slices.ContainsFunc(requests, func(r string) bool { return strings.Contains(r, " 403, ") }) {
						return
					}
				}
				t.Error("nothing is refused without it")
			})
		}
	}
}
