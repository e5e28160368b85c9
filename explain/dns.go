package explain

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// DNS says how the pods find names and whether policies let them.
func DNS(q One) (*OneStep, error) {
	s, err := q.resolvePods(StepDNS)
	if err != nil {
		return nil, err
	}
	if none, ok := s.withoutPods(); ok {
		return s.step(StepDNS, "DNS", []Line{none}), nil
	}
	d := &Diagnosis{Pass: *s.pass}
	d.Source = ends.End{Ref: s.end.Ref, Pods: s.pods}
	d.Destination.ByName = true
	d.lookups()
	d.search()
	s.pass = &d.Pass
	return s.step(StepDNS, "DNS", d.dnsLines()), nil
}

// lookups judges how each group of sources finds names.
func (d *Diagnosis) lookups() {
	type key struct{ class, dns string }
	var keys []key
	groups := map[key][]*cluster.Pod{}
	for _, p := range d.Source.Pods {
		if p.Finished() {
			continue
		}
		k := key{d.Set.Class(p), string(p.DNSPolicy) + "|" + join(p.Nameservers)}
		if ends.ResolverOf(d.Snapshot, p).Kind == ends.NodeLocalDNS {
			k.dns += "|" + p.Node // each pod asks the cache of its own node
		}
		if _, ok := groups[k]; !ok {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], p)
	}
	for _, k := range keys {
		pods := groups[k]
		l := check.Lookup{Resolver: ends.ResolverOf(d.Snapshot, pods[0])}
		for _, p := range pods {
			l.Sources = append(l.Sources, policy.PodEnd(p))
		}
		source := ends.End{Pods: pods, Ref: d.Source.Ref}
		for _, r := range l.Resolver.Routes {
			l.Answers = append(l.Answers, d.judge(source, ends.End{}, r))
		}
		l.Settle()
		d.DNS = append(d.DNS, l)
	}
	d.upstream()
}

// upstream judges whether cluster DNS may ask for the names that are not the cluster's, where the
// question is about such a name or about DNS itself.
func (d *Diagnosis) upstream() {
	if d.Destination.Name == "" && d.Destination.Ref.Kind != "" {
		return
	}
	var servers []*cluster.Pod
	for _, l := range d.DNS {
		if l.Resolver.Kind != ends.ClusterDNS {
			continue
		}
		for _, a := range l.Answers {
			for _, b := range a.Route.Backends {
				if p := b.End.Pod; p != nil && !slices.Contains(servers, p) {
					servers = append(servers, p)
				}
			}
		}
	}
	if len(servers) > 0 {
		d.Upstream = []check.Answer{d.judge(ends.End{Ref: servers[0].Ref(), Pods: servers}, ends.End{}, ends.Upstream())}
	}
}

// dnsLines says who answers the source's lookups and which rule lets it ask. Workloads that are
// told the same share a line.
func (d *Diagnosis) dnsLines() []Line {
	switch {
	case d.Source.Ingress != nil:
		return []Line{{Status: Skipped, Text: "not needed: ingress controllers follow the endpoints of Services, not their names"}}
	case d.Source.WayIn():
		return []Line{{Status: Skipped, Text: "not needed: gateways follow the endpoints of Services, not their names"}}
	}
	if !d.Destination.ByName && d.Destination.Unread != nil && d.Destination.Target.Name != "" {
		return []Line{{Status: Skipped, Text: "not checked: what the destination is could not be read"}}
	}
	if !d.Destination.ByName {
		return []Line{{Status: Skipped, Text: d.nameless()}}
	}
	if len(d.DNS) == 0 {
		return []Line{{Status: Skipped, Text: "not checked: the source is not a pod"}}
	}
	var lines []Line
	var sources [][]policy.Endpoint
	for _, l := range d.DNS {
		line, ok := lookupLine(l)
		if !ok {
			continue
		}
		i := slices.Index(lines, line)
		if i < 0 {
			i = len(lines)
			lines, sources = append(lines, line), append(sources, nil)
		}
		sources[i] = append(sources[i], l.Sources...)
	}
	if d.Source.Ref.Kind == "Namespace" {
		for i := range lines {
			lines[i].Text = d.ShortNames(sources[i]) + ": " + lines[i].Text
		}
	}
	return lines
}

// nameless says why no name has to be looked up.
func (d *Diagnosis) nameless() string {
	switch kind := d.Destination.Ref.Kind; kind {
	case "CIDR", "Internet":
		return "not needed: the destination is an address"
	case "", "Node":
		return "not needed: the destination is not a DNS name"
	default:
		return fmt.Sprintf("not checked: a %s is not a DNS name; ask for its Service to include DNS", kind)
	}
}

// lookupFacts lists what an unclear lookup hangs on.
func lookupFacts(l check.Lookup) string {
	pass := check.Pass{Answers: l.Answers}
	var missing []string
	for _, f := range pass.Facts() {
		if text := FactText(f).Missing; !slices.Contains(missing, text) {
			missing = append(missing, text)
		}
	}
	if len(missing) == 0 {
		return "what could not be determined"
	}
	return strings.Join(missing, ", and on ")
}

// lookupLine says how a lookup works; what does not is among the findings.
func lookupLine(l check.Lookup) (Line, bool) {
	switch {
	case l.Unclear():
		return Line{Status: NotKnown, Text: "it depends on " + lookupFacts(l)}, true
	case l.Verdict(corev1.ProtocolUDP) != policy.Allowed:
		return Line{}, false
	}
	text := "53/UDP"
	if l.Verdict(corev1.ProtocolTCP) == policy.Allowed {
		text += " and 53/TCP"
	}
	return Line{Status: OK, Text: fmt.Sprintf("%s allowed to %s%s", text, serverText(l), admittedBy(l))}, true
}

func serverText(l check.Lookup) string {
	switch l.Resolver.Kind {
	case ends.ClusterDNS:
		return fmt.Sprintf("%s/%s", l.Resolver.Service.Namespace, l.Resolver.Service.Name)
	case ends.AssumedDNS:
		return "the cluster's DNS (" + check.AssumedText(l.Resolver) + ")"
	case ends.NodeLocalDNS:
		return "the cache " + l.Resolver.Cache.Name
	case ends.NodeDNS:
		return "its node's resolvers"
	}
	var servers []string
	for _, a := range l.Resolver.Servers {
		servers = append(servers, a.String())
	}
	text := strings.Join(servers, " and ")
	if v := l.Resolver.Service; v != nil {
		text += fmt.Sprintf(" (%s/%s)", v.Namespace, v.Name)
	}
	return text
}

// admittedBy names the rule that lets the lookups out, or that nothing isolates the source.
func admittedBy(l check.Lookup) string {
	for _, a := range l.Answers {
		for _, j := range a.Pairs {
			for _, d := range j.Decisions {
				if d.Egress.Isolated == policy.No {
					return ": the source is not isolated for egress"
				}
				if len(d.Egress.Admitting) > 0 {
					return " by " + refText(d.Egress.Admitting[0])
				}
			}
		}
	}
	return ""
}

func join(list []string) string {
	text := ""
	for _, s := range list {
		text += s + ","
	}
	return text
}
