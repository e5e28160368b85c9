package check

import (
	"fmt"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// stray is the finding about a dash that makes two items of a port and its protocol, NPD616.
var stray = []Check{
	{
		Code: "NPD616", Severity: Warning,
		Title: "a port item without a port opens every port of its protocol",
		Doc: `In the ports of a rule, one item has a port, and another has a protocol but no port. The latter
means every port of that protocol, so the rule opens all of them and the item with the port makes no
difference. Usually there is a dash too many in front of protocol.

What you see: nothing fails; peers of the rule can connect to every port of the pods.

Verify: kubectl get networkpolicy NAME -n NAMESPACE -o yaml, and look for an item of ports without a
port.

Fix: write port and protocol as one item. If every port is meant, delete the items that have a port.`,
		Run: func(p *Pass) {
			for _, np := range p.Involved() {
				for _, rule := range rulesThatCount(np) {
					if i, ok := wholeProtocol(rule); ok {
						ref := rule
						ref.Port = i
						p.report(Finding{
							Object: np.Ref(), Field: ref.Path(), Origin: np.Origin,
							Message: fmt.Sprintf("policy %s/%s: %s has a protocol and no port, so the rule opens every %s port, not only those in its other items", np.Namespace, np.Name, ref.Path(), protocolOf(change.PortsOf(rule)[i])),
							Advice:  "write port and protocol as one item, or delete the items that name a port",
						})
					}
				}
			}
		},
	},
}

// wholeProtocol finds an item of a rule that means every port of a protocol of which another item
// names a port. Source: networking/v1 NetworkPolicyPort.Port.
func wholeProtocol(rule policy.RuleRef) (index int, ok bool) {
	entries := change.PortsOf(rule)
	index = slices.IndexFunc(entries, func(whole networkingv1.NetworkPolicyPort) bool {
		return whole.Port == nil && slices.ContainsFunc(entries, func(e networkingv1.NetworkPolicyPort) bool {
			return e.Port != nil && protocolOf(e) == protocolOf(whole)
		})
	})
	return index, index >= 0
}

func protocolOf(e networkingv1.NetworkPolicyPort) string {
	if e.Protocol == nil {
		return "TCP"
	}
	return string(*e.Protocol)
}
