package agreement

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// fewWords have one block, so that its exceptions are drawn often.
var fewWords = Words{
	PodLabels:       []Label{{"app", []string{"web", "db"}}},
	NamespaceLabels: []Label{{"team", []string{"red", "blue"}}},
	PortNames:       []string{"http"},
	PortNumbers:     []int32{80},
	Blocks:          []networkingv1.IPBlock{{CIDR: "198.18.0.0/24", Except: []string{"198.18.0.20/32"}}},
}

// Every sort of clause occurs.
func TestGeneratedClauses(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	selector := func(s *metav1.LabelSelector) {
		seen["matchLabels"] = seen["matchLabels"] || len(s.MatchLabels) > 0
		seen["empty selector"] = seen["empty selector"] || len(s.MatchLabels)+len(s.MatchExpressions) == 0
		for _, e := range s.MatchExpressions {
			seen[string(e.Operator)] = true
		}
	}
	peers := func(all []networkingv1.NetworkPolicyPeer) {
		seen["peers missing"] = seen["peers missing"] || all == nil
		seen["peers empty"] = seen["peers empty"] || all != nil && len(all) == 0
		for _, p := range all {
			switch {
			case p.IPBlock != nil && len(p.IPBlock.Except) > 0:
				seen["except"] = true
			case p.IPBlock != nil:
				seen["ipBlock"] = true
			case p.PodSelector != nil && p.NamespaceSelector != nil:
				seen["both selectors"] = true
				selector(p.PodSelector)
				selector(p.NamespaceSelector)
			case p.PodSelector != nil:
				seen["podSelector"] = true
			default:
				seen["namespaceSelector"] = true
			}
		}
	}
	ports := func(all []networkingv1.NetworkPolicyPort) {
		seen["ports missing"] = seen["ports missing"] || all == nil
		seen["ports empty"] = seen["ports empty"] || all != nil && len(all) == 0
		for _, p := range all {
			switch {
			case p.Protocol == nil:
				seen["no protocol"] = true
			default:
				seen[string(*p.Protocol)] = true
			}
			switch {
			case p.Port == nil:
				seen["every port"] = true
			case p.EndPort != nil:
				seen["endPort"] = true
			case p.Port.Type == intstr.String:
				seen["named port"] = true
			default:
				seen["number"] = true
			}
		}
	}
	for _, p := range NewGenerator(1, fewWords).Batch("p", []string{"a"}, 300) {
		selector(&p.Spec.PodSelector)
		types := p.Spec.PolicyTypes
		seen["types missing"] = seen["types missing"] || types == nil
		seen["types empty"] = seen["types empty"] || types != nil && len(types) == 0
		seen["one type"] = seen["one type"] || len(types) == 1
		seen["both types"] = seen["both types"] || len(types) == 2
		seen["rules missing"] = seen["rules missing"] || p.Spec.Ingress == nil
		seen["rules empty"] = seen["rules empty"] || p.Spec.Ingress != nil && len(p.Spec.Ingress) == 0
		seen["not listed"] = seen["not listed"] || len(types) > 0 && len(p.Spec.Egress) > 0 && !slices.Contains(types, networkingv1.PolicyTypeEgress)
		for _, r := range p.Spec.Ingress {
			peers(r.From)
			ports(r.Ports)
		}
		for _, r := range p.Spec.Egress {
			peers(r.To)
			ports(r.Ports)
		}
	}
	for _, want := range []string{
		"matchLabels", "empty selector", "In", "NotIn", "Exists", "DoesNotExist",
		"peers missing", "peers empty", "podSelector", "namespaceSelector", "both selectors", "ipBlock", "except",
		"ports missing", "ports empty", "no protocol", string(corev1.ProtocolTCP), string(corev1.ProtocolUDP), "every port", "endPort", "named port", "number",
		"types missing", "types empty", "one type", "both types", "rules missing", "rules empty", "not listed",
	} {
		if !seen[want] {
			t.Errorf("no generated policy has: %s", want)
		}
	}
}

// A seed always makes the same policies.
func TestGeneratedAgain(t *testing.T) {
	t.Parallel()
	text := func(seed uint64) string {
		out, err := yaml.Marshal(NewGenerator(seed, fewWords).Batch("p", []string{"a", "b"}, 20))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if first, again := text(1), text(1); first != again || first == text(2) {
		t.Error("the policies do not depend on the seed alone")
	}
}
