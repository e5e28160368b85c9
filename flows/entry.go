package flows

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

// Entry is a port of a Service that can be dialled from outside the cluster, and where it leads.
type Entry struct {
	Service  cluster.Ref
	Type     corev1.ServiceType
	Protocol corev1.Protocol
	Port     int32 // the Service's
	PodPort  int32
	// Rewritten: the pod may see a node as the source, not the client.
	// Source: core/v1 ServiceSpec.ExternalTrafficPolicy.
	Rewritten bool
}

// exposedPods finds the pods behind Services of type LoadBalancer or NodePort, or with external
// addresses. Source: core/v1 ServiceSpec.Type and ExternalIPs.
func exposedPods(s *cluster.Snapshot) map[*cluster.Pod][]Entry {
	out := map[*cluster.Pod][]Entry{}
	for _, v := range s.Services {
		if v.Type != corev1.ServiceTypeLoadBalancer && v.Type != corev1.ServiceTypeNodePort && len(v.OtherIPs) == 0 {
			continue
		}
		for _, route := range ends.Routes(s, ends.End{Ref: v.Ref(), Service: v}) {
			for _, b := range slices.Concat(route.Backends, route.Unready) {
				if b.End.Pod != nil {
					out[b.End.Pod] = append(out[b.End.Pod], Entry{v.Ref(), v.Type, route.Protocol, route.Port, b.Port, !v.ExternalLocal})
				}
			}
		}
	}
	return out
}

func entriesOf(u *unit, exposed map[*cluster.Pod][]Entry) []Entry {
	var out []Entry
	for _, part := range u.parts {
		for _, p := range part.pods {
			for _, e := range exposed[p] {
				if !slices.Contains(out, e) {
					out = append(out, e)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(a.Service.Compare(b.Service), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port), cmp.Compare(a.PodPort, b.PodPort))
	})
	return out
}
