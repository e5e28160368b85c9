package change

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// World is a cluster and what its policies say, as edits leave it.
type World struct {
	base *policy.Set
	set  *policy.Set
	// now holds the pods that edits gave other labels.
	now map[*cluster.Pod]*cluster.Pod
	// retargeted are the ports of Services that lead elsewhere than they did.
	retargeted []retargeted
	// edits are those that were made, in order.
	edits []Edit
	// kept are flows, of the cluster as it was, that no edit may close.
	kept []policy.Flow
}

// Start returns the world as it is.
func Start(set *policy.Set) World { return World{base: set, set: set} }

// Keep returns the world with flows that a search must not close: those of the same question. Where
// policies deny them today, they count from the edit on that turns them.
func (w World) Keep(flows []policy.Flow) World {
	w.kept = append(slices.Clip(w.kept), flows...)
	return w
}

// closes tells whether a kept flow that policies allow in this world is no longer allowed in
// another, in either direction.
func (w World) closes(after World) bool {
	return slices.ContainsFunc(w.kept, func(f policy.Flow) bool {
		was, is := w.Evaluate(f), after.Evaluate(f)
		return turned(was.Egress) && !turned(is.Egress) || turned(was.Ingress) && !turned(is.Ingress)
	})
}

// flow is a flow of the cluster as it was, in the cluster as it is now.
func (w World) flow(f policy.Flow) policy.Flow {
	for _, e := range []*policy.Endpoint{&f.Source, &f.Destination} {
		if pod, ok := w.now[e.Pod]; ok && e.Pod != nil {
			e.Pod = pod
		}
	}
	for _, r := range w.retargeted {
		if r.through(f) {
			f.Arriving.Port = r.to
			break
		}
	}
	return f
}

// Evaluate judges a flow of the cluster as it was, now that the edits are made.
func (w World) Evaluate(f policy.Flow) policy.Decision { return w.set.Evaluate(w.flow(f)) }

// Make makes edits. It returns false when one of them cannot be made.
func (w World) Make(edits []Edit) (after World, made bool) {
	for _, e := range edits {
		switch e.Kind {
		case NamespaceLabelAdded:
			w = w.relabelNamespace(e)
		case PodLabelAdded:
			w = w.relabelPods(e)
		case TargetPort:
			w = w.retarget(e.target)
		default:
			np := find(w.set, e.Object)
			if np == nil && e.Manifest == nil {
				return w, false
			}
			edited, err := e.Apply(np)
			if err != nil {
				return w, false
			}
			w.set = w.set.With(edited)
		}
		w.edits = append(slices.Clip(w.edits), e)
	}
	return w, true
}

// find returns a policy, or nil.
func find(set *policy.Set, ref cluster.Ref) *cluster.Policy {
	policies := set.Policies(ref.Namespace)
	i := slices.IndexFunc(policies, func(np *cluster.Policy) bool { return np.Name == ref.Name })
	if i < 0 {
		return nil
	}
	return policies[i]
}
