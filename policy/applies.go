package policy

import "github.com/netpol-doctor/netpol-doctor/cluster"

// MatchPeer holds the selectors of one peer of a rule against a pod, and says why they do not match
// or may not. An ipBlock selects no pods by itself; see IPBlockMatchesPods.
func (s *Set) MatchPeer(ref RuleRef, p *cluster.Pod) (Truth, *Mismatch) {
	peer := s.find(ref.Policy).rules[ref.Direction][ref.Rule].peers[ref.Peer]
	if peer.block != nil {
		return No, nil
	}
	return s.matchPeer(&world{}, peer, view{end: PodEnd(p)})
}

// Rivals returns what may decide about a pod besides NetworkPolicies: policies of other layers that
// may select it, and kinds of such policies that could not be read.
func (s *Set) Rivals(p *cluster.Pod) []Fact {
	return s.rivals(p, func(Tier, [3]reversal) bool { return true })
}

// Openers returns those of the Rivals of a pod that may let through what NetworkPolicies deny.
func (s *Set) Openers(p *cluster.Pod) []Fact {
	return s.rivals(p, func(t Tier, r [3]reversal) bool {
		return t != BaselineTier && (r[Egress].denied || r[Ingress].denied)
	})
}

func (s *Set) rivals(p *cluster.Pod, counts func(Tier, [3]reversal) bool) []Fact {
	end := PodEnd(p)
	var out []Fact
	for _, l := range s.layers {
		if counts(l.tier, l.reverses) && l.selects(&world{}, end) != No {
			out = append(out, Fact{Kind: OtherLayer, Object: l.object.Ref})
		}
	}
	for _, g := range s.snapshot.Gaps {
		k := layerOfResource(g.Resource)
		if k == nil || g.Reason == cluster.NotServed || !k.coversEnd(g.Namespace, end) {
			continue
		}
		if counts(k.tier(), [3]reversal{Egress: k.worst(Egress), Ingress: k.worst(Ingress)}) {
			out = append(out, Fact{Kind: LayerUnread, Object: cluster.Ref{Kind: k.Kind, Namespace: g.Namespace, Name: k.ResourceName()}})
		}
	}
	return out
}
