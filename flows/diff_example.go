package flows

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// mostExamples is how many ports of a change are looked at for its reasons.
const mostExamples = 24

// example is one flow of a change, as each world judges it; nil where a world does not have the ends.
type example struct{ before, after *policy.Decision }

// examples finds flows that stand for a change: one for each stretch of its ports in which no rule
// that is about them begins or ends. Both worlds are asked about the same pods where they have them.
func (w *Worlds) examples(c Change) []example {
	if c.Before == c.After && c.PartialBefore != c.PartialAfter {
		return w.partly(c)
	}
	// The world that lets more through has fewer pods to choose from.
	one, other, was, is := w.after, w.before, c.After, c.Before
	mirrored := rank(c.Before) > rank(c.After)
	if mirrored {
		one, other, was, is = other, one, is, was
	}
	first := one.find(c, c.somePort(), was, nil)
	if first == nil {
		if first = other.find(c, c.somePort(), is, nil); first == nil {
			return nil
		}
		one, other, was, is, mirrored = other, one, is, was, !mirrored
	}
	var out []example
	for _, p := range one.telling(c, first, other) {
		e := example{after: one.find(c, p, was, first)}
		e.before = other.find(c, p, is, cmp.Or(e.after, first))
		if mirrored {
			e.before, e.after = e.after, e.before
		}
		out = append(out, e)
	}
	return out
}

// partly finds flows of the pods that one world lets through and the other does not, where both let the
// same ports through of some.
func (w *Worlds) partly(c Change) []example {
	one, other := w.after, w.before // in one, not all pods are treated alike
	if c.PartialBefore {
		one, other = other, one
	}
	var rules []int
	for _, e := range []End{c.Source, c.Destination} {
		if u := one.units[keyOf(e)]; u != nil {
			for _, part := range u.parts {
				rules = append(rules, part.class.rules[policy.Egress]...)
				rules = append(rules, part.class.rules[policy.Ingress]...)
			}
		}
	}
	var cuts []policy.PortRange
	if u := one.units[keyOf(c.Destination)]; u != nil {
		for _, part := range u.parts {
			cuts = append(cuts, one.cuts(rules, part.pods[0])...)
		}
	} else {
		cuts = one.cuts(rules, nil)
	}
	var out []example
	for _, p := range c.stretches(cuts) {
		for _, v := range verdicts[:rank(c.After)] {
			less := one.find(c, p, v, nil)
			if less == nil {
				continue
			}
			e := example{before: other.find(c, p, c.Before, less), after: less}
			if c.PartialBefore {
				e.before, e.after = e.after, e.before
			}
			out = append(out, e)
		}
	}
	return out
}

// telling lists ports of a change that show all of its reasons. Where nothing isolates either end, a
// rule is no reason: there is one port for each direction that the other world does not let through.
func (w *world) telling(c Change, first *policy.Decision, other *world) []port {
	from, to := other.same(first.Flow.Source.Pod), other.same(first.Flow.Destination.Pod)
	open := first.Egress.Isolated == policy.No && first.Ingress.Isolated == policy.No
	if !open || from == nil || to == nil || from == to {
		return c.stretches(w.cutsOf(first.Flow), other.cutsOf(first.Flow))
	}
	f, near := slices.Index(families[:], first.Flow.Family), NearOf(from, to)
	var out []port
	for _, d := range directions {
		subject, peer := other.of[from], other.of[to]
		if d == policy.Ingress {
			subject, peer = peer, subject
		}
		denied := c.Ports
		if side := subject.sides[f][d]; side != nil {
			if r := side.of(peer, near); r != nil {
				denied = c.Ports.Minus(r.ports.Must)
			}
		}
		if !denied.Empty() {
			out = append(out, Change{Ports: denied}.somePort())
		}
	}
	return slices.Compact(out)
}

type port struct {
	protocol corev1.Protocol
	number   int32
}

// somePort is any port of the change.
func (c Change) somePort() port {
	for i, ranges := range c.Ports {
		if len(ranges) > 0 {
			return port{Protocols[i], ranges[0].From}
		}
	}
	return port{}
}

// stretches returns the first port of each stretch of the change's ports, as many as reasons are looked for at.
func (c Change) stretches(cuts ...[]policy.PortRange) []port {
	var out []port
	for _, ports := range c.pieces(cuts...) {
		out = append(out, Change{Ports: ports}.somePort())
	}
	return out[:min(len(out), mostExamples)]
}

