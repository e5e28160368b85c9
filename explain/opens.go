package explain

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// openedBy is what the ends are of flows that fixes open.
const openedBy = flows.ByWorkload

// Opens is what the edits of all fixes, made together, open and close beside the flows that were asked
// about.
type Opens struct {
	// Changes are those flows, by workload, in order of the ends.
	Changes []flows.Change
	// Namespaces are those in which both ends were looked for; nil: every one.
	Namespaces []string
	// Elsewhere: flows from or to pods of other namespaces may be opened too.
	Elsewhere bool
	// NotRead are namespaces of which something could not be read, where flows may be opened too.
	NotRead []string
	// Unlisted: it could not be read which namespaces there are, and others may be among those ends.
	Unlisted bool
	// Assumed: an edit is for a DNS server that was only assumed, so that nobody's flows to it are among
	// the changes.
	Assumed bool
	// After is the cluster as the edits leave it.
	After *cluster.Snapshot
}

// Complete tells whether every flow that is opened, or may be, is among the changes.
func (o *Opens) Complete() bool {
	return !o.Elsewhere && !o.Unlisted && !o.Assumed && len(o.NotRead) == 0
}

// Opens works out what the fixes of the findings open and close; nil where nothing has to be changed or
// not enough was read for it: that of a connection which works as it is.
func (d *Diagnosis) Opens() *Opens {
	w, made := d.fixedWorld()
	if !made || !d.Deep || len(w.Edits()) == 0 {
		return nil
	}
	touches := w.Touches()
	before, after := flows.CompileAbout(w.Before(), openedBy, touches), flows.CompileAbout(w.After(), openedBy, touches)
	changes, err := flows.Compare(before, after, openedBy).Changes(flows.Wanted{}, flows.Wanted{})
	if err != nil {
		return nil // only what is done with rows has errors
	}
	o := &Opens{After: w.After().Snapshot()}
	if !d.everywhere {
		o.Namespaces = d.lookedAt()
		changes = slices.DeleteFunc(changes, func(c flows.Change) bool { return !o.looksAt(c.Source) || !o.looksAt(c.Destination) })
	}
	o.notSeen(d.Snapshot, w)
	o.Assumed = slices.ContainsFunc(d.DNS, func(l check.Lookup) bool {
		return l.Resolver.Kind == ends.AssumedDNS && slices.ContainsFunc(l.Causes, func(c change.Cause) bool { return len(c.Edits) > 0 })
	})
	asked := d.askedFlows()
	for _, c := range changes {
		o.Changes = append(o.Changes, beside(c, asked)...)
	}
	return o
}

// fixedWorld is the world with the fixes of all findings made; made is false where there is none, or one
// of them cannot be made after the others.
func (d *Diagnosis) fixedWorld() (w change.World, made bool) {
	w = d.after
	fixes := 0
	for _, f := range d.Findings {
		for _, e := range f.Fix {
			if e.Object.Kind == "Service" {
				continue // policies do not see Services
			}
			fixes++
			if slices.ContainsFunc(w.Edits(), e.Same) {
				continue
			}
			if w, made = w.Make([]change.Edit{e}); !made {
				return w, false
			}
		}
	}
	return w, fixes > 0
}

// lookedAt are the namespaces that are read as a whole for causes, wherever the cluster is read from.
func (d *Diagnosis) lookedAt() []string {
	names := []string{d.Source.Ref.Namespace, d.Destination.Ref.Namespace}
	for _, e := range []ends.End{d.Source, d.Destination} {
		if e.Ref.Kind == "Namespace" {
			names = append(names, e.Ref.Name)
		}
	}
	for _, l := range d.DNS {
		if l.Resolver.Service != nil {
			names = append(names, l.Resolver.Service.Namespace)
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "" })
	slices.Sort(names)
	return slices.Compact(names)
}

func (o *Opens) looksAt(e flows.End) bool {
	return e.CIDR.IsValid() || slices.Contains(o.Namespaces, e.Ref.Namespace)
}

// notSeen notes where flows may be opened that nobody looked at.
func (o *Opens) notSeen(s *cluster.Snapshot, w change.World) {
	for _, n := range s.AllNamespaces() {
		switch {
		case !w.Reaches(n.Name):
		case o.Namespaces != nil && !slices.Contains(o.Namespaces, n.Name):
			o.Elsewhere = true
		case !s.Read.Whole(n.Name):
			o.NotRead = append(o.NotRead, n.Name)
		}
	}
	o.Unlisted = !s.Read.All && !s.Read.NamespaceObjects && w.ReachesUnlisted()
}

// asked is flows that somebody asked about, which a fix is to open.
type asked struct {
	source, destination flows.End
	protocol            corev1.Protocol
	port                int32
}

// askedFlows are the flows of the question and of the lookups that it needs, for all pods of the
// workloads at both ends.
func (d *Diagnosis) askedFlows() []asked {
	var out []asked
	answers := slices.Clone(d.Answers)
	for _, l := range d.DNS {
		answers = append(answers, l.Answers...)
	}
	for _, a := range answers {
		for _, j := range a.Pairs {
			out = append(out, d.askedIn(j)...)
		}
	}
	return out
}

