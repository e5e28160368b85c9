package explain

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// TestMismatchText reads like what a person is told: why a selector or a block did not match.
func TestMismatchText(t *testing.T) {
	t.Parallel()
	label := func(field, operator, saw string, present bool, truth policy.Truth, want ...string) policy.Mismatch {
		return policy.Mismatch{Reason: policy.LabelMismatch, Field: field, Key: "app", Operator: operator, Want: want, Saw: saw, Present: present, Truth: truth}
	}
	block := func(reason policy.Reason, saw, want string) policy.Mismatch {
		return policy.Mismatch{Reason: reason, Saw: saw, Want: []string{want}}
	}
	for _, c := range []struct {
		miss policy.Mismatch
		want string
	}{
		{label("podSelector.matchLabels[app]", "In", "db", true, policy.No, "web"), "selects pods with app=web; this one has app=db"},
		{label("podSelector.matchLabels[app]", "In", "", false, policy.No, "web"), "selects pods with app=web; this one has no label app"},
		{label("podSelector.matchLabels[app]", "In", "", false, policy.Maybe, "web"), "selects pods with app=web; it is not known whether this one has it"},
		{label("namespaceSelector.matchLabels[app]", "In", "db", true, policy.No, "web"), "selects namespaces with app=web; its namespace has app=db"},
		{label("podSelector.matchExpressions[0]", "In", "db", true, policy.No, "a", "b", "c"), "selects pods with app=a, b or c; this one has app=db"},
		{label("podSelector.matchExpressions[0]", "NotIn", "a", true, policy.No, "a", "b"), "selects pods with a label app other than a or b; this one has app=a"},
		{label("podSelector.matchExpressions[0]", "Exists", "", false, policy.No), "selects pods with a label app; this one has no label app"},
		{label("podSelector.matchExpressions[0]", "DoesNotExist", "a", true, policy.No), "selects pods without a label app; this one has app=a"},
		{policy.Mismatch{Reason: policy.OtherNamespace, Want: []string{"shop"}, Saw: "prod"}, "selects pods of namespace shop only; this one is in namespace prod"},
		{block(policy.OutsideBlock, "10.1.0.4", "192.0.2.0/24"), "allows an address in 192.0.2.0/24; this one is 10.1.0.4"},
		{block(policy.OutsideBlock, "10.1.0.4", "192.0.2.10/32"), "allows the address 192.0.2.10; this one is 10.1.0.4"},
		{block(policy.OutsideBlock, "", "192.0.2.0/24"), "allows an address in 192.0.2.0/24; this one is not known"},
		{block(policy.OutsideBlock, "10.0.0.0/8", "192.0.2.0/24"), "allows an address in 192.0.2.0/24"},
		{block(policy.InExcept, "10.1.0.4", "10.1.0.0/16"), "10.1.0.4 is in its except 10.1.0.0/16"},
	} {
		if got := mismatchText(&c.miss, whom{"this one", "its namespace"}); got != c.want {
			t.Errorf("said %q, want %q", got, c.want)
		}
	}
}

// TestPeersAreToldTogether: peers that want values of one label are one sentence, others are not.
func TestPeersAreToldTogether(t *testing.T) {
	t.Parallel()
	clause := func(field, key, want string) policy.Clause {
		return policy.Clause{Mismatch: &policy.Mismatch{Reason: policy.LabelMismatch, Field: field, Key: key, Operator: "In", Want: []string{want}, Saw: "x", Present: true, Truth: policy.No}}
	}
	for _, c := range []struct {
		clauses []policy.Clause
		want    string
	}{
		{[]policy.Clause{clause("podSelector", "app", "a"), clause("podSelector", "app", "b")}, "selects pods with app=a or b; this one has app=x"},
		{[]policy.Clause{clause("podSelector", "app", "a"), clause("podSelector", "tier", "b")}, "selects pods with app=a; this one has app=x; selects pods with tier=b; this one has tier=x"},
		{[]policy.Clause{clause("podSelector", "app", "a"), clause("namespaceSelector", "app", "b")}, "selects pods with app=a; this one has app=x; selects namespaces with app=b; its namespace has app=x"},
		{nil, ""},
	} {
		if got := peersMissed(c.clauses, whom{"this one", "its namespace"}); got != c.want {
			t.Errorf("said %q, want %q", got, c.want)
		}
	}
}

func TestPortsAreSaidAsRulesWriteThem(t *testing.T) {
	t.Parallel()
	number, name, udp, end := intstr.FromInt32(443), intstr.FromString("https"), corev1.ProtocolUDP, int32(450)
	np := &cluster.Policy{NetworkPolicy: &networkingv1.NetworkPolicy{Spec: networkingv1.NetworkPolicySpec{Ingress: []networkingv1.NetworkPolicyIngressRule{{Ports: []networkingv1.NetworkPolicyPort{
		{Port: &number}, {Port: &number, Protocol: &udp}, {Port: &number, EndPort: &end}, {Port: &name}, {Protocol: &udp},
	}}}}}}
	flow := policy.Flow{Protocol: corev1.ProtocolTCP}
	flow.Arriving.Port = 8443
	const allowed = `allows 443/TCP, 443/UDP, 443-450/TCP, the port named "https" (TCP) or every UDP port; the traffic arrives`
	ref := policy.RuleRef{Policy: np, Direction: policy.Ingress, Peer: -1, Port: -1}
	if got, want := portsMissed(ref, flow), allowed+" on 8443/TCP"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	flow.Destination = policy.PodEnd(&cluster.Pod{Name: "web"})
	if got, want := portsMissed(ref, flow), allowed+" at the pod on 8443/TCP"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestAStepNeverSaysThatItWorks(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]string{
		OK: "No problem found", Problem: "A problem was found", Warning: "No failure found, but a warning", NotKnown: "Unclear", Skipped: "Nothing to look at",
	} {
		if got := (&OneStep{Step: Step{Status: status}}).Summary(); got != want {
			t.Errorf("%s: said %q, want %q", status, got, want)
		}
	}
}
