package flows

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// PolicyChange is what became of a policy from one world to the other.
type PolicyChange string

// What can become of a policy.
const (
	PolicyUnchanged PolicyChange = "unchanged"
	PolicyAdded     PolicyChange = "added"
	PolicyRemoved   PolicyChange = "removed"
	PolicyEdited    PolicyChange = "changed"
)

// CauseKind is a way in which a flow becomes another than it was.
type CauseKind string

// The kinds of causes. Each of the first three has its mirror.
const (
	RuleAdmits     CauseKind = "RuleAdmits"     // a rule admits the flow that did not
	NoLongerAdmits CauseKind = "NoLongerAdmits" // a rule does not admit it that did
	NotIsolated    CauseKind = "NotIsolated"    // a policy isolated the end, and none does now
	Isolates       CauseKind = "Isolates"       // a policy isolates the end, and none did
	EndAdded       CauseKind = "EndAdded"       // the end is new
	EndRemoved     CauseKind = "EndRemoved"     // the end is gone
	// AllowedBy and Open are no causes: what else lets an opened flow through, in a direction that did so
	// before or of an end that is new.
	AllowedBy CauseKind = "AllowedBy"
	Open      CauseKind = "Open" // no policy isolates the end
	// Relabelled: labels that policies select by are not the same, of a pod or a namespace.
	Relabelled CauseKind = "Relabelled"
	// NotKnown: what a verdict that is Unknown hangs on.
	NotKnown CauseKind = "NotKnown"
	// Elsewhere: nothing of the above is another than it was.
	Elsewhere CauseKind = "Elsewhere"
)

// Cause is one reason why a flow is another than it was.
type Cause struct {
	Kind      CauseKind
	Direction policy.Direction // 0 where it is about an end or about both
	// Policy is what admits or isolates, as it is, or as it was where that is over; Path is its rule.
	Policy *cluster.Policy
	Path   string
	// Change is what became of the policy.
	Change PolicyChange
	Object cluster.Ref // the end, or what has other labels
	Fact   policy.Fact // of NotKnown
}

// Compare orders causes: what changed first, then by direction and policy.
func (c Cause) Compare(o Cause) int {
	order := []CauseKind{EndAdded, EndRemoved, NotIsolated, Isolates, RuleAdmits, NoLongerAdmits, Relabelled, NotKnown, Elsewhere, AllowedBy, Open}
	name := func(c Cause) string {
		if c.Policy == nil {
			return ""
		}
		return c.Policy.Namespace + "/" + c.Policy.Name
	}
	return cmp.Or(
		cmp.Compare(slices.Index(order, c.Kind), slices.Index(order, o.Kind)), cmp.Compare(c.Direction, o.Direction),
		cmp.Compare(name(c), name(o)), cmp.Compare(c.Path, o.Path), c.Object.Compare(o.Object), c.Fact.Compare(o.Fact),
	)
}

// policyChanges tells of each policy, by namespace and name, what became of it.
func policyChanges(before, after *cluster.Snapshot) map[string]PolicyChange {
	out, was := map[string]PolicyChange{}, map[string]*cluster.Policy{}
	for _, p := range before.Policies {
		was[nameOf(p)] = p
		out[nameOf(p)] = PolicyRemoved
	}
	for _, p := range after.Policies {
		switch old := was[nameOf(p)]; {
		case old == nil:
			out[nameOf(p)] = PolicyAdded
		case old == p || equality.Semantic.DeepEqual(old.Spec, p.Spec):
			out[nameOf(p)] = PolicyUnchanged
		default:
			out[nameOf(p)] = PolicyEdited
		}
	}
	return out
}

func nameOf(p *cluster.Policy) string { return p.Namespace + "/" + p.Name }

// Policies returns the policies that are not the same in both worlds, by namespace and name.
func (w *Worlds) Policies() map[string]PolicyChange {
	out := map[string]PolicyChange{}
	for name, c := range w.policies {
		if c != PolicyUnchanged {
			out[name] = c
		}
	}
	return out
}

