package cluster

import (
	"net/netip"

	discoveryv1 "k8s.io/api/discovery/v1"
)

// EndpointSlice is a set of backends of one Service. Source: discovery/v1 EndpointSlice.
type EndpointSlice struct {
	Namespace string
	Name      string
	Service   string // label kubernetes.io/service-name
	// Managed: made by the endpoint slice controller, which means that the cluster it was read
	// from runs one and a Service without slices has no endpoints.
	Managed   bool
	Ports     []discoveryv1.EndpointPort
	Endpoints []SliceEndpoint
	History   History // of its endpoints and ports
	Origin    Origin
}

// SliceEndpoint is one backend. Pod is the name of the pod it stands for, or "" when it is an
// address that somebody wrote down.
type SliceEndpoint struct {
	Addresses   []netip.Addr
	Ready       bool
	Serving     bool
	Terminating bool
	Node        string
	Pod         string
}

// NewEndpointSlice makes the slim slice of an API EndpointSlice.
func NewEndpointSlice(in *discoveryv1.EndpointSlice, origin Origin) *EndpointSlice {
	s := &EndpointSlice{
		Namespace: in.Namespace,
		Name:      in.Name,
		Service:   in.Labels[discoveryv1.LabelServiceName],
		Managed:   in.Labels[discoveryv1.LabelManagedBy] == "endpointslice-controller.k8s.io",
		Ports:     in.Ports,
		History:   NewHistory(&in.ObjectMeta, "endpoints", "ports"),
		Origin:    origin,
	}
	for _, e := range in.Endpoints {
		// A nil Ready means true: discovery/v1 EndpointConditions.
		out := SliceEndpoint{Addresses: addrs(e.Addresses), Ready: e.Conditions.Ready == nil || *e.Conditions.Ready}
		out.Serving = e.Conditions.Serving != nil && *e.Conditions.Serving
		out.Terminating = e.Conditions.Terminating != nil && *e.Conditions.Terminating
		if e.NodeName != nil {
			out.Node = *e.NodeName
		}
		if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
			out.Pod = e.TargetRef.Name
		}
		s.Endpoints = append(s.Endpoints, out)
	}
	return s
}
