package change

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// SubjectAll is the policy's podSelector made empty, so that it selects every pod of its namespace.
const SubjectAll Kind = "SubjectAll"

// SearchDNS finds the causes of denied lookups of one group of pods, as Search does. Where other
// workloads of the namespace are cut off from DNS, too, what is missing is missing for all of
// them: the one policy for DNS that does not select the group is widened to the whole namespace.
// Where there is no such policy, and namespace is set, one is added for the whole namespace: for a
// question about all of it, and servers that all of it asks.
//
// Edits that are made already, and turn lookups too, are not counted: a lookup that is denied
// always has a cause.
func SearchDNS(w World, denied []policy.Decision, namespace bool) ([]Cause, World) {
	if len(denied) == 0 {
		return nil, w
	}
	if allTurned(w, denied) {
		causes, _ := SearchDNS(Start(w.base).Keep(w.kept), denied, namespace)
		return causes, w
	}
	set := w.set
	e, edited, ok := forNamespace(w, denied, namespace)
	if !ok {
		return Search(w, denied)
	}
	after := w
	after.set, after.edits = set.With(edited), append(slices.Clip(w.edits), e)
	cause := Cause{Flow: denied[0].Flow, Edits: []Edit{e}, After: after.Evaluate(denied[0].Flow)}
	var left []policy.Decision
	for _, d := range denied {
		if now := after.Evaluate(d.Flow); now.Verdict == policy.Denied {
			left = append(left, now)
		}
	}
	others, after := Search(after, left)
	return append([]Cause{cause}, others...), after
}

// forNamespace returns the edit that gives DNS to a whole namespace, if that is the natural one:
// it helps several workloads and cuts nobody off.
func forNamespace(w World, denied []policy.Decision, namespace bool) (Edit, *cluster.Policy, bool) {
	set, lead := w.set, w.Evaluate(denied[0].Flow)
	if lead.Egress.Verdict != policy.Denied || lead.Flow.Source.Pod == nil {
		return Edit{}, nil, false
	}
	var e Edit
	var np *cluster.Policy
	switch near := MeantForDNS(set, lead); {
	case len(near) == 1:
		np = near[0].Policy
		e = widen(np)
	case len(near) == 0 && namespace:
		var ok bool
		if e, ok = allowDNS(w, denied); !ok {
			return Edit{}, nil, false
		}
	default:
		return Edit{}, nil, false // several policies for DNS: each is for its own pods
	}
	edited, err := e.Apply(np)
	if err != nil {
		return Edit{}, nil, false
	}
	after := set.With(edited)
	helps := turned(after.Evaluate(lead.Flow).Egress) && helpsSeveral(set, after, lead.Flow)
	if !helps || cutsOffAny(set, after, edited) {
		return Edit{}, nil, false
	}
	widened := w
	widened.set = after
	return e, edited, !w.closes(widened)
}

// cutsOffAny tells whether a policy isolates pods that are open without it, or may.
func cutsOffAny(set, after *policy.Set, edited *cluster.Policy) bool {
	pods, complete := after.Selected(edited)
	return !complete || slices.ContainsFunc(edited.Spec.PolicyTypes, func(direction networkingv1.PolicyType) bool {
		if slices.ContainsFunc(set.Policies(edited.Namespace), func(np *cluster.Policy) bool { return isolatesAll(np, direction) }) {
			return false
		}
		isolated := proposer{set: set}.isolated(edited.Namespace, direction)
		return slices.ContainsFunc(pods, func(pod *cluster.Pod) bool { return !isolated[pod] })
	})
}

// isolatesAll tells whether a policy isolates every pod of its namespace in a direction.
func isolatesAll(np *cluster.Policy, direction networkingv1.PolicyType) bool {
	s := np.Spec.PodSelector
	return len(s.MatchLabels)+len(s.MatchExpressions) == 0 && slices.Contains(np.Spec.PolicyTypes, direction)
}

