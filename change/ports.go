package change

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// How far edits of ports are from what is written.
const (
	servicePort  = 10 // the rule has the Service's port, the pod listens on another
	otherProto   = 11 // the number is right, the protocol is not
	bothProtos   = 12 // the number is right, and one protocol more may be missing
	deadPort     = 12 // no pod concerned has the port that the rule has
	deadPortName = 12 // no pod concerned has the port name that the rule has
	deadRange    = 14 // no pod concerned has a port in the range that the rule has
)

// portEdits proposes edits of the ports of a rule whose peers match. A port that a pod which the
// rule is about really has was meant, and is left alone; so is that of a rule which is about
// anything at all.
func (p proposer) portEdits(r policy.RuleTrace) []Edit {
	about := p.about(r.Ref)
	var edits []Edit
	for _, clause := range r.Ports {
		m := clause.Mismatch
		if m == nil {
			continue
		}
		path := clause.Ref.Path()
		entry := PortsOf(clause.Ref)[clause.Ref.Port]
		switch m.Reason {
		case policy.PortMismatch:
			number := entry.Port.IntVal
			if entry.EndPort != nil {
				edits = append(edits, p.rangeEdits(clause, entry, about)...)
				continue
			}
			if !about.bounded || about.declare(number) || p.leadsElsewhere(number) {
				continue
			}
			far := deadPort
			if p.flow.Service != nil && number == p.flow.Dialled.Port && number != p.flow.Arriving.Port {
				far = servicePort
			}
			edits = append(edits, p.portEdit(PortNumber, clause, path+".port", number, p.flow.Arriving.Port, far))
		case policy.ProtocolMismatch:
			if entry.Port == nil || entry.Port.StrVal == "" && entry.Port.IntVal != p.flow.Arriving.Port {
				continue
			}
			from := corev1.Protocol(m.Want[0])
			if about.bounded && entry.Port.StrVal != "" && !slices.Contains(append(about.named(entry.Port.StrVal, from), about.named(entry.Port.StrVal, p.flow.Protocol)...), p.flow.Arriving.Port) {
				continue // with either protocol it is not the name of this port
			}
			add := p.addPort(r, clause)
			if about.bounded && !about.have(p.flow.Arriving.Port, from) && !asksDNS(p.flow) {
				edits = append(edits, p.portEdit(PortProtocol, clause, path+".protocol", string(from), string(p.flow.Protocol), otherProto))
				add.Distance = bothProtos // for a question about both
			}
			edits = append(edits, add)
		case policy.NameMismatch:
			numbers := about.named(m.Want[0], p.flow.Protocol)
			other := func(number int32) bool { return number != p.flow.Arriving.Port }
			if !about.bounded || slices.ContainsFunc(numbers, other) {
				continue
			}
			var to any = p.flow.Arriving.Port
			if name := about.nameOf(p.flow.Arriving.Port, p.flow.Protocol); name != "" && len(numbers) == 0 {
				to = name
			}
			edits = append(edits, p.portEdit(PortName, clause, path+".port", m.Want[0], to, deadPortName))
		}
	}
	return edits
}

// rangeEdits proposes to move the nearer end of a range that holds no port of any pod concerned.
func (p proposer) rangeEdits(clause policy.Clause, entry networkingv1.NetworkPolicyPort, about subjects) []Edit {
	from, to, port := entry.Port.IntVal, *entry.EndPort, p.flow.Arriving.Port
	within := func(c cluster.ContainerPort) bool {
		return c.Protocol == p.flow.Protocol && c.Number >= from && c.Number <= to
	}
	used := slices.ContainsFunc(about.pods, func(pod *cluster.Pod) bool { return slices.ContainsFunc(pod.Ports, within) })
	if !about.bounded || used {
		return nil
	}
	path := clause.Ref.Path()
	if port < from {
		return []Edit{p.portEdit(PortRange, clause, path+".port", from, port, deadRange)}
	}
	return []Edit{p.portEdit(PortRange, clause, path+".endPort", to, port, deadRange)}
}

func (p proposer) portEdit(kind Kind, clause policy.Clause, path string, from, to any, far int) Edit {
	e := p.base(kind, clause.Ref, path)
	e.From, e.To, e.Clause, e.Distance = from, to, clause.Mismatch, far
	op := "replace"
	if kind == PortProtocol {
		op = "add" // replaces it too, and works where the manifest leaves the protocol out
	}
	e.Patch = []Operation{{Op: op, Path: pointer(path), Value: to}}
	return e
}

// asksDNS tells whether a flow is a query, which may come over either protocol whatever the servers
// declare. Source: RFC 7766, section 5.
func asksDNS(f policy.Flow) bool {
	const domain = 53
	return f.Dialled.Port == domain || f.Arriving.Port == domain
}

