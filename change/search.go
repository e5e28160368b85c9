package change

import (
	"cmp"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Cause is the smallest change that turns denied flows into allowed ones: one edit for each
// direction that denies them, or two where one rule has two slips.
type Cause struct {
	// Flow is the flow that the search started from.
	Flow  policy.Flow
	Edits []Edit
	// After is the decision for Flow once the edits are made.
	After policy.Decision
}

// Search finds the causes of denied flows in a world. It takes a flow that no cause turns yet, looks
// for the nearest edit in each direction that denies it, and goes on with those edits made until
// all are turned or nothing helps. A Service that leads them to a port where nothing is declared to listen
// comes first of all, since no policy is wrong then. Flows for which something that is written can be mended come
// first: what is added for the others would cover them, too. A flow that no edit can turn has a
// Cause without edits. It returns the world with all edits made. No edit closes a flow that the world
// keeps, or one of the denied flows that an edit before it has turned.
func Search(w World, denied []policy.Decision) ([]Cause, World) {
	denied = bounded(denied)
	w = w.Keep(flowsOf(denied))
	var causes []Cause
	accept := func(cause Cause, after World) {
		causes, w = append(causes, cause), after
	}
	for _, d := range denied {
		if len(causes) == maxCauses || allTurned(w, []policy.Decision{d}) {
			continue
		}
		if e, ok := misled(w, denied, d); ok {
			after, _ := w.Make([]Edit{e})
			accept(Cause{Flow: d.Flow, Edits: []Edit{e}, After: after.Evaluate(d.Flow)}, after)
		}
	}
	for _, d := range denied[:min(len(denied), maxLeads)] {
		if allTurned(w, []policy.Decision{d}) {
			continue
		}
		if cause, after := searchFor(w, leading(w, denied, d)); len(causes) < maxCauses && cause.mends() {
			accept(cause, after)
		}
	}
	for _, d := range denied {
		if len(causes) < maxCauses && !allTurned(w, []policy.Decision{d}) {
			accept(searchFor(w, leading(w, denied, d)))
		}
	}
	return causes, w
}

func flowsOf(decisions []policy.Decision) []policy.Flow {
	var out []policy.Flow
	for _, d := range decisions {
		out = append(out, d.Flow)
	}
	return out
}

// leading returns the denied flows that are not turned yet, one of them in front.
func leading(w World, denied []policy.Decision, lead policy.Decision) []policy.Decision {
	out := []policy.Decision{lead}
	for _, d := range denied {
		if d.Flow != lead.Flow && !allTurned(w, []policy.Decision{d}) {
			out = append(out, d)
		}
	}
	return out
}

// mends tells whether a cause is about what is written, not about what is missing.
func (c Cause) mends() bool {
	return len(c.Edits) > 0 && !slices.ContainsFunc(c.Edits, func(e Edit) bool { return slices.Contains(Additions, e.Kind) })
}

// Bounds of a search: how many different causes it finds, and for how many flows it looks for a slip.
const (
	maxCauses = 5
	maxLeads  = 12
	// maxDenied bounds how many flows are looked at: a range may hold every pod of a cluster. The parts
	// of a range that are outside are not among them, as a rule that leaves some out would not do.
	maxDenied = 64
)

// bounded leaves out flows beyond maxDenied.
func bounded(denied []policy.Decision) []policy.Decision {
	var out []policy.Decision
	inside := 0
	for _, d := range denied {
		if d.Flow.Source.Outside == nil && d.Flow.Destination.Outside == nil {
			if inside++; inside > maxDenied {
				continue
			}
		}
		out = append(out, d)
	}
	return out
}

// searchFor finds the cause of the first decision, and the world with its edits made.
func searchFor(w World, denied []policy.Decision) (Cause, World) {
	lead := w.Evaluate(denied[0].Flow)
	cause := Cause{Flow: denied[0].Flow, After: lead}
	after := w
	for _, dir := range []policy.Direction{policy.Egress, policy.Ingress} {
		if side(lead, dir).Verdict != policy.Denied {
			continue
		}
		best, ok := turning(after, dir, denied)
		if !ok {
			return Cause{Flow: denied[0].Flow, After: lead}, w
		}
		if len(cause.Edits) > 0 && cause.Edits[0].unprompted() {
			forgetJobs(best.edits)
		}
		cause.Edits = append(cause.Edits, best.edits...)
		after = best.after
	}
	cause.After = after.Evaluate(denied[0].Flow)
	return cause, after
}

func side(d policy.Decision, dir policy.Direction) policy.DirectionDecision {
	if dir == policy.Egress {
		return d.Egress
	}
	return d.Ingress
}

// proposal is one edit, or two of one rule that only together turn something.
type proposal struct {
	edits []Edit
	// distance says how far the edits are from what is written.
	distance int
	after    World
}

// alone is a proposal of each of some edits.
func alone(edits []Edit) []proposal {
	var out []proposal
	for _, e := range edits {
		out = append(out, proposal{edits: []Edit{e}, distance: e.Distance})
	}
	return out
}

// shortfall is added to the distance of a proposal that turns only some of the denied flows.
const shortfall = 15

// turning returns the nearest proposal that really turns the first decision in a direction. They
// are tried nearest first, until those that are left are further than the best that was found.
func turning(w World, dir policy.Direction, denied []policy.Decision) (best proposal, ok bool) {
	lead := w.Evaluate(denied[0].Flow)
	p := proposer{set: w.set, dir: dir, flow: lead.Flow, decision: side(lead, dir)}
	for _, d := range denied {
		if now := w.Evaluate(d.Flow); side(now, dir).Verdict == policy.Denied {
			p.flows = append(p.flows, now.Flow)
		}
	}
	proposals := p.propose()
	slices.SortStableFunc(proposals, func(a, b proposal) int {
		x, y := a.edits[0], b.edits[0]
		return cmp.Or(cmp.Compare(a.distance, b.distance), x.Object.Compare(y.Object), cmp.Compare(x.Path, y.Path))
	})
	for _, c := range proposals {
		if ok && c.distance >= best.distance {
			break
		}
		after, made := w.Make(c.edits)
		turns := func(f policy.Flow) bool { return turned(side(after.Evaluate(f), dir)) }
		if !made || !turns(p.flow) || p.cutsOff(after, c.edits[0]) {
			continue
		}
		if slices.ContainsFunc(p.flows, func(f policy.Flow) bool { return !turns(f) }) {
			c.distance += shortfall
		}
		if c.after = after; (!ok || c.distance < best.distance) && !w.closes(after) {
			best, ok = c, true
		}
	}
	return best, ok
}

// cutsOff tells whether an edit lets a policy select pods that it does not select today, and
// isolates pods thereby that are open.
func (p proposer) cutsOff(after World, e Edit) bool {
	if e.Kind != PolicyMoved && e.Kind != UnlistedType && !strings.HasPrefix(e.Path, "spec.podSelector") {
		return false
	}
	edited := find(after.set, e.Object)
	pods, _ := after.set.Selected(edited)
	return slices.ContainsFunc(edited.Spec.PolicyTypes, func(direction networkingv1.PolicyType) bool {
		isolated := p.isolated(edited.Namespace, direction)
		return slices.ContainsFunc(pods, func(pod *cluster.Pod) bool { return !isolated[pod] })
	})
}

// allTurned tells whether NetworkPolicies allow flows in a world.
func allTurned(w World, denied []policy.Decision) bool {
	return !slices.ContainsFunc(denied, func(d policy.Decision) bool {
		now := w.Evaluate(d.Flow)
		return !turned(now.Egress) || !turned(now.Ingress)
	})
}

// turned tells whether NetworkPolicies allow what they denied, as far as it is theirs to say: other
// layers may still deny it, and a mesh may carry it on a port of its own.
func turned(d policy.DirectionDecision) bool {
	elsewhere := []policy.FactKind{policy.OtherLayer, policy.LayerUnread, policy.MeshTunnel}
	return d.Verdict == policy.Allowed || d.Verdict == policy.Unknown && len(d.Facts) > 0 && !slices.ContainsFunc(d.Facts, func(f policy.Fact) bool {
		return !slices.Contains(elsewhere, f.Kind)
	})
}
