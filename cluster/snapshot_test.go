package cluster_test

import (
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

func at(ips ...string) (out []netip.Addr) {
	for _, ip := range ips {
		out = append(out, netip.MustParseAddr(ip))
	}
	return out
}

func policyOf(namespace, name string) *cluster.Policy {
	return &cluster.Policy{NetworkPolicy: &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}}
}

// The order in which objects were read never shows.
func TestSealSorts(t *testing.T) {
	t.Parallel()
	s := (&cluster.Snapshot{
		Pods:       []*cluster.Pod{{Namespace: "b", Name: "a"}, {Namespace: "a", Name: "b"}, {Namespace: "a", Name: "a"}},
		Namespaces: []*cluster.Namespace{{Name: "b"}, {Name: "a"}},
		Policies:   []*cluster.Policy{policyOf("a", "b"), policyOf("a", "a")},
		Nodes:      []*cluster.Node{{Name: "n2"}, {Name: "n1"}},
		Gaps:       []cluster.Gap{{Resource: "pods", Namespace: "b"}, {Resource: "nodes"}, {Resource: "pods", Namespace: "a"}, {Resource: "nodes"}},
	}).Seal()
	got := ""
	for _, p := range s.Pods {
		got += p.Namespace + "/" + p.Name + " "
	}
	for _, n := range s.Namespaces {
		got += n.Name + " "
	}
	for _, p := range s.PoliciesIn("a") {
		got += p.Name + " "
	}
	for _, n := range s.Nodes {
		got += n.Name + " "
	}
	got += show(s.Gaps)
	if want := "a/a a/b b/a a b a b n1 n2 [nodes:  pods in namespace a:  pods in namespace b: ]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestLookUps(t *testing.T) {
	t.Parallel()
	web, svc, node := &cluster.Pod{Namespace: "a", Name: "web"}, &cluster.Service{Namespace: "a", Name: "web"}, &cluster.Node{Name: "n1"}
	slice := &cluster.EndpointSlice{Namespace: "a", Name: "web-1", Service: "web"}
	s := (&cluster.Snapshot{Pods: []*cluster.Pod{web}, Services: []*cluster.Service{svc}, Nodes: []*cluster.Node{node}, EndpointSlices: []*cluster.EndpointSlice{slice}}).Seal()
	for name, ok := range map[string]bool{
		"a pod":                      s.Pod("a", "web") == web,
		"no pod of another name":     s.Pod("a", "db") == nil,
		"no pod elsewhere":           s.Pod("b", "web") == nil,
		"the pods of a namespace":    len(s.PodsIn("a")) == 1 && len(s.PodsIn("b")) == 0,
		"a Service":                  s.Service("a", "web") == svc && s.Service("b", "web") == nil,
		"its slices":                 len(s.SlicesOf(svc)) == 1,
		"no slices of its namesake":  len(s.SlicesOf(&cluster.Service{Namespace: "b", Name: "web"})) == 0,
		"a node":                     s.Node("n1") == node && s.Node("n2") == nil,
		"a namespace that is named":  !s.HasNamespace("a") && s.Namespace("a").Labels.Open == cluster.AllKeys,
		"a namespace that is not":    !s.HasNamespace("z") && s.Namespace("z").Name == "z",
		"every namespace there is":   len(s.AllNamespaces()) == 1 && s.AllNamespaces()[0].Name == "a",
		"no policies where are none": s.PoliciesIn("a") == nil,
	} {
		if !ok {
			t.Error(name)
		}
	}
}

