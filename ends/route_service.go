package ends

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// serviceRoutes gives a route for each port of a Service that was asked for.
func serviceRoutes(s *cluster.Snapshot, dst End) []Route {
	v, port := dst.Service, dst.Target.Port
	var routes []Route
	for i := range v.Ports {
		sp := &v.Ports[i]
		if !port.fits(sp.Name, sp.Port, sp.Protocol) {
			continue
		}
		r := Route{Protocol: sp.Protocol, Port: sp.Port, Name: sp.Name, Service: v, followed: dst.Followed}
		fillBackends(s, &r, sp)
		routes = append(routes, r)
	}
	if len(routes) > 0 {
		return routes
	}
	if v.Headless && port.IsZero() && len(v.Ports) == 0 {
		return nil // any port of the pods can be dialled
	}
	r := bare(port)
	r.Service = v
	if v.Headless && port.Number != 0 {
		// No translation happens: any port of the pods can be dialled.
		sp := corev1.ServicePort{Port: port.Number, Protocol: port.protocol(), TargetPort: intstr.FromInt32(port.Number)}
		fillBackends(s, &r, &sp)
		return []Route{r}
	}
	r.Obstacles = append(r.Obstacles, Obstacle{Kind: NoSuchServicePort, Object: v.Ref(), Detail: servicePorts(v)})
	return []Route{r}
}

// fillBackends finds what is behind one port of a Service: from its EndpointSlices, or, in a
// folder of manifests where nobody writes them and for a Service that is derived, from its
// selector.
func fillBackends(s *cluster.Snapshot, r *Route, sp *corev1.ServicePort) {
	v := r.Service
	derived := s.Derived[[2]string{v.Namespace, v.Name}]
	gaps := s.GapsFor("endpointslices.discovery.k8s.io", v.Namespace)
	if derived {
		// The selector has nothing to choose from where pods could not be read.
		gaps = append(gaps, s.GapsFor("pods", v.Namespace)...)
	}
	if len(gaps) > 0 {
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: BackendsUnreadable, Object: v.Ref(), Detail: []string{gaps[0].String()}})
		if len(v.Selector) > 0 {
			fromSelector(s, r, sp)
		}
		return
	}
	bySelector := len(v.Selector) > 0 && (derived || len(s.SlicesOf(v)) == 0 && !s.SlicesKept())
	if bySelector {
		fromSelector(s, r, sp)
	}
	fromSlices(s, r, sp)
	headlessPort(r, sp)
	if len(r.Backends)+len(r.Unready) > 0 {
		for i := range r.Obstacles {
			if r.Obstacles[i].Kind == TargetPortMissing {
				r.Obstacles[i].Kind = LeftOut
			}
		}
	} else if bySelector && len(r.Obstacles) == 0 {
		if r.Unread = mayBeSelected(s, v); r.Unread != nil {
			return
		}
	}
	if len(r.Backends) == 0 && !slices.ContainsFunc(r.Obstacles, func(o Obstacle) bool { return o.Kind == TargetPortMissing || o.Kind == ScaledToZero }) {
		r.Obstacles = append(r.Obstacles, whyEmpty(s, r, sp))
	}
}

// headlessPort: a headless Service hands out pod addresses and translates nothing, so what is
// dialled is what arrives. Source: concept page "Service", headless Services.
func headlessPort(r *Route, sp *corev1.ServicePort) {
	if !r.Service.Headless || r.followed {
		return
	}
	differs := false
	for _, list := range [][]Backend{r.Backends, r.Unready} {
		for i := range list {
			differs = differs || list[i].Port != sp.Port
			list[i].Port = sp.Port
		}
	}
	if differs {
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: HeadlessPort, Object: r.Service.Ref(), Port: sp, Detail: []string{sp.TargetPort.String()}})
	}
}

func fromSelector(s *cluster.Snapshot, r *Route, sp *corev1.ServicePort) {
	for _, p := range s.SelectedBy(r.Service) {
		if p.Deleting {
			continue
		}
		if w := s.Workload(p.Owner.Kind, p.Owner.Namespace, p.Owner.Name); p.Template && w != nil && w.Replicas == 0 {
			r.Obstacles = append(r.Obstacles, Obstacle{Kind: ScaledToZero, Object: w.Ref, Port: sp})
			continue
		}
		numbers := []int32{sp.TargetPort.IntVal}
		if sp.TargetPort.Type == intstr.String {
			numbers = p.PortNamed(sp.TargetPort.StrVal, sp.Protocol)
		}
		if len(numbers) == 0 {
			r.portMissing(p, sp)
			continue
		}
		b := Backend{End: policy.PodEnd(p), Port: numbers[0], Node: p.Node}
		if p.Ready || r.Service.PublishNotReady {
			r.Backends = append(r.Backends, b)
		} else {
			r.Unready = append(r.Unready, b)
		}
	}
}
