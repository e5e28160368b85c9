package policy

import (
	"net/netip"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// view is what a peer clause is held against: one end of a flow, and the address it is judged by
// when that is a Service's.
type view struct {
	end  Endpoint
	flow Flow
	// service: held against the Service address that was dialled, not against the end's own.
	service bool
}

// matchPeer holds one entry of from or to against the other end of a flow. Selectors match pods
// only; a namespaceSelector and a podSelector in one entry must both match, and a podSelector
// alone means the policy's own namespace. Source: networking/v1 NetworkPolicyPeer.
func (s *Set) matchPeer(w *world, p peer, v view) (Truth, *Mismatch) {
	if p.block != nil {
		return s.matchBlock(w, p.block, v)
	}
	if t, why := s.matchSelectors(w, p, v); t != No || p.namespace == nil || !v.end.isHost() || s.profile.Of(NamespaceSelectorsMatchHosts).Answer == No {
		return t, why
	}
	w.ask(s.behaviour(NamespaceSelectorsMatchHosts), nil)
	return Maybe, &Mismatch{Reason: PluginDecides, Field: "namespaceSelector", Key: string(NamespaceSelectorsMatchHosts), Truth: Maybe}
}

func (s *Set) matchSelectors(w *world, p peer, v view) (Truth, *Mismatch) {
	pod := v.end.Pod
	if pod == nil {
		return s.matchResidents(w, p, v)
	}
	result, why := Yes, (*Mismatch)(nil)
	consider := func(t Truth, m *Mismatch, field string) {
		if t < result {
			if m.Field != "" {
				field += "." + m.Field
			}
			m.Field = field
			result, why = t, m
		}
	}
	if p.namespace == nil {
		if own := p.ref.Policy.Namespace; pod.Namespace != own {
			consider(No, &Mismatch{Reason: OtherNamespace, Want: []string{own}, Saw: pod.Namespace, Present: true, Truth: No}, "podSelector")
		}
	} else {
		t, m := s.match(w, p.namespace, labelledNamespace(s.snapshot.Namespace(pod.Namespace)))
		consider(t, m, "namespaceSelector")
	}
	if p.pod != nil && result != No {
		t, m := s.match(w, p.pod, labelledPod(pod))
		consider(t, m, "podSelector")
	}
	if result != No && pod.HostNetwork {
		t := s.does(w, SelectorsMatchHostNetwork)
		consider(t, &Mismatch{Reason: HostNetworkPod, Key: string(SelectorsMatchHostNetwork), Truth: t}, "")
	}
	return result, why
}

// matchResidents holds selectors against a node: on a plugin that matches hostNetwork pods, the
// traffic of such a pod and that of its node are the same.
func (s *Set) matchResidents(w *world, p peer, v view) (Truth, *Mismatch) {
	result := No
	if v.end.Node != nil && s.profile.Of(SelectorsMatchHostNetwork).Answer != No {
		for _, pod := range s.residents[v.end.Node.Name] {
			t, _ := s.matchSelectors(w, p, view{end: PodEnd(pod), flow: v.flow})
			result = max(result, t)
		}
	}
	switch result {
	case No:
		return No, &Mismatch{Reason: NotAPod, Truth: No}
	case Yes:
		return Yes, nil
	}
	return result, &Mismatch{Reason: HostNetworkPod, Key: string(SelectorsMatchHostNetwork), Truth: result}
}

// residentsOf lists the hostNetwork pods of each node.
func residentsOf(s *cluster.Snapshot) map[string][]*cluster.Pod {
	out := map[string][]*cluster.Pod{}
	for _, p := range s.Pods {
		if p.HostNetwork && p.Node != "" && !p.Finished() {
			out[p.Node] = append(out[p.Node], p)
		}
	}
	return out
}

// does asks how the plugin behaves.
func (s *Set) does(w *world, b Behaviour) Truth {
	if t := s.profile.Of(b).Answer; t != Maybe {
		return t
	}
	return w.is(s.behaviour(b))
}

func (s *Set) behaviour(b Behaviour) Fact {
	return Fact{Kind: PluginBehaviour, Object: cluster.Ref{Kind: "NetworkPlugin", Name: s.profile.Name}, Key: string(b)}
}

// matchBlock holds an ipBlock against an end. Whether it means pods and nodes is the plugin's.
// Source: networking/v1 IPBlock; concept page "Network Policies", ipBlock.
func (s *Set) matchBlock(w *world, b *block, v view) (Truth, *Mismatch) {
	in, why := s.inBlock(w, b, v)
	if in == No || v.service {
		return in, why
	}
	var behaviour Behaviour
	reason := BlockIgnoresPods
	switch {
	case v.end.isHost():
		behaviour, reason = IPBlockMatchesNodes, BlockIgnoresNode
	case v.end.Pod != nil:
		behaviour = IPBlockMatchesPods
	default:
		return in, why
	}
	t := s.does(w, behaviour)
	if t < in && s.mayBeOutside(v.end) {
		switch w.is(Fact{Kind: EndUnread, Object: cluster.Ref{Kind: "CIDR", Name: v.end.Node.Name}, Key: "nodes"}) {
		case No:
			return in, why
		case Maybe:
			t = Maybe
		}
	}
	if t < in {
		why := &Mismatch{Reason: reason, Field: "ipBlock", Key: string(behaviour), Want: []string{b.text}, Truth: t}
		if seen := s.seen(v); len(seen) > 0 {
			why.Saw = seen[0].Addr().String()
		}
		return t, why
	}
	return in, why
}

// mayBeOutside tells whether an end is the address of a host of which it is not known whether it is
// one of the cluster's nodes.
func (s *Set) mayBeOutside(e Endpoint) bool {
	return e.Node != nil && e.Node != anyNode && s.snapshot.Node(e.Node.Name) == nil && len(s.residents[e.Node.Name]) == 0
}

// inBlock tells whether the end's address lies in the block and in none of its excepts.
func (s *Set) inBlock(w *world, b *block, v view) (Truth, *Mismatch) {
	mismatch := &Mismatch{Reason: OutsideBlock, Field: "ipBlock.cidr", Want: []string{b.text}, Truth: No}
	if addr := v.flow.Dialled.Address; v.service {
		if !addr.IsValid() {
			return s.inBlockUnknown(w, b, v, mismatch)
		}
		mismatch.Saw = addr.String()
		return b.judge(netip.PrefixFrom(addr, addr.BitLen()), mismatch)
	}
	seen := s.seen(v)
	if len(seen) == 0 {
		return s.inBlockUnknown(w, b, v, mismatch)
	}
	mismatch.Saw = seen[0].String()
	if seen[0].IsSingleIP() {
		mismatch.Saw = seen[0].Addr().String()
	}
	result, why := b.judge(seen[0], mismatch)
	for _, p := range seen[1:] {
		if t, _ := b.judge(p, &Mismatch{}); t != result {
			return s.inBlockUnknown(w, b, v, mismatch)
		}
	}
	return result, why
}

// seen returns the address that an end is seen with: the one that was dialled if it is the
// destination, its own if it is the source. A node has several, and which of them it uses is not
// known, even less that of some node; an end outside may be a range.
func (s *Set) seen(v view) []netip.Prefix {
	single := func(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
	switch {
	case v.end.Outside != nil && v.end.Outside.Prefix.IsValid():
		return []netip.Prefix{v.end.Outside.Prefix}
	case v.end == v.flow.Destination && v.flow.Arriving.Address.IsValid():
		return []netip.Prefix{single(v.flow.Arriving.Address)}
	}
	ends := []Endpoint{v.end}
	if v.end.Node == anyNode {
		ends = s.otherNodes(v.flow.Destination)
	}
	var out []netip.Prefix
	for _, e := range ends {
		for _, a := range e.addresses(v.flow.Family) {
			out = append(out, single(a))
		}
	}
	return out
}

// otherNodes returns the nodes but the one that an end is on, if all nodes were read.
func (s *Set) otherNodes(e Endpoint) (ends []Endpoint) {
	own, _ := e.onNode()
	for _, n := range s.snapshot.Nodes {
		if s.snapshot.Read.Nodes && n.Name != own {
			ends = append(ends, NodeEnd(n))
		}
	}
	return ends
}

// judge holds a known address or range against the block.
func (b *block) judge(p netip.Prefix, mismatch *Mismatch) (Truth, *Mismatch) {
	if !b.cidr.IsValid() || !b.cidr.Overlaps(p) {
		return No, mismatch
	}
	result := Yes
	if b.cidr.Bits() > p.Bits() {
		result = Maybe // a range wider than the block: callers cut ranges so that this does not occur
	}
	for _, e := range b.except {
		switch {
		case !e.IsValid() || !e.Overlaps(p):
		case e.Bits() <= p.Bits():
			mismatch.Reason, mismatch.Field, mismatch.Want = InExcept, "ipBlock.except", []string{e.String()}
			return No, mismatch
		default:
			result = Maybe
		}
	}
	if result == Yes {
		return Yes, nil
	}
	mismatch.Truth = Maybe
	return Maybe, mismatch
}

// inBlockUnknown is for ends whose address is not known: a template's pod, a name, a node that
// was not read or has several. A block of every address of the family still contains it for certain.
func (s *Set) inBlockUnknown(w *world, b *block, v view, mismatch *Mismatch) (Truth, *Mismatch) {
	if !b.cidr.IsValid() || familyOf(b.cidr.Addr()) != v.flow.Family {
		return No, mismatch
	}
	if b.cidr.Bits() == 0 && len(b.except) == 0 {
		return Yes, nil
	}
	t := w.is(v.addressIn(b.text))
	mismatch.Reason, mismatch.Truth = AddressUnknown, t
	return t, mismatch
}

// addressIn is the fact that an address which is not known lies in a block.
func (v view) addressIn(block string) Fact {
	switch {
	case v.service:
		return Fact{Kind: ServiceAddress, Object: v.flow.Service.Ref(), Key: block}
	case v.end.Pod != nil:
		return Fact{Kind: PodAddress, Object: v.end.Pod.Ref(), Key: block}
	case v.end.Node != nil:
		return Fact{Kind: NodeAddress, Object: v.end.Node.Ref(), Key: block}
	}
	return Fact{Kind: NameAddress, Object: cluster.Ref{Kind: "DNSName", Name: v.end.Outside.Name}, Key: block}
}

// anyNode stands for some node of the cluster other than the destination's.
var anyNode = &cluster.Node{}
