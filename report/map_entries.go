package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// MapWayIn is an Ingress or a route of the Gateway API, by which requests from outside get to pods.
type MapWayIn struct {
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	Hosts     []string `json:"hosts,omitempty"` // none: any that its Gateways take
	// Carriers are whose pods send the requests on; where these are not known, Unknown says why.
	Carriers []Endpoint        `json:"carriers,omitempty"`
	Unknown  string            `json:"carriersUnknown,omitempty"`
	Backends []MapWayInBackend `json:"backends"`

	facts []policy.Fact
}

// MapWayInBackend is what requests are sent on to.
type MapWayInBackend struct {
	Object       Object     `json:"object"` // mostly a Service
	Port         int32      `json:"port,omitempty"`
	PortName     string     `json:"portName,omitempty"`
	Protocol     string     `json:"protocol"`
	Paths        []string   `json:"paths"` // the fields that name it
	Destinations []WayInEnd `json:"destinations"`
	// Verdict is what policies say of the connections from the carriers: Allowed, Denied, Partial, Unknown.
	Verdict string `json:"verdict"`
	// Problem is why requests do not get there whatever policies say, or perhaps do not.
	Problem string `json:"problem,omitempty"`

	facts []policy.Fact
}

// WayInEnd is an end that requests arrive at, and the port of its pods.
type WayInEnd struct {
	End  Endpoint `json:"end"`
	Port int32    `json:"port"`
}

// entries lists the ways in that the filter lets through, and notes what is not known of them.
func (m *Map) entries() []MapWayIn {
	out := m.wanted.waysIn(m.WaysIn)
	for _, in := range out {
		note(m.facts, in.facts)
		for _, b := range in.Backends {
			note(m.facts, b.facts)
		}
	}
	return out
}

// waysIn lists the ways in that the filter lets through.
func (f MapFilter) waysIn(ways []flows.WayIn) []MapWayIn {
	out := []MapWayIn{}
	narrowed := !f.Ports.Equal(flows.EveryPort()) || f.Denied || f.Unknown
	for _, in := range ways {
		one := MapWayIn{Kind: in.Kind, Namespace: in.Namespace, Name: in.Name, Hosts: in.Hosts, Backends: []MapWayInBackend{}}
		for _, e := range in.Carriers {
			one.Carriers = append(one.Carriers, mapEnd(e))
		}
		if in.Unknown != nil {
			one.Unknown, one.facts = in.Unknown.Key, []policy.Fact{*in.Unknown}
		}
		for _, b := range in.Backends {
			if f.shows(b) {
				one.Backends = append(one.Backends, backendOf(b))
			}
		}
		if len(one.Backends) > 0 || !narrowed && len(in.Backends) == 0 {
			out = append(out, one)
		}
	}
	return out
}

// shows tells whether the filter lets a backend through. Without one that is so whatever policies say of it.
func (f MapFilter) shows(b flows.WayInBackend) bool {
	if f.Denied || f.Unknown {
		denied := f.Denied && (b.Verdict == policy.Denied || b.Partial)
		unknown := f.Unknown && b.Verdict == policy.Unknown && !b.Partial
		if !denied && !unknown {
			return false
		}
	}
	return f.Ports.Equal(flows.EveryPort()) || slices.ContainsFunc(b.To, func(e flows.WayInEnd) bool { return f.Ports.Has(b.Protocol, e.Port) })
}

func backendOf(b flows.WayInBackend) MapWayInBackend {
	out := MapWayInBackend{
		Object: objectOf(b.Ref), Port: b.Port.Number, PortName: b.Port.Name, Protocol: string(b.Protocol), Paths: b.Paths,
		Destinations: []WayInEnd{}, Verdict: b.Verdict.String(), Problem: string(b.Trouble), facts: b.Facts,
	}
	if b.Partial {
		out.Verdict = "Partial"
	}
	for _, to := range b.To {
		out.Destinations = append(out.Destinations, WayInEnd{mapEnd(to.End), to.Port})
	}
	return out
}

// unclearEntries tells whether there is a way in of which it is not known what policies say.
func unclearEntries(entries []MapWayIn) bool {
	return slices.ContainsFunc(entries, func(in MapWayIn) bool {
		return in.Unknown != "" || slices.ContainsFunc(in.Backends, func(b MapWayInBackend) bool { return len(b.facts) > 0 })
	})
}

// name is the way in as it is typed, with the hosts that it is for.
func (in MapWayIn) name() string {
	return ends.Typed(cluster.Ref{Kind: in.Kind, Namespace: in.Namespace, Name: in.Name}) + " (" + in.hosts() + ")"
}

// hosts are those that the way in is for, in a few words.
func (in MapWayIn) hosts() string {
	switch {
	case len(in.Hosts) == 0 && in.Kind != "Ingress":
		return "the hosts of its Gateways"
	case len(in.Hosts) == 0 || slices.Equal(in.Hosts, []string{"*"}):
		return "any host"
	case len(in.Hosts) > mostHosts:
		return fmt.Sprintf("%s and %d more hosts", strings.Join(in.Hosts[:mostHosts], ", "), len(in.Hosts)-mostHosts)
	}
	return strings.Join(in.Hosts, ", ")
}

