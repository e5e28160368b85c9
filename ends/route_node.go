package ends

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// addNode adds a node in a range, or what answers on its port.
func (r *Route) addNode(s *cluster.Snapshot, n *cluster.Node, port Port) {
	behind, ok := nodePortRoute(s, n, port)
	if !ok {
		r.Backends = append(r.Backends, Backend{End: policy.NodeEnd(n), Port: r.Port, Node: n.Name})
	}
	for _, b := range slices.Concat(behind.Backends, behind.Unready) {
		r.add(b)
	}
}

// nodePortRoute finds what really answers on a node's port: a Service by its node port, or a pod
// on that node by its host port. Source: core/v1 ServicePort.NodePort, ContainerPort.HostPort.
func nodePortRoute(s *cluster.Snapshot, node *cluster.Node, port Port) (Route, bool) {
	for _, v := range s.Services {
		for i := range v.Ports {
			if sp := &v.Ports[i]; sp.NodePort != 0 && sp.NodePort == port.Number && sp.Protocol == port.protocol() {
				r := Route{Protocol: sp.Protocol, Port: sp.NodePort, Name: sp.Name, Service: v, ThroughNode: true}
				fillBackends(s, &r, sp)
				return r, true
			}
		}
	}
	r := bare(port)
	for _, p := range s.Pods {
		if p.Node != node.Name || p.HostNetwork || p.Finished() {
			continue
		}
		for _, c := range p.Ports {
			if c.HostPort != 0 && c.HostPort == port.Number && c.Protocol == port.protocol() {
				r.addPod(p, c.Number)
			}
		}
	}
	return r, len(r.Backends) > 0
}
