package ends

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// ObstacleKind is a reason why a connection fails, or may fail, before policies matter.
type ObstacleKind string

// The obstacles.
const (
	NoSuchServicePort  ObstacleKind = "NoSuchServicePort"  // the Service does not have the dialled port
	NoPodPort          ObstacleKind = "NoPodPort"          // no port with that name on the pods
	NoEndpoints        ObstacleKind = "NoEndpoints"        // nothing is behind the Service
	NoSelector         ObstacleKind = "NoSelector"         // no selector and no endpoints written by hand
	NothingSelected    ObstacleKind = "NothingSelected"    // the selector matches no pod
	ScaledToZero       ObstacleKind = "ScaledToZero"       // the workload behind it has no replicas
	NotReady           ObstacleKind = "NotReady"           // backends exist, none is ready
	TargetPortMissing  ObstacleKind = "TargetPortMissing"  // no pod has a port with the target port's name
	LeftOut            ObstacleKind = "LeftOut"            // a pod has none, and others have
	HeadlessPort       ObstacleKind = "HeadlessPort"       // a headless Service does not translate ports
	NoCommonFamily     ObstacleKind = "NoCommonFamily"     // one end has only IPv4 addresses, the other only IPv6
	NoLocalEndpoint    ObstacleKind = "NoLocalEndpoint"    // traffic policy Local and no backend on the node
	LocalUnknown       ObstacleKind = "LocalUnknown"       // traffic policy Local, and it is not known whether one is on the node
	NotExposed         ObstacleKind = "NotExposed"         // a ClusterIP Service is not reached from outside
	PodFinished        ObstacleKind = "PodFinished"        // the pod has run to its end
	BackendsUnreadable ObstacleKind = "BackendsUnreadable" // endpoints could not be read
)

// Obstacle is one such reason, with the object it is about.
type Obstacle struct {
	Kind   ObstacleKind
	Object cluster.Ref
	Port   *corev1.ServicePort // of the Service, where one is meant
	Detail []string            // names, ports: what was seen
}

func declared(pods []*cluster.Pod) []string {
	var out []string
	for _, p := range pods {
		for _, c := range p.Ports {
			out = append(out, Port{Name: c.Name, Number: c.Number, Protocol: c.Protocol}.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func servicePorts(v *cluster.Service) []string {
	var out []string
	for _, p := range v.Ports {
		out = append(out, Port{Number: p.Port, Protocol: p.Protocol}.String())
	}
	return out
}

// mayBeSelected returns what has to be known to tell whether a Service selects something: a label
// that a controller stamps on the pods of a template. It is nil where the answer is no.
func mayBeSelected(s *cluster.Snapshot, v *cluster.Service) *policy.Fact {
	for _, p := range s.Subjects(v.Namespace) {
		fits, open := true, ""
		for _, key := range slices.Sorted(maps.Keys(v.Selector)) {
			value, presence := p.Labels.Get(key)
			switch {
			case presence == cluster.MaybePresent:
				open = key
			case presence == cluster.Absent || value != v.Selector[key]:
				fits = false
			}
		}
		if fits && open != "" {
			return &policy.Fact{Kind: policy.PodLabel, Object: p.Ref(), Key: open}
		}
	}
	return nil
}

// whyEmpty says why nothing is behind a Service.
func whyEmpty(s *cluster.Snapshot, r *Route, sp *corev1.ServicePort) Obstacle {
	v := r.Service
	o := Obstacle{Kind: NoEndpoints, Object: v.Ref(), Port: sp}
	switch {
	case len(r.Unready) > 0:
		o.Kind = NotReady
		for _, b := range r.Unready {
			o.Detail = append(o.Detail, b.End.Ref().String())
		}
	case len(v.Selector) == 0:
		o.Kind = NoSelector
	case len(s.SelectedBy(v)) == 0:
		o.Kind = NothingSelected
		for _, key := range slices.Sorted(maps.Keys(v.Selector)) {
			o.Detail = append(o.Detail, key+"="+v.Selector[key])
		}
	default:
		if w := scaledToZero(s, v); w != nil {
			o.Kind, o.Object = ScaledToZero, w.Ref
		}
	}
	return o
}

// scaledToZero returns the first workload behind a Service if none that is has any replicas, else
// nil.
func scaledToZero(s *cluster.Snapshot, v *cluster.Service) *cluster.Workload {
	var first *cluster.Workload
	for _, p := range s.SelectedBy(v) {
		w := s.WorkloadOf(p)
		if !p.Template || w == nil || w.Replicas != 0 {
			return nil
		}
		if first == nil {
			first = w
		}
	}
	return first
}

// portMissing notes a pod that has no port with the target port's name. A dual-stack Service has a
// slice for each family.
func (r *Route) portMissing(p *cluster.Pod, sp *corev1.ServicePort) {
	known := func(o Obstacle) bool { return o.Kind == TargetPortMissing && o.Object == p.Ref() }
	if !slices.ContainsFunc(r.Obstacles, known) {
		r.Obstacles = append(r.Obstacles, Obstacle{Kind: TargetPortMissing, Object: p.Ref(), Port: sp, Detail: declared([]*cluster.Pod{p})})
	}
}
