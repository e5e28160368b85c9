package flows

import (
	"cmp"
	"slices"
	"sync"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Change is the ports of the flows between two ends of which one verdict became another. Where both
// verdicts are the same, the pods that are treated alike are others than before or, where it is not
// known, what it hangs on is.
type Change struct {
	Source, Destination End
	Ports               PortSet
	Before, After       policy.Verdict
	// Stays are the ports that are allowed for certain between these ends, before and after.
	Stays PortSet
	// PartialBefore, PartialAfter: not every pod of both ends is treated alike; see Row.
	PartialBefore, PartialAfter bool
	// FactsBefore, FactsAfter are what a verdict of these ends that is Unknown hangs on.
	FactsBefore, FactsAfter []policy.Fact
	// SourceIn and DestinationIn tell of an end that only one of the two worlds has.
	SourceIn, DestinationIn Presence
	// Through are the Services by which traffic from outside gets to the destination: those of after,
	// or where nothing is let through there, of before.
	Through []Entry
}

// Presence tells in which of two worlds an end is. Addresses outside are in both.
type Presence uint8

// Where an end can be.
const (
	InBoth Presence = iota
	OnlyBefore
	OnlyAfter
)

// Kind is what a change is to somebody who watches what may talk to what.
type Kind string

// The kinds of changes.
const (
	Opened Kind = "opened" // Denied before, Allowed after
	Closed Kind = "closed" // Allowed before, Denied after
	// Changed: not known before or after, or the same of another part of the pods.
	Changed Kind = "changed"
)

// Kind tells which kind the change is.
func (c Change) Kind() Kind {
	switch {
	case c.Before == policy.Denied && c.After == policy.Allowed:
		return Opened
	case c.Before == policy.Allowed && c.After == policy.Denied:
		return Closed
	}
	return Changed
}

// MayOpen tells whether something may be let through after that was not before: of an opened flow for
// certain, of a changed one perhaps.
func (c Change) MayOpen() bool {
	return c.After != policy.Denied && (rank(c.After) > rank(c.Before) || c.PartialBefore || c.Before == policy.Unknown)
}

// MayClose tells the same of what is no longer let through.
func (c Change) MayClose() bool { return c.mirrored().MayOpen() }

// rank orders verdicts by how much they let through.
func rank(v policy.Verdict) int {
	return slices.Index([]policy.Verdict{policy.Denied, policy.Unknown, policy.Allowed}, v)
}

func (c Change) mirrored() Change {
	c.Before, c.After = c.After, c.Before
	c.PartialBefore, c.PartialAfter = c.PartialAfter, c.PartialBefore
	c.FactsBefore, c.FactsAfter = c.FactsAfter, c.FactsBefore
	return c
}

// Worlds are two clusters, or one before and after a change, whose flows are compared. It is safe
// for concurrent use.
type Worlds struct {
	before, after *world
	policies      map[string]PolicyChange
}

// world is one of them.
type world struct {
	*Sets
	by    By
	units map[End]*unit
}

// Compare prepares the comparison of two worlds. By is what the ends of flows are.
func Compare(before, after *Sets, by By) *Worlds {
	return &Worlds{before: newWorld(before, by), after: newWorld(after, by), policies: policyChanges(before.set.Snapshot(), after.set.Snapshot())}
}

func newWorld(s *Sets, by By) *world {
	w := &world{Sets: s, by: by, units: map[End]*unit{}}
	for _, u := range s.units(by) {
		w.units[keyOf(u.End)] = u
	}
	return w
}

// keyOf is what an end is told apart by in two worlds, which may hold it in two versions of its API.
func keyOf(e End) End {
	e.Ref.APIVersion = ""
	return e
}

// Changes returns what of the rows that are wanted of both worlds is not the same, in order of the
// ends. By and Denied in what is wanted mean
// nothing here. A pod and itself are left out, and so are
// changes within a row: of a workload, what one pod lost and another won.
func (w *Worlds) Changes(before, after Wanted) ([]Change, error) {
	var worlds [2]collected
	var errs [2]error
	var group sync.WaitGroup
	group.Go(func() { worlds[0], errs[0] = w.before.collect(before) })
	group.Go(func() { worlds[1], errs[1] = w.after.collect(after) })
	group.Wait()
	if err := cmp.Or(errs[0], errs[1]); err != nil {
		return nil, err
	}
	out := w.inside(worlds[0].inside, worlds[1].inside)
	out = append(out, w.outside(worlds[0].exits, worlds[1].exits, policy.Egress)...)
	out = append(out, w.outside(worlds[0].entries, worlds[1].entries, policy.Ingress)...)
	for i := range out {
		out[i].SourceIn, out[i].DestinationIn = w.presence(out[i].Source), w.presence(out[i].Destination)
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Or(a.Source.Compare(b.Source), a.Destination.Compare(b.Destination))
	})
	return out, nil
}

func (w *Worlds) presence(e End) Presence {
	_, before := w.before.units[keyOf(e)]
	_, after := w.after.units[keyOf(e)]
	switch {
	case e.CIDR.IsValid() || before && after:
		return InBoth
	case before:
		return OnlyBefore
	}
	return OnlyAfter
}

// collected is the rows of one world: within the cluster, to addresses outside and from them.
type collected struct{ inside, exits, entries []Row }

