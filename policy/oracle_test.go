package policy_test

import (
	"net/netip"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// oracle is a second engine, as naive as can be: two-valued, without anything compiled, written
// from the sentences of the NetworkPolicy API and its concept page, which are quoted. Whatever a
// snapshot, a plugin or the specification leaves open it asks of pick, so that it always judges
// one fully known world.
type oracle struct {
	s       *cluster.Snapshot
	profile policy.Profile
	pick    func(f policy.Fact, answers ...string) string
}

// side is what the oracle says of one direction.
type side struct {
	allowed    bool
	exempt     bool
	isolating  []string
	admitting  []string
	notAskedAt bool // no policy is asked at this end
}

// result is what the oracle says of a flow.
type result struct{ egress, ingress side }

// verdict: "For a connection from a source pod to a destination pod to be allowed, both the
// egress policy on the source pod and the ingress policy on the destination pod need to allow the
// connection. If either side does not allow the connection, it will not happen."
func (o *oracle) verdict(f policy.Flow, r result) policy.Verdict {
	allowed := r.egress.allowed && r.ingress.allowed
	if o.throughOwnService(f) && o.does(policy.HairpinNeedsBoth) {
		allowed = r.egress.allowed || r.ingress.allowed
	}
	if allowed {
		return policy.Allowed
	}
	return policy.Denied
}

func (o *oracle) judge(f policy.Flow) result {
	return result{o.direction(f, networkingv1.PolicyTypeEgress), o.direction(f, networkingv1.PolicyTypeIngress)}
}

func (o *oracle) throughOwnService(f policy.Flow) bool {
	return f.Source.Pod != nil && f.Source.Pod == f.Destination.Pod && f.Service != nil && !f.Service.Headless
}

func (o *oracle) direction(f policy.Flow, t networkingv1.PolicyType) side {
	subject, peer := f.Destination, f.Source
	if t == networkingv1.PolicyTypeEgress {
		subject, peer = f.Source, f.Destination
	}
	switch {
	case subject.Pod == nil:
		return side{allowed: true, exempt: true, notAskedAt: true}
	case subject.Pod == peer.Pod && !o.throughOwnService(f):
		// "A Pod cannot block access to itself."
		return side{allowed: true, exempt: true, notAskedAt: true}
	}
	seen := o.address(f, peer, t)
	if t == networkingv1.PolicyTypeIngress && f.SourceRewritten {
		switch o.pick(policy.Fact{Kind: policy.SourceSeen, Object: f.Service.Ref()}, "client", "node", "own node") {
		case "node":
			peer = policy.NodeEnd(&cluster.Node{})
			seen = o.anyNodeBut(f, subject)
		case "own node":
			return side{allowed: true, exempt: true}
		}
	}
	out := o.policies(f, t, subject, peer, seen)
	if out.exempt = o.exempt(f, t, subject, peer); out.exempt {
		out.allowed = true
	}
	return out
}

// exempt tells whether policies are not asked although they may isolate the subject.
func (o *oracle) exempt(f policy.Flow, t networkingv1.PolicyType, subject, peer policy.Endpoint) bool {
	if subject.Pod.HostNetwork && !o.does(policy.HostNetworkIsolated) {
		return true
	}
	if subject.Pod.Owner.Kind == "" && !subject.Pod.Template && o.does(policy.BarePodsUnenforced) {
		return true
	}
	if o.throughOwnService(f) && o.does(policy.HairpinExempt) {
		return true
	}
	host := peer.Node != nil || peer.Pod != nil && peer.Pod.HostNetwork
	if !host || o.nodeOf(subject) != o.nodeOf(peer) {
		return false
	}
	// "The network plugin can distinguish hostNetwork pod traffic from all other traffic [...]
	// and will apply NetworkPolicy to hostNetwork pods just like it does to pod-network pods."
	if peer.Pod != nil && o.does(policy.SelectorsMatchHostNetwork) {
		return false
	}
	if peer.Pod != nil && t == networkingv1.PolicyTypeIngress && o.does(policy.OwnNodePodsFiltered) {
		return false
	}
	// "OR if the traffic source is the pod's local node"
	return t == networkingv1.PolicyTypeIngress || o.does(policy.OwnNodeEgressExempt)
}

// policies: "By default, a pod is non-isolated for egress; [it] is isolated for egress if there is
// any NetworkPolicy that both selects the pod and has "Egress" in its policyTypes. [...] When a
// pod is isolated for egress, the only allowed connections from the pod are those allowed by the
// egress list of some NetworkPolicy that applies to the pod for egress." The same of ingress.
func (o *oracle) policies(f policy.Flow, t networkingv1.PolicyType, subject, peer policy.Endpoint, seen netip.Addr) side {
	var out side
	isolated := false
	for _, np := range o.s.Policies {
		if np.Namespace != subject.Pod.Namespace || !o.selects(&np.Spec.PodSelector, subject.Pod) {
			continue
		}
		listed := slices.Contains(typesOf(np.NetworkPolicy), t)
		rules := rulesOf(np.NetworkPolicy, t)
		if listed {
			out.isolating = append(out.isolating, np.Namespace+"/"+np.Name)
		}
		if !listed && (len(rules) == 0 || !o.does(policy.UnlistedSectionsEnforced)) {
			continue
		}
		isolated = true
		for i, r := range rules {
			if o.ruleAllows(f, np.NetworkPolicy, r, peer, seen) {
				out.admitting = append(out.admitting, np.Namespace+"/"+np.Name+" "+r.path(i))
			}
		}
		if o.oneChain(f, np.NetworkPolicy) {
			out.admitting = append(out.admitting, "the other direction")
		}
	}
	isolated = isolated || o.does(policy.UnselectedIsolated)
	out.allowed = !isolated || len(out.admitting) > 0
	return out
}

// oneChain: on some plugins a policy of both types that selects both ends opens a flow in
// both directions by a rule of either.
func (o *oracle) oneChain(f policy.Flow, np *networkingv1.NetworkPolicy) bool {
	if !o.does(policy.EitherDirectionOpens) || len(typesOf(np)) < 2 {
		return false
	}
	for _, p := range []*cluster.Pod{f.Source.Pod, f.Destination.Pod} {
		if p == nil || p.HostNetwork || p.Namespace != np.Namespace || !o.selects(&np.Spec.PodSelector, p) {
			return false
		}
	}
	for _, r := range rulesOf(np, networkingv1.PolicyTypeEgress) {
		if o.ruleAllows(f, np, r, f.Destination, o.address(f, f.Destination, networkingv1.PolicyTypeEgress)) {
			return true
		}
	}
	for _, r := range rulesOf(np, networkingv1.PolicyTypeIngress) {
		if o.ruleAllows(f, np, r, f.Source, o.address(f, f.Source, networkingv1.PolicyTypeIngress)) {
			return true
		}
	}
	return false
}

// apiRule is an ingress or an egress rule: the API has two types for one thing.
type apiRule struct {
	direction networkingv1.PolicyType
	peers     []networkingv1.NetworkPolicyPeer
	ports     []networkingv1.NetworkPolicyPort
}

func (r apiRule) path(i int) string {
	return map[networkingv1.PolicyType]string{networkingv1.PolicyTypeEgress: "spec.egress[", networkingv1.PolicyTypeIngress: "spec.ingress["}[r.direction] + string(rune('0'+i)) + "]"
}

func rulesOf(np *networkingv1.NetworkPolicy, t networkingv1.PolicyType) (out []apiRule) {
	if t == networkingv1.PolicyTypeEgress {
		for _, r := range np.Spec.Egress {
			out = append(out, apiRule{t, r.To, r.Ports})
		}
		return out
	}
	for _, r := range np.Spec.Ingress {
		out = append(out, apiRule{t, r.From, r.Ports})
	}
	return out
}

// typesOf: "If this field is not specified, it will default based on the existence of ingress or
// egress rules; policies that contain an egress section are assumed to affect egress, and all
// policies (whether or not they contain an ingress section) are assumed to affect ingress."
func typesOf(np *networkingv1.NetworkPolicy) []networkingv1.PolicyType {
	if len(np.Spec.PolicyTypes) > 0 {
		return np.Spec.PolicyTypes
	}
	types := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	if len(np.Spec.Egress) > 0 {
		types = append(types, networkingv1.PolicyTypeEgress)
	}
	return types
}

// ruleAllows: "The traffic must match both ports and from." "If this field is empty or missing,
// this rule matches all sources." "If this field is empty or missing, this rule matches all ports."
func (o *oracle) ruleAllows(f policy.Flow, np *networkingv1.NetworkPolicy, r apiRule, peer policy.Endpoint, seen netip.Addr) bool {
	// "You must be using a CNI plugin that supports SCTP protocol NetworkPolicies."
	if f.Protocol == corev1.ProtocolSCTP && len(r.ports) > 0 && o.does(policy.SCTPRulesIgnored) {
		return false
	}
	bySelector, byBlock, dialledBlock := len(r.peers) == 0, false, false
	dialledJudged := r.direction == networkingv1.PolicyTypeEgress && f.Service != nil && !f.Service.Headless
	for _, p := range r.peers {
		if p.IPBlock != nil {
			byBlock = byBlock || o.blockMatches(p.IPBlock, peer, seen)
			if dialledJudged && o.does(policy.IPBlockMatchesServices) {
				dialledBlock = dialledBlock || o.inBlock(p.IPBlock, o.serviceAddress(f))
			}
		} else {
			bySelector = bySelector || o.selectorsMatch(np, p, peer)
		}
	}
	if o.does(policy.BlocksShareExcepts) {
		byBlock = o.sharedBlocks(r, seen)
	}
	arriving := o.ports(f, np, r, o.arrivingPort(f))
	if dialledJudged && o.does(policy.IPBlockMatchesServices) && hasBlock(r) {
		return bySelector && arriving.any() && o.servicePort(f, np, r, dialledJudged) || dialledBlock && o.ports(f, np, r, f.Dialled.Port).any()
	}
	if !o.servicePort(f, np, r, dialledJudged) {
		return false
	}
	// On some plugins a named port of an egress rule means nothing for its ipBlocks.
	blockPorts := arriving
	if r.direction == networkingv1.PolicyTypeEgress && o.does(policy.NamedEgressSkipsBlocks) && len(r.peers) > 0 {
		blockPorts.byName = false
	}
	if bySelector && len(r.peers) > 0 && o.opensAll(np, r) {
		return true
	}
	return bySelector && arriving.any() || byBlock && blockPorts.any()
}

// servicePort: on some plugins the rule's port must be the Service's too.
func (o *oracle) servicePort(f policy.Flow, np *networkingv1.NetworkPolicy, r apiRule, dialledJudged bool) bool {
	return !dialledJudged || !o.does(policy.ServicePortJudged) || o.ports(f, np, r, f.Dialled.Port).any()
}

func hasBlock(r apiRule) bool {
	return slices.ContainsFunc(r.peers, func(p networkingv1.NetworkPolicyPeer) bool { return p.IPBlock != nil })
}

// selectorsMatch: "If namespaceSelector is also set, then the NetworkPolicyPeer as a whole selects
// the pods matching podSelector in the Namespaces selected by NamespaceSelector. Otherwise it
// selects the pods matching podSelector in the policy's own namespace."
func (o *oracle) selectorsMatch(np *networkingv1.NetworkPolicy, p networkingv1.NetworkPolicyPeer, peer policy.Endpoint) bool {
	pod := peer.Pod
	if host := peer.Node != nil || pod != nil && pod.HostNetwork; host && p.NamespaceSelector != nil && o.profile.Of(policy.NamespaceSelectorsMatchHosts).Answer != policy.No {
		// What such a peer means there is not known, one by one.
		if o.pick(policy.Fact{Kind: policy.PluginBehaviour, Key: string(policy.NamespaceSelectorsMatchHosts), Object: cluster.Ref{Namespace: np.Namespace, Name: np.Name + p.String()}}, "yes", "no") == "yes" {
			return true
		}
	}
	if pod == nil {
		// The traffic of a hostNetwork pod and that of its node are the same.
		return peer.Node != nil && slices.ContainsFunc(o.s.Pods, func(resident *cluster.Pod) bool {
			return resident.HostNetwork && resident.Node == peer.Node.Name && !resident.Finished() && o.podMatches(np, p, resident)
		})
	}
	return o.podMatches(np, p, pod)
}

func (o *oracle) podMatches(np *networkingv1.NetworkPolicy, p networkingv1.NetworkPolicyPeer, pod *cluster.Pod) bool {
	inNamespace := pod.Namespace == np.Namespace
	if p.NamespaceSelector != nil {
		n := o.s.Namespace(pod.Namespace)
		ref := cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: n.Name}
		inNamespace = o.matches(p.NamespaceSelector, n.Labels, policy.NamespaceLabel, ref)
	}
	return inNamespace && (p.PodSelector == nil || o.selects(p.PodSelector, pod)) &&
		(!pod.HostNetwork || o.does(policy.SelectorsMatchHostNetwork))
}

