package live_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

func gatewayed() []runtime.Object {
	const v1 = "gateway.networking.k8s.io/v1"
	parents := map[string]any{"parentRefs": []any{map[string]any{"name": "public", "namespace": "edge", "port": int64(80)}}}
	return append(twoPods(),
		custom(v1, "Gateway", "edge/public", map[string]any{"spec": map[string]any{"gatewayClassName": "any", "listeners": []any{map[string]any{"name": "web", "port": int64(80)}}}}),
		custom(v1, "GatewayClass", "any", map[string]any{"spec": map[string]any{"controllerName": "example.com/own"}}),
		custom(v1, "HTTPRoute", "back/web", map[string]any{"spec": parents}),
		custom("gateway.networking.k8s.io/v1alpha2", "TCPRoute", "back/raw", map[string]any{"spec": parents}),
		custom("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "back/any", map[string]any{"spec": map[string]any{"from": []any{}, "to": []any{}}}),
	)
}

func gatewaysOf(s *cluster.Snapshot) []string {
	var got []string
	for _, g := range s.Gateways {
		got = append(got, g.String()+" of "+g.Class)
	}
	for _, c := range s.GatewayClasses {
		got = append(got, c.Name+" by "+c.Controller)
	}
	for _, r := range s.Routes {
		got = append(got, r.String()+" to "+r.Parents[0].String())
	}
	for _, g := range s.ReferenceGrants {
		got = append(got, g.String())
	}
	return got
}

// Objects of the Gateway API are read in whichever version is served, and only where they are asked
// for. Of routes of another kind, and of kinds that are not served beside one that is, nothing is
// missing.
func TestGateways(t *testing.T) {
	edge, class, grant := "edge/public (Gateway) of any", "any by example.com/own", "back/any (ReferenceGrant)"
	web, raw := "back/web (HTTPRoute) to edge/public (Gateway)", "back/raw (TCPRoute) to edge/public (Gateway)"
	for _, old := range []bool{false, true} {
		server := livetest.New(t, gatewayed()...)
		if old {
			server.OldDiscovery()
		}
		source := open(t, server, live.Options{Foreign: foreignKinds})
		equal(t, "not asked for", gatewaysOf(read(t, source, cluster.Scope{All: true})), nil)
		if slices.ContainsFunc(asked(server), func(path string) bool { return strings.Contains(path, "gateway.networking.k8s.io/v1/") }) {
			t.Errorf("requests: %v", asked(server))
		}
		one := read(t, source, cluster.Scope{Gateways: []string{"HTTPRoute"}})
		equal(t, "one kind", gatewaysOf(one), []string{edge, class, web, grant})
		equal(t, "gaps", gaps(one), nil)
		all := read(t, source, cluster.Scope{Gateways: cluster.RouteKinds()})
		equal(t, "all kinds", gatewaysOf(all), []string{edge, class, web, raw, grant})
		equal(t, "gaps", gaps(all), nil)
	}
}

func TestGatewaysThatMayNotBeRead(t *testing.T) {
	server := livetest.New(t, gatewayed()...)
	server.Deny("gateways.gateway.networking.k8s.io", "")
	server.Deny("tcproutes.gateway.networking.k8s.io", "")
	snapshot := read(t, open(t, server, live.Options{}), cluster.Scope{Gateways: cluster.RouteKinds()})
	equal(t, "gaps", gaps(snapshot), []string{
		"gateways.gateway.networking.k8s.io in all namespaces: Forbidden",
		"tcproutes.gateway.networking.k8s.io in all namespaces: Forbidden",
	})
}

func TestGatewaysThatAreNotServed(t *testing.T) {
	server := livetest.New(t, twoPods()...)
	snapshot := read(t, open(t, server, live.Options{}), cluster.Scope{Gateways: []string{"HTTPRoute"}})
	equal(t, "gaps", gaps(snapshot), []string{
		"gatewayclasses.gateway.networking.k8s.io: NotServed",
		"gateways.gateway.networking.k8s.io in all namespaces: NotServed",
		"httproutes.gateway.networking.k8s.io in all namespaces: NotServed",
		"referencegrants.gateway.networking.k8s.io in all namespaces: NotServed",
	})
}

// What does not look like an object of the Gateway API is a gap, and not an object without fields.
func TestGatewaysThatMakeNoSense(t *testing.T) {
	server := livetest.New(t, append(gatewayed(), custom("gateway.networking.k8s.io/v1", "HTTPRoute", "back/odd", map[string]any{"spec": "none"}))...)
	snapshot := read(t, open(t, server, live.Options{}), cluster.Scope{Gateways: []string{"HTTPRoute"}})
	equal(t, "gaps", gaps(snapshot), []string{"httproutes.gateway.networking.k8s.io in all namespaces: Unreadable"})
}
