package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// surprises notes where the policy means something else than it seems to say.
func (a *aboutPolicy) surprises() {
	a.types()
	unenforced(a.Explanation, a.set, a.selected, a.np.Namespace)
	for _, i := range a.Treatments[0].Directions {
		if i.Isolated != policy.Yes {
			continue
		}
		for _, ref := range rulesOf(a.np, i.Direction) {
			var opens []Opening
			for _, o := range i.Opens {
				if o.Rule.Rule == ref.Rule {
					opens = append(opens, o)
				}
			}
			a.emptyLists(ref)
			a.dashes(ref, opens)
			for _, o := range opens {
				a.peer(o)
			}
			a.ports(ref, opens)
		}
	}
	a.beside()
}

// types is about policyTypes that were filled in.
// Source: networking/v1 NetworkPolicySpec.PolicyTypes.
func (a *aboutPolicy) types() {
	var listed []string
	for _, t := range a.np.Spec.PolicyTypes {
		listed = append(listed, string(t))
	}
	unlistedRules(a.Explanation, a.set, a.np)
	if !a.np.TypesDefaulted {
		return
	}
	text := fmt.Sprintf("not written down, so it became [%s]: always Ingress, and Egress where there is an egress rule", strings.Join(listed, ", "))
	if lists(a.np, policy.Ingress) && len(a.np.Spec.Ingress) == 0 && len(a.np.Spec.Egress) > 0 {
		a.note(Warning, "NPD601", "spec.policyTypes", text+". This policy only has egress rules, but it also isolates ingress")
		return
	}
	a.note(OK, "", "spec.policyTypes", text)
}

// unlistedRules notes rules of a direction that policyTypes does not list, where the network plugin
// may enforce them. Source: networking/v1 NetworkPolicySpec.PolicyTypes.
func unlistedRules(e *Explanation, set *policy.Set, np *cluster.Policy) {
	for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
		if !lists(np, d) && len(rulesOf(np, d)) > 0 && set.Profile().Of(policy.UnlistedSectionsEnforced).Answer != policy.No {
			e.note(NotKnown, "NPD602", e.place(np.Namespace, np.Name, "spec."+d.String()), "this network plugin may enforce these rules anyway")
			e.fact(behaviourFact(set, policy.UnlistedSectionsEnforced))
		}
	}
}

// unenforced notes pods to which a network plugin does not apply policies, or may not: those on the
// network of their node, and on some plugins those without an owner.
// Source: concept page "Network Policies", "hostNetwork pods".
func unenforced(e *Explanation, set *policy.Set, pods []*cluster.Pod, home string) {
	note := func(b policy.Behaviour, none policy.Truth, what string, concerns func(*cluster.Pod) bool) {
		on := slices.DeleteFunc(slices.Clone(pods), func(p *cluster.Pod) bool { return !concerns(p) })
		if len(on) == 0 {
			return
		}
		names, _ := namesOf(set.Snapshot(), on, home)
		switch set.Profile().Of(b).Answer {
		case none:
			e.note(Warning, "", "", fmt.Sprintf("%s: %s, which this network plugin does not isolate", folded(names), what))
		case policy.Maybe:
			e.note(NotKnown, "", "", fmt.Sprintf("%s: %s; whether policies isolate such a pod depends on the network plugin", folded(names), what))
			e.fact(behaviourFact(set, b))
		}
	}
	note(policy.HostNetworkIsolated, policy.No, "on the network of its node (hostNetwork)", func(p *cluster.Pod) bool { return p.HostNetwork })
	note(policy.BarePodsUnenforced, policy.Yes, "a pod without an owner", func(p *cluster.Pod) bool { return p.Owner.Kind == "" && !p.Template })
}

// emptyLists is about rules that name nobody, or no port: they mean everybody, and every port.
// Source: networking/v1 NetworkPolicyIngressRule and NetworkPolicyEgressRule.
func (a *aboutPolicy) emptyLists(ref policy.RuleRef) {
	in, from := inOrOut(ref.Direction)
	if len(change.PeersOf(ref)) > 0 {
		return
	}
	if len(change.PortsOf(ref)) == 0 {
		if !a.told("NPD610", ref.Path()) {
			a.note(OK, "", ref.Path(), fmt.Sprintf("an empty rule lets everything %s, so no other policy can narrow %s of these pods", in, ref.Direction))
		}
		return
	}
	a.note(OK, "", ref.Path(), fmt.Sprintf("an empty or missing %s means everybody, not nobody", from))
}

// dashes is about two items that mean "or" where one item would mean "and".
// Source: concept page "Network Policies", "Behavior of to and from selectors".
func (a *aboutPolicy) dashes(ref policy.RuleRef, opens []Opening) {
	peers := change.PeersOf(ref)
	for i := range len(peers) - 1 {
		first, second := peers[i], peers[i+1]
		if a.told("NPD606", opens[i].Rule.Path()) || a.told("NPD606", opens[i+1].Rule.Path()) {
			continue
		}
		if onlyNamespaces(first) && onlyPods(second) || onlyPods(first) && onlyNamespaces(second) {
			a.note(OK, "", ref.Path(), fmt.Sprintf("items %d and %d of %s mean \"or\": %s, and also %s. One item with both selectors would mean the pods that match both",
				i, i+1, lastPart(opens[i].Rule), opens[i].Who.Means, opens[i+1].Who.Means))
		}
	}
}

