package change

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// This file tells which flows the edits of a World can have changed, so that only these have to be
// compared, and whether they could all be seen.

// Before returns the policies as they were, over the cluster as it was.
func (w World) Before() *policy.Set { return w.base }

// After returns the policies as the edits leave them, over the cluster as they leave it.
func (w World) After() *policy.Set { return w.set }

// Edits are those that were made, in order.
func (w World) Edits() []Edit { return slices.Clip(w.edits) }

// Same tells whether two edits change the same in the same way.
func (e Edit) Same(o Edit) bool {
	return e.Kind == o.Kind && e.Object == o.Object && e.Path == o.Path &&
		equality.Semantic.DeepEqual(e.Patch, o.Patch) && equality.Semantic.DeepEqual(e.Manifest, o.Manifest)
}

// touched is a policy as it was and as it is; before is nil where it was added.
type touched struct{ before, after *cluster.Policy }

// policies are those that edits changed.
func (w World) policies() []touched {
	var out []touched
	for _, e := range w.edits {
		if e.labels() || e.Kind == TargetPort {
			continue
		}
		t := touched{find(w.base, e.Object), find(w.set, e.Object)}
		if t.after != nil && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// labels tells whether an edit is of the labels of a pod or a namespace.
func (e Edit) labels() bool { return e.Kind == NamespaceLabelAdded || e.Kind == PodLabelAdded }

func (w World) relabelled() bool { return slices.ContainsFunc(w.edits, Edit.labels) }

// Touches tells of pods, as they were or as they are, whether flows that begin or end there can be
// judged otherwise than before the edits. Between others nothing has changed: what policies say of a
// pod is said by those that select it, to the pod at the other end by its labels and its namespace's.
func (w World) Touches() func(*cluster.Pod) bool {
	policies := w.policies()
	namespaces, pods := map[string]bool{}, map[cluster.Ref]bool{}
	for _, e := range w.edits {
		if e.Kind == NamespaceLabelAdded {
			namespaces[e.Object.Name] = true
		}
	}
	for was, is := range w.now {
		pods[was.Ref()], pods[is.Ref()] = true, true
	}
	everything := w.relabelled() && w.set.NamesHangOnOthers()
	return func(p *cluster.Pod) bool {
		return everything || namespaces[p.Namespace] || pods[p.Ref()] || slices.ContainsFunc(policies, func(t touched) bool {
			return t.before != nil && w.base.MaySelect(t.before, p) || w.set.MaySelect(t.after, p)
		})
	}
}

// Reaches tells whether the edits may have opened flows from or to pods of a namespace, whichever these are.
func (w World) Reaches(namespace string) bool {
	return w.reaches(namespace, func(set *policy.Set, ref policy.RuleRef) bool { return set.Reaches(ref, namespace) })
}

// ReachesUnlisted tells the same of namespaces of which it is not known that they are there.
func (w World) ReachesUnlisted() bool {
	return w.reaches("", (*policy.Set).ReachesUnlisted)
}

func (w World) reaches(namespace string, rule func(*policy.Set, policy.RuleRef) bool) bool {
	if w.relabelled() {
		return true // any policy may select by a label
	}
	return slices.ContainsFunc(w.policies(), func(t touched) bool {
		if t.after.Namespace == namespace {
			return true // its subjects
		}
		if t.before != nil && (!equality.Semantic.DeepEqual(t.before.Spec.PodSelector, t.after.Spec.PodSelector) || !equality.Semantic.DeepEqual(t.before.Spec.PolicyTypes, t.after.Spec.PolicyTypes)) {
			return true // pods that it no longer isolates are open to everybody
		}
		return slices.ContainsFunc(rulesApart(t.before, t.after), func(ref policy.RuleRef) bool { return rule(w.base, ref) }) ||
			slices.ContainsFunc(rulesApart(t.after, t.before), func(ref policy.RuleRef) bool { return rule(w.set, ref) })
	})
}

// rulesApart returns the rules of a policy that another does not have; none of nil.
func rulesApart(np, other *cluster.Policy) []policy.RuleRef {
	var out []policy.RuleRef
	if np == nil {
		return nil
	}
	add := func(d policy.Direction, index int) {
		out = append(out, policy.RuleRef{Policy: np, Direction: d, Rule: index, Peer: -1, Port: -1})
	}
	for i, r := range np.Spec.Egress {
		if other == nil || !slices.ContainsFunc(other.Spec.Egress, func(o networkingv1.NetworkPolicyEgressRule) bool { return equality.Semantic.DeepEqual(r, o) }) {
			add(policy.Egress, i)
		}
	}
	for i, r := range np.Spec.Ingress {
		if other == nil || !slices.ContainsFunc(other.Spec.Ingress, func(o networkingv1.NetworkPolicyIngressRule) bool { return equality.Semantic.DeepEqual(r, o) }) {
			add(policy.Ingress, i)
		}
	}
	return out
}
