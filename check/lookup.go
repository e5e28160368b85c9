package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// code classifies a lookup that does not plainly work, or returns "".
func (l Lookup) code() string {
	udp, tcp := l.Verdict(corev1.ProtocolUDP), l.Verdict(corev1.ProtocolTCP)
	switch {
	case udp == policy.Unknown || udp == policy.Allowed && tcp == policy.Unknown:
		return "NPD507"
	case udp == policy.Allowed && tcp == policy.Allowed:
		return ""
	case udp == policy.Allowed:
		return "NPD503"
	case l.Resolver.Kind == ends.NodeLocalDNS:
		return "NPD505"
	case l.Resolver.Kind == ends.CustomDNS && l.atServer():
		return "NPD504"
	case l.Resolver.Kind == ends.CustomDNS || l.Resolver.Kind == ends.NodeDNS:
		return "NPD506"
	case len(l.Causes) == 0 || len(l.Causes[0].Edits) == 0:
		return "NPD501"
	case l.Causes[0].Edits[0].Direction == policy.Ingress:
		return "NPD504"
	case slices.Contains(change.Additions, l.Causes[0].Edits[0].Kind), unselected(l.Causes[0].Edits[0]):
		return "NPD501"
	}
	return "NPD502"
}

// atServer tells whether whatever is denied is denied by the policies of the server alone.
func (l Lookup) atServer() bool {
	denied := Denied(l.Answers)
	return len(denied) > 0 && !slices.ContainsFunc(denied, func(d policy.Decision) bool { return d.Egress.Verdict == policy.Denied })
}

// Verdict combines what policies say of the queries of one protocol. A resolver has several
// servers; one that is denied makes lookups stall, so it counts.
func (l Lookup) Verdict(protocol corev1.Protocol) policy.Verdict {
	var verdicts []policy.Verdict
	for _, a := range l.Answers {
		if a.Route.Protocol != protocol {
			continue
		}
		for _, j := range a.Pairs {
			verdicts = append(verdicts, j.Verdict())
		}
	}
	v, partial := Combine(verdicts)
	if partial {
		return policy.Denied
	}
	return v
}

// server names who is asked.
func (l Lookup) server() string {
	switch {
	case l.Resolver.Kind == ends.AssumedDNS:
		return "the DNS server (" + AssumedText(l.Resolver) + ")"
	case l.Resolver.Kind == ends.NodeDNS:
		return "the resolvers of its node"
	case l.Resolver.Kind == ends.NodeLocalDNS:
		return fmt.Sprintf("the cache %s/%s on %s", l.Resolver.Cache.Namespace, l.Resolver.Cache.Name, l.servers())
	case l.Resolver.Service != nil:
		return fmt.Sprintf("the DNS server (the pods of Service %s/%s)", l.Resolver.Service.Namespace, l.Resolver.Service.Name)
	}
	return l.servers()
}

// AssumedText says why a DNS server is only assumed, and which.
func AssumedText(r ends.Resolver) string {
	if r.Unread != nil {
		return "could not be read; assumed to be kube-system/kube-dns"
	}
	return "not among the objects; assumed to be kube-system/kube-dns"
}

// DNSRights says which rights it takes to know the DNS server of a namespace, and its policies.
func DNSRights(namespace string) string {
	return "ask with the right to get services and to list endpointslices, pods and networkpolicies in namespace " + namespace
}

// servers lists the addresses that are asked.
func (l Lookup) servers() string {
	var servers []string
	for _, a := range l.Resolver.Servers {
		servers = append(servers, a.String())
	}
	return strings.Join(servers, " and ")
}

// edits are those of all causes, each once: UDP and TCP may need one each.
func (l Lookup) edits() []change.Edit {
	var out []change.Edit
	for _, c := range l.Causes {
		for _, e := range c.Edits {
			same := func(o change.Edit) bool { return o.Object == e.Object && o.Path == e.Path }
			if !slices.ContainsFunc(out, same) {
				out = append(out, e)
			}
		}
	}
	return out
}

// subjects are the edits that say "the policy that allows DNS does not select the pod", or one that
// allows nothing does.
var subjects = []change.Kind{change.SubjectAll, change.SubjectLabelValue, change.SubjectLabelKey, change.PolicyMoved, change.PolicyTypes}

// unselected tells whether an edit says so: it is of the kind, or in the podSelector of a policy.
func unselected(e change.Edit) bool {
	return slices.Contains(subjects, e.Kind) || e.Rule.Policy != nil && e.Rule.Rule < 0 && e.Kind != change.UnlistedType
}

