package check

import (
	"iter"

	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// decisions goes through everything that was judged of the question itself, with the route that it
// was judged for.
func (p *Pass) decisions() iter.Seq2[*ends.Route, policy.Decision] {
	return func(yield func(*ends.Route, policy.Decision) bool) {
		for i := range p.Answers {
			for _, j := range p.Answers[i].Pairs {
				for _, d := range j.Decisions {
					if !yield(&p.Answers[i].Route, d) {
						return
					}
				}
			}
		}
	}
}
