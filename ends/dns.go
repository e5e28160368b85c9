package ends

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Resolver is how a pod finds its DNS: who answers it, and over which routes it is asked. Both
// UDP and TCP are needed, TCP for answers that do not fit.
type Resolver struct {
	Kind   ResolverKind
	Policy corev1.DNSPolicy // the one that takes effect
	// Service is the cluster DNS Service, when that is who is asked.
	Service *cluster.Service
	Cache   *cluster.Agent // the node-local cache, when there is one
	Servers []netip.Addr   // when addresses are asked
	Routes  []Route
	// Unread is the cluster DNS Service where it is not known which pods are behind it, or the first that
	// may be there where one is assumed; nil where that much could be read.
	Unread *policy.Fact
}

// ResolverKind is a way of finding DNS.
type ResolverKind string

// The ways. The zero value is not one of them.
const (
	ClusterDNS   ResolverKind = "ClusterDNS"   // the cluster DNS Service
	NodeLocalDNS ResolverKind = "NodeLocalDNS" // a cache on the pod's own node takes the queries
	CustomDNS    ResolverKind = "CustomDNS"    // servers named in the pod's dnsConfig
	NodeDNS      ResolverKind = "NodeDNS"      // the node's own resolvers, which no object tells
	AssumedDNS   ResolverKind = "AssumedDNS"   // no cluster DNS was found; the usual one is assumed
)

// Servers whose addresses no object tells.
const (
	NodeResolvers     = "the node's resolvers"
	UpstreamResolvers = "the resolvers that cluster DNS forwards to"
)

// Upstream is the way on which cluster DNS asks for the names that are not the cluster's. Where it
// leads is said in its configuration, and mostly by the resolv.conf of its node.
// Source: task page "Customizing DNS Service", forward.
func Upstream() Route {
	var r Resolver
	r.ask(policy.NameEnd(UpstreamResolvers))
	return r.Routes[0]
}

// ResolverOf tells how a pod finds its DNS. Source: core/v1 PodSpec.DNSPolicy: ClusterFirst on
// hostNetwork means Default.
func ResolverOf(s *cluster.Snapshot, p *cluster.Pod) Resolver {
	r := Resolver{Policy: p.DNSPolicy}
	if p.HostNetwork && p.DNSPolicy == corev1.DNSClusterFirst {
		r.Policy = corev1.DNSDefault
	}
	switch r.Policy {
	case corev1.DNSDefault:
		r.Kind = NodeDNS
		r.ask(policy.NameEnd(NodeResolvers))
		return r
	case corev1.DNSNone:
		r.Kind = CustomDNS
		for _, addr := range ownServers(p) {
			r.Servers = append(r.Servers, addr)
			r.askAddress(s, addr)
		}
		return r
	}
	for _, ref := range cluster.DNSServices {
		if r.Service = s.Service(ref.Namespace, ref.Name); r.Service != nil {
			break
		}
	}
	if r.Cache = nodeLocalCache(s); r.Cache != nil {
		r.askCache(p)
		return r
	}
	if r.Service == nil {
		r.Kind, r.Unread = AssumedDNS, unreadDNS(s)
		r.ask(policy.PodEnd(usualDNS()))
		return r
	}
	r.Kind = ClusterDNS
	r.askService(s)
	return r
}

// ownServers are the name servers that a pod asks instead of the cluster's.
// Source: core/v1 PodSpec.DNSPolicy None, PodDNSConfig.Nameservers.
func ownServers(p *cluster.Pod) []netip.Addr {
	if p.DNSPolicy != corev1.DNSNone {
		return nil
	}
	var out []netip.Addr
	for _, text := range p.Nameservers {
		if addr, err := netip.ParseAddr(text); err == nil {
			out = append(out, addr.Unmap())
		}
	}
	return out
}

