package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/rights"
)

// Pass is everything that a check may see: one question and its answers.
type Pass struct {
	Snapshot    *cluster.Snapshot
	Set         *policy.Set
	Plugin      policy.Plugin
	Source      ends.End
	Destination ends.End
	Answers     []Answer
	Causes      []change.Cause
	// DNS is how the sources find names; empty when no name has to be looked up.
	DNS []Lookup
	// Upstream is whether cluster DNS may ask for names outside the cluster; empty where the
	// question is not about those.
	Upstream []Answer
	// Deep: the namespaces of both ends were read as a whole, so that it can be told what matches
	// nothing at all.
	Deep bool
	// Policies are the policies to look at where the question is not about a connection.
	Policies []*cluster.Policy
	// Rights says who may undo the policies; nil where that is not the question.
	Rights *rights.Answer
	// Namespace is the one that is looked at as a whole, if any.
	Namespace string

	current  Check
	findings []Finding
}

// Answer is the judgement of one port of the destination.
type Answer struct {
	Route ends.Route
	Pairs []Judged
}

// Judged is a pair of groups and the decision for each of its flows.
type Judged struct {
	ends.Pair
	Decisions []policy.Decision
}

// Lookup is how one group of sources finds names, and whether policies let it.
type Lookup struct {
	Sources  []policy.Endpoint
	Resolver ends.Resolver
	Answers  []Answer
	Causes   []change.Cause

	isolating [][]string          // the policies that isolate each group of sources
	meant     *policy.PolicyTrace // the policy that allows DNS and does not select them
}

// Facts returns what the decisions on the question hang on, each once, in order.
func (p *Pass) Facts() []policy.Fact {
	answers := slices.Clone(p.Answers)
	for _, l := range p.DNS {
		if l.Unclear() {
			answers = append(answers, l.Answers...)
		}
	}
	if p.Destination.Name != "" {
		answers = append(answers, p.Upstream...)
	}
	var out []policy.Fact
	for _, a := range answers {
		for _, j := range a.Pairs {
			for _, d := range j.Decisions {
				for _, f := range d.Facts {
					if !slices.Contains(out, f) {
						out = append(out, f)
					}
				}
			}
		}
	}
	for _, a := range answers {
		if f := a.Route.Unread; f != nil && !slices.Contains(out, *f) {
			out = append(out, *f)
		}
	}
	return out
}

// Verdict combines the decisions of a pair: of several address families, all count.
func (j Judged) Verdict() policy.Verdict {
	var verdicts []policy.Verdict
	for _, d := range j.Decisions {
		verdicts = append(verdicts, d.Verdict)
	}
	v, partial := Combine(verdicts)
	if partial {
		return policy.Denied
	}
	return v
}

// Combine combines verdicts of parts that are treated differently: any Unknown makes the whole
// Unknown, Allowed and Denied together are partial. No parts at all are Unknown.
func Combine(verdicts []policy.Verdict) (v policy.Verdict, partial bool) {
	switch {
	case len(verdicts) == 0 || slices.Contains(verdicts, policy.Unknown):
		return policy.Unknown, false
	case slices.Contains(verdicts, policy.Allowed) && slices.Contains(verdicts, policy.Denied):
		return policy.Unknown, true
	}
	return verdicts[0], false
}

func (a Answer) has(kind ends.ObstacleKind) bool {
	return slices.ContainsFunc(a.Route.Obstacles, func(o ends.Obstacle) bool { return o.Kind == kind })
}

// misdialled tells whether a port of a headless Service is dialled that no pod behind it declares:
// nothing listens there, and to allow it would help nobody.
func (a Answer) misdialled() bool {
	declares := func(b ends.Backend) bool {
		return b.End.Pod == nil || slices.ContainsFunc(b.End.Pod.Ports, func(c cluster.ContainerPort) bool {
			return c.Number == a.Route.Port && c.Protocol == a.Route.Protocol
		})
	}
	declaresNothing := func(b ends.Backend) bool { return b.End.Pod != nil && len(b.End.Pod.Ports) == 0 }
	all := slices.Concat(a.Route.Backends, a.Route.Unready)
	return a.has(ends.HeadlessPort) && !slices.ContainsFunc(all, declares) && !slices.ContainsFunc(all, declaresNothing)
}

// unheard tells whether a port of a headless Service is dialled at a pod that declares others and
// not that one.
func (a Answer) unheard(pod *cluster.Pod) bool {
	return a.has(ends.HeadlessPort) && pod != nil && len(pod.Ports) > 0 && !slices.ContainsFunc(pod.Ports, func(c cluster.ContainerPort) bool {
		return c.Number == a.Route.Port && c.Protocol == a.Route.Protocol
	})
}