// mostHosts is how many hosts of a way in are named where people read them.
const mostHosts = 3

// by says who sends the requests on.
func (in MapWayIn) by() string {
	if in.Unknown != "" {
		return "by pods that are not known: " + in.Unknown
	}
	var names []string
	for _, e := range in.Carriers {
		names = append(names, endText(e))
	}
	return "by " + strings.Join(names, ", ")
}

// endText names an end that requests come from or arrive at.
func endText(e Endpoint) string {
	if e.Kind == "DNSName" {
		return e.Name
	}
	return cmp.Or(typedEnd(e), e.CIDR)
}

// service is the backend as the way in names it.
func (b MapWayInBackend) service() string {
	text := b.Object.Kind + " " + b.Object.Namespace + "/" + b.Object.Name
	if port := (ends.Port{Number: b.Port, Name: b.PortName}); !port.IsZero() {
		text += " port " + port.String()
	}
	return text
}

// problems are the kinds of trouble in words.
var problems = map[flows.Trouble]string{
	flows.ServiceMissing: "there is no such Service",
	flows.PortMissing:    "the Service does not have that port",
	flows.NotGranted:     "no ReferenceGrant lets the route name it, so nothing is sent there",
	flows.GrantUnread:    "whether a ReferenceGrant lets the route name it could not be read",
	flows.NotService:     "what is not a Service is not looked into",
	flows.NoPods:         "no pod behind the Service is ready",
	flows.NoFamily:       "the pods have no address of the family, IPv4 or IPv6, that those have that send the requests on",
	flows.ServiceUnread:  "the Service or what is behind it could not be read",
}

// mark is the status of a backend.
func (b MapWayInBackend) mark() string {
	switch flows.Trouble(b.Problem) {
	case flows.ServiceMissing, flows.PortMissing, flows.NotGranted, flows.NoPods, flows.NoFamily:
		return "problem"
	case flows.NoTrouble:
		return cmp.Or(verdictStatus[b.Verdict], "warning")
	}
	return "unknown"
}

// targets are the ends that requests arrive at, with their ports; "" for none.
func (b MapWayInBackend) targets() (names, ports string) {
	var all, numbers []string
	for _, to := range b.Destinations {
		if name := endText(to.End); !slices.Contains(all, name) {
			all = append(all, name)
		}
		if number := fmt.Sprintf("%d/%s", to.Port, b.Protocol); !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
	}
	return strings.Join(all, ", "), strings.Join(numbers, ", ")
}

// verdictWords say more than the sign of a verdict does.
var verdictWords = map[string]string{"Denied": "denied", "Partial": "not for all pods", "Unknown": "not known whether allowed"}

// what is said of a backend beside its ends.
func (b MapWayInBackend) what() string {
	var parts []string
	if _, ports := b.targets(); ports != "" {
		parts = append(parts, ports+" by "+b.service())
		if words := verdictWords[b.Verdict]; words != "" {
			parts = append(parts, words)
		}
	}
	if words := problems[flows.Trouble(b.Problem)]; words != "" {
		parts = append(parts, words)
	}
	return strings.Join(parts, "; ")
}

// leads says where a backend leads: its ends, or else what the way in names.
func (b MapWayInBackend) leads() string {
	names, _ := b.targets()
	return cmp.Or(names, b.service())
}

// entriesTable writes the ways in for people.
func (m *Map) entriesTable(page *pager, entries []MapWayIn) {
	if len(entries) == 0 {
		return
	}
	page.blank()
	page.text("", page.style.paint(bold, entriesTitle))
	for _, in := range entries {
		page.blank()
		page.text("", Plain(in.name()))
		page.text("", Plain(in.by()))
		var rows [][]string
		for _, b := range in.Backends {
			rows = append(rows, []string{page.style.mark(b.mark()), Plain("→ " + b.leads()), Plain(b.what())})
		}
		if len(rows) == 0 {
			page.text("", "It sends requests to no Service.")
		}
		page.grid(rows)
	}
}

// entriesMarkdown writes the ways in as a table of Markdown.
func (m *Map) entriesMarkdown(page *pager, entries []MapWayIn) {
	if len(entries) == 0 {
		return
	}
	page.blank()
	page.line("### " + entriesTitle)
	page.blank()
	page.line("| | way in | sent on | to | ports |")
	page.line("| --- | --- | --- | --- | --- |")
	for _, in := range entries {
		for _, b := range in.Backends {
			page.line("| " + Style{}.mark(b.mark()) + " | " + markdown(in.name()) + " | " + markdown(in.by()) + " | " + markdown(b.leads()) + " | " + markdown(b.what()) + " |")
		}
		if len(in.Backends) == 0 {
			page.line("| - | " + markdown(in.name()) + " | " + markdown(in.by()) + " | | it sends requests to no Service |")
		}
	}
}
