package ends

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// controllers are the pods of the ingress controllers that are known, by how the name of the
// controller in an IngressClass begins. Those of Contour and Istio are the proxies that it sets up.
// Sources: the charts and manifests of each.
var controllers = []struct {
	prefix string
	pods   []labels.Set // any of them
}{
	{"k8s.io/ingress-nginx", []labels.Set{{"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}}},
	{"nginx.org/ingress-controller", []labels.Set{{"app.kubernetes.io/name": "nginx-ingress"}}},
	{"traefik.io/ingress-controller", []labels.Set{{"app.kubernetes.io/name": "traefik"}}},
	{"haproxy-ingress.github.io/controller", []labels.Set{{"app.kubernetes.io/name": "haproxy-ingress"}}},
	{"haproxy.org/ingress-controller", []labels.Set{{"app.kubernetes.io/name": "kubernetes-ingress"}}},
	{"projectcontour.io/", []labels.Set{{"app": "envoy"}, {"app.kubernetes.io/name": "contour", "app.kubernetes.io/component": "envoy"}}},
	{"istio.io/ingress-controller", []labels.Set{{"istio": "ingressgateway"}}},
}

// resolveIngress finds who sends the requests of an Ingress on: the pods of its controller. Where
// they are not found for certain, the end is unread, and the key of its fact says why.
func resolveIngress(s *cluster.Snapshot, end End) (End, error) {
	i := s.Ingress(end.Target.Namespace, end.Target.Name)
	if i == nil {
		return notFound(s, end)
	}
	end.Ref, end.Ingress = i.Ref, i
	unknown := func(why string) (End, error) {
		end.Unread = &policy.Fact{Kind: policy.IngressController, Object: i.Ref, Key: why}
		return end, nil
	}
	class, why := classOf(s, i)
	if class == nil {
		return unknown(why)
	}
	for _, c := range controllers {
		if !strings.HasPrefix(class.Controller, c.prefix) {
			continue
		}
		pods, owners := podsLabelled(s, c.pods, "")
		switch {
		case !s.Read.All:
			return unknown("not all namespaces could be read for the pods of " + class.Controller)
		case owners == 0:
			return unknown("no pods carry the labels that those of " + class.Controller + " usually have")
		case owners > 1:
			return unknown("several workloads look like " + class.Controller)
		}
		end.Pods = pods
		return end, nil
	}
	return unknown("the pods of " + class.Controller + " are not known by their labels")
}

// classOf returns the class of an Ingress, or says why it is not known. An Ingress that names none
// has the default one. Source: networking/v1 IngressSpec.IngressClassName.
func classOf(s *cluster.Snapshot, i *cluster.Ingress) (class *cluster.IngressClass, why string) {
	var found []*cluster.IngressClass
	for _, c := range s.IngressClasses {
		if c.Name == i.Class || i.Class == "" && c.Default {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], ""
	case i.Class == "":
		return nil, "it names no class, and there is not one default class"
	}
	return nil, "its class " + i.Class + " is not among the objects"
}

// podsLabelled returns the pods, and templates without pods, that carry one of some sets of labels,
// and how many workloads and lone pods they are of. Without a namespace, it is those of all.
func podsLabelled(s *cluster.Snapshot, sets []labels.Set, namespace string) (pods []*cluster.Pod, owners int) {
	wanted := func(p *cluster.Pod) bool {
		return (namespace == "" || p.Namespace == namespace) && slices.ContainsFunc(sets, func(set labels.Set) bool {
			return labels.SelectorFromSet(set).Matches(labels.Set(p.Labels.Known))
		})
	}
	for _, w := range s.Workloads {
		if w.TopLevel() && wanted(w.Template) {
			pods = append(pods, s.PodsOf(w)...)
			owners++
		}
	}
	for _, p := range s.Pods {
		if !p.Finished() && wanted(p) && !slices.Contains(pods, p) {
			pods = append(pods, p)
			owners++
		}
	}
	return pods, owners
}
