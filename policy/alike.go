package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// This file tells what the verdict for a pod in one direction can depend on besides the pod: which
// clauses the other end is held against, and at which ports they change. Ends about which all of
// them say the same, at ports that none of them tells apart, are judged alike. So whoever asks
// about sets of flows evaluates one of each set, and there is no second evaluator.

// PortRange is ports of a protocol, the first and the last.
type PortRange struct {
	Protocol corev1.Protocol
	From, To int32
}

// Side is one direction of a pod: egress where it is the source, ingress where it is the destination.
// It is good for every pod of its Class.
type Side struct {
	set       *Set
	direction Direction
	policies  []*compiled // those that may select the pod; no other can matter
}

// SideOf returns one direction of a pod.
func (s *Set) SideOf(p *cluster.Pod, d Direction) *Side {
	side := &Side{set: s, direction: d, policies: []*compiled{}}
	for _, c := range s.policies[p.Namespace] {
		if t, _ := s.match(&world{}, c.subject, labelledPod(p)); t != No {
			side.policies = append(side.policies, c)
		}
	}
	return side
}

// Judge gives the verdict of Evaluate for this direction of a flow, and the facts it hangs on.
func (e *Side) Judge(f Flow) (Verdict, []Fact) {
	judge := func(w *world) Verdict {
		w.policies = e.policies
		return e.set.direction(w, f, e.direction).Verdict
	}
	if v := judge(&world{}); v != Unknown {
		return v, nil
	}
	return settle(judge)
}

// Rules returns the rules that a verdict can depend on. Among them are rules of the other direction
// where the plugin lets those open this one.
func (e *Side) Rules() []RuleRef {
	var out []RuleRef
	for _, c := range e.policies {
		if c.lists[e.direction] || e.set.profile.Of(UnlistedSectionsEnforced).Answer != No {
			for _, r := range c.rules[e.direction] {
				out = append(out, r.ref)
			}
		}
		if e.set.Entangled() {
			for _, r := range c.rules[other(e.direction)] {
				out = append(out, r.ref)
			}
		}
	}
	return out
}

// Entangled tells whether the plugin lets rules of one direction open the other one. Pods of one
// namespace are then told apart by everything that policies say of them.
func (s *Set) Entangled() bool { return s.profile.Of(EitherDirectionOpens).Answer == Yes }

// ClausesOf returns what of a rule an end is held against: each of its peers, or the rule where the
// plugin takes its blocks together.
func (s *Set) ClausesOf(ref RuleRef) []RuleRef {
	r := s.whole(ref)
	out := make([]RuleRef, 0, len(r.peers)+1)
	for _, p := range r.peers {
		out = append(out, p.ref)
	}
	if s.sharesBlocks(r) {
		out = append(out, r.ref)
	}
	return out
}

// BlocksOf returns every cidr and except of a rule.
func (s *Set) BlocksOf(ref RuleRef) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range s.whole(ref).peers {
		if p.block != nil {
			out = append(out, p.block.prefixes()...)
		}
	}
	return out
}

// ClauseKey returns a text that is the same for clauses which say the same of every end.
func (s *Set) ClauseKey(ref RuleRef) string {
	r := s.whole(ref)
	if ref.Peer < 0 {
		return fmt.Sprintf("%s/%s %s", ref.Policy.Namespace, ref.Policy.Name, ref.Path())
	}
	p := r.peers[ref.Peer]
	direction := ref.Direction.String() // a destination has one address, a source may have several
	if p.block != nil {
		return direction + " block " + p.block.text
	}
	own := ref.Policy.Namespace
	if p.namespace != nil {
		own = ""
	}
	return fmt.Sprintf("%s %q %s / %s", direction, own, p.namespace.key(), p.pod.key())
}

func (c *selector) key() string {
	if c == nil {
		return "none"
	}
	var b strings.Builder
	for _, r := range c.requirements {
		fmt.Fprintf(&b, "%q %s %q;", r.key, r.op, r.values)
	}
	return b.String()
}

// ClauseReaches tells whether a clause may match anything that is in a namespace.
func (s *Set) ClauseReaches(ref RuleRef, namespace string) bool {
	if ref.Peer < 0 {
		return true
	}
	switch p := s.whole(ref).peers[ref.Peer]; {
	case p.block != nil:
		return true
	case p.namespace == nil:
		return ref.Policy.Namespace == namespace
	case s.profile.Of(NamespaceSelectorsMatchHosts).Answer != No:
		return true
	default:
		t, _ := s.match(&world{}, p.namespace, labelledNamespace(s.snapshot.Namespace(namespace)))
		return t != No
	}
}

// Held is what a clause says of an end: never, always, or when which facts are how. Ends of which
// two clauses say the same Held are treated alike by both.
type Held string

