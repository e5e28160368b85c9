package cluster

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Snapshot is a picture of as much of a cluster as a question needs. It is filled by a Source,
// sealed once with Seal, and only read afterwards.
type Snapshot struct {
	Namespaces     []*Namespace
	Pods           []*Pod
	Workloads      []*Workload
	Policies       []*Policy
	Foreign        []*Foreign
	Services       []*Service
	EndpointSlices []*EndpointSlice
	Nodes          []*Node
	Agents         []*Agent
	// Mentioned are the names of namespaces that are known to be there because some object is in
	// them, whether anything of them was read or not.
	Mentioned []string
	// Roles and Bindings are those of Scope.Rights.
	Roles    []*Role
	Bindings []*Binding
	// Ingresses and IngressClasses are those of Scope.Ingresses.
	Ingresses      []*Ingress
	IngressClasses []*IngressClass
	// Gateways and what leads to and from them are those of Scope.Gateways.
	Gateways        []*Gateway
	GatewayClasses  []*GatewayClass
	Routes          []*Route
	ReferenceGrants []*ReferenceGrant
	// ConfigMaps holds the data of the few ConfigMaps that say how a network plugin is set up,
	// by "namespace/name".
	ConfigMaps map[string]map[string]string
	Gaps       []Gap
	// Read is what was read in full: nothing else of those namespaces exists.
	Read Scope
	// FromFiles: the objects are the cluster, and Service endpoints follow from selectors where
	// no controller wrote them down.
	FromFiles bool
	// Saved: it was read from a file that it had been written to, see Saved.
	Saved bool
	// Derived are the Services, by namespace and name, whose endpoints follow from their selector
	// because an object that decides them was changed. Slices that are still there beside it were
	// written by hand.
	Derived map[[2]string]bool
	// Controlled: a controller is known to keep EndpointSlices, whether one that it made is here
	// or not.
	Controlled bool

	index index
}

// index holds what Seal computes.
type index struct {
	namespaces map[string]*Namespace
	named      []*Namespace // those that were read and those that something is known to be in
	pods       map[[2]string]*Pod
	podsIn     map[string][]*Pod
	workloads  map[[3]string]*Workload
	ownersIn   map[string][]*Workload // top-level workloads by namespace
	services   map[[2]string]*Service
	slices     map[[2]string][]*EndpointSlice
	policiesIn map[string][]*Policy
	nodes      map[string]*Node
	hosts      []*Node // the nodes, and those that only their hostNetwork pods tell of
	byIP       map[netip.Addr][]Holder
	v4, v6     bool // some address is of that family
}

// Holder is an object that an address belongs to; exactly one field is set.
type Holder struct {
	Pod     *Pod
	Service *Service
	Node    *Node
}

// Seal sorts the snapshot, so that the order in which objects were read never shows, and builds
// its indexes. Call it once, after the last object was added.
func (s *Snapshot) Seal() *Snapshot {
	slices.SortFunc(s.Namespaces, func(a, b *Namespace) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Pods, func(a, b *Pod) int { return byName(a.Namespace, a.Name, b.Namespace, b.Name) })
	slices.SortFunc(s.Workloads, func(a, b *Workload) int { return a.Compare(b.Ref) })
	slices.SortFunc(s.Policies, func(a, b *Policy) int { return byName(a.Namespace, a.Name, b.Namespace, b.Name) })
	slices.SortFunc(s.Foreign, func(a, b *Foreign) int { return a.Compare(b.Ref) })
	slices.SortFunc(s.Services, func(a, b *Service) int { return byName(a.Namespace, a.Name, b.Namespace, b.Name) })
	slices.SortFunc(s.EndpointSlices, func(a, b *EndpointSlice) int { return byName(a.Namespace, a.Name, b.Namespace, b.Name) })
	slices.SortFunc(s.Nodes, func(a, b *Node) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Agents, func(a, b *Agent) int { return a.Compare(b.Ref) })
	slices.SortFunc(s.Roles, func(a, b *Role) int { return a.Compare(b.Ref) })
	slices.SortFunc(s.Bindings, func(a, b *Binding) int { return a.Compare(b.Ref) })
	slices.SortFunc(s.Ingresses, func(a, b *Ingress) int { return a.Compare(b.Ref) })
	slices.SortFunc(s.IngressClasses, compareClasses)
	slices.SortFunc(s.Gateways, func(a, b *Gateway) int { return a.Compare(b.Ref) })
	slices.SortFunc(s.GatewayClasses, func(a, b *GatewayClass) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Routes, func(a, b *Route) int { return a.Compare(b.Ref) })
	slices.SortFunc(s.ReferenceGrants, func(a, b *ReferenceGrant) int { return a.Compare(b.Ref) })
	slices.SortFunc(s.Gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), byName(a.Namespace, a.Name, b.Namespace, b.Name), cmp.Compare(a.Reason, b.Reason))
	})
	s.Gaps = slices.Compact(s.Gaps)
	s.buildIndex()
	return s
}

