package check

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// logic are the findings about policies that do not say what they seem to say, NPD6xx.
var logic = []Check{
	{
		Code: "NPD601", Severity: Error,
		Title:    "a policy isolates a direction that it has no rules for",
		Symptoms: []string{"every client times out"},
		Doc: `If policyTypes is left out, a policy always isolates ingress, and isolates egress only if it has an
egress rule. A policy that only has egress rules therefore blocks all ingress of the pods it
selects.

What you see: right after a policy such as allow-dns was added, every client of the selected pods
times out. Only the pods' own nodes still reach them.

Verify: kubectl get networkpolicy NAME -n NAMESPACE -o yaml shows policyTypes and which rules exist.

Fix: write policyTypes: [Egress].`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PolicyTypes}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("policy %s has no %s rules, yet it isolates %s: policyTypes is %s", e.Object.Name, e.Direction, e.Direction, typesText(e)),
					map[string]string{"policyTypes": fmt.Sprint(e.From)})
			})
		},
	},
	{
		Code: "NPD602", Severity: Warning,
		Title: "a policy has rules for a direction that policyTypes does not list",
		Doc: `Rules of a direction only count if policyTypes lists that direction. If it does not, the API server
accepts them and they are ignored. Some network plugins enforce them anyway, so such a policy means
different things in different clusters.

What you see: the rules have no effect.

Verify: kubectl get networkpolicy NAME -n NAMESPACE -o yaml, and compare policyTypes with the rules.

Fix: delete the rules, or list the direction in policyTypes. That isolates the pods that the policy
selects: everybody whom no rule allows is denied from then on.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.UnlistedType}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("policy %s has %s rules that would allow it, but policyTypes does not list %s, so they are ignored", e.Object.Name, e.Direction, typeName(e.Direction.String())),
					map[string]string{"policyTypes": fmt.Sprint(e.From)})
			})
			for _, np := range p.Involved() {
				for _, dir := range unlisted(np) {
					if p.listedByCause(np, dir) {
						continue
					}
					p.report(Finding{
						Object: np.Ref(), Field: "spec." + dir, Origin: np.Origin,
						Message:  fmt.Sprintf("policy %s/%s has %s rules, but policyTypes does not list %s, so they are ignored (some versions of Cilium, and the AWS VPC CNI, enforce them)", np.Namespace, np.Name, dir, typeName(dir)),
						Evidence: map[string]string{"policyTypes": fmt.Sprint(np.Spec.PolicyTypes)},
						Advice:   fmt.Sprintf("if the rules should apply, list %s in policyTypes, which isolates the pods that it selects: everybody whom no rule allows is denied from then on; if not, delete the rules", typeName(dir)),
					})
				}
			}
		},
	},
	{
		Code: "NPD603", Severity: Warning,
		Title: "a peer of a rule matches no pod",
		Doc: `A selector of a rule matches no pod that exists now, and no workload's pod template. That peer
allows nobody. Often a label was renamed, or a namespace was deleted.

What you see: nothing, or a client that should be allowed is denied.

Verify: kubectl get pods -A --show-labels, and kubectl get namespaces --show-labels

Fix: correct the selector, or delete the peer.`,
		Run: func(p *Pass) {
			for _, np := range p.Involved() {
				if !p.Deep {
					break
				}
				for _, ref := range PeersOf(np) {
					if pods, complete := p.Set.PeerPods(ref); len(pods) == 0 && complete && !p.isCause(ref) && !p.mayMeanDNS(ref) && !p.saidMore(ref) {
						p.report(Finding{
							Object: np.Ref(), Field: ref.Path(), Origin: np.Origin,
							Message: fmt.Sprintf("policy %s/%s: %s matches no pod: %s", np.Namespace, np.Name, ref.Path(), selectorsText(change.PeersOf(ref)[ref.Peer])),
							Advice:  fmt.Sprintf("correct %s of policy %s, or delete that peer", ref.Path(), np.Name),
						})
					}
				}
			}
		},
	},
	{
		Code: "NPD604", Severity: Warning,
		Title:    "a policy selects no pod",
		Symptoms: []string{"policy has no effect"},
		Doc: `The podSelector of the policy matches no pod of its namespace, and no workload's pod template. The
policy isolates nothing and allows nothing. Often a label was renamed, or the policy was created in
the wrong namespace.

What you see: the policy has no effect.

Verify: kubectl get pods -n NAMESPACE --show-labels

Fix: correct the podSelector, or move the policy to the right namespace.`,
		Run: func(p *Pass) {
			if p.Deep {
				p.eachDead(func(t policy.PolicyTrace, subject policy.Endpoint) {
					p.report(Finding{
						Object: t.Policy.Ref(), Field: "spec.podSelector", Origin: t.Policy.Origin,
						Message:  fmt.Sprintf("policy %s/%s would allow it, but selects no pod at all; %s", t.Policy.Namespace, t.Policy.Name, p.missed(t.Mismatch, subject)),
						Evidence: map[string]string{"key": t.Mismatch.Key, "wanted": strings.Join(t.Mismatch.Want, ","), "seen": t.Mismatch.Saw},
						Advice:   "correct spec.podSelector, or delete the policy",
					})
				})
			}
			for _, np := range p.Involved() {
				if pods, complete := p.Set.Selected(np); p.Deep && len(pods) == 0 && complete && !p.Set.CannotSelect(np) {
					p.report(Finding{
						Object: np.Ref(), Field: "spec.podSelector", Origin: np.Origin,
						Message: fmt.Sprintf("policy %s/%s selects no pod", np.Namespace, np.Name), Advice: "correct spec.podSelector, or delete the policy",
					})
				}
			}
		},
	},
	{
		Code: "NPD605", Severity: Error,
		Title:    "the policy that would allow it is in another namespace",
		Symptoms: []string{"policy has no effect"},
		Doc: `A policy only applies to pods of its own namespace. The policy whose rules would allow the
connection is in another namespace, where its podSelector selects no pod. Usually it was applied
without -n and went to the namespace default.

What you see: the policy exists and has no effect.

Verify: kubectl get networkpolicies -A

Fix: create it in the namespace of the pods, and delete it where it is now.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PolicyMoved}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("policy %s would allow it but is in namespace %v, where it selects no pod; %s is in namespace %v", e.Object.Name, e.From, p.Name(subjectEnd(c, e)), e.To),
					map[string]string{"wanted": fmt.Sprint(e.To), "seen": fmt.Sprint(e.From)})
			})
		},
	},
}

