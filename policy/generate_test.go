package policy_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// dice makes the choices of the generator: at random, or from the bytes of a fuzzer.
type dice interface {
	// roll returns a number from 0 to n-1.
	roll(n int) int
}

type randomDice struct{ *rand.Rand }

func (d randomDice) roll(n int) int { return d.IntN(n) }

func seeded(seed uint64) dice { return randomDice{rand.New(rand.NewPCG(seed, 1))} }

type byteDice struct{ left []byte }

func (d *byteDice) roll(n int) int {
	if len(d.left) == 0 {
		return 0
	}
	b := d.left[0]
	d.left = d.left[1:]
	return int(b) % n
}

func oneOf[T any](d dice, all ...T) T { return all[d.roll(len(all))] }

func listOf[T any](d dice, most int, make func() T) []T {
	n := d.roll(most + 2)
	if n == most+1 {
		return []T{} // present and empty, which must mean the same as missing
	}
	var out []T
	for range n {
		out = append(out, make())
	}
	return out
}

// world is a generated cluster, a plugin and a few flows.
type world struct {
	snapshot *cluster.Snapshot
	profile  policy.Profile
	flows    []policy.Flow
}

// maker makes small worlds out of few words, so that clauses often match.
type maker struct {
	dice
	// open: namespaces without objects, templates, pods without address or node, and a plugin
	// that leaves something open.
	open bool
	// plugin fixes the profile.
	plugin *policy.Profile
	s      *cluster.Snapshot
}

func (m *maker) rarely(n int) bool { return m.roll(n) == n-1 }

// unknown tells, in open worlds, one time in n that something is not known.
func (m *maker) unknown(n int) bool { return m.open && m.rarely(n) }

func (m *maker) world() world {
	m.s = &cluster.Snapshot{FromFiles: true, Read: cluster.Scope{All: true, Nodes: true}}
	m.nodes()
	m.namespaces()
	for i := range 2 + m.roll(4) {
		m.s.Pods = append(m.s.Pods, m.pod(i))
	}
	if m.open {
		for i := range m.roll(2) {
			m.s.Workloads = append(m.s.Workloads, m.workload(i))
		}
	}
	for i := range 1 + m.roll(3) {
		m.s.Policies = append(m.s.Policies, m.policy(i))
	}
	for i := range 1 + m.roll(2) {
		m.s.Services = append(m.s.Services, m.service(i))
	}
	w := world{snapshot: m.s.Seal(), profile: m.profile()}
	for range 4 {
		if f, ok := m.flow(); ok {
			w.flows = append(w.flows, f)
		}
	}
	return w
}

func addresses(texts ...string) (out []netip.Addr) {
	for _, t := range texts {
		out = append(out, netip.MustParseAddr(t))
	}
	return out
}

func (m *maker) nodes() {
	m.s.Nodes = []*cluster.Node{
		{Name: "n1", IPs: addresses("192.168.0.1", "fd00::1")},
		{Name: "n2", IPs: addresses("192.168.0.2", "fd00::2")},
	}
	if m.rarely(4) {
		m.s.Nodes[0].IPs = append(m.s.Nodes[0].IPs, netip.MustParseAddr("203.0.113.1"))
	}
}

func (m *maker) namespaces() {
	for _, name := range []string{"a", "b"} {
		if m.unknown(2) {
			continue
		}
		labels := map[string]string{cluster.MetadataName: name}
		m.label(labels, "team", "red", "blue")
		m.label(labels, "env", "prod")
		m.s.Namespaces = append(m.s.Namespaces, &cluster.Namespace{Name: name, Labels: cluster.Labels{Known: labels}})
	}
}

func (m *maker) label(labels map[string]string, key string, values ...string) {
	if i := m.roll(len(values) + 1); i < len(values) {
		labels[key] = values[i]
	}
}

const hashLabel = "pod-template-hash"

