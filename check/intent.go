package check

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// intent are the findings about policies that are open where they look closed, NPD606 and NPD607.
var intent = []Check{
	{
		Code: "NPD606", Severity: Warning,
		Title: "a namespaceSelector and a podSelector are two items (\"or\") where one (\"and\") seems meant",
		Doc: `A rule has a namespaceSelector as one item and a podSelector as the next. Separate items mean "or":
the first allows every pod of its namespaces, the second allows pods of the policy's own namespace
only. There it selects no pod, or only the pods that the policy itself is for. Pods that match both
selectors exist in those namespaces. Probably one of the two has a dash too many.

What you see: every pod of those namespaces can connect, not only the ones with the labels.

Verify: kubectl get pods -A -l KEY=VALUE with the labels of the podSelector shows them in those
namespaces.

Fix: if "and" is meant, write both selectors in one item, with one dash.`,
		Run: func(p *Pass) {
			for _, np := range p.Involved() {
				for _, rule := range rulesThatCount(np) {
					peers := peersOf(rule)
					for i := 1; i < len(peers); i++ {
						p.reportDashes(peers[i-1], peers[i])
						p.reportDashes(peers[i], peers[i-1])
					}
				}
			}
		},
	},
	{
		Code: "NPD607", Severity: Warning,
		Title:    "a policy looks like it denies something, but does not",
		Symptoms: []string{"policy has no effect"},
		Doc: `An empty list of rules only denies in a direction that policyTypes lists. If policyTypes is left
out, "egress: []" does not make the policy isolate egress: it isolates ingress only, which may not
be intended. And a rule that exists but is empty ("- {}", "from: []", "to: []") is not an empty
list: it allows everything.

How it is known: from the manifest, or from what kubectl applied last, if that has an empty list.
The name of a policy, such as deny-egress, is only a hint.

What you see: connections that "are denied" work; other connections, which nobody thought of, do
not.

Verify: kubectl get networkpolicy NAME -n NAMESPACE -o yaml, and look at policyTypes and at the
rules.

Fix: if egress is to be denied, write policyTypes: [Egress] and no egress rule.`,
		Run: func(p *Pass) {
			for _, np := range p.Involved() {
				p.reportEmptyEgress(np)
				p.reportNamedDeny(np)
			}
		},
	},
}

// reportDashes holds a namespaceSelector and a podSelector of two items against what they would
// mean as one. It speaks up only where that would leave out pods which are allowed now.
func (p *Pass) reportDashes(anyPod, lone policy.RuleRef) {
	if !p.twoDashes(anyPod, lone) {
		return
	}
	np := lone.Policy
	or, _ := p.Set.PeerPods(anyPod)
	and := p.inOneItem(anyPod, lone)
	own, _ := p.Set.PeerPods(lone)
	severity, here := Warning, "selects no pod here"
	if len(own) > 0 {
		severity, here = Info, "selects only the policy's own pods here"
	}
	p.report(Finding{
		Object: np.Ref(), Field: lone.Path(), Origin: np.Origin, Severity: severity,
		Message: fmt.Sprintf("policy %s/%s: %s allows every pod of its namespaces (%s), and %s, a separate item, %s; as one item they would only allow %s",
			np.Namespace, np.Name, anyPod.Path(), list(p.workloads(or)), lone.Path(), here, list(p.workloads(and))),
		Evidence: map[string]string{"or": strings.Join(p.workloads(slices.Concat(or, own)), ", "), "and": strings.Join(p.workloads(and), ", ")},
		Advice:   fmt.Sprintf("if both are meant to match, write the selectors of %s %s in one item, with one dash", np.Name, lone.Path()),
	})
}

// twoDashes tells whether two neighbouring peers, the one with a namespaceSelector alone and the
// other with a podSelector alone, seem to be meant as one.
func (p *Pass) twoDashes(anyPod, lone policy.RuleRef) bool {
	a, b := change.PeersOf(anyPod)[anyPod.Peer], change.PeersOf(lone)[lone.Peer]
	if a.NamespaceSelector == nil || a.PodSelector != nil || b.PodSelector == nil || b.NamespaceSelector != nil {
		return false
	}
	selected, _ := p.Set.Selected(lone.Policy)
	own, complete := p.Set.PeerPods(lone)
	if !complete || slices.ContainsFunc(own, func(pod *cluster.Pod) bool { return !slices.Contains(selected, pod) }) {
		return false
	}
	or, _ := p.Set.PeerPods(anyPod)
	and := p.inOneItem(anyPod, lone)
	return len(and) > 0 && len(p.workloads(and)) < len(p.workloads(or))
}

