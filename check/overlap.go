package check

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// overlap are the findings about clauses and policies that others leave without an effect, NPD608
// to NPD610.
var overlap = []Check{
	{
		Code: "NPD608", Severity: Info,
		Title: "a policy, a rule or a part of a rule is redundant",
		Doc: `Another rule for the same pods allows everything that this one allows: it has the same peers or
wider ones, and the same ports or more. This follows from the selectors as they are written, so it
is true for every pod and address that may ever exist, not only for those that exist now.

What you see: nothing changes when the redundant part is deleted. If it was written to restrict
something, it does not: policies only add up.

Verify: kubectl get networkpolicy NAME -n NAMESPACE -o yaml for both, and compare the two places.

Fix: if the wider rule is intended, delete the narrower one. If not, narrow the wider one.`,
		Run: func(p *Pass) {
			for _, policies := range p.byNamespace() {
				p.reportCovered(policies)
			}
		},
	},
	{
		Code: "NPD609", Severity: Warning,
		Title: "addresses under except are allowed again by another ipBlock",
		Doc: `An except removes addresses from its own ipBlock; it denies nothing. Another ipBlock, of the same
rule or of another policy for the same pods, contains all of these addresses on the same ports, so
they are allowed. Two blocks in one rule, each with a different except, allow everything.

What you see: addresses that "are excluded" are reachable.

Verify: kubectl netpol-doctor rules POD ADDRESS:PORT -n NAMESPACE with an address of the except.

Fix: write all excepts under one block, or give the other block the same except. If the addresses
may be reached, delete the except.`,
		Run: func(p *Pass) {
			for _, np := range p.Involved() {
				for _, ref := range rulesThatCount(np) {
					p.reportVoidExcepts(ref)
				}
			}
		},
	},
	{
		Code: "NPD610", Severity: Info,
		Title: "a rule without peers and ports allows everything, so other rules do not matter",
		Doc: `A rule without peers and without ports allows every connection of its direction. A default deny for
the same pods then denies nothing, and no other rule for these pods restricts anything: the rules of
all policies add up, and none takes away.

It is a warning if it makes a default deny ineffective.

What you see: connections that no other rule mentions work.

Verify: kubectl get networkpolicies -n NAMESPACE -o yaml, and look for "- {}", or for a rule whose
peers (from or to) and ports are missing or empty.

Fix: first write rules for the connections that are needed, then delete the rule that allows
everything. If everything is meant to be allowed, delete the other rules.`,
		Run: func(p *Pass) {
			for _, np := range p.Involved() {
				for _, ref := range rulesThatCount(np) {
					p.reportOpen(ref)
				}
			}
		},
	},
}

// byNamespace lists the policies that were asked, each once, those of one namespace together and
// by name.
func (p *Pass) byNamespace() (out [][]*cluster.Policy) {
	all := p.Involved()
	slices.SortFunc(all, func(a, b *cluster.Policy) int { return a.Ref().Compare(b.Ref()) })
	for _, np := range slices.Compact(all) {
		if n := len(out); n > 0 && out[n-1][0].Namespace == np.Namespace {
			out[n-1] = append(out[n-1], np)
		} else {
			out = append(out, []*cluster.Policy{np})
		}
	}
	return out
}

// aboutPolicies tells whether policies were asked about, and no connection.
func (p *Pass) aboutPolicies() bool { return len(p.Policies) > 0 || p.Namespace != "" }

// decides tells whether a rule is part of the answer: where a connection was asked about it admits
// some of it, and otherwise every rule is.
func (p *Pass) decides(ref policy.RuleRef) bool {
	ref.Peer, ref.Port = -1, -1
	admits := func(d policy.Decision) bool {
		return slices.Contains(d.Egress.Admitting, ref) || slices.Contains(d.Ingress.Admitting, ref)
	}
	return p.aboutPolicies() || slices.ContainsFunc(p.Answers, func(a Answer) bool {
		return slices.ContainsFunc(a.Pairs, func(j Judged) bool { return slices.ContainsFunc(j.Decisions, admits) })
	})
}

// rulesThatCount lists the rules of a policy in the directions that its policyTypes list.
func rulesThatCount(np *cluster.Policy) []policy.RuleRef {
	var refs []policy.RuleRef
	add := func(d policy.Direction, n int) {
		for i := range n {
			refs = append(refs, policy.RuleRef{Policy: np, Direction: d, Rule: i, Peer: -1, Port: -1})
		}
	}
	if isolates(np, policy.Egress) {
		add(policy.Egress, len(np.Spec.Egress))
	}
	if isolates(np, policy.Ingress) {
		add(policy.Ingress, len(np.Spec.Ingress))
	}
	return refs
}

