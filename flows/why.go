package flows

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Why is what decides the flows of a row, by their verdict. It is worked out only where it is asked
// for, since it judges every cell of ports of every pair of classes once more, with its trace.
type Why [3]Reasons

// Reasons is what decides in each direction.
type Reasons struct{ Egress, Ingress Reason }

// Reason is what policies say in one direction of some flows: of any of them, where they differ.
type Reason struct {
	Isolating []*cluster.Policy // sorted
	// Admitting are the peers of rules that admit, or the rules where they list none, in the order
	// of policies and paths.
	Admitting []policy.RuleRef
	// Perhaps are rules of which it is not known whether they admit.
	Perhaps []policy.RuleRef
	Exempt  []policy.Exemption
	Others  []*cluster.Foreign
	// Open: nothing isolates the end, or some of its pods, in this direction.
	Open bool
	// Denies: flows are denied in this direction.
	Denies bool
}

// Join adds what decides other flows.
func (c *Reasons) Join(o Reasons) {
	c.Egress.join(o.Egress)
	c.Ingress.join(o.Ingress)
}

func (c *Reason) join(o Reason) {
	for _, p := range o.Isolating {
		c.Isolating = with(c.Isolating, p)
	}
	for _, r := range o.Admitting {
		c.Admitting = with(c.Admitting, r)
	}
	for _, r := range o.Perhaps {
		c.Perhaps = with(c.Perhaps, r)
	}
	for _, e := range o.Exempt {
		c.Exempt = with(c.Exempt, e)
	}
	for _, f := range o.Others {
		c.Others = with(c.Others, f)
	}
	c.Open, c.Denies = c.Open || o.Open, c.Denies || o.Denies
	c.sort()
}

func (w *Why) note(d policy.Decision) {
	w[d.Verdict].Egress.note(d.Egress)
	w[d.Verdict].Ingress.note(d.Ingress)
}

func (c *Reason) note(d policy.DirectionDecision) {
	c.Denies = c.Denies || d.Verdict == policy.Denied
	c.Open = c.Open || d.Isolated == policy.No && d.Exempt == ""
	if d.Exempt != "" {
		c.Exempt = with(c.Exempt, d.Exempt)
	}
	for _, p := range d.Isolating {
		c.Isolating = with(c.Isolating, p)
	}
	for _, r := range d.Admitting {
		for _, ref := range peersOf(d, r) {
			c.Admitting = with(c.Admitting, ref)
		}
	}
	for _, f := range d.Others {
		c.Others = with(c.Others, f)
	}
	if d.Verdict != policy.Unknown {
		return
	}
	for _, t := range d.Trace {
		for _, r := range t.Rules {
			if r.Match != policy.No && !r.Ignored && !slices.Contains(d.Admitting, r.Ref) {
				c.Perhaps = with(c.Perhaps, r.Ref)
			}
		}
	}
}

// peersOf returns the peers of a rule that match the other end, or the rule where it lists none.
func peersOf(d policy.DirectionDecision, rule policy.RuleRef) []policy.RuleRef {
	var out []policy.RuleRef
	for _, t := range d.Trace {
		for _, r := range t.Rules {
			if r.Ref != rule {
				continue
			}
			for _, peer := range r.Peers {
				if peer.Match == policy.Yes {
					out = append(out, peer.Ref)
				}
			}
		}
	}
	if len(out) == 0 {
		return []policy.RuleRef{rule}
	}
	return out
}

// with adds an item to a list that may have it already.
func with[T comparable](list []T, item T) []T {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}

// sort puts everything into an order that does not hang on which pods were asked about first.
func (c *Reason) sort() {
	slices.SortFunc(c.Isolating, func(a, b *cluster.Policy) int { return a.Ref().Compare(b.Ref()) })
	slices.SortFunc(c.Others, func(a, b *cluster.Foreign) int { return a.Ref.Compare(b.Ref) })
	slices.SortFunc(c.Admitting, compareRules)
	slices.SortFunc(c.Perhaps, compareRules)
	slices.Sort(c.Exempt)
}

func (w *Why) sorted() *Why {
	for v := range w {
		w[v].Egress.sort()
		w[v].Ingress.sort()
	}
	return w
}

func compareRules(a, b policy.RuleRef) int {
	return cmp.Or(
		a.Policy.Ref().Compare(b.Policy.Ref()), cmp.Compare(a.Direction, b.Direction),
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Peer, b.Peer), cmp.Compare(a.Port, b.Port),
	)
}

// whyInside finds what decides the flows from one unit to another.
func (r *rows) whyInside(a, b *unit) *Why {
	w := &Why{}
	for _, p := range a.parts {
		for _, q := range b.parts {
			for _, pods := range examples(p.pods, q.pods) {
				for _, f := range common(p.class, q.class) {
					rules := slices.Concat(p.class.rules[policy.Egress], q.class.rules[policy.Ingress])
					r.why(w, rules, policy.PodEnd(pods[0]), policy.PodEnd(pods[1]), f)
				}
			}
		}
	}
	return w.sorted()
}

// whyOutside finds what decides the flows between a unit and addresses outside. Addresses that are
// in the same blocks of its rules are asked about once.
func (r *rows) whyOutside(u *unit, d policy.Direction, outside netip.Prefix) *Why {
	w := &Why{}
	f := stackOf(outside.Addr())
	for _, p := range u.parts {
		if !p.class.uses[f] {
			continue
		}
		var blocks []netip.Prefix
		for _, number := range p.class.rules[d] {
			blocks = append(blocks, r.set.BlocksOf(r.rules[number].ref)...)
		}
		asked := map[string]bool{}
		for _, part := range ends.Cut(outside, blocks) {
			in := make([]byte, len(blocks))
			for i, b := range blocks {
				if b.Overlaps(part) {
					in[i] = 1
				}
			}
			if asked[string(in)] {
				continue
			}
			asked[string(in)] = true
			source, destination := policy.PodEnd(p.pods[0]), policy.RangeEnd(part)
			if d == policy.Ingress {
				source, destination = destination, source
			}
			r.why(w, p.class.rules[d], source, destination, f)
		}
	}
	return w.sorted()
}

// why judges one flow in each cell of ports and keeps what decided.
func (r *rows) why(w *Why, rules []int, source, destination policy.Endpoint, f int) {
	r.cells(r.cuts(rules, destination.Pod), source, destination, f, func(flow policy.Flow) (policy.Verdict, []policy.Fact) {
		d := r.set.Evaluate(flow)
		w.note(d)
		return d.Verdict, nil
	})
}
