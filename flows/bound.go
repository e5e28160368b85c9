package flows

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Bound is an object of the cluster that can be an end of rows, and what isolates its pods.
type Bound struct {
	End
	Pods     int  // how many there are; a template counts as one
	Template bool // no pod of it was read
	Wanted   bool // it is shown even where it has no row
	Egress   Isolation
	Ingress  Isolation
}

// Isolation is whether policies isolate the pods of an end in a direction, and which do.
type Isolation struct {
	Isolated policy.Truth // Maybe where it is not known, or the pods differ
	Differs  bool         // some pods are isolated and some are not
	Policies []*cluster.Policy
	May      []*cluster.Policy // of which it is not known whether they do
	// Exempt: the pods are on the network of their node, where the plugin does not isolate them.
	Exempt bool
}

// Bounds lists what can be an end of rows, in order.
func (s *Sets) Bounds(w Wanted) []Bound {
	var out []Bound
	for _, u := range s.units(w.By) {
		r := rows{Wanted: w}
		b := Bound{End: u.End, Pods: u.pods(), Template: true, Wanted: w.From == nil && w.To == nil && r.inScope(u.End, u.End)}
		for i, part := range u.parts {
			first := part.class.first()
			b.Template = b.Template && first.Template
			b.Egress.note(s, first, policy.Egress, i == 0)
			b.Ingress.note(s, first, policy.Ingress, i == 0)
		}
		out = append(out, b)
	}
	return out
}

// note adds what holds for the pods of one class. What isolates a pod does not hang on the other
// end, so any will do.
func (i *Isolation) note(s *Sets, p *cluster.Pod, d policy.Direction, first bool) {
	source, destination := policy.PodEnd(p), policy.RangeEnd(everything[0])
	if d == policy.Ingress {
		source, destination = destination, source
	}
	whole := s.set.Evaluate(ends.Direct(s.set.Snapshot(), source, destination, Protocols[1], 1, families[0]))
	one := whole.Egress
	if d == policy.Ingress {
		one = whole.Ingress
	}
	isolated := one.Isolated
	if p.HostNetwork && isolated != policy.No {
		switch s.set.Profile().Of(policy.HostNetworkIsolated).Answer {
		case policy.No:
			isolated, i.Exempt = policy.No, true
		case policy.Maybe:
			isolated = policy.Maybe
		}
	}
	if first {
		i.Isolated = isolated
	} else if i.Isolated != isolated {
		i.Differs = i.Differs || i.Isolated != policy.Maybe && isolated != policy.Maybe
		i.Isolated = policy.Maybe
	}
	for _, t := range one.Trace {
		switch {
		case t.Isolates == policy.Yes:
			i.Policies = with(i.Policies, t.Policy)
		case t.Isolates == policy.Maybe:
			i.May = with(i.May, t.Policy)
		}
	}
	for _, list := range [][]*cluster.Policy{i.Policies, i.May} {
		slices.SortFunc(list, func(a, b *cluster.Policy) int { return a.Ref().Compare(b.Ref()) })
	}
}
