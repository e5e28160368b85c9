package probe

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// How much one plan tests at most.
const (
	maxPorts    = 3
	maxBackends = 4 // of each port
)

// Plan is the list of attempts that a question takes, in the order of the way from the source to
// the destination. They are made one after the other.
type Plan struct {
	Source *cluster.Pod
	Way    Way
	// Tools are what the source's container has to test with, where no others were brought.
	Tools []string
	// For is what the source stands in for; the zero Ref where it is tested from itself.
	For      cluster.Ref
	Attempts []Attempt
	// Cut says what is not tested, and why.
	Cut []string
	// Mesh names the mesh whose proxy takes the source's connections, or is empty.
	Mesh string
}

// NoSourceError says why there is nothing to test from.
type NoSourceError struct {
	Source cluster.Ref
	Why    string
}

// Error says what could be asked instead.
func (e *NoSourceError) Error() string {
	return fmt.Sprintf("nothing can be tested from %s: %s", e.Source, e.Why)
}

// Options is how a plan is to be made.
type Options struct {
	// Loopback asks, too, whether the application listens, from within the destination's own pods.
	Loopback bool
	// StandIn: the source need not run, since a pod of its own is made in its place.
	StandIn bool
}

// NewPlan makes the plan of a diagnosis.
func NewPlan(d *explain.Diagnosis, o Options) (*Plan, error) {
	source, err := sourceOf(d, o.StandIn)
	if err != nil {
		return nil, err
	}
	p := &planner{Plan: Plan{Source: source, Mesh: ends.Proxied(d.Snapshot, source)}, d: d, loopback: o.Loopback}
	answers := d.Answers
	if n := len(answers); n > maxPorts {
		p.cut("%d of %d ports: a probe tests %d at most, so name the one that matters", n-maxPorts, n, maxPorts)
		answers = answers[:maxPorts]
	}
	p.names()
	for i := range answers {
		p.route(answers[i].Route)
	}
	if len(p.Attempts) == 0 && len(p.Cut) == 0 {
		p.cut("%s: no object tells an address of it", d.Destination.Ref)
	}
	return &p.Plan, nil
}

// sourceOf picks the pod to test from: a running one, rather one that policies do not allow
// everything, since that is where it hurts. For a stand-in any pod or template will do.
func sourceOf(d *explain.Diagnosis, standIn bool) (*cluster.Pod, error) {
	fail := func(why string) (*cluster.Pod, error) { return nil, &NoSourceError{d.Source.Ref, why} }
	if d.Source.Unread != nil {
		return fail("it could not be read")
	}
	if len(d.Source.Pods) == 0 {
		return fail("only from a pod of the cluster can be tested what a pod can reach")
	}
	running := slices.DeleteFunc(slices.Clone(d.Source.Pods), func(p *cluster.Pod) bool {
		return p.Template || p.Phase != corev1.PodRunning || p.Deleting
	})
	if len(running) == 0 && standIn {
		running = d.Source.Pods
	}
	if len(running) == 0 {
		return fail("none of its pods is running")
	}
	for _, p := range running {
		if hurts(d, p) {
			return p, nil
		}
	}
	return running[0], nil
}

// hurts tells whether policies do not plainly allow what a pod is asked about.
func hurts(d *explain.Diagnosis, p *cluster.Pod) bool {
	for _, a := range d.Answers {
		for _, j := range a.Pairs {
			if slices.Contains(j.Sources, policy.PodEnd(p)) && j.Verdict() != policy.Allowed {
				return true
			}
		}
	}
	return false
}

// planner makes a Plan.
type planner struct {
	Plan
	d        *explain.Diagnosis
	loopback bool
}

func (p *planner) cut(format string, args ...any) {
	p.Cut = append(p.Cut, fmt.Sprintf(format, args...))
}

// names adds the lookups, where a client has to look a name up first.
func (p *planner) names() {
	name := p.name()
	if name == "" {
		return
	}
	lookup := Attempt{Name: name, Port: 53}
	families := p.families()
	for _, l := range p.d.DNS {
		if !slices.Contains(l.Sources, policy.PodEnd(p.Source)) {
			continue
		}
		lookup.Verdict, lookup.flows = l.Verdict(corev1.ProtocolUDP), flowsOf(l, corev1.ProtocolUDP)
		udp, tcp := lookup, lookup
		udp.Hop, udp.Protocol, udp.Family = ResolverUDP, corev1.ProtocolUDP, families[0]
		tcp.Hop, tcp.Protocol, tcp.Family = ResolverTCP, corev1.ProtocolTCP, families[0]
		tcp.Verdict, tcp.flows = l.Verdict(corev1.ProtocolTCP), flowsOf(l, corev1.ProtocolTCP)
		p.Attempts = append(p.Attempts, udp, tcp)
	}
	for _, family := range families {
		a := lookup
		a.Hop, a.Protocol, a.Family, a.Expected = Name, corev1.ProtocolUDP, family, p.expected(family)
		p.Attempts = append(p.Attempts, a)
	}
}

// flowsOf are the queries of a lookup, of one protocol.
func flowsOf(l check.Lookup, protocol corev1.Protocol) []policy.Flow {
	var flows []policy.Flow
	for _, a := range l.Answers {
		for _, j := range a.Pairs {
			if a.Route.Protocol == protocol {
				flows = append(flows, j.Flows...)
			}
		}
	}
	return flows
}

// name is what the client looks up, or empty: the name that was typed, or a Service's, to which its
// search path adds the cluster's domain. Source: concept page "DNS for Services and Pods".
func (p *planner) name() string {
	end := p.d.Destination
	switch {
	case !end.ByName:
		return ""
	case end.Target.DNSName != "":
		return end.Target.DNSName
	case end.Alias != nil:
		return end.Alias.Name + "." + end.Alias.Namespace + ".svc"
	case end.Service != nil:
		return end.Service.Name + "." + end.Service.Namespace + ".svc"
	}
	return ""
}

