package flows

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// hidden returns the ports of two rows of which it is not known, before or after, whether they are let
// through, where policies say something else of them all the same: it may be another outcome for the same
// missing facts. Whole maps are not asked that, since each such row is judged once more.
func (w *Worlds) hidden(before, after Row) []Change {
	open := portsOf(before, policy.Unknown).And(portsOf(after, policy.Unknown))
	if w.before.about == nil || open.Empty() || !sameFacts(before.Facts, after.Facts) {
		return nil // another fact is told already
	}
	c := Change{
		Source: after.Source, Destination: after.Destination, Ports: open, Before: policy.Unknown, After: policy.Unknown, Stays: before.Must.And(after.Must),
		PartialBefore: before.Partial, PartialAfter: after.Partial, FactsBefore: before.Facts, FactsAfter: after.Facts, Through: after.Through,
	}
	if !w.differs(c) {
		return nil
	}
	return []Change{c}
}

// differs tells whether policies say something else of a flow of a change than they did.
func (w *Worlds) differs(c Change) bool {
	a, b := w.before.units[keyOf(c.Source)], w.before.units[keyOf(c.Destination)]
	switch {
	case c.Source.CIDR.IsValid():
		return w.differsOutside(c, b, policy.Ingress)
	case c.Destination.CIDR.IsValid():
		return w.differsOutside(c, a, policy.Egress)
	case a == nil || b == nil:
		return false
	}
	for _, q := range a.parts {
		for _, r := range b.parts {
			for _, pods := range examples(q.pods, r.pods) {
				for _, f := range common(q.class, r.class) {
					if w.differ(c, policy.PodEnd(pods[0]), policy.PodEnd(pods[1]), f) {
						return true
					}
				}
			}
		}
	}
	return false
}

func (w *Worlds) differsOutside(c Change, u *unit, d policy.Direction) bool {
	if u == nil {
		return false
	}
	outside := c.Destination.CIDR
	if d == policy.Ingress {
		outside = c.Source.CIDR
	}
	return slices.ContainsFunc(u.parts, func(part unitPart) bool {
		from, to := policy.PodEnd(part.pods[0]), policy.RangeEnd(outside)
		if d == policy.Ingress {
			from, to = to, from
		}
		return w.differ(c, from, to, stackOf(outside.Addr()))
	})
}

// differ holds what both worlds say of the flows between two ends against each other, at each port that
// a rule tells apart.
func (w *Worlds) differ(c Change, from, to policy.Endpoint, f int) bool {
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
		return true
	}
	if later.Pod != nil && later.Pod == other.Pod {
		twin := *other.Pod
		other.Pod = &twin
	}
	flow := w.before.evaluate(from, to, c.somePort(), f).Flow
	return slices.ContainsFunc(c.stretches(w.before.cutsOf(flow), w.after.cutsOf(flow)), func(p port) bool {
		one, two := w.before.evaluate(from, to, p, f), w.after.evaluate(later, other, p, f)
		return one.Verdict != two.Verdict || one.Verdict == policy.Unknown && said(one) != said(two)
	})
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
