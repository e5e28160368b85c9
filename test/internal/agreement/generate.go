package agreement

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Words are what generated policies are made of. There are few of them, so that clauses often match.
type Words struct {
	// PodLabels and NamespaceLabels are keys with their values. Not every object needs to have them.
	PodLabels, NamespaceLabels []Label
	PortNames                  []string
	PortNumbers                []int32
	Blocks                     []networkingv1.IPBlock
}

// Label is a key and values that it has on some object.
type Label struct {
	Key    string
	Values []string
}

// Generator makes policies that the API server accepts, always the same ones for a seed.
type Generator struct {
	*rand.Rand
	Words
}

// NewGenerator makes a generator.
func NewGenerator(seed uint64, words Words) *Generator {
	return &Generator{rand.New(rand.NewPCG(seed, 1)), words}
}

// Policy makes a policy out of every sort of clause that there is.
func (g *Generator) Policy(namespace, name string) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	p.Spec.PodSelector = *g.selector(g.PodLabels)
	p.Spec.PolicyTypes = oneOf(g, nil, []networkingv1.PolicyType{}, []networkingv1.PolicyType{"Ingress"}, []networkingv1.PolicyType{"Egress"}, []networkingv1.PolicyType{"Ingress", "Egress"})
	if g.writes(p, networkingv1.PolicyTypeIngress) {
		p.Spec.Ingress = list(g, 3, func() networkingv1.NetworkPolicyIngressRule {
			return networkingv1.NetworkPolicyIngressRule{From: g.peers(), Ports: g.ports()}
		})
	}
	if g.writes(p, networkingv1.PolicyTypeEgress) {
		p.Spec.Egress = list(g, 3, func() networkingv1.NetworkPolicyEgressRule {
			return networkingv1.NetworkPolicyEgressRule{To: g.peers(), Ports: g.ports()}
		})
	}
	return p
}

// writes tells whether the policy gets rules of a direction. Rules of one that is not listed are
// rare, as nothing can be predicted of them on many plugins.
func (g *Generator) writes(p *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	if len(p.Spec.PolicyTypes) == 0 {
		return true
	}
	for _, listed := range p.Spec.PolicyTypes {
		if listed == direction {
			return true
		}
	}
	return g.rarely(8)
}

func (g *Generator) rarely(n int) bool { return g.IntN(n) == 0 }

func (g *Generator) selector(labels []Label) *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	for range oneOf(g, 0, 1, 1, 2) {
		label := oneOf(g, labels...)
		if g.rarely(2) {
			if s.MatchLabels == nil {
				s.MatchLabels = map[string]string{}
			}
			s.MatchLabels[label.Key] = oneOf(g, label.Values...)
			continue
		}
		e := metav1.LabelSelectorRequirement{
			Key:      label.Key,
			Operator: oneOf(g, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist),
		}
		if e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn {
			from := g.IntN(len(label.Values))
			e.Values = label.Values[from : from+1+g.IntN(len(label.Values)-from)]
		}
		s.MatchExpressions = append(s.MatchExpressions, e)
	}
	return s
}

func (g *Generator) peers() []networkingv1.NetworkPolicyPeer {
	return list(g, 3, func() (p networkingv1.NetworkPolicyPeer) {
		switch g.IntN(5) {
		case 0:
			p.PodSelector = g.selector(g.PodLabels)
		case 1:
			p.NamespaceSelector = g.selector(g.NamespaceLabels)
		case 2, 3:
			p.PodSelector, p.NamespaceSelector = g.selector(g.PodLabels), g.selector(g.NamespaceLabels)
		case 4:
			p.IPBlock = g.block()
		}
		return p
	})
}

// block is one of the blocks, with some of its exceptions.
func (g *Generator) block() *networkingv1.IPBlock {
	from := oneOf(g, g.Blocks...)
	block := &networkingv1.IPBlock{CIDR: from.CIDR}
	for _, e := range from.Except {
		if g.rarely(2) {
			block.Except = append(block.Except, e)
		}
	}
	return block
}

func (g *Generator) ports() []networkingv1.NetworkPolicyPort {
	return list(g, 3, func() (p networkingv1.NetworkPolicyPort) {
		switch g.IntN(4) {
		case 0: // no protocol is TCP
		case 1:
			protocol := corev1.ProtocolUDP
			p.Protocol = &protocol
		default:
			protocol := corev1.ProtocolTCP
			p.Protocol = &protocol
		}
		switch g.IntN(7) {
		case 0: // every port
		case 1, 2, 3:
			name := intstr.FromString(oneOf(g, g.PortNames...))
			p.Port = &name
		case 4:
			first := oneOf(g, g.PortNumbers...)
			last := first + oneOf[int32](g, 0, 1, 1000)
			number := intstr.FromInt32(first)
			p.Port, p.EndPort = &number, &last
		default:
			number := intstr.FromInt32(oneOf(g, g.PortNumbers...))
			p.Port = &number
		}
		return p
	})
}

func oneOf[T any](g *Generator, all ...T) T { return all[g.IntN(len(all))] }

// list makes a list of one to n items; sometimes it is missing, and sometimes present and empty,
// which means the same.
func list[T any](g *Generator, n int, item func() T) []T {
	switch g.IntN(8) {
	case 0:
		return nil
	case 1:
		return []T{}
	}
	var out []T
	for range 1 + g.IntN(n) {
		out = append(out, item())
	}
	return out
}

// Batch makes the policies of one world: as many for each namespace.
func (g *Generator) Batch(name string, namespaces []string, each int) []*networkingv1.NetworkPolicy {
	var policies []*networkingv1.NetworkPolicy
	for _, namespace := range namespaces {
		for i := range each {
			policies = append(policies, g.Policy(namespace, fmt.Sprintf("%s-%d", name, i+1)))
		}
	}
	return policies
}