func byName(aNamespace, aName, bNamespace, bName string) int {
	return cmp.Or(cmp.Compare(aNamespace, bNamespace), cmp.Compare(aName, bName))
}

func (s *Snapshot) buildIndex() {
	x := index{
		namespaces: make(map[string]*Namespace, len(s.Namespaces)),
		pods:       make(map[[2]string]*Pod, len(s.Pods)),
		podsIn:     map[string][]*Pod{},
		workloads:  make(map[[3]string]*Workload, len(s.Workloads)),
		ownersIn:   map[string][]*Workload{},
		services:   make(map[[2]string]*Service, len(s.Services)),
		slices:     map[[2]string][]*EndpointSlice{},
		policiesIn: map[string][]*Policy{},
		nodes:      map[string]*Node{},
		byIP:       map[netip.Addr][]Holder{},
	}
	for _, n := range s.Namespaces {
		x.namespaces[n.Name] = n
	}
	for _, n := range s.Nodes {
		x.nodes[n.Name] = n
	}
	x.hosts = hosts(s)
	for _, n := range x.hosts {
		for _, ip := range n.IPs {
			x.byIP[ip] = append(x.byIP[ip], Holder{Node: n})
		}
	}
	for _, w := range s.Workloads {
		x.workloads[[3]string{w.Kind, w.Namespace, w.Name}] = w
		if w.TopLevel() {
			x.ownersIn[w.Namespace] = append(x.ownersIn[w.Namespace], w)
		}
	}
	for _, p := range s.Pods {
		x.pods[[2]string{p.Namespace, p.Name}] = p
		x.podsIn[p.Namespace] = append(x.podsIn[p.Namespace], p)
		// A finished pod no longer holds its address, and a hostNetwork pod's address is the
		// node's.
		if p.Finished() || p.HostNetwork {
			continue
		}
		for _, ip := range p.IPs {
			x.byIP[ip] = append(x.byIP[ip], Holder{Pod: p})
		}
	}
	for _, v := range s.Services {
		x.services[[2]string{v.Namespace, v.Name}] = v
		for _, ip := range slices.Concat(v.ClusterIPs, v.OtherIPs) {
			x.byIP[ip] = append(x.byIP[ip], Holder{Service: v})
		}
	}
	for _, e := range s.EndpointSlices {
		key := [2]string{e.Namespace, e.Service}
		x.slices[key] = append(x.slices[key], e)
	}
	for _, p := range s.Policies {
		x.policiesIn[p.Namespace] = append(x.policiesIn[p.Namespace], p)
	}
	x.named = named(s, x.namespaces)
	for ip := range x.byIP {
		x.v4, x.v6 = x.v4 || ip.Is4(), x.v6 || !ip.Is4()
	}
	s.index = x
}