// addPort proposes the same number with the other protocol, for destinations that serve both.
func (p proposer) addPort(r policy.RuleTrace, clause policy.Clause) Edit {
	e := p.base(AddedPort, clause.Ref, fmt.Sprintf("%s.ports", r.Ref.Path()))
	e.To = map[string]any{"protocol": string(p.flow.Protocol), "port": p.flow.Arriving.Port}
	e.Clause, e.Distance = clause.Mismatch, otherProto
	e.Patch = []Operation{{Op: "add", Path: pointer(e.Path) + "/-", Value: e.To}}
	return e
}

// PortsOf returns the port entries of a rule.
func PortsOf(ref policy.RuleRef) []networkingv1.NetworkPolicyPort {
	if ref.Direction == policy.Egress {
		return ref.Policy.Spec.Egress[ref.Rule].Ports
	}
	return ref.Policy.Spec.Ingress[ref.Rule].Ports
}

// subjects are the pods that the ports of a rule are about.
type subjects struct {
	pods []*cluster.Pod
	// bounded: the rule is about these pods and others like them, not about whatever there is.
	bounded bool
}

// about returns the pods whose ports a rule names: those that its policy selects for ingress,
// those that its peers select for egress.
func (p proposer) about(ref policy.RuleRef) subjects {
	var a subjects
	for _, f := range p.flows {
		if d := f.Destination.Pod; d != nil && !slices.Contains(a.pods, d) {
			a.pods = append(a.pods, d)
		}
	}
	if ref.Direction == policy.Ingress {
		pods, complete := p.set.Selected(ref.Policy)
		a.pods, a.bounded = append(a.pods, pods...), complete
		return a
	}
	peers := ref.Policy.Spec.Egress[ref.Rule].To
	a.bounded = len(peers) > 0
	for i, peer := range peers {
		if peer.IPBlock != nil {
			block, err := netip.ParsePrefix(peer.IPBlock.CIDR)
			a.bounded = a.bounded && err == nil && block.IsSingleIP()
			for _, holder := range p.set.Snapshot().HoldersOf(block.Addr()) {
				if holder.Pod != nil {
					a.pods = append(a.pods, holder.Pod)
				}
			}
			continue
		}
		ref.Peer = i
		pods, complete := p.set.PeerPods(ref)
		everything := peer.PodSelector == nil || len(peer.PodSelector.MatchLabels)+len(peer.PodSelector.MatchExpressions) == 0
		a.pods, a.bounded = append(a.pods, pods...), a.bounded && (complete || !everything)
	}
	return a
}

// leadsElsewhere tells whether a number is the port of a Service before the destination that leads
// to another port of it: whoever wrote it meant that one.
func (p proposer) leadsElsewhere(number int32) bool {
	pod := p.flow.Destination.Pod
	if pod == nil || number == p.flow.Dialled.Port {
		return false
	}
	return slices.ContainsFunc(p.set.Snapshot().Services, func(v *cluster.Service) bool {
		return v.Namespace == pod.Namespace && len(v.Selector) > 0 && carries(pod, v.Selector) && slices.ContainsFunc(v.Ports, func(port corev1.ServicePort) bool {
			return port.Port == number && !leadsTo(port, pod, p.flow.Arriving.Port)
		})
	})
}

// leadsTo tells whether a port of a Service leads to a port of a pod.
// Source: core/v1 ServicePort.TargetPort.
func leadsTo(port corev1.ServicePort, pod *cluster.Pod, number int32) bool {
	switch {
	case port.TargetPort.StrVal != "":
		return slices.Contains(pod.PortNamed(port.TargetPort.StrVal, port.Protocol), number)
	case port.TargetPort.IntVal != 0:
		return port.TargetPort.IntVal == number
	}
	return port.Port == number
}

// declare tells whether a port is declared with any protocol.
func (a subjects) declare(number int32) bool {
	return slices.ContainsFunc(a.pods, func(pod *cluster.Pod) bool {
		return slices.ContainsFunc(pod.Ports, func(c cluster.ContainerPort) bool { return c.Number == number })
	})
}

func (a subjects) have(number int32, protocol corev1.Protocol) bool {
	return slices.ContainsFunc(a.pods, func(pod *cluster.Pod) bool {
		return slices.ContainsFunc(pod.Ports, func(c cluster.ContainerPort) bool { return c.Number == number && c.Protocol == protocol })
	})
}

// named returns the numbers that a port name stands for.
func (a subjects) named(name string, protocol corev1.Protocol) []int32 {
	var numbers []int32
	for _, pod := range a.pods {
		numbers = append(numbers, pod.PortNamed(name, protocol)...)
	}
	return numbers
}

func (a subjects) nameOf(number int32, protocol corev1.Protocol) string {
	for _, pod := range a.pods {
		for _, c := range pod.Ports {
			if c.Number == number && c.Protocol == protocol && c.Name != "" {
				return c.Name
			}
		}
	}
	return ""
}

// portText prints a port as part of a name.
func portText(number int32) string { return strconv.Itoa(int(number)) }