func lastPart(ref policy.RuleRef) string {
	_, from := inOrOut(ref.Direction)
	return from
}

func onlyNamespaces(p networkingv1.NetworkPolicyPeer) bool {
	return p.IPBlock == nil && p.NamespaceSelector != nil && p.PodSelector == nil
}

func onlyPods(p networkingv1.NetworkPolicyPeer) bool {
	return p.IPBlock == nil && p.NamespaceSelector == nil && p.PodSelector != nil
}

// peer is about one peer: one that means nobody, an ipBlock, a label that anybody may set.
func (a *aboutPolicy) peer(o Opening) {
	if o.Rule.Peer < 0 {
		return
	}
	p, path := change.PeersOf(o.Rule)[o.Rule.Peer], o.Rule.Path()
	switch {
	case p.IPBlock != nil:
		block(a.Explanation, a.set, p.IPBlock, path, a.np.Namespace)
	case o.Who.Nobody && onlyPods(p):
		if elsewhere := a.withLabels(p.PodSelector); len(elsewhere) > 0 {
			a.note(Warning, "NPD203", path, fmt.Sprintf("without a namespaceSelector it means pods of namespace %s only; pods with these labels are in namespace %s", a.np.Namespace, orList(elsewhere)))
		}
	case o.Who.Nobody && p.NamespaceSelector != nil && !noRequirement(p):
		a.note(OK, "NPD404", path, "both selectors of one item have to match: pods with these labels, in these namespaces")
	}
	if n := p.NamespaceSelector; n != nil && asksLabels(n) && o.Rule.Direction == policy.Ingress {
		a.note(OK, "", "", "some peers select by namespace labels: whoever may set these labels decides who is allowed; a label is no proof of identity")
	}
}

// asksLabels tells whether a namespaceSelector goes by labels that people set.
func asksLabels(n *metav1.LabelSelector) bool {
	for key := range n.MatchLabels {
		if key != cluster.MetadataName {
			return true
		}
	}
	return slices.ContainsFunc(n.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool { return r.Key != cluster.MetadataName })
}

// withLabels returns the other namespaces that have pods which a selector matches, as far as they
// were read.
func (a *aboutPolicy) withLabels(selector *metav1.LabelSelector) []string {
	match, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil || match.Empty() {
		return nil
	}
	s := a.set.Snapshot()
	var out []string
	for _, n := range s.AllNamespaces() {
		fits := func(p *cluster.Pod) bool { return match.Matches(labels.Set(p.Labels.Known)) }
		if n.Name != a.np.Namespace && slices.ContainsFunc(s.Subjects(n.Name), fits) {
			out = append(out, n.Name)
		}
	}
	return out
}

// block notes what is easily overlooked in an ipBlock: its excepts, and whether it means pods, which
// is the plugin's. Source: networking/v1 IPBlock; concept page "Network Policies", ipBlock.
func block(e *Explanation, set *policy.Set, b *networkingv1.IPBlock, path, home string) {
	if len(b.Except) > 0 && !e.told("NPD609", path) {
		e.note(OK, "", path, "an except denies nothing: it is only excluded here, and another rule or policy may allow it")
	}
	within, all := podsWithin(set.Snapshot(), b)
	if len(within) == 0 && !all || e.told("NPD615", path) {
		return
	}
	whom := "pods"
	if len(within) > 0 {
		names, _ := namesOf(set.Snapshot(), within, home)
		whom = "pods, such as " + folded(names) + ","
	}
	plugin := set.Profile().Name
	switch set.Profile().Of(policy.IPBlockMatchesPods).Answer {
	case policy.Yes:
		e.note(OK, "", path, fmt.Sprintf("it means %s because on %s an ipBlock matches pods", whom, plugin))
	case policy.No:
		e.note(OK, "NPD407", path, fmt.Sprintf("it does not mean %s because on %s an ipBlock matches no pod", whom, plugin))
	default:
		e.note(NotKnown, "NPD407", path, fmt.Sprintf("whether it means %s depends on the network plugin", whom))
		e.fact(behaviourFact(set, policy.IPBlockMatchesPods))
	}
}

// podsWithin returns the pods whose address is in a block, and tells whether it holds every address
// there is, but for the excepts.
func podsWithin(s *cluster.Snapshot, b *networkingv1.IPBlock) (pods []*cluster.Pod, all bool) {
	prefix, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		return nil, false // stored before the API server checked so strictly
	}
	out := slices.Clone(s.PodsWithin(prefix.Masked()))
	for _, text := range b.Except {
		if except, err := netip.ParsePrefix(text); err == nil {
			out = slices.DeleteFunc(out, func(p *cluster.Pod) bool { return slices.ContainsFunc(p.IPs, except.Contains) })
		}
	}
	return out, prefix.Bits() == 0
}

