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

// How far additions are from what is written: further than any slip.
const (
	addedPeer       = 36
	addedRule       = 40
	addedPolicy     = 42
	defaultedType   = 8  // nobody wrote that direction down
	unexplainedType = 50 // somebody may have meant it
)

// typeEdits proposes to take a direction off a policy that has rules for the other one only. Such
// a policy often isolates a direction that its author did not think of.
func (p proposer) typeEdits(t policy.PolicyTrace) []Edit {
	spec := t.Policy.Spec
	rules, others, other := len(spec.Ingress), len(spec.Egress), networkingv1.PolicyTypeEgress
	if p.dir == policy.Egress {
		rules, others, other = others, rules, networkingv1.PolicyTypeIngress
	}
	if rules > 0 || others == 0 || len(p.decision.Isolating) != 1 {
		return nil
	}
	e := p.base(PolicyTypes, p.of(t.Policy), "spec.policyTypes")
	e.From, e.To = spec.PolicyTypes, []networkingv1.PolicyType{other}
	e.Patch = []Operation{{Op: "add", Path: "/spec/policyTypes", Value: e.To}}
	e.Distance = unexplainedType
	if t.Policy.TypesDefaulted {
		e.Distance = defaultedType
	}
	e.Cautions = []Caution{{Kind: NotIsolated}}
	return []Edit{e}
}

// additions proposes one more peer, one more rule or one more policy that admits exactly the
// denied flows.
func (p proposer) additions() []Edit {
	subject, _ := p.ends()
	peers := p.peers()
	if len(peers) == 0 || subject.Pod == nil {
		return nil
	}
	ports := p.ports()
	_, peer := p.ends()
	from := p.peerName(peer)
	if p.dir == policy.Ingress && OnlyDNS(ports) && !slices.ContainsFunc(peers, func(c networkingv1.NetworkPolicyPeer) bool { return c.IPBlock != nil }) {
		// Who asks for names today is not the only one to do so.
		peers, from = []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{}}}, "all-namespaces"
	}
	edits := p.added(peers, ports, from)
	near, cautions := p.nearest(), p.cautions(peers)
	for i := range edits {
		edits[i].Cautions = cautions
		if m := edits[i].Manifest; m != nil && empty(&m.Spec.PodSelector) {
			edits[i].Cautions = append(slices.Clone(cautions), Caution{Kind: UnlabelledSubject})
		}
		if near != nil {
			edits[i].Rule, edits[i].Clause = near.Ref, near.Mismatch
		}
	}
	return edits
}

func (p proposer) added(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, from string) []Edit {
	subject, _ := p.ends()
	var edits []Edit
	for _, t := range p.decision.Trace {
		if t.Isolates != policy.Yes || !p.ownPolicy(t.Policy) {
			continue
		}
		for _, r := range t.Rules {
			if len(peers) == 1 && len(r.Peers) > 0 && len(r.Ports) == len(ports) && r.PortsMatch == policy.Yes && single(PortsOf(r.Ref)) {
				path := r.Ref.Path() + "." + peerField[p.dir]
				edits = append(edits, p.addition(AddedPeer, r.Ref, path, peers[0], addedPeer))
			}
		}
		ref := p.of(t.Policy)
		if p.dir == policy.Egress {
			rule := networkingv1.NetworkPolicyEgressRule{To: peers, Ports: ports}
			edits = append(edits, p.addRule(ref, rule, len(t.Policy.Spec.Egress)))
		} else {
			rule := networkingv1.NetworkPolicyIngressRule{From: peers, Ports: ports}
			edits = append(edits, p.addRule(ref, rule, len(t.Policy.Spec.Ingress)))
		}
	}
	return append(edits, p.addPolicy(subject.Pod, peers, ports, from))
}

// single tells whether each entry is one port, and no range or whole protocol.
func single(ports []networkingv1.NetworkPolicyPort) bool {
	return !slices.ContainsFunc(ports, func(e networkingv1.NetworkPolicyPort) bool { return e.Port == nil || e.EndPort != nil })
}

func (p proposer) addition(kind Kind, ref policy.RuleRef, path string, value any, far int) Edit {
	e := p.base(kind, ref, path)
	e.To, e.Distance = value, far
	e.Patch = []Operation{{Op: "add", Path: pointer(path) + "/-", Value: value}}
	return e
}

