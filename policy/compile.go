package policy

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	netutils "k8s.io/utils/net"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Set is the policies of one Snapshot, compiled once for one Profile. It is read-only after
// Compile and safe for concurrent use.
type Set struct {
	snapshot    *cluster.Snapshot
	profile     Profile
	policies    map[string][]*compiled // by namespace, sorted by name
	layers      []*layer
	labelValues map[string][]string // every value that a selector names, by label key
	keys        []string            // every label key that a selector names
	blocks      []netip.Prefix      // every cidr and except, in order
	selected    *selections
	residents   map[string][]*cluster.Pod // hostNetwork pods, by node
}

// compiled is one NetworkPolicy.
type compiled struct {
	policy  *cluster.Policy
	subject *selector
	lists   [3]bool   // by Direction: policyTypes lists it
	rules   [3][]rule // by Direction
}

type rule struct {
	ref   RuleRef
	peers []peer
	ports []port
}

// peer is one entry of from or to: selectors, or a block. A nil namespace selector means the
// policy's own namespace, a nil pod selector every pod.
type peer struct {
	ref       RuleRef
	namespace *selector
	pod       *selector
	block     *block
}

type block struct {
	text   string
	cidr   netip.Prefix
	except []netip.Prefix
}

// port is one entry of ports. With neither a name nor a number every port of the protocol is
// meant: from is 0 then.
type port struct {
	ref      RuleRef
	protocol corev1.Protocol
	name     string
	from, to int32
}

// Compile prepares the policies of a snapshot for evaluation.
func Compile(s *cluster.Snapshot, profile Profile) *Set {
	set := &Set{snapshot: s, profile: profile, policies: map[string][]*compiled{}, labelValues: map[string][]string{}, selected: &selections{}, residents: residentsOf(s)}
	for _, p := range s.Policies {
		set.policies[p.Namespace] = append(set.policies[p.Namespace], set.compile(p))
	}
	for _, f := range s.Foreign {
		if l := set.compileLayer(f); l != nil {
			set.layers = append(set.layers, l)
		}
	}
	set.finish()
	return set
}

// finish puts what was noted on the way in order.
func (s *Set) finish() {
	s.keys = nil
	for key, values := range s.labelValues {
		slices.Sort(values)
		s.labelValues[key] = slices.Compact(values)
		s.keys = append(s.keys, key)
	}
	slices.Sort(s.keys)
	slices.SortFunc(s.blocks, comparePrefix)
	s.blocks = slices.Compact(s.blocks)
}

// Profile returns the profile that the set was compiled for.
func (s *Set) Profile() Profile { return s.profile }

// Snapshot returns the snapshot that the set was compiled from.
func (s *Set) Snapshot() *cluster.Snapshot { return s.snapshot }

func (s *Set) compile(p *cluster.Policy) *compiled {
	np := p.NetworkPolicy.DeepCopy()
	cluster.DefaultPolicy(np)
	c := &compiled{policy: p, subject: s.remember(compileSelector(&np.Spec.PodSelector))}
	for _, t := range np.Spec.PolicyTypes {
		switch t {
		case networkingv1.PolicyTypeEgress:
			c.lists[Egress] = true
		case networkingv1.PolicyTypeIngress:
			c.lists[Ingress] = true
		}
	}
	for i, r := range np.Spec.Egress {
		c.rules[Egress] = append(c.rules[Egress], s.compileRule(p, Egress, i, r.To, r.Ports))
	}
	for i, r := range np.Spec.Ingress {
		c.rules[Ingress] = append(c.rules[Ingress], s.compileRule(p, Ingress, i, r.From, r.Ports))
	}
	return c
}

func (s *Set) compileRule(p *cluster.Policy, d Direction, index int, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) rule {
	r := rule{ref: RuleRef{Policy: p, Direction: d, Rule: index, Peer: -1, Port: -1}}
	for i, in := range peers {
		out := peer{ref: r.ref}
		out.ref.Peer = i
		if in.NamespaceSelector != nil {
			out.namespace = s.remember(compileSelector(in.NamespaceSelector))
		}
		if in.PodSelector != nil {
			out.pod = s.remember(compileSelector(in.PodSelector))
		}
		if in.IPBlock != nil {
			out.block = compileBlock(in.IPBlock)
			s.blocks = append(s.blocks, out.block.prefixes()...)
		}
		r.peers = append(r.peers, out)
	}
	for i, in := range ports {
		out := compilePort(in)
		out.ref = r.ref
		out.ref.Port = i
		r.ports = append(r.ports, out)
	}
	return r
}

// compilePort reads one port entry. Source: networking/v1 NetworkPolicyPort.
func compilePort(in networkingv1.NetworkPolicyPort) port {
	out := port{protocol: corev1.ProtocolTCP}
	if in.Protocol != nil {
		out.protocol = *in.Protocol
	}
	switch {
	case in.Port == nil:
	case in.Port.Type == intstr.String:
		out.name = in.Port.StrVal
	default:
		out.from, out.to = in.Port.IntVal, in.Port.IntVal
		if in.EndPort != nil {
			out.to = *in.EndPort
		}
	}
	return out
}

// compileBlock reads an ipBlock. Objects stored long ago may have host bits set or leading
// zeros; the network is what counts. Source: networking/v1 IPBlock.
func compileBlock(in *networkingv1.IPBlock) *block {
	b := &block{text: in.CIDR, cidr: sloppyPrefix(in.CIDR)}
	for _, e := range in.Except {
		b.except = append(b.except, sloppyPrefix(e))
		b.text += " except " + e
	}
	return b
}

// prefixes returns the valid ranges that the block is made of.
func (b *block) prefixes() []netip.Prefix {
	all := append([]netip.Prefix{b.cidr}, b.except...)
	return slices.DeleteFunc(all, func(p netip.Prefix) bool { return !p.IsValid() })
}

func comparePrefix(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// sloppyPrefix parses a CIDR as leniently as stored objects need, or returns the zero Prefix,
// which contains nothing.
func sloppyPrefix(text string) netip.Prefix {
	_, n, err := netutils.ParseCIDRSloppy(text)
	if err != nil {
		return netip.Prefix{}
	}
	addr, ok := netip.AddrFromSlice(n.IP)
	if !ok {
		return netip.Prefix{}
	}
	bits, size := n.Mask.Size()
	if addr.Is4In6() && size == addr.BitLen() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96 // ::ffff:10.0.0.0/104 is 10.0.0.0/8
	}
	return netip.PrefixFrom(addr, bits).Masked()
}

// remember notes which values the selector can tell apart.
func (s *Set) remember(c *selector) *selector {
	for _, r := range c.requirements {
		s.labelValues[r.key] = append(s.labelValues[r.key], r.values...) // an Exists adds the key alone
	}
	return c
}
