package change_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// TestSearchDoesNoHarm: whatever the policies of a small cluster are, the edits that turn one denied
// connection take no other away, and where something is added, they open no other.
func TestSearchDoesNoHarm(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		s := randomCluster(rand.New(rand.NewPCG(seed, 7)))
		set := policy.Compile(s, toTheLetter)
		flows := everyFlow(s)
		var harm []string
		for _, f := range flows {
			if d := set.Evaluate(f); d.Verdict == policy.Denied {
				harm = append(harm, harmOf(t, set, d, flows)...)
			}
		}
		if len(harm) > 0 {
			t.Fatalf("seed %d: %s\n%s", seed, strings.Join(harm, "\n"), clusterText(s))
		}
	}
}

// toTheLetter is a plugin that does what the specification says, and matches pods by ipBlock.
var toTheLetter = policy.Profile{Name: "to the letter", Entries: map[policy.Behaviour]policy.Entry{
	policy.IPBlockMatchesPods: {Answer: policy.Yes},
}}

// harmOf makes the edits that the search proposes for a denied flow and says what is wrong then.
func harmOf(t *testing.T, set *policy.Set, d policy.Decision, flows []policy.Flow) []string {
	t.Helper()
	causes, _ := change.Search(change.Start(set), []policy.Decision{d})
	cause := causes[0]
	if len(cause.Edits) == 0 {
		return []string{"nothing turns " + flowText(d.Flow)}
	}
	var out []string
	after, ok := change.Start(set).Make(cause.Edits)
	if !ok {
		return []string{"the edits for " + flowText(d.Flow) + " cannot be made: " + editText(cause.Edits)}
	}
	onlyAdded := !slices.ContainsFunc(cause.Edits, func(e change.Edit) bool { return !slices.Contains(change.Additions, e.Kind) })
	if v := after.Evaluate(d.Flow).Verdict; v != policy.Allowed {
		out = append(out, fmt.Sprintf("%s is %s after its edits", flowText(d.Flow), v))
	}
	for _, f := range flows {
		was, is := set.Evaluate(f).Verdict, after.Evaluate(f).Verdict
		switch {
		case was == policy.Allowed && is != policy.Allowed:
			out = append(out, fmt.Sprintf("the edits for %s take away %s: %s", flowText(d.Flow), flowText(f), editText(cause.Edits)))
		case was != policy.Allowed && is == policy.Allowed && onlyAdded && !sameConnection(set.Snapshot(), d.Flow, f):
			out = append(out, fmt.Sprintf("the edits for %s open %s: %s", flowText(d.Flow), flowText(f), editText(cause.Edits)))
		}
	}
	return out
}

// everyFlow lists every connection between two pods on a declared port.
func everyFlow(s *cluster.Snapshot) []policy.Flow {
	var flows []policy.Flow
	for _, from := range s.Pods {
		for _, to := range s.Pods {
			for _, port := range to.Ports {
				if from != to {
					at := policy.Tuple{Address: to.IPs[0], Port: port.Number}
					flows = append(flows, policy.Flow{
						Source: policy.PodEnd(from), Destination: policy.PodEnd(to), Protocol: port.Protocol, Family: corev1.IPv4Protocol,
						Dialled: at, Arriving: at,
					})
				}
			}
		}
	}
	return flows
}

// sameConnection tells whether two flows are one connection between the same workloads.
func sameConnection(s *cluster.Snapshot, a, b policy.Flow) bool {
	return a.Arriving.Port == b.Arriving.Port && a.Protocol == b.Protocol &&
		s.WorkloadOf(a.Source.Pod) == s.WorkloadOf(b.Source.Pod) && s.WorkloadOf(a.Destination.Pod) == s.WorkloadOf(b.Destination.Pod)
}

// The words that random clusters are made of: some near each other, so that slips are seen.
var (
	apps  = []string{"web", "webb", "api", "orders-db", "order-db"}
	tiers = []string{"front", "back"}
	teams = map[string]string{"lab": "research", "shop": "sales"}
)

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// randomCluster makes two namespaces with a few workloads and policies.
func randomCluster(r *rand.Rand) *cluster.Snapshot {
	s := &cluster.Snapshot{FromFiles: true, Read: cluster.Scope{All: true, Nodes: true, NamespaceObjects: true}}
	for i, namespace := range []string{"lab", "shop"} {
		object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{"team": teams[namespace]}}}
		s.Namespaces = append(s.Namespaces, cluster.NewNamespace(object, cluster.Origin{}))
		for n := range 2 + r.IntN(2) {
			addWorkload(r, s, namespace, fmt.Sprintf("w%d", n), netip.AddrFrom4([4]byte{10, byte(i), byte(n), 0}))
		}
		for n := range r.IntN(4) {
			np := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("p%d", n)}, Spec: randomSpec(r)}
			s.Policies = append(s.Policies, cluster.NewPolicy(np, cluster.Origin{}))
		}
	}
	return s.Seal()
}

