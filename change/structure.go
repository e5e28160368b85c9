package change

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// splitEdits proposes to make two peers of one that has both selectors, as with one dash more. One
// that selects nothing while each of its halves does was hardly meant as "and".
// Source: concept page "Network Policies", behavior of to and from selectors.
func (p proposer) splitEdits(clause policy.Clause) []Edit {
	peer := PeersOf(clause.Ref)[clause.Ref.Peer]
	if peer.NamespaceSelector == nil || peer.PodSelector == nil || empty(peer.PodSelector) || empty(peer.NamespaceSelector) {
		return nil
	}
	if !p.meansNamespace(clause.Ref) || !p.selectsAny(clause.Ref.Policy.Namespace, peer.PodSelector) {
		return nil
	}
	list := clause.Ref
	list.Peer = -1
	e := p.base(PeerSplit, clause.Ref, clause.Ref.Path())
	e.From = networkingv1.NetworkPolicyPeer{NamespaceSelector: peer.NamespaceSelector, PodSelector: peer.PodSelector}
	e.To = []networkingv1.NetworkPolicyPeer{{NamespaceSelector: peer.NamespaceSelector}, {PodSelector: peer.PodSelector}}
	e.Patch = []Operation{
		{Op: "remove", Path: pointer(e.Path) + "/podSelector"},
		{Op: "add", Path: pointer(list.Path()) + "/" + peerField[p.dir] + "/-", Value: networkingv1.NetworkPolicyPeer{PodSelector: peer.PodSelector}},
	}
	e.Clause, e.Distance = clause.Mismatch, missingDash
	e.Cautions = []Caution{{Kind: WholeNamespace, Rule: clause.Ref}}
	return []Edit{e}
}

// peerField is what the list of peers of a rule is called.
var peerField = map[policy.Direction]string{policy.Egress: "to", policy.Ingress: "from"}

// PeersOf returns the peers of a rule.
func PeersOf(ref policy.RuleRef) []networkingv1.NetworkPolicyPeer {
	if ref.Direction == policy.Egress {
		return ref.Policy.Spec.Egress[ref.Rule].To
	}
	return ref.Policy.Spec.Ingress[ref.Rule].From
}

func empty(s *metav1.LabelSelector) bool { return len(s.MatchLabels)+len(s.MatchExpressions) == 0 }

// selectsAny tells whether a selector matches some pod of a namespace, or some template.
func (p proposer) selectsAny(namespace string, selector *metav1.LabelSelector) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false
	}
	for _, pod := range p.set.Snapshot().Subjects(namespace) {
		if s.Matches(labels.Set(pod.Labels.Known)) {
			return true
		}
	}
	return false
}

// listEdits proposes to list a direction that a policy has a rule for which would admit the flow.
// Source: networking/v1 NetworkPolicySpec.PolicyTypes.
func (p proposer) listEdits(t policy.PolicyTrace) []Edit {
	admits := func(r policy.RuleTrace) bool { return r.Ignored && r.Match == policy.Yes }
	if t.Selects != policy.Yes || !slices.ContainsFunc(t.Rules, admits) {
		return nil
	}
	e := p.base(UnlistedType, p.of(t.Policy), "spec.policyTypes")
	e.From, e.To = t.Policy.Spec.PolicyTypes, append(slices.Clone(t.Policy.Spec.PolicyTypes), typeOf[p.dir])
	e.Patch = []Operation{{Op: "add", Path: "/spec/policyTypes", Value: e.To}}
	e.Distance = unlistedType
	if wide := func(r policy.RuleTrace) bool { return len(r.Peers) == 0 }; len(t.Rules) > 1 || slices.ContainsFunc(t.Rules, wide) || !p.ownPolicy(t.Policy) {
		e.Cautions = []Caution{{Kind: AllItsRules, Rule: e.Rule}}
	}
	return []Edit{e}
}

// moves proposes to create a policy that selects nothing where it is in the namespace of the
// subject, whose labels are what it selects: it was perhaps applied without -n.
func (p proposer) moves() []Edit {
	subject, _ := p.ends()
	if subject.Pod == nil {
		return nil
	}
	var edits []Edit
	for _, n := range p.set.Snapshot().AllNamespaces() {
		if n.Name == subject.Pod.Namespace {
			continue
		}
		for _, np := range p.set.Policies(n.Name) {
			if p.strayed(np, subject.Pod) {
				edits = append(edits, p.move(np, subject.Pod.Namespace))
			}
		}
	}
	return edits
}

// strayed tells whether a policy has rules for the direction and selects a pod of another
// namespace by its labels, and no pod of its own.
func (p proposer) strayed(np *cluster.Policy, pod *cluster.Pod) bool {
	rules := len(np.Spec.Egress)
	if p.dir == policy.Ingress {
		rules = len(np.Spec.Ingress)
	}
	if rules == 0 || empty(&np.Spec.PodSelector) || !carries(pod, np.Spec.PodSelector.MatchLabels) {
		return false
	}
	if find(p.set, cluster.Ref{Namespace: pod.Namespace, Name: np.Name}) != nil {
		return false
	}
	s, err := metav1.LabelSelectorAsSelector(&np.Spec.PodSelector)
	if err != nil || !s.Matches(labels.Set(pod.Labels.Known)) {
		return false
	}
	pods, complete := p.set.Selected(np)
	return len(pods) == 0 && complete
}

func (p proposer) move(np *cluster.Policy, namespace string) Edit {
	moved := &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: np.Name, Labels: np.Labels},
		Spec:       *np.Spec.DeepCopy(),
	}
	e := p.base(PolicyMoved, p.of(np), "metadata.namespace")
	e.Object.Namespace = namespace
	e.From, e.To, e.Manifest, e.Distance = np.Namespace, namespace, moved, otherNamespace
	return e
}