func TestAllNamespaces(t *testing.T) {
	t.Parallel()
	s := (&cluster.Snapshot{
		Namespaces: []*cluster.Namespace{{Name: "c"}, {Name: "empty"}},
		Pods:       []*cluster.Pod{{Namespace: "c", Name: "p"}, {Namespace: "a", Name: "p"}, {Namespace: "a", Name: "q"}},
		Policies:   []*cluster.Policy{policyOf("b", "p")},
		Mentioned:  []string{"a", "empty", "f"},
		Services:   []*cluster.Service{{Namespace: "d"}},
		Workloads:  []*cluster.Workload{{Ref: cluster.Ref{Namespace: "e"}}},
	}).Seal()
	got := ""
	for _, n := range s.AllNamespaces() {
		got += fmt.Sprintf("%s %v, ", n.Name, n.Labels.Open == cluster.Closed)
	}
	if want := "a false, b false, c true, d false, e false, empty true, f false, "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Running pods come first; finished ones hold nothing, hostNetwork ones have their node's address.
func TestHoldersOf(t *testing.T) {
	t.Parallel()
	running := func(name string, ip string) *cluster.Pod {
		return &cluster.Pod{Namespace: "a", Name: name, Phase: corev1.PodRunning, IPs: at(ip)}
	}
	other := running("other", "192.168.0.2")
	other.HostNetwork, other.Node = true, "n2"
	leaving, done, host, pending := running("leaving", "10.1.0.1"), running("done", "10.1.0.1"), running("host", "192.168.0.1"), running("pending", "10.1.0.1")
	leaving.Deleting, done.Phase, host.HostNetwork, pending.Phase = true, corev1.PodSucceeded, true, corev1.PodPending
	s := (&cluster.Snapshot{
		Pods:     []*cluster.Pod{leaving, done, host, other, pending, running("web", "10.1.0.1"), running("six", "2001:db8::1")},
		Services: []*cluster.Service{{Namespace: "a", Name: "svc", ClusterIPs: at("10.96.0.1"), OtherIPs: at("192.168.0.1", "203.0.113.1")}},
		Nodes:    []*cluster.Node{{Name: "n1", IPs: at("192.168.0.1")}},
	}).Seal()
	for ip, want := range map[string]string{
		"10.1.0.1":        "[web leaving pending]",
		"::ffff:10.1.0.1": "[web leaving pending]",
		"192.168.0.1":     "[svc n1]",
		"192.168.0.2":     "[n2]", // a node that only its pod tells of
		"10.96.0.1":       "[svc]",
		"203.0.113.1":     "[svc]",
		"2001:db8::1":     "[six]",
		"10.1.0.2":        "[]",
	} {
		names := []string{}
		for _, h := range s.HoldersOf(netip.MustParseAddr(ip)) {
			switch {
			case h.Pod != nil:
				names = append(names, h.Pod.Name)
			case h.Service != nil:
				names = append(names, h.Service.Name)
			default:
				names = append(names, h.Node.Name)
			}
		}
		if got := show(names); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
}

// What a policy can select, and what stands for a workload.
func TestSubjects(t *testing.T) {
	t.Parallel()
	owned := func(name, owner string, phase corev1.PodPhase) *cluster.Pod {
		return &cluster.Pod{Namespace: "a", Name: name, Phase: phase, Owner: cluster.Ref{Kind: "StatefulSet", Namespace: "a", Name: owner}, Labels: cluster.Labels{Known: map[string]string{"app": owner}}}
	}
	s := (&cluster.Snapshot{
		Workloads: []*cluster.Workload{
			ofKind(t, "StatefulSet", `{metadata: {namespace: a, name: run}, spec: {template: {metadata: {labels: {app: run}}}}}`),
			ofKind(t, "StatefulSet", `{metadata: {namespace: a, name: new}, spec: {template: {metadata: {labels: {app: new}}}}}`),
			ofKind(t, "StatefulSet", `{metadata: {namespace: a, name: dead}, spec: {template: {metadata: {labels: {app: dead}}}}}`),
			ofKind(t, "ReplicaSet", `{metadata: {namespace: a, name: old, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: u, controller: true}]}}`),
		},
		Pods: []*cluster.Pod{owned("run-0", "run", corev1.PodRunning), owned("run-1", "run", corev1.PodPending), owned("run-2", "run", corev1.PodFailed), owned("dead-0", "dead", corev1.PodSucceeded), {Namespace: "a", Name: "bare"}, {Namespace: "b", Name: "elsewhere"}},
	}).Seal()
	names := func(pods []*cluster.Pod) (out []string) {
		for _, p := range pods {
			out = append(out, p.Ref().Name)
		}
		return out
	}
	if got, want := show(names(s.Subjects("a"))), "[bare run-0 run-1 dead new]"; got != want {
		t.Errorf("subjects %s, want %s", got, want)
	}
	for workload, want := range map[string]string{"run": "[run-0 run-1]", "new": "[new]", "dead": "[dead]"} {
		if got := show(names(s.PodsOf(s.Workload("StatefulSet", "a", workload)))); got != want {
			t.Errorf("pods of %s: %s, want %s", workload, got, want)
		}
	}
	for app, want := range map[string]string{"run": "[run-0 run-1]", "new": "[new]", "": "[]"} {
		v := &cluster.Service{Namespace: "a"}
		if app != "" {
			v.Selector = map[string]string{"app": app}
		}
		if got := show(names(s.SelectedBy(v))); got != want {
			t.Errorf("selected by %q: %s, want %s", app, got, want)
		}
	}
}

func TestSlicesKept(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		s    *cluster.Snapshot
		want bool
	}{
		"live":                   {&cluster.Snapshot{}, true},
		"files":                  {&cluster.Snapshot{FromFiles: true}, false},
		"files, a slice by hand": {&cluster.Snapshot{FromFiles: true, EndpointSlices: []*cluster.EndpointSlice{{}}}, false},
		"files of a cluster that is known to have a controller": {&cluster.Snapshot{FromFiles: true, Controlled: true}, true},
		"a dump of a whole cluster":                             {&cluster.Snapshot{FromFiles: true, EndpointSlices: []*cluster.EndpointSlice{{}, {Managed: true}}}, true},
	} {
		if got := row.s.SlicesKept(); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		ips    []string
		v4, v6 bool
	}{
		{nil, true, false},
		{[]string{"10.1.0.1"}, true, false},
		{[]string{"2001:db8::1"}, false, true},
		{[]string{"10.1.0.1", "2001:db8::1"}, true, true},
	} {
		s := (&cluster.Snapshot{Pods: []*cluster.Pod{{Name: "p", IPs: at(row.ips...)}}}).Seal()
		if v4, v6 := s.Families(); v4 != row.v4 || v6 != row.v6 {
			t.Errorf("%v: %v %v", row.ips, v4, v6)
		}
	}
}

// Without any address, an IPv6 block is a sign that the cluster uses IPv6.
func TestFamiliesByPolicies(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}":        false,
		"{ingress: [{from: [{ipBlock: {cidr: \"2001:db8::/32\"}}]}]}": true,
		"{egress: [{to: [{ipBlock: {cidr: \"2001:db8::/32\"}}]}]}":    true,
		"{egress: [{to: [{podSelector: {}}]}]}":                       false,
	} {
		p := policyOf("a", "p")
		p.Spec = *read[networkingv1.NetworkPolicySpec](t, text)
		if v4, v6 := (&cluster.Snapshot{Policies: []*cluster.Policy{p}}).Seal().Families(); !v4 || v6 != want {
			t.Errorf("%s: %v %v", text, v4, v6)
		}
		if _, v6 := (&cluster.Snapshot{Policies: []*cluster.Policy{p}, Nodes: []*cluster.Node{{Name: "n", IPs: at("192.168.0.1")}}}).Seal().Families(); v6 {
			t.Errorf("%s: an address is a better sign", text)
		}
	}
}