// selectorsText prints the selectors of a peer as kubectl does.
func selectorsText(peer networkingv1.NetworkPolicyPeer) string {
	var out []string
	if s := peer.NamespaceSelector; s != nil {
		out = append(out, "namespaceSelector "+metav1.FormatLabelSelector(s))
	}
	if s := peer.PodSelector; s != nil {
		out = append(out, "podSelector "+metav1.FormatLabelSelector(s))
	}
	return strings.Join(out, " and ")
}

// typesText says which directions a policy isolates, and whether anybody wrote that down.
func typesText(e change.Edit) string {
	var names []string
	for _, t := range e.Rule.Policy.Spec.PolicyTypes {
		names = append(names, string(t))
	}
	text := "[" + strings.Join(names, ", ") + "]"
	if e.Rule.Policy.TypesDefaulted {
		return "left out, which means " + text
	}
	return text
}

// typeName is a direction as policyTypes names it.
func typeName(dir string) string { return strings.ToUpper(dir[:1]) + dir[1:] }

// listedByCause tells whether the fix of a cause lists a direction of a policy.
func (p *Pass) listedByCause(np *cluster.Policy, dir string) bool {
	found := false
	p.eachEdit([]change.Kind{change.UnlistedType}, func(_ change.Cause, e change.Edit) {
		found = found || e.Object == np.Ref() && e.Direction.String() == dir
	})
	return found
}

// unlisted returns the directions that a policy has rules for without listing them.
func unlisted(np *cluster.Policy) []string {
	listed := map[string]bool{}
	for _, t := range np.Spec.PolicyTypes {
		listed[string(t)] = true
	}
	var out []string
	if len(np.Spec.Egress) > 0 && !listed["Egress"] {
		out = append(out, "egress")
	}
	if len(np.Spec.Ingress) > 0 && !listed["Ingress"] {
		out = append(out, "ingress")
	}
	return out
}

// PeersOf lists the peers of a policy that select pods, in directions that count.
func PeersOf(np *cluster.Policy) []policy.RuleRef {
	var refs []policy.RuleRef
	skip := map[string]bool{}
	for _, dir := range unlisted(np) {
		skip[dir] = true
	}
	for i, r := range np.Spec.Egress {
		for j, peer := range r.To {
			if peer.IPBlock == nil && !skip["egress"] {
				refs = append(refs, policy.RuleRef{Policy: np, Direction: policy.Egress, Rule: i, Peer: j, Port: -1})
			}
		}
	}
	for i, r := range np.Spec.Ingress {
		for j, peer := range r.From {
			if peer.IPBlock == nil && !skip["ingress"] {
				refs = append(refs, policy.RuleRef{Policy: np, Direction: policy.Ingress, Rule: i, Peer: j, Port: -1})
			}
		}
	}
	return refs
}

// isCause tells whether a place in a policy is already named by a cause.
func (p *Pass) isCause(ref policy.RuleRef) bool {
	named := func(causes []change.Cause) bool {
		for _, c := range causes {
			for _, e := range c.Edits {
				if e.Rule == ref {
					return true
				}
			}
		}
		return false
	}
	for _, l := range p.DNS {
		if named(l.Causes) {
			return true
		}
	}
	return named(p.Causes)
}

// mayMeanDNS tells whether a rule is for DNS while the DNS server of the cluster is not among the
// objects: it is taken to be there all the same.
func (p *Pass) mayMeanDNS(ref policy.RuleRef) bool {
	return change.OnlyDNS(change.PortsOf(ref)) && ends.ResolverOf(p.Snapshot, &cluster.Pod{}).Kind == ends.AssumedDNS
}

// saidMore tells whether another finding says why a peer matches nothing.
func (p *Pass) saidMore(ref policy.RuleRef) bool {
	return p.Set.CannotMatch(ref) || slices.ContainsFunc(peersOf(ref), func(o policy.RuleRef) bool {
		return (o.Peer == ref.Peer-1 || o.Peer == ref.Peer+1) && p.twoDashes(o, ref)
	})
}

// Involved returns the policies that were asked: those that select an end of some
// flow, or those that the question is about.
func (p *Pass) Involved() []*cluster.Policy {
	out := slices.Clone(p.Policies)
	seen := map[*cluster.Policy]bool{}
	add := func(d policy.DirectionDecision) {
		for _, t := range d.Trace {
			if t.Selects != policy.No && !seen[t.Policy] {
				seen[t.Policy] = true
				out = append(out, t.Policy)
			}
		}
	}
	for _, a := range p.Answers {
		for _, j := range a.Pairs {
			for _, d := range j.Decisions {
				add(d.Egress)
				add(d.Ingress)
			}
		}
	}
	return out
}