// Causes returns why a change is so, as flows that stand for it show, in order.
func (w *Worlds) Causes(c Change) []Cause {
	var out []Cause
	add := func(causes ...Cause) {
		for _, one := range causes {
			if !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
	}
	for _, e := range []struct {
		End
		in Presence
	}{{c.Source, c.SourceIn}, {c.Destination, c.DestinationIn}} {
		switch e.in {
		case OnlyAfter:
			add(Cause{Kind: EndAdded, Object: e.Ref})
		case OnlyBefore:
			add(Cause{Kind: EndRemoved, Object: e.Ref})
		}
	}
	ended := len(out) > 0
	for _, e := range w.examples(c) {
		if !ended && e.before != nil && e.after != nil {
			add(w.causesOf(*e.before, *e.after)...)
		}
		if e.after != nil && e.after.Verdict == policy.Allowed && rank(c.Before) < rank(c.After) {
			add(w.otherwise(e.before, *e.after)...)
		}
	}
	if c.Before == policy.Unknown && c.After == policy.Unknown {
		add(unknowns(w.openFacts(c))...)
	}
	explained := slices.ContainsFunc(out, func(c Cause) bool {
		return c.Kind != AllowedBy && c.Kind != Open && (c.Policy == nil || c.Change != PolicyUnchanged)
	})
	if !explained {
		add(Cause{Kind: Elsewhere})
	}
	slices.SortFunc(out, Cause.Compare)
	return out
}

// openFacts is what a change hangs on of which nothing is known, before and after: as it is of pods of
// its own ends, where there are some.
func (w *Worlds) openFacts(c Change) []policy.Fact {
	var out []policy.Fact
	for _, e := range w.examples(c) {
		for _, d := range []*policy.Decision{e.before, e.after} {
			if d != nil && d.Verdict == policy.Unknown {
				out = append(out, d.Facts...)
			}
		}
	}
	if len(out) == 0 {
		out = slices.Concat(c.FactsBefore, c.FactsAfter)
	}
	return out
}

func unknowns(facts []policy.Fact) []Cause {
	var out []Cause
	for _, f := range facts {
		out = append(out, Cause{Kind: NotKnown, Fact: f})
	}
	return out
}

// causesOf compares what two worlds say of one flow.
func (w *Worlds) causesOf(before, after policy.Decision) []Cause {
	var out []Cause
	for _, d := range []struct {
		before, after policy.DirectionDecision
		was, is       policy.Endpoint
	}{{before.Egress, after.Egress, before.Flow.Source, after.Flow.Source}, {before.Ingress, after.Ingress, before.Flow.Destination, after.Flow.Destination}} {
		switch {
		case rank(d.before.Verdict) < rank(d.after.Verdict):
			out = append(out, w.opening(d.before, d.after, RuleAdmits, NotIsolated)...)
		case rank(d.before.Verdict) > rank(d.after.Verdict):
			out = append(out, w.opening(d.after, d.before, NoLongerAdmits, Isolates)...)
		}
	}
	if len(out) == 0 && before.Verdict == after.Verdict {
		return nil
	}
	for _, d := range []policy.Decision{before, after} {
		if d.Verdict == policy.Unknown {
			out = append(out, unknowns(d.Facts)...)
		}
	}
	out = append(out, w.relabelled(before.Flow.Source, after.Flow.Source)...)
	return append(out, w.relabelled(before.Flow.Destination, after.Flow.Destination)...)
}

// opening tells why a direction lets a flow through in one world that it does not in another.
func (w *Worlds) opening(closed, open policy.DirectionDecision, admits, isolates CauseKind) []Cause {
	var out []Cause
	if open.Isolated != policy.Yes {
		policies := slices.Clone(closed.Isolating)
		for _, t := range closed.Trace {
			// On some plugins a policy isolates by rules of a direction that its policyTypes do not list.
			if t.Selects == policy.Yes && slices.ContainsFunc(t.Rules, func(r policy.RuleTrace) bool { return r.Ignored }) && len(closed.Isolating) == 0 {
				policies = append(policies, t.Policy)
			}
		}
		for _, p := range policies {
			out = append(out, Cause{Kind: isolates, Direction: open.Direction, Policy: p, Change: w.policies[nameOf(p)]})
		}
	}
	if open.Isolated == policy.No {
		return out // no rule was asked
	}
	for _, r := range open.Admitting {
		out = append(out, w.rule(admits, r))
	}
	return out
}

func (w *Worlds) rule(kind CauseKind, r policy.RuleRef) Cause {
	return Cause{Kind: kind, Direction: r.Direction, Policy: r.Policy, Path: r.Path(), Change: w.policies[nameOf(r.Policy)]}
}

// otherwise tells why the directions allow a flow that did so before. Of an end that was not there before,
// both directions are told.
func (w *Worlds) otherwise(before *policy.Decision, after policy.Decision) []Cause {
	var out []Cause
	for _, d := range []policy.Direction{policy.Egress, policy.Ingress} {
		was, is := policy.Denied, after.Egress
		if before != nil {
			was = before.Egress.Verdict
		}
		if d == policy.Ingress {
			if is = after.Ingress; before != nil {
				was = before.Ingress.Verdict
			}
		}
		if before != nil && was != policy.Allowed || is.Exempt != "" {
			continue
		}
		for _, r := range is.Admitting {
			out = append(out, w.rule(AllowedBy, r))
		}
		if is.Isolated == policy.No {
			out = append(out, Cause{Kind: Open, Direction: d})
		}
	}
	return out
}

// relabelled tells which labels of an end, or of its namespace, are not the same, of those that
// policies select by.
func (w *Worlds) relabelled(before, after policy.Endpoint) []Cause {
	if before.Pod == nil || after.Pod == nil {
		return nil
	}
	var out []Cause
	differ := func(a, b cluster.Labels) bool {
		for _, labels := range []cluster.Labels{a, b} {
			for key := range labels.Known {
				was, had := a.Known[key]
				is, has := b.Known[key]
				if (was != is || had != has) && !cluster.StampedByController(key) && (w.before.set.SelectsBy(key) || w.after.set.SelectsBy(key)) {
					return true
				}
			}
		}
		return a.Open != b.Open
	}
	if differ(before.Pod.Labels, after.Pod.Labels) {
		out = append(out, Cause{Kind: Relabelled, Object: after.Pod.Ref()})
	}
	namespace := after.Pod.Namespace
	if differ(w.before.set.Snapshot().Namespace(before.Pod.Namespace).Labels, w.after.set.Snapshot().Namespace(namespace).Labels) {
		out = append(out, Cause{Kind: Relabelled, Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: namespace}})
	}
	return out
}