// mistake says what is wrong with the rule that was meant for DNS, or with what it depends on.
func (l Lookup) mistake() string {
	e := l.Causes[0].Edits[0]
	switch e.Kind {
	case change.AddedPort, change.PortProtocol:
		return fmt.Sprintf("the rule for DNS, %s, allows %s and not %s", place(e), e.Clause.Want[0], e.Clause.Saw)
	case change.NamespaceMissing:
		return fmt.Sprintf("%s has a podSelector and no namespaceSelector, so it only matches pods of namespace %s, and not %s", place(e), e.Object.Namespace, l.server())
	case change.SelectorOperator:
		return fmt.Sprintf("%s excludes by label %s (operator %v), and %s is excluded", place(e), e.Clause.Key, e.From, l.server())
	case change.StampedLabel:
		return fmt.Sprintf("%s asks for %s, a label that changes with every rollout or replica", place(e), asked(e.Clause))
	case change.NamespaceLabelAdded, change.PodLabelAdded:
		return fmt.Sprintf("the rule for DNS, %s, asks for %s=%v, which %s does not have; %s needs that label", place(e), e.Clause.Key, e.To, l.server(), e.Object)
	case change.UnlistedType:
		return fmt.Sprintf("policy %s has %s rules that would allow DNS, but policyTypes does not list %s, so they are ignored", e.Object.Name, e.Direction, typeName(e.Direction.String()))
	case change.ExtraRequirement:
		return fmt.Sprintf("the rule for DNS, %s, allows pods %s; no pod has all of these labels: %s has no label %s", place(e), selectorOf(e), l.server(), e.Clause.Key)
	case change.UnitedRequirements:
		return fmt.Sprintf("the rule for DNS, %s, asks for %s=%s and %s=%s at once, which is impossible; %s has %s=%s", place(e), e.Clause.Key, valuesText(e.From), e.Clause.Key, strings.Join(e.Clause.Want, ","), l.server(), e.Clause.Key, e.Clause.Saw)
	case change.PortRange:
		entry := change.PortsOf(e.Rule)[e.Rule.Port]
		return fmt.Sprintf("the rule for DNS, %s, allows ports %d-%d; %s has port %d", place(e), entry.Port.IntVal, *entry.EndPort, l.server(), l.Causes[0].Flow.Arriving.Port)
	case change.TargetPort:
		return fmt.Sprintf("Service %s sends its port %d to port %v, which no pod behind it declares and no rule allows; at %v, which they declare, policies allow DNS", name(e.Object), l.Causes[0].Flow.Dialled.Port, e.From, e.To)
	case change.PeerSplit:
		return fmt.Sprintf("%s has one peer with two selectors, which must both match; %s matches only one of them", place(e), l.server())
	}
	return fmt.Sprintf("the rule for DNS, %s, asks for %s; %s has %s", place(e), wanted(e), l.server(), seen(e))
}

// elsewhere names a rule that allows DNS to other servers than those that are asked.
func (l Lookup) elsewhere() string {
	for _, d := range Denied(l.Answers) {
		for _, t := range d.Egress.Trace {
			for _, r := range t.Rules {
				if t.Isolates == policy.Yes && len(r.Ports) > 0 && r.PortsMatch == policy.Yes && r.PeersMatch == policy.No {
					return fmt.Sprintf("; %s %s allows port 53, but only to other destinations", t.Policy.Name, r.Ref.Path())
				}
			}
		}
	}
	return ""
}

// by names the policies that isolate the source of a lookup; of several sources, those that isolate
// all of them.
func (p *Pass) by(l Lookup) string {
	var common []string
	for i, names := range l.isolating {
		if i == 0 {
			common = slices.Clone(names)
		}
		common = slices.DeleteFunc(common, func(n string) bool { return !slices.Contains(names, n) })
	}
	if len(common) == 0 {
		return ""
	}
	return fmt.Sprintf("; %s isolated by %s", p.them(l, "it is", "they are"), named(common))
}

// meant names the policy that allows DNS and does not select the source.
func (p *Pass) meant(l Lookup) string {
	if l.meant == nil {
		for _, e := range l.edits() {
			if e.Kind == change.PolicyMoved {
				return fmt.Sprintf("; nearest policy: %s allows DNS, but it is in namespace %v, and selects pods of that namespace only", e.Object.Name, e.From)
			}
		}
		return ""
	}
	text := fmt.Sprintf("; nearest policy: %s allows DNS, but its podSelector asks for %s", l.meant.Policy.Name, metav1.FormatLabelSelector(&l.meant.Policy.Spec.PodSelector))
	if m := l.meant.Mismatch; len(p.owners(l.Sources)) == 1 {
		if m.Present {
			return fmt.Sprintf("%s, and the pod has %s=%s", text, m.Key, m.Saw)
		}
		return fmt.Sprintf("%s, and the pod has no label %s", text, m.Key)
	}
	return text + ", and selects none of them"
}

// alike returns the lookups with those put together that have the same trouble and the same way
// out of it.
func (p *Pass) alike(code string) []Lookup {
	var keys []string
	groups := map[string]Lookup{}
	for _, l := range p.DNS {
		if l.code() != code {
			continue
		}
		l = p.traced(l)
		key := l.key()
		g, ok := groups[key]
		if !ok {
			keys, g = append(keys, key), l
		} else {
			g.Sources = append(slices.Clone(g.Sources), l.Sources...)
			g.isolating = append(slices.Clone(g.isolating), l.isolating...)
		}
		groups[key] = g
	}
	var out []Lookup
	for _, key := range keys {
		out = append(out, groups[key])
	}
	return out
}

