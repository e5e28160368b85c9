package change

import (
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// relabelEdits proposes to give the other end a label that a peer wants and that nothing carries:
// one that a namespace or a client has to ask for access with.
func (p proposer) relabelEdits(clause policy.Clause) []Edit {
	m := clause.Mismatch
	_, peer := p.ends()
	if m.Reason != policy.LabelMismatch || m.Operator != "In" || m.Present || m.Truth != policy.No || p.excludes(m.Key) {
		return nil
	}
	if strings.HasPrefix(m.Field, "namespaceSelector") {
		return p.labelNamespace(clause, peer.Pod)
	}
	return p.labelPods(clause, peer.Pod)
}

// excludes tells whether some selector matches objects that do not have a label: to add it would
// take something away.
func (p proposer) excludes(key string) bool {
	excluding := func(s *metav1.LabelSelector) bool {
		return s != nil && slices.ContainsFunc(s.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool {
			return r.Key == key && (r.Operator == metav1.LabelSelectorOpNotIn || r.Operator == metav1.LabelSelectorOpDoesNotExist)
		})
	}
	return p.anySelector(excluding)
}

// anySelector tells whether some selector of some policy is as is asked for.
func (p proposer) anySelector(is func(*metav1.LabelSelector) bool) bool {
	inPeers := func(peers []networkingv1.NetworkPolicyPeer) bool {
		return slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool {
			return is(peer.NamespaceSelector) || is(peer.PodSelector)
		})
	}
	return slices.ContainsFunc(p.set.Snapshot().Policies, func(np *cluster.Policy) bool {
		return is(&np.Spec.PodSelector) ||
			slices.ContainsFunc(np.Spec.Egress, func(r networkingv1.NetworkPolicyEgressRule) bool { return inPeers(r.To) }) ||
			slices.ContainsFunc(np.Spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) bool { return inPeers(r.From) })
	})
}

// labelNamespace proposes a label for the namespace of a pod. That no namespace has it is not
// enough: the label must speak of the namespace, or the peer of the pod.
func (p proposer) labelNamespace(clause policy.Clause, pod *cluster.Pod) []Edit {
	m := clause.Mismatch
	n := p.set.Snapshot().Namespace(pod.Namespace)
	named := strings.Contains(m.Key, n.Name) || slices.ContainsFunc(m.Want, func(v string) bool { return strings.Contains(v, n.Name) || strings.Contains(n.Name, v) })
	podSelector := PeersOf(clause.Ref)[clause.Ref.Peer].PodSelector
	if n.Labels.Open != cluster.Closed || p.meansNamespace(clause.Ref) || !named && (podSelector == nil || empty(podSelector)) {
		return nil
	}
	// A namespace of a cluster always has labels to add to: its name is one.
	return []Edit{p.label(NamespaceLabelAdded, cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: n.Name}, n.Origin, clause, "metadata")}
}

// optIn are values of labels that say no more than that access is asked for.
var optIn = []string{"true", "yes", "allow", "allowed", "enabled", "1"}

// labelPods proposes a label for the pods of the workload at the other end, or for a pod that has
// none. It must not make the pods of anybody who does not have them today.
func (p proposer) labelPods(clause policy.Clause, pod *cluster.Pod) []Edit {
	m := clause.Mismatch
	if !slices.Contains(optIn, m.Want[0]) || pod.Labels.Open == cluster.AllKeys {
		return nil
	}
	s := p.set.Snapshot()
	w := s.WorkloadOf(pod)
	switch {
	case w == nil && pod.Owner.Kind != "":
		return nil // what owns it was not read
	case w == nil:
		if p.captured(pod, nil, m) {
			return nil
		}
		return []Edit{p.label(PodLabelAdded, pod.Ref(), pod.Origin, clause, "metadata")}
	case w.Kind == "Job" || w.Kind == "CronJob" || len(w.Template.Labels.Known) == 0 || p.captured(w.Template, w, m):
		return nil // the template of a Job cannot be changed
	}
	return []Edit{p.label(PodLabelAdded, w.Ref, w.Origin, clause, "spec.template.metadata")}
}

