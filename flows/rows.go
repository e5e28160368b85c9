package flows

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Row is the flows between two ends: what any pod of the one may send to any pod of the other. A
// pod and itself are left out.
type Row struct {
	Source, Destination End
	Answer
	// Partial: not every pod of both ends is treated alike.
	Partial bool
	// Through are the Services by which traffic from outside gets to the destination.
	Through []Entry
	// Why is what decides; nil unless it was wanted.
	Why *Why
}

// Wanted says which rows are asked for. The zero value is every row of which something is not
// denied.
type Wanted struct {
	By       By
	From, To *Selection                  // nil: everything
	Scope    func(namespace string) bool // nil, or true for one of the ends
	Within   func(namespace string) bool // nil, or true for both ends; addresses outside are in every namespace
	Denied   bool                        // rows of which everything is denied, too
	Why      bool                        // with what decides
}

// Selection is the ends that a filter names.
type Selection struct {
	Pods   func(*cluster.Pod) bool
	Ranges []netip.Prefix // addresses outside that touch one of these
}

func (s *Selection) hasPod(p *cluster.Pod) bool { return s == nil || s.Pods(p) }

func (s *Selection) hasRange(p netip.Prefix) bool {
	return s == nil || slices.ContainsFunc(s.Ranges, p.Overlaps)
}

// selected cuts units down to what a filter names.
func (s *Selection) selected(units []*unit) []*unit {
	out := make([]*unit, len(units))
	for i, u := range units {
		left := &unit{End: u.End, number: u.number}
		for _, part := range u.parts {
			pods := part.pods
			if s != nil {
				pods = slices.DeleteFunc(slices.Clone(pods), func(p *cluster.Pod) bool { return !s.hasPod(p) })
			}
			if len(pods) > 0 {
				left.parts = append(left.parts, unitPart{part.class, pods})
			}
		}
		out[i] = left
	}
	return out
}

// rows is one walk over what is wanted.
type rows struct {
	*Sets
	Wanted
	sources, destinations []*unit
	holders               [][]int // by class: the destinations that have pods of it
	yield                 func(Row) error
}

// Rows calls a function for every row that is wanted, in order, until it returns an error: first
// the objects of the cluster with what they send, then addresses outside.
func (s *Sets) Rows(w Wanted, yield func(Row) error) error {
	units := s.units(w.By)
	r := &rows{Sets: s, Wanted: w, sources: w.From.selected(units), destinations: w.To.selected(units), yield: yield}
	r.holders = make([][]int, len(s.Classes))
	for _, u := range r.destinations {
		for _, p := range u.parts {
			r.holders[p.class.number] = append(r.holders[p.class.number], u.number)
		}
	}
	for _, u := range r.sources {
		if len(u.parts) == 0 {
			continue
		}
		if err := r.inside(u); err != nil {
			return err
		}
		if err := r.exits(u); err != nil {
			return err
		}
	}
	return r.entries()
}

// Count returns how many rows there are between objects of the cluster, at most: pods count each.
func (s *Sets) Count(w Wanted) (int, error) {
	n := 0
	pods := map[End]int{}
	w.By = ByWorkload
	for _, u := range s.units(ByWorkload) {
		pods[u.End] = u.pods()
	}
	err := s.Rows(w, func(r Row) error {
		n += max(pods[r.Source], 1) * max(pods[r.Destination], 1)
		return nil
	})
	return n, err
}

func (r *rows) inScope(a, b End) bool {
	in := func(e End) bool { return !e.CIDR.IsValid() && r.Scope(namespaceOf(e)) }
	within := func(e End) bool { return r.Within == nil || e.CIDR.IsValid() || r.Within(namespaceOf(e)) }
	return (r.Scope == nil || in(a) || in(b)) && within(a) && within(b)
}