// MeantForDNS returns the policies that are for DNS and nothing else and would let the pod of a
// denied lookup out, if only they selected it.
func MeantForDNS(set *policy.Set, denied policy.Decision) []policy.PolicyTrace {
	var out []policy.PolicyTrace
	for _, t := range denied.Egress.Trace {
		if t.Selects != policy.No || t.Mismatch == nil || !forDNS(t.Policy) {
			continue
		}
		e := widen(t.Policy)
		if edited, err := e.Apply(t.Policy); err == nil && turned(set.With(edited).Evaluate(denied.Flow).Egress) {
			out = append(out, t)
		}
	}
	return out
}

// Dead returns the policies that select no pod at all and would let a denied flow through in a
// direction, if only they selected its subject.
func Dead(set *policy.Set, denied policy.Decision, dir policy.Direction) []policy.PolicyTrace {
	d := side(denied, dir)
	if d.Verdict != policy.Denied {
		return nil
	}
	var out []policy.PolicyTrace
	for _, t := range d.Trace {
		if t.Selects != policy.No || t.Mismatch == nil {
			continue
		}
		if pods, complete := set.Selected(t.Policy); len(pods) > 0 || !complete {
			continue
		}
		e := widen(t.Policy)
		if edited, err := e.Apply(t.Policy); err == nil && turned(side(set.With(edited).Evaluate(denied.Flow), dir)) {
			out = append(out, t)
		}
	}
	return out
}

// forDNS tells whether every rule of a policy is for DNS.
func forDNS(np *cluster.Policy) bool {
	other := func(r networkingv1.NetworkPolicyEgressRule) bool { return !OnlyDNS(r.Ports) }
	return len(np.Spec.Ingress) == 0 && len(np.Spec.Egress) > 0 && !slices.ContainsFunc(np.Spec.Egress, other)
}

func widen(np *cluster.Policy) Edit {
	return Edit{
		Kind:      SubjectAll,
		Object:    np.Ref(),
		Origin:    np.Origin,
		Path:      "spec.podSelector",
		From:      np.Spec.PodSelector,
		To:        metav1.LabelSelector{},
		Patch:     []Operation{{Op: "replace", Path: "/spec/podSelector", Value: metav1.LabelSelector{}}},
		Direction: policy.Egress,
		Rule:      policy.RuleRef{Policy: np, Direction: policy.Egress, Rule: -1, Peer: -1, Port: -1},
	}
}

// allowDNS proposes a policy that lets every pod of a namespace ask the DNS server, where a rule
// is what the pods of the denied lookups lack.
func allowDNS(w World, denied []policy.Decision) (Edit, bool) {
	causes, _ := Search(w, denied)
	missing := causes[0].Edits
	if len(missing) == 0 {
		return Edit{}, false
	}
	rule, ok := missing[0].To.(networkingv1.NetworkPolicyEgressRule)
	if m := missing[0].Manifest; m != nil && len(m.Spec.Egress) == 1 {
		rule, ok = m.Spec.Egress[0], true
	}
	if !ok || len(rule.Ports) < 2 {
		return Edit{}, false // what lacks only one of UDP and TCP has a rule to add it to
	}
	namespace := denied[0].Flow.Source.Pod.Namespace
	np := &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: proposer{set: w.set}.freeName(namespace, "allow-dns")},
		Spec: networkingv1.NetworkPolicySpec{
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			Egress:      []networkingv1.NetworkPolicyEgressRule{rule},
		},
	}
	return Edit{
		Kind:      AddedPolicy,
		Object:    cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: namespace, Name: np.Name},
		Path:      "spec.egress",
		Manifest:  np,
		Direction: policy.Egress,
	}, true
}

// helpsSeveral tells whether a change lets pods of more than one workload of a namespace send what
// one of them was denied.
func helpsSeveral(set, after *policy.Set, flow policy.Flow) bool {
	owner := func(pod *cluster.Pod) cluster.Ref {
		if w := set.Snapshot().WorkloadOf(pod); w != nil {
			return w.Ref
		}
		return pod.Ref()
	}
	mine := owner(flow.Source.Pod)
	return slices.ContainsFunc(set.Snapshot().Subjects(flow.Source.Pod.Namespace), func(pod *cluster.Pod) bool {
		if owner(pod) == mine {
			return false
		}
		flow.Source = policy.PodEnd(pod)
		return set.Evaluate(flow).Egress.Verdict == policy.Denied && turned(after.Evaluate(flow).Egress)
	})
}
