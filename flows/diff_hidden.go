package flows

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// hidden returns the ports of two rows of which the verdict is the same, before and after, where policies say
// something else of some of the flows all the same: of ports that are not known it may be another outcome for
// the same missing facts, and where not all pods are treated alike, others may be let through. Told is
// what transitions says of the rows. Whole maps are only asked where it says something and not all pods are
// treated alike in one of the worlds, since each such row is judged once more.
func (w *Worlds) hidden(before, after Row, told []Change) []Change {
	var out []Change
	for _, v := range []policy.Verdict{policy.Unknown, policy.Allowed} {
		c := Change{
			Source: after.Source, Destination: after.Destination, Ports: portsOf(before, v).And(portsOf(after, v)), Before: v, After: v, Stays: before.Must.And(after.Must),
			PartialBefore: before.Partial, PartialAfter: after.Partial, FactsBefore: before.Facts, FactsAfter: after.Facts, Through: after.Through,
		}
		same := func(o Change) bool { return o.Before == v && o.After == v }
		switch {
		case c.Ports.Empty() || slices.ContainsFunc(told, same):
		case v == policy.Allowed && !before.Partial && !after.Partial:
		case w.before.about == nil && (v == policy.Unknown || before.Partial == after.Partial || len(told) == 0):
		default:
			differ := w.differs(c)
			if v == policy.Allowed {
				c.Ports = differ // of the others, nothing is unknown
			}
			if !differ.Empty() {
				out = append(out, c)
			}
		}
	}
	return out
}

// differs returns the ports of a change at which policies say something else of a flow than they did.
func (w *Worlds) differs(c Change) (out PortSet) {
	a, b := w.before.units[keyOf(c.Source)], w.before.units[keyOf(c.Destination)]
	switch {
	case c.Source.CIDR.IsValid():
		return w.differsOutside(c, b, policy.Ingress)
	case c.Destination.CIDR.IsValid():
		return w.differsOutside(c, a, policy.Egress)
	case a == nil || b == nil:
		return out
	}
	from, to := w.apart(a), w.apart(b)
	for _, q := range from {
		for _, r := range to {
			for _, pods := range examples(q.pods, r.pods) {
				for _, f := range common(q.class, r.class) {
					out = out.Or(w.differ(c, policy.PodEnd(pods[0]), policy.PodEnd(pods[1]), f))
				}
			}
		}
	}
	return out
}

func (w *Worlds) differsOutside(c Change, u *unit, d policy.Direction) (out PortSet) {
	if u == nil {
		return out
	}
	outside := c.Destination.CIDR
	if d == policy.Ingress {
		outside = c.Source.CIDR
	}
	for _, part := range w.apart(u) {
		from, to := policy.PodEnd(part.pods[0]), policy.RangeEnd(outside)
		if d == policy.Ingress {
			from, to = to, from
		}
		out = out.Or(w.differ(c, from, to, stackOf(outside.Addr())))
	}
	return out
}

// apart cuts the pods of an end so that those of a part are alike in both worlds.
func (w *Worlds) apart(u *unit) []unitPart {
	var out []unitPart
	for _, part := range u.parts {
		places := map[*Class]int{}
		for _, p := range part.pods {
			later := w.after.of[w.after.same(p)]
			i, known := places[later]
			if !known {
				i = len(out)
				places[later] = i
				out = append(out, unitPart{class: part.class})
			}
			out[i].pods = append(out[i].pods, p)
		}
	}
	return out
}

// differ holds what both worlds say of the flows between two ends against each other, at each port that
// a rule tells apart, and returns those at which it is not the same.
func (w *Worlds) differ(c Change, from, to policy.Endpoint, f int) (out PortSet) {
	here := func(e policy.Endpoint) policy.Endpoint {
		if e.Pod == nil {
			return e
		}
		pod := e.Pod
		if e.Pod.Template && w.before.of[pod] == nil { // the second of two pods of a template
			pod = w.templateOf(pod)
		}
		return policy.PodEnd(w.after.same(pod))
	}
	later, other := here(from), here(to)
	if from.Pod != nil && later.Pod == nil || to.Pod != nil && other.Pod == nil {
		return c.Ports
	}
	if later.Pod != nil && later.Pod == other.Pod {
		twin := *other.Pod
		other.Pod = &twin
	}
	flow := w.before.evaluate(from, to, c.somePort(), f).Flow
	for _, ports := range c.pieces(w.before.cutsOf(flow), w.after.cutsOf(flow)) {
		p := Change{Ports: ports}.somePort()
		one, two := w.before.evaluate(from, to, p, f), w.after.evaluate(later, other, p, f)
		if one.Verdict != two.Verdict || one.Verdict == policy.Unknown && said(one) != said(two) {
			out = out.Or(ports)
		}
	}
	return out
}

// templateOf is the template that a copy was made of.
func (w *Worlds) templateOf(p *cluster.Pod) *cluster.Pod {
	if owner := w.before.set.Snapshot().Workload(p.Owner.Kind, p.Owner.Namespace, p.Owner.Name); owner != nil {
		return owner.Template
	}
	return p
}

// said is what policies say of a flow, so far as it can make another verdict of the same facts.
func said(d policy.Decision) string {
	text := ""
	for _, one := range []policy.DirectionDecision{d.Egress, d.Ingress} {
		isolates, admits := 0, 0
		for _, t := range one.Trace {
			if t.Isolates == policy.Maybe {
				isolates++
			}
			for _, r := range t.Rules {
				if r.Match != policy.No && (t.Isolates != policy.No || r.Ignored) && !slices.Contains(one.Admitting, r.Ref) {
					admits++
				}
			}
		}
		switch {
		case one.Isolated == policy.No:
			isolates, admits = 0, 0
		case len(one.Admitting) > 0:
			admits = 0
		}
		text += fmt.Sprintln(one.Verdict, one.Isolated, isolates, len(one.Admitting) > 0, admits, one.Exempt)
	}
	return text
}