// inside makes the rows of a source within the cluster.
func (r *rows) inside(u *unit) error {
	touched := newBitset(len(r.destinations))
	for _, p := range u.parts {
		r.touch(touched, p.class)
	}
	for number, to := range r.destinations {
		if len(to.parts) == 0 || !r.Denied && !touched.has(number) || !r.inScope(u.End, to.End) {
			continue
		}
		if row, ok := r.row(u, to); ok {
			if r.Why {
				row.Why = r.whyInside(u, to)
			}
			if err := r.yield(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// touch notes the destinations that a class may reach.
func (r *rows) touch(touched bitset, c *Class) {
	for f := range families {
		out := c.sides[f][policy.Egress]
		if out == nil {
			continue
		}
		for number := range out.admits.all() {
			if in := r.Classes[number].sides[f][policy.Ingress]; in == nil || !in.admits.has(c.number) {
				continue
			}
			for _, u := range r.holders[number] {
				touched.add(u)
			}
		}
	}
}

// row puts together what the pods of two units may send each other; ok is false where there are no
// two pods.
func (r *rows) row(a, b *unit) (row Row, ok bool) {
	u := union{}
	for _, p := range a.parts {
		for _, q := range b.parts {
			for near := range examples(p.pods, q.pods) {
				answer, differs := r.Any(p.class, q.class, near)
				u.add(answer, differs)
			}
		}
	}
	row = Row{Source: a.End, Destination: b.End, Answer: u.done(), Partial: u.partial}
	return row, u.any && (r.Denied || !row.May.Empty())
}

// union puts answers together.
type union struct {
	Answer
	any, partial bool
}

func (u *union) add(a Answer, differs bool) {
	u.partial = u.partial || differs || u.any && !u.equal(a.Ports)
	if !u.any {
		u.any, u.Ports = true, a.Ports
	} else if u.partial {
		u.Ports = u.or(a.Ports)
	}
	u.Facts = append(u.Facts, a.Facts...)
}

// done drops the facts if everything is certain after all.
func (u *union) done() Answer {
	if u.May.Equal(u.Must) {
		u.Facts = nil
	}
	return u.Answer
}

// exits makes the rows of a source to addresses outside.
func (r *rows) exits(u *unit) error {
	if r.To != nil && len(r.To.Ranges) == 0 {
		return nil
	}
	for _, row := range r.outside(u, policy.Egress) {
		if !r.To.hasRange(row.Destination.CIDR) || !r.inScope(row.Source, row.Destination) {
			continue
		}
		if r.Why {
			row.Why = r.whyOutside(u, policy.Egress, row.Destination.CIDR)
		}
		if err := r.yield(row); err != nil {
			return err
		}
	}
	return nil
}

// entries makes the rows from addresses outside.
func (r *rows) entries() error {
	if r.From != nil && len(r.From.Ranges) == 0 {
		return nil
	}
	exposed := exposedPods(r.set.Snapshot())
	var all []Row
	for _, u := range r.destinations {
		through := entriesOf(u, exposed)
		for _, row := range r.outside(u, policy.Ingress) {
			if !r.From.hasRange(row.Source.CIDR) || !r.inScope(row.Source, row.Destination) {
				continue
			}
			for _, e := range through {
				if row.May.Has(e.Protocol, e.PodPort) {
					row.Through = append(row.Through, e)
				}
			}
			if r.Why {
				row.Why = r.whyOutside(u, policy.Ingress, row.Source.CIDR)
			}
			all = append(all, row)
		}
	}
	slices.SortStableFunc(all, func(a, b Row) int {
		return cmp.Or(a.Source.Compare(b.Source), a.Destination.Compare(b.Destination))
	})
	for _, row := range all {
		if err := r.yield(row); err != nil {
			return err
		}
	}
	return nil
}

// outside makes the rows between a unit and addresses outside: addresses that all its pods treat
// alike are one range.
func (r *rows) outside(u *unit, d policy.Direction) []Row {
	var out []Row
	for f := range families {
		var all [][]Stretch
		var cuts []netip.Prefix
		for _, p := range u.parts {
			stretches := r.Outside(p.class, d, f)
			if len(stretches) == 0 {
				continue
			}
			all = append(all, stretches)
			for _, s := range stretches {
				cuts = append(cuts, s.Prefixes...)
			}
		}
		if len(all) == 0 {
			continue
		}
		out = append(out, r.ranges(u, d, all, ends.Cut(everything[f], cuts))...)
	}
	return out
}

func (r *rows) ranges(u *unit, d policy.Direction, all [][]Stretch, parts []netip.Prefix) []Row {
	type alike struct {
		union
		parts []netip.Prefix
	}
	var groups []*alike
	index := map[string]*alike{}
	for _, part := range parts {
		var one union
		for _, stretches := range all {
			i := slices.IndexFunc(stretches, func(s Stretch) bool {
				return slices.ContainsFunc(s.Prefixes, func(p netip.Prefix) bool { return p.Overlaps(part) })
			})
			one.add(stretches[i].Answer, false)
		}
		if one.May.Empty() && !r.Denied {
			continue
		}
		key := one.key()
		if one.partial {
			key += " partial"
		}
		g := index[key]
		if g == nil {
			g = &alike{union: one}
			index[key] = g
			groups = append(groups, g)
		}
		g.parts = append(g.parts, part)
	}
	var out []Row
	for _, g := range groups {
		for _, p := range ends.Join(g.parts) {
			row := Row{Source: u.End, Destination: End{CIDR: p}, Answer: g.done(), Partial: g.partial}
			if d == policy.Ingress {
				row.Source, row.Destination = row.Destination, row.Source
			}
			out = append(out, row)
		}
	}
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(a.Source.Compare(b.Source), a.Destination.Compare(b.Destination))
	})
	return out
}