func (p proposer) addRule(ref policy.RuleRef, rule any, existing int) Edit {
	e := p.addition(AddedRule, ref, "spec."+p.dir.String(), rule, addedRule)
	if existing == 0 { // there is no list to add to
		e.Patch = []Operation{{Op: "add", Path: pointer(e.Path), Value: []any{rule}}}
	}
	return e
}

// ownPolicy tells whether a policy is about the subjects of the denied flows and nothing else, so
// that a rule added to it opens nothing more than was asked for.
func (p proposer) ownPolicy(np *cluster.Policy) bool {
	if len(np.Spec.PodSelector.MatchLabels)+len(np.Spec.PodSelector.MatchExpressions) == 0 {
		return false
	}
	subject, _ := p.ends()
	mine := p.set.Snapshot().WorkloadOf(subject.Pod)
	pods, complete := p.set.Selected(np)
	if !complete && !p.set.Snapshot().FromFiles {
		return true // what was read holds no other pod
	}
	return !slices.ContainsFunc(pods, func(pod *cluster.Pod) bool {
		other := p.set.Snapshot().WorkloadOf(pod)
		return pod != subject.Pod && (mine == nil || other != mine)
	})
}

// addPolicy proposes a policy of its own for the subject.
func (p proposer) addPolicy(subject *cluster.Pod, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, peerName string) Edit {
	np := &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Namespace: subject.Namespace},
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: p.subjectSelector(subject)},
	}
	name := "allow-" + p.dir.String() + "-" + nameFor(p.set.Snapshot(), subject)
	if p.dir == policy.Egress {
		name += "-to-" + peerName
		np.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}
		np.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{To: peers, Ports: ports}}
	} else {
		name += "-from-" + peerName
		np.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		np.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: peers, Ports: ports}}
	}
	np.Name = p.freeName(subject.Namespace, name)
	return Edit{
		Kind:      AddedPolicy,
		Object:    cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: np.Namespace, Name: np.Name},
		Path:      "spec." + p.dir.String(),
		Manifest:  np,
		Direction: p.dir,
		Distance:  addedPolicy,
	}
}

// subjectSelector is what an added policy selects: the pods of the subject's workload. Where pods
// that are not isolated carry the same labels, it keeps to what a policy isolates already, so that
// nobody is cut off by the way.
func (p proposer) subjectSelector(subject *cluster.Pod) metav1.LabelSelector {
	own := metav1.LabelSelector{MatchLabels: identity(p.set.Snapshot(), subject)}
	isolated := p.isolated(subject.Namespace, typeOf[p.dir])
	open := func(pod *cluster.Pod) bool { return carries(pod, own.MatchLabels) && !isolated[pod] }
	if len(p.decision.Isolating) == 0 || !slices.ContainsFunc(p.set.Snapshot().Subjects(subject.Namespace), open) {
		return own
	}
	isolating := p.decision.Isolating[0].Spec.PodSelector
	maps.Copy(own.MatchLabels, isolating.MatchLabels)
	own.MatchExpressions = isolating.MatchExpressions
	return own
}

// typeOf is how policyTypes names a direction.
var typeOf = map[policy.Direction]networkingv1.PolicyType{policy.Egress: networkingv1.PolicyTypeEgress, policy.Ingress: networkingv1.PolicyTypeIngress}

// isolated returns the pods of a namespace that some policy isolates in a direction.
func (p proposer) isolated(namespace string, direction networkingv1.PolicyType) map[*cluster.Pod]bool {
	out := map[*cluster.Pod]bool{}
	for _, np := range p.set.Policies(namespace) {
		if slices.Contains(np.Spec.PolicyTypes, direction) {
			pods, _ := p.set.Selected(np)
			for _, pod := range pods {
				out[pod] = true
			}
		}
	}
	return out
}

// freeName makes a name that a policy can have and that none of the namespace has yet.
func (p proposer) freeName(namespace, name string) string {
	name = strings.Trim(strings.ToLower(name[:min(len(name), 60)]), "-.")
	taken := func(n string) bool {
		return slices.ContainsFunc(p.set.Policies(namespace), func(np *cluster.Policy) bool { return np.Name == n })
	}
	free := name
	for i := 2; taken(free); i++ {
		free = name + "-" + portText(int32(i))
	}
	return free
}
