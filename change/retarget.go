package change

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// retargeted is a port of a Service that leads to another port of the pods than it did.
type retargeted struct {
	service  *cluster.Service
	index    int // of the port in the Service
	protocol corev1.Protocol
	from, to int32
}

// through tells whether a flow is one that the Service translates there.
func (r retargeted) through(f policy.Flow) bool {
	index, port := dialled(f)
	return port != nil && f.Service == r.service && index == r.index && f.Arriving.Port == r.from
}

// misled tells whether a Service leads a denied flow, and those denied with it, to a port which none of the
// pods that it selects declares and no rule allows to anybody, while each of them would be allowed at another
// port that all of these pods declare: then the Service is wrong, most likely, and not the policies. It
// returns the edit of the Service. Source: core/v1 ServicePort.TargetPort.
func misled(w World, denied []policy.Decision, lead policy.Decision) (Edit, bool) {
	f := lead.Flow
	index, port := dialled(f)
	if port == nil || port.TargetPort.StrVal != "" {
		return Edit{}, false
	}
	r := retargeted{service: f.Service, index: index, protocol: f.Protocol, from: f.Arriving.Port}
	behind := w.set.Snapshot().SelectedBy(f.Service)
	if len(behind) == 0 || slices.ContainsFunc(behind, func(p *cluster.Pod) bool { return declares(p, r.protocol, r.from) }) {
		return Edit{}, false // endpoints that are written by hand do not go by targetPort
	}
	var flows []policy.Flow
	for _, d := range denied {
		if !r.through(d.Flow) {
			continue
		}
		if pod := d.Flow.Destination.Pod; pod == nil || declares(pod, r.protocol, r.from) || meant(d) {
			return Edit{}, false
		}
		flows = append(flows, d.Flow)
	}
	var right []cluster.ContainerPort
	for _, c := range f.Destination.Pod.Ports {
		if r.to = c.Number; c.Protocol == r.protocol && w.allows(flows, r) && !slices.ContainsFunc(behind, func(p *cluster.Pod) bool { return !declares(p, r.protocol, r.to) }) {
			right = append(right, c)
		}
	}
	if len(right) > 1 { // the one that the Service is named or numbered after
		right = slices.DeleteFunc(right, func(c cluster.ContainerPort) bool {
			return (port.Name == "" || c.Name != port.Name) && c.Number != port.Port
		})
	}
	if len(right) != 1 {
		return Edit{}, false
	}
	path := fmt.Sprintf("spec.ports[%d].targetPort", index)
	r.to = right[0].Number
	return Edit{
		Kind: TargetPort, Object: f.Service.Ref(), Origin: f.Service.Origin, Path: path, From: r.from, To: r.to,
		// It replaces the field, too, and works where the manifest leaves it out.
		Patch:    []Operation{{Op: "add", Path: pointer(path), Value: r.to}},
		Cautions: []Caution{{Kind: ListensThere}},
		target:   r,
	}, true
}

// dialled returns the port of the Service that a flow dials and its index, or nil where it is not
// one that translates.
func dialled(f policy.Flow) (int, *corev1.ServicePort) {
	if f.Service == nil || f.Service.Headless {
		return 0, nil
	}
	i := slices.IndexFunc(f.Service.Ports, func(p corev1.ServicePort) bool {
		return p.Protocol == f.Protocol && (p.Port == f.Dialled.Port || p.NodePort != 0 && p.NodePort == f.Dialled.Port)
	})
	if i < 0 {
		return 0, nil
	}
	return i, &f.Service.Ports[i]
}

// declares tells whether a pod declares a port, or none at all, by which nothing is told.
func declares(pod *cluster.Pod, protocol corev1.Protocol, number int32) bool {
	return len(pod.Ports) == 0 || slices.ContainsFunc(pod.Ports, func(c cluster.ContainerPort) bool {
		return c.Number == number && c.Protocol == protocol
	})
}

// meant tells whether somebody means the port at which a flow arrives: a rule that lets anybody in there, or
// one on the way out that names it.
func meant(d policy.Decision) bool {
	return slices.ContainsFunc(d.Ingress.Trace, func(t policy.PolicyTrace) bool {
		return t.Isolates != policy.No && slices.ContainsFunc(t.Rules, func(r policy.RuleTrace) bool { return r.PortsMatch != policy.No })
	}) || slices.ContainsFunc(d.Egress.Trace, func(t policy.PolicyTrace) bool {
		return slices.ContainsFunc(t.Rules, func(r policy.RuleTrace) bool {
			return len(r.Ports) > 0 && r.PortsMatch != policy.No
		})
	})
}

// allows tells whether all flows would be allowed at another port of their pods, which all of them
// declare, and none that is kept be closed.
func (w World) allows(flows []policy.Flow, r retargeted) bool {
	before := w
	w = w.retarget(r)
	return !before.closes(w) && !slices.ContainsFunc(flows, func(f policy.Flow) bool {
		return !slices.ContainsFunc(f.Destination.Pod.Ports, func(c cluster.ContainerPort) bool {
			return c.Number == r.to && c.Protocol == r.protocol
		}) || w.Evaluate(f).Verdict != policy.Allowed
	})
}

// retarget lets a port of a Service lead to another port of the pods.
func (w World) retarget(r retargeted) World {
	w.retargeted = append(slices.Clip(w.retargeted), r)
	return w
}
