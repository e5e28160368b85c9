package policy

import corev1 "k8s.io/api/core/v1"

// matchRule holds one rule against a flow. A mesh that both ends are in may carry the traffic on
// a port of its own, and policies then see that port; whether it does is not for policies to say.
// Sources: Istio documentation, "Ambient and Kubernetes NetworkPolicy"; Linkerd documentation,
// "Network policies".
func (s *Set) matchRule(w *world, c *compiled, r rule, f Flow, peerEnd Endpoint) RuleTrace {
	trace := s.matchArriving(w, c, r, f, peerEnd)
	if f.TunnelPort == 0 {
		return trace
	}
	fact := Fact{Kind: MeshTunnel, Object: f.Destination.Ref(), Key: itoa(int(f.TunnelPort))}
	f.Arriving.Port = f.TunnelPort
	carried := s.matchArriving(w, c, r, f, peerEnd)
	if carried.Match == trace.Match {
		return trace
	}
	switch w.is(fact) {
	case Yes:
		return carried
	case Maybe:
		trace.Match, trace.PortsMatch = Maybe, Maybe
	}
	return trace
}

// matchArriving holds one rule against a flow: some peer and some port must match. Rules are
// judged on what arrives at the pod. Source: networking/v1 NetworkPolicyIngressRule and
// NetworkPolicyEgressRule.
func (s *Set) matchArriving(w *world, c *compiled, r rule, f Flow, peerEnd Endpoint) RuleTrace {
	trace := RuleTrace{Ref: r.ref}
	trace.PeersMatch, trace.Peers = s.matchPeers(w, r, view{end: peerEnd, flow: f})
	trace.PortsMatch, trace.Ports = s.matchPorts(w, r, f, f.Arriving.Port)
	trace.Match = and(trace.PeersMatch, trace.PortsMatch)
	s.deviateNames(w, c, r, f, &trace)
	if r.ref.Direction == Egress && f.Service != nil && !f.Service.Headless {
		s.judgeDialled(w, r, f, &trace)
	}
	if f.Protocol == corev1.ProtocolSCTP && len(r.ports) > 0 {
		s.either(w, SCTPRulesIgnored, No, &trace)
	}
	return trace
}

// matchPeers holds all peers of a rule against the other end; a rule without peers matches every
// end. Source: networking/v1 NetworkPolicyIngressRule.From.
func (s *Set) matchPeers(w *world, r rule, v view) (Truth, []Clause) {
	if len(r.peers) == 0 {
		return Yes, nil
	}
	if s.sharesBlocks(r) {
		return s.matchSharedBlocks(w, r, v)
	}
	result := No
	clauses := make([]Clause, 0, len(r.peers))
	for _, p := range r.peers {
		t, why := s.matchPeer(w, p, v)
		clauses = append(clauses, Clause{Ref: p.ref, Match: t, Mismatch: why})
		result = or(result, t)
	}
	return result, clauses
}

// judgeDialled corrects the outcome of a rule for plugins that look at egress before the Service
// address is translated: blocks, and on some the port, are then held against what was dialled.
func (s *Set) judgeDialled(w *world, r rule, f Flow, trace *RuleTrace) {
	ports, portsDialled := trace.PortsMatch, trace.PortsMatch
	if f.Dialled.Port != f.Arriving.Port {
		portsDialled, _ = s.matchPorts(w, r, f, f.Dialled.Port)
	}
	if s.either(w, ServicePortJudged, and(trace.PeersMatch, and(ports, portsDialled)), trace) {
		ports = and(ports, or(portsDialled, not(s.does(w, ServicePortJudged))))
	}

	selected, dialled, blocks := No, No, false
	for i, p := range r.peers {
		if p.block == nil {
			selected = or(selected, trace.Peers[i].Match)
			continue
		}
		blocks = true
		t, _ := s.matchBlock(w, p.block, view{flow: f, service: true})
		dialled = or(dialled, t)
	}
	if blocks {
		s.either(w, IPBlockMatchesServices, or(and(selected, ports), and(dialled, portsDialled)), trace)
	}
}

// either replaces the outcome of a rule by another if the plugin behaves that way, or may do so.
func (s *Set) either(w *world, b Behaviour, other Truth, trace *RuleTrace) bool {
	if other == trace.Match {
		return false
	}
	switch s.does(w, b) {
	case Yes:
		trace.Match, trace.By = other, b
		return true
	case Maybe:
		trace.Match, trace.By = Maybe, b
		return true
	}
	return false
}