// deniedUnheard tells whether policies deny a connection to a pod that does not listen there.
func (a Answer) deniedUnheard() bool {
	for _, j := range a.Pairs {
		for _, d := range j.Decisions {
			if d.Verdict == policy.Denied && a.unheard(d.Flow.Destination.Pod) {
				return true
			}
		}
	}
	return false
}

// Denied returns the decisions of answers that are Denied. What cannot be reached whatever
// policies say is left out: no edit of a policy would help.
func Denied(answers []Answer) []policy.Decision {
	var out []policy.Decision
	for _, a := range answers {
		if a.has(ends.NotExposed) || a.misdialled() {
			continue
		}
		for _, j := range a.Pairs {
			for _, d := range j.Decisions {
				if d.Verdict == policy.Denied && !a.unheard(d.Flow.Destination.Pod) {
					out = append(out, d)
				}
			}
		}
	}
	return out
}

// Flows lists every flow of a question: of its answers, and of the lookups that go with them.
func (p *Pass) Flows() []policy.Flow {
	answers := slices.Clone(p.Answers)
	for _, l := range p.DNS {
		answers = append(answers, l.Answers...)
	}
	var out []policy.Flow
	for _, a := range answers {
		for _, j := range a.Pairs {
			for _, d := range j.Decisions {
				out = append(out, d.Flow)
			}
		}
	}
	return out
}

// report adds a finding of the check that runs. Severity and code are the check's unless the
// finding says otherwise.
func (p *Pass) report(f Finding) {
	f.Code = p.current.Code
	if f.Severity == "" {
		f.Severity = p.current.Severity
	}
	same := func(o Finding) bool {
		return o.Code == f.Code && o.Object == f.Object && o.Field == f.Field && o.Message == f.Message
	}
	if !slices.ContainsFunc(p.findings, same) {
		p.findings = append(p.findings, f)
	}
}

// cause reports the edit that turns the verdict, with all edits of its cause as the fix.
func (p *Pass) cause(c change.Cause, e change.Edit, message string, evidence map[string]string) {
	f := Finding{
		Object: e.Object, Field: e.Path, Origin: e.Origin, Message: message, Evidence: evidence,
		Fix: c.Edits, Own: &e, Cause: true, Severity: p.severityOfDenied(),
	}
	switch {
	case e.Kind == change.PolicyMoved:
		f.Object = e.Rule.Policy.Ref()
	case e.Manifest != nil:
		f.Object, f.Field = p.owner(subjectEnd(c, e)), ""
	}
	p.report(f)
}

// eachDead calls a function for every policy that selects no pod at all and would allow a denied
// flow if it selected its subject, once.
func (p *Pass) eachDead(do func(t policy.PolicyTrace, subject policy.Endpoint)) {
	seen := map[*cluster.Policy]bool{}
	for _, d := range Denied(p.Answers) {
		for _, side := range []policy.DirectionDecision{d.Egress, d.Ingress} {
			for _, t := range change.Dead(p.Set, d, side.Direction) {
				if seen[t.Policy] || p.edited(t.Policy) {
					continue
				}
				seen[t.Policy] = true
				subject := d.Flow.Destination
				if side.Direction == policy.Egress {
					subject = d.Flow.Source
				}
				do(t, subject)
			}
		}
	}
}

// edited tells whether the fix of a cause edits a policy.
func (p *Pass) edited(np *cluster.Policy) bool {
	return slices.ContainsFunc(p.Causes, func(c change.Cause) bool {
		return slices.ContainsFunc(c.Edits, func(e change.Edit) bool { return e.Object == np.Ref() || e.Rule.Policy == np })
	})
}

// edits tells whether the fix of a cause edits an object.
func (p *Pass) edits(object cluster.Ref) bool {
	return slices.ContainsFunc(p.Causes, func(c change.Cause) bool {
		return slices.ContainsFunc(c.Edits, func(e change.Edit) bool { return e.Object == object })
	})
}

// missed says what a podSelector wants and a pod has.
func (p *Pass) missed(m *policy.Mismatch, e policy.Endpoint) string {
	switch {
	case m == nil || m.Reason != policy.LabelMismatch:
		return "it does not select " + p.Name(e)
	case !m.Present:
		return fmt.Sprintf("it selects by %s, a label that %s does not have", m.Key, p.Name(e))
	}
	return fmt.Sprintf("it asks for %s=%s, and %s has %s=%s", m.Key, strings.Join(m.Want, ","), p.Name(e), m.Key, m.Saw)
}

// severityOfDenied: what policies deny fails for certain only where something enforces them.
func (p *Pass) severityOfDenied() Severity {
	if p.Plugin.Enforces == policy.No {
		return Warning
	}
	return Error
}

// owner names an endpoint by what a person knows: a pod by its workload.
func (p *Pass) owner(e policy.Endpoint) cluster.Ref {
	if e.Pod != nil {
		if w := p.Snapshot.WorkloadOf(e.Pod); w != nil {
			return w.Ref
		}
	}
	return e.Ref()
}

