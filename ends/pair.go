package ends

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Pair is a group of sources and a group of destinations that policies treat alike, and one flow
// for each address family that stands for all of them.
type Pair struct {
	Sources      []policy.Endpoint
	Destinations []policy.Endpoint
	Flows        []policy.Flow
	// Self: each source talks to itself.
	Self bool
}

// group is ends that are treated alike; where matters, on the same node.
type group struct {
	ends []policy.Endpoint
	port int32
	node string
}

// Pairs lists what has to be judged for one route. Whatever is not a pair for lack of an endpoint
// is an obstacle, which is added to the route.
func Pairs(set *policy.Set, src, dst End, r *Route) []Pair {
	if dst.Loopback {
		return r.loopback(set, src)
	}
	backends := r.Backends
	if len(backends) == 0 {
		backends = r.Unready // not sent any traffic now, but these would be judged
	}
	fromOutside := src.outside()
	if fromOutside && r.Service != nil && !exposed(r.Service) {
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: NotExposed, Object: r.Service.Ref(), Detail: []string{string(r.Service.Type)}})
	}
	if r.ThroughNode && r.Service != nil && r.Service.ExternalLocal && dst.Node != nil && src.outside() {
		backends = r.onNode(dst.Node, backends)
	}
	nodes := r.nodeMatters(src, backends)
	destinations := groupBackends(set, backends, nodes)
	var pairs []Pair
	for _, s := range groupSources(set, src, nodes) {
		for _, d := range r.local(set.Snapshot(), s, destinations, fromOutside) {
			pairs = append(pairs, r.pair(set, s, d, fromOutside)...)
		}
	}
	return pairs
}

// exposed tells whether a Service can be reached from outside the cluster at all.
func exposed(v *cluster.Service) bool {
	return v.Headless || v.Type == corev1.ServiceTypeNodePort || v.Type == corev1.ServiceTypeLoadBalancer || len(v.OtherIPs) > 0
}

// nodeMatters tells whether which node an end is on can change the answer: a node or a
// hostNetwork pod is involved, or the Service keeps traffic on the node.
func (r *Route) nodeMatters(src End, backends []Backend) bool {
	if r.Service != nil && (r.Service.InternalLocal || r.rewritten(src.outside())) || src.Node != nil || len(src.Hosts)+len(src.Within) > 0 {
		return true
	}
	for _, p := range src.Pods {
		if p.HostNetwork {
			return true
		}
	}
	return slices.ContainsFunc(backends, func(b Backend) bool {
		return b.End.Node != nil || b.End.Pod != nil && b.End.Pod.HostNetwork
	})
}

// local keeps the destinations that traffic from a source is sent to.
// Source: core/v1 ServiceSpec.InternalTrafficPolicy.
func (r *Route) local(s *cluster.Snapshot, source group, destinations []group, fromOutside bool) []group {
	if r.Service == nil || r.Service.Headless || fromOutside || !r.Service.InternalLocal || len(destinations) == 0 {
		return destinations
	}
	kept := slices.DeleteFunc(slices.Clone(destinations), func(d group) bool {
		return source.node != "" && d.node != "" && d.node != source.node
	})
	switch {
	case len(kept) == 0:
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: NoLocalEndpoint, Object: r.Service.Ref(), Detail: []string{source.node}})
	case len(r.Backends) > 0 && !beside(s, source, kept):
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: LocalUnknown, Object: r.Service.Ref()})
	}
	return kept
}

// beside tells whether it is certain that a source has a destination on its node. One that is a
// destination itself has; of one whose node is not known, every node has to have one.
func beside(s *cluster.Snapshot, source group, destinations []group) bool {
	has := func(node string) bool {
		return slices.ContainsFunc(destinations, func(d group) bool { return d.node == node })
	}
	if source.node != "" && has(source.node) {
		return true
	}
	if source.node == "" && s.Read.Nodes && len(s.Nodes) > 0 && !slices.ContainsFunc(s.Nodes, func(n *cluster.Node) bool { return !has(n.Name) }) {
		return true
	}
	return !slices.ContainsFunc(source.ends, func(e policy.Endpoint) bool {
		return !slices.ContainsFunc(destinations, func(d group) bool { return slices.Contains(d.ends, e) })
	})
}

