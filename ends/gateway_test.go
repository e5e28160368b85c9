package ends

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// TestCarriers: a row is a controller, the pods that there are ("namespace/name key=value …"), and
// which of them carry the requests of Gateway edge/public of class any, or a part of why that is not
// known.
func TestCarriers(t *testing.T) {
	for _, row := range []struct {
		controller string
		pods       []string
		want, why  string
	}{
		{controller: "example.com/own", pods: []string{"edge/a " + gatewayName + "=public"}, want: "a"},
		{controller: "example.com/own", pods: []string{"other/a " + gatewayName + "=public", "edge/b " + gatewayName + "=inner"}, why: "no pods in namespace edge"},
		{controller: "example.com/own", pods: []string{"edge/a app=envoy"}, why: "not known by other labels"},
		{controller: "istio.io/gateway-controller", pods: []string{"edge/a istio=ingressgateway"}, why: "no pods in namespace edge"},
		{controller: "", pods: []string{"edge/a app=envoy"}, why: "its class any is not among the objects"},
		{controller: "gateway.envoyproxy.io/gatewayclass-controller", pods: []string{"system/a " + envoyGatewayName + "=public " + envoyGatewayNamespace + "=edge"}, want: "a"},
		{controller: "gateway.envoyproxy.io/gatewayclass-controller", pods: []string{"system/a " + envoyGatewayName + "=public " + envoyGatewayNamespace + "=other"}, why: "usually have"},
		{controller: "gateway.envoyproxy.io/gatewayclass-controller", pods: []string{"system/a " + envoyGatewayClass + "=any", "system/b " + envoyGatewayClass + "=inner"}, want: "a"},
		{controller: "projectcontour.io/gateway-controller", pods: []string{"contour/a app=envoy", "contour/b app=contour"}, want: "a"},
		{controller: "konghq.com/kic-gateway-controller", pods: []string{"kong/a app.kubernetes.io/name=kong app.kubernetes.io/component=app"}, want: "a"},
		{controller: "traefik.io/gateway-controller", pods: []string{"x/a app.kubernetes.io/name=traefik", "y/b app.kubernetes.io/name=traefik"}, why: "several workloads look like"},
		{controller: "gateway.nginx.org/nginx-gateway-controller", pods: []string{"nginx-gateway/a app.kubernetes.io/name=nginx-gateway-fabric"}, why: "not known by other labels"}, // the control plane
		{controller: "io.cilium/gateway-controller", pods: []string{"kube-system/a k8s-app=cilium-envoy"}, why: "identity ingress"},
		{controller: "networking.gke.io/gateway", why: "outside the cluster carries them (networking.gke.io/gateway)"},
		{controller: "gateway.k8s.aws/alb", why: "outside the cluster"},
		{controller: "application-networking.k8s.aws/gateway-api-controller", why: "outside the cluster"},
		{controller: "alb.networking.azure.io/alb-controller", why: "outside the cluster"},
	} {
		s := &cluster.Snapshot{Read: cluster.Scope{All: true}}
		if row.controller != "" {
			s.GatewayClasses = []*cluster.GatewayClass{{Name: "any", Controller: row.controller}, {Name: "inner", Controller: "example.com/inner"}}
		}
		for _, text := range row.pods {
			words := strings.Fields(text)
			namespace, name, _ := strings.Cut(words[0], "/")
			p := &cluster.Pod{Namespace: namespace, Name: name, Labels: cluster.Labels{Known: map[string]string{}}}
			for _, label := range words[1:] {
				key, value, _ := strings.Cut(label, "=")
				p.Labels.Known[key] = value
			}
			s.Pods = append(s.Pods, p)
		}
		pods, why := carriers(s.Seal(), &cluster.Gateway{Ref: cluster.Ref{Kind: "Gateway", Namespace: "edge", Name: "public"}, Class: "any"})
		got := ""
		for _, p := range pods {
			got += p.Name
		}
		if got != row.want || !strings.Contains(why, row.why) || (why == "") != (row.why == "") {
			t.Errorf("%s, %v: %q, %q", row.controller, row.pods, got, why)
		}
	}
	// Somewhere there may be more.
	if pods, why := carriers((&cluster.Snapshot{}).Seal(), &cluster.Gateway{}); pods != nil || why == "" {
		t.Errorf("%v, %q", pods, why)
	}
}

// TestAttached: which routes of namespace web, whose labels are tier=front or not known, a Gateway of
// namespace edge takes.
func TestAttached(t *testing.T) {
	by := func(key, value string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
	}
	all, same := cluster.Listener{Name: "all", Port: 80, From: "All"}, cluster.Listener{Name: "same", Port: 81, From: "Same"}
	selects := func(s *metav1.LabelSelector) []cluster.Listener {
		return []cluster.Listener{{Name: "some", From: "Selector", Namespaces: s}}
	}
	for _, row := range []struct {
		about          string
		listeners      []cluster.Listener
		section        string
		port           int32
		known, unknown policy.Truth
	}{
		{"all", []cluster.Listener{same, all}, "", 0, policy.Yes, policy.Yes},
		{"same", []cluster.Listener{same}, "", 0, policy.No, policy.No},
		{"section", []cluster.Listener{same, all}, "same", 0, policy.No, policy.No},
		{"port", []cluster.Listener{same, all}, "", 81, policy.No, policy.No},
		{"no such section", []cluster.Listener{all}, "none", 0, policy.No, policy.No},
		{"no listeners", nil, "", 0, policy.No, policy.No},
		{"none", []cluster.Listener{{From: "None"}}, "", 0, policy.No, policy.No},
		{"selected", selects(by("tier", "front")), "", 0, policy.Yes, policy.Maybe},
		{"not selected", selects(by("tier", "back")), "", 0, policy.No, policy.Maybe},
		{"by name", selects(by(cluster.MetadataName, "web")), "", 0, policy.Yes, policy.Yes},
		{"by another name", selects(by(cluster.MetadataName, "other")), "", 0, policy.No, policy.No},
		{"everything", selects(&metav1.LabelSelector{}), "", 0, policy.Yes, policy.Yes},
		{"no selector", selects(nil), "", 0, policy.No, policy.No},
	} {
		g := &cluster.Gateway{Ref: cluster.Ref{Kind: "Gateway", Namespace: "edge", Name: "public"}, Listeners: row.listeners}
		parent := cluster.RouteParent{Ref: cluster.Ref{APIVersion: cluster.GatewayGroup, Kind: "Gateway", Namespace: "edge", Name: "public"}, Section: row.section, Port: row.port}
		r := &cluster.Route{Ref: cluster.Ref{Kind: "HTTPRoute", Namespace: "web", Name: "shop"}, Parents: []cluster.RouteParent{parent}}
		known := (&cluster.Snapshot{Namespaces: []*cluster.Namespace{{Name: "web", Labels: cluster.Labels{Known: map[string]string{"tier": "front", cluster.MetadataName: "web"}}}}}).Seal()
		for s, want := range map[*cluster.Snapshot]policy.Truth{known: row.known, (&cluster.Snapshot{}).Seal(): row.unknown} {
			if got, why := Attached(s, g, r); got != want || (got == policy.Yes) != (why == "") {
				t.Errorf("%s: %s, want %s; %s", row.about, got, want, why)
			}
		}
		r.Parents[0].Namespace = "other"
		if got, _ := Attached(known, g, r); got != policy.No {
			t.Errorf("%s, of a route to another Gateway: %s", row.about, got)
		}
	}
}
