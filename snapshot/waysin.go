package snapshot

import (
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// waysIn makes the objects of Ingresses and of the Gateway API. Paths are not kept, only which hosts
// there are and which field names which Service.
func waysIn(s *cluster.Snapshot) []any {
	var all []any
	for _, c := range s.IngressClasses {
		out := &networkingv1.IngressClass{
			TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "IngressClass"},
			ObjectMeta: metaOf("", c.Name, nil), Spec: networkingv1.IngressClassSpec{Controller: c.Controller},
		}
		if c.Default {
			annotate(&out.ObjectMeta, networkingv1.AnnotationIsDefaultIngressClass, "true")
		}
		all = append(all, out)
	}
	for _, i := range s.Ingresses {
		out := headed(i.Ref)
		put(out, "spec", object{})
		if i.Class != "" {
			put(out, "spec.ingressClassName", i.Class)
		}
		for r, host := range i.Hosts {
			rule := object{}
			if host != "" {
				rule["host"] = host
			}
			put(out, "spec.rules["+strconv.Itoa(r)+"]", rule)
		}
		for _, b := range i.Backends {
			port := object{}
			if b.Port != 0 {
				port["number"] = int64(b.Port)
			}
			if b.PortName != "" {
				port["name"] = b.PortName
			}
			path := b.Path
			if strings.Contains(path, "paths[") {
				path += ".backend"
			}
			put(out, path, object{"service": object{"name": b.Service, "port": port}})
		}
		all = append(all, out)
	}
	for _, c := range s.GatewayClasses {
		out := headed(cluster.Ref{APIVersion: cluster.GatewayGroup + "/v1", Kind: "GatewayClass", Name: c.Name})
		put(out, "spec.controllerName", c.Controller)
		all = append(all, out)
	}
	for _, g := range s.Gateways {
		all = append(all, gatewayOf(g))
	}
	for _, r := range s.Routes {
		all = append(all, routeOf(r))
	}
	for _, g := range s.ReferenceGrants {
		out := headed(g.Ref)
		var from, to []any
		for _, f := range g.From {
			from = append(from, object{"group": f.Group, "kind": f.Kind, "namespace": f.Namespace})
		}
		for _, t := range g.To {
			to = append(to, object{"group": t.Group, "kind": t.Kind, "name": t.Name})
		}
		put(out, "spec", object{"from": from, "to": to})
		all = append(all, out)
	}
	return all
}

func gatewayOf(g *cluster.Gateway) object {
	out := headed(g.Ref)
	put(out, "spec.gatewayClassName", g.Class)
	if g.Sets {
		put(out, "spec.allowedListeners.namespaces.from", "All")
	}
	if g.Default {
		put(out, "spec.defaultScope", "All")
	}
	var listeners []any
	for _, l := range g.Listeners {
		namespaces := object{"from": l.From}
		if l.Namespaces != nil {
			if selector, err := runtime.DefaultUnstructuredConverter.ToUnstructured(l.Namespaces); err == nil {
				namespaces["selector"] = selector
			}
		}
		listeners = append(listeners, object{"name": l.Name, "port": int64(l.Port), "allowedRoutes": object{"namespaces": namespaces}})
	}
	put(out, "spec.listeners", listeners)
	return out
}

func routeOf(r *cluster.Route) object {
	out := headed(r.Ref)
	put(out, "spec", object{})
	if r.Default {
		put(out, "spec.useDefaultGateways", "All")
	}
	if len(r.Hosts) > 0 {
		hosts := make([]any, len(r.Hosts))
		for i, host := range r.Hosts {
			hosts[i] = host
		}
		put(out, "spec.hostnames", hosts)
	}
	for i, p := range r.Parents {
		parent := named(p.Ref, p.Port)
		if p.Section != "" {
			parent["sectionName"] = p.Section
		}
		put(out, "spec.parentRefs["+strconv.Itoa(i)+"]", parent)
	}
	for _, b := range r.Backends {
		reference := named(b.Ref, b.Port)
		last := b.Path[strings.LastIndexByte(b.Path, '.')+1:]
		if strings.HasPrefix(last, "filters[") {
			put(out, b.Path, object{"type": "RequestMirror", "requestMirror": object{"backendRef": reference}})
			continue
		}
		for key, value := range reference {
			put(out, b.Path+"."+key, value)
		}
	}
	return out
}

// named is a reference of the Gateway API, with nothing left to be filled in. The group of the core
// is empty.
func named(r cluster.Ref, port int32) object {
	out := object{"group": r.APIVersion, "kind": r.Kind, "namespace": r.Namespace, "name": r.Name}
	if port != 0 {
		out["port"] = int64(port)
	}
	return out
}

// headed is an object with nothing but its name.
func headed(r cluster.Ref) object {
	meta := object{"name": r.Name}
	if r.Namespace != "" {
		meta["namespace"] = r.Namespace
	}
	return object{"apiVersion": r.APIVersion, "kind": r.Kind, "metadata": meta}
}

// put sets a field of an object by its path, as in "spec.rules[1].backendRefs[0]". What of a list
// comes before it, and nobody has set, is empty.
func put(in object, path string, value any) {
	name, rest, deeper := strings.Cut(path, ".")
	field, index, listed := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	if !listed {
		if !deeper {
			in[field] = value
			return
		}
		inner, ok := in[field].(object)
		if !ok {
			inner = object{}
			in[field] = inner
		}
		put(inner, rest, value)
		return
	}
	i, err := strconv.Atoi(index)
	if err != nil {
		return
	}
	list, _ := in[field].([]any)
	for len(list) <= i {
		list = append(list, object{})
	}
	in[field] = list
	if !deeper {
		list[i] = value
		return
	}
	inner, ok := list[i].(object)
	if !ok {
		inner = object{}
		list[i] = inner
	}
	put(inner, rest, value)
}