// onNode keeps the backends that a node sends traffic from outside to, where the Service keeps such
// traffic on the node. Source: core/v1 ServiceSpec.ExternalTrafficPolicy.
func (r *Route) onNode(n *cluster.Node, backends []Backend) []Backend {
	kept := slices.DeleteFunc(slices.Clone(backends), func(b Backend) bool { return b.Node != "" && b.Node != n.Name })
	if len(kept) == 0 && len(backends) > 0 {
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: NoLocalEndpoint, Object: r.Service.Ref(), Detail: []string{n.Name}})
	}
	return kept
}

// groupSources groups the source's pods, or cuts its ranges where policies do.
func groupSources(set *policy.Set, src End, nodes bool) []group {
	switch {
	case src.Node != nil:
		return []group{{ends: []policy.Endpoint{policy.NodeEnd(src.Node)}, node: src.Node.Name}}
	case len(src.Hosts) > 0:
		var groups []group
		for _, n := range src.Hosts {
			groups = append(groups, group{ends: []policy.Endpoint{policy.NodeEnd(n)}, node: n.Name})
		}
		return groups
	case src.Name != "":
		return []group{{ends: []policy.Endpoint{policy.NameEnd(src.Name)}}}
	}
	var backends []Backend
	for _, p := range src.Pods {
		if !p.Finished() {
			backends = append(backends, Backend{End: policy.PodEnd(p), Node: p.Node})
		}
	}
	for _, p := range src.Ranges {
		backends = append(backends, Backend{End: policy.RangeEnd(p)})
	}
	for _, p := range src.Inside {
		backends = append(backends, Backend{End: policy.PodEnd(p), Node: p.Node})
	}
	for _, n := range src.Within {
		backends = append(backends, Backend{End: policy.NodeEnd(n), Node: n.Name})
	}
	return groupBackends(set, backends, nodes)
}

// groupBackends puts ends that no policy tells apart together, in order of first appearance.
func groupBackends(set *policy.Set, backends []Backend, nodes bool) []group {
	var groups []group
	index := map[string]int{}
	for _, b := range backends {
		class := ""
		switch {
		case b.End.Outside != nil && b.End.Outside.Prefix.IsValid():
			for _, part := range Cut(b.End.Outside.Prefix, set.Blocks()) {
				groups = append(groups, group{ends: []policy.Endpoint{policy.RangeEnd(part)}, port: b.Port})
			}
			continue
		case b.End.Pod != nil:
			class = set.Class(b.End.Pod)
		case b.End.Node != nil:
			class = "node " + b.End.Node.Name
		default:
			class = "name " + b.End.Outside.Name
		}
		class += "|" + strconv.Itoa(int(b.Port))
		if nodes {
			class += "|" + b.Node
		}
		i, ok := index[class]
		if !ok {
			i = len(groups)
			index[class] = i
			groups = append(groups, group{port: b.Port})
			if nodes {
				groups[i].node = b.Node
			}
		}
		groups[i].ends = append(groups[i].ends, b.End)
	}
	return groups
}

// pair makes the pair of two groups; pods that are in both talk to themselves, which is judged
// apart.
func (r *Route) pair(set *policy.Set, s, d group, fromOutside bool) []Pair {
	var pairs []Pair
	source, destination, found := distinct(set.Snapshot(), s.ends, d.ends)
	if found {
		pairs = append(pairs, Pair{Sources: s.ends, Destinations: d.ends, Flows: r.flows(set, source, destination, d.port, fromOutside)})
	}
	var selves []policy.Endpoint
	for _, e := range s.ends {
		if e.Pod != nil && slices.Contains(d.ends, e) {
			selves = append(selves, e)
		}
	}
	if len(selves) > 0 && (r.Service != nil || !found) {
		pairs = append(pairs, Pair{Sources: selves, Destinations: selves, Self: true, Flows: r.flows(set, selves[0], selves[0], d.port, false)})
	}
	return pairs
}