// families are those of the flows that are asked about; IPv4 where none is known.
func (p *planner) families() []corev1.IPFamily {
	var out []corev1.IPFamily
	for _, a := range p.d.Answers {
		for _, j := range a.Pairs {
			for _, f := range j.Flows {
				if !slices.Contains(out, f.Family) {
					out = append(out, f.Family)
				}
			}
		}
	}
	if len(out) == 0 {
		return []corev1.IPFamily{corev1.IPv4Protocol}
	}
	return out
}

// expected are the addresses that the API says the name stands for. Source: concept page "DNS for
// Services and Pods", A/AAAA records: a headless Service's name stands for its ready pods.
func (p *planner) expected(family corev1.IPFamily) []netip.Addr {
	v := p.d.Destination.Service
	if v == nil || p.d.Destination.Alias != nil {
		return nil
	}
	addresses := v.ClusterIPs
	if v.Headless {
		addresses = nil
		for _, a := range p.d.Answers {
			for _, b := range a.Route.Backends {
				if b.End.Pod != nil {
					addresses = append(addresses, b.End.Pod.IPs...)
				}
			}
		}
	}
	var out []netip.Addr
	for _, a := range addresses {
		if a.Is4() == (family == corev1.IPv4Protocol) && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// route adds the Service's address and what is behind it, or what was asked for itself.
func (p *planner) route(r ends.Route) {
	if r.Port == 0 {
		p.cut("port %s: its number is not known", r.Name)
		return
	}
	if r.Service != nil && !r.Service.Headless {
		p.service(r)
	}
	backends := r.Backends
	if len(backends) == 0 {
		backends = r.Unready
	}
	if n := len(backends); n > maxBackends {
		p.cut("%d of %d backends of port %d: a probe tests %d at most", n-maxBackends, n, r.Port, maxBackends)
		backends = backends[:maxBackends]
	}
	for _, b := range backends {
		p.backend(r, b)
	}
}

// service adds the address that the client dials.
func (p *planner) service(r ends.Route) {
	flows := p.flows(r)
	for _, family := range p.families() {
		a := Attempt{Hop: Service, Protocol: r.Protocol, Family: family, Port: r.Port, Object: r.Service.Ref(), Address: r.Address, Sidecar: p.Mesh != ""}
		for _, address := range r.Service.ClusterIPs {
			if !a.Address.IsValid() && address.Is4() == (family == corev1.IPv4Protocol) {
				a.Address = address
			}
		}
		if !a.Address.IsValid() || a.Address.Is4() != (family == corev1.IPv4Protocol) {
			continue
		}
		a.Verdict, a.flows = p.verdict(flows, family), flows
		p.Attempts = append(p.Attempts, a)
	}
}

// backend adds one end that the route arrives at, dialled by its own address.
func (p *planner) backend(r ends.Route, b ends.Backend) {
	flows := p.flows(ends.Route{Protocol: r.Protocol, Port: b.Port, Backends: []ends.Backend{b}})
	added := false
	for _, f := range flows {
		a := Attempt{
			Hop: Backend, Protocol: r.Protocol, Family: f.Family, Address: f.Arriving.Address, Port: b.Port,
			Object: b.End.Ref(), Node: b.Node, Verdict: p.verdict(flows, f.Family), Self: b.End.Pod == p.Source, Sidecar: p.Mesh != "", flows: flows,
		}
		if !a.Address.IsValid() && b.End.Outside != nil {
			a.Name = b.End.Outside.Name // its address is what the lookup says
		}
		if b.End.Pod != nil && ends.Proxied(p.d.Snapshot, b.End.Pod) != "" {
			a.Fronted = true
		}
		if !a.Address.IsValid() && a.Name == "" {
			continue
		}
		added = true
		p.Attempts = append(p.Attempts, a)
		if pod := b.End.Pod; p.loopback && pod != nil && !pod.Template && a.Protocol == corev1.ProtocolTCP {
			a.Hop, a.Self, a.Sidecar, a.Fronted, a.Verdict, a.flows = Own, true, false, false, policy.Allowed, nil
			p.Attempts = append(p.Attempts, a)
			a.Hop, a.Address = Loopback, loopbackOf(f.Family)
			p.Attempts = append(p.Attempts, a)
		}
	}
	if !added {
		p.cut("%s: it has no address of its own", b.End.Ref())
	}
}

func loopbackOf(family corev1.IPFamily) netip.Addr {
	if family == corev1.IPv6Protocol {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// flows are those of one pod, not of all that the question is about.
func (p *planner) flows(r ends.Route) []policy.Flow {
	r.Obstacles = nil
	source := ends.End{Ref: p.Source.Ref(), Pods: []*cluster.Pod{p.Source}}
	var flows []policy.Flow
	for _, pair := range ends.Pairs(p.d.Set, source, ends.End{Loopback: p.d.Destination.Loopback}, &r) {
		flows = append(flows, pair.Flows...)
	}
	return flows
}

// verdict is what policies say of all flows of a family together. What is allowed to some backends
// and denied to others is Unknown: which one answers is chance.
func (p *planner) verdict(flows []policy.Flow, family corev1.IPFamily) policy.Verdict {
	all := map[policy.Verdict]bool{}
	for _, f := range flows {
		if f.Family == family {
			all[p.d.Set.Evaluate(f).Verdict] = true
		}
	}
	if len(all) != 1 || p.d.Destination.Unread != nil {
		return policy.Unknown
	}
	for v := range all {
		return v
	}
	return policy.Unknown
}
