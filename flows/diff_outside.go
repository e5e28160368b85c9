package flows

import (
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// outside compares the rows between objects of the cluster and addresses outside. The two worlds
// may have cut these in other places, so ranges are cut where either does.
func (w *Worlds) outside(before, after []Row, d policy.Direction) []Change {
	type both struct{ before, after []Row }
	var order []End
	index := map[End]*both{}
	note := func(r Row) *both {
		e := r.Source
		if d == policy.Ingress {
			e = r.Destination
		}
		key := keyOf(e)
		if index[key] == nil {
			index[key] = &both{}
			order = append(order, e)
		}
		return index[key]
	}
	for _, r := range before {
		b := note(r)
		b.before = append(b.before, r)
	}
	for _, r := range after {
		b := note(r)
		b.after = append(b.after, r)
	}
	var out []Change
	for _, e := range order {
		b := index[keyOf(e)]
		for f := range families {
			out = append(out, w.recut(e, d, ofFamily(b.before, d, f), ofFamily(b.after, d, f), f)...)
		}
	}
	return out
}

// far is the end of a row that is outside.
func far(r Row, d policy.Direction) netip.Prefix {
	if d == policy.Ingress {
		return r.Source.CIDR
	}
	return r.Destination.CIDR
}

func ofFamily(rows []Row, d policy.Direction, f int) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return stackOf(far(r, d).Addr()) != f })
}

// recut compares the rows of one object in one direction and family. Neighbouring ranges of which
// the same became the same are one.
func (w *Worlds) recut(e End, d policy.Direction, before, after []Row, f int) []Change {
	if w.before.about == nil && sameRanges(before, after, d) {
		return nil
	}
	var cuts []netip.Prefix
	for _, r := range slices.Concat(before, after) {
		cuts = append(cuts, far(r, d))
	}
	type group struct {
		before, after Row
		parts         []netip.Prefix
	}
	var groups []*group
	index := map[[2]int]*group{}
	find := func(rows []Row, part netip.Prefix) int {
		return slices.IndexFunc(rows, func(r Row) bool { return far(r, d).Overlaps(part) })
	}
	for _, part := range ends.Cut(everything[f], cuts) {
		i, j := find(before, part), find(after, part)
		if i < 0 && j < 0 {
			continue
		}
		key := [2]int{alikeAs(before, i), alikeAs(after, j)}
		g := index[key]
		if g == nil {
			g = &group{}
			if i >= 0 {
				g.before = before[i]
			}
			if j >= 0 {
				g.after = after[j]
			}
			index[key] = g
			groups = append(groups, g)
		}
		g.parts = append(g.parts, part)
	}
	var out []Change
	for _, g := range groups {
		for _, p := range ends.Join(g.parts) {
			for _, r := range []*Row{&g.before, &g.after} {
				r.Source, r.Destination = e, End{CIDR: p}
				if d == policy.Ingress {
					r.Source, r.Destination = r.Destination, r.Source
				}
			}
			told := transitions(g.before, g.after)
			out = append(append(out, told...), w.hidden(g.before, g.after, told)...)
		}
	}
	return out
}

// alikeAs returns the place of the first row that says the same as the one at a place; -1 for none.
func alikeAs(rows []Row, i int) int {
	if i < 0 {
		return i
	}
	return slices.IndexFunc(rows, func(r Row) bool { return alike(r, rows[i]) })
}

func sameRanges(before, after []Row, d policy.Direction) bool {
	return slices.EqualFunc(before, after, func(a, b Row) bool {
		return far(a, d) == far(b, d) && alike(a, b)
	})
}