// traced adds what the trace of a lookup tells about the policies of its source.
func (p *Pass) traced(l Lookup) Lookup {
	denied := slices.DeleteFunc(Denied(l.Answers), func(d policy.Decision) bool { return d.Egress.Verdict != policy.Denied })
	if len(denied) == 0 {
		return l
	}
	l.isolating = [][]string{policyNames(denied[0].Egress.Isolating)}
	if near := change.MeantForDNS(p.Set, denied[0]); len(near) == 1 { // several are each for their own pods
		l.meant = &near[0]
	}
	return l
}

func policyNames(policies []*cluster.Policy) []string {
	var names []string
	for _, np := range policies {
		names = append(names, np.Name)
	}
	return names
}

// key is the same for lookups that one sentence and one fix are about.
func (l Lookup) key() string {
	key := []string{l.server(), fmt.Sprint(l.Resolver.Policy, l.Resolver.Servers), l.Verdict(corev1.ProtocolUDP).String()}
	for _, e := range l.edits() {
		key = append(key, e.Object.String(), e.Path, fmt.Sprint(e.Patch))
	}
	if l.meant != nil {
		key = append(key, l.meant.Policy.Name)
	}
	return strings.Join(key, "|")
}

// owners are the workloads that sources belong to, each once, in the order of their names.
func (p *Pass) owners(sources []policy.Endpoint) []cluster.Ref {
	var refs []cluster.Ref
	for _, e := range sources {
		refs = append(refs, p.owner(e))
	}
	slices.SortFunc(refs, func(a, b cluster.Ref) int { return cmp.Or(strings.Compare(a.Name, b.Name), a.Compare(b)) })
	return slices.Compact(refs)
}

// them chooses between the words for one workload and for several.
func (p *Pass) them(l Lookup, one, several string) string {
	if len(p.owners(l.Sources)) == 1 {
		return one
	}
	return several
}

// mostNames bounds how many workloads a sentence names.
const mostNames = 20

// Names names ends as the question did: one with its namespace and kind, several shortly.
func (p *Pass) Names(sources []policy.Endpoint) string {
	if owners := p.owners(sources); len(owners) == 1 {
		return owners[0].String()
	}
	return p.ShortNames(sources)
}

// ShortNames names the workloads that ends belong to, each once.
func (p *Pass) ShortNames(sources []policy.Endpoint) string {
	names := shortNames(p.owners(sources))
	if n := len(names) - mostNames; n > 1 {
		return fmt.Sprintf("%s and %d more workloads", strings.Join(names[:mostNames], ", "), n)
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// shortNames are names alone, with the kind where two objects share a name.
func shortNames(refs []cluster.Ref) []string {
	var out []string
	for _, r := range refs {
		shared := slices.ContainsFunc(refs, func(o cluster.Ref) bool { return o != r && o.Name == r.Name })
		if out = append(out, r.Name); shared {
			out[len(out)-1] = fmt.Sprintf("%s (%s)", r.Name, r.Kind)
		}
	}
	return out
}

// advice is what to do about lookups where no edit of a NetworkPolicy is known to help.
func (l Lookup) advice(code string) string {
	switch unread := l.Resolver.Unread; {
	case code == "NPD507" && unread != nil:
		return DNSRights(unread.Object.Namespace)
	case code == "NPD505":
		return "allow UDP and TCP port 53 to the cache with the network plugin's own policies: it is not known whether an ipBlock matches it"
	case code == "NPD507":
		return "add the objects of the DNS server's namespace to the files (-f), or name the plugin with --network-plugin"
	}
	return "allow UDP and TCP port 53 to the servers that the pod asks"
}

// lookups reports the lookups that a code classifies, those that are alike once.
func (p *Pass) lookups(code string, message func(Lookup) string) {
	for _, l := range p.alike(code) {
		owners := p.owners(l.Sources)
		f := Finding{Object: owners[0], Message: message(l), Cause: code != "NPD503" && code != "NPD507"}
		if len(owners) > 1 {
			f.Object = p.Source.Ref
		}
		if f.Object.Kind == "Namespace" {
			f.Object.Namespace = "" // a Namespace is in none
		}
		if p.current.Severity == Error {
			f.Severity = p.severityOfDenied()
		}
		if f.Fix = l.edits(); len(f.Fix) > 0 {
			if e := f.Fix[0]; e.Manifest == nil {
				f.Object, f.Field, f.Origin = e.Object, e.Path, e.Origin
			}
		} else {
			f.Advice = l.advice(code)
		}
		f.Evidence = map[string]string{"server": l.server(), "udp": l.Verdict(corev1.ProtocolUDP).String(), "tcp": l.Verdict(corev1.ProtocolTCP).String()}
		if len(owners) > 1 {
			f.Evidence["workloads"] = strings.Join(shortNames(owners), ", ")
		}
		if l.meant != nil {
			f.Evidence["nearest"] = l.meant.Policy.Name
		}
		p.report(f)
	}
}