func TestPodsWithin(t *testing.T) {
	t.Parallel()
	pod := func(name string, ips ...string) *cluster.Pod {
		return &cluster.Pod{Namespace: "a", Name: name, Phase: corev1.PodRunning, IPs: at(ips...)}
	}
	done, host := pod("done", "10.1.0.3"), pod("host", "10.1.0.4")
	done.Phase, host.HostNetwork = corev1.PodFailed, true
	s := (&cluster.Snapshot{Pods: []*cluster.Pod{pod("b", "10.1.0.2"), pod("a", "10.1.0.1"), pod("far", "10.2.0.1"), pod("two", "10.9.0.1", "10.1.0.9"), done, host, pod("none")}}).Seal()
	got := ""
	for _, p := range s.PodsWithin(netip.MustParsePrefix("10.1.0.0/16")) {
		got += p.Name + " "
	}
	if got != "a b two " {
		t.Error(got)
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	s := (&cluster.Snapshot{Gaps: []cluster.Gap{{Resource: "pods", Namespace: "a", Reason: cluster.Forbidden}, {Resource: "pods", Namespace: "b", Name: "one", Reason: cluster.Unreadable}, {Resource: "nodes", Reason: cluster.TimedOut}}}).Seal()
	for _, row := range []struct{ resource, namespace, want string }{
		{"pods", "a", "[pods in namespace a: Forbidden]"},
		{"pods", "b", "[]"},
		{"pods", "c", "[]"},
		{"nodes", "", "[nodes: TimedOut]"},
		{"nodes", "a", "[nodes: TimedOut]"},
		{"services", "a", "[]"},
	} {
		if got := show(s.GapsFor(row.resource, row.namespace)); got != row.want {
			t.Errorf("%s in %q: %s, want %s", row.resource, row.namespace, got, row.want)
		}
	}
	if got := s.Gaps[2].String(); got != "pods b/one: Unreadable" {
		t.Error(got)
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		scope cluster.Scope
		want  bool
	}{
		{cluster.Scope{}, false},
		{cluster.Scope{Namespaces: []string{"b"}}, false},
		{cluster.Scope{Namespaces: []string{"b", "a"}}, true},
		{cluster.Scope{All: true}, true},
		{cluster.Scope{Objects: []cluster.Ref{{Namespace: "a", Name: "x"}}}, false},
	} {
		if got := row.scope.Whole("a"); got != row.want {
			t.Errorf("%+v: %v", row.scope, got)
		}
	}
}
