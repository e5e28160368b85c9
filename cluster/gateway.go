package cluster

import (
	"cmp"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GatewayGroup is the group of the kinds of the Gateway API.
const GatewayGroup = "gateway.networking.k8s.io"

// GatewayKind is a kind of the Gateway API that is read where the source is one.
type GatewayKind struct {
	Kind       string
	Resource   string // plural
	Namespaced bool
	Route      bool
}

// GatewayKinds are the kinds that lead from a Gateway to its Services.
var GatewayKinds = []GatewayKind{
	{Kind: "Gateway", Resource: "gateways", Namespaced: true},
	{Kind: "GatewayClass", Resource: "gatewayclasses"},
	{Kind: "ReferenceGrant", Resource: "referencegrants", Namespaced: true},
	{Kind: "HTTPRoute", Resource: "httproutes", Namespaced: true, Route: true},
	{Kind: "GRPCRoute", Resource: "grpcroutes", Namespaced: true, Route: true},
	{Kind: "TLSRoute", Resource: "tlsroutes", Namespaced: true, Route: true},
	{Kind: "TCPRoute", Resource: "tcproutes", Namespaced: true, Route: true},
	{Kind: "UDPRoute", Resource: "udproutes", Namespaced: true, Route: true},
}

// Name is the resource as RBAC and gaps name it.
func (k GatewayKind) Name() string { return k.Resource + "." + GatewayGroup }

// GatewayKindOf returns the kind whose resource has a name as RBAC and gaps have it; none is the zero
// value.
func GatewayKindOf(name string) GatewayKind {
	for _, k := range GatewayKinds {
		if k.Name() == name {
			return k
		}
	}
	return GatewayKind{}
}

// RouteKinds are the kinds of routes.
func RouteKinds() []string {
	var kinds []string
	for _, k := range GatewayKinds {
		if k.Route {
			kinds = append(kinds, k.Kind)
		}
	}
	return kinds
}

// Gateway is what is known of a Gateway as a way to Services.
type Gateway struct {
	Ref
	Class     string
	Listeners []Listener
	// Sets: ListenerSets may add listeners, whose routes name these and not the Gateway.
	Sets bool
	// Default: routes that ask for the default Gateways are attached to it without naming it.
	Default bool
	Origin  Origin
}

// Listener is where a Gateway takes requests. Routes of which namespaces it takes is From, and for
// "Selector" those that Namespaces selects.
type Listener struct {
	Name       string
	Port       int32
	From       string
	Namespaces *metav1.LabelSelector
}

// GatewayClass says which controller serves the Gateways of a class.
type GatewayClass struct {
	Name       string
	Controller string
}

// Route is what is known of a route of any kind.
type Route struct {
	Ref
	Hosts    []string // hostnames; none: those of the listeners
	Parents  []RouteParent
	Backends []RouteBackend
	// Default: it asks to be attached to the default Gateways too.
	Default bool
	Origin  Origin
}

// RouteParent is what a route is to be attached to. Section and Port, where they are set, narrow it
// to some listeners.
type RouteParent struct {
	Ref
	Section string
	Port    int32
}

// RouteBackend is what a route sends requests to, mostly a Service.
type RouteBackend struct {
	Ref
	Port int32
	Path string // the field that names it
}

// Service tells whether it is a Service.
func (b RouteBackend) Service() bool { return b.APIVersion == "" && b.Kind == "Service" }

// ReferenceGrant lets routes of other namespaces name what is in its own.
type ReferenceGrant struct {
	Ref
	From []GrantFrom
	To   []GrantTo
}

// GrantFrom is who may name something.
type GrantFrom struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
}

// GrantTo is what may be named; an empty Name is all of the kind.
type GrantTo struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
}

// GatewayObject is an object of any kind of GatewayKinds, in any version, as far as it is read: no
// field means another thing in another kind.
// Source: "API Reference" of the Gateway API.
type GatewayObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ControllerName   string            `json:"controllerName"`
		GatewayClassName string            `json:"gatewayClassName"`
		Listeners        []gatewayListener `json:"listeners"`
		AllowedListeners struct {
			Namespaces struct {
				From string `json:"from"`
			} `json:"namespaces"`
		} `json:"allowedListeners"`
		DefaultScope       string            `json:"defaultScope"`
		ParentRefs         []objectReference `json:"parentRefs"`
		UseDefaultGateways string            `json:"useDefaultGateways"`
		Hostnames          []string          `json:"hostnames"`
		Rules              []routeRule       `json:"rules"`
		From               []GrantFrom       `json:"from"`
		To                 []GrantTo         `json:"to"`
	} `json:"spec"`
}

type gatewayListener struct {
	Name          string `json:"name"`
	Port          int32  `json:"port"`
	AllowedRoutes struct {
		Namespaces struct {
			From     string                `json:"from"`
			Selector *metav1.LabelSelector `json:"selector"`
		} `json:"namespaces"`
	} `json:"allowedRoutes"`
}

// objectReference is a parent or a backend. Only a parent has a SectionName, only a backend Filters.
type objectReference struct {
	Group       *string       `json:"group"`
	Kind        string        `json:"kind"`
	Namespace   string        `json:"namespace"`
	Name        string        `json:"name"`
	SectionName string        `json:"sectionName"`
	Port        int32         `json:"port"`
	Filters     []routeFilter `json:"filters"`
}

