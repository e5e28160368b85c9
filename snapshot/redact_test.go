package snapshot_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/snapshot"
)

// redacted writes a redacted snapshot of files and returns its text.
func redacted(t testing.TB, key string, paths ...string) (string, *snapshot.Redaction) {
	t.Helper()
	r := snapshot.NewRedaction([]byte(key))
	text, err := os.ReadFile(written(t, snapshot.Taken{Snapshot: all(t, paths...), All: true, Redaction: r}))
	if err != nil {
		t.Fatal(err)
	}
	return string(text), r
}

// No name of the original is in a redacted snapshot.
func TestNoNameIsLeft(t *testing.T) {
	t.Parallel()
	text, _ := redacted(t, "", "testdata/odd.yaml", "../examples/shop/base")
	words := regexp.MustCompile(`[A-Za-z0-9]+`).FindAllString(strings.ToLower(text), -1)
	for _, name := range []string{
		// namespaces
		"shop", "elsewhere", "production", "customer", "monitoring", "staging", "logging",
		// workloads, pods, nodes, Services
		"whole", "store", "cron", "payment", "inventory", "gateway", "alias", "notification", "auth",
		// label keys and values, containers, ports
		"team", "tier", "tenant", "pci", "prod", "hosting", "main",
		// hosts, users, other layers, RBAC, who wrote
		"example", "jane", "robot", "back", "several", "part", "maker",
		// variables
		"url", "database",
	} {
		if slices.Contains(words, name) {
			at := strings.Index(strings.ToLower(text), name)
			t.Errorf("%q is in the file: …%s…", name, text[max(0, at-60):min(len(text), at+60)])
		}
	}
}

// The same word is the same word everywhere, and the parts of names stay together.
func TestNamesBelongTogether(t *testing.T) {
	t.Parallel()
	_, r := redacted(t, "", "../examples/shop/base")
	for _, row := range []struct{ text, want string }{
		{"payment-db", r.Name("payment") + "-" + r.Name("db")},
		{"payment.production.svc.cluster.local", r.Name("payment") + "." + r.Name("production") + ".svc.cluster.local"},
		{"PAYMENT", strings.ToUpper(r.Name("payment"))},
		{"*.production", "*." + r.Name("production")},
		{"payment-db-0", r.Name("payment-db") + "-0"},
		{"system:serviceaccounts:production", "system:serviceaccounts:" + r.Name("production")},
		{"allow-payment", "allow-" + r.Name("payment")},
		{`app == "payment"`, `app == "` + r.Name("payment") + `"`},
		{"kube-system", "kube-system"},
		{"app.kubernetes.io/name", "app.kubernetes.io/name"},
		{"default-deny-egress", "default-deny-egress"},
		{"10", "10"},
		{"", ""},
	} {
		if got := r.Name(row.text); got != row.want {
			t.Errorf("%s: %s, want %s", row.text, got, row.want)
		}
	}
	if len(r.Name("inventory")) != len("inventory") || r.Name("inventory") == "inventory" {
		t.Error(r.Name("inventory"))
	}
}

// Two names never become one.
func TestNamesStayApart(t *testing.T) {
	t.Parallel()
	var policies strings.Builder
	var names []string
	for i := range 300 {
		name := fmt.Sprintf("n%c%c", 'a'+i/26, 'a'+i%26)
		names = append(names, name, string(rune('a'+i%26)))
		fmt.Fprintf(&policies, "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {'%c': %s}}\n", name, 'a'+i%26, name)
	}
	_, r := redacted(t, "", saved(t, policies.String()))
	slices.Sort(names)
	seen := map[string]string{}
	for _, n := range slices.Compact(names) {
		got := r.Name(n)
		if other, taken := seen[got]; taken {
			t.Errorf("%s and %s are both %s", n, other, got)
		}
		seen[got] = n
	}
}

// Without a key the content decides, so that a word cannot be tried out; with one, the key does.
func TestKeys(t *testing.T) {
	t.Parallel()
	name := func(key string, paths ...string) string {
		_, r := redacted(t, key, paths...)
		return r.Name("payment")
	}
	const shop, more = "../examples/shop/base", "testdata/odd.yaml"
	if first, second := name("", shop), name("", shop); first != second {
		t.Error("the same content gives other names")
	}
	if name("", shop) == name("", shop, more) {
		t.Error("other content gives the same names")
	}
	if name("a", shop) != name("a", shop, more) {
		t.Error("the same key gives other names")
	}
	if name("a", shop) == name("b", shop) {
		t.Error("another key gives the same names")
	}
}