// ShortName is the name alone, for sentences in which the kind does not matter.
func (p *Pass) ShortName(e policy.Endpoint) string {
	switch {
	case p.isAPIServer(e):
		return ends.ControlPlane
	case e.Pod != nil || e.Node != nil:
		return p.owner(e).Name
	}
	return p.Name(e)
}

// isAPIServer tells whether an end is a node that was asked about as the API server.
func (p *Pass) isAPIServer(e policy.Endpoint) bool {
	return e.Node != nil && p.Source.Ref.Kind == "APIServer" && slices.Contains(p.Source.Hosts, e.Node)
}

// Name names an endpoint as the question did: a pod by its workload, a part of a range by the
// whole.
func (p *Pass) Name(e policy.Endpoint) string {
	if p.isAPIServer(e) {
		node := "node " + e.Node.Name
		if len(e.Node.IPs) > 0 {
			node += ", " + e.Node.IPs[0].String()
		}
		return fmt.Sprintf("%s (%s)", ends.ControlPlane, node)
	}
	if e.Pod != nil || e.Node != nil {
		return p.owner(e).String()
	}
	for _, end := range []ends.End{p.Source, p.Destination} {
		switch {
		case end.Ref.Kind == "Internet":
			return "the internet"
		case end.Ref.Kind == "CIDR" && e.Outside.Prefix.IsValid():
			return AddressText(end.Ref.Name)
		}
	}
	return AddressText(e.Ref().Name)
}

// AddressText prints a range of one address without its length.
func AddressText(cidr string) string {
	if p, err := netip.ParsePrefix(cidr); err == nil && p.IsSingleIP() {
		return p.Addr().String()
	}
	return cidr
}

// eachEdit calls a function for every edit of some kinds among the causes of the verdict.
func (p *Pass) eachEdit(kinds []change.Kind, do func(change.Cause, change.Edit)) {
	for _, c := range p.Causes {
		for _, e := range c.Edits {
			if slices.Contains(kinds, e.Kind) {
				do(c, e)
			}
		}
	}
}

// Settle makes up its mind about a lookup whose DNS server is only assumed, or is the node's. Denied
// is certain only if no rule admits the DNS ports to anybody at all: otherwise the server may be one
// that a rule does admit. The resolvers of a node may be the node itself, or cluster DNS.
//
// Where a cluster DNS Service could not be read, the server is not known either: what the policies of
// the assumed one deny, another may admit, and what is Unknown hangs on that Service, too.
func (l *Lookup) Settle() {
	var open policy.Fact
	switch l.Resolver.Kind {
	case ends.AssumedDNS:
		open = policy.Fact{Kind: policy.DNSServer, Object: cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: ends.AssumedNamespace, Name: "kube-dns"}}
		if l.Resolver.Unread != nil {
			open = *l.Resolver.Unread
		}
	case ends.NodeDNS:
		open = policy.Fact{Kind: policy.NameAddress, Object: cluster.Ref{Kind: "DNSName", Name: ends.NodeResolvers}}
	default:
		return
	}
	for _, a := range l.Answers {
		for _, j := range a.Pairs {
			for i := range j.Decisions {
				if d := &j.Decisions[i]; l.unsettled(*d) {
					d.Verdict = policy.Unknown
					d.Facts = append(d.Facts, open)
				}
			}
		}
	}
}

// unsettled tells whether a decision hangs on which server it is that is asked.
func (l *Lookup) unsettled(d policy.Decision) bool {
	unread := l.Resolver.Unread
	switch d.Verdict {
	case policy.Denied:
		return admitsPort(d.Egress) || unread != nil && d.Egress.Verdict != policy.Denied
	case policy.Unknown:
		return unread != nil
	}
	// All that goes by the usual name was read, and is not there: the server is elsewhere.
	return unread != nil && unread.Object.Namespace != ends.AssumedNamespace
}

func admitsPort(d policy.DirectionDecision) bool {
	for _, t := range d.Trace {
		for _, r := range t.Rules {
			if t.Isolates != policy.No && (r.PortsMatch != policy.No || namesDNSPort(r)) {
				return true
			}
		}
	}
	return false
}

// namesDNSPort tells whether a rule names a port that DNS servers are known to listen on besides
// 53, by number or by a name.
func namesDNSPort(r policy.RuleTrace) bool {
	for _, c := range r.Ports {
		m := c.Mismatch
		if m == nil || m.Reason == policy.NameMismatch || m.Reason == policy.PortMismatch && slices.Contains(m.Want, "5353") {
			return true
		}
	}
	return false
}

// Unclear tells whether it is not known that names can be looked up over UDP.
func (l Lookup) Unclear() bool { return l.code() == "NPD507" }