func (o *oracle) selects(selector *metav1.LabelSelector, p *cluster.Pod) bool {
	return o.matches(selector, p.Labels, policy.PodLabel, p.Ref())
}

// matches holds a selector against a label set that has been completed with picks.
func (o *oracle) matches(in *metav1.LabelSelector, known cluster.Labels, kind policy.FactKind, ref cluster.Ref) bool {
	selector, err := metav1.LabelSelectorAsSelector(in)
	if err != nil {
		panic(err)
	}
	set := labels.Set{}
	for k, v := range known.Known {
		set[k] = v
	}
	for _, key := range keysOf(in) {
		if _, ok := set[key]; ok || known.Open == cluster.Closed || known.Open == cluster.ControllerKeys && !cluster.StampedByController(key) {
			continue
		}
		var answers []string
		if !known.Stamped(key) {
			answers = append(answers, "(absent)")
		}
		answers = append(answers, valuesOf(o.s.Policies, key)...)
		if v := o.pick(policy.Fact{Kind: kind, Object: ref, Key: key}, append(answers, "(another)")...); v != "(absent)" {
			set[key] = v
		}
	}
	// Some plugins leave labels of pods out of what they know them by, one key or another.
	for _, key := range keysOf(in) {
		if _, ok := set[key]; ok && kind == policy.PodLabel && leftOut.MatchString(key) && o.overlooks(key) {
			delete(set, key)
		}
	}
	return selector.Matches(set)
}