// distinct picks a source and a destination that are not the same pod. A template stands for
// any number of pods, so it is also a destination of its own, unless one replica is all there is.
func distinct(snapshot *cluster.Snapshot, sources, destinations []policy.Endpoint) (s, d policy.Endpoint, ok bool) {
	for _, s := range sources {
		for _, d := range destinations {
			if s.Pod == nil || s.Pod != d.Pod {
				return s, d, true
			}
			if s.Pod.Template && !single(snapshot, s.Pod) {
				another := *s.Pod
				return s, policy.PodEnd(&another), true
			}
		}
	}
	return s, d, false
}

// single tells whether a workload runs one pod and no more.
// Sources: apps/v1 DeploymentSpec.Replicas, StatefulSetSpec.Replicas.
func single(s *cluster.Snapshot, template *cluster.Pod) bool {
	w := s.WorkloadOf(template)
	return w != nil && w.Replicas == 1 && slices.Contains([]string{"Deployment", "StatefulSet", "ReplicaSet"}, w.Kind)
}

// flows makes one flow for each address family that both ends can use.
func (r *Route) flows(set *policy.Set, source, destination policy.Endpoint, port int32, fromOutside bool) []policy.Flow {
	var flows []policy.Flow
	for _, family := range r.families(set.Snapshot(), source, destination) {
		f := policy.Flow{
			Source:      source,
			Destination: destination,
			Protocol:    r.Protocol,
			Family:      family,
			Service:     r.Service,
			Dialled:     policy.Tuple{Port: r.Port},
			Arriving:    policy.Tuple{Port: port},
		}
		f.TunnelPort = tunnelPort(set.Snapshot(), r.Protocol, source, destination)
		f.Arriving.Address = addressIn(family, destination)
		f.Dialled.Address = f.Arriving.Address
		if r.Service != nil && !r.Service.Headless {
			f.Dialled.Address = firstOf(family, r.Service.ClusterIPs)
			f.SourceRewritten = r.rewritten(fromOutside)
		}
		if r.Address.IsValid() {
			f.Dialled.Address = r.Address
		}
		flows = append(flows, f)
	}
	return flows
}

// Direct makes the flow between two ends at their own addresses, with no Service in between.
func Direct(s *cluster.Snapshot, source, destination policy.Endpoint, protocol corev1.Protocol, port int32, family corev1.IPFamily) policy.Flow {
	arriving := policy.Tuple{Address: addressIn(family, destination), Port: port}
	return policy.Flow{
		Source: source, Destination: destination, Protocol: protocol, Family: family, Dialled: arriving, Arriving: arriving,
		TunnelPort: tunnelPort(s, protocol, source, destination),
	}
}

// rewritten tells whether the traffic may lose its source address on its way to the pod.
// Source: core/v1 ServiceSpec.ExternalTrafficPolicy.
func (r *Route) rewritten(fromOutside bool) bool {
	return (fromOutside && exposed(r.Service) || r.ThroughNode) && !r.Service.ExternalLocal
}

// loopback makes the pairs of pods that talk to themselves by their loopback address.
func (r *Route) loopback(set *policy.Set, src End) []Pair {
	var pairs []Pair
	for _, g := range groupSources(set, src, false) {
		f := policy.Flow{
			Source: g.ends[0], Destination: g.ends[0], Protocol: r.Protocol, Family: corev1.IPv4Protocol,
			Dialled: policy.Tuple{Address: r.Address, Port: r.Port}, Arriving: policy.Tuple{Address: r.Address, Port: r.Port},
		}
		pairs = append(pairs, Pair{Sources: g.ends, Destinations: g.ends, Self: true, Flows: []policy.Flow{f}})
	}
	return pairs
}

