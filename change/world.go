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
}

// Start returns the world as it is.
func Start(set *policy.Set) World { return World{base: set, set: set} }

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
			edited, err := e.Apply(find(w.set, e.Object))
			if err != nil {
				return w, false
			}
			w.set = w.set.With(edited)
		}
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
