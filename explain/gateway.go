package explain

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// routed looks at the Services that a route, or each route of a Gateway, sends requests to, from the
// pods that carry them.
func routed(q Question, namespace string, source ends.End) *Needs {
	plugin, _ := policy.Recognise(q.Snapshot, q.Plugin)
	n := &needs{question: q, namespace: namespace, Needs: &Needs{Source: source, Snapshot: q.Snapshot, Plugin: plugin}}
	routes := []*cluster.Route{source.Route}
	if source.Gateway != nil {
		routes = n.routesOf(source.Gateway)
	}
	var refused []Need
	for _, r := range routes {
		words := ""
		if source.Gateway != nil {
			words = n.typed(ends.Target{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}) + " "
		}
		refused = append(refused, n.routeBackends(r, words)...)
	}
	n.List = append(n.List, refused...) // apart, as another route may name the same Service
	if len(n.List) == 0 {
		n.add(Need{Kind: NeedUnread, Peer: "nothing", Result: Unclear, Summary: "no rule of a route sends requests to a Service"})
	}
	n.conclude()
	return n.Needs
}

// routesOf returns the routes that a Gateway takes, and adds what may hide others.
func (n *needs) routesOf(g *cluster.Gateway) (routes []*cluster.Route) {
	for _, gap := range n.Snapshot.Gaps {
		if k := cluster.GatewayKindOf(gap.Resource); k.Route {
			n.add(Need{Kind: NeedUnread, Peer: k.Resource, Result: Unclear, Summary: "they could not be read, so Services behind the Gateway may be missing here"})
		}
	}
	if g.Sets {
		n.add(Need{Kind: NeedUnread, Peer: "ListenerSets", Result: Unclear, Summary: "the Gateway lets them add listeners, and their routes are not looked into"})
	}
	if g.Default {
		n.add(Need{Kind: NeedUnread, Peer: "other routes", Result: Unclear, Summary: "the Gateway takes those that ask for the default Gateways, which are not looked into"})
	}
	for _, r := range n.Snapshot.Routes {
		if !slices.ContainsFunc(r.Parents, g.Named) {
			continue
		}
		if attached, why := ends.Attached(n.Snapshot, g, r); attached != policy.Yes {
			peer := n.typed(ends.Target{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name})
			n.add(Need{Kind: NeedUnread, Peer: peer, Result: Unclear, Summary: why})
			continue
		}
		routes = append(routes, r)
	}
	return routes
}

// routeBackends adds what a route sends requests to, and returns the Services that it may not name.
// The words come before the field that names one.
func (n *needs) routeBackends(r *cluster.Route, words string) (refused []Need) {
	for _, b := range r.Backends {
		evidence := []string{words + b.Path}
		if !b.Service() {
			n.add(Need{Kind: NeedUnread, Peer: b.Ref.String(), Evidence: evidence, Result: Unclear, Summary: "requests that a route sends to what is not a Service are not looked into"})
			continue
		}
		to := ends.Target{Kind: "Service", Namespace: b.Namespace, Name: b.Name, Port: ends.Port{Number: b.Port}}
		if r.Kind == "UDPRoute" {
			to.Port.Protocol = corev1.ProtocolUDP
		}
		need := Need{Kind: NeedBackend, Peer: n.typed(to), Evidence: evidence}
		switch {
		case !n.Snapshot.Granted(r, b):
			need.Result, need.Summary = ungranted(n.Snapshot, r, b)
			refused = append(refused, need)
		case !n.known(need):
			n.judge(need, n.question.Source, to)
		}
	}
	return refused
}

// ungranted says of a Service that no ReferenceGrant which was read lets a route name it.
func ungranted(s *cluster.Snapshot, r *cluster.Route, b cluster.RouteBackend) (Result, string) {
	what := fmt.Sprintf("lets %ss of namespace %s name Service %s", r.Kind, r.Namespace, b.Name)
	if len(s.GapsFor("referencegrants."+cluster.GatewayGroup, b.Namespace)) > 0 {
		return Unclear, fmt.Sprintf("ReferenceGrants could not be read, so it is not known whether one in namespace %s %s", b.Namespace, what)
	}
	return Fails, fmt.Sprintf("no ReferenceGrant in namespace %s %s", b.Namespace, what)
}

// ungrantedLines are about a route and the one Service of which the walk is, where the route may not
// name it: the walk is about the connection alone.
func (d *Diagnosis) ungrantedLines() []Line {
	r, v := d.Source.Route, d.Destination.Service
	if r == nil || v == nil {
		return nil
	}
	for _, b := range r.Backends {
		if b.Service() && b.Namespace == v.Namespace && b.Name == v.Name && !d.Snapshot.Granted(r, b) {
			_, why := ungranted(d.Snapshot, r, b)
			return []Line{{Status: Skipped, Text: "this is about the connection alone: " + why}}
		}
	}
	return nil
}
