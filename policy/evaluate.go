package policy

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Evaluate judges one flow. A flow needs both directions: egress at its source and ingress at
// its destination; replies are let through by themselves.
// Source: concept page "Network Policies", "The two sorts of pod isolation".
func (s *Set) Evaluate(f Flow) Decision {
	d := Decision{Flow: f, Egress: s.decide(f, Egress), Ingress: s.decide(f, Ingress)}
	d.Verdict = s.combine(f, d.Egress.Verdict, d.Ingress.Verdict)
	switch {
	case d.Verdict == Allowed:
		d.Egress.exemptHairpin()
		d.Ingress.exemptHairpin()
	case d.Verdict == Denied:
	case d.Egress.Verdict == Unknown && d.Ingress.Verdict == Unknown:
		d.Verdict, d.Facts = settle(func(w *world) Verdict {
			return s.combine(f, s.direction(w, f, Egress).Verdict, s.direction(w, f, Ingress).Verdict)
		})
	default:
		d.Facts = append(d.Facts, d.Egress.Facts...)
		d.Facts = append(d.Facts, d.Ingress.Facts...)
	}
	return d
}

// combine makes the verdict of a flow of those of its directions. Some plugins judge a pod that
// reaches itself through its own Service in one go: it is blocked only when both directions deny.
func (s *Set) combine(f Flow, egress, ingress Verdict) Verdict {
	if !f.hairpin() || s.profile.Of(HairpinNeedsBoth).Answer != Yes {
		return Both(egress, ingress)
	}
	switch {
	case egress == Allowed || ingress == Allowed:
		return Allowed
	case egress == Denied && ingress == Denied:
		return Denied
	}
	return Unknown
}

// exemptHairpin lets a direction through that alone could not block a flow which is allowed.
func (d *DirectionDecision) exemptHairpin() {
	if d.Verdict != Allowed {
		d.Verdict, d.Exempt, d.Facts = Allowed, Hairpin, nil
	}
}

// decide judges one direction, and works out what is open.
func (s *Set) decide(f Flow, dir Direction) DirectionDecision {
	d := s.direction(&world{}, f, dir)
	if d.Verdict == Unknown {
		d.Verdict, d.Facts = settle(func(w *world) Verdict { return s.direction(w, f, dir).Verdict })
	}
	return d
}

// hairpin tells whether a pod reaches itself through its own Service.
func (f Flow) hairpin() bool { return f.Self() && f.Service != nil && !f.Service.Headless }

// direction judges one direction in one world: first whether any policy is asked at all, then
// the tiers from top to bottom.
func (s *Set) direction(w *world, f Flow, dir Direction) DirectionDecision {
	subject, peer := f.ends(dir)
	w.twins = f.twins()
	d := DirectionDecision{Direction: dir, Isolated: No, Tier: DefaultTier}
	switch {
	case subject.Pod == nil:
		d.Verdict, d.Exempt = Allowed, NotAPodSubject
		s.otherLayers(w, subject, peer, &d)
	case f.Self() && !f.hairpin():
		d.Verdict, d.Exempt = Allowed, SelfTraffic
	case dir == Ingress && f.SourceRewritten:
		s.throughNode(w, f, &d)
	default:
		s.tiers(w, f, subject, peer, &d)
	}
	return d
}

// exempt lets a denied or undecided flow through where the plugin, or the specification, does
// not ask policies. An exemption that is not certain makes the verdict Unknown.
func (s *Set) exempt(w *world, f Flow, subject, peer Endpoint, d *DirectionDecision) {
	consider := func(e Exemption, applies func() Truth) {
		if d.Verdict == Allowed {
			return
		}
		switch applies() {
		case Yes:
			d.Verdict, d.Exempt = Allowed, e
		case Maybe:
			d.Verdict = Unknown
		}
	}
	if subject.Pod.HostNetwork {
		consider(HostNetwork, func() Truth { return not(s.does(w, HostNetworkIsolated)) })
	}
	if subject.Pod.Owner.Kind == "" && !subject.Pod.Template {
		consider(Unenforced, func() Truth { return s.does(w, BarePodsUnenforced) })
	}
	if f.hairpin() {
		consider(Hairpin, func() Truth { return s.does(w, HairpinExempt) })
	}
	if peer.isHost() {
		consider(OwnNode, func() Truth { return s.ownNode(w, subject, peer, d.Direction) })
	}
}