// leftOut are the patterns of Cilium's documentation, "Limiting Identity-Relevant Labels"; that of
// beta.kubernetes.io is the one of its code.
var leftOut = regexp.MustCompile(`^(io\.kubernetes|kubernetes\.io|statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index|` +
	`batch\.kubernetes\.io/job-completion-index|batch\.kubernetes\.io/controller-uid|.*beta\.kubernetes\.io|k8s\.io|pod-template-generation|` +
	`pod-template-hash|controller-revision-hash|annotation.*|controller-uid|etcd_node)`)

func (o *oracle) overlooks(key string) bool {
	switch o.profile.Of(policy.PodLabelsIgnored).Answer {
	case policy.Yes:
		return true
	case policy.No:
		return false
	}
	return o.pick(policy.Fact{Kind: policy.PodLabelIgnored, Key: key}, "yes", "no") == "yes"
}

func keysOf(in *metav1.LabelSelector) (keys []string) {
	for k := range in.MatchLabels {
		keys = append(keys, k)
	}
	for _, e := range in.MatchExpressions {
		keys = append(keys, e.Key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// valuesOf lists every value that some selector of some policy has for a label key.
func valuesOf(policies []*cluster.Policy, key string) (values []string) {
	for _, np := range policies {
		selectors := []*metav1.LabelSelector{&np.Spec.PodSelector}
		for _, t := range []networkingv1.PolicyType{networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress} {
			for _, r := range rulesOf(np.NetworkPolicy, t) {
				for _, p := range r.peers {
					selectors = append(selectors, p.NamespaceSelector, p.PodSelector)
				}
			}
		}
		for _, s := range selectors {
			if s == nil {
				continue
			}
			if v, ok := s.MatchLabels[key]; ok {
				values = append(values, v)
			}
			for _, e := range s.MatchExpressions {
				if e.Key == key {
					values = append(values, e.Values...)
				}
			}
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// blockMatches: "ipBlock: This selects particular IP CIDR ranges to allow as ingress sources or
// egress destinations. These should be cluster-external IPs." What it does about addresses of the
// cluster is the plugin's.
func (o *oracle) blockMatches(b *networkingv1.IPBlock, peer policy.Endpoint, seen netip.Addr) bool {
	switch {
	case peer.Node != nil || peer.Pod != nil && peer.Pod.HostNetwork:
		return o.inBlock(b, seen) && o.does(policy.IPBlockMatchesNodes)
	case peer.Pod != nil:
		return o.inBlock(b, seen) && o.does(policy.IPBlockMatchesPods)
	}
	return o.inBlock(b, seen)
}

// inBlock: "The except entry describes CIDRs that should not be included within this rule."
func (o *oracle) inBlock(b *networkingv1.IPBlock, a netip.Addr) bool {
	return contains(b.CIDR, a) && !slices.ContainsFunc(b.Except, func(e string) bool { return contains(e, a) })
}

func contains(cidr string, a netip.Addr) bool {
	p, err := netip.ParsePrefix(cidr)
	return err == nil && p.Masked().Contains(a)
}

// sharedBlocks: on some plugins the blocks of a rule share a set of addresses, in which the
// longest prefix decides. Which of two equal ones does is not known.
func (o *oracle) sharedBlocks(r apiRule, a netip.Addr) bool {
	var in, out int = -1, -1
	for _, p := range r.peers {
		if p.IPBlock == nil {
			continue
		}
		if contains(p.IPBlock.CIDR, a) {
			in = max(in, netip.MustParsePrefix(p.IPBlock.CIDR).Bits())
		}
		for _, e := range p.IPBlock.Except {
			if contains(e, a) {
				out = max(out, netip.MustParsePrefix(e).Bits())
			}
		}
	}
	if in == out && in >= 0 {
		return o.pick(policy.Fact{Kind: policy.PluginBehaviour, Key: string(policy.BlocksShareExcepts)}, "yes", "no") == "yes"
	}
	return in > out
}

// arrivingPort: a mesh may carry the traffic on a port of its own.
func (o *oracle) arrivingPort(f policy.Flow) int32 {
	if f.TunnelPort != 0 && o.pick(policy.Fact{Kind: policy.MeshTunnel}, "yes", "no") == "yes" {
		return f.TunnelPort
	}
	return f.Arriving.Port
}

type portMatch struct{ byNumber, byName bool }

func (m portMatch) any() bool { return m.byNumber || m.byName }

// ports: "This can either be a numerical or named port on a pod. If this field is not provided,
// this matches all port names and numbers. If present, only traffic on the specified protocol AND
// port will be matched." "If set, indicates that the range of ports from port to endPort,
// inclusive, should be allowed." "If not specified, this field defaults to TCP."
func (o *oracle) ports(f policy.Flow, np *networkingv1.NetworkPolicy, r apiRule, number int32) (m portMatch) {
	if len(r.ports) == 0 {
		return portMatch{byNumber: true}
	}
	for i, p := range r.ports {
		switch {
		case protocolOf(p) != f.Protocol:
		case p.Port == nil:
			m.byNumber = true
		case p.Port.Type == intstr.String:
			m.byName = m.byName || o.named(f, np, r, p, i, number)
		case p.EndPort == nil && number == p.Port.IntVal, p.EndPort != nil && p.Port.IntVal <= number && number <= *p.EndPort:
			m.byNumber = true
		}
	}
	return m
}

func protocolOf(p networkingv1.NetworkPolicyPort) corev1.Protocol {
	if p.Protocol == nil {
		return corev1.ProtocolTCP
	}
	return *p.Protocol
}

// named resolves a port name on the destination pod.
func (o *oracle) named(f policy.Flow, np *networkingv1.NetworkPolicy, r apiRule, p networkingv1.NetworkPolicyPort, i int, number int32) bool {
	name, pod := p.Port.StrVal, f.Destination.Pod
	if o.profile.Of(policy.NamedPortsBroken).Answer != policy.No {
		// What a broken name means is not known, one by one.
		return o.pick(policy.Fact{Kind: policy.PluginBehaviour, Key: string(policy.NamedPortsBroken), Object: cluster.Ref{Namespace: np.Namespace, Name: np.Name + string(r.direction) + string(rune('0'+i)) + name}}, "yes", "no") == "yes"
	}
	if r.direction == networkingv1.PolicyTypeEgress && len(r.peers) == 0 && o.does(policy.NamedEgressUsesOwnNamespace) {
		// Some plugins look the name up in the policy's own namespace.
		return slices.ContainsFunc(o.s.Subjects(np.Namespace), func(p *cluster.Pod) bool { return !p.HostNetwork && has(p, name, f.Protocol, number) })
	}
	if pod == nil {
		return false
	}
	// "NetworkPolicy behaviour for hostNetwork pods is undefined": they may be told apart from their
	// node, or else be treated as it is, and a node has no names for ports.
	if r.direction == networkingv1.PolicyTypeEgress && pod.HostNetwork && has(pod, name, f.Protocol, number) && !o.does(policy.SelectorsMatchHostNetwork) {
		return false
	}
	if declares(pod, false, name, f.Protocol, number) {
		return true
	}
	// Some plugins do not look at the ports of sidecars.
	if declares(pod, true, name, f.Protocol, number) {
		return !o.does(policy.SidecarNamesIgnored)
	}
	if !o.does(policy.MixedNamesLeak) {
		return false
	}
	// A pod may be admitted at another pod's number. In the plugin's code it takes a port
	// that both declare alike.
	return slices.ContainsFunc(o.concerned(np, r), func(other *cluster.Pod) bool {
		alike := slices.ContainsFunc(other.Ports, func(c cluster.ContainerPort) bool { return has(pod, c.Name, c.Protocol, c.Number) })
		return alike && has(other, name, f.Protocol, number) && o.pick(policy.Fact{Kind: policy.PluginBehaviour, Key: string(policy.MixedNamesLeak), Object: cluster.Ref{Namespace: np.Namespace, Name: np.Name}}, "yes", "no") == "yes"
	})
}

func has(p *cluster.Pod, name string, protocol corev1.Protocol, number int32) bool {
	return slices.ContainsFunc(p.Ports, func(c cluster.ContainerPort) bool {
		return c.Name == name && c.Protocol == protocol && c.Number == number
	})
}

// declares is has for the containers of a pod, or for its sidecars.
func declares(p *cluster.Pod, sidecar bool, name string, protocol corev1.Protocol, number int32) bool {
	return slices.Contains(p.Ports, cluster.ContainerPort{Name: name, Protocol: protocol, Number: number, Sidecar: sidecar})
}

// opensAll: a rule with pod peers whose only ports are names that none of the pods
// concerned has opens every port on some plugins.
func (o *oracle) opensAll(np *networkingv1.NetworkPolicy, r apiRule) bool {
	if !o.does(policy.UnresolvedNamesOpenAll) || len(r.ports) == 0 {
		return false
	}
	for _, p := range r.ports {
		if p.Port == nil || p.Port.Type != intstr.String {
			return false
		}
		for _, pod := range o.concerned(np, r) {
			for _, c := range pod.Ports {
				if c.Name == p.Port.StrVal && c.Protocol == protocolOf(p) {
					return false
				}
			}
		}
	}
	return true
}

// concerned are the pods on which a rule's port names are resolved: those that its policy selects
// for ingress, those that its selectors match for egress.
func (o *oracle) concerned(np *networkingv1.NetworkPolicy, r apiRule) (pods []*cluster.Pod) {
	var all []*cluster.Pod
	seen := map[string]bool{}
	for _, p := range o.s.Pods {
		seen[p.Namespace] = true
	}
	for _, w := range o.s.Workloads {
		seen[w.Namespace] = true
	}
	for n := range seen {
		all = append(all, o.s.Subjects(n)...)
	}
	for _, p := range all {
		switch {
		case p.HostNetwork:
		case r.direction == networkingv1.PolicyTypeIngress:
			if p.Namespace == np.Namespace && o.selects(&np.Spec.PodSelector, p) {
				pods = append(pods, p)
			}
		default:
			if slices.ContainsFunc(r.peers, func(peer networkingv1.NetworkPolicyPeer) bool {
				return peer.IPBlock == nil && o.selectorsMatch(np, peer, policy.PodEnd(p))
			}) {
				pods = append(pods, p)
			}
		}
	}
	return pods
}

// does asks how the plugin behaves; what its profile leaves open is picked.
func (o *oracle) does(b policy.Behaviour) bool {
	switch o.profile.Of(b).Answer {
	case policy.Yes:
		return true
	case policy.No:
		return false
	}
	return o.pick(policy.Fact{Kind: policy.PluginBehaviour, Key: string(b)}, "yes", "no") == "yes"
}

// address is the address that an end is seen with. A destination has the one that was dialled; a
// node has several, and which of them it uses is not known.
func (o *oracle) address(f policy.Flow, e policy.Endpoint, t networkingv1.PolicyType) netip.Addr {
	if t == networkingv1.PolicyTypeEgress && f.Arriving.Address.IsValid() {
		return f.Arriving.Address
	}
	var known []string
	for _, a := range ipsOf(e) {
		if a.Is4() == (f.Family == corev1.IPv4Protocol) {
			known = append(known, a.String())
		}
	}
	fact := policy.Fact{Kind: policy.PodAddress}
	switch {
	case e.Pod != nil:
		fact.Object = e.Pod.Ref()
	case e.Node != nil:
		fact = policy.Fact{Kind: policy.NodeAddress, Object: e.Node.Ref()}
	default:
		fact = policy.Fact{Kind: policy.NameAddress, Object: cluster.Ref{Kind: "DNSName", Name: e.Outside.Name}}
	}
	return o.anyOf(fact, known, f.Family)
}

func (o *oracle) serviceAddress(f policy.Flow) netip.Addr {
	if f.Dialled.Address.IsValid() {
		return f.Dialled.Address
	}
	return o.anyOf(policy.Fact{Kind: policy.ServiceAddress, Object: f.Service.Ref()}, nil, f.Family)
}

func (o *oracle) anyNodeBut(f policy.Flow, subject policy.Endpoint) netip.Addr {
	var known []string
	for _, n := range o.s.Nodes {
		for _, a := range n.IPs {
			if n.Name != subject.Pod.Node && a.Is4() == (f.Family == corev1.IPv4Protocol) {
				known = append(known, a.String())
			}
		}
	}
	return o.anyOf(policy.Fact{Kind: policy.NodeAddress, Object: (&cluster.Node{}).Ref()}, known, f.Family)
}

// anyOf picks one of the addresses, or, where none is known, one of every sort that a block of
// any policy can tell apart.
func (o *oracle) anyOf(fact policy.Fact, known []string, family corev1.IPFamily) netip.Addr {
	if len(known) == 0 {
		known = o.sorts(family)
	}
	if len(known) == 1 {
		return netip.MustParseAddr(known[0])
	}
	return netip.MustParseAddr(o.pick(fact, known...))
}

func (o *oracle) sorts(family corev1.IPFamily) (out []string) {
	first := netip.MustParseAddr("9.9.9.9")
	if family == corev1.IPv6Protocol {
		first = netip.MustParseAddr("2001:db8:9::9")
	}
	addrs := []netip.Addr{first}
	seen := map[string]bool{o.sort(first): true}
	for _, cidr := range cidrsOf(o.s.Policies) {
		p := netip.MustParsePrefix(cidr).Masked()
		last := lastOf(p)
		for _, a := range []netip.Addr{p.Addr(), last, p.Addr().Prev(), last.Next()} {
			if a.IsValid() && a.Is4() == first.Is4() && !seen[o.sort(a)] {
				seen[o.sort(a)] = true
				addrs = append(addrs, a)
			}
		}
	}
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}

// sort describes which blocks an address is in.
func (o *oracle) sort(a netip.Addr) (out string) {
	for _, cidr := range cidrsOf(o.s.Policies) {
		if contains(cidr, a) {
			out += cidr + ","
		}
	}
	return out
}

func cidrsOf(policies []*cluster.Policy) (out []string) {
	for _, np := range policies {
		for _, t := range []networkingv1.PolicyType{networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress} {
			for _, r := range rulesOf(np.NetworkPolicy, t) {
				for _, p := range r.peers {
					if p.IPBlock != nil {
						out = append(append(out, p.IPBlock.CIDR), p.IPBlock.Except...)
					}
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// nodeOf is the node that an end is on.
func (o *oracle) nodeOf(e policy.Endpoint) string {
	switch {
	case e.Node != nil:
		return e.Node.Name
	case e.Pod.Node != "":
		return e.Pod.Node
	}
	return o.pick(policy.Fact{Kind: policy.SameNode, Object: e.Pod.Ref()}, "n1", "n2", "n3")
}