func (w *world) collect(wanted Wanted) (out collected, err error) {
	wanted.By, wanted.Denied = w.by, false
	err = w.Rows(wanted, func(r Row) error {
		switch {
		case r.Source.CIDR.IsValid():
			out.entries = append(out.entries, r)
		case r.Destination.CIDR.IsValid():
			out.exits = append(out.exits, r)
		default:
			out.inside = append(out.inside, r)
		}
		return nil
	})
	return out, err
}

// inside holds the rows between the same two ends against each other. Both lists are in order.
func (w *Worlds) inside(before, after []Row) []Change {
	var out []Change
	for len(before)+len(after) > 0 {
		order := 0
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = cmp.Or(before[0].Source.Compare(after[0].Source), before[0].Destination.Compare(after[0].Destination))
		}
		switch {
		case order < 0:
			out = append(out, transitions(before[0], closedRow(before[0]))...)
			before = before[1:]
		case order > 0:
			out = append(out, transitions(closedRow(after[0]), after[0])...)
			after = after[1:]
		default:
			told := transitions(before[0], after[0])
			out = append(append(out, told...), w.hidden(before[0], after[0], told)...)
			before, after = before[1:], after[1:]
		}
	}
	return out
}

// closedRow is a row of the same ends between which everything is denied.
func closedRow(r Row) Row { return Row{Source: r.Source, Destination: r.Destination} }

// transitions returns what of a row became what.
func transitions(before, after Row) []Change {
	if alike(before, after) {
		return nil
	}
	whole := Change{
		Source: after.Source, Destination: after.Destination, Stays: before.Must.And(after.Must),
		PartialBefore: before.Partial, PartialAfter: after.Partial, FactsBefore: before.Facts, FactsAfter: after.Facts, Through: after.Through,
	}
	if after.May.Empty() {
		whole.Through = before.Through
	}
	var out []Change
	for _, from := range verdicts {
		for _, to := range verdicts {
			if from == to {
				continue
			}
			if ports := portsOf(before, from).And(portsOf(after, to)); !ports.Empty() {
				c := whole
				c.Ports, c.Before, c.After = ports, from, to
				out = append(out, c)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	// The ports are the same. The pods are not, or what the ports hang on that are not known.
	whole.Ports, whole.Before, whole.After = before.Must, policy.Allowed, policy.Allowed
	if open := before.May.Minus(before.Must); before.Partial == after.Partial || whole.Ports.Empty() {
		whole.Ports, whole.Before, whole.After = open, policy.Unknown, policy.Unknown
	}
	return []Change{whole}
}

// alike tells whether two rows say the same. What is not known may be another where it hangs on
// something else.
func alike(a, b Row) bool {
	return a.equal(b.Ports) && a.Partial == b.Partial && sameFacts(a.Facts, b.Facts)
}

// sameFacts compares what rows hang on. A row takes what it hangs on from pods that no policy tells from
// its own, which need not be the same ones in both worlds; so of facts about pods, which pod it is does
// not count.
func sameFacts(a, b []policy.Fact) bool {
	missing := func(facts []policy.Fact) func(policy.Fact) bool {
		return func(f policy.Fact) bool {
			return !slices.ContainsFunc(facts, func(o policy.Fact) bool { return ofAnyPod(f) == ofAnyPod(o) })
		}
	}
	return !slices.ContainsFunc(a, missing(b)) && !slices.ContainsFunc(b, missing(a))
}

// ofAnyPod leaves out which pod a fact is about.
func ofAnyPod(f policy.Fact) policy.Fact {
	switch f.Kind {
	case policy.PodAddress, policy.PodLabel:
		f.Object = cluster.Ref{}
	}
	return f
}

var verdicts = []policy.Verdict{policy.Denied, policy.Unknown, policy.Allowed}

// portsOf returns the ports of a row that have a verdict.
func portsOf(r Row, v policy.Verdict) PortSet {
	switch v {
	case policy.Allowed:
		return r.Must
	case policy.Denied:
		return EveryPort().Minus(r.May)
	}
	return r.May.Minus(r.Must)
}

// Either makes the selections of both worlds one: an end that is selected in one of them is, in the
// other too. Otherwise a Service that now selects other pods would seem to close flows.
func (w *Worlds) Either(before, after *Selection) (*Selection, *Selection) {
	if before == nil || after == nil {
		return nil, nil
	}
	pods, workloads := map[cluster.Ref]bool{}, map[cluster.Ref]bool{}
	for _, side := range []struct {
		*world
		*Selection
	}{{w.before, before}, {w.after, after}} {
		for p := range side.of {
			if side.Pods(p) {
				pods[p.Ref()] = true
				workloads[refOf(side.set.Snapshot(), p, ByWorkload)] = true
			}
		}
	}
	ranges := slices.Concat(before.Ranges, after.Ranges)
	in := func(one *world, own *Selection) *Selection {
		return &Selection{Ranges: ranges, Pods: func(p *cluster.Pod) bool {
			// A template stands for all pods of its workload, in the other world as in its own.
			owner := refOf(one.set.Snapshot(), p, ByWorkload)
			return own.Pods(p) || pods[p.Ref()] || pods[owner] || p.Template && workloads[owner]
		}}
	}
	return in(w.before, before), in(w.after, after)
}

// Or selects what either of two selections does. Nil is nothing here, as where there is none yet.
func (s *Selection) Or(o *Selection) *Selection {
	if s == nil {
		return o
	}
	return &Selection{
		Pods:   func(p *cluster.Pod) bool { return s.Pods(p) || o.Pods(p) },
		Ranges: slices.Concat(s.Ranges, o.Ranges),
	}
}