// ports is about ports that none of the pods concerned declares: those that are selected for
// ingress, those that all peers select for egress. A pod may listen on ports that it does not
// declare. Source: core/v1 ContainerPort; networking/v1 NetworkPolicyPort.Port.
func (a *aboutPolicy) ports(ref policy.RuleRef, opens []Opening) {
	if a.told("NPD611", ref.Path()) {
		return // it speaks of all of them
	}
	pods := a.selected
	if ref.Direction == policy.Egress {
		pods = nil
		for _, o := range opens {
			if len(o.Who.Pods) == 0 {
				return // it means others than pods that are known
			}
			pods = append(pods, o.Who.Pods...)
		}
	}
	for i, port := range change.PortsOf(ref) {
		ref.Peer, ref.Port = -1, i
		switch {
		case port.Port == nil || port.EndPort != nil:
		case port.Port.Type == intstr.String:
			a.namedPort(ref, port, pods)
		default:
			a.numberedPort(ref, port, pods)
		}
	}
}

func (a *aboutPolicy) namedPort(ref policy.RuleRef, port networkingv1.NetworkPolicyPort, pods []*cluster.Pod) {
	name, protocol := port.Port.StrVal, protocolOf(port)
	var without []*cluster.Pod
	for _, p := range pods {
		if len(p.PortNamed(name, protocol)) == 0 {
			without = append(without, p)
		}
	}
	switch {
	case len(pods) > 0 && len(without) == len(pods):
		a.note(Warning, "NPD304", ref.Path(), fmt.Sprintf("none of the pods declares a port named %q with %s, so it opens nothing", name, protocol))
	case len(without) > 0:
		names, _ := namesOf(a.set.Snapshot(), without, a.np.Namespace)
		a.note(OK, "", ref.Path(), fmt.Sprintf("the name is looked up on each pod: %s does not have it, so nothing is opened there", folded(names)))
	}
	if a.set.Profile().Of(policy.NamedPortsBroken).Answer != policy.No {
		a.note(NotKnown, "", ref.Path(), "what a port name means on this network plugin is not certain")
		a.fact(behaviourFact(a.set, policy.NamedPortsBroken))
	}
}

func (a *aboutPolicy) numberedPort(ref policy.RuleRef, port networkingv1.NetworkPolicyPort, pods []*cluster.Pod) {
	number, protocol := port.Port.IntVal, protocolOf(port)
	var declared, other []string
	for _, p := range pods {
		if len(p.Ports) == 0 {
			return // it may listen on anything
		}
		for _, c := range p.Ports {
			if c.Number == number && c.Protocol == protocol {
				return
			}
			text := fmt.Sprintf("%d/%s", c.Number, c.Protocol)
			if !slices.Contains(declared, text) {
				declared = append(declared, text)
			}
			if c.Number == number && !slices.Contains(other, text) {
				other = append(other, text)
			}
		}
	}
	if len(pods) == 0 {
		return
	}
	slices.Sort(declared)
	text := fmt.Sprintf("none of the pods declares %d/%s; they declare %s", number, protocol, folded(declared))
	code := "NPD302"
	switch service := a.serviceWith(number, protocol, pods); {
	case len(other) > 0:
		code = "NPD303"
	case service != nil:
		code, text = "NPD301", text+fmt.Sprintf(". %d is the port of Service %s: policies see the port of the pod instead", number, service.Name)
	}
	a.note(Warning, code, ref.Path(), text)
}

// serviceWith returns a Service of pods that has a port of that number.
func (a *aboutPolicy) serviceWith(number int32, protocol corev1.Protocol, pods []*cluster.Pod) *cluster.Service {
	s := a.set.Snapshot()
	for _, v := range s.Services {
		selected := s.SelectedBy(v)
		for _, port := range v.Ports {
			if port.Port == number && port.Protocol == protocol && slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return slices.Contains(selected, p) }) {
				return v
			}
		}
	}
	return nil
}

// beside is about what decides besides NetworkPolicies.
func (a *aboutPolicy) beside() {
	for _, p := range a.selected {
		rivals(a.Explanation, a.set, p)
	}
	meshes(a.Explanation, a.np.Namespace)
}

// rivals notes policies of other layers that may decide about a pod.
func rivals(e *Explanation, set *policy.Set, p *cluster.Pod) {
	for _, f := range set.Rivals(p) {
		if f.Kind == policy.LayerUnread {
			e.unread(f)
			e.note(NotKnown, "", "", f.Object.Name+" could not be read: some of them may apply to these pods")
			continue
		}
		e.fact(f)
		e.note(NotKnown, "", "", fmt.Sprintf("%s may apply to these pods, too; policies of that kind are not explained", f.Object))
	}
}

// meshes notes that a mesh judges requests, which NetworkPolicies do not see.
func meshes(e *Explanation, namespace string) {
	for _, f := range e.Snapshot.Foreign {
		if k := policy.LayerKindOf(f.APIVersion, f.Kind); k != nil && k.L7 && f.Namespace == namespace {
			e.note(OK, "NPD712", "", fmt.Sprintf("%s judges requests and identities; NetworkPolicies see neither, only connections", f.Ref))
		}
	}
}
