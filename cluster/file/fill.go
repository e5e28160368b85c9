package file

import "github.com/netpol-doctor/netpol-doctor/cluster"

// filler puts decoded objects into a snapshot.
type filler struct {
	*cluster.Snapshot
	reads     func(namespace string) bool // the namespace is read as a whole
	endpoints []*cluster.EndpointSlice    // made of Endpoints
}

func (f *filler) add(o *object) {
	switch v := o.slim.(type) {
	case cluster.Gap:
		f.Gaps = append(f.Gaps, v)
	case *cluster.Namespace:
		f.Namespaces = append(f.Namespaces, v)
	case *cluster.Node:
		f.Nodes = append(f.Nodes, v)
	case *cluster.Pod:
		f.Pods = append(f.Pods, v)
	case *cluster.Workload:
		f.Workloads = append(f.Workloads, v)
	case daemonSet:
		f.Agents = append(f.Agents, v.agent)
		if f.reads(o.namespace) {
			f.Workloads = append(f.Workloads, v.workload)
		}
	case *cluster.Policy:
		f.Policies = append(f.Policies, v)
	case *cluster.Foreign:
		f.Foreign = append(f.Foreign, v)
	case *cluster.Role:
		f.Roles = append(f.Roles, v)
	case *cluster.Binding:
		f.Bindings = append(f.Bindings, v)
	case *cluster.Ingress:
		f.Ingresses = append(f.Ingresses, v)
	case *cluster.IngressClass:
		f.IngressClasses = append(f.IngressClasses, v)
	case *cluster.Gateway:
		f.Gateways = append(f.Gateways, v)
	case *cluster.GatewayClass:
		f.GatewayClasses = append(f.GatewayClasses, v)
	case *cluster.Route:
		f.Routes = append(f.Routes, v)
	case *cluster.ReferenceGrant:
		f.ReferenceGrants = append(f.ReferenceGrants, v)
	case *cluster.Service:
		f.Services = append(f.Services, v)
	case *cluster.EndpointSlice:
		f.EndpointSlices = append(f.EndpointSlices, v)
	case endpoints:
		f.endpoints = append(f.endpoints, v...)
	case configMap:
		if f.ConfigMaps == nil {
			f.ConfigMaps = map[string]map[string]string{}
		}
		f.ConfigMaps[v.name] = v.data
	}
}

// addEndpoints adds the slices that were made of Endpoints, for Services that have none of their
// own: where both exist, a controller copies one to the other.
func (f *filler) addEndpoints() {
	sliced := map[[2]string]bool{}
	for _, e := range f.EndpointSlices {
		sliced[[2]string{e.Namespace, e.Service}] = true
	}
	for _, e := range f.endpoints {
		if !sliced[[2]string{e.Namespace, e.Service}] {
			f.EndpointSlices = append(f.EndpointSlices, e)
		}
	}
}

// addGaps notes the namespaces that objects are in but that are not there themselves: their
// labels are unknown.
func (f *filler) addGaps() {
	given := map[string]bool{}
	for _, n := range f.Namespaces {
		given[n.Name] = true
	}
	miss := func(namespace string) {
		if namespace != "" && !given[namespace] {
			given[namespace] = true
			f.Gaps = append(f.Gaps, cluster.Gap{Resource: "namespaces", Name: namespace, Reason: cluster.NotProvided})
		}
	}
	for _, p := range f.Pods {
		miss(p.Namespace)
	}
	for _, w := range f.Workloads {
		miss(w.Namespace)
	}
	for _, p := range f.Policies {
		miss(p.Namespace)
	}
	for _, v := range f.Services {
		miss(v.Namespace)
	}
}