// families lists the address families that a connection can use: that of the address which was
// typed, those of the Service, and those that both ends have. An end without known addresses has
// those of the cluster.
func (r *Route) families(s *cluster.Snapshot, source, destination policy.Endpoint) []corev1.IPFamily {
	var out []corev1.IPFamily
	v4, v6 := s.Families()
	for _, f := range []struct {
		family corev1.IPFamily
		used   bool
	}{{corev1.IPv4Protocol, v4}, {corev1.IPv6Protocol, v6}} {
		if r.dials(f.family) && uses(source, f.family, f.used) && uses(destination, f.family, f.used) {
			out = append(out, f.family)
		}
	}
	if len(out) == 0 && (!addressed(source) || !addressed(destination)) {
		// One end has no address yet: it may have the family that the other end needs.
		for _, family := range []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol} {
			if r.dials(family) && uses(source, family, true) && uses(destination, family, true) {
				out = append(out, family)
			}
		}
	}
	if len(out) == 0 {
		// Nothing can be sent at all; the labels are judged all the same.
		o := Obstacle{Kind: NoCommonFamily, Object: destination.Ref(), Detail: []string{source.Ref().String() + holding(source), holding(destination)}}
		if !slices.ContainsFunc(r.Obstacles, func(other Obstacle) bool { return other.Kind == o.Kind && other.Object == o.Object }) {
			r.Obstacles = append(r.Obstacles, o)
		}
		out = append(out, corev1.IPv4Protocol)
	}
	return out
}

// NoFamily tells whether the ends of a pair, of those that Pairs made of the route, have no address family in common.
func (r *Route) NoFamily(p Pair) bool {
	return slices.ContainsFunc(r.Obstacles, func(o Obstacle) bool {
		return o.Kind == NoCommonFamily && slices.ContainsFunc(p.Destinations, func(e policy.Endpoint) bool { return e.Ref() == o.Object })
	})
}

// holding says which addresses an end has, if any is known.
func holding(e policy.Endpoint) string {
	var all []netip.Addr
	switch {
	case e.Pod != nil:
		all = e.Pod.IPs
	case e.Node != nil:
		all = e.Node.IPs
	}
	if len(all) == 0 {
		return ""
	}
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String()
	}
	return " has " + strings.Join(texts, ", ")
}

// dials tells whether the client can dial the route in a family.
func (r *Route) dials(family corev1.IPFamily) bool {
	switch {
	case r.Address.IsValid():
		return r.Address.Is4() == (family == corev1.IPv4Protocol)
	case r.Service == nil:
		return true
	case len(r.Service.Families) > 0:
		return slices.Contains(r.Service.Families, family)
	case len(r.Service.ClusterIPs) > 0:
		return firstOf(family, r.Service.ClusterIPs).IsValid()
	}
	return true
}

// addressed tells whether any address of an end is known.
func addressed(e policy.Endpoint) bool {
	switch {
	case e.Pod != nil:
		return len(e.Pod.IPs) > 0
	case e.Node != nil:
		return len(e.Node.IPs) > 0
	}
	return e.Outside.Prefix.IsValid()
}

func uses(e policy.Endpoint, family corev1.IPFamily, byCluster bool) bool {
	var ips []netip.Addr
	switch {
	case e.Outside != nil && e.Outside.Prefix.IsValid():
		ips = []netip.Addr{e.Outside.Prefix.Addr()}
	case e.Pod != nil:
		ips = e.Pod.IPs
	case e.Node != nil:
		ips = e.Node.IPs
	}
	if len(ips) == 0 {
		return byCluster
	}
	return firstOf(family, ips).IsValid()
}

func addressIn(family corev1.IPFamily, e policy.Endpoint) netip.Addr {
	switch {
	case e.Pod != nil:
		return firstOf(family, e.Pod.IPs)
	case e.Node != nil:
		return firstOf(family, e.Node.IPs)
	case e.Outside.Prefix.IsValid() && e.Outside.Prefix.IsSingleIP():
		return e.Outside.Prefix.Addr()
	}
	return netip.Addr{}
}

func firstOf(family corev1.IPFamily, ips []netip.Addr) netip.Addr {
	for _, ip := range ips {
		if ip.Is4() == (family == corev1.IPv4Protocol) {
			return ip
		}
	}
	return netip.Addr{}
}