func isolates(np *cluster.Policy, d policy.Direction) bool {
	want := networkingv1.PolicyTypeIngress
	if d == policy.Egress {
		want = networkingv1.PolicyTypeEgress
	}
	return slices.Contains(np.Spec.PolicyTypes, want)
}

// open tells whether a rule admits everything.
func open(ref policy.RuleRef) bool {
	return len(change.PeersOf(ref)) == 0 && len(change.PortsOf(ref)) == 0
}

// from names a place as somebody who looks at a policy would: without the policy's own name.
func (p *Pass) from(np *cluster.Policy, ref policy.RuleRef) string {
	if ref.Policy == np {
		return ref.Path()
	}
	return ref.Policy.Name + " " + ref.Path()
}

// voided tells whether some except of a peer is allowed again.
func (p *Pass) voided(peer policy.RuleRef) bool {
	for except := range exceptsOf(peer) {
		if _, ok := p.reallowing(peer, except); ok {
			return true
		}
	}
	return false
}

func exceptsOf(peer policy.RuleRef) []string {
	if b := change.PeersOf(peer)[peer.Peer].IPBlock; b != nil {
		return b.Except
	}
	return nil
}

// reallowing finds a clause that allows what an except leaves out.
func (p *Pass) reallowing(peer policy.RuleRef, except int) (policy.RuleRef, bool) {
	for _, np := range p.Set.Policies(peer.Policy.Namespace) {
		if !p.Set.SelectsAllOf(np, peer.Policy) {
			continue
		}
		for _, rule := range rulesThatCount(np) {
			parts := peersOf(rule)
			if len(parts) == 0 {
				parts = []policy.RuleRef{rule}
			}
			for _, part := range parts {
				if part != peer && p.Set.Reallows(part, peer, except) {
					return part, true
				}
			}
		}
	}
	return policy.RuleRef{}, false
}

func (p *Pass) reportVoidExcepts(rule policy.RuleRef) {
	np := rule.Policy
	for _, peer := range peersOf(rule) {
		for i, except := range exceptsOf(peer) {
			by, ok := p.reallowing(peer, i)
			if !ok || !p.decides(by) {
				continue
			}
			field := fmt.Sprintf("%s.ipBlock.except[%d]", peer.Path(), i)
			p.report(Finding{
				Object: np.Ref(), Field: field, Origin: np.Origin,
				Message:  fmt.Sprintf("policy %s/%s: %s excludes %s, but %s allows it for the same pods and ports", np.Namespace, np.Name, peer.Path(), except, p.from(np, by)),
				Evidence: map[string]string{"except": except, "allowedBy": by.PolicyName() + " " + by.Path()},
				Advice:   fmt.Sprintf("exclude %s from both blocks, or delete the except if the addresses may be reached", except),
			})
		}
	}
}

// reportOpen reports a rule that admits everything together with what it leaves without effect.
func (p *Pass) reportOpen(ref policy.RuleRef) {
	if !open(ref) || !p.decides(ref) {
		return
	}
	var denies, rest []string
	for _, np := range p.Set.Policies(ref.Policy.Namespace) {
		if np == ref.Policy || !isolates(np, ref.Direction) || !p.Set.SelectsAllOf(ref.Policy, np) {
			continue
		}
		inDirection := func(r policy.RuleRef) bool { return r.Direction == ref.Direction }
		switch {
		case !slices.ContainsFunc(rulesThatCount(np), inDirection):
			denies = append(denies, np.Name)
		default:
			rest = append(rest, np.Name)
		}
	}
	siblings := 0
	for _, r := range rulesThatCount(ref.Policy) {
		if r != ref && r.Direction == ref.Direction {
			siblings++
		}
	}
	var without []string
	if len(denies) > 0 {
		without = append(without, list(denies)+" "+verb(len(denies), "denies", "deny")+" nothing")
	}
	if siblings+len(rest) > 0 {
		what := list(rest)
		switch {
		case len(rest) == 0:
			what = "its other rules"
		case siblings > 0:
			what = "its other rules and those of " + what
		default:
			what = "the rules of " + what
		}
		without = append(without, what+" restrict nothing")
	}
	if len(without) == 0 {
		return
	}
	np := ref.Policy
	severity := Info
	if len(denies) > 0 {
		severity = Warning
	}
	p.report(Finding{
		Object: np.Ref(), Field: ref.Path(), Origin: np.Origin, Severity: severity,
		Message:  fmt.Sprintf("policy %s/%s: %s allows all %s of its pods, so %s", np.Namespace, np.Name, ref.Path(), ref.Direction, strings.Join(without, " and ")),
		Evidence: map[string]string{"withoutEffect": strings.Join(slices.Concat(denies, rest), ", ")},
		Advice:   p.tidying("write rules for what is needed and then delete %s of %s, or delete the other rules", ref.Path(), np.Name),
	})
}

// list prints names as a sentence has them.
func list(names []string) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > 4:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), n-3)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
