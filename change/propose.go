package change

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// proposer makes edits for one direction of one denied flow.
type proposer struct {
	set      *policy.Set
	dir      policy.Direction
	flow     policy.Flow   // the one that the edits are made for
	flows    []policy.Flow // all that are denied in this direction
	decision policy.DirectionDecision
}

func (p proposer) ends() (subject, peer policy.Endpoint) {
	if p.dir == policy.Egress {
		return p.flow.Source, p.flow.Destination
	}
	return p.flow.Destination, p.flow.Source
}

// propose lists edits near what the trace shows, without asking yet whether they help.
func (p proposer) propose() []proposal {
	var out []proposal
	for _, t := range p.decision.Trace {
		if t.Selects == policy.No {
			out = append(out, p.policyEdits(t)...)
			continue
		}
		if t.Isolates != policy.Yes {
			out = append(out, alone(p.listEdits(t))...)
			continue
		}
		for _, r := range t.Rules {
			if !r.Ignored {
				out = append(out, p.ruleEdits(r)...)
			}
		}
		out = append(out, alone(p.typeEdits(t))...)
	}
	out = append(out, alone(p.moves())...)
	return append(out, alone(p.additions())...)
}

// policyEdits proposes edits of a policy that does not select the subject: of its podSelector, and
// of a rule, too, where both are slips.
func (p proposer) policyEdits(t policy.PolicyTrace) []proposal {
	edits := p.subjectEdits(t)
	out := alone(edits)
	for _, first := range edits {
		if first.Distance > smallSlip {
			continue
		}
		next, ok := p.after(first)
		if !ok {
			continue
		}
		for _, now := range next.decision.Trace {
			if now.Policy.Ref() != t.Policy.Ref() {
				continue
			}
			for _, r := range now.Rules {
				if r.Ignored || r.Match == policy.Yes {
					continue
				}
				for _, second := range next.ruleEdits(r) {
					if len(second.edits) == 1 && second.distance <= smallSlip {
						out = append(out, proposal{edits: []Edit{first, second.edits[0]}, distance: first.Distance + second.distance + secondSlip})
					}
				}
			}
		}
	}
	return out
}

// after is the same proposer once an edit is made.
func (p proposer) after(e Edit) (proposer, bool) {
	after, made := Start(p.set).Make([]Edit{e})
	if !made {
		return p, false
	}
	p.set, p.flow = after.set, after.flow(p.flow)
	p.decision = side(after.set.Evaluate(p.flow), p.dir)
	return p, true
}

// Two slips in one rule are taken for slips only where each is a small one.
const (
	smallSlip  = 24
	secondSlip = 4 // added for the second
)

// ruleEdits proposes edits of one rule: of its peers if its ports match, of its ports if its peers
// do, and of both where both are slips.
func (p proposer) ruleEdits(r policy.RuleTrace) []proposal {
	if r.PeersMatch == policy.Yes {
		return alone(p.portEdits(r))
	}
	peers := p.peerEdits(r)
	var out []proposal
	if r.PortsMatch == policy.Yes {
		out = alone(peers)
	}
	for _, first := range peers {
		if first.Distance > smallSlip {
			continue
		}
		for _, second := range p.secondEdits(r, first) {
			if second.Distance <= smallSlip {
				out = append(out, proposal{edits: []Edit{first, second}, distance: first.Distance + second.Distance + secondSlip})
			}
		}
	}
	return out
}

// secondEdits proposes what is still to be edited in a rule once one of its peers is: the same
// peer, or the ports.
func (p proposer) secondEdits(r policy.RuleTrace, first Edit) []Edit {
	next, made := p.after(first)
	now, ok := next.ruleAgain(r.Ref)
	switch {
	case !made || !ok || now.Match == policy.Yes:
		return nil
	case now.PeersMatch == policy.Yes:
		return next.portEdits(now)
	case r.PortsMatch != policy.Yes:
		return nil
	}
	return slices.DeleteFunc(next.peerEdits(now), func(e Edit) bool { return e.Rule.Peer != first.Rule.Peer })
}

// ruleAgain finds a rule in the trace of a policy that was edited.
func (p proposer) ruleAgain(ref policy.RuleRef) (policy.RuleTrace, bool) {
	for _, t := range p.decision.Trace {
		if t.Policy.Ref() != ref.Policy.Ref() {
			continue
		}
		for _, r := range t.Rules {
			if r.Ref.Rule == ref.Rule {
				return r, true
			}
		}
	}
	return policy.RuleTrace{}, false
}

// base fills in what every edit of an existing policy has.
func (p proposer) base(kind Kind, at policy.RuleRef, path string) Edit {
	return Edit{Kind: kind, Object: at.Policy.Ref(), Origin: at.Policy.Origin, Direction: p.dir, Rule: at, Path: path}
}

// of is a reference to a whole policy.
func (p proposer) of(np *cluster.Policy) policy.RuleRef {
	return policy.RuleRef{Policy: np, Direction: p.dir, Rule: -1, Peer: -1, Port: -1}
}