// NameServers lists the addresses of the servers that pods ask instead of the cluster's, each once
// and in order. Whose they are has to be looked up: a Service, a pod or a node may hold them.
func NameServers(pods []*cluster.Pod) []netip.Addr {
	var out []netip.Addr
	for _, p := range pods {
		out = append(out, ownServers(p)...)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

func (r *Resolver) askService(s *cluster.Snapshot) {
	for _, protocol := range []corev1.Protocol{corev1.ProtocolUDP, corev1.ProtocolTCP} {
		end := End{Service: r.Service, Target: Target{Port: Port{Number: 53, Protocol: protocol}}}
		r.Routes = append(r.Routes, serviceRoutes(s, end)...)
	}
	for i := range r.Routes {
		unreadable := func(o Obstacle) bool { return o.Kind == BackendsUnreadable }
		if route := &r.Routes[i]; route.Unread == nil && len(route.Backends) == 0 && slices.ContainsFunc(route.Obstacles, unreadable) {
			r.Unread = &policy.Fact{Kind: policy.DNSServer, Object: r.Service.Ref(), Key: "endpointslices"}
			route.Unread = r.Unread
		}
	}
}

// askAddress adds the routes to a server given as an address, which may be anything.
func (r *Resolver) askAddress(s *cluster.Snapshot, addr netip.Addr) {
	holders := s.HoldersOf(addr)
	g, unread := unreadHolders(s, "Pod", "Service", "Node")
	switch {
	case len(holders) == 0 && unread:
		for _, protocol := range []corev1.Protocol{corev1.ProtocolUDP, corev1.ProtocolTCP} {
			about := cluster.Ref{Kind: "CIDR", Name: netip.PrefixFrom(addr, addr.BitLen()).String()}
			r.Routes = append(r.Routes, Route{Protocol: protocol, Port: 53, Unread: &policy.Fact{Kind: policy.EndUnread, Object: about, Key: g.Resource}})
		}
	case len(holders) == 0:
		r.ask(policy.RangeEnd(netip.PrefixFrom(addr, addr.BitLen())))
	case holders[0].Service != nil:
		r.Service = holders[0].Service
		r.askService(s)
	case holders[0].Pod != nil:
		r.ask(policy.PodEnd(holders[0].Pod))
	default:
		r.ask(policy.NodeEnd(holders[0].Node))
	}
}

func (r *Resolver) ask(end policy.Endpoint) {
	for _, protocol := range []corev1.Protocol{corev1.ProtocolUDP, corev1.ProtocolTCP} {
		r.Routes = append(r.Routes, Route{Protocol: protocol, Port: 53, Backends: []Backend{{End: end, Port: 53}}})
	}
}

// cacheAddress is where a node-local cache listens unless its arguments say otherwise.
// Source: task page "Using NodeLocal DNSCache in Kubernetes clusters".
const cacheAddress = "169.254.20.10"

// askCache adds the routes to a cache on the pod's own node, once for each address it takes
// queries on: its own and, with kube-proxy in iptables mode, the cluster DNS Service's.
func (r *Resolver) askCache(p *cluster.Pod) {
	r.Kind = NodeLocalDNS
	for i, arg := range r.Cache.Args {
		value := ""
		switch {
		case arg == "-localip" || arg == "--localip":
			if i+1 < len(r.Cache.Args) {
				value = r.Cache.Args[i+1]
			}
		case strings.Contains(arg, "localip="):
			_, value, _ = strings.Cut(arg, "localip=")
		}
		for _, text := range strings.Split(value, ",") {
			if addr, err := netip.ParseAddr(text); err == nil {
				r.Servers = append(r.Servers, addr)
			}
		}
	}
	if len(r.Servers) == 0 {
		r.Servers = []netip.Addr{netip.MustParseAddr(cacheAddress)}
		if r.Service != nil {
			r.Servers = append(r.Servers, r.Service.ClusterIPs...)
		}
	}
	for _, addr := range r.Servers {
		r.ask(policy.NodeEnd(&cluster.Node{Name: p.Node, IPs: []netip.Addr{addr}}))
	}
}

// nodeLocalCache finds a DNS cache that listens on the nodes' own network.
func nodeLocalCache(s *cluster.Snapshot) *cluster.Agent {
	i := slices.IndexFunc(s.Agents, func(a *cluster.Agent) bool {
		return a.HostNetwork && (a.Name == "node-local-dns" || a.Name == "nodelocaldns" || a.Labels["k8s-app"] == "node-local-dns")
	})
	if i < 0 {
		return nil
	}
	return s.Agents[i]
}

// unreadDNS returns the first of the cluster DNS Services that may be there, as far as could be read.
func unreadDNS(s *cluster.Snapshot) *policy.Fact {
	for _, ref := range cluster.DNSServices {
		if serviceUnread(s, candidate{namespace: ref.Namespace, name: ref.Name}) {
			about := cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: ref.Namespace, Name: ref.Name}
			return &policy.Fact{Kind: policy.DNSServer, Object: about, Key: "services"}
		}
	}
	return nil
}

// AssumedNamespace is where the DNS server is assumed to be.
const AssumedNamespace = "kube-system"

// usualDNS is the DNS server of most clusters, for manifests that do not hold one.
func usualDNS() *cluster.Pod {
	return &cluster.Pod{
		Namespace: AssumedNamespace,
		Labels:    cluster.Labels{Known: map[string]string{"k8s-app": "kube-dns"}, Open: cluster.AllKeys},
		Template:  true,
		Ready:     true,
		Owner:     cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: AssumedNamespace, Name: "coredns"},
		Ports: []cluster.ContainerPort{
			{Name: "dns", Protocol: corev1.ProtocolUDP, Number: 53},
			{Name: "dns-tcp", Protocol: corev1.ProtocolTCP, Number: 53},
		},
	}
}