// pieces cuts the ports of a change where rules begin and end.
func (c Change) pieces(cuts ...[]policy.PortRange) []PortSet {
	var out []PortSet
	for i, ranges := range c.Ports {
		for _, r := range ranges {
			edges := []int32{r.From}
			for _, cut := range slices.Concat(cuts...) {
				for _, edge := range []int32{cut.From, cut.To + 1} {
					if cut.Protocol == Protocols[i] && r.From < edge && edge <= r.To {
						edges = append(edges, edge)
					}
				}
			}
			slices.Sort(edges)
			edges = append(slices.Compact(edges), r.To+1)
			for n, edge := range edges[:len(edges)-1] {
				var one PortSet
				one[i] = []Range{{edge, edges[n+1] - 1}}
				out = append(out, one)
			}
		}
	}
	return out
}

// cutsOf returns the ports at which rules about a flow begin and end.
func (w *world) cutsOf(f policy.Flow) []policy.PortRange {
	var rules []int
	for _, side := range []struct {
		policy.Endpoint
		d policy.Direction
	}{{f.Source, policy.Egress}, {f.Destination, policy.Ingress}} {
		if class := w.of[w.same(side.Pod)]; class != nil {
			rules = append(rules, class.rules[side.d]...)
		}
	}
	return w.cuts(rules, w.same(f.Destination.Pod))
}

// find returns what is said of a flow between the ends of a change that has a verdict at a port: of that
// between the same pods as another's where they are here and it has, else of the first there is; nil
// where there is none.
func (w *world) find(c Change, p port, v policy.Verdict, like *policy.Decision) *policy.Decision {
	a, b := w.units[keyOf(c.Source)], w.units[keyOf(c.Destination)]
	switch {
	case c.Source.CIDR.IsValid():
		return w.findOutside(b, c.Source.CIDR, policy.Ingress, p, v, like)
	case c.Destination.CIDR.IsValid():
		return w.findOutside(a, c.Destination.CIDR, policy.Egress, p, v, like)
	case a == nil || b == nil:
		return nil
	}
	if like != nil {
		from, to := w.same(like.Flow.Source.Pod), w.same(like.Flow.Destination.Pod)
		if from != nil && to != nil {
			if d := w.judged(from, to, p, v); d != nil {
				return d
			}
		}
	}
	for _, q := range a.parts {
		for _, r := range b.parts {
			found := examples(q.pods, r.pods)
			for _, near := range []Near{Anywhere, SameNode, OtherNode, MaybeSameNode} {
				if pods, ok := found[near]; ok {
					if d := w.judged(pods[0], pods[1], p, v); d != nil {
						return d
					}
				}
			}
		}
	}
	return nil
}

// judged returns what is said of a flow between two pods if it has a verdict.
func (w *world) judged(from, to *cluster.Pod, p port, v policy.Verdict) *policy.Decision {
	if from == to {
		if !from.Template {
			return nil
		}
		twin := *to // another pod of the same template
		to = &twin
	}
	for _, f := range common(w.of[w.same(from)], w.of[w.same(to)]) {
		if d := w.evaluate(policy.PodEnd(from), policy.PodEnd(to), p, f); d.Verdict == v {
			return &d
		}
	}
	return nil
}

func (w *world) evaluate(from, to policy.Endpoint, p port, f int) policy.Decision {
	return w.set.Evaluate(ends.Direct(w.set.Snapshot(), from, to, p.protocol, p.number, families[f]))
}

// same returns the pod of this world that a pod of another world is: by its name, or the template
// of the same workload; nil where there is none.
func (w *world) same(p *cluster.Pod) *cluster.Pod {
	if p == nil || w.of[p] != nil {
		return p
	}
	snapshot := w.set.Snapshot()
	found := snapshot.Pod(p.Namespace, p.Name)
	if p.Template {
		found = nil
		if owner := snapshot.Workload(p.Owner.Kind, p.Owner.Namespace, p.Owner.Name); owner != nil {
			found = owner.Template
		}
	}
	if w.of[found] == nil {
		return nil
	}
	return found
}

// findOutside is find for flows to or from an address outside. Any address of a range stands for it.
func (w *world) findOutside(u *unit, outside netip.Prefix, d policy.Direction, p port, v policy.Verdict, like *policy.Decision) *policy.Decision {
	if u == nil {
		return nil
	}
	var pods []*cluster.Pod
	if like != nil {
		pod := like.Flow.Source.Pod
		if d == policy.Ingress {
			pod = like.Flow.Destination.Pod
		}
		if pod = w.same(pod); pod != nil {
			pods = append(pods, pod)
		}
	}
	for _, part := range u.parts {
		pods = append(pods, part.pods[0])
	}
	f := stackOf(outside.Addr())
	for _, pod := range pods {
		from, to := policy.PodEnd(pod), policy.RangeEnd(netip.PrefixFrom(outside.Addr(), outside.Addr().BitLen()))
		if d == policy.Ingress {
			from, to = to, from
		}
		if !w.of[pod].uses[f] {
			continue
		}
		if said := w.evaluate(from, to, p, f); said.Verdict == v {
			return &said
		}
	}
	return nil
}
