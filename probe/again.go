package probe

import (
	"context"
	"slices"
	"time"

	"github.com/netpol-doctor/netpol-doctor/explain"
)

// This file is about contradictions that are none: what was tested was not yet, or is no longer, what
// was predicted of.

// pause is how long it is waited between two tests of the same.
const pause = time.Second

// contradictions are the results that are not what policies make of them.
func (c *Comparison) contradictions() []int {
	var out []int
	for i, j := range c.Judged {
		if j.Row.Agreement == Contradicts {
			out = append(out, i)
		}
	}
	return out
}

// Contradicts tells whether anything that was seen is not what policies make of it.
func (c *Comparison) Contradicts() bool { return len(c.contradictions()) > 0 }

// Persist tests again what contradicts, until it does no longer or time is up: from a pod that was just
// made, some network plugins let everything through for its first seconds, others nothing. Run is as
// Carry takes it. When ctx ends, it returns what it has.
func Persist(ctx context.Context, d *explain.Diagnosis, p *Plan, c *Comparison, limit time.Duration, run func(context.Context, Attempt) Run) *Comparison {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for c.Contradicts() {
		select {
		case <-ctx.Done():
			return c
		case <-time.After(pause):
		}
		results := c.results()
		for _, i := range c.contradictions() {
			seen := run(ctx, results[i].Attempt)
			if ctx.Err() != nil {
				return c
			}
			results[i].Seen = append(slices.Clone(results[i].Seen), results[i].Parse(seen))
		}
		c = Compare(d, p, results)
	}
	return c
}

func (c *Comparison) results() []Result {
	var out []Result
	for _, j := range c.Judged {
		out = append(out, j.Result)
	}
	return out
}

// Recheck takes back every contradiction whose prediction is no longer made, or is made of something
// else: the cluster was read before it was tested. Now is the same question asked of the cluster as it
// is now, with its plan.
func (c *Comparison) Recheck(d *explain.Diagnosis, p *Plan, now *Plan) *Comparison {
	results := c.results()
	for _, i := range c.contradictions() {
		if !now.makes(results[i].Attempt) {
			results[i] = results[i].outdated()
		}
	}
	return Compare(d, p, results)
}

// makes tells whether a plan has an attempt, with the same prediction of the same ends.
func (p *Plan) makes(r Attempt) bool {
	return slices.ContainsFunc(p.Attempts, func(a Attempt) bool {
		return a.Hop == r.Hop && a.Protocol == r.Protocol && a.Port == r.Port && a.Object == r.Object && a.Name == r.Name &&
			(a.Address == r.Address || !a.Address.IsValid()) && a.Verdict == r.Verdict && slices.Equal(a.Expected, r.Expected)
	})
}

// outdated is a result that shows nothing, since what it is about is no longer so.
func (r Result) outdated() Result {
	r.Seen = append(slices.Clone(r.Seen), Observation{Reason: "the cluster changed while it was tested; ask again"})
	return r
}

// Contradicts tells whether any cell was seen to be not what policies make of it.
func (m *Matrix) Contradicts() bool {
	return slices.ContainsFunc(m.Cells, func(c *Cell) bool { return c.Judged.Row.Agreement == Contradicts })
}

// Recheck takes back the contradictions of a matrix that was run, as Comparison.Recheck does. Now is
// the same matrix of the cluster as it is now.
func (m *Matrix) Recheck(now *Matrix) {
	for _, c := range m.Cells {
		if c.Judged.Row.Agreement != Contradicts {
			continue
		}
		i := slices.IndexFunc(now.Cells, func(o *Cell) bool {
			return o.Source.Pod != nil && o.Source.Pod.Ref() == c.Source.Pod.Ref() && o.Source.Pod.Origin == c.Source.Pod.Origin &&
				o.Destination.Ref == c.Destination.Ref && o.Route.Protocol == c.Route.Protocol && o.Route.Port == c.Route.Port
		})
		for k, r := range c.results {
			if i < 0 || !now.Cells[i].Plan.makes(r.Attempt) {
				c.results[k] = r.outdated()
			}
		}
		c.Finding, c.Because = nil, ""
		c.judge(c.results)
	}
}