func (p proposer) label(kind Kind, object cluster.Ref, origin cluster.Origin, clause policy.Clause, base string) Edit {
	m := clause.Mismatch
	e := Edit{Kind: kind, Object: object, Origin: origin, Direction: p.dir, Rule: clause.Ref, Clause: m, Path: base + ".labels[" + m.Key + "]", To: m.Want[0], Distance: addedLabel}
	e.Patch = []Operation{{Op: "add", Path: key(pointer(base+".labels"), m.Key), Value: m.Want[0]}}
	e.Cautions = []Caution{{Kind: OtherRules, Rule: clause.Ref}}
	return e
}

// captured tells whether a label would let a Service, another workload or a policy select pods that
// it does not select today.
func (p proposer) captured(pod *cluster.Pod, own *cluster.Workload, m *policy.Mismatch) bool {
	s := p.set.Snapshot()
	with := labelled(pod, m)
	gains := func(labels map[string]string) bool { return labels[m.Key] == m.Want[0] && carries(with, labels) }
	return slices.ContainsFunc(s.Services, func(v *cluster.Service) bool { return v.Namespace == pod.Namespace && gains(v.Selector) }) ||
		slices.ContainsFunc(s.WorkloadsIn(pod.Namespace), func(w *cluster.Workload) bool {
			return w != own && w.Selector != nil && gains(w.Selector.MatchLabels)
		}) ||
		slices.ContainsFunc(p.set.Policies(pod.Namespace), func(np *cluster.Policy) bool {
			_, named := np.Spec.PodSelector.MatchLabels[m.Key]
			return named || slices.ContainsFunc(np.Spec.PodSelector.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool { return r.Key == m.Key })
		})
}

// labelled returns a pod with the label that a clause wants.
func labelled(pod *cluster.Pod, m *policy.Mismatch) *cluster.Pod {
	next := *pod
	next.Labels.Known = maps.Clone(pod.Labels.Known)
	if next.Labels.Known == nil {
		next.Labels.Known = map[string]string{}
	}
	next.Labels.Known[m.Key] = m.Want[0]
	return &next
}

// relabelNamespace gives a namespace the label of an edit.
func (w World) relabelNamespace(e Edit) World {
	n := *w.set.Snapshot().Namespace(e.Object.Name)
	n.Labels.Known = maps.Clone(n.Labels.Known)
	n.Labels.Known[e.Clause.Key] = e.Clause.Want[0]
	w.set = w.set.Over(Overlay(w.set.Snapshot(), &cluster.Snapshot{Namespaces: []*cluster.Namespace{&n}}))
	return w
}

// relabelPods gives the pods of a workload, or a pod alone, the label of an edit.
func (w World) relabelPods(e Edit) World {
	before := w.set.Snapshot()
	was := map[*cluster.Pod]bool{}
	with := &cluster.Snapshot{}
	if workload := before.Workload(e.Object.Kind, e.Object.Namespace, e.Object.Name); workload != nil {
		next := *workload
		next.Template = labelled(workload.Template, e.Clause)
		with.Workloads = []*cluster.Workload{&next}
		for _, pod := range before.PodsOf(workload) {
			was[pod] = true
		}
		was[workload.Template] = true
	} else {
		pod := before.Pod(e.Object.Namespace, e.Object.Name)
		with.Pods = []*cluster.Pod{labelled(pod, e.Clause)}
		was[pod] = true
	}
	after := Overlay(before, with)
	now := maps.Clone(w.now)
	if now == nil {
		now = map[*cluster.Pod]*cluster.Pod{}
	}
	for pod := range was {
		if pod.Template {
			now[pod] = after.Workload(e.Object.Kind, e.Object.Namespace, e.Object.Name).Template
			continue
		}
		now[pod] = after.Pod(pod.Namespace, pod.Name)
	}
	w.set, w.now = w.set.Over(after), now
	return w
}
