package file

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// town is a folder with something in each of several namespaces.
func town(t testing.TB) string {
	const np = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: np\n  namespace: NS\nspec:\n  podSelector: {}\n"
	const foreign = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: c\n  namespace: NS\nspec: {}\n"
	const daemon = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata:\n  name: d\n  namespace: NS\nspec:\n  selector:\n    matchLabels: {app: x}\n  template:\n    metadata:\n      labels: {app: x}\n    spec:\n      containers:\n      - name: c\n"
	var files []string
	for _, ns := range []string{"a", "b", "kube-system"} {
		text := pods(
			"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: "+ns+"\n",
			pod(ns, "p")+"status:\n  podIP: 10.0.0."+map[string]string{"a": "1", "b": "12", "kube-system": "3"}[ns]+"\n",
			strings.ReplaceAll(np, "NS", ns), strings.ReplaceAll(foreign, "NS", ns), strings.ReplaceAll(daemon, "NS", ns),
		)
		files = append(files, ns+".yaml", text)
	}
	files = append(files, "z.yaml", pods(
		"apiVersion: v1\nkind: Node\nmetadata:\n  name: node\n",
		"apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata:\n  name: c\nspec: {}\n",
		"apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  namespace: c\nspec:\n  clusterIP: 10.96.0.1\n  ports:\n  - port: 80\n",
		pod("six", "p")+"status:\n  podIPs:\n  - ip: 2001:DB8:0::0001\n",
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"escaped"},"status":{"podIP":"2001\u003adb8::2"}}`+"\n",
		"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nmetadata:\n  name: e\n  namespace: external\nendpoints:\n- addresses: [192.0.2.7]\n",
	))
	return folder(t, files...)
}

// TestScope: what is in a scope is read, and nothing else of what is in a namespace.
func TestScope(t *testing.T) {
	always := []string{"Namespace a", "Namespace b", "Namespace kube-system", "Node node", "ClusterNetworkPolicy /c", "agent a/d", "agent b/d", "agent kube-system/d"}
	whole := func(ns string) []string {
		return []string{"Pod " + ns + "/p", "DaemonSet " + ns + "/d", "NetworkPolicy " + ns + "/np", "CiliumNetworkPolicy " + ns + "/c"}
	}
	address := func(texts ...string) (scope cluster.Scope) {
		for _, text := range texts {
			scope.Addresses = append(scope.Addresses, netip.MustParseAddr(text))
		}
		return scope
	}
	within := func(texts ...string) (scope cluster.Scope) {
		for _, text := range texts {
			scope.Ranges = append(scope.Ranges, netip.MustParsePrefix(text).Masked())
		}
		return scope
	}
	rows := []struct {
		name  string
		scope cluster.Scope
		more  []string
		whole []string
	}{
		{"nothing", cluster.Scope{}, nil, nil},
		{"a namespace", cluster.Scope{Namespaces: []string{"b"}}, whole("b"), []string{"b"}},
		{"an object", cluster.Scope{Objects: []cluster.Ref{{Kind: "Pod", Namespace: "a", Name: "none"}}}, whole("a"), []string{"a"}},
		{"a bare name", cluster.Scope{Objects: []cluster.Ref{{Namespace: "a", Name: "p"}}}, whole("a"), []string{"a"}},
		{"a namespace by its object", cluster.Scope{Objects: []cluster.Ref{{Kind: "Namespace", Name: "a"}}}, whole("a"), []string{"a"}},
		{"a node", cluster.Scope{Objects: []cluster.Ref{{Kind: "Node", Name: "node"}}, Nodes: true}, nil, nil},
		{"no namespace", cluster.Scope{Objects: []cluster.Ref{{Kind: "Pod", Name: "p"}}}, nil, []string{"default"}},
		{"DNS", cluster.Scope{DNS: true}, whole("kube-system"), []string{"kube-system", "openshift-dns"}},
		{"a namespace that is not there", cluster.Scope{Namespaces: []string{"none"}}, nil, []string{"none"}},
		{"a pod's address", address("10.0.0.1"), whole("a"), []string{"a"}},
		{"another pod's address", address("10.0.0.12"), whole("b"), []string{"b"}},
		{"an address mapped to IPv6", address("::ffff:10.0.0.1"), whole("a"), []string{"a"}},
		{"a Service's address", address("10.96.0.1"), []string{"Service c/s"}, []string{"c"}},
		{"a backend's address", address("192.0.2.7"), []string{"EndpointSlice external/e of "}, []string{"external"}},
		{"an IPv6 address in another spelling", address("2001:db8::1"), []string{"Pod six/p"}, []string{"six"}},
		{"an IPv6 address with an escape", address("2001:db8::2"), []string{"Pod escaped/p"}, []string{"escaped"}},
		{"a range", within("10.0.0.8/29"), whole("b"), []string{"b"}},
		{"a wide range", within("10.0.0.0/7"), slices.Concat(whole("a"), whole("b"), whole("kube-system")), []string{"a", "b", "kube-system"}},
		{"an IPv6 range", within("2001:db8::/127"), []string{"Pod six/p"}, []string{"six"}},
		{"a range of Services and backends", within("10.96.0.0/16", "192.0.2.0/24"), nil, nil},
		{"an address of nothing", address("10.0.0.2", "2001:db8::3"), nil, nil},
	}
	s := open(t, town(t))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			snapshot := read(t, s, row.scope)
			got, want := names(snapshot), slices.Concat(always, row.more)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			if !slices.Equal(snapshot.Read.Namespaces, row.whole) || !snapshot.Read.Nodes || snapshot.Read.All {
				t.Errorf("read %+v, want %v", snapshot.Read, row.whole)
			}
		})
	}
}

// TestOutsideTheScope: an object that is not decoded cannot be wrong; one that is, must not be.
func TestOutsideTheScope(t *testing.T) {
	dir := folder(t, "a.yaml", pods(pod("a", "p"), pod("b", "p")+"spec:\n  containers: 7\n"))
	s := open(t, dir)
	read(t, s, cluster.Scope{Namespaces: []string{"a"}})
	for _, scope := range []cluster.Scope{{All: true}, {Namespaces: []string{"b"}}} {
		_, err := s.Read(context.Background(), scope)
		if err == nil || !strings.Contains(err.Error(), "a.yaml:13: b/p (Pod): spec.containers: must be a list, not a number") {
			t.Errorf("%+v: %v", scope, err)
		}
	}
	twice := folder(t, "a.yaml", pods(pod("a", "p"), pod("b", "p"), pod("b", "p")))
	if _, err := Open(context.Background(), []string{twice}, Options{}); err == nil {
		t.Error("an object that is there twice outside of the scope was not noticed")
	}
}

// TestGaps: a namespace that something is in but that is not there itself is a gap; of one that
// is there, or that nothing is in, nothing is missing.
func TestGaps(t *testing.T) {
	dir := folder(t, "a.yaml", pods("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n", pod("a", "p"), pod("b", "p")))
	s := open(t, dir)
	want := []cluster.Gap{{Resource: "namespaces", Name: "b", Reason: cluster.NotProvided}}
	if got := read(t, s, cluster.Scope{All: true}).Gaps; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if got := read(t, s, cluster.Scope{Namespaces: []string{"a", "c"}}).Gaps; len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// TestChanged: a file that was changed after it was indexed is not read as if it had not been.
func TestChanged(t *testing.T) {
	dir := folder(t, "a.yaml", pod("a", "p"))
	s := open(t, dir)
	if err := rewrite(dir+"/a.yaml", pod("a", "p")+"# more\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(context.Background(), cluster.Scope{All: true}); err == nil || !strings.Contains(err.Error(), "was changed") {
		t.Errorf("got %v", err)
	}
}

// TestCancelled: nothing goes on after the context is done.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := open(t, town(t))
	cancel()
	if _, err := s.Read(ctx, cluster.Scope{All: true}); err != context.Canceled {
		t.Errorf("Read: %v", err)
	}
	if _, err := Open(ctx, []string{town(t)}, Options{}); err != context.Canceled {
		t.Errorf("Open: %v", err)
	}
}