// What a server says of a gap may name anybody.
func TestWordsOfServersAreLeftOut(t *testing.T) {
	t.Parallel()
	s := all(t, "../examples/shop/base")
	s.FromFiles = false
	s.Gaps = []cluster.Gap{{Resource: "nodes", Reason: cluster.Forbidden, Detail: `User "jane" cannot list nodes`}}
	text, err := os.ReadFile(written(t, snapshot.Taken{Snapshot: s, All: true, Redaction: snapshot.NewRedaction(nil)}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "jane") || !strings.Contains(string(text), "resource: nodes") {
		t.Errorf("%.600s", text)
	}
}

// A redacted snapshot is read like any other, and has all objects in it.
func TestRedactedIsRead(t *testing.T) {
	t.Parallel()
	for _, paths := range [][]string{{"../examples/shop/base"}, {"testdata/odd.yaml"}, {"testdata/ways.yaml"}} {
		before := all(t, paths...)
		text, _ := redacted(t, "", paths...)
		after := all(t, saved(t, text))
		for what, n := range map[string][2]int{
			"pods": {len(before.Pods), len(after.Pods)}, "workloads": {len(before.Workloads), len(after.Workloads)},
			"Services": {len(before.Services), len(after.Services)}, "policies": {len(before.Policies), len(after.Policies)},
			"roles": {len(before.Roles), len(after.Roles)}, "routes": {len(before.Routes), len(after.Routes)},
			"others": {len(before.Foreign), len(after.Foreign)}, "slices": {len(before.EndpointSlices), len(after.EndpointSlices)},
		} {
			if n[0] != n[1] {
				t.Errorf("%v: %d %s, %d when redacted", paths, n[0], what, n[1])
			}
		}
	}
}

// Whatever a text is, renaming it breaks nothing: what is between the words stays, and the same text
// gives the same.
func FuzzName(f *testing.F) {
	for _, text := range []string{"payment-db-0", "a.b/c", "Ⅷ-ü", "allowPayment", "\xff\xfe-x", "x in {'a','b'}", "ſ-K", "--=--", "İstanbul"} {
		f.Add(text)
	}
	text, r := redacted(f, "", "../examples/shop/base")
	if text == "" {
		f.Fatal("nothing was written")
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := r.Name(text)
		if got != r.Name(text) {
			t.Error("another name the second time")
		}
		between := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r < 0x80 && !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') {
					return r
				}
				return -1
			}, s)
		}
		if between(got) != between(text) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

// Policies of other layers say whatever somebody wrote there, as versions of nodes may: fields that have
// the name of one that is kept elsewhere are not kept in them, and the keys that programs of a proxy take
// are names, too.
func TestOtherLayersKeepNoNames(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/other.yaml"
	if err := os.WriteFile(file, []byte(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: one, namespace: zebra}
spec:
  endpointSelector: {matchExpressions: [{key: zebra, operator: Exists}]}
  labels: [{key: zebra, value: zebra, source: zebra}]
  egress:
  - reason: zebra
    source: zebra
    time: zebra
    args: [zebra]
    toPorts: [{ports: [{port: "443", protocol: TCP}], rules: {l7proto: zebra, l7: [{zebra: zebra}]}}]
---
apiVersion: v1
kind: Node
metadata: {name: zebra-1}
status: {nodeInfo: {kubeletVersion: v1.30.1-zebra.5}}
---
apiVersion: v1
kind: Node
metadata: {name: zebra-2}
status: {nodeInfo: {kubeletVersion: v1.31.2+k3s1}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	text, _ := redacted(t, "", file)
	if at := strings.Index(text, "zebra"); at >= 0 {
		t.Errorf("a name is in the file: %s", text[max(0, at-200):min(len(text), at+60)])
	}
	for _, kept := range []string{"operator: Exists", "protocol: TCP", "kind: CiliumNetworkPolicy", "kubeletVersion: v1.30.1\n", "kubeletVersion: v1.31.2+k3s1"} {
		if !strings.Contains(text, kept) {
			t.Errorf("%s is not in the file: %s", kept, text)
		}
	}
}
