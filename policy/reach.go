package policy

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// This file tells what an edit of a policy can be about, so that nothing else has to be looked at.

// MaySelect tells whether a policy selects a pod, or may.
func (s *Set) MaySelect(np *cluster.Policy, p *cluster.Pod) bool {
	c := s.find(np)
	if c == nil || p.Namespace != np.Namespace {
		return false
	}
	t, _ := s.match(&world{}, c.subject, labelledPod(p))
	return t != No
}

// Reaches tells whether a rule may be about pods of a namespace at the other end, whichever these are.
func (s *Set) Reaches(ref RuleRef, namespace string) bool {
	return s.reaches(ref, func(p peer) bool { return s.ClauseReaches(p.ref, namespace) })
}

// ReachesUnlisted tells whether a rule may be about pods of namespaces other than the policy's of which
// it is not known that they are there.
func (s *Set) ReachesUnlisted(ref RuleRef) bool {
	return s.reaches(ref, func(p peer) bool { return p.namespace != nil })
}

func (s *Set) reaches(ref RuleRef, selects func(peer) bool) bool {
	peers := s.whole(ref).peers
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p peer) bool {
		if p.block != nil {
			return s.profile.Of(IPBlockMatchesPods).Answer != No || s.profile.Of(IPBlockMatchesNodes).Answer != No
		}
		return selects(p)
	})
}

// NamesHangOnOthers tells whether what a port name means may hang on other pods than the destination.
func (s *Set) NamesHangOnOthers() bool { return s.namesDeviate() }
