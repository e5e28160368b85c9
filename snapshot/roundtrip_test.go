package snapshot_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/file"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/snapshot"
)

// open reads files with every kind there is.
func open(t testing.TB, paths ...string) *file.Source {
	t.Helper()
	s, err := file.Open(context.Background(), paths, file.Options{
		Rights: true, Ingresses: true, Gateways: true,
		Foreign:    func(apiVersion, kind string) bool { return policy.LayerKindOf(apiVersion, kind) != nil },
		Namespaced: func(apiVersion, kind string) bool { return policy.LayerKindOf(apiVersion, kind).Namespaced },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// all reads everything in files.
func all(t testing.TB, paths ...string) *cluster.Snapshot {
	t.Helper()
	s, err := open(t, paths...).Read(context.Background(), cluster.Scope{All: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// written writes a snapshot to a file and returns its path.
func written(t testing.TB, taken snapshot.Taken) string {
	t.Helper()
	var b bytes.Buffer
	if err := snapshot.Write(&b, taken); err != nil {
		t.Fatal(err)
	}
	return saved(t, b.String())
}

func saved(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "snapshot.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// same are the options under which two snapshots are the same: where an object is from differs, and
// a history is what it tells.
var same = cmp.Options{
	cmpopts.IgnoreTypes(cluster.Origin{}),
	cmpopts.IgnoreUnexported(cluster.Snapshot{}),
	cmpopts.EquateEmpty(),
	cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}),
	cmp.Comparer(func(a, b cluster.History) bool {
		return a.Created.Equal(b.Created) && cmp.Equal(a.Writes(), b.Writes())
	}),
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"../examples/shop/base", "testdata/odd.yaml", "testdata/ways.yaml"} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			before := all(t, path)
			after := all(t, written(t, snapshot.Taken{Snapshot: before, All: true}))
			forgetUnread(before)
			forgetUnread(after)
			if d := cmp.Diff(before, after, same); d != "" {
				t.Errorf("what is read from the snapshot differs: %s", d)
			}
		})
	}
}

// forgetUnread leaves out what a snapshot leaves out on purpose.
func forgetUnread(s *cluster.Snapshot) {
	s.Read, s.Saved = cluster.Scope{}, false
	delete(s.ConfigMaps["kube-system/cilium-config"], "kvstore-opt")
	for _, p := range s.Pods {
		forgetMentions(p)
	}
	for _, w := range s.Workloads {
		forgetMentions(w.Template)
	}
	for _, a := range s.Agents {
		a.Args = nil
		a.Containers = nil
	}
	for _, p := range s.Policies {
		p.Annotations, p.OwnerReferences = nil, nil
		p.UID, p.CreationTimestamp = "", p.CreationTimestamp.Rfc3339Copy()
	}
}

// forgetMentions leaves out words that are no host: there is no Service of their name.
func forgetMentions(p *cluster.Pod) {
	if p.Declared != nil {
		p.Declared.Mentions = slices.DeleteFunc(p.Declared.Mentions, func(m cluster.Mention) bool { return !strings.Contains(m.Host, ".") })
	}
}

// The same input gives the same bytes.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	var first string
	for range 3 {
		text, err := os.ReadFile(written(t, snapshot.Taken{Snapshot: all(t, "testdata/odd.yaml", "../examples/shop/base"), All: true, Redaction: snapshot.NewRedaction(nil)}))
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		}
		if string(text) != first {
			t.Fatal("the bytes differ")
		}
	}
}

// Nothing that the product does not read is in the file.
func TestNothingElse(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(written(t, snapshot.Taken{Snapshot: all(t, "testdata/odd.yaml"), All: true}))
	if err != nil {
		t.Fatal(err)
	}
	original, err := os.ReadFile("testdata/odd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"hunter2", "HUNTER2", "last-applied", "kind: Secret", "image", "volume", "sekret"} {
		if strings.Contains(string(text), word) {
			t.Errorf("%q is in the file", word)
		}
		if !strings.Contains(string(original), word) {
			t.Errorf("%q is not even in the original", word)
		}
	}
}

// Whatever stands in an object, it is read back as it was, and nothing else comes of it.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	hostile := []string{
		"---\napiVersion: v1\nkind: Pod\nmetadata: {name: intruder, namespace: shop}\n", "a: b # c", "null", "~", "0x10", "1_000", "yes", "- x",
		"{{ .Values.x }}", "\u2028", "\ufeff", "\x1b[31m", "tab\tand\r\nbreak", "'\"", "*alias", "&anchor", "!!binary aGk=", "<<", "%TAG", strings.Repeat("x", 5000), "",
	}
	spec := map[string]any{}
	for i, text := range hostile {
		spec[fmt.Sprintf("field%d", i)] = text
		spec["key "+text] = []any{text}
	}
	role := cluster.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Name: "system: '--- #\"x"}
	before := (&cluster.Snapshot{
		Foreign: []*cluster.Foreign{{Ref: cluster.Ref{APIVersion: "cilium.io/v2", Kind: "CiliumNetworkPolicy", Namespace: "shop", Name: "x"}, Spec: spec}},
		Roles:   []*cluster.Role{{Ref: role, Rules: []rbacv1.PolicyRule{{Verbs: hostile, APIGroups: hostile, Resources: hostile}}}},
		Gaps:    []cluster.Gap{{Resource: "nodes", Reason: cluster.Forbidden, Detail: hostile[0]}},
	}).Seal()
	after := all(t, written(t, snapshot.Taken{Snapshot: before, All: true}))
	for what, pair := range map[string][2]any{
		"policies": {before.Foreign, after.Foreign}, "roles": {before.Roles, after.Roles}, "pods": {before.Pods, after.Pods}, "gaps": {before.Gaps, after.Gaps},
	} {
		if d := cmp.Diff(pair[0], pair[1], same); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	again := all(t, written(t, snapshot.Taken{Snapshot: before, All: true, Redaction: snapshot.NewRedaction(nil)}))
	if len(again.Foreign) != 1 || len(again.Roles) != 1 || len(again.Pods) != 0 {
		t.Errorf("redacted: %d policies, %d roles, %d pods", len(again.Foreign), len(again.Roles), len(again.Pods))
	}
}