// inOneItem returns the pods that two peers would allow if they were one.
func (p *Pass) inOneItem(anyPod, lone policy.RuleRef) []*cluster.Pod {
	merged := &cluster.Policy{NetworkPolicy: lone.Policy.DeepCopy()}
	ref := anyPod
	ref.Policy = merged
	change.PeersOf(ref)[ref.Peer].PodSelector = change.PeersOf(lone)[lone.Peer].PodSelector
	pods, _ := p.Set.With(merged).PeerPods(ref)
	return pods
}

// workloads names pods by what a person knows, each once.
func (p *Pass) workloads(pods []*cluster.Pod) []string {
	var names []string
	for _, pod := range pods {
		o := p.owner(policy.PodEnd(pod))
		names = append(names, o.Namespace+"/"+o.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reportEmptyEgress: an empty list of egress rules was written and policyTypes was not.
func (p *Pass) reportEmptyEgress(np *cluster.Policy) {
	if !np.TypesDefaulted || isolates(np, policy.Egress) || !np.EmptyEgress {
		return
	}
	p.report(Finding{
		Object: np.Ref(), Field: "spec.policyTypes", Origin: np.Origin,
		Message:  fmt.Sprintf("policy %s/%s has \"egress: []\" and no policyTypes, which defaults to %v: it isolates ingress and not egress", np.Namespace, np.Name, np.Spec.PolicyTypes),
		Evidence: map[string]string{"policyTypes": fmt.Sprint(np.Spec.PolicyTypes), "written": "egress: []"},
		Advice:   fmt.Sprintf("if egress should be denied, write policyTypes: [Egress] in %s", np.Name),
	})
}

// reportNamedDeny holds the name of a policy against what it does.
func (p *Pass) reportNamedDeny(np *cluster.Policy) {
	direction, deny := deniesByName(np.Name)
	if !deny {
		return
	}
	if allowing, all := allowsAll(np); all {
		p.report(Finding{
			Object: np.Ref(), Field: allowing.Path(), Origin: np.Origin,
			Message:  fmt.Sprintf("policy %s/%s denies nothing: %s has neither peers nor ports, which allows everything", np.Namespace, np.Name, allowing.Path()),
			Evidence: map[string]string{"name": np.Name},
			Advice:   fmt.Sprintf("if it should deny, delete %s of %s: a direction that policyTypes lists and that has no rule is denied", allowing.Path(), np.Name),
		})
		return
	}
	if direction == 0 || isolates(np, direction) || len(rulesThatCount(np)) > 0 || np.EmptyEgress && np.TypesDefaulted {
		return
	}
	p.report(Finding{
		Object: np.Ref(), Field: "spec.policyTypes", Origin: np.Origin, Severity: Info,
		Message:  fmt.Sprintf("policy %s/%s has %s in its name but does not isolate it: policyTypes is %v", np.Namespace, np.Name, direction, np.Spec.PolicyTypes),
		Evidence: map[string]string{"name": np.Name, "policyTypes": fmt.Sprint(np.Spec.PolicyTypes)},
		Advice:   fmt.Sprintf("list %s in policyTypes of %s, or give the policy another name", strings.ToUpper(direction.String()[:1])+direction.String()[1:], np.Name),
	})
}

// allowsAll tells whether a policy has a rule that admits everything in every direction that it
// isolates, and returns the first.
func allowsAll(np *cluster.Policy) (first policy.RuleRef, all bool) {
	rules := slices.DeleteFunc(rulesThatCount(np), func(r policy.RuleRef) bool { return !open(r) })
	for _, t := range np.Spec.PolicyTypes {
		if !slices.ContainsFunc(rules, func(r policy.RuleRef) bool {
			return (r.Direction == policy.Egress) == (t == networkingv1.PolicyTypeEgress)
		}) {
			return policy.RuleRef{}, false
		}
	}
	return rules[0], true
}

// deniesByName tells whether a name says that a policy denies and nothing else, and which one
// direction it names, if it names one.
func deniesByName(name string) (d policy.Direction, deny bool) {
	egress, ingress := false, false
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch {
		case word == "deny", word == "denyall", word == "block", word == "isolate", word == "drop":
			deny = true
		case strings.HasPrefix(word, "allow"), word == "permit", word == "except", word == "unless", word == "but":
			return 0, false
		case word == "egress", word == "outbound":
			egress = true
		case word == "ingress", word == "inbound":
			ingress = true
		}
	}
	switch {
	case egress && !ingress:
		d = policy.Egress
	case ingress && !egress:
		d = policy.Ingress
	}
	return d, deny
}
