package ends

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// gatewayName is the label by which implementations in the cluster mark what they set up for a
// Gateway, in its namespace. Source: GEP-1762, "In Cluster Gateway Deployments".
const gatewayName = "gateway.networking.k8s.io/gateway-name"

// The labels of Envoy Gateway, whose proxies run in a namespace of their own; those that serve all
// Gateways of a class have the last. Source: its documentation, "Customize EnvoyProxy" and "Merged
// Gateways".
const (
	envoyGatewayName      = "gateway.envoyproxy.io/owning-gateway-name"
	envoyGatewayNamespace = "gateway.envoyproxy.io/owning-gateway-namespace"
	envoyGatewayClass     = "gateway.envoyproxy.io/owning-gatewayclass"
)

// outside says of load balancers of clouds why there are no pods.
const outside = "a load balancer outside the cluster carries them (%s), from addresses that the cluster does not tell"

// implementations are those whose requests do not come from pods with the label gatewayName, by how
// the name of the controller in a GatewayClass begins. Where there are no pods, why says what
// carries the requests. Sources: the documentation and charts of each.
var implementations = []struct {
	prefix string
	pods   func(*cluster.Gateway) []labels.Set // any of them
	why    string
}{
	{prefix: "gateway.envoyproxy.io/", pods: func(g *cluster.Gateway) []labels.Set {
		return []labels.Set{{envoyGatewayName: g.Name, envoyGatewayNamespace: g.Namespace}, {envoyGatewayClass: g.Class}}
	}},
	{prefix: "traefik.io/gateway-controller", pods: shared(labels.Set{"app.kubernetes.io/name": "traefik"})},
	{prefix: "projectcontour.io/", pods: shared(labels.Set{"app": "envoy"}, labels.Set{"app.kubernetes.io/name": "contour", "app.kubernetes.io/component": "envoy"})},
	{prefix: "konghq.com/kic-gateway-controller", pods: shared(labels.Set{"app.kubernetes.io/name": "kong", "app.kubernetes.io/component": "app"})},
	{prefix: "io.cilium/gateway-controller", why: "the Envoy of Cilium on each node carries them, in the node's network and with the identity ingress, which no NetworkPolicy selects"},
	{prefix: "networking.gke.io/", why: outside},
	{prefix: "gateway.k8s.aws/", why: outside},
	{prefix: "application-networking.k8s.aws/", why: outside},
	{prefix: "alb.networking.azure.io/", why: outside},
}

// shared are pods that carry the requests of all Gateways.
func shared(pods ...labels.Set) func(*cluster.Gateway) []labels.Set {
	return func(*cluster.Gateway) []labels.Set { return pods }
}

// resolveGateway finds the pods that carry the requests of a Gateway. Where they are not found for
// certain, the end is unread, and the key of its fact says why.
func resolveGateway(s *cluster.Snapshot, end End) (End, error) {
	g := s.Gateway(end.Target.Namespace, end.Target.Name)
	if g == nil {
		return noGateway(s, end)
	}
	end.Ref, end.Gateway = g.Ref, g
	pods, why := carriers(s, g)
	if end.Pods = pods; why != "" {
		end.Unread = &policy.Fact{Kind: policy.GatewayPods, Object: g.Ref, Key: why}
	}
	return end, nil
}

// resolveRoute finds the pods that carry the requests of a route: those of the Gateways that it is
// attached to.
func resolveRoute(s *cluster.Snapshot, end End) (End, error) {
	r := s.Route(end.Target.Kind, end.Target.Namespace, end.Target.Name)
	if r == nil {
		return noGateway(s, end)
	}
	end.Ref, end.Route = r.Ref, r
	unknown := func(why string) (End, error) {
		end.Pods, end.Unread = nil, &policy.Fact{Kind: policy.GatewayPods, Object: r.Ref, Key: why}
		return end, nil
	}
	if r.Default {
		return unknown("it is attached to the default Gateways too, and which these are is not looked into")
	}
	refused := "it names no Gateway"
	var gateways []*cluster.Gateway
	for _, p := range r.Parents {
		if p.APIVersion != cluster.GatewayGroup || p.Kind != "Gateway" {
			return unknown(fmt.Sprintf("it is attached to %s, which is not looked into", p.Ref))
		}
		g := s.Gateway(p.Namespace, p.Name)
		if g == nil {
			return unknown(fmt.Sprintf("its Gateway %s/%s is not among the objects", p.Namespace, p.Name))
		}
		switch attached, why := Attached(s, g, r); {
		case attached == policy.Maybe:
			return unknown(why)
		case attached == policy.No:
			refused = why
		case !slices.Contains(gateways, g):
			gateways = append(gateways, g)
		}
	}
	for _, g := range gateways {
		pods, why := carriers(s, g)
		if why != "" {
			return unknown(fmt.Sprintf("Gateway %s/%s: %s", g.Namespace, g.Name, why))
		}
		for _, p := range pods {
			if !slices.Contains(end.Pods, p) {
				end.Pods = append(end.Pods, p)
			}
		}
	}
	if len(gateways) == 0 {
		return unknown(refused)
	}
	return end, nil
}