// hosts returns the nodes. One that was not read is known by its hostNetwork pods, whose addresses
// are its own. Source: core/v1 PodSpec.HostNetwork.
func hosts(s *Snapshot) []*Node {
	known := map[string]bool{}
	for _, n := range s.Nodes {
		known[n.Name] = true
	}
	all, told := slices.Clone(s.Nodes), map[string]*Node{}
	for _, p := range s.Pods {
		if !p.HostNetwork || p.Finished() || p.Node == "" || known[p.Node] {
			continue
		}
		n := told[p.Node]
		if n == nil {
			n = &Node{Name: p.Node}
			told[p.Node] = n
			all = append(all, n)
		}
		for _, ip := range p.IPs {
			if !slices.Contains(n.IPs, ip) {
				n.IPs = append(n.IPs, ip)
			}
		}
	}
	slices.SortFunc(all, func(a, b *Node) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// named returns the namespaces that were read, those that an object which was read is in, and those
// that are mentioned.
func named(s *Snapshot, read map[string]*Namespace) []*Namespace {
	names := map[string]*Namespace{}
	note := func(name string) {
		if names[name] == nil && read[name] == nil {
			names[name] = UnknownNamespace(name)
		}
	}
	for _, p := range s.Pods {
		note(p.Namespace)
	}
	for _, w := range s.Workloads {
		note(w.Namespace)
	}
	for _, p := range s.Policies {
		note(p.Namespace)
	}
	for _, v := range s.Services {
		note(v.Namespace)
	}
	for _, name := range s.Mentioned {
		note(name)
	}
	all := slices.AppendSeq(slices.Clone(s.Namespaces), maps.Values(names))
	slices.SortFunc(all, func(a, b *Namespace) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Namespace returns the namespace with that name; one that was not read comes back with
// unknown labels.
func (s *Snapshot) Namespace(name string) *Namespace {
	if n := s.index.namespaces[name]; n != nil {
		return n
	}
	return UnknownNamespace(name)
}

// AllNamespaces returns the namespaces that were read and those that are only known because
// something is in them, sorted by name.
func (s *Snapshot) AllNamespaces() []*Namespace { return s.index.named }

// HasNamespace tells whether the Namespace object itself was read.
func (s *Snapshot) HasNamespace(name string) bool { return s.index.namespaces[name] != nil }

// Pod returns one pod, or nil.
func (s *Snapshot) Pod(namespace, name string) *Pod { return s.index.pods[[2]string{namespace, name}] }

// PodsIn returns the pods of a namespace that were read, sorted by name.
func (s *Snapshot) PodsIn(namespace string) []*Pod { return s.index.podsIn[namespace] }

// Workload returns one workload, or nil.
func (s *Snapshot) Workload(kind, namespace, name string) *Workload {
	return s.index.workloads[[3]string{kind, namespace, name}]
}

// WorkloadsIn returns the top-level workloads of a namespace, sorted by kind and name.
func (s *Snapshot) WorkloadsIn(namespace string) []*Workload { return s.index.ownersIn[namespace] }

// Service returns one Service, or nil.
func (s *Snapshot) Service(namespace, name string) *Service {
	return s.index.services[[2]string{namespace, name}]
}

// SlicesOf returns the EndpointSlices of a Service.
func (s *Snapshot) SlicesOf(v *Service) []*EndpointSlice {
	return s.index.slices[[2]string{v.Namespace, v.Name}]
}

// PoliciesIn returns the NetworkPolicies of a namespace, sorted by name.
func (s *Snapshot) PoliciesIn(namespace string) []*Policy { return s.index.policiesIn[namespace] }

// Node returns one node, or nil.
func (s *Snapshot) Node(name string) *Node { return s.index.nodes[name] }

// HoldersOf returns what an address belongs to: running pods first, then pods that are starting or
// going away, then Services, then nodes.
func (s *Snapshot) HoldersOf(ip netip.Addr) []Holder {
	holders := slices.Clone(s.index.byIP[ip.Unmap()])
	rank := func(h Holder) int {
		switch {
		case h.Pod != nil && h.Pod.Phase == corev1.PodRunning && !h.Pod.Deleting:
			return 0
		case h.Pod != nil:
			return 1
		case h.Service != nil:
			return 2
		}
		return 3
	}
	sort.SliceStable(holders, func(i, j int) bool { return rank(holders[i]) < rank(holders[j]) })
	return holders
}

// PodsWithin returns the pods that have not finished and whose address lies in a range, sorted.
func (s *Snapshot) PodsWithin(p netip.Prefix) []*Pod {
	var pods []*Pod
	for _, pod := range s.Pods {
		if !pod.Finished() && !pod.HostNetwork && slices.ContainsFunc(pod.IPs, p.Contains) {
			pods = append(pods, pod)
		}
	}
	return pods
}

// NodesWithin returns the nodes with an address in a range, sorted by name.
func (s *Snapshot) NodesWithin(p netip.Prefix) []*Node {
	var nodes []*Node
	for _, n := range s.index.hosts {
		if slices.ContainsFunc(n.IPs, p.Contains) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// PodsOf returns the pods of a workload that have not finished; when there are none, its
// template stands for them.
func (s *Snapshot) PodsOf(w *Workload) []*Pod {
	var pods []*Pod
	for _, p := range s.PodsIn(w.Namespace) {
		if !p.Finished() && s.Owns(w, p) {
			pods = append(pods, p)
		}
	}
	if len(pods) == 0 {
		return []*Pod{w.Template}
	}
	return pods
}

// Subjects returns everything in a namespace that a policy can select: pods that have not
// finished, and templates of top-level workloads that have no pods.
func (s *Snapshot) Subjects(namespace string) []*Pod {
	var subjects []*Pod
	for _, p := range s.PodsIn(namespace) {
		if !p.Finished() {
			subjects = append(subjects, p)
		}
	}
	for _, w := range s.WorkloadsIn(namespace) {
		if pods := s.PodsOf(w); pods[0].Template {
			subjects = append(subjects, pods[0])
		}
	}
	return subjects
}

// WorkloadOf returns the top-level workload that a pod belongs to, or nil.
func (s *Snapshot) WorkloadOf(p *Pod) *Workload {
	owner := p.Owner
	var found *Workload
	// Manifests can say that objects own each other in a circle.
	for range len(s.Workloads) {
		w := s.Workload(owner.Kind, owner.Namespace, owner.Name)
		if w == nil {
			break
		}
		found, owner = w, w.Owner
	}
	if found != nil {
		return found
	}
	for _, w := range s.WorkloadsIn(p.Namespace) {
		if s.Owns(w, p) {
			return w
		}
	}
	return nil
}

// SelectedBy returns the subjects of the Service's namespace that its selector matches, or nil
// when it has no selector. Source: core/v1 ServiceSpec.Selector.
func (s *Snapshot) SelectedBy(v *Service) []*Pod {
	if len(v.Selector) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(v.Selector)
	var pods []*Pod
	for _, p := range s.Subjects(v.Namespace) {
		if selector.Matches(labels.Set(p.Labels.Known)) {
			pods = append(pods, p)
		}
	}
	return pods
}

// SlicesKept tells whether somebody keeps EndpointSlices up to date in this cluster, so that a
// Service without any has no endpoints. In a folder of manifests nobody does.
func (s *Snapshot) SlicesKept() bool {
	if !s.FromFiles || s.Controlled {
		return true
	}
	for _, e := range s.EndpointSlices {
		if e.Managed {
			return true
		}
	}
	return false
}

// Families tells which address families the cluster is seen to use. Without any address it is
// taken to use IPv4, and IPv6 too if some policy names an IPv6 block.
func (s *Snapshot) Families() (v4, v6 bool) {
	if s.index.v4 || s.index.v6 {
		return s.index.v4, s.index.v6
	}
	return true, slices.ContainsFunc(s.Policies, namesIPv6)
}

func namesIPv6(p *Policy) bool {
	isIPv6 := func(peer networkingv1.NetworkPolicyPeer) bool {
		return peer.IPBlock != nil && strings.Contains(peer.IPBlock.CIDR, ":")
	}
	return slices.ContainsFunc(p.Spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) bool { return slices.ContainsFunc(r.From, isIPv6) }) ||
		slices.ContainsFunc(p.Spec.Egress, func(r networkingv1.NetworkPolicyEgressRule) bool { return slices.ContainsFunc(r.To, isIPv6) })
}

// GapsFor returns the gaps that cover a resource in a namespace.
func (s *Snapshot) GapsFor(resource, namespace string) []Gap {
	var out []Gap
	for _, g := range s.Gaps {
		if g.Resource == resource && (g.Namespace == "" || g.Namespace == namespace) && g.Name == "" {
			out = append(out, g)
		}
	}
	return out
}
