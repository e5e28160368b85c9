package change

import (
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// What came nearest to admitting a flow for which something has to be added: first what was written
// against it, then what cannot work, then what is for somebody else.
var nearness = []func(proposer, policy.Clause) bool{
	func(p proposer, c policy.Clause) bool {
		return c.Mismatch.Reason == policy.InExcept && p.allWithin(c.Mismatch.Want[0])
	},
	func(_ proposer, c policy.Clause) bool {
		return c.Mismatch.Reason == policy.BlockIgnoresPods || c.Mismatch.Reason == policy.BlockIgnoresNode
	},
	func(_ proposer, c policy.Clause) bool { return c.Mismatch.Reason == policy.HostNetworkPod },
	func(_ proposer, c policy.Clause) bool {
		return c.Mismatch.Reason == policy.OutsideBlock && neighbours(c.Mismatch)
	},
	func(p proposer, c policy.Clause) bool {
		return c.Mismatch.Reason == policy.NotAPod && p.flow.Service != nil
	},
	func(_ proposer, c policy.Clause) bool { return cluster.StampedByController(c.Mismatch.Key) },
	func(p proposer, c policy.Clause) bool {
		return c.Mismatch.Reason == policy.LabelMismatch && p.isForJobsApplication(c)
	},
}

// nearest returns the clause that came nearest to admitting the flow, in a rule whose ports match,
// or nil.
func (p proposer) nearest() *policy.Clause {
	best, rank := (*policy.Clause)(nil), len(nearness)
	for _, t := range p.decision.Trace {
		for _, r := range t.Rules {
			if t.Isolates != policy.Yes || r.Ignored || r.PortsMatch != policy.Yes {
				continue
			}
			for _, clause := range r.Peers {
				if clause.Mismatch == nil {
					continue
				}
				near := func(is func(proposer, policy.Clause) bool) bool { return is(p, clause) }
				if i := slices.IndexFunc(nearness, near); i >= 0 && i < rank {
					best, rank = &clause, i
				}
			}
		}
	}
	return best
}

// allWithin tells whether the other ends of all denied flows lie in a range, where they are ranges
// themselves.
func (p proposer) allWithin(text string) bool {
	block, err := netip.ParsePrefix(text)
	return err == nil && !slices.ContainsFunc(p.flows, func(f policy.Flow) bool {
		end := f.Destination
		if p.dir == policy.Ingress {
			end = f.Source
		}
		return end.Outside != nil && end.Outside.Prefix.IsValid() && !(block.Contains(end.Outside.Prefix.Addr()) && end.Outside.Prefix.Bits() >= block.Bits())
	})
}

// neighbours tells whether an address lies beside a block: in the same block of a size that is
// handed out as one, a /24 of IPv4 or a /64 of IPv6, or beyond the end of a wider one.
func neighbours(m *policy.Mismatch) bool {
	addr, err := netip.ParseAddr(m.Saw)
	if err != nil || len(m.Want) == 0 {
		return false
	}
	block, err := netip.ParsePrefix(m.Want[0])
	if err != nil || block.Addr().Is4() != addr.Is4() {
		return false
	}
	bits := 24
	if addr.Is6() {
		bits = 64
	}
	wider, err := addr.Prefix(max(1, min(bits, block.Bits()-1)))
	return err == nil && wider.Overlaps(block)
}

// isForJobsApplication tells whether the client is a pod of a Job, and a clause selects the pods of
// the application that the Job belongs to: the two share a label, or the Job is named after it.
func (p proposer) isForJobsApplication(c policy.Clause) bool {
	_, peer := p.ends()
	if p.dir != policy.Ingress || peer.Pod == nil || !strings.HasPrefix(c.Mismatch.Field, "podSelector") {
		return false
	}
	w := p.set.Snapshot().WorkloadOf(peer.Pod)
	if w == nil || w.Kind != "Job" && w.Kind != "CronJob" {
		return false
	}
	for k, v := range PeersOf(c.Ref)[c.Ref.Peer].PodSelector.MatchLabels {
		if peer.Pod.Labels.Known[k] == v || strings.HasPrefix(w.Name, v+"-") {
			return true
		}
	}
	return false
}

// unprompted tells whether an edit adds something that nothing which is written comes near.
func (e Edit) unprompted() bool { return e.Clause == nil && slices.Contains(Additions, e.Kind) }

// forgetJobs takes away that a rule was perhaps meant for the Jobs of an application, too. It is said
// where the rule is all that is in the way: a Job that nothing lets out to it either was not meant.
func forgetJobs(edits []Edit) {
	for i, e := range edits {
		if e.Clause != nil && e.Clause.Reason == policy.LabelMismatch && slices.Contains(Additions, e.Kind) && !cluster.StampedByController(e.Clause.Key) {
			edits[i].Clause = nil
		}
	}
}

// cautions are reasons to think twice before some peers are added.
func (p proposer) cautions(peers []networkingv1.NetworkPolicyPeer) []Caution {
	var out []Caution
	for _, peer := range peers {
		if peer.PodSelector != nil && empty(peer.PodSelector) {
			out = append(out, Caution{Kind: Unlabelled})
		}
		if peer.IPBlock == nil {
			continue
		}
		block, err := netip.ParsePrefix(peer.IPBlock.CIDR)
		if err != nil {
			continue
		}
		if block.Bits() == 0 && len(peer.IPBlock.Except) == 0 {
			out = append(out, Caution{Kind: EveryAddress})
		}
		host := slices.ContainsFunc(p.alike(), func(f policy.Flow) bool {
			end := f.Source
			if p.dir == policy.Egress {
				end = f.Destination
			}
			return (end.Node != nil || end.Pod != nil && end.Pod.HostNetwork) && slices.Contains(hostAddresses(end), block.Addr())
		})
		// Of a cache of DNS on the node, the address is the same on every node.
		if near := (Caution{Kind: NodeAddress}); block.IsSingleIP() && host && !OnlyDNS(p.ports()) && !slices.Contains(out, near) {
			out = append(out, near)
		}
	}
	for _, t := range p.decision.Trace {
		for _, r := range t.Rules {
			if t.Isolates != policy.Yes || r.PortsMatch != policy.Yes {
				continue
			}
			for _, clause := range r.Peers {
				if clause.Mismatch != nil && clause.Mismatch.Reason == policy.InExcept {
					out = append(out, Caution{Kind: AgainstExcept, Rule: clause.Ref, Except: clause.Mismatch.Want[0]})
				}
			}
		}
	}
	return out
}
