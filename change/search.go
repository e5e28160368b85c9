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
	// Flow is the flow that the search started from, Turned how many of the denied flows the
	// edits turn, itself included.
	Flow   policy.Flow
	Turned int
	Edits  []Edit
	// After is the decision for Flow once the edits are made.
	After policy.Decision
}

// Search finds the causes of denied flows. It takes the first flow that no cause turns yet, looks
// for the nearest edit in each direction that denies it, and goes on until all are turned or
// nothing helps. A flow that no edit can turn has a Cause without edits.
func Search(set *policy.Set, denied []policy.Decision) []Cause {
	var causes []Cause
	left := slices.Clone(denied)
	for len(left) > 0 && len(causes) < maxCauses {
		cause, after := searchFor(set, left)
		settled := func(d policy.Decision) bool {
			if d.Flow == cause.Flow || len(cause.Edits) == 0 {
				return d.Flow == cause.Flow
			}
			now := after.evaluate(d.Flow)
			return turned(now.Egress) && turned(now.Ingress)
		}
		before := len(left)
		left = slices.DeleteFunc(left, settled)
		cause.Turned = before - len(left)
		causes = append(causes, cause)
	}
	return causes
}

// maxCauses bounds how many different causes one question is searched for.
const maxCauses = 5

// searchFor finds the cause of the first decision, and the cluster with its edits made.
func searchFor(set *policy.Set, denied []policy.Decision) (Cause, world) {
	lead := denied[0]
	cause := Cause{Flow: lead.Flow, After: lead}
	after := world{set: set}
	for _, dir := range []policy.Direction{policy.Egress, policy.Ingress} {
		if side(lead, dir).Verdict != policy.Denied {
			continue
		}
		best, ok := turning(after, dir, denied)
		if !ok {
			return Cause{Flow: lead.Flow, After: lead}, world{set: set}
		}
		cause.Edits = append(cause.Edits, best.edits...)
		after = best.after
	}
	cause.After = after.evaluate(lead.Flow)
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
	after    world
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
func turning(w world, dir policy.Direction, denied []policy.Decision) (best proposal, ok bool) {
	lead := w.evaluate(denied[0].Flow)
	p := proposer{set: w.set, dir: dir, flow: w.flow(lead.Flow), decision: side(lead, dir)}
	for _, d := range denied {
		if side(d, dir).Verdict == policy.Denied {
			p.flows = append(p.flows, w.flow(d.Flow))
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
		after, made := w.make(c.edits)
		turns := func(f policy.Flow) bool { return turned(side(after.evaluate(f), dir)) }
		if !made || !turns(denied[0].Flow) || p.cutsOff(after, c.edits[0]) {
			continue
		}
		if slices.ContainsFunc(p.flows, func(f policy.Flow) bool { return !turns(f) }) {
			c.distance += shortfall
		}
		if c.after = after; !ok || c.distance < best.distance {
			best, ok = c, true
		}
	}
	return best, ok
}

// cutsOff tells whether an edit lets a policy select pods that it does not select today, and
// isolates pods thereby that are open.
func (p proposer) cutsOff(after world, e Edit) bool {
	if e.Kind != PolicyMoved && !strings.HasPrefix(e.Path, "spec.podSelector") {
		return false
	}
	edited := find(after.set, e.Object)
	pods, _ := after.set.Selected(edited)
	return slices.ContainsFunc(edited.Spec.PolicyTypes, func(direction networkingv1.PolicyType) bool {
		isolated := p.isolated(edited.Namespace, direction)
		return slices.ContainsFunc(pods, func(pod *cluster.Pod) bool { return !isolated[pod] })
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