// noGateway is notFound, and says so where the cluster does not have such objects at all.
func noGateway(s *cluster.Snapshot, end End) (End, error) {
	for _, g := range s.Gaps {
		if g.Reason == cluster.NotServed && resourceKind(g.Resource) == end.Target.Kind {
			return end, fmt.Errorf("no %s named %q in namespace %q: the API server does not serve %s", end.Target.Kind, end.Target.Name, end.Target.Namespace, g.Resource)
		}
	}
	return notFound(s, end)
}

// carriers returns the pods that carry the requests of a Gateway, or says why they are not known.
func carriers(s *cluster.Snapshot, g *cluster.Gateway) (pods []*cluster.Pod, why string) {
	if !s.Read.All {
		return nil, "not all namespaces could be read for the pods that carry them"
	}
	pods, owners := podsLabelled(s, []labels.Set{{gatewayName: g.Name}}, g.Namespace)
	switch {
	case owners == 1:
		return pods, ""
	case owners > 1:
		return nil, fmt.Sprintf("several workloads have the label %s=%s", gatewayName, g.Name)
	}
	class := s.GatewayClass(g.Class)
	if class == nil {
		return nil, "its class " + g.Class + " is not among the objects"
	}
	for _, i := range implementations {
		switch {
		case !strings.HasPrefix(class.Controller, i.prefix):
			continue
		case i.pods == nil:
			return nil, strings.Replace(i.why, "%s", class.Controller, 1)
		}
		pods, owners = podsLabelled(s, i.pods(g), "")
		switch owners {
		case 0:
			return nil, "no pods have the labels that those of " + class.Controller + " usually have"
		case 1:
			return pods, ""
		}
		return nil, "several workloads look like those of " + class.Controller
	}
	return nil, fmt.Sprintf("no pods in namespace %s have the label %s=%s, and those of %s are not known by other labels", g.Namespace, gatewayName, g.Name, class.Controller)
}

// Attached tells whether a Gateway takes a route that names it, as far as its listeners say of which
// namespaces they take routes; where it does not or that is not known, also why. Hostnames and kinds
// that listeners ask for are left out of account.
// Source: "API Reference" of the Gateway API, ParentReference and AllowedRoutes.
func Attached(s *cluster.Snapshot, g *cluster.Gateway, r *cluster.Route) (answer policy.Truth, why string) {
	answer, why = policy.No, fmt.Sprintf("no listener of Gateway %s/%s takes it from namespace %s", g.Namespace, g.Name, r.Namespace)
	for _, p := range r.Parents {
		if !g.Named(p) {
			continue
		}
		for _, l := range g.Listeners {
			if p.Section != "" && p.Section != l.Name || p.Port != 0 && p.Port != l.Port {
				continue
			}
			switch takes(s, g, l, r.Namespace) {
			case policy.Yes:
				return policy.Yes, ""
			case policy.Maybe:
				answer, why = policy.Maybe, fmt.Sprintf("whether Gateway %s/%s accepts it depends on the labels of namespace %s", g.Namespace, g.Name, r.Namespace)
			}
		}
	}
	return answer, why
}

// takes tells whether a listener takes routes of a namespace.
// Source: "API Reference" of the Gateway API, RouteNamespaces.
func takes(s *cluster.Snapshot, g *cluster.Gateway, l cluster.Listener, namespace string) policy.Truth {
	switch {
	case l.From == "All", l.From == "Same" && namespace == g.Namespace:
		return policy.Yes
	case l.From != "Selector" || l.Namespaces == nil:
		return policy.No
	}
	selector, err := metav1.LabelSelectorAsSelector(l.Namespaces)
	if err != nil {
		return policy.Maybe // the API server lets no such selector in
	}
	known := s.Namespace(namespace).Labels
	answer := policy.Yes
	requirements, _ := selector.Requirements()
	for _, r := range requirements {
		_, presence := known.Get(r.Key())
		switch {
		case presence == cluster.MaybePresent:
			answer = policy.Maybe
		case !r.Matches(labels.Set(known.Known)):
			return policy.No
		}
	}
	return answer
}
