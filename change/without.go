package change

import (
	"maps"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Without returns the cluster as it would be if an object were deleted. The APIVersion of the
// reference is the group. There is no such object where the second result is false. The snapshot is
// not changed.
//
// With a workload go what it owns: ReplicaSets, Jobs and pods. With a Service go its
// EndpointSlices, with a Namespace everything in it. Pods that a selector no longer finds are no
// endpoints any more, as with Overlay. What else controllers would do is not foreseen: pods that
// somebody would make anew, or those of a node that is gone.
func Without(base *cluster.Snapshot, ref cluster.Ref) (*cluster.Snapshot, bool) {
	if !slices.ContainsFunc(Objects(base), func(r cluster.Ref) bool { return Same(ref, r) }) {
		return base, false
	}
	gone := func(r cluster.Ref) bool { return Same(ref, r) }
	if ref.Kind == "Namespace" {
		gone = func(r cluster.Ref) bool { return Same(ref, r) || r.Namespace == ref.Name }
	}
	out := *base
	owned := ownedBy(base, ref)
	out.Workloads = keep(base.Workloads, func(w *cluster.Workload) bool { return gone(w.Ref) || owned(w.Ref, w.Owner) })
	out.Pods = keep(base.Pods, func(p *cluster.Pod) bool { return gone(p.Ref()) || owned(p.Ref(), p.Owner) })
	out.Services = keep(base.Services, func(v *cluster.Service) bool { return gone(v.Ref()) })
	out.EndpointSlices = keep(base.EndpointSlices, func(e *cluster.EndpointSlice) bool {
		return gone(sliceRef(e)) || ref.Kind == "Service" && e.Namespace == ref.Namespace && e.Service == ref.Name
	})
	out.Policies = keep(base.Policies, func(p *cluster.Policy) bool { return gone(p.Ref()) })
	out.Foreign = keep(base.Foreign, func(f *cluster.Foreign) bool { return gone(f.Ref) })
	out.Namespaces = keep(base.Namespaces, func(n *cluster.Namespace) bool { return gone(namespaceRef(n)) })
	out.Nodes = keep(base.Nodes, func(n *cluster.Node) bool { return gone(n.Ref()) })
	out.Agents = keep(base.Agents, func(a *cluster.Agent) bool { return gone(a.Ref) })
	out.Roles = keep(base.Roles, func(r *cluster.Role) bool { return gone(r.Ref) })
	out.Bindings = keep(base.Bindings, func(b *cluster.Binding) bool { return gone(b.Ref) })
	out.Ingresses = keep(base.Ingresses, func(i *cluster.Ingress) bool { return gone(i.Ref) })
	out.IngressClasses = keep(base.IngressClasses, func(c *cluster.IngressClass) bool { return gone(ingressClassRef(c)) })
	out.Gateways = keep(base.Gateways, func(g *cluster.Gateway) bool { return gone(g.Ref) })
	out.GatewayClasses = keep(base.GatewayClasses, func(c *cluster.GatewayClass) bool { return gone(gatewayClassRef(c)) })
	out.Routes = keep(base.Routes, func(r *cluster.Route) bool { return gone(r.Ref) })
	out.ReferenceGrants = keep(base.ReferenceGrants, func(g *cluster.ReferenceGrant) bool { return gone(g.Ref) })
	out.ConfigMaps = maps.Clone(base.ConfigMaps)
	maps.DeleteFunc(out.ConfigMaps, func(name string, _ map[string]string) bool { return gone(configMapRef(name)) })
	if ref.Kind == "Namespace" { // nothing of it is unknown any more
		out.Mentioned = keep(base.Mentioned, func(name string) bool { return name == ref.Name })
		out.Gaps = keep(base.Gaps, func(g cluster.Gap) bool {
			return g.Namespace == ref.Name || g.Resource == "namespaces" && g.Name == ref.Name
		})
	}
	deriveAfter(base, &out)
	return out.Seal(), true
}

// deriveAfter makes the endpoints of the Services whose pods are gone follow from their selectors,
// and forgets those of Services that are gone.
func deriveAfter(base, out *cluster.Snapshot) {
	moved := &cluster.Snapshot{}
	left := map[[2]string]bool{}
	for _, p := range out.Pods {
		left[[2]string{p.Namespace, p.Name}] = true
	}
	for _, p := range base.Pods {
		if !left[[2]string{p.Namespace, p.Name}] {
			moved.Pods = append(moved.Pods, p)
		}
	}
	templates := map[cluster.Ref]bool{}
	for _, w := range out.Workloads {
		templates[w.Ref] = true
	}
	for _, w := range base.Workloads {
		if !templates[w.Ref] {
			moved.Workloads = append(moved.Workloads, w)
		}
	}
	derive(base, moved, out)
	there := map[[2]string]bool{}
	for _, v := range out.Services {
		there[[2]string{v.Namespace, v.Name}] = true
	}
	maps.DeleteFunc(out.Derived, func(name [2]string, _ bool) bool { return !there[name] })
}

// ownedBy tells whether something belongs to a workload that is gone: to it, or to what it owns.
func ownedBy(s *cluster.Snapshot, ref cluster.Ref) func(r, owner cluster.Ref) bool {
	w := s.Workload(ref.Kind, ref.Namespace, ref.Name)
	if w == nil {
		return func(cluster.Ref, cluster.Ref) bool { return false }
	}
	return func(r, owner cluster.Ref) bool {
		if r.Kind == "Pod" {
			p := s.Pod(r.Namespace, r.Name)
			return p != nil && s.Owns(w, p)
		}
		return r.Namespace == w.Namespace && owner.Kind == w.Kind && owner.Name == w.Name
	}
}

func keep[T any](all []T, gone func(T) bool) []T { return slices.DeleteFunc(slices.Clone(all), gone) }

// Same tells whether a reference that somebody typed means an object. A kind is read in several
// versions, and what is typed may have a group in place of one, or nothing.
func Same(typed, r cluster.Ref) bool {
	return typed.Kind == r.Kind && typed.Namespace == r.Namespace && typed.Name == r.Name && OfGroup(typed.APIVersion, r.APIVersion)
}

// OfGroup tells whether an API version is of a group; the empty one has the kinds of Kubernetes
// whose group is known from their name.
func OfGroup(group, apiVersion string) bool {
	of, _, grouped := strings.Cut(apiVersion, "/")
	return grouped && of == group || !grouped && group == ""
}

// Objects names everything that is in a snapshot, sorted.
func Objects(s *cluster.Snapshot) []cluster.Ref {
	var all []cluster.Ref
	add := func(r cluster.Ref) { all = append(all, r) }
	each(s.AllNamespaces(), namespaceRef, add) // one that something is in is there
	each(s.Nodes, (*cluster.Node).Ref, add)
	each(s.Pods, (*cluster.Pod).Ref, add)
	each(s.Workloads, func(w *cluster.Workload) cluster.Ref { return w.Ref }, add)
	each(s.Agents, func(a *cluster.Agent) cluster.Ref { return a.Ref }, add)
	each(s.Services, (*cluster.Service).Ref, add)
	each(s.EndpointSlices, sliceRef, add)
	each(s.Policies, (*cluster.Policy).Ref, add)
	each(s.Foreign, func(f *cluster.Foreign) cluster.Ref { return f.Ref }, add)
	each(s.Roles, func(r *cluster.Role) cluster.Ref { return r.Ref }, add)
	each(s.Bindings, func(b *cluster.Binding) cluster.Ref { return b.Ref }, add)
	each(s.Ingresses, func(i *cluster.Ingress) cluster.Ref { return i.Ref }, add)
	each(s.IngressClasses, ingressClassRef, add)
	each(s.Gateways, func(g *cluster.Gateway) cluster.Ref { return g.Ref }, add)
	each(s.GatewayClasses, gatewayClassRef, add)
	each(s.Routes, func(r *cluster.Route) cluster.Ref { return r.Ref }, add)
	each(s.ReferenceGrants, func(g *cluster.ReferenceGrant) cluster.Ref { return g.Ref }, add)
	for name := range s.ConfigMaps {
		add(configMapRef(name))
	}
	slices.SortFunc(all, cluster.Ref.Compare)
	return slices.Compact(all)
}

func each[T any](all []T, ref func(T) cluster.Ref, add func(cluster.Ref)) {
	for _, t := range all {
		add(ref(t))
	}
}

func namespaceRef(n *cluster.Namespace) cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: n.Name}
}

func sliceRef(e *cluster.EndpointSlice) cluster.Ref {
	return cluster.Ref{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice", Namespace: e.Namespace, Name: e.Name}
}

func ingressClassRef(c *cluster.IngressClass) cluster.Ref {
	return cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "IngressClass", Name: c.Name}
}

func gatewayClassRef(c *cluster.GatewayClass) cluster.Ref {
	return cluster.Ref{APIVersion: cluster.GatewayGroup + "/v1", Kind: "GatewayClass", Name: c.Name}
}

func configMapRef(name string) cluster.Ref {
	namespace, name, _ := strings.Cut(name, "/")
	return cluster.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: namespace, Name: name}
}
