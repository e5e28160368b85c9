package change

import (
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// carries tells whether a pod has all of some labels.
func carries(pod *cluster.Pod, labels map[string]string) bool {
	for k, v := range labels {
		if has, ok := pod.Labels.Known[k]; !ok || has != v {
			return false
		}
	}
	return true
}

// identity returns the labels by which a pod's workload tells its pods: the workload's selector,
// unless pods of another workload carry those, too; or everything on the pod that no controller
// stamped.
func identity(s *cluster.Snapshot, p *cluster.Pod) map[string]string {
	w := s.WorkloadOf(p)
	if w == nil || w.Selector == nil || len(w.Selector.MatchExpressions) > 0 {
		return unstamped(p.Labels.Known)
	}
	own := unstamped(w.Selector.MatchLabels)
	foreign := func(other *cluster.Pod) bool { return carries(other, own) && s.WorkloadOf(other) != w }
	if len(own) == 0 || slices.ContainsFunc(s.Subjects(p.Namespace), foreign) {
		return unstamped(p.Labels.Known)
	}
	return own
}

func unstamped(labels map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range labels {
		if !cluster.StampedByController(k) {
			out[k] = v
		}
	}
	return out
}

func nameFor(s *cluster.Snapshot, p *cluster.Pod) string {
	if w := s.WorkloadOf(p); w != nil {
		return w.Name
	}
	return p.Ref().Name
}

func (p proposer) peerName(e policy.Endpoint) string {
	switch {
	case e.Pod != nil:
		return nameFor(p.set.Snapshot(), e.Pod)
	case e.Node != nil:
		return "node-" + e.Node.Name
	case e.Outside.Prefix.IsValid() && e.Outside.Prefix.IsSingleIP():
		return strings.NewReplacer(".", "-", ":", "-").Replace(e.Outside.Prefix.Addr().String())
	}
	return "outside"
}
