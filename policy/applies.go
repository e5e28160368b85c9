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
	end := PodEnd(p)
	var out []Fact
	for _, l := range s.layers {
		if l.selects(&world{}, end) != No {
			out = append(out, Fact{Kind: OtherLayer, Object: l.object.Ref})
		}
	}
	for _, g := range s.snapshot.Gaps {
		if k := layerOfResource(g.Resource); k != nil && g.Reason != cluster.NotServed && k.coversEnd(g.Namespace, end) {
			out = append(out, Fact{Kind: LayerUnread, Object: cluster.Ref{Kind: k.Kind, Namespace: g.Namespace, Name: k.ResourceName()}})
		}
	}
	return out
}
