package probe

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Beside takes into account what stands beside the trials' policies: policies of other layers that may
// let through what NetworkPolicies deny, and such that could not be read. They come through the
// controls of a trial, as these want everything to connect. So what got through is no evidence then;
// what was kept out is, as it was by the trial's policies alone.
func (c *Check) Beside(facts []policy.Fact, gaps []cluster.Gap) {
	slices.SortFunc(facts, policy.Fact.Compare)
	c.Facts, c.Gaps = slices.Compact(facts), gaps
	if len(c.Facts) == 0 {
		return
	}
	var made []Answered
	for _, a := range c.Answers {
		if why := a.Unmet(made); why != "" && !a.Skipped {
			a.Answer, a.Skipped, a.Why = policy.Maybe, true, why
		}
		if a.Answer != policy.Maybe && !a.keptOut() {
			a.Answer, a.Why = policy.Maybe, c.opened(a)
		}
		made = append(made, a)
	}
	c.Answers = made
}

// keptOut tells whether the answer rests on a connection that was kept out: for yes on one that is to
// be, for no on one that is not. Guards are the same whatever the answer is.
func (a Answered) keptOut() bool {
	return slices.ContainsFunc(a.lines(), func(s Sighting) bool {
		return s.Under.Outcome.Denied() && s.Wanted() == (a.Answer == policy.Yes)
	})
}

// opened says which connection got through, and what may have opened it.
func (c *Check) opened(a Answered) string {
	lines := a.lines()
	i := max(0, slices.IndexFunc(lines, func(s Sighting) bool {
		return s.Under.Outcome == Connected && s.Wanted() == (a.Answer == policy.Yes)
	}))
	text := fmt.Sprintf("%s got through, and it is not known %s", lines[i].Key(), explain.FactText(c.Facts[0]).Missing)
	if more := len(c.Facts) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}
