package change

import (
	"maps"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// ServiceSelector is the edit of one label that a Service selects by.
const ServiceSelector Kind = "ServiceSelector"

// NearSelector finds the workload, or the pod without one, that the selector of a Service misses by a
// slip in one value, and the edit that mends it. Where several are near, or with the edit the Service
// would select others as well, there is none: nobody can tell which was meant.
func NearSelector(s *cluster.Snapshot, v *cluster.Service) (owner cluster.Ref, edit Edit, ok bool) {
	for _, p := range s.Subjects(v.Namespace) {
		k, near := slipIn(v.Selector, p.Labels.Known)
		if !near {
			continue
		}
		ref := ownerOf(s, p)
		if ok && (ref != owner || edit.To != p.Labels.Known[k]) {
			return cluster.Ref{}, Edit{}, false
		}
		owner, ok = ref, true
		to := p.Labels.Known[k]
		edit = Edit{
			Kind: ServiceSelector, Object: v.Ref(), Origin: v.Origin, Path: "spec.selector[" + k + "]", From: v.Selector[k], To: to,
			Patch: []Operation{{Op: "replace", Path: key("/spec/selector", k), Value: to}},
		}
		mended := *v
		mended.Selector = maps.Clone(v.Selector)
		mended.Selector[k] = to
		if slices.ContainsFunc(s.SelectedBy(&mended), func(o *cluster.Pod) bool { return ownerOf(s, o) != owner }) {
			return cluster.Ref{}, Edit{}, false
		}
	}
	return owner, edit, ok
}

// slipIn returns the one key of a selector whose value is nearly that of a label, where all others
// match.
func slipIn(selector, labels map[string]string) (k string, near bool) {
	for want, value := range selector {
		switch has := labels[want]; {
		case has == value:
		case near || !spelling.Near(value, has):
			return "", false
		default:
			k, near = want, true
		}
	}
	return k, near
}

func ownerOf(s *cluster.Snapshot, p *cluster.Pod) cluster.Ref {
	if w := s.WorkloadOf(p); w != nil {
		return w.Ref
	}
	return p.Ref()
}