func (d *Diagnosis) askedIn(j check.Judged) []asked {
	var out []asked
	for _, decision := range j.Decisions {
		for _, from := range d.endsOf(j.Sources) {
			for _, to := range d.endsOf(j.Destinations) {
				one := asked{from, to, decision.Flow.Protocol, decision.Flow.Arriving.Port}
				if !slices.Contains(out, one) {
					out = append(out, one)
				}
			}
		}
	}
	return out
}

// endsOf are the ends of flows that some endpoints are part of, and their addresses, which a block may
// name. A name is part of none.
func (d *Diagnosis) endsOf(endpoints []policy.Endpoint) []flows.End {
	var out []flows.End
	add := func(e flows.End) {
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	for _, e := range endpoints {
		var addresses []netip.Addr
		switch {
		case e.Pod != nil:
			add(flows.EndOf(d.Snapshot, e.Pod, openedBy))
			addresses = e.Pod.IPs
		case e.Node != nil:
			addresses = e.Node.IPs
		case e.Outside.Prefix.IsValid():
			add(flows.End{CIDR: e.Outside.Prefix})
		}
		for _, a := range addresses {
			add(flows.End{CIDR: netip.PrefixFrom(a, a.BitLen())})
		}
	}
	return out
}

// beside takes what was asked about out of a change. A range is cut where some of it is asked about.
func beside(c flows.Change, all []asked) []flows.Change {
	outside := c.Source.CIDR
	if c.Destination.CIDR.IsValid() {
		outside = c.Destination.CIDR
	}
	var cuts []netip.Prefix
	var about []asked
	for _, a := range all {
		if meets(a.source, c.Source) && meets(a.destination, c.Destination) && c.Ports.Has(a.protocol, a.port) {
			about = append(about, a)
			for _, e := range []flows.End{a.source, a.destination} {
				if e.CIDR.IsValid() {
					cuts = append(cuts, e.CIDR)
				}
			}
		}
	}
	if len(about) == 0 {
		return []flows.Change{c}
	}
	if !outside.IsValid() {
		return withPorts(c, without(c.Ports, about))
	}
	type stretch struct {
		ports flows.PortSet
		parts []netip.Prefix
	}
	var stretches []stretch
	for _, part := range ends.Cut(outside, cuts) {
		end := flows.End{CIDR: part}
		inside := func(a asked) bool { return !meets(a.source, end) && !meets(a.destination, end) }
		ports := without(c.Ports, slices.DeleteFunc(slices.Clone(about), inside))
		i := slices.IndexFunc(stretches, func(s stretch) bool { return s.ports.Equal(ports) })
		if i < 0 {
			i = len(stretches)
			stretches = append(stretches, stretch{ports: ports})
		}
		stretches[i].parts = append(stretches[i].parts, part)
	}
	var out []flows.Change
	for _, s := range stretches {
		for _, part := range ends.Join(s.parts) {
			one := c
			if c.Destination.CIDR.IsValid() {
				one.Destination.CIDR = part
			} else {
				one.Source.CIDR = part
			}
			out = append(out, withPorts(one, s.ports)...)
		}
	}
	return out
}

// meets tells whether an end that is asked about is another, or has addresses of it.
func meets(a, b flows.End) bool {
	if a.CIDR.IsValid() || b.CIDR.IsValid() {
		return a.CIDR.IsValid() && b.CIDR.IsValid() && a.CIDR.Overlaps(b.CIDR)
	}
	return a.Compare(b) == 0
}

func without(ports flows.PortSet, about []asked) flows.PortSet {
	for _, a := range about {
		var one flows.PortSet
		one[slices.Index(flows.Protocols[:], a.protocol)] = []flows.Range{{From: a.port, To: a.port}}
		ports = ports.Minus(one)
	}
	return ports
}

func withPorts(c flows.Change, ports flows.PortSet) []flows.Change {
	if ports.Empty() {
		return nil
	}
	c.Ports = ports
	return []flows.Change{c}
}

// Limits says where flows may be opened that nobody looked at; empty where there is no such place.
func (o *Opens) Limits() string {
	var parts []string
	if o.Elsewhere {
		parts = append(parts, "namespaces other than "+strings.Join(o.Namespaces, ", ")+" were not looked at (-A looks everywhere)")
	}
	if len(o.NotRead) > 0 {
		names := strings.Join(o.NotRead[:min(len(o.NotRead), mostNotRead)], ", ")
		if more := len(o.NotRead) - mostNotRead; more > 0 {
			names += " and " + count(more, "other namespace")
		}
		parts = append(parts, "not everything of "+names+" could be read")
	}
	if o.Unlisted {
		parts = append(parts, "which other namespaces there are could not be read")
	}
	if o.Assumed {
		parts = append(parts, "the DNS server was not read, so who else reaches it is not known")
	}
	return strings.Join(parts, "; ")
}

// mostNotRead is how many namespaces that could not be read are named.
const mostNotRead = 3

// Nothing says that nothing else is opened, as far as was looked.
func (o *Opens) Nothing() string {
	limits := o.Limits()
	switch {
	case limits == "":
		return "nothing else"
	case o.Assumed:
		return "no other connection among what was read; " + limits
	case len(o.NotRead) == 0 && !o.Unlisted:
		return "in " + strings.Join(o.Namespaces, ", ") + ": nothing else; " + limits
	}
	return "as far as could be read: nothing else; " + limits
}