// ownNode tells whether traffic between a pod and a node, or a hostNetwork pod, is let through
// because both are on one node. Only ingress from the own node is promised by the API; egress to
// it is the plugin's, and so is whether a hostNetwork pod counts as its node: where selectors can
// tell them apart, it is a pod like any other. Source: networking/v1 NetworkPolicySpec.Ingress;
// concept page "Network Policies", "hostNetwork pods".
func (s *Set) ownNode(w *world, subject, peer Endpoint, dir Direction) Truth {
	t := s.sameNode(w, subject, peer)
	if t != No && dir == Egress {
		t = and(t, s.does(w, OwnNodeEgressExempt))
	}
	if t != No && peer.Pod != nil {
		t = and(t, not(s.does(w, SelectorsMatchHostNetwork)))
	}
	if t != No && peer.Pod != nil && dir == Ingress {
		t = and(t, not(s.does(w, OwnNodePodsFiltered)))
	}
	return t
}

// sameNode tells whether both ends are on one node.
func (s *Set) sameNode(w *world, a, b Endpoint) Truth {
	switch {
	case b.Node == anyNode:
		return No
	case a.Pod == b.Pod:
		return Yes
	}
	nodeA, knownA := a.onNode()
	nodeB, knownB := b.onNode()
	if knownA && knownB {
		return truth(nodeA == nodeB)
	}
	fact := Fact{Kind: SameNode, Object: a.Pod.Ref(), Key: nodeB}
	if b.Pod != nil {
		// One fact, whichever end asks.
		one, other := a.Pod.Ref(), b.Pod.Ref()
		if other.Compare(one) < 0 {
			one, other = other, one
		}
		fact.Object, fact.Key = one, other.String()
	}
	return w.is(fact)
}

// throughNode judges ingress of traffic that a node port or load balancer passed on: the pod may
// see the client's own address, another node's or its own node's.
// Source: concept page "Virtual IPs and Service Proxies", externalTrafficPolicy.
func (s *Set) throughNode(w *world, f Flow, d *DirectionDecision) {
	client, node, own := *d, *d, *d
	s.tiers(w, f, f.Destination, f.Source, &client)
	s.tiers(w, f, f.Destination, Endpoint{Node: anyNode}, &node)
	own.Verdict, own.Exempt = Allowed, OwnNode
	s.otherLayers(w, f.Destination, f.Source, &own)
	fact := Fact{Kind: SourceSeen}
	if f.Service != nil {
		fact.Object = f.Service.Ref()
	}
	answer, _ := w.ask(fact, []string{ClientSeen, NodeSeen, OwnNodeSeen})
	switch answer {
	case ClientSeen:
		*d = client
	case NodeSeen:
		*d = node
	case OwnNodeSeen:
		*d = own
	default:
		*d = client
		if client.Verdict != Allowed || node.Verdict != Allowed || own.Verdict != Allowed {
			d.Verdict = Unknown
		}
	}
}

// tiers runs the pipeline Admin, NetworkPolicy, Baseline, default allow. What exempts a flow from
// NetworkPolicies does not exempt it from other layers.
func (s *Set) tiers(w *world, f Flow, subject, peer Endpoint, d *DirectionDecision) {
	s.policyTier(w, f, subject, peer, d)
	s.unread(w, subject.Pod.Namespace, d)
	s.exempt(w, f, subject, peer, d)
	s.otherLayers(w, subject, peer, d)
}

// unread tells what policies that could not be read may change: they may isolate, and they may
// admit. A flow that is admitted already stays so.
func (s *Set) unread(w *world, namespace string, d *DirectionDecision) {
	hidden := slices.ContainsFunc(s.snapshot.Gaps, func(g cluster.Gap) bool {
		return g.Resource == PoliciesResource && (g.Namespace == "" || g.Namespace == namespace)
	})
	if !hidden || d.Verdict == Allowed && d.Isolated == Yes {
		return
	}
	w.ask(Fact{Kind: PoliciesUnread, Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: namespace}}, nil)
	d.Isolated, d.Verdict, d.Tier = or(d.Isolated, Maybe), Unknown, PolicyTier
}

