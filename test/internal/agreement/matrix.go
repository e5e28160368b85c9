package agreement

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Port is one at which something answers.
type Port struct {
	Number   int32
	Protocol corev1.Protocol
}

// World says which connections of a cluster are looked at.
type World struct {
	// Opens tells whether connections are opened from a pod.
	Opens func(*cluster.Pod) bool
	// Listens are the ports at which a pod answers; a pod without any is no destination.
	Listens func(*cluster.Pod) []Port
	// Dials tells whether the address of a Service is dialled.
	Dials func(*cluster.Service) bool
	// Outside are addresses outside the cluster: each is dialled at all of OutsideListens, and dials
	// every pod.
	Outside        []netip.Addr
	OutsideListens []Port
}

// Predict lists every connection of the world, each with what the engine predicts of it. It is an
// error if it is not clear which pod a Service leads to.
func Predict(set *policy.Set, w World) ([]Probe, error) {
	s := set.Snapshot()
	var probes []Probe
	add := func(from Place, to string, flow policy.Flow) {
		dial := Dial{From: from, To: to, Address: flow.Dialled.Address, Port: flow.Dialled.Port, Protocol: flow.Protocol}
		probes = append(probes, Probe{Dial: dial, Decision: set.Evaluate(flow)})
	}
	direct := func(from Place, source policy.Endpoint, to string, destination policy.Endpoint, ports []Port) {
		for _, p := range ports {
			add(from, to, ends.Direct(s, source, destination, p.Protocol, p.Number, corev1.IPv4Protocol))
		}
	}
	for _, pod := range s.Pods {
		if pod.Finished() || !w.Opens(pod) {
			continue
		}
		from, source := Place{Namespace: pod.Namespace, Pod: pod.Name}, policy.PodEnd(pod)
		for _, other := range s.Pods {
			direct(from, source, other.Namespace+"/"+other.Name, policy.PodEnd(other), w.Listens(other))
		}
		for _, address := range w.Outside {
			direct(from, source, "outside", outside(address), w.OutsideListens)
		}
		for _, service := range s.Services {
			if !w.Dials(service) {
				continue
			}
			flows, err := through(set, pod, service)
			if err != nil {
				return nil, err
			}
			for _, f := range flows {
				add(from, "Service "+service.Namespace+"/"+service.Name, f)
			}
		}
	}
	for _, address := range w.Outside {
		for _, pod := range s.Pods {
			direct(Place{Outside: address}, outside(address), pod.Namespace+"/"+pod.Name, policy.PodEnd(pod), w.Listens(pod))
		}
	}
	return probes, nil
}

func outside(address netip.Addr) policy.Endpoint {
	return policy.RangeEnd(netip.PrefixFrom(address, address.BitLen()))
}

// through makes the flows from a pod to the ports of a Service.
func through(set *policy.Set, pod *cluster.Pod, service *cluster.Service) ([]policy.Flow, error) {
	s := set.Snapshot()
	end, err := ends.Resolve(s, ends.Target{Namespace: service.Namespace, Kind: "Service", Name: service.Name})
	if err != nil {
		return nil, err
	}
	var flows []policy.Flow
	for _, route := range ends.Routes(s, end) {
		pairs := ends.Pairs(set, ends.End{Pods: []*cluster.Pod{pod}}, end, &route)
		if len(pairs) != 1 || len(pairs[0].Flows) != 1 || len(route.Backends) != 1 {
			return nil, fmt.Errorf("%d ends are behind port %d of Service %s/%s, want one that is ready", len(route.Backends), route.Port, service.Namespace, service.Name)
		}
		flows = append(flows, pairs[0].Flows[0])
	}
	return flows, nil
}
