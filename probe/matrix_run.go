package probe

import (
	"context"
	"fmt"
	"sync"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Runner runs the command of one try in the cluster.
type Runner func(context.Context, Attempt) Run

// Run makes the attempts of a matrix and judges them: those from one pod one after the other, those
// from up to that many pods at a time. Open makes ready what runs commands in a pod; where it
// cannot, everything from that pod shows nothing, and the others go on. Done is told of attempts
// that were made, by one goroutine at a time. When ctx ends, Run returns its error and nothing is
// judged.
func (m *Matrix) Run(ctx context.Context, parallel int, open func(context.Context, *cluster.Pod) (Runner, error), done func(attempts int)) error {
	results, unable := map[*Cell][]Result{}, map[*cluster.Pod]string{}
	var mutex sync.Mutex
	keep := func(c *Cell, r []Result, err error) {
		mutex.Lock()
		defer mutex.Unlock()
		if results[c] = r; err != nil {
			unable[c.Source.Pod] = err.Error()
		}
		done(len(c.Plan.Attempts))
	}
	free := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for _, group := range m.byPod() {
		all.Go(func() {
			select {
			case free <- struct{}{}:
				defer func() { <-free }()
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				return
			}
			run, err := open(ctx, group[0].Source.Pod)
			for _, c := range group {
				var r []Result
				if err == nil {
					r = Carry(ctx, c.Plan, run)
				}
				if ctx.Err() != nil {
					return
				}
				keep(c, r, err)
			}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, c := range m.Cells {
		if why, ok := unable[c.Source.Pod]; ok {
			c.Source.Unable = why
		}
		if c.Source.Unable != "" {
			results[c] = untried(c.Plan, c.Source.Unable)
		}
		c.judge(results[c])
	}
	return nil
}

// byPod are the cells that can be tested, in groups that have the pod in common.
func (m *Matrix) byPod() [][]*Cell {
	var groups [][]*Cell
	index := map[*cluster.Pod]int{}
	for _, c := range m.Cells {
		if c.Source.Unable != "" {
			continue
		}
		i, ok := index[c.Source.Pod]
		if !ok {
			i = len(groups)
			index[c.Source.Pod] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], c)
	}
	return groups
}

// untried are the results of a plan that was not carried out.
func untried(p *Plan, why string) []Result {
	var out []Result
	for _, a := range p.Attempts {
		out = append(out, Result{Attempt: a, Seen: []Observation{{Reason: why}}})
	}
	return out
}

// judge holds what was seen against what policies say. Of several attempts, one for each address
// family, what differs counts, else what is not known.
func (c *Cell) judge(results []Result) {
	c.results = results
	compared := Compare(c.diagnosis, c.Plan, results)
	if len(compared.Findings) > 0 {
		c.Finding = &compared.Findings[0]
	}
	if compared.Culprit == Endpoints {
		c.Because = compared.Because
	}
	rank := func(j Judged) int {
		switch {
		case differs(j):
			return 0
		case j.Row.Agreement != Agrees:
			return 1
		}
		return 2
	}
	var found, lookup *Judged
	for i := range compared.Judged {
		j := &compared.Judged[i]
		switch {
		case j.Hop == Name:
			if !j.Works() {
				lookup = j
			}
		case found == nil || rank(*j) < rank(*found):
			found = j
		}
	}
	if found == nil {
		why := c.Source.Unable
		if len(c.Plan.Cut) > 0 {
			why = c.Plan.Cut[0]
		}
		nothing := Result{Attempt: Attempt{Protocol: c.Route.Protocol, Port: c.Route.Port, Verdict: c.Judged.Verdict}, Seen: []Observation{{Reason: why}}}
		c.Judged = Judged{Result: nothing, Row: RowOf(Handshake, c.Judged.Verdict, Inconclusive, policy.Maybe)}
		return
	}
	c.Judged = *found
	if lookup != nil && found.Outcome() == Inconclusive {
		c.Because = fmt.Sprintf("looking up %s: %s", lookup.Name, lookup.Outcome())
	}
}

// differs tells whether something is certain to be not as policies say: what they deny got through,
// or what they allow did not work.
func differs(j Judged) bool {
	return j.Row.Agreement == Contradicts || j.Verdict == policy.Allowed && j.Row.Code != ""
}

// Differs tells whether what was seen is not what policies say.
func (c *Cell) Differs() bool { return differs(c.Judged) }

// AsExpected tells whether what was seen is what policies make of it.
func (c *Cell) AsExpected() bool { return c.Judged.Row.Agreement == Agrees }

// Tested tells whether the cell has an outcome.
func (c *Cell) Tested() bool { return c.Judged.Outcome() != Inconclusive }

// Meaning says what was seen, or why nothing was learnt.
func (c *Cell) Meaning() string {
	switch {
	case c.Because != "":
		return c.Because
	case !c.Tested():
		return c.Judged.Last().Reason
	}
	return c.Judged.Row.Why
}

// Advice is the first suspect and how to find out; empty where nothing is to be explained.
func (c *Cell) Advice() string { return advice(c.Judged) }

// Result is Works where everything was seen to be as policies say, blocked where they deny it
// included; Fails where anything differs.
func (m *Matrix) Result() explain.Result {
	result := explain.Works
	if len(m.Cut) > 0 {
		result = explain.Unclear
	}
	for _, c := range m.Cells {
		if c.Differs() {
			return explain.Fails
		}
		if !c.AsExpected() {
			result = explain.Unclear
		}
	}
	return result
}
