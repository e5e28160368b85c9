package probe

import (
	"fmt"
	"strings"
	"time"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/profile"
)

// Check is what all trials together say of a cluster.
type Check struct {
	Answers []Answered
	// Connection is what became of the one that was open when a policy denied it.
	Connection Connection
	// ConnectionWhy says why that is not known.
	ConnectionWhy string
	// Facts are what may let through what NetworkPolicies deny, see Beside, and Gaps what of it could
	// not be read.
	Facts []policy.Fact
	Gaps  []cluster.Gap
	// Nodes are those that the pods of the trials were on, by pod: what was seen holds for these.
	Nodes map[string]string
	// Family is the IP family of the addresses that were dialled; empty: none was. Clusters may have
	// another one, which is not tried.
	Family string
	// Remains are what could not be deleted, as commands to run.
	Remains []string
}

// Of finds the answer of a trial; one that was not made has none.
func (c *Check) Of(name string) Answered {
	for _, a := range c.Answers {
		if a.Name == name {
			return a
		}
	}
	return Answered{}
}

// Enforces tells whether policies are enforced: in both directions, in neither, or in part, or it is
// not known.
func (c *Check) Enforces() policy.Truth {
	in, out := c.Of(IngressTrial).Isolates(), c.Of(EgressTrial).Isolates()
	if in == out {
		return in
	}
	return policy.Maybe
}

// Result is Works where everything that could be tried is as the specification says, Fails where
// something is not, and otherwise Unclear.
func (c *Check) Result() explain.Result {
	result := explain.Works
	for _, a := range c.Answers {
		switch {
		case a.Deviates():
			return explain.Fails
		case a.Answer == policy.Maybe && !a.Skipped:
			result = explain.Unclear
		}
	}
	if len(c.Answers) == 0 {
		return explain.Unclear
	}
	return result
}

// Summary is the answer in a sentence.
func (c *Check) Summary() string {
	if c.Enforces() == policy.No {
		return "nothing enforces NetworkPolicies: connections that a policy denies got through " + Patience.String() + " after it was created"
	}
	var deviates, open []string
	for _, a := range c.Answers {
		switch {
		case a.Deviates():
			deviates = append(deviates, a.Name)
		case a.Answer == policy.Maybe && !a.Skipped:
			open = append(open, a.Name)
		}
	}
	switch {
	case len(deviates) > 0:
		return "not as the specification says: " + strings.Join(deviates, ", ")
	case len(open) > 0:
		return fmt.Sprintf("%s shows nothing: %s", open[0], c.Of(open[0]).Why)
	case len(c.Answers) == 0:
		return "nothing was tried"
	}
	return "NetworkPolicies are enforced as the specification says, in everything that was tried"
}

// Denied is what a client sees of what the trial's policies keep out; Inconclusive: nothing was.
func (a Answered) Denied() Outcome {
	for _, s := range a.Saw {
		if !s.Connects && s.Wanted() && a.Answer != policy.Maybe {
			return s.Under.Outcome
		}
	}
	return Inconclusive
}

// Rejects tells whether what policies deny is answered with a refusal. One is enough: a kernel limits
// how many it sends, and the rest times out.
func (c *Check) Rejects() policy.Truth {
	t := policy.Maybe
	for _, a := range c.Answers {
		for _, s := range a.Saw {
			switch {
			case a.Answer == policy.Maybe || !s.Under.Outcome.Denied():
			case s.Under.Outcome == Refused || s.Under.Outcome == Reset:
				return policy.Yes
			default:
				t = policy.No
			}
		}
	}
	return t
}

// Profile is what the trials say of the network plugin, as a file that --network-plugin takes. What
// they do not show is left out, so that it stays as it is in the profile that this one extends.
func (c *Check) Profile(extends string) *profile.Document {
	d := &profile.Document{
		APIVersion: profile.APIVersion, Kind: profile.Kind, Name: "measured", Extends: extends,
		Behaviours: map[policy.Behaviour]profile.Entry{}, Measured: c.measured(),
	}
	// Where one direction is enforced otherwise than the other, or in part, that is known, and there is
	// no better word for it than maybe.
	if c.Of(IngressTrial).Answer != policy.Maybe || c.Of(EgressTrial).Answer != policy.Maybe {
		d.Enforces = profile.Known(c.Enforces())
	}
	if rejects := c.Rejects(); rejects != policy.Maybe {
		d.Rejects = profile.Known(rejects)
	}
	for _, a := range c.Answers {
		if a.Behaviour == "" || a.Answer == policy.Maybe {
			continue
		}
		has, verified := a.Has(), verifiedBy(a)
		if before, ok := d.Behaviours[a.Behaviour]; ok {
			has, verified = both(a, policy.Truth(before.Answer)), before.Verified+"; "+verified
		}
		d.Behaviours[a.Behaviour] = profile.Entry{Answer: profile.Answer(has), Verified: verified}
	}
	for b, e := range c.hairpin() {
		d.Behaviours[b] = e
	}
	return d
}

// both joins what two trials say of one behaviour. A deviation that shows in one of them is one;
// what the specification leaves open is open where they differ.
func both(a Answered, before policy.Truth) policy.Truth {
	switch {
	case a.Has() == before:
		return before
	case a.Deviation:
		return policy.Yes
	}
	return policy.Maybe
}

func verifiedBy(a Answered) string {
	return fmt.Sprintf("measured, trial %s: %s", a.Name, a.Evidence())
}

// hairpin puts together what three trials say of pods that reach themselves through a Service.
func (c *Check) hairpin() map[policy.Behaviour]profile.Entry {
	both, in, out := c.Of("hairpin"), c.Of("hairpin-ingress"), c.Of("hairpin-egress")
	entry := func(t policy.Truth, trials ...Answered) profile.Entry {
		var all []string
		for _, a := range trials {
			all = append(all, verifiedBy(a))
		}
		return profile.Entry{Answer: profile.Answer(t), Verified: strings.Join(all, "; ")}
	}
	switch {
	case both.Answer == policy.Yes:
		return map[policy.Behaviour]profile.Entry{policy.HairpinExempt: entry(policy.Yes, both)}
	case both.Answer == policy.Maybe || in.Answer == policy.Maybe || out.Answer == policy.Maybe:
		return nil
	case in.Answer != out.Answer: // neither of the behaviours that there are
		return map[policy.Behaviour]profile.Entry{policy.HairpinExempt: entry(policy.Maybe, both, in, out)}
	}
	return map[policy.Behaviour]profile.Entry{
		policy.HairpinExempt: entry(policy.No, both), policy.HairpinNeedsBoth: entry(in.Answer, both, in, out),
	}
}

func (c *Check) measured() *profile.Measured {
	in, out := c.Of(IngressTrial), c.Of(EgressTrial)
	m := &profile.Measured{
		DeniedIngress: in.denied(), DeniedEgress: out.denied(), OpenConnections: c.Connection.String(),
		BitesMilliseconds: milliseconds(in.Bites, out.Bites), OpensMilliseconds: milliseconds(in.Opens, out.Opens),
	}
	if *m == (profile.Measured{}) {
		return nil
	}
	return m
}

func (a Answered) denied() string {
	if o := a.Denied(); o != Inconclusive {
		return o.String()
	}
	return ""
}

func milliseconds(all ...time.Duration) int64 {
	longest := time.Duration(0)
	for _, d := range all {
		longest = max(longest, d)
	}
	return int64((longest + time.Millisecond - 1) / time.Millisecond) // at most, so rounded up
}
