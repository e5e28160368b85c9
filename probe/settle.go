package probe

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Settle puts what was tested into a diagnosis. A test that contradicts a prediction makes it fail,
// also where it connected. One that works settles what was unclear only where the source is that one
// pod: of other pods it says nothing.
func (c *Comparison) Settle(d *explain.Diagnosis) {
	d.Findings = slices.Concat(c.Findings, d.Findings)
	switch {
	case c.Result == explain.Fails && d.Result != explain.Fails && len(c.Findings) == 0:
		d.Result, d.Tested = explain.Fails, "tested on the network, it does not work: "+c.Because
	case c.Result == explain.Fails:
		d.Result = explain.Fails
	case c.Result == explain.Works && d.Result == explain.Unclear && alone(d):
		d.Result, d.Tested = explain.Works, fmt.Sprintf("tested on the network from %s, it works; what policies say of it is %s", c.Plan.Source.Name, d.Verdict)
	}
}

// alone tells whether the source is one pod.
func alone(d *explain.Diagnosis) bool {
	return len(slices.DeleteFunc(slices.Clone(d.Source.Pods), func(p *cluster.Pod) bool { return p.Finished() })) == 1
}

// Summary is the sentence on what was tested.
func (c *Comparison) Summary() string {
	switch {
	case len(c.Findings) > 0:
		return fmt.Sprintf("%s (%s)", c.Findings[0].Message, c.Findings[0].Code)
	case c.Result == explain.Works:
		return "every hop that was tested works"
	case c.Result == explain.Fails:
		return "it does not work: " + c.Because
	}
	for _, j := range c.Judged {
		if j.Outcome() == Inconclusive {
			return fmt.Sprintf("%s shows nothing: %s", j.Target(), j.Last().Reason)
		}
	}
	for _, j := range c.Judged {
		switch {
		case j.Inside() && j.Fails():
			return fmt.Sprintf("the way to %s works, and from within its own pod %s does not (%s)", j.Object.Name, j.Target(), j.Outcome())
		case j.Fronted && j.Works():
			return fmt.Sprintf("%s connects, and a mesh's proxy in front of %s answered: whether the application does is not known", j.Target(), j.Object.Name)
		case c.Plan.For.Name != "" && j.needed() && j.Works() && j.Verdict == policy.Unknown:
			return fmt.Sprintf("%s works from a pod made for the test; what policies say of %s itself is not known", j.Target(), c.Plan.For.Name)
		}
	}
	for _, j := range c.Judged {
		if j.needed() && (!j.Works() || j.Exchange() == Proxied) {
			return j.Target() + ": " + j.Row.Why
		}
	}
	if len(c.Plan.Cut) > 0 {
		return "not everything was tested: " + c.Plan.Cut[0]
	}
	return "there was nothing to test"
}
