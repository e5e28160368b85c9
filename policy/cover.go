package policy

import (
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// This file tells which clauses say nothing that others do not say already, whatever pods,
// namespaces and addresses there will ever be: it looks at the compiled clauses only, not at what
// happens to run. A "no" means that it could not be shown.

// SelectsAllOf tells whether every pod that a policy could select is one that another selects.
func (s *Set) SelectsAllOf(outer, inner *cluster.Policy) bool {
	return outer.Namespace == inner.Namespace && implies(s.find(inner).subject, s.find(outer).subject)
}

// Covers tells whether every flow that one clause could admit another admits too, for the same
// pods. A clause is a rule, or one of its peers or ports with the rest of the rule.
func (s *Set) Covers(outer, inner RuleRef) bool {
	return s.covers(outer, inner, s.narrowed(inner))
}

// Reallows tells whether a clause admits everything that an except takes out of a block, for the
// same pods on the same ports. Source: networking/v1 IPBlock.Except, which takes out of its own
// block only.
func (s *Set) Reallows(outer, inner RuleRef, except int) bool {
	r := s.narrowed(inner)
	taken := r.peers[0]
	taken.block = &block{cidr: taken.block.except[except]}
	r.peers = []peer{taken}
	return s.covers(outer, inner, r)
}

func (s *Set) covers(outerRef, innerRef RuleRef, inner rule) bool {
	outer := s.narrowed(outerRef)
	d := innerRef.Direction
	from, to := s.find(innerRef.Policy), s.find(outerRef.Policy)
	switch {
	case outerRef.Direction != d || !from.lists[d] || !to.lists[d] || !s.SelectsAllOf(outerRef.Policy, innerRef.Policy):
		return false
	case s.profile.Of(EitherDirectionOpens).Answer != No && from.lists[other(d)] && !to.lists[other(d)]:
		return false // the rule opens the other direction too
	}
	return s.portsWithin(inner, outer) && s.peersWithin(innerRef, outerRef, inner, outer)
}

func other(d Direction) Direction {
	if d == Egress {
		return Ingress
	}
	return Egress
}

func (s *Set) whole(ref RuleRef) rule { return s.find(ref.Policy).rules[ref.Direction][ref.Rule] }

// narrowed returns the rule of a reference, cut down to the peer or port that it names.
func (s *Set) narrowed(ref RuleRef) rule {
	r := s.whole(ref)
	if ref.Peer >= 0 {
		r.peers = r.peers[ref.Peer : ref.Peer+1]
	}
	if ref.Port >= 0 {
		r.ports = r.ports[ref.Port : ref.Port+1]
	}
	return r
}

// portsWithin tells whether every port of a rule is one of another's.
func (s *Set) portsWithin(inner, outer rule) bool {
	if len(outer.ports) == 0 {
		return true
	}
	return len(inner.ports) > 0 && !slices.ContainsFunc(inner.ports, func(a port) bool {
		return a.name != "" && s.namesDeviate() || !slices.ContainsFunc(outer.ports, a.within)
	})
}

// namesDeviate tells whether the plugin may make something else of port names than the
// specification does: such a rule may admit more than it says.
func (s *Set) namesDeviate() bool {
	return slices.ContainsFunc([]Behaviour{NamedPortsBroken, UnresolvedNamesOpenAll, NamedEgressUsesOwnNamespace, NamedEgressSkipsBlocks, MixedNamesLeak},
		func(b Behaviour) bool { return s.profile.Of(b).Answer != No })
}

const lastPort = 65535

// within tells whether every port of an entry is one of another's. A name may stand for any number.
func (p port) within(outer port) bool {
	switch {
	case p.protocol != outer.protocol:
		return false
	case outer.all() || outer.name == "" && outer.from <= 1 && outer.to >= lastPort:
		return true
	case p.name != "" || outer.name != "" || p.all():
		return p.name != "" && p.name == outer.name
	}
	return outer.from <= p.from && p.to <= outer.to
}

// peersWithin tells whether every end that a rule allows is one that another allows.
func (s *Set) peersWithin(innerRef, outerRef RuleRef, inner, outer rule) bool {
	if len(outer.peers) == 0 {
		return true
	}
	if len(inner.peers) == 0 || s.sharesBlocks(s.whole(innerRef)) || s.sharesBlocks(s.whole(outerRef)) {
		return false
	}
	return !slices.ContainsFunc(inner.peers, func(a peer) bool {
		return !slices.ContainsFunc(outer.peers, func(b peer) bool { return s.peerWithin(a, b) })
	})
}

// peerWithin never compares a block with selectors: which pods a block means is the plugin's.
func (s *Set) peerWithin(inner, outer peer) bool {
	switch {
	case inner.block != nil || outer.block != nil:
		return inner.block != nil && outer.block != nil && inner.block.within(outer.block)
	case inner.namespace != nil && s.profile.Of(NamespaceSelectorsMatchHosts).Answer != No:
		return false
	}
	everything := &selector{}
	pods := func(p peer) *selector {
		if p.pod == nil {
			return everything
		}
		return p.pod
	}
	return s.namespacesWithin(inner, outer) && implies(pods(inner), pods(outer))
}

// namespacesWithin tells whether every namespace that a peer means is one that another means. Of
// the labels of the policy's own namespace only its name is sure to stay.
// Source: well-known label kubernetes.io/metadata.name.
func (s *Set) namespacesWithin(inner, outer peer) bool {
	own := inner.ref.Policy.Namespace
	switch {
	case inner.namespace == nil && outer.namespace == nil:
		return true
	case inner.namespace == nil:
		t, _ := s.match(&world{}, outer.namespace, labelledNamespace(cluster.UnknownNamespace(own)))
		return t == Yes
	case outer.namespace == nil:
		return means(inner.namespace, own)
	}
	return implies(inner.namespace, outer.namespace)
}

// means tells whether a namespaceSelector can match no other namespace than the one of a name.
func means(c *selector, namespace string) bool {
	return !slices.ContainsFunc(ways(cluster.MetadataName, c), func(w way) bool {
		return c.bears(cluster.MetadataName, w) && (!w.present || w.value != namespace)
	})
}

// within tells whether every address of a block is one of another's.
func (b *block) within(outer *block) bool {
	if !contains(outer.cidr, b.cidr) {
		return false
	}
	return !slices.ContainsFunc(outer.except, func(e netip.Prefix) bool {
		return e.IsValid() && e.Overlaps(b.cidr) && !slices.ContainsFunc(b.except, func(own netip.Prefix) bool { return contains(own, e) })
	})
}

// contains tells whether a range holds another; one that is not valid neither holds nor is held.
func contains(outer, inner netip.Prefix) bool {
	return outer.IsValid() && inner.IsValid() && outer.Bits() <= inner.Bits() && outer.Overlaps(inner)
}

// implies tells whether every set of labels that one selector matches is matched by another. It
// holds the requirements on each key against every way that the label can be.
func implies(inner, outer *selector) bool {
	return !slices.ContainsFunc(outer.requirements, func(want requirement) bool {
		return slices.ContainsFunc(ways(want.key, inner, outer), func(w way) bool {
			return inner.bears(want.key, w) && !want.holds(w.value, w.present)
		})
	})
}

// way is how a label can be: absent, or there with a value.
type way struct {
	value   string
	present bool
}

// ways lists the ways a label can be that some selectors can tell apart. All values that none of
// them names are alike; a text that is no value stands for these.
func ways(key string, selectors ...*selector) []way {
	out := []way{{}, {answerOther, true}}
	for _, c := range selectors {
		for _, r := range c.requirements {
			for _, v := range r.values {
				if r.key == key {
					out = append(out, way{v, true})
				}
			}
		}
	}
	return out
}

// bears tells whether a selector can match an object with a label that is one way.
func (c *selector) bears(key string, w way) bool {
	return !slices.ContainsFunc(c.requirements, func(r requirement) bool { return r.key == key && !r.holds(w.value, w.present) })
}

// CannotSelect tells whether the podSelector of a policy contradicts itself, so that no pod
// whatever can match it.
func (s *Set) CannotSelect(p *cluster.Policy) bool { return s.find(p).subject.contradicts() }

// CannotMatch tells whether a peer contradicts itself, so that nothing whatever can match it: a
// selector that asks for two values of one label, or a block of which the excepts leave nothing.
func (s *Set) CannotMatch(ref RuleRef) bool {
	p := s.whole(ref).peers[ref.Peer]
	if p.block != nil {
		return p.block.cidr.IsValid() && takenOut(p.block.cidr, p.block.except)
	}
	return p.namespace != nil && p.namespace.contradicts() || p.pod != nil && p.pod.contradicts()
}

func (c *selector) contradicts() bool {
	return slices.ContainsFunc(c.requirements, func(r requirement) bool {
		return !slices.ContainsFunc(ways(r.key, c), func(w way) bool { return c.bears(r.key, w) })
	})
}

// takenOut tells whether ranges cover another one whole, alone or together.
func takenOut(whole netip.Prefix, ranges []netip.Prefix) bool {
	if slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return contains(r, whole) }) {
		return true
	}
	if !slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return contains(whole, r) }) {
		return false
	}
	low, high := halves(whole)
	return takenOut(low, ranges) && takenOut(high, ranges)
}

// halves splits a range that holds more than one address.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits()
	bytes := p.Masked().Addr().AsSlice()
	bytes[bits/8] |= 0x80 >> (bits % 8)
	second, _ := netip.AddrFromSlice(bytes)
	return netip.PrefixFrom(p.Addr(), bits+1), netip.PrefixFrom(second, bits+1)
}