// The plain ones.
const (
	HeldNever  Held = ""
	HeldAlways Held = "yes"
)

// Hold holds a clause of a rule against an end that is dialled at its own address.
func (s *Set) Hold(ref RuleRef, end Endpoint, family corev1.IPFamily) Held {
	r := s.whole(ref)
	v := view{end: end, flow: Flow{Family: family}}
	if addr := end.addresses(family); ref.Direction == Egress && end.Pod != nil && len(addr) > 0 {
		v.flow.Destination, v.flow.Arriving.Address = end, addr[0]
	}
	h := &holding{end: end, assumed: map[Fact]string{}, budget: maxCases, ask: func(w *world) Truth {
		if ref.Peer < 0 {
			return s.inShared(w, r, v)
		}
		t, _ := s.matchPeer(w, r.peers[ref.Peer], v)
		return t
	}}
	held := h.work()
	if h.budget <= 0 {
		return Held("too much of " + end.Ref().String() + " " + string(family))
	}
	return held
}

// holding works a predicate out for every way the facts it asks for could be.
type holding struct {
	end     Endpoint
	ask     func(*world) Truth
	assumed map[Fact]string
	budget  int
}

func (h *holding) work() Held {
	h.budget--
	w := &world{assumed: h.assumed}
	switch h.ask(w) {
	case Yes:
		return HeldAlways
	case No:
		return HeldNever
	}
	q, ok := w.splittable()
	if !ok || h.budget <= 0 {
		out := "maybe"
		for _, q := range w.open {
			out += " " + h.name(q.fact)
		}
		return Held(out)
	}
	var b strings.Builder
	b.WriteString(h.name(q.fact) + "(")
	for _, answer := range q.answers {
		h.assumed[q.fact] = answer
		fmt.Fprintf(&b, "%q:%s,", answer, h.work())
	}
	delete(h.assumed, q.fact)
	b.WriteString(")")
	return Held(b.String())
}

// name prints a fact; one about the end itself in the same way for every end.
func (h *holding) name(f Fact) string {
	object := f.Object.String()
	if f.Object == h.end.Ref() {
		object = "the end"
	}
	return fmt.Sprintf("%s %s %q", f.Kind, object, f.Key)
}

// NamesOn returns a text that is the same for pods on which the port names of a rule mean the same;
// "" for a rule without names.
func (s *Set) NamesOn(ref RuleRef, p *cluster.Pod) string {
	r := s.whole(ref)
	if !slices.ContainsFunc(r.ports, func(p port) bool { return p.name != "" }) {
		return ""
	}
	if p == nil {
		return "no pod"
	}
	deviate := s.namesDeviate()
	var found []string
	for _, c := range p.Ports {
		if deviate || slices.ContainsFunc(r.ports, func(p port) bool { return p.name == c.Name && p.protocol == c.Protocol }) {
			found = append(found, fmt.Sprintf("%q %s %d %v", c.Name, c.Protocol, c.Number, c.Sidecar))
		}
	}
	slices.Sort(found)
	return "names " + strings.Join(found, ",")
}

// PortsOf returns the ports at which the answer of a rule may change, for a destination. Between
// their ends all ports of a protocol are alike, and protocols that do not appear are alike.
func (s *Set) PortsOf(ref RuleRef, destination *cluster.Pod) []PortRange {
	var out []PortRange
	for _, p := range s.whole(ref).ports {
		switch {
		case p.all():
			out = append(out, PortRange{p.protocol, 1, lastPort})
		case p.name == "":
			out = append(out, PortRange{p.protocol, p.from, p.to})
		case s.namesDeviate():
			out = append(out, s.deviatingPorts(p)...)
		case destination != nil:
			for _, number := range destination.PortNamed(p.name, p.protocol) {
				out = append(out, PortRange{p.protocol, number, number})
			}
		}
	}
	return out
}

// PortsFixed tells whether PortsOf says the same of a rule for every destination.
func (s *Set) PortsFixed(ref RuleRef) bool {
	return s.namesDeviate() || !slices.ContainsFunc(s.whole(ref).ports, func(p port) bool { return p.name != "" })
}

// deviatingPorts are all numbers that a port name has on any pod, in every protocol: what a plugin
// makes of names may hang on other pods than the destination.
func (s *Set) deviatingPorts(p port) (out []PortRange) {
	for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
		out = append(out, PortRange{protocol, 1, lastPort})
		for _, n := range s.snapshot.AllNamespaces() {
			for _, pod := range s.snapshot.Subjects(n.Name) {
				for _, number := range pod.PortNamed(p.name, protocol) {
					if r := (PortRange{protocol, number, number}); !slices.Contains(out, r) {
						out = append(out, r)
					}
				}
			}
		}
	}
	return out
}