// addWorkload adds a workload and its pods. Workloads share labels, and each has one of its own, so
// that a rule can name it.
func addWorkload(r *rand.Rand, s *cluster.Snapshot, namespace, name string, below netip.Addr) {
	labels := map[string]string{"app": pick(r, apps...), "tier": pick(r, tiers...), "id": name}
	ports := []cluster.ContainerPort{
		{Name: pick(r, "http", "web"), Protocol: corev1.ProtocolTCP, Number: pick[int32](r, 80, 8080)},
		{Protocol: pick(r, corev1.ProtocolTCP, corev1.ProtocolUDP), Number: 9090},
	}
	ref := cluster.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: namespace, Name: name}
	s.Workloads = append(s.Workloads, &cluster.Workload{
		Ref: ref, Replicas: 1, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": labels["app"]}},
		Template: &cluster.Pod{Namespace: namespace, Labels: cluster.Labels{Known: labels, Open: cluster.ControllerKeys}, Ports: ports, Owner: ref, Template: true},
	})
	for n := range 1 + r.IntN(2) {
		below = below.Next()
		s.Pods = append(s.Pods, &cluster.Pod{
			Namespace: namespace, Name: fmt.Sprintf("%s-%d", name, n), Labels: cluster.Labels{Known: labels}, Ports: ports, Owner: ref,
			Phase: corev1.PodRunning, Ready: true, Node: fmt.Sprintf("node-%d", n), IPs: []netip.Addr{below},
		})
	}
}

func randomSpec(r *rand.Rand) networkingv1.NetworkPolicySpec {
	const in, out = networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress
	spec := networkingv1.NetworkPolicySpec{
		PodSelector: randomSelector(r),
		PolicyTypes: pick(r, nil, []networkingv1.PolicyType{in}, []networkingv1.PolicyType{out}, []networkingv1.PolicyType{in, out}),
	}
	for range r.IntN(3) {
		spec.Ingress = append(spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: randomPeers(r), Ports: randomPorts(r)})
	}
	for range r.IntN(3) {
		spec.Egress = append(spec.Egress, networkingv1.NetworkPolicyEgressRule{To: randomPeers(r), Ports: randomPorts(r)})
	}
	return spec
}

func randomSelector(r *rand.Rand) metav1.LabelSelector {
	switch r.IntN(5) {
	case 0:
		return metav1.LabelSelector{}
	case 1:
		return metav1.LabelSelector{MatchLabels: map[string]string{"tier": pick(r, tiers...)}}
	case 2:
		return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: "app", Operator: pick(r, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn), Values: []string{pick(r, apps...), pick(r, apps...)},
		}}}
	}
	return metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(r, apps...)}}
}

func randomPeers(r *rand.Rand) []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for range r.IntN(3) {
		pods := randomSelector(r)
		peer := networkingv1.NetworkPolicyPeer{PodSelector: &pods}
		switch r.IntN(5) {
		case 0:
			peer.NamespaceSelector = &metav1.LabelSelector{}
		case 1:
			peer.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": pick(r, "sales", "sale", "research")}}
		case 2:
			peer.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{pick(r, "name", cluster.MetadataName): pick(r, "shop", "lab")}}
		case 3:
			peer = networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: pick(r, "10.0.0.0/16", "10.1.0.0/16", "10.0.1.1/32", "0.0.0.0/0")}}
		}
		out = append(out, peer)
	}
	return out
}

func randomPorts(r *rand.Rand) []networkingv1.NetworkPolicyPort {
	var out []networkingv1.NetworkPolicyPort
	for range r.IntN(3) {
		protocol := pick(r, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP)
		port := pick(r, intstr.FromInt32(80), intstr.FromInt32(8080), intstr.FromInt32(9090), intstr.FromInt32(443), intstr.FromString("http"))
		out = append(out, networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &port})
	}
	return out
}

func flowText(f policy.Flow) string {
	return fmt.Sprintf("%s → %s:%d/%s", f.Source.Ref(), f.Destination.Ref(), f.Arriving.Port, f.Protocol)
}

func editText(edits []change.Edit) string {
	text := ""
	for _, e := range edits {
		text += fmt.Sprintf("\n\t%s %s %s: %v → %v", e.Kind, e.Object, e.Path, e.From, e.To)
		if e.Manifest != nil {
			text += " " + e.Manifest.Spec.String()
		}
	}
	return text
}

func clusterText(s *cluster.Snapshot) string {
	text := ""
	for _, p := range s.Pods {
		text += fmt.Sprintf("\n%s %v %v %v", p.Ref(), p.Labels.Known, p.IPs, p.Ports)
	}
	for _, np := range s.Policies {
		text += fmt.Sprintf("\n%s %s", np.Ref(), np.Spec.String())
	}
	return text
}
