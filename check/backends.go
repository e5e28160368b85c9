package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// nothingBehind reports Services without endpoints, NPD701: why there are none, and what to do.
func nothingBehind(p *Pass) {
	for _, a := range p.Answers {
		for _, o := range a.Route.Obstacles {
			f := Finding{Object: o.Object, Cause: true, Advice: "correct the Service's selector, or start the pods behind it"}
			switch o.Kind {
			case ends.NoEndpoints:
				f.Message = fmt.Sprintf("Service %s has no endpoints", name(o.Object))
			case ends.NoSelector:
				f.Message = fmt.Sprintf("Service %s has no selector, and nobody wrote endpoints for it", name(o.Object))
				f.Advice = "write an EndpointSlice for the Service, or give it a selector"
			case ends.NothingSelected:
				f.Message = fmt.Sprintf("Service %s selects pods with %s, and there are none", name(o.Object), strings.Join(o.Detail, ", "))
				if owner, e, ok := change.NearSelector(p.Snapshot, a.Route.Service); ok {
					f.Message += fmt.Sprintf("; %s has %s=%v", owner, strings.TrimSuffix(strings.TrimPrefix(e.Path, "spec.selector["), "]"), e.To)
					f.Field, f.Origin, f.Fix, f.Advice = e.Path, e.Origin, []change.Edit{e}, ""
				} else if near := p.nearValues(a.Route.Service); near != "" {
					f.Message += "; " + near
				}
			case ends.ScaledToZero:
				f.Message = fmt.Sprintf("%s behind the Service is scaled to zero", o.Object)
				f.Advice = fmt.Sprintf("start pods: kubectl scale %s/%s -n %s --replicas=1", strings.ToLower(o.Object.Kind), o.Object.Name, o.Object.Namespace)
			default:
				continue
			}
			p.report(f)
		}
	}
}

// nearValues says which values the pods of a namespace have of a label that a Service selects by with
// a value that none of them has, the nearest first; empty where every value is there.
func (p *Pass) nearValues(v *cluster.Service) string {
	for _, key := range slices.Sorted(maps.Keys(v.Selector)) {
		var values []string
		for _, pod := range p.Snapshot.Subjects(v.Namespace) {
			if value, ok := pod.Labels.Known[key]; ok && !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
		if slices.Contains(values, v.Selector[key]) {
			continue
		}
		if len(values) == 0 {
			return fmt.Sprintf("no pod of namespace %s has a label %s", v.Namespace, key)
		}
		slices.SortFunc(values, func(a, b string) int {
			return cmp.Or(cmp.Compare(spelling.Distance(a, v.Selector[key]), spelling.Distance(b, v.Selector[key])), cmp.Compare(a, b))
		})
		const most = 3
		more := ""
		if n := len(values); n > most {
			values, more = values[:most], fmt.Sprintf(" and %d more", n-most)
		}
		return fmt.Sprintf("of label %s the pods there have %s%s", key, strings.Join(values, ", "), more)
	}
	return ""
}

// keptOnNode reports Services that keep traffic on a node without an endpoint, NPD706, and those of
// which it is not known whether the node has one.
func keptOnNode(p *Pass) {
	const advice = "run an endpoint on every node, or set the Service's traffic policy to Cluster"
	for _, a := range p.Answers {
		for _, o := range a.Route.Obstacles {
			switch o.Kind {
			case ends.NoLocalEndpoint:
				p.report(Finding{
					Object: o.Object, Cause: true, Advice: advice,
					Message: fmt.Sprintf("Service %s only sends traffic to endpoints on the same node (traffic policy Local), and node %s has none", name(o.Object), strings.Join(o.Detail, ", ")),
				})
			case ends.LocalUnknown:
				p.report(Finding{
					Object: o.Object, Severity: Warning, Doubt: true, Advice: advice,
					Message: fmt.Sprintf("Service %s only sends traffic to endpoints on the client's node (internalTrafficPolicy: Local), and it is not known whether that node has one", name(o.Object)),
				})
			}
		}
	}
}

// noSuchPort reports a port that a Service does not have, NPD703. It may be the one of its pods.
func noSuchPort(p *Pass) {
	for _, a := range p.Answers {
		for _, o := range a.Route.Obstacles {
			if o.Kind != ends.NoSuchServicePort {
				continue
			}
			f := Finding{
				Object: o.Object, Cause: true, Advice: "connect to a port that the Service has",
				Message: fmt.Sprintf("Service %s does not have that port; it has %s", name(o.Object), orNone(o.Detail)),
			}
			if sp, ok := p.leadsTo(a.Route); ok {
				asked := ends.Port{Number: a.Route.Port, Name: a.Route.Name}
				if asked.Number != 0 {
					asked.Name = ""
				}
				f.Message = fmt.Sprintf("%s is not a port of Service %s; it is the port of its pods, which the Service's port %d leads to", asked, name(o.Object), sp.Port)
				f.Advice = fmt.Sprintf("connect to port %d, and ask again with it: policies are only looked at for a port that the Service has", sp.Port)
			}
			p.report(f)
		}
	}
}

// leadsTo finds the port of a Service that leads to the port of the pods that was dialled instead.
func (p *Pass) leadsTo(r ends.Route) (corev1.ServicePort, bool) {
	pods := p.Snapshot.SelectedBy(r.Service)
	i := slices.IndexFunc(r.Service.Ports, func(sp corev1.ServicePort) bool {
		switch target := sp.TargetPort; {
		case sp.Protocol != r.Protocol:
			return false
		case r.Port == 0:
			return r.Name != "" && target.StrVal == r.Name
		case target.StrVal == "":
			return target.IntVal == r.Port
		default:
			return slices.ContainsFunc(pods, func(pod *cluster.Pod) bool {
				return slices.Contains(pod.PortNamed(target.StrVal, sp.Protocol), r.Port)
			})
		}
	})
	if i < 0 {
		return corev1.ServicePort{}, false
	}
	return r.Service.Ports[i], true
}