type routeRule struct {
	Filters     []routeFilter     `json:"filters"`
	BackendRefs []objectReference `json:"backendRefs"`
}

// routeFilter is read for the requests that it sends elsewhere as well.
type routeFilter struct {
	RequestMirror *struct {
		BackendRef objectReference `json:"backendRef"`
	} `json:"requestMirror"`
}

// ref names what a reference means: without a group, a kind or a namespace it is of those given.
func (r objectReference) ref(group, kind, namespace string) Ref {
	if r.Group != nil {
		group = *r.Group
	}
	return Ref{APIVersion: group, Kind: cmp.Or(r.Kind, kind), Namespace: cmp.Or(r.Namespace, namespace), Name: r.Name}
}

// none is what a field says that lets nothing in; without the field it is the same.
const none = "None"

// NewGatewayObject makes the slim object of one of the Gateway API: a *Gateway, *GatewayClass,
// *ReferenceGrant or *Route.
func NewGatewayObject(in *GatewayObject, origin Origin) any {
	ref := Ref{APIVersion: in.APIVersion, Kind: in.Kind, Namespace: in.Namespace, Name: in.Name}
	switch in.Kind {
	case "Gateway":
		g := &Gateway{
			Ref: ref, Class: in.Spec.GatewayClassName, Origin: origin,
			Sets:    cmp.Or(in.Spec.AllowedListeners.Namespaces.From, none) != none,
			Default: cmp.Or(in.Spec.DefaultScope, none) != none,
		}
		for _, l := range in.Spec.Listeners {
			of := l.AllowedRoutes.Namespaces
			g.Listeners = append(g.Listeners, Listener{Name: l.Name, Port: l.Port, From: cmp.Or(of.From, "Same"), Namespaces: of.Selector})
		}
		return g
	case "GatewayClass":
		return &GatewayClass{Name: in.Name, Controller: in.Spec.ControllerName}
	case "ReferenceGrant":
		return &ReferenceGrant{Ref: ref, From: in.Spec.From, To: in.Spec.To}
	}
	return newRoute(in, ref, origin)
}

func newRoute(in *GatewayObject, ref Ref, origin Origin) *Route {
	r := &Route{Ref: ref, Hosts: in.Spec.Hostnames, Origin: origin, Default: cmp.Or(in.Spec.UseDefaultGateways, none) != none}
	for _, p := range in.Spec.ParentRefs {
		r.Parents = append(r.Parents, RouteParent{Ref: p.ref(GatewayGroup, "Gateway", in.Namespace), Section: p.SectionName, Port: p.Port})
	}
	add := func(b objectReference, path string) {
		r.Backends = append(r.Backends, RouteBackend{Ref: b.ref("", "Service", in.Namespace), Port: b.Port, Path: path})
	}
	mirrored := func(filters []routeFilter, path string) {
		for i, f := range filters {
			if f.RequestMirror != nil {
				add(f.RequestMirror.BackendRef, fmt.Sprintf("%s.filters[%d]", path, i))
			}
		}
	}
	for i, rule := range in.Spec.Rules {
		path := fmt.Sprintf("spec.rules[%d]", i)
		mirrored(rule.Filters, path)
		for j, b := range rule.BackendRefs {
			at := fmt.Sprintf("%s.backendRefs[%d]", path, j)
			add(b, at)
			mirrored(b.Filters, at)
		}
	}
	return r
}

// Gateway returns one Gateway, or nil.
func (s *Snapshot) Gateway(namespace, name string) *Gateway {
	for _, g := range s.Gateways {
		if g.Namespace == namespace && g.Name == name {
			return g
		}
	}
	return nil
}

// GatewayClass returns one class, or nil.
func (s *Snapshot) GatewayClass(name string) *GatewayClass {
	for _, c := range s.GatewayClasses {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Route returns one route, or nil.
func (s *Snapshot) Route(kind, namespace, name string) *Route {
	for _, r := range s.Routes {
		if r.Kind == kind && r.Namespace == namespace && r.Name == name {
			return r
		}
	}
	return nil
}

// Granted tells whether a route may name a Service: one of its own namespace, or one that a
// ReferenceGrant in the Service's namespace lets it name.
// Source: "API Reference" of the Gateway API, ReferenceGrant.
func (s *Snapshot) Granted(r *Route, b RouteBackend) bool {
	if r.Namespace == b.Namespace {
		return true
	}
	for _, g := range s.ReferenceGrants {
		if g.Namespace == b.Namespace && g.from(r) && g.to(b) {
			return true
		}
	}
	return false
}

func (g *ReferenceGrant) from(r *Route) bool {
	for _, f := range g.From {
		if f == (GrantFrom{GatewayGroup, r.Kind, r.Namespace}) {
			return true
		}
	}
	return false
}

func (g *ReferenceGrant) to(b RouteBackend) bool {
	for _, t := range g.To {
		if t.Group == b.APIVersion && t.Kind == b.Kind && (t.Name == "" || t.Name == b.Name) {
			return true
		}
	}
	return false
}

// Named tells whether what a route is to be attached to is this Gateway.
func (g *Gateway) Named(p RouteParent) bool {
	return p.APIVersion == GatewayGroup && p.Kind == "Gateway" && p.Namespace == g.Namespace && p.Name == g.Name
}
