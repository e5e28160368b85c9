package explain

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// lists tells whether policyTypes of a policy, as it is stored, lists a direction.
func lists(np *cluster.Policy, d policy.Direction) bool {
	listed := networkingv1.PolicyTypeIngress
	if d == policy.Egress {
		listed = networkingv1.PolicyTypeEgress
	}
	return slices.Contains(np.Spec.PolicyTypes, listed)
}

// rulesOf returns the rules of a policy in a direction.
func rulesOf(np *cluster.Policy, d policy.Direction) []policy.RuleRef {
	n := len(np.Spec.Ingress)
	if d == policy.Egress {
		n = len(np.Spec.Egress)
	}
	var out []policy.RuleRef
	for i := range n {
		out = append(out, policy.RuleRef{Policy: np, Direction: d, Rule: i, Peer: -1, Port: -1})
	}
	return out
}

// openingsOf lists what the rules of a policy open to the pods that it selects, or some of them.
func openingsOf(set *policy.Set, np *cluster.Policy, d policy.Direction, pods []*cluster.Pod) []Opening {
	var out []Opening
	for _, ref := range rulesOf(np, d) {
		open := func(ref policy.RuleRef, who Who) {
			reached := pods // whose ports the rule names
			if d == policy.Egress {
				reached = who.Pods
			}
			out = append(out, Opening{Rule: ref, Who: who, Ports: portsFor(change.PortsOf(ref), reached), Certain: true})
		}
		if len(change.PeersOf(ref)) == 0 {
			open(ref, everybody)
		}
		for i := range change.PeersOf(ref) {
			ref.Peer = i
			who := whoOf(set, ref)
			if who.Nobody && change.OnlyDNS(change.PortsOf(ref)) && ends.ResolverOf(set.Snapshot(), &cluster.Pod{}).Kind == ends.AssumedDNS {
				who.Nobody, who.Now = false, "cluster DNS, which is not among what was read"
			}
			open(ref, who)
		}
	}
	return out
}

// portsFor lists the ports of a rule; names with the numbers that they have on the pods that are
// reached. Source: networking/v1 NetworkPolicyPort.Port.
func portsFor(ports []networkingv1.NetworkPolicyPort, reached []*cluster.Pod) string {
	if len(ports) == 0 {
		return "every port"
	}
	var out []string
	for _, p := range ports {
		if p.Port == nil || p.Port.Type != intstr.String {
			out = append(out, portText(p))
			continue
		}
		var numbers []string
		for _, pod := range reached {
			for _, n := range pod.PortNamed(p.Port.StrVal, protocolOf(p)) {
				if text := fmt.Sprintf("%d/%s", n, protocolOf(p)); !slices.Contains(numbers, text) {
					numbers = append(numbers, text)
				}
			}
		}
		text := fmt.Sprintf("%q/%s", p.Port.StrVal, protocolOf(p))
		if len(numbers) > 0 {
			text = fmt.Sprintf("%q = %s", p.Port.StrVal, strings.Join(numbers, " or "))
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// protocolOf is the protocol of a port of a rule. Source: networking/v1 NetworkPolicyPort.Protocol.
func protocolOf(p networkingv1.NetworkPolicyPort) corev1.Protocol {
	if p.Protocol == nil {
		return corev1.ProtocolTCP
	}
	return *p.Protocol
}

// inOrOut are the words for a direction.
func inOrOut(d policy.Direction) (in, from string) {
	if d == policy.Egress {
		return "out", "to"
	}
	return "in", "from"
}

// Heading is how a table of what is opened is headed: "from" or "to".
func (i Isolation) Heading() string {
	_, from := inOrOut(i.Direction)
	return from
}