// PoliciesResource is the resource that NetworkPolicies are read from, as RBAC names it.
const PoliciesResource = "networkpolicies.networking.k8s.io"

// policyTier judges the NetworkPolicies of the subject's namespace. A pod that none of them
// isolates in the direction is open; one that is isolated admits the union of what their rules
// admit. Source: networking/v1 NetworkPolicySpec.PodSelector.
func (s *Set) policyTier(w *world, f Flow, subject, peer Endpoint, d *DirectionDecision) {
	isolated, admitted := No, No
	policies := w.policies
	if policies == nil {
		policies = s.policies[subject.Pod.Namespace]
	}
	for _, c := range policies {
		t := s.tracePolicy(w, c, f, subject, peer, d.Direction)
		d.Trace = append(d.Trace, t)
		isolated = or(isolated, t.Isolates)
		if t.Isolates == Yes {
			d.Isolating = append(d.Isolating, c.policy)
		}
		for _, r := range t.Rules {
			counts := t.Isolates
			if r.Ignored {
				counts = and(t.Selects, s.does(w, UnlistedSectionsEnforced))
			}
			m := and(counts, r.Match)
			admitted = or(admitted, m)
			if m == Yes {
				d.Admitting = append(d.Admitting, r.Ref)
			}
		}
		opened, rules := s.opensOtherWay(w, c, f, t, d.Direction)
		admitted = or(admitted, opened)
		d.Admitting = append(d.Admitting, rules...)
		isolated = or(isolated, s.isolatesUnlisted(w, c, t, d.Direction))
	}
	if isolated != Yes {
		isolated = or(isolated, s.does(w, UnselectedIsolated))
	}
	d.Isolated = isolated
	switch or(not(isolated), admitted) {
	case Yes:
		d.Verdict = Allowed
	case No:
		d.Verdict = Denied
	default:
		d.Verdict = Unknown
	}
	if isolated != No {
		d.Tier = PolicyTier
	}
}

// isolatesUnlisted: on a plugin that enforces rules of a direction that policyTypes does not
// list, such rules isolate too.
func (s *Set) isolatesUnlisted(w *world, c *compiled, t PolicyTrace, dir Direction) Truth {
	if c.lists[dir] || len(c.rules[dir]) == 0 || t.Selects == No {
		return No
	}
	return and(t.Selects, s.does(w, UnlistedSectionsEnforced))
}

// tracePolicy holds one policy against the flow and keeps what every clause said.
func (s *Set) tracePolicy(w *world, c *compiled, f Flow, subject, peer Endpoint, dir Direction) PolicyTrace {
	t := PolicyTrace{Policy: c.policy}
	t.Selects, t.Mismatch = s.match(w, c.subject, labelledPod(subject.Pod))
	t.Isolates = and(t.Selects, truth(c.lists[dir]))
	if t.Selects == No {
		return t
	}
	for _, r := range c.rules[dir] {
		rt := s.matchRule(w, c, r, f, peer)
		rt.Ignored = !c.lists[dir]
		t.Rules = append(t.Rules, rt)
	}
	return t
}

// opensOtherWay applies what was measured on plugins that put both directions of a policy into
// one chain: where one policy of both types selects both ends, a rule of the other direction
// that admits the flow opens this one too. It returns the rules that do so for certain.
func (s *Set) opensOtherWay(w *world, c *compiled, f Flow, t PolicyTrace, here Direction) (opened Truth, rules []RuleRef) {
	if s.profile.Of(EitherDirectionOpens).Answer != Yes || !c.lists[Egress] || !c.lists[Ingress] || t.Isolates == No {
		return No, nil
	}
	there := Egress
	if here == Egress {
		there = Ingress
	}
	subject, peer := f.ends(there)
	if subject.Pod == nil || peer.Pod == nil || subject.isHost() || peer.isHost() || subject.Pod.Namespace != c.policy.Namespace || peer.Pod.Namespace != c.policy.Namespace {
		return No, nil
	}
	selects, _ := s.match(w, c.subject, labelledPod(subject.Pod))
	both := and(t.Selects, selects)
	opened = No
	for _, r := range c.rules[there] {
		m := and(both, s.matchRule(w, c, r, f, peer).Match)
		opened = or(opened, m)
		if m == Yes {
			rules = append(rules, r.ref)
		}
	}
	return opened, rules
}