func (m *maker) pod(i int) *cluster.Pod {
	p := m.anyPod()
	p.Name = fmt.Sprintf("pod-%d", i)
	p.Phase = corev1.PodRunning
	if m.rarely(8) {
		p.Phase = corev1.PodSucceeded
	}
	m.label(p.Labels.Known, hashLabel, "h1")
	if !m.rarely(8) {
		p.Owner = cluster.Ref{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: p.Namespace, Name: "rs"}
	}
	node := 1 + m.roll(2)
	if !m.unknown(4) {
		p.Node = fmt.Sprintf("n%d", node)
	}
	switch {
	case m.unknown(4):
	case p.HostNetwork:
		p.IPs = addresses(fmt.Sprintf("192.168.0.%d", node), fmt.Sprintf("fd00::%d", node))
	case m.rarely(3):
		p.IPs = addresses(fmt.Sprintf("10.1.0.%d", i+1), fmt.Sprintf("2001:db8:1::%d", i+1))
	default:
		p.IPs = addresses(fmt.Sprintf("10.1.%d.%d", m.roll(2), i+1))
	}
	return p
}

// anyPod is what a pod and a template have in common.
func (m *maker) anyPod() *cluster.Pod {
	p := &cluster.Pod{Namespace: oneOf(m.dice, "a", "a", "b"), Labels: cluster.Labels{Known: map[string]string{}}, Ready: true}
	m.label(p.Labels.Known, "app", "web", "db")
	m.label(p.Labels.Known, "tier", "front")
	p.HostNetwork = m.rarely(6)
	for range m.roll(4) {
		p.Ports = append(p.Ports, cluster.ContainerPort{
			Name:     oneOf(m.dice, "http", "dns", ""),
			Protocol: oneOf(m.dice, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP),
			Number:   oneOf[int32](m.dice, 80, 8080, 53),
			Sidecar:  m.rarely(2),
		})
	}
	return p
}

func (m *maker) workload(i int) *cluster.Workload {
	p := m.anyPod()
	p.Owner = cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: p.Namespace, Name: fmt.Sprintf("deploy-%d", i)}
	p.Labels.Open, p.Template = cluster.ControllerKeys, true
	if m.rarely(2) {
		p.Labels.Sure = []string{"pod-template-hash"}
	}
	return &cluster.Workload{Ref: p.Owner, Template: p, Replicas: 1}
}

func (m *maker) policy(i int) *cluster.Policy {
	np := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: oneOf(m.dice, "a", "a", "b"), Name: fmt.Sprintf("p%d", i)}}
	np.Spec.PodSelector = *m.selector(false)
	np.Spec.PolicyTypes = oneOf(m.dice, nil, []networkingv1.PolicyType{}, []networkingv1.PolicyType{"Ingress"}, []networkingv1.PolicyType{"Egress"}, []networkingv1.PolicyType{"Ingress", "Egress"})
	np.Spec.Ingress = listOf(m.dice, 2, func() networkingv1.NetworkPolicyIngressRule {
		return networkingv1.NetworkPolicyIngressRule{From: m.peers(), Ports: m.ports()}
	})
	np.Spec.Egress = listOf(m.dice, 2, func() networkingv1.NetworkPolicyEgressRule {
		return networkingv1.NetworkPolicyEgressRule{To: m.peers(), Ports: m.ports()}
	})
	return &cluster.Policy{NetworkPolicy: np}
}

func (m *maker) selector(namespace bool) *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	keys := []string{"app", "tier", hashLabel}
	if namespace {
		keys = []string{"team", "env", cluster.MetadataName}
	}
	for range m.roll(3) {
		key := keys[m.roll(len(keys))]
		values := map[string][]string{"app": {"web", "db"}, "tier": {"front", "back"}, hashLabel: {"h1", "h2"}, "team": {"red", "blue"}, "env": {"prod", ""}, cluster.MetadataName: {"a", "b"}}[key]
		if m.roll(2) == 0 {
			if s.MatchLabels == nil {
				s.MatchLabels = map[string]string{}
			}
			s.MatchLabels[key] = values[m.roll(2)]
			continue
		}
		e := metav1.LabelSelectorRequirement{Key: key, Operator: oneOf(m.dice, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)}
		if e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn {
			e.Values = values[:1+m.roll(2)]
		}
		s.MatchExpressions = append(s.MatchExpressions, e)
	}
	return s
}

