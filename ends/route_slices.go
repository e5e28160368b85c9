package ends

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// fromSlices takes the backends that are ready. With none of them, those that are going away and
// still serve get the traffic. Source: discovery/v1 EndpointConditions.Serving; concept page
// "Virtual IPs and Service Proxies", traffic to terminating endpoints.
func fromSlices(s *cluster.Snapshot, r *Route, sp *corev1.ServicePort) {
	var ending []Backend
	for _, slice := range s.SlicesOf(r.Service) {
		number, ok := slicePort(slice, sp)
		if !ok {
			r.withoutPort(s, slice, sp)
			continue
		}
		for _, e := range slice.Endpoints {
			b := Backend{End: endpointOf(s, slice, e), Port: number, Node: e.Node}
			switch {
			case e.Ready:
				r.add(b)
			case e.Terminating && e.Serving:
				ending = append(ending, b)
			case !e.Terminating:
				r.Unready = append(r.Unready, b)
			}
		}
	}
	if len(r.Backends) == 0 {
		for _, b := range ending {
			r.add(b)
		}
	}
}

// withoutPort notes the pods of a slice that lacks a port. The controller puts those that do not
// declare the name of the target port into slices of their own.
func (r *Route) withoutPort(s *cluster.Snapshot, slice *cluster.EndpointSlice, sp *corev1.ServicePort) {
	if sp.TargetPort.Type != intstr.String || !slice.Managed {
		return
	}
	for _, e := range slice.Endpoints {
		if p := s.Pod(slice.Namespace, e.Pod); p != nil && !p.Deleting && len(p.PortNamed(sp.TargetPort.StrVal, sp.Protocol)) == 0 {
			r.portMissing(p, sp)
		}
	}
}

// slicePort finds the number that a slice gives for a port of its Service.
// Source: discovery/v1 EndpointPort: the name must be the Service port's; no number means all.
func slicePort(slice *cluster.EndpointSlice, sp *corev1.ServicePort) (int32, bool) {
	for _, p := range slice.Ports {
		name := ""
		if p.Name != nil {
			name = *p.Name
		}
		if name != sp.Name || p.Protocol != nil && *p.Protocol != sp.Protocol {
			continue
		}
		if p.Port != nil {
			return *p.Port, true
		}
		return sp.TargetPort.IntVal, sp.TargetPort.IntVal != 0
	}
	return 0, false
}

// endpointOf finds the end that an endpoint of a slice is: the pod it names, or whatever holds its
// address.
func endpointOf(s *cluster.Snapshot, slice *cluster.EndpointSlice, e cluster.SliceEndpoint) policy.Endpoint {
	namespace := slice.Namespace
	if e.Pod != "" {
		if p := s.Pod(namespace, e.Pod); p != nil {
			return policy.PodEnd(p)
		}
	}
	for _, a := range e.Addresses {
		for _, h := range s.HoldersOf(a) {
			switch {
			case h.Pod != nil:
				return policy.PodEnd(h.Pod)
			case h.Node != nil:
				return policy.NodeEnd(h.Node)
			}
		}
	}
	if e.Pod != "" {
		// A pod that could not be read: its labels are unknown, so anything may select it.
		return policy.PodEnd(&cluster.Pod{Namespace: namespace, Name: e.Pod, IPs: e.Addresses, Node: e.Node, Labels: cluster.Labels{Open: cluster.AllKeys}})
	}
	var addr netip.Addr
	if len(e.Addresses) > 0 {
		addr = e.Addresses[0]
	}
	if namespace == "default" && slice.Service == "kubernetes" && !(s.Read.Nodes && len(s.Nodes) > 0) {
		// The API server may run on a node. Where all are known and none has its address, as with a
		// managed control plane, it is outside.
		return policy.NodeEnd(&cluster.Node{Name: addr.String(), IPs: e.Addresses})
	}
	return policy.RangeEnd(netip.PrefixFrom(addr, addr.BitLen()))
}
