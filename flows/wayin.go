package flows

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// WayIn is an Ingress or a route of the Gateway API, by which requests from outside get to pods: its
// controller takes them and sends them on.
type WayIn struct {
	cluster.Ref
	Hosts []string // none: any that its Gateways take
	// Carriers are the ends whose pods send the requests on. Where these are not known, Unknown says why.
	Carriers []End
	Unknown  *policy.Fact
	Backends []WayInBackend
}

// WayInBackend is a port of a Service, or something else, that requests are sent on to.
type WayInBackend struct {
	Ref      cluster.Ref
	Port     ends.Port // of the Service, as it is named
	Protocol corev1.Protocol
	Paths    []string // the fields that name it
	To       []WayInEnd
	Trouble  Trouble
	// Verdict is what policies say of the connections from the carriers. Partial: of some pods or ports one
	// thing, of some another; the Verdict is Unknown then.
	Verdict policy.Verdict
	Partial bool
	Facts   []policy.Fact
}

// WayInEnd is an end that requests arrive at, and the port there.
type WayInEnd struct {
	End
	Port int32
}

// Trouble is why requests do not get to a backend, or perhaps do not, whatever policies say.
type Trouble string

// The kinds of trouble.
const (
	NoTrouble      Trouble = ""
	ServiceMissing Trouble = "ServiceNotFound"
	PortMissing    Trouble = "PortNotFound"   // the Service does not have it
	NotGranted     Trouble = "NotGranted"     // no ReferenceGrant lets the route name it
	GrantUnread    Trouble = "GrantNotRead"   // there may be one
	NotService     Trouble = "NotService"     // what is not a Service is not looked into
	NoPods         Trouble = "NoEndpoints"    // nothing is behind the Service
	NoFamily       Trouble = "NoCommonFamily" // the carriers have only IPv4 addresses, the pods only IPv6, or the other way around
	ServiceUnread  Trouble = "NotRead"        // the Service or what is behind it could not be read
)

// waysIn is one walk over what is wanted.
type waysIn struct {
	*Sets
	Wanted
	snapshot *cluster.Snapshot
	known    map[string]ends.End // the carriers of ways in that are alike
}

// WaysIn lists the Ingresses and routes that lead to what is wanted, in order. What is wanted
// narrows the backends; From is fulfilled by addresses outside, and by pods that carry the requests.
func (s *Sets) WaysIn(w Wanted) []WayIn {
	walk := &waysIn{Sets: s, Wanted: w, snapshot: s.set.Snapshot(), known: map[string]ends.End{}}
	var out []WayIn
	for _, i := range walk.snapshot.Ingresses {
		var backends []WayInBackend
		for _, b := range i.Backends {
			backends = named(backends, WayInBackend{
				Ref:  cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: i.Namespace, Name: b.Service},
				Port: ends.Port{Number: b.Port, Name: b.PortName}, Protocol: corev1.ProtocolTCP, Paths: []string{b.Path},
			})
		}
		out = walk.add(out, WayIn{Ref: i.Ref, Hosts: i.HostNames(), Backends: backends}, "Ingress "+i.Class)
	}
	for _, r := range walk.snapshot.Routes {
		out = walk.add(out, WayIn{Ref: r.Ref, Hosts: r.Hosts, Backends: walk.routed(r)}, fmt.Sprintf("%s %s %v %v", r.Kind, r.Namespace, r.Parents, r.Default))
	}
	return out
}

// named adds what a field names, once.
func named(all []WayInBackend, b WayInBackend) []WayInBackend {
	for i := range all {
		if all[i].Ref == b.Ref && all[i].Port == b.Port && all[i].Protocol == b.Protocol {
			all[i].Paths = append(all[i].Paths, b.Paths...)
			return all
		}
	}
	return append(all, b)
}

// routed lists what a route sends requests to.
func (w *waysIn) routed(r *cluster.Route) (out []WayInBackend) {
	protocol := corev1.ProtocolTCP
	if r.Kind == "UDPRoute" {
		protocol = corev1.ProtocolUDP
	}
	for _, b := range r.Backends {
		one := WayInBackend{Ref: b.Ref, Port: ends.Port{Number: b.Port}, Protocol: protocol, Paths: []string{b.Path}}
		switch {
		case !b.Service():
			one.Trouble = NotService
		case w.snapshot.Granted(r, b):
		case len(w.snapshot.GapsFor("referencegrants."+cluster.GatewayGroup, b.Namespace)) > 0:
			one.Trouble = GrantUnread
		default:
			one.Trouble = NotGranted
		}
		if b.Service() {
			one.Ref.APIVersion = "v1"
		}
		out = named(out, one)
	}
	return out
}

// add looks a way in up and adds what is wanted of it. Those with the same key have the same carriers.
func (w *waysIn) add(out []WayIn, in WayIn, key string) []WayIn {
	carriers, known := w.known[key]
	if !known {
		carriers, _ = ends.Resolve(w.snapshot, ends.Target{Kind: in.Kind, Namespace: in.Namespace, Name: in.Name}) // it is there
		w.known[key] = carriers
	}
	if carriers.Unread != nil {
		fact := *carriers.Unread
		fact.Object = in.Ref
		in.Unknown = &fact
	} else {
		in.Carriers = w.endsOf(carriers.Pods)
	}
	if w.Within != nil && !w.Within(in.Namespace) {
		return out
	}
	whole := in.Backends
	in.Backends = nil
	for _, b := range whole {
		if w.judge(&b, in, carriers) {
			in.Backends = append(in.Backends, b)
		}
	}
	if len(in.Backends) > 0 || len(whole) == 0 && w.From == nil && w.To == nil && w.near(in) {
		out = append(out, in)
	}
	return out
}

