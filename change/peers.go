package change

import (
	"net/netip"
	"slices"

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
	for _, f := range p.flows {
		for _, port := range []int32{f.Arriving.Port, f.TunnelPort} {
			number, protocol := intstr.FromInt32(port), f.Protocol
			same := func(o networkingv1.NetworkPolicyPort) bool { return *o.Protocol == protocol && *o.Port == number }
			if port != 0 && !slices.ContainsFunc(out, same) {
				out = append(out, networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &number})
			}
		}
	}
	return out
}

// peers are the clauses that match the other ends of the denied flows.
func (p proposer) peers() []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	var ranges []netip.Prefix
	seen := map[string]bool{}
	for _, f := range p.flows {
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
	for _, r := range p.joined(ranges) {
		out = append(out, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: r.String()}})
	}
	return out
}

func hostAddresses(e policy.Endpoint) []netip.Addr {
	if e.Node != nil {
		return e.Node.IPs
	}
	return e.Pod.IPs
}

// maxBlocks bounds how many blocks a proposed rule lists.
const maxBlocks = 4

// joined writes ranges as few blocks. Where that takes too many, the narrowest block that covers
// those of a family stands for them: never more than the range that was asked for.
func (p proposer) joined(ranges []netip.Prefix) []netip.Prefix {
	joined := ends.Join(distinct(ranges))
	if len(joined) <= maxBlocks {
		return joined
	}
	var out []netip.Prefix
	for _, r := range joined {
		if n := len(out); n > 0 && out[n-1].Addr().Is4() == r.Addr().Is4() {
			out[n-1] = cover(out[n-1], r)
			continue
		}
		out = append(out, r)
	}
	return out
}

// distinct leaves out ranges that are there twice: UDP and TCP go to the same addresses.
func distinct(ranges []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, r := range ranges {
		if !slices.Contains(out, r) {
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
