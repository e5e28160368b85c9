package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// This file finds the clauses and policies that could go without any effect, for NPD608.

// covered is a clause that can go, and the one that stays in its place.
type covered struct{ clause, by policy.RuleRef }

// redundant finds which of some policies of a namespace can go without any effect, then which rules
// of the rest, then which peers and ports of these. All of it can go together, since nothing is
// held against what has gone before; of two that say the same, the first stays. What covers a
// policy selects the same pods, so it is among the policies that were asked.
func (p *Pass) redundant(all []*cluster.Policy) (policies map[*cluster.Policy][]covered, clauses []covered) {
	policies = map[*cluster.Policy][]covered{}
	gone := map[policy.RuleRef]bool{}
	wider := map[*cluster.Policy][]*cluster.Policy{}
	for _, np := range all {
		for _, o := range all {
			if p.Set.SelectsAllOf(o, np) {
				wider[np] = append(wider[np], o)
			}
		}
	}
	// rules lists those that are still there and are for all pods of a policy.
	rules := func(np *cluster.Policy) (refs []policy.RuleRef) {
		for _, o := range wider[np] {
			if _, goes := policies[o]; !goes {
				refs = append(refs, rulesThatCount(o)...)
			}
		}
		return slices.DeleteFunc(refs, func(r policy.RuleRef) bool { return gone[r] })
	}
	for _, np := range slices.Backward(all) {
		others := slices.DeleteFunc(rules(np), func(r policy.RuleRef) bool { return r.Policy == np })
		isolating := slices.DeleteFunc(slices.Clone(wider[np]), func(o *cluster.Policy) bool { _, goes := policies[o]; return goes || o == np })
		if by, ok := p.replaced(np, others); ok && isolatedBy(np, isolating) {
			policies[np] = by
		}
	}
	for _, np := range slices.Backward(all) {
		if _, goes := policies[np]; goes {
			continue
		}
		for _, ref := range slices.Backward(rulesThatCount(np)) {
			others := slices.DeleteFunc(rules(np), func(r policy.RuleRef) bool { return r == ref })
			if by, ok := p.coverOf(ref, others); ok {
				clauses = append(clauses, covered{ref, by})
				gone[ref] = true
				continue
			}
			clauses = append(clauses, p.redundantParts(ref)...)
		}
	}
	return policies, clauses
}

// replaced tells whether other rules cover every rule of a policy. A policy without rules is there
// to deny and is left alone.
func (p *Pass) replaced(np *cluster.Policy, others []policy.RuleRef) (by []covered, ok bool) {
	for _, ref := range rulesThatCount(np) {
		cover, ok := p.coverOf(ref, others)
		if !ok {
			return nil, false
		}
		by = append(by, covered{ref, cover})
	}
	return by, len(by) > 0
}

// isolatedBy tells whether others isolate every pod that a policy isolates.
func isolatedBy(np *cluster.Policy, others []*cluster.Policy) bool {
	for _, d := range []policy.Direction{policy.Egress, policy.Ingress} {
		if isolates(np, d) && !slices.ContainsFunc(others, func(o *cluster.Policy) bool { return isolates(o, d) }) {
			return false
		}
	}
	return true
}

// coverOf finds the clause that covers another. One that admits everything has a finding of its
// own.
func (p *Pass) coverOf(ref policy.RuleRef, others []policy.RuleRef) (policy.RuleRef, bool) {
	i := slices.IndexFunc(others, func(o policy.RuleRef) bool { return !open(o) && p.Set.Covers(o, ref) })
	if i < 0 {
		return policy.RuleRef{}, false
	}
	return others[i], true
}

// redundantParts finds the peers of a rule that another of its peers covers, and the ports.
func (p *Pass) redundantParts(ref policy.RuleRef) (out []covered) {
	for _, parts := range [][]policy.RuleRef{peersOf(ref), portsOf(ref)} {
		left := parts
		for _, part := range slices.Backward(slices.Clone(parts)) {
			others := slices.DeleteFunc(slices.Clone(left), func(r policy.RuleRef) bool { return r == part })
			if by, ok := p.coverOf(part, others); ok && (by.Port < 0 || change.PortsOf(by)[by.Port].Port != nil) { // else NPD616
				out = append(out, covered{part, by})
				left = others
			}
		}
	}
	return out
}

// peersOf and portsOf list the parts of a rule.
func peersOf(ref policy.RuleRef) (refs []policy.RuleRef) {
	for i := range change.PeersOf(ref) {
		ref.Peer = i
		refs = append(refs, ref)
	}
	return refs
}

func portsOf(ref policy.RuleRef) (refs []policy.RuleRef) {
	for i := range change.PortsOf(ref) {
		ref.Port = i
		refs = append(refs, ref)
	}
	return refs
}

// reportCovered reports what can go of the policies of a namespace that were asked.
func (p *Pass) reportCovered(all []*cluster.Policy) {
	policies, clauses := p.redundant(all)
	for np, by := range policies {
		if !slices.ContainsFunc(by, p.told) || slices.ContainsFunc(by, p.worse) {
			continue
		}
		var places, evidence []string
		for _, c := range by {
			if at := p.from(np, c.by); !slices.Contains(places, at) {
				places, evidence = append(places, at), append(evidence, c.by.PolicyName()+" "+c.by.Path())
			}
		}
		slices.Sort(places)
		slices.Sort(evidence)
		p.report(Finding{
			Object: np.Ref(), Origin: np.Origin,
			Message:  fmt.Sprintf("policy %s/%s is redundant: %s allows everything that it allows, and its pods are isolated without it", np.Namespace, np.Name, list(places)),
			Evidence: map[string]string{"coveredBy": strings.Join(evidence, ", ")},
			Advice:   p.tidying("delete %s, or narrow %s", np.Name, list(places)),
		})
	}
	for _, c := range clauses {
		if !p.told(c) || p.worse(c) {
			continue
		}
		np, at := c.clause.Policy, p.from(c.clause.Policy, c.by)
		p.report(Finding{
			Object: np.Ref(), Field: c.clause.Path(), Origin: np.Origin,
			Message:  fmt.Sprintf("policy %s/%s: %s is redundant, %s covers it", np.Namespace, np.Name, c.clause.Path(), at),
			Evidence: map[string]string{"coveredBy": c.by.PolicyName() + " " + c.by.Path()},
			Advice:   p.tidying("delete %s of %s, or narrow %s", c.clause.Path(), np.Name, at),
		})
	}
}

// told tells whether a covered clause is worth a word: where a connection was asked about, both
// clauses admit some of it.
func (p *Pass) told(c covered) bool { return p.decides(c.by) && p.decides(c.clause) }

// tidying is advice on what does no harm, for those who look at policies and not at a connection.
func (p *Pass) tidying(format string, args ...any) string {
	if !p.aboutPolicies() {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

// worse tells whether a finding that says more is about a clause, too: it can match nothing, an
// except of it is allowed again, or a dash of it is one too many.
func (p *Pass) worse(c covered) bool {
	return p.Set.CannotSelect(c.clause.Policy) || slices.ContainsFunc(peersOf(c.clause), func(peer policy.RuleRef) bool {
		return (c.clause.Peer < 0 || c.clause.Peer == peer.Peer) && (p.saidMore(peer) || p.voided(peer))
	})
}
