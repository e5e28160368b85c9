package change

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// ports are the ports of the denied flows, each once, and the one on which a mesh may carry them.
func (p proposer) ports() []networkingv1.NetworkPolicyPort {
	var out []networkingv1.NetworkPolicyPort
	for _, f := range p.alike() {
		for _, port := range []int32{f.Arriving.Port, f.TunnelPort} {
			number, protocol := intstr.FromInt32(port), f.Protocol
			same := func(o networkingv1.NetworkPolicyPort) bool { return *o.Protocol == protocol && *o.Port == number }
			if port != 0 && !slices.ContainsFunc(out, same) {
				out = append(out, networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &number})
			}
		}
	}
	if udp := p.flow; len(out) == 1 && *out[0].Protocol == corev1.ProtocolUDP && OnlyDNS(out) {
		udp.Protocol = corev1.ProtocolTCP
		if tcp := corev1.ProtocolTCP; !turned(side(p.set.Evaluate(udp), p.dir)) {
			out = append(out, networkingv1.NetworkPolicyPort{Protocol: &tcp, Port: out[0].Port}) // long answers take it
		}
	}
	return out
}

// alike lists the denied flows of the same subjects: what is added is for their workload.
func (p proposer) alike() []policy.Flow {
	s := p.set.Snapshot()
	mine, _ := p.ends()
	if mine.Pod == nil {
		return p.flows
	}
	workload := s.WorkloadOf(mine.Pod)
	other := func(f policy.Flow) bool {
		end := f.Destination
		if p.dir == policy.Egress {
			end = f.Source
		}
		return end.Pod != mine.Pod && (end.Pod == nil || workload == nil || s.WorkloadOf(end.Pod) != workload)
	}
	return slices.DeleteFunc(slices.Clone(p.flows), other)
}

// peers are the clauses that match the other ends of the denied flows.
func (p proposer) peers() []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	var ranges []netip.Prefix
	seen := map[string]bool{}
	for _, f := range p.alike() {
		subject, peer := f.Destination, f.Source
		if p.dir == policy.Egress {
			subject, peer = f.Source, f.Destination
		}
		switch {
		case peer.Pod != nil && !peer.Pod.HostNetwork:
			clause := networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchLabels: identity(p.set.Snapshot(), peer.Pod)}}
			if peer.Pod.Namespace != subject.Pod.Namespace {
				clause.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{cluster.MetadataName: peer.Pod.Namespace}}
			}
			if text := clause.String(); !seen[text] {
				seen[text] = true
				out = append(out, clause)
			}
		case peer.Outside != nil:
			if peer.Outside.Prefix.IsValid() {
				ranges = append(ranges, peer.Outside.Prefix)
			}
		default:
			for _, a := range hostAddresses(peer) {
				ranges = append(ranges, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	if len(out) > maxSelectors {
		out = nil // nobody wants a rule that lists half a cluster
	}
	for _, block := range p.joined(ranges) {
		out = append(out, networkingv1.NetworkPolicyPeer{IPBlock: &block})
	}
	return out
}

func hostAddresses(e policy.Endpoint) []netip.Addr {
	if e.Node != nil {
		return e.Node.IPs
	}
	return e.Pod.IPs
}

// Bounds of what a proposed rule lists.
const (
	maxBlocks    = 4
	maxSelectors = 16
)

// joined writes ranges as few blocks. Where that takes too many, the narrowest block that covers
// those of a family stands for them, except what nobody asked for.
func (p proposer) joined(ranges []netip.Prefix) []networkingv1.IPBlock {
	joined := ends.Join(distinct(ranges))
	covers := joined
	if len(joined) > maxBlocks {
		covers = nil
		for _, r := range joined {
			if n := len(covers); n > 0 && covers[n-1].Addr().Is4() == r.Addr().Is4() {
				covers[n-1] = cover(covers[n-1], r)
				continue
			}
			covers = append(covers, r)
		}
	}
	var out []networkingv1.IPBlock
	for _, c := range covers {
		block := networkingv1.IPBlock{CIDR: c.String()}
		for _, r := range p.unasked(c, joined) {
			block.Except = append(block.Except, r.String())
		}
		out = append(out, block)
	}
	return out
}

// unasked lists the parts of a block that are not among the denied ranges and not allowed already.
func (p proposer) unasked(block netip.Prefix, ranges []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, part := range ends.Subtract(block, ranges) {
		for _, piece := range ends.Cut(part, p.set.Blocks()) {
			f, end := p.flow, policy.RangeEnd(piece)
			f.Arriving.Address, f.Dialled.Address = netip.Addr{}, netip.Addr{}
			if p.dir == policy.Egress {
				f.Destination = end
			} else {
				f.Source = end
			}
			if !turned(side(p.set.Evaluate(f), p.dir)) {
				out = append(out, piece)
			}
		}
	}
	return ends.Join(out)
}

// distinct leaves out ranges that are there twice, or lie in others: UDP and TCP go to the same
// addresses, and a node may lie in the range that was asked for.
func distinct(ranges []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, r := range ranges {
		within := func(o netip.Prefix) bool { return o != r && o.Bits() <= r.Bits() && o.Overlaps(r) }
		if !slices.Contains(out, r) && !slices.ContainsFunc(ranges, within) {
			out = append(out, r)
		}
	}
	return out
}

// cover returns the narrowest prefix that contains two others of one family.
func cover(a, b netip.Prefix) netip.Prefix {
	for bits := min(a.Bits(), b.Bits()); ; bits-- {
		whole := netip.PrefixFrom(a.Addr(), bits).Masked()
		if whole.Contains(b.Addr()) {
			return whole
		}
	}
}
