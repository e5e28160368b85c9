package change

import (
	"maps"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Overlay returns the cluster as it would be with the objects of another snapshot applied: an
// object with the same kind, namespace and name is replaced, others are added. Neither snapshot
// is changed.
//
// A workload that is replaced takes its pods with it: they are judged by the new template, and with
// no replicas there are none. A Service takes its endpoints with it: they are those that its selector matches, as the endpoint
// slice controller would see to.
func Overlay(base, with *cluster.Snapshot) *cluster.Snapshot {
	out := *base
	out.Policies = replace(base.Policies, with.Policies, (*cluster.Policy).Ref)
	out.Services = replace(base.Services, with.Services, (*cluster.Service).Ref)
	out.Pods = replace(base.Pods, observed(base, with.Pods), (*cluster.Pod).Ref)
	out.Foreign = replace(base.Foreign, with.Foreign, func(f *cluster.Foreign) cluster.Ref { return f.Ref })
	out.Workloads = replace(base.Workloads, with.Workloads, func(w *cluster.Workload) cluster.Ref { return w.Ref })
	out.Namespaces = replace(base.Namespaces, with.Namespaces, func(n *cluster.Namespace) cluster.Ref {
		return cluster.Ref{Kind: "Namespace", Name: n.Name}
	})
	out.Nodes = replace(base.Nodes, with.Nodes, (*cluster.Node).Ref)
	out.EndpointSlices = replace(base.EndpointSlices, with.EndpointSlices, func(e *cluster.EndpointSlice) cluster.Ref {
		return cluster.Ref{Kind: "EndpointSlice", Namespace: e.Namespace, Name: e.Name}
	})
	out.Agents = replace(base.Agents, with.Agents, func(a *cluster.Agent) cluster.Ref { return a.Ref })
	out.Ingresses = replace(base.Ingresses, with.Ingresses, func(i *cluster.Ingress) cluster.Ref { return i.Ref })
	out.IngressClasses = replace(base.IngressClasses, with.IngressClasses, func(c *cluster.IngressClass) cluster.Ref { return cluster.Ref{Kind: "IngressClass", Name: c.Name} })
	out.Gateways = replace(base.Gateways, with.Gateways, func(g *cluster.Gateway) cluster.Ref { return unversioned(g.Ref) })
	out.GatewayClasses = replace(base.GatewayClasses, with.GatewayClasses, func(c *cluster.GatewayClass) cluster.Ref { return cluster.Ref{Kind: "GatewayClass", Name: c.Name} })
	out.Routes = replace(base.Routes, with.Routes, func(r *cluster.Route) cluster.Ref { return unversioned(r.Ref) })
	out.ReferenceGrants = replace(base.ReferenceGrants, with.ReferenceGrants, func(g *cluster.ReferenceGrant) cluster.Ref { return unversioned(g.Ref) })
	out.Roles = replace(base.Roles, with.Roles, func(r *cluster.Role) cluster.Ref { return r.Ref })
	out.Bindings = replace(base.Bindings, with.Bindings, func(b *cluster.Binding) cluster.Ref { return b.Ref })
	if len(with.ConfigMaps) > 0 {
		out.ConfigMaps = make(map[string]map[string]string, len(base.ConfigMaps)+len(with.ConfigMaps))
		maps.Copy(out.ConfigMaps, base.ConfigMaps)
		maps.Copy(out.ConfigMaps, with.ConfigMaps)
	}
	out.Gaps = gapsLeft(base, with)
	for _, w := range with.Workloads {
		out.Pods = rollOut(base, w, out.Pods)
	}
	derive(base, with, &out)
	return out.Seal()
}

// unversioned names an object of a kind that is read in several versions.
func unversioned(r cluster.Ref) cluster.Ref {
	r.APIVersion = ""
	return r
}

// gapsLeft returns the gaps of the base without those that the objects of with fill: namespaces
// that were not among the files. With more files come namespaces that are not among them either.
func gapsLeft(base, with *cluster.Snapshot) []cluster.Gap {
	notGiven := func(g cluster.Gap) bool { return g.Resource == "namespaces" && g.Reason == cluster.NotProvided }
	gaps := slices.DeleteFunc(slices.Clone(base.Gaps), func(g cluster.Gap) bool { return notGiven(g) && with.HasNamespace(g.Name) })
	for _, g := range with.Gaps {
		if g.Reason == cluster.NotRendered {
			gaps = append(gaps, g) // what nobody filled in stays unknown
		}
		if base.FromFiles && notGiven(g) && !base.HasNamespace(g.Name) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

// derive makes the endpoints of Services follow from their selectors where the objects of with
// decide them: of each Service among these, and of those in a namespace in which pods or
// workloads are. What the controller wrote down for them no longer holds; slices that were
// written by hand stay.
//
// A selector chooses among the pods that were read. In a cluster that is read in parts, pods that
// only the new selector matches may be missing unless the namespace was read as a whole
// (Scope.Whole): whoever reads has to widen the scope.
func derive(base, with, out *cluster.Snapshot) {
	changed := map[[2]string]bool{}
	for _, v := range with.Services {
		changed[[2]string{v.Namespace, v.Name}] = true
	}
	moved := map[string]bool{}
	for _, p := range with.Pods {
		moved[p.Namespace] = true
	}
	for _, w := range with.Workloads {
		moved[w.Namespace] = true
	}
	out.Derived = make(map[[2]string]bool, len(base.Derived))
	maps.Copy(out.Derived, base.Derived)
	dropped := map[[2]string]bool{}
	for _, v := range out.Services {
		key := [2]string{v.Namespace, v.Name}
		selects := len(v.Selector) > 0
		if !changed[key] && !(moved[v.Namespace] && selects) {
			continue
		}
		dropped[key] = true
		delete(out.Derived, key)
		if selects {
			out.Derived[key] = true
		}
	}
	out.EndpointSlices = slices.DeleteFunc(out.EndpointSlices, func(e *cluster.EndpointSlice) bool {
		return e.Managed && dropped[[2]string{e.Namespace, e.Service}]
	})
	// The slice that told may be among those that are gone.
	out.Controlled = base.SlicesKept()
}

// observed gives pods without a status that of the pod they replace: a manifest does not say
// where the pod runs and how it fares.
func observed(base *cluster.Snapshot, pods []*cluster.Pod) []*cluster.Pod {
	out := slices.Clone(pods)
	for i, p := range out {
		was := base.Pod(p.Namespace, p.Name)
		if was == nil || p.Phase != "" || len(p.IPs) > 0 {
			continue
		}
		next := *p
		next.IPs, next.Phase, next.Ready, next.Deleting = was.IPs, was.Phase, was.Ready, was.Deleting
		if next.Node == "" {
			next.Node = was.Node
		}
		if next.Owner.Kind == "" {
			next.Owner = was.Owner
		}
		out[i] = &next
	}
	return out
}

func replace[T any](base, with []T, ref func(T) cluster.Ref) []T {
	replaced := make(map[cluster.Ref]bool, len(with))
	for _, t := range with {
		replaced[ref(t)] = true
	}
	out := slices.DeleteFunc(slices.Clone(base), func(t T) bool { return replaced[ref(t)] })
	return append(out, with...)
}

// rollOut gives the pods of a workload what its new template says: labels, ports and settings.
// What the template does not decide (address, node, labels that controllers stamp) stays. A workload
// without replicas loses its pods.
func rollOut(base *cluster.Snapshot, w *cluster.Workload, pods []*cluster.Pod) []*cluster.Pod {
	if w.Replicas == 0 {
		return slices.DeleteFunc(pods, func(p *cluster.Pod) bool { return base.Owns(w, p) })
	}
	for i, p := range pods {
		if !base.Owns(w, p) {
			continue
		}
		labels := map[string]string{}
		for k, v := range p.Labels.Known {
			if cluster.StampedByController(k) {
				labels[k] = v
			}
		}
		for k, v := range w.Template.Labels.Known {
			labels[k] = v
		}
		next := *p
		next.Labels = cluster.Labels{Known: labels}
		next.Ports = w.Template.Ports
		next.HostNetwork, next.ServiceAccount = w.Template.HostNetwork, w.Template.ServiceAccount
		next.DNSPolicy, next.Nameservers = w.Template.DNSPolicy, w.Template.Nameservers
		pods[i] = &next
	}
	return pods
}
