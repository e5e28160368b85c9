package probe

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Sighting is what one connection of a trial came to: without any policy, under the policies of the
// trial, and, where it was kept out by them, once they were gone.
type Sighting struct {
	Line
	Before, Under, After Observation
}

// Answered is a trial and what it came to. The zero answer is Maybe: the trial shows nothing.
type Answered struct {
	Trial
	Answer policy.Truth
	// Skipped: the trial was not made, or cannot be made here. Why says why, of a trial that shows
	// nothing, too.
	Skipped bool
	Why     string
	Saw     []Sighting // guards first
	// Bites is how long after the policies were created the last connection was kept out that they
	// keep out, at most; Opens how long after they were deleted the last one got through again.
	Bites, Opens time.Duration
}

// Skip is a trial that is not made.
func (t Trial) Skip(why string) Answered { return Answered{Trial: t, Skipped: true, Why: why} }

// ShowsNothing is a trial that was made and shows nothing.
func (t Trial) ShowsNothing(why string) Answered { return Answered{Trial: t, Why: why} }

// Unmet says why a trial is not made after these, or returns "".
func (t Trial) Unmet(earlier []Answered) string {
	for _, n := range t.Needs {
		i := slices.IndexFunc(earlier, func(a Answered) bool { return a.Name == n.Trial })
		switch {
		case i < 0 || earlier[i].Answer == policy.Maybe:
			return "it hangs on the trial " + n.Trial + ", which shows nothing"
		case earlier[i].Answer != n.Answer && n.Partly != "" && earlier[i].Isolates() != policy.No:
			return n.Partly
		case earlier[i].Answer != n.Answer:
			return n.Else
		}
	}
	return ""
}

// Denied tells whether an outcome is what a client sees of a connection that a policy keeps out.
// That it was a policy is not proven by it: see Decide.
func (o Outcome) Denied() bool {
	switch o {
	case TimedOut, Refused, Reset, Unreachable:
		return true
	}
	return false
}

// as tells whether an observation is what is wanted of the line.
func (l Line) as(o Observation) bool {
	return l.Connects && o.Outcome == Connected || !l.Connects && o.Outcome.Denied()
}

// Wanted tells whether the line came out as the trial wants it, under its policies.
func (s Sighting) Wanted() bool { return s.as(s.Under) }

// Decide judges a trial by what was seen. That a connection was kept out counts only where it works
// both before the policies are there and after they are gone, and nothing counts before the guards
// are as they have to be.
func (t Trial) Decide(guards, lines []Sighting) Answered {
	a := Answered{Trial: t, Saw: slices.Concat(guards, lines)}
	for _, s := range a.Saw {
		if s.Before.Outcome != Connected {
			a.Why = fmt.Sprintf("%s does not work without any policy either: %s", s.Key(), s.Before.said())
			a.Skipped = !s.certain() && s.Before.Outcome.Denied()
			return a
		}
	}
	for _, s := range guards {
		if !s.Wanted() {
			a.Why = fmt.Sprintf("its policy did not come into force: %s %s", s.Key(), s.Under.said())
			return a
		}
	}
	a.Answer = policy.Yes
	for _, s := range a.Saw {
		switch {
		case s.Under.Outcome != Connected && !s.Under.Outcome.Denied():
			a.Answer, a.Why = policy.Maybe, fmt.Sprintf("%s shows nothing: %s", s.Key(), s.Under.said())
			return a
		case s.Under.Outcome.Denied() && s.After.Outcome != Connected:
			a.Answer, a.Why = policy.Maybe, fmt.Sprintf("%s was kept out, and still is without the policy, so that need not be the reason: %s", s.Key(), s.After.said())
			return a
		case !s.Wanted():
			a.Answer = policy.No
		}
	}
	return a
}

// said is an outcome and the reason for it.
func (o Observation) said() string {
	if o.Outcome == Inconclusive && o.Reason != "" {
		return o.Outcome.String() + ", " + o.Reason
	}
	return o.Outcome.String()
}

// Isolates tells whether the trial's policies keep out what no rule of them opens: all of it, or
// nothing whatever. A plugin that keeps out some of it enforces policies in part, which is neither.
func (a Answered) Isolates() policy.Truth {
	if a.Answer == policy.Maybe {
		return policy.Maybe
	}
	all, nothing := true, true
	for _, s := range a.Saw {
		all = all && (s.Connects || s.Wanted())
		nothing = nothing && !s.Under.Outcome.Denied()
	}
	switch {
	case all:
		return policy.Yes
	case nothing:
		return policy.No
	}
	return policy.Maybe
}

// Deviates tells whether the answer is not the one that the specification demands.
func (a Answered) Deviates() bool { return a.Spec == policy.Yes && a.Answer == policy.No }

// Evidence is what was seen of the lines that answer the question.
func (a Answered) Evidence() string {
	var all []string
	for _, s := range a.lines() {
		all = append(all, s.Key()+" "+s.Under.Outcome.String())
	}
	return strings.Join(all, ", ")
}

// lines are the sightings that answer the question.
func (a Answered) lines() []Sighting { return a.Saw[min(len(a.Guards), len(a.Saw)):] }

// Has is what the answer says of the plugin's behaviour.
func (a Answered) Has() policy.Truth {
	if a.Deviation {
		return -a.Answer
	}
	return a.Answer
}