func (m *maker) peers() []networkingv1.NetworkPolicyPeer {
	return listOf(m.dice, 2, func() (p networkingv1.NetworkPolicyPeer) {
		switch m.roll(4) {
		case 0:
			p.PodSelector = m.selector(false)
		case 1:
			p.NamespaceSelector = m.selector(true)
		case 2:
			p.PodSelector, p.NamespaceSelector = m.selector(false), m.selector(true)
		case 3:
			p.IPBlock = m.block()
		}
		return p
	})
}

func (m *maker) block() *networkingv1.IPBlock {
	excepts := map[string][]string{
		"0.0.0.0/0":       {"10.1.0.0/16", "192.168.0.0/24", "203.0.113.0/24"},
		"10.1.0.0/16":     {"10.1.1.0/24", "10.1.0.1/32"},
		"10.1.1.9/24":     {"10.1.1.1/32", "10.1.1.0/30"},
		"192.168.0.0/24":  {"192.168.0.1/32"},
		"203.0.113.0/24":  {"203.0.113.8/29", "203.0.113.9/32"},
		"10.96.0.0/12":    {"10.96.0.1/32"},
		"::/0":            {"2001:db8:1::/64", "fd00::/8"},
		"2001:db8:1::/64": {"2001:db8:1::1/128"},
	}
	var cidrs []string
	for c := range excepts {
		cidrs = append(cidrs, c)
	}
	slices.Sort(cidrs)
	b := &networkingv1.IPBlock{CIDR: cidrs[m.roll(len(cidrs))]}
	for _, e := range excepts[b.CIDR] {
		if m.rarely(3) {
			b.Except = append(b.Except, e)
		}
	}
	return b
}

func (m *maker) ports() []networkingv1.NetworkPolicyPort {
	return listOf(m.dice, 2, func() (p networkingv1.NetworkPolicyPort) {
		if m.roll(2) == 0 {
			protocol := oneOf(m.dice, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)
			p.Protocol = &protocol
		}
		switch m.roll(5) {
		case 0:
		case 1, 2:
			port := intstr.FromString(oneOf(m.dice, "http", "dns", "none"))
			p.Port = &port
		default:
			number := oneOf[int32](m.dice, 80, 53, 8080, 15008)
			port := intstr.FromInt32(number)
			p.Port = &port
			if m.rarely(3) {
				last := number + int32(m.roll(2))*8000
				p.EndPort = &last
			}
		}
		return p
	})
}

func (m *maker) service(i int) *cluster.Service {
	v := &cluster.Service{Namespace: "a", Name: fmt.Sprintf("svc-%d", i), Type: corev1.ServiceTypeClusterIP, Headless: m.rarely(5)}
	if !v.Headless && !m.unknown(3) {
		v.ClusterIPs = addresses(fmt.Sprintf("10.96.0.%d", i+1), fmt.Sprintf("fd96::%d", i+1))
	}
	return v
}

// open behaviours, and those that some plugin deviates by.
var (
	openBehaviours = []policy.Behaviour{
		policy.IPBlockMatchesPods, policy.IPBlockMatchesNodes, policy.IPBlockMatchesServices, policy.SelectorsMatchHostNetwork,
		policy.HostNetworkIsolated, policy.OwnNodeEgressExempt, policy.HairpinExempt, policy.SCTPRulesIgnored,
	}
	deviations = []policy.Behaviour{
		policy.UnselectedIsolated, policy.UnlistedSectionsEnforced, policy.ServicePortJudged, policy.NamedPortsBroken, policy.BarePodsUnenforced,
		policy.SidecarNamesIgnored, policy.PodLabelsIgnored, policy.OwnNodePodsFiltered,
	}
)

