package agreement

import (
	"fmt"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Outcome is what became of a connection. Whatever is neither of the two below is what the program
// that tried said.
type Outcome string

// The outcomes that are expected. A network that drops what policies deny stays silent.
const (
	Connected Outcome = "connected"
	Silent    Outcome = "nothing came back"
)

// Try opens connections and tells what became of each, in the same order.
type Try func([]Dial) []Outcome

const (
	// Tries is how often a connection is tried before it counts as another outcome than the predicted
	// one: packets get lost on a busy machine.
	Tries = 8
	// silences is how often in a row nothing may come back, before that counts, of what is denied and
	// was seen to connect.
	silences = 3
)

// Difference is a prediction that the network did not confirm.
type Difference struct {
	Probe
	Saw Outcome
}

// String says what was predicted and what was seen.
func (d Difference) String() string { return fmt.Sprintf("%s; seen: %s", d.Probe, d.Saw) }

// Result is what a comparison came to. Every flow is counted once: as allowed, denied, excluded,
// unexcused or different.
type Result struct {
	Flows int
	// Allowed and Denied are those predictions that were seen on the network.
	Allowed, Denied int
	// Excluded counts the flows of which nothing is predicted for a reason that is given, and
	// ExcludedConnected those of them that connected.
	Excluded, ExcludedConnected map[*Reason]int
	// Unexcused are those of which nothing is predicted for any other reason.
	Unexcused   []Probe
	Differences []Difference
	// Repeated counts the flows that were as predicted, but not at once. Slipped are those of them that
	// are denied and were seen to connect.
	Repeated int
	Slipped  []Probe
}

// trial is a probe whose outcome is not certain yet.
type trial struct {
	Probe
	saw    Outcome
	slid   bool // it is denied and has been seen to connect
	silent int  // how often in a row nothing came back
}

// Compare tries every connection, and again what is not as predicted: it is a difference when it
// never is. That nothing comes back may also be because the machine is busy; it counts only where
// all that is allowed from the same place got through in the same go.
func Compare(probes []Probe, try Try) Result {
	r := Result{Flows: len(probes), Excluded: map[*Reason]int{}, ExcludedConnected: map[*Reason]int{}}
	trials := make([]*trial, 0, len(probes))
	for _, p := range probes {
		trials = append(trials, &trial{Probe: p})
	}
	for round := 0; round < Tries && len(trials) > 0; round++ {
		trials = r.round(trials, try, round > 0)
	}
	for _, t := range trials {
		if t.Decision.Verdict == policy.Denied && t.saw == Silent && !t.slid {
			r.Denied++ // the machine was busy all the time
			continue
		}
		r.Differences = append(r.Differences, Difference{t.Probe, t.saw})
	}
	return r
}

// round tries once, counts what is certain and returns what is not.
func (r *Result) round(trials []*trial, try Try, again bool) (left []*trial) {
	dials := make([]Dial, 0, len(trials))
	for _, t := range trials {
		dials = append(dials, t.Dial)
	}
	lossy := map[Place]bool{}
	for i, saw := range try(dials) {
		trials[i].saw = saw
		if trials[i].Decision.Verdict == policy.Allowed && saw != Connected {
			lossy[trials[i].From] = true
		}
	}
	for _, t := range trials {
		switch {
		case t.Decision.Verdict == policy.Unknown:
			r.exclude(t)
			continue
		case !t.settled(lossy[t.From]):
			left = append(left, t)
			continue
		case t.Decision.Verdict == policy.Allowed:
			r.Allowed++
		default:
			r.Denied++
		}
		if t.slid {
			r.Slipped = append(r.Slipped, t.Probe)
		}
		if again {
			r.Repeated++
		}
	}
	return left
}

// settled tells whether what was seen is what is predicted, for certain.
func (t *trial) settled(lossy bool) bool {
	if t.Decision.Verdict == policy.Allowed {
		return t.saw == Connected
	}
	if t.saw != Silent {
		t.slid, t.silent = true, 0
		return false
	}
	if lossy {
		return false
	}
	t.silent++
	return !t.slid || t.silent >= silences
}

// exclude counts a probe of which nothing is predicted. It is tried for the log only.
func (r *Result) exclude(t *trial) {
	reason := reasonOf(t.Decision.Facts)
	if reason == nil {
		r.Unexcused = append(r.Unexcused, t.Probe)
		return
	}
	r.Excluded[reason]++
	if t.saw == Connected {
		r.ExcludedConnected[reason]++
	}
}

// Otherwise returns the probes that one try does not find as predicted.
func Otherwise(probes []Probe, try Try) (left []Probe) {
	r := &Result{}
	trials := make([]*trial, 0, len(probes))
	for _, p := range probes {
		trials = append(trials, &trial{Probe: p})
	}
	for _, t := range r.round(trials, try, false) {
		left = append(left, t.Probe)
	}
	return left
}

// Judged is how many flows something was predicted of.
func (r Result) Judged() int { return r.Allowed + r.Denied + len(r.Differences) }

// Left is how many flows were excluded.
func (r Result) Left() int {
	n := 0
	for _, count := range r.Excluded {
		n += count
	}
	return n
}

// Plus is what two comparisons came to together.
func (r Result) Plus(o Result) Result {
	sum := Result{
		Flows: r.Flows + o.Flows, Allowed: r.Allowed + o.Allowed, Denied: r.Denied + o.Denied, Repeated: r.Repeated + o.Repeated,
		Excluded: map[*Reason]int{}, ExcludedConnected: map[*Reason]int{},
	}
	for _, each := range []Result{r, o} {
		sum.Unexcused = append(sum.Unexcused, each.Unexcused...)
		sum.Differences = append(sum.Differences, each.Differences...)
		sum.Slipped = append(sum.Slipped, each.Slipped...)
		for reason, n := range each.Excluded {
			sum.Excluded[reason] += n
		}
		for reason, n := range each.ExcludedConnected {
			sum.ExcludedConnected[reason] += n
		}
	}
	return sum
}