// near tells whether a way in, or what carries its requests, is in the namespaces that are wanted.
func (w *waysIn) near(in WayIn) bool {
	return w.Scope == nil || w.Scope(in.Namespace) || slices.ContainsFunc(in.Carriers, func(e End) bool { return w.Scope(namespaceOf(e)) })
}

// endsOf puts pods together as the ends of rows are.
func (w *waysIn) endsOf(pods []*cluster.Pod) (out []End) {
	for _, p := range pods {
		if e := (End{Ref: refOf(w.snapshot, p, w.By)}); !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, End.Compare)
	return out
}

// judge finds out where a backend leads and what policies say of the way there. It returns false for what is
// not wanted.
func (w *waysIn) judge(b *WayInBackend, in WayIn, carriers ends.End) bool {
	routes := w.routes(b)
	chosen := w.To == nil
	for _, r := range routes {
		for _, backend := range slices.Concat(r.Backends, r.Unready) {
			to := WayInEnd{Port: backend.Port}
			switch e := backend.End; {
			case e.Pod != nil:
				to.Ref = refOf(w.snapshot, e.Pod, w.By)
				chosen = chosen || w.To.hasPod(e.Pod)
			case e.Node != nil:
				to.Ref = e.Node.Ref()
			case e.Outside.Prefix.IsValid():
				to.CIDR = e.Outside.Prefix
				chosen = chosen || w.To.hasRange(to.CIDR)
			default:
				to.Ref = e.Ref()
			}
			if !slices.Contains(b.To, to) {
				b.To = append(b.To, to)
			}
		}
	}
	slices.SortFunc(b.To, func(a, b WayInEnd) int {
		if c := a.End.Compare(b.End); c != 0 {
			return c
		}
		return int(a.Port - b.Port)
	})
	from := w.From == nil || len(w.From.Ranges) > 0 || slices.ContainsFunc(carriers.Pods, w.From.hasPod)
	there := w.near(in) || w.Scope(b.Ref.Namespace) || slices.ContainsFunc(b.To, func(e WayInEnd) bool { return !e.CIDR.IsValid() && w.Scope(namespaceOf(e.End)) })
	if !chosen || !from || !there || w.Within != nil && !w.Within(b.Ref.Namespace) {
		return false
	}
	if carriers.Unread == nil {
		w.decide(b, carriers, routes)
	}
	return true
}

// routes finds what is behind a backend, and notes where nothing is.
func (w *waysIn) routes(b *WayInBackend) []ends.Route {
	if b.Trouble == NotService {
		return nil
	}
	trouble := func(t Trouble) {
		if b.Trouble == NoTrouble {
			b.Trouble = t
		}
	}
	if w.snapshot.Service(b.Ref.Namespace, b.Ref.Name) == nil {
		if w.snapshot.Read.All || slices.Contains(w.snapshot.Read.Namespaces, b.Ref.Namespace) {
			trouble(ServiceMissing)
		} else {
			trouble(ServiceUnread)
		}
		return nil
	}
	port := b.Port
	port.Protocol = b.Protocol
	service, err := ends.Resolve(w.snapshot, ends.Target{Kind: "Service", Namespace: b.Ref.Namespace, Name: b.Ref.Name, Port: port})
	if err != nil || service.Unread != nil {
		trouble(ServiceUnread)
		return nil
	}
	service.Followed = true
	routes := ends.Routes(w.snapshot, service)
	has := func(kind ends.ObstacleKind) bool {
		return slices.ContainsFunc(routes, func(r ends.Route) bool {
			return slices.ContainsFunc(r.Obstacles, func(o ends.Obstacle) bool { return o.Kind == kind })
		})
	}
	switch {
	case has(ends.BackendsUnreadable):
		trouble(ServiceUnread)
	case has(ends.NoSuchServicePort):
		trouble(PortMissing)
	case !slices.ContainsFunc(routes, func(r ends.Route) bool { return len(r.Backends) > 0 || r.Unread != nil }):
		trouble(NoPods)
	}
	return routes
}

// decide judges the connections from the carriers, as those from any source to a Service are.
func (w *waysIn) decide(b *WayInBackend, carriers ends.End, routes []ends.Route) {
	var seen [3]bool
	pairs, apart := 0, 0
	for i := range routes {
		if fact := routes[i].Unread; fact != nil {
			seen[policy.Unknown] = true
			b.Facts = with(b.Facts, *fact)
		}
		for _, pair := range ends.Pairs(w.set, carriers, ends.End{Service: routes[i].Service}, &routes[i]) {
			if pairs++; routes[i].NoFamily(pair) {
				apart++
			}
			for _, f := range pair.Flows {
				d := w.set.Evaluate(f)
				seen[d.Verdict] = true
				if d.Verdict == policy.Unknown {
					for _, fact := range d.Facts {
						b.Facts = with(b.Facts, fact)
					}
				}
			}
		}
	}
	switch {
	case seen[policy.Unknown]:
	case seen[policy.Allowed] && seen[policy.Denied]:
		b.Partial = true
	case seen[policy.Allowed]:
		b.Verdict = policy.Allowed
	case seen[policy.Denied]:
		b.Verdict = policy.Denied
	}
	switch {
	case apart == 0 || b.Trouble != NoTrouble:
	case apart == pairs:
		b.Trouble = NoFamily
	case b.Verdict == policy.Allowed: // of those that can be reached
		b.Verdict, b.Partial = policy.Unknown, true
	}
}

// namespaceOf is the namespace of an end of a row.
func namespaceOf(e End) string {
	if e.Ref.Kind == "Namespace" {
		return e.Ref.Name
	}
	return e.Ref.Namespace
}
