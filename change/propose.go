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
			out = append(out, alone(p.subjectEdits(t))...)
			continue
		}
		if t.Isolates != policy.Yes {
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
	after, made := world{set: p.set}.make([]Edit{first})
	if !made {
		return nil
	}
	next := p
	next.set = after.set
	next.flow = after.flow(p.flow)
	next.decision = side(after.set.Evaluate(next.flow), p.dir)
	now, ok := next.ruleAgain(r.Ref)
	switch {
	case !ok || now.Match == policy.Yes:
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
