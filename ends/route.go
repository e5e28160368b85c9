package ends

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Route is one port of a destination, and what a connection to it arrives at.
type Route struct {
	Protocol corev1.Protocol
	Port     int32  // what the client dials; 0 when not known
	Name     string // its name, where it has one
	Service  *cluster.Service
	Backends []Backend
	// Unready are backends that a Service does not send traffic to.
	Unready   []Backend
	Obstacles []Obstacle
	// Address is what the client dials where it typed an address; invalid otherwise.
	Address netip.Addr
	// Unread is set when it is not known what answers on the port.
	Unread *policy.Fact
	// ThroughNode: traffic enters by a node's port or a load balancer's address, also from inside.
	ThroughNode bool

	followed bool // see End.Followed
}

// Backend is one end that a route can arrive at, and the port there.
type Backend struct {
	End  policy.Endpoint
	Port int32
	Node string // "" when not known
}

// Routes lists the ports of a destination that the target asks for. Only an end without any
// declared port and no port given has none.
func Routes(s *cluster.Snapshot, dst End) []Route {
	routes := routesOf(s, dst)
	for i := range routes {
		routes[i].Address = dst.Address
		if v := routes[i].Service; v != nil && slices.Contains(v.OtherIPs, dst.Address) {
			routes[i].ThroughNode = true
		}
	}
	return routes
}

func routesOf(s *cluster.Snapshot, dst End) []Route {
	switch {
	case dst.Unread != nil && (len(dst.Pods) == 0 || dst.Target.Port.Number == 0):
		return []Route{bare(dst.Target.Port)}
	case dst.Service != nil:
		return serviceRoutes(s, dst)
	case len(dst.Pods) > 0:
		return podRoutes(dst)
	}
	r := bare(dst.Target.Port)
	if r.Port == 0 && dst.Alias != nil && len(dst.Alias.Ports) > 0 {
		r.Port, r.Protocol, r.Name = dst.Alias.Ports[0].Port, dst.Alias.Ports[0].Protocol, dst.Alias.Ports[0].Name
	}
	if r.Port == 0 {
		return nil
	}
	switch {
	case dst.Node != nil:
		if behind, ok := nodePortRoute(s, dst.Node, dst.Target.Port); ok {
			return []Route{behind}
		}
		if !s.Read.All {
			r.Unread = &policy.Fact{Kind: policy.EndUnread, Object: dst.Ref, Key: "services in all namespaces"}
			return []Route{r}
		}
		r.Backends = []Backend{{End: policy.NodeEnd(dst.Node), Port: r.Port, Node: dst.Node.Name}}
	case dst.Name != "":
		r.Backends = []Backend{{End: policy.NameEnd(dst.Name), Port: r.Port}}
	}
	for _, p := range dst.Ranges {
		r.Backends = append(r.Backends, Backend{End: policy.RangeEnd(p), Port: r.Port})
	}
	for _, p := range dst.Inside {
		r.addPod(p, r.Port)
	}
	for _, n := range dst.Within {
		r.addNode(s, n, dst.Target.Port)
	}
	return []Route{r}
}

func bare(p Port) Route { return Route{Protocol: p.protocol(), Port: p.Number, Name: p.Name} }

func compareRoutes(a, b Route) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Name, b.Name))
}

// add keeps a backend once: a dual-stack Service has a slice for each family.
func (r *Route) add(b Backend) {
	same := func(o Backend) bool {
		if b.End.Outside != nil {
			return o.End.Outside != nil && *o.End.Outside == *b.End.Outside && o.Port == b.Port
		}
		return o.End == b.End && o.Port == b.Port
	}
	if !slices.ContainsFunc(r.Backends, same) {
		r.Backends = append(r.Backends, b)
	}
}
