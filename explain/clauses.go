package explain

import (
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// PeersText says whom the entries of from or to mean, in a policy of a namespace. None mean
// everybody. Source: networking/v1 NetworkPolicyIngressRule.From.
func PeersText(peers []networkingv1.NetworkPolicyPeer, namespace string) string {
	if len(peers) == 0 {
		return "anywhere"
	}
	var out []string
	for _, p := range peers {
		out = append(out, PeerText(p, namespace))
	}
	return strings.Join(out, " or ")
}

// PeerText says whom one entry of from or to means, in a policy of a namespace.
func PeerText(p networkingv1.NetworkPolicyPeer, namespace string) string {
	if p.IPBlock != nil {
		text := "address " + check.AddressText(p.IPBlock.CIDR)
		if text == "address "+p.IPBlock.CIDR {
			text = "addresses " + p.IPBlock.CIDR
		}
		if len(p.IPBlock.Except) > 0 {
			text += " except " + strings.Join(p.IPBlock.Except, ", ")
		}
		return text
	}
	pods := "every pod"
	if p.PodSelector != nil && len(p.PodSelector.MatchLabels)+len(p.PodSelector.MatchExpressions) > 0 {
		pods = "pods " + SelectorText(p.PodSelector)
	}
	switch n := p.NamespaceSelector; {
	case n == nil:
		return pods + " of namespace " + namespace
	case len(n.MatchLabels)+len(n.MatchExpressions) == 0:
		return pods + " of every namespace"
	case len(n.MatchExpressions) == 0 && len(n.MatchLabels) == 1 && n.MatchLabels[cluster.MetadataName] != "":
		return pods + " of namespace " + n.MatchLabels[cluster.MetadataName]
	default:
		return pods + " of namespaces " + SelectorText(n)
	}
}

// SelectorText prints a label selector as kubectl takes it.
func SelectorText(s *metav1.LabelSelector) string {
	if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		return "of any label"
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		out = append(out, k+"="+s.MatchLabels[k])
	}
	for _, r := range s.MatchExpressions {
		switch r.Operator {
		case metav1.LabelSelectorOpIn:
			out = append(out, r.Key+" in ("+strings.Join(r.Values, ",")+")")
		case metav1.LabelSelectorOpNotIn:
			out = append(out, r.Key+" notin ("+strings.Join(r.Values, ",")+")")
		case metav1.LabelSelectorOpExists:
			out = append(out, r.Key)
		case metav1.LabelSelectorOpDoesNotExist:
			out = append(out, "!"+r.Key)
		}
	}
	return strings.Join(out, ",")
}

// PortsText lists the ports of a rule.
func PortsText(ports []networkingv1.NetworkPolicyPort) string {
	if len(ports) == 0 {
		return "every port"
	}
	var out []string
	for _, p := range ports {
		out = append(out, portText(p))
	}
	return strings.Join(out, ", ")
}