// profile is a plugin: a shipped one, or one that decides everything at random; in open worlds it
// may leave something open.
func (m *maker) profile() policy.Profile {
	if m.plugin != nil {
		return *m.plugin
	}
	if m.open && m.roll(3) == 0 {
		return policy.Profiles[m.roll(len(policy.Profiles))]
	}
	p := policy.Profile{Name: "generated", Entries: map[policy.Behaviour]policy.Entry{}}
	for _, b := range openBehaviours {
		p.Entries[b] = policy.Entry{Answer: m.answer()}
	}
	for _, b := range deviations {
		switch {
		case !m.rarely(6):
		case b == policy.NamedPortsBroken && m.open:
			p.Entries[b] = policy.Entry{Answer: policy.Maybe}
		case b != policy.NamedPortsBroken:
			p.Entries[b] = policy.Entry{Answer: m.answer()}
		}
	}
	return p
}

func (m *maker) answer() policy.Truth {
	if m.unknown(4) {
		return policy.Maybe
	}
	return oneOf(m.dice, policy.Yes, policy.No)
}

// flow makes one connection between two ends that have a family in common.
func (m *maker) flow() (policy.Flow, bool) {
	f := policy.Flow{
		Source:      m.end(false),
		Destination: m.end(true),
		Protocol:    oneOf(m.dice, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP),
		Family:      oneOf(m.dice, corev1.IPv4Protocol, corev1.IPv4Protocol, corev1.IPv6Protocol),
	}
	for _, e := range []policy.Endpoint{f.Source, f.Destination} {
		if len(ipsOf(e)) > 0 && !slices.ContainsFunc(ipsOf(e), func(a netip.Addr) bool { return a.Is4() == (f.Family == corev1.IPv4Protocol) }) {
			return f, false
		}
	}
	f.Arriving = policy.Tuple{Address: addressOf(f.Destination, f.Family), Port: oneOf[int32](m.dice, 80, 53, 8080, 8079, 9999)}
	if f.Destination.Node != nil && m.roll(2) == 0 {
		// Another address of the same node.
		for _, a := range f.Destination.Node.IPs {
			if a.Is4() == (f.Family == corev1.IPv4Protocol) {
				f.Arriving.Address = a
			}
		}
	}
	f.Dialled = f.Arriving
	if m.unknown(6) && f.Source.Pod != nil && f.Destination.Pod != nil && f.Source.Pod != f.Destination.Pod {
		f.TunnelPort = 15008
	}
	if m.roll(2) == 0 && f.Destination.Pod != nil {
		f.Service = m.s.Services[m.roll(len(m.s.Services))]
		if !f.Service.Headless {
			f.Dialled = policy.Tuple{Port: oneOf[int32](m.dice, 80, 53, f.Arriving.Port)}
			for _, a := range f.Service.ClusterIPs {
				if a.Is4() == (f.Family == corev1.IPv4Protocol) {
					f.Dialled.Address = a
				}
			}
			f.SourceRewritten = m.open && f.Source.Outside != nil && m.roll(2) == 0
		}
	}
	return f, true
}

func (m *maker) end(destination bool) policy.Endpoint {
	switch m.roll(8) {
	case 0:
		return policy.NodeEnd(m.s.Nodes[m.roll(2)])
	case 1:
		a := netip.MustParseAddr(oneOf(m.dice, "203.0.113.9", "203.0.113.200", "8.8.8.8", "2001:db8:5::5"))
		return policy.RangeEnd(netip.PrefixFrom(a, a.BitLen()))
	case 2:
		if m.open && destination {
			return policy.NameEnd("db.example.com")
		}
	case 3:
		if len(m.s.Workloads) > 0 {
			return policy.PodEnd(m.s.Workloads[m.roll(len(m.s.Workloads))].Template)
		}
	}
	var running []*cluster.Pod
	for _, p := range m.s.Pods {
		if !p.Finished() {
			running = append(running, p)
		}
	}
	if len(running) == 0 {
		return policy.NodeEnd(m.s.Nodes[0])
	}
	return policy.PodEnd(running[m.roll(len(running))])
}
