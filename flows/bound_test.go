package flows

import (
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// What isolates the pods of an end is told for each direction, also where they differ, and an end
// that the map is not of is known but not wanted.
func TestBounds(t *testing.T) {
	t.Parallel()
	pod := func(namespace, name, app string, host bool) *cluster.Pod {
		return &cluster.Pod{Namespace: namespace, Name: name, Labels: cluster.Labels{Known: map[string]string{"app": app}}, HostNetwork: host}
	}
	np := &networkingv1.NetworkPolicy{}
	np.Namespace, np.Name = "a", "closed"
	np.Spec.PodSelector.MatchLabels = map[string]string{"app": "web"}
	np.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	closed := cluster.NewPolicy(np, cluster.Origin{})
	s := (&cluster.Snapshot{
		Namespaces: []*cluster.Namespace{{Name: "a"}, {Name: "b"}},
		Pods:       []*cluster.Pod{pod("a", "host", "web", true), pod("a", "web", "web", false), pod("a", "x", "x", false), pod("b", "y", "y", false)},
		Policies:   []*cluster.Policy{closed},
		Read:       cluster.Scope{All: true, NamespaceObjects: true},
	}).Seal()
	profile, _ := policy.ProfileNamed("cilium")
	sets := Compile(policy.Compile(s, profile))
	found := map[string]Bound{}
	for _, b := range sets.Bounds(Wanted{By: ByPod, Scope: func(n string) bool { return n == "a" }}) {
		found[b.Ref.Name] = b
	}
	if len(found) != 4 || !found["web"].Wanted || found["y"].Wanted {
		t.Errorf("%v", found)
	}
	if b := found["web"]; b.Ingress.Isolated != policy.Yes || len(b.Ingress.Policies) != 1 || b.Egress.Isolated != policy.No || len(b.Egress.Policies) != 0 {
		t.Errorf("web: %+v", b)
	}
	if b := found["x"]; b.Ingress.Isolated != policy.No {
		t.Errorf("x: %+v", b)
	}
	if b := found["host"]; b.Ingress.Isolated != policy.No || !b.Ingress.Exempt || len(b.Ingress.Policies) != 1 {
		t.Errorf("host: %+v", b)
	}
	all := sets.Bounds(Wanted{By: ByNamespace})
	if b := all[0]; b.Ref.Name != "a" || b.Pods != 3 || !b.Ingress.Differs || b.Ingress.Isolated != policy.Maybe || b.Egress.Isolated != policy.No {
		t.Errorf("namespace a: %+v", b)
	}
}
