package check

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// vacuous are the findings about clauses that admit nothing, whoever asks, NPD611 and NPD612.
var vacuous = []Check{
	{
		Code: "NPD611", Severity: Info,
		Title: "a rule allows ports that none of its pods has",
		Doc: `No pod that the rule is about declares a port that the rule lists, and no Service sends traffic to
one. (For ingress these are the pods that the policy selects, for egress the pods that the peers
select.) If the port is the Service's port and not the pods', it is certainly a mistake: policies
see the pod's port. So is a port name that no pod has. For other numbers, the pods may listen on a
port that they do not declare.

What you see: connections time out (or are refused, on plugins that reject) although a rule "allows
the port". If nobody needs the rule, nothing.

Verify: kubectl get pods -n NAMESPACE -o jsonpath='{.items[*].spec.containers[*].ports}', and
kubectl describe service NAME -n NAMESPACE for Port and TargetPort.

Fix: use the port of the pods, or delete the rule.`,
		Run: func(p *Pass) {
			for _, np := range p.Policies {
				for _, ref := range rulesThatCount(np) {
					p.reportIdlePorts(ref)
				}
			}
		},
	},
	{
		Code: "NPD612", Severity: Warning,
		Title: "a selector or an ipBlock contradicts itself and matches nothing",
		Doc: `The requirements of a selector exclude each other: a label must have two different values, or must
exist and not exist. Or the excepts of an ipBlock remove all of its addresses. All requirements of a
selector must be true at once, so this selector can never match anything.

What you see: the peer allows nobody, or the policy selects no pod.

Verify: kubectl get pods -A -l 'KEY=VALUE,KEY=VALUE2' with the requirements of the selector finds
nothing.

Fix: for "or", write one requirement with the operator In and both values, or make two peers.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.UnitedRequirements}, func(c change.Cause, e change.Edit) {
				where, who := place(e), peerOf(c, e)
				if e.Rule.Rule < 0 {
					where, who = "policy "+e.Object.Name, subjectEnd(c, e)
				}
				p.cause(c, e, fmt.Sprintf("%s asks for %s=%s and %s=%s at once, which is impossible; %s has %s=%s", where, e.Clause.Key, valuesText(e.From), e.Clause.Key, strings.Join(e.Clause.Want, ","), p.Name(who), e.Clause.Key, e.Clause.Saw),
					map[string]string{"key": e.Clause.Key, "seen": e.Clause.Saw})
			})
			for _, np := range p.Involved() {
				p.reportContradictions(np)
			}
		},
	},
}

func valuesText(v any) string {
	values, _ := v.([]string)
	return strings.Join(values, ",")
}

func (p *Pass) reportContradictions(np *cluster.Policy) {
	say := func(field, what string) {
		p.report(Finding{
			Object: np.Ref(), Field: field, Origin: np.Origin,
			Message: fmt.Sprintf("policy %s/%s: %s contradicts itself and can never match %s", np.Namespace, np.Name, field, what),
			Advice:  fmt.Sprintf("if one value is enough, write in %s one requirement with the operator In and all values, or make two items of it", np.Name),
		})
	}
	if p.Set.CannotSelect(np) && !p.edited(np) {
		say("spec.podSelector", "a pod")
	}
	for _, rule := range rulesThatCount(np) {
		for _, ref := range peersOf(rule) {
			switch {
			case !p.Set.CannotMatch(ref) || p.isCause(ref):
			case change.PeersOf(ref)[ref.Peer].IPBlock != nil:
				p.report(Finding{
					Object: np.Ref(), Field: ref.Path(), Origin: np.Origin,
					Message: fmt.Sprintf("policy %s/%s: the excepts of %s exclude its whole ipBlock, so it allows nothing", np.Namespace, np.Name, ref.Path()),
					Advice:  fmt.Sprintf("narrow the excepts of %s %s, or delete the peer", np.Name, ref.Path()),
				})
			default:
				say(ref.Path(), "anything")
			}
		}
	}
}

// reportIdlePorts looks at a rule for which all pods are known and declare their ports. Policies
// and peers that mean every pod of a namespace are left alone: not every pod has to have the port.
func (p *Pass) reportIdlePorts(ref policy.RuleRef) {
	entries := change.PortsOf(ref)
	pods, known := p.servers(ref)
	if len(entries) == 0 || !known || p.isCause(ref) || p.mayMeanDNS(ref) {
		return
	}
	admits := func(pod *cluster.Pod) func(cluster.ContainerPort) bool {
		return func(c cluster.ContainerPort) bool { return p.Set.MatchPort(ref, pod, c) != policy.No }
	}
	var declared []string
	for _, pod := range pods {
		if slices.ContainsFunc(pod.Ports, admits(pod)) {
			return
		}
		for _, c := range pod.Ports {
			text := fmt.Sprintf("%d/%s", c.Number, c.Protocol)
			if c.Name != "" {
				text += fmt.Sprintf(" %q", c.Name)
			}
			if !slices.Contains(declared, text) {
				declared = append(declared, text)
			}
		}
	}
	for _, pod := range pods {
		if slices.ContainsFunc(p.targets(pod), admits(pod)) {
			return
		}
	}
	var wanted []string
	named := false
	for _, e := range entries {
		if e.Port == nil {
			return // every port of a protocol: for whatever comes
		}
		named = named || e.Port.Type == intstr.String
		text := e.Port.String()
		if e.Port.Type == intstr.String {
			text = fmt.Sprintf("%q", text)
		}
		if e.EndPort != nil {
			text += fmt.Sprintf("-%d", *e.EndPort)
		}
		wanted = append(wanted, fmt.Sprintf("%s/%s", text, *e.Protocol))
	}
	slices.Sort(declared)
	np := ref.Policy
	f := Finding{
		Object: np.Ref(), Field: ref.Path() + ".ports", Origin: np.Origin,
		Message:  fmt.Sprintf("policy %s/%s: no pod that %s is about declares %s; they declare %s", np.Namespace, np.Name, ref.Path(), list(wanted), list(declared)),
		Evidence: map[string]string{"wanted": strings.Join(wanted, ", "), "seen": strings.Join(declared, ", ")},
		Advice:   fmt.Sprintf("in %s %s, use the port that the pods listen on, or delete the rule", np.Name, ref.Path()),
	}
	switch service := p.serviceWithPort(ref, pods); {
	case service != nil:
		f.Severity = Warning
		f.Message += fmt.Sprintf("; the port is that of Service %s, and policies see the pod's", service.Name)
	case named:
		f.Severity = Warning
	}
	p.report(f)
}

// servers returns the pods that a rule opens ports of, and whether these are all there are and all
// declare ports. Where all of a namespace is known, its Services are.
func (p *Pass) servers(ref policy.RuleRef) (pods []*cluster.Pod, known bool) {
	if ref.Direction == policy.Ingress {
		selector := ref.Policy.Spec.PodSelector
		pods, known = p.Set.Selected(ref.Policy)
		known = known && len(selector.MatchLabels)+len(selector.MatchExpressions) > 0
	} else {
		known = true
		for _, peer := range peersOf(ref) {
			selector := change.PeersOf(peer)[peer.Peer].PodSelector
			some, complete := p.Set.PeerPods(peer)
			pods = append(pods, some...)
			known = known && complete && selector != nil && len(selector.MatchLabels)+len(selector.MatchExpressions) > 0
		}
	}
	return pods, known && len(pods) > 0 && !slices.ContainsFunc(pods, func(pod *cluster.Pod) bool { return pod.HostNetwork || len(pod.Ports) == 0 })
}

// targets returns the ports of a pod that Services lead to by their numbers.
func (p *Pass) targets(pod *cluster.Pod) (ports []cluster.ContainerPort) {
	for _, s := range p.servicesOf(pod) {
		for _, sp := range s.Ports {
			if sp.TargetPort.Type == intstr.Int {
				ports = append(ports, cluster.ContainerPort{Protocol: sp.Protocol, Number: targetOf(sp)})
			}
		}
	}
	return ports
}

// targetOf is the number that a port of a Service leads to: its own where none is given.
// Source: core/v1 ServicePort.TargetPort.
func targetOf(sp corev1.ServicePort) int32 {
	if sp.TargetPort.IntVal == 0 {
		return sp.Port
	}
	return sp.TargetPort.IntVal
}

func (p *Pass) servicesOf(pod *cluster.Pod) (out []*cluster.Service) {
	for _, s := range p.Snapshot.Services {
		if s.Namespace == pod.Namespace && len(s.Selector) > 0 && k8slabels.SelectorFromSet(s.Selector).Matches(k8slabels.Set(pod.Labels.Known)) {
			out = append(out, s)
		}
	}
	return out
}

// serviceWithPort returns a Service of some pods that has a port which a rule names.
func (p *Pass) serviceWithPort(ref policy.RuleRef, pods []*cluster.Pod) *cluster.Service {
	for _, pod := range pods {
		for _, s := range p.servicesOf(pod) {
			if slices.ContainsFunc(s.Ports, func(sp corev1.ServicePort) bool {
				return p.Set.MatchPort(ref, pod, cluster.ContainerPort{Protocol: sp.Protocol, Number: sp.Port}) == policy.Yes
			}) {
				return s
			}
		}
	}
	return nil
}
