package policy

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// all tells whether the entry names no port: it then means every port of its protocol.
func (p port) all() bool { return p.name == "" && p.from == 0 }

// matchPort holds one port entry against a flow that is judged on the given port number. A port
// name is resolved on the destination pod, with the entry's protocol; a pod without that name
// does not match. Source: networking/v1 NetworkPolicyPort.
func (s *Set) matchPort(w *world, p port, f Flow, number int32) (Truth, *Mismatch) {
	if p.protocol != f.Protocol {
		return No, &Mismatch{Reason: ProtocolMismatch, Field: "protocol", Want: []string{string(p.protocol)}, Saw: string(f.Protocol), Truth: No}
	}
	if p.name == "" {
		if p.all() || p.from <= number && number <= p.to {
			return Yes, nil
		}
		return No, &Mismatch{Reason: PortMismatch, Field: "port", Want: []string{p.numbers()}, Saw: strconv.Itoa(int(number)), Truth: No}
	}
	return s.matchPortName(w, p, f, number)
}

func (s *Set) matchPortName(w *world, p port, f Flow, number int32) (Truth, *Mismatch) {
	mismatch := &Mismatch{Reason: NameMismatch, Field: "port", Want: []string{p.name}, Saw: strconv.Itoa(int(number)), Truth: No}
	if s.profile.Of(NamedPortsBroken).Answer != No {
		w.ask(s.behaviour(NamedPortsBroken), nil)
		mismatch.Reason, mismatch.Key, mismatch.Truth = PluginDecides, string(NamedPortsBroken), Maybe
		return Maybe, mismatch
	}
	if f.Destination.Pod == nil {
		return No, mismatch
	}
	named := func(sidecar bool) bool {
		return slices.ContainsFunc(f.Destination.Pod.Ports, func(c cluster.ContainerPort) bool {
			return c.Name == p.name && c.Protocol == p.protocol && c.Number == number && c.Sidecar == sidecar
		})
	}
	result := Yes
	decides := func(t Truth, b Behaviour) {
		if t < result {
			result = t
			mismatch.Reason, mismatch.Key, mismatch.Truth = PluginDecides, string(b), t
		}
	}
	if !named(false) {
		if !named(true) {
			return No, mismatch
		}
		decides(not(s.does(w, SidecarNamesIgnored)), SidecarNamesIgnored)
	}
	if p.ref.Direction == Egress && f.Destination.Pod.HostNetwork {
		// To a plugin that does not tell the pod from its node, the name is none of the node's.
		// Source: concept page "Network Policies", "hostNetwork pods".
		decides(s.does(w, SelectorsMatchHostNetwork), SelectorsMatchHostNetwork)
	}
	if result == Yes {
		return Yes, nil
	}
	return result, mismatch
}

func (p port) numbers() string {
	if p.to > p.from {
		return strconv.Itoa(int(p.from)) + "-" + strconv.Itoa(int(p.to))
	}
	return strconv.Itoa(int(p.from))
}

// matchPorts holds all port entries of a rule against the flow; a rule without entries matches
// every port and protocol. Source: networking/v1 NetworkPolicyIngressRule.Ports.
func (s *Set) matchPorts(w *world, r rule, f Flow, number int32) (Truth, []Clause) {
	if len(r.ports) == 0 {
		return Yes, nil
	}
	result := No
	clauses := make([]Clause, 0, len(r.ports))
	for _, p := range r.ports {
		t, why := s.matchPort(w, p, f, number)
		clauses = append(clauses, Clause{Ref: p.ref, Match: t, Mismatch: why})
		result = or(result, t)
	}
	return result, clauses
}

// onlyNames tells whether every port entry of the rule is a name.
func (r rule) onlyNames() bool {
	for _, p := range r.ports {
		if p.name == "" {
			return false
		}
	}
	return len(r.ports) > 0
}

// named returns the entries of the rule that are names of ports of a protocol.
func (r rule) named(protocol corev1.Protocol) []port {
	var out []port
	for _, p := range r.ports {
		if p.name != "" && p.protocol == protocol {
			out = append(out, p)
		}
	}
	return out
}
