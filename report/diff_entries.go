package report

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// EntryChange is a Service, or something else, that an Ingress or a route leads to in one of two clusters
// and not in the other, or not in the same way.
type EntryChange struct {
	Change    string      `json:"change"` // opened, closed or changed
	Kind      string      `json:"kind"`
	Namespace string      `json:"namespace"`
	Name      string      `json:"name"`
	Object    Object      `json:"object"`
	Port      int32       `json:"port,omitempty"`
	PortName  string      `json:"portName,omitempty"`
	Protocol  string      `json:"protocol"`
	Before    *EntryState `json:"before,omitempty"` // none: it did not lead there, or that could not be read
	After     *EntryState `json:"after,omitempty"`

	place  cluster.Origin // of the Ingress or the route
	unread bool           // on one side it could not be read whether it is there
}

// EntryState is how an Ingress or a route leads to something. The fields are those of MapWayIn and
// MapWayInBackend.
type EntryState struct {
	Hosts        []string   `json:"hosts,omitempty"`
	Carriers     []Endpoint `json:"carriers,omitempty"`
	Unknown      string     `json:"carriersUnknown,omitempty"`
	Destinations []WayInEnd `json:"destinations"`
	Verdict      string     `json:"verdict"`
	Problem      string     `json:"problem,omitempty"`

	in      MapWayIn
	backend MapWayInBackend
}

// open tells whether requests get through, as far as policies and the objects in between say. An entry that is
// not there is closed.
func (s *EntryState) open() policy.Truth {
	switch {
	case s == nil, s.backend.mark() == "problem":
		return policy.No
	case s.backend.mark() == "ok":
		return policy.Yes
	}
	return policy.Maybe
}

// readAll tells whether every way in of a kind and a namespace was read.
func readAll(s *cluster.Snapshot, kind, namespace string) bool {
	resource := "ingresses.networking.k8s.io"
	for _, k := range cluster.GatewayKinds {
		if k.Kind == kind {
			resource = k.Name()
		}
	}
	return !slices.ContainsFunc(s.GapsFor(resource, namespace), func(g cluster.Gap) bool { return g.Reason != cluster.NotServed })
}

// entryChanges holds the ways in of two clusters against each other. Of one that is not there because it could
// not be read nothing is known.
func entryChanges(c Compared) []EntryChange {
	filter := MapFilter{Ports: c.Ports}
	type key struct {
		kind, namespace, name, port string
		object                      Object
	}
	var order []key
	states := map[key]*[2]*EntryState{}
	for i, ways := range [2][]flows.WayIn{c.WaysBefore, c.WaysAfter} {
		for _, in := range filter.waysIn(ways) {
			for _, b := range in.Backends {
				k := key{in.Kind, in.Namespace, in.Name, fmt.Sprintf("%d %s %s", b.Port, b.PortName, b.Protocol), b.Object}
				k.object.APIVersion = ""
				if states[k] == nil {
					states[k] = &[2]*EntryState{}
					order = append(order, k)
				}
				states[k][i] = &EntryState{in.Hosts, in.Carriers, in.Unknown, b.Destinations, b.Verdict, b.Problem, in, b}
			}
		}
	}
	var out []EntryChange
	for _, k := range order {
		was, is := states[k][0], states[k][1]
		change := flows.Changed
		unread := was == nil && !readAll(c.Before, k.kind, k.namespace) || is == nil && !readAll(c.After, k.kind, k.namespace)
		switch {
		case was.open() == policy.No && is.open() == policy.No:
			continue // what did not lead in does not
		case unread:
		case was.open() == policy.No && is.open() == policy.Yes:
			change = flows.Opened
		case was.open() == policy.Yes && is.open() == policy.No:
			change = flows.Closed
		case was.same(is):
			continue
		}
		one := is
		if one == nil {
			one = was
		}
		out = append(out, EntryChange{
			Change: string(change), Kind: k.kind, Namespace: k.namespace, Name: k.name, Object: one.backend.Object, Port: one.backend.Port,
			PortName: one.backend.PortName, Protocol: one.backend.Protocol, Before: was, After: is, unread: unread,
		})
	}
	slices.SortStableFunc(out, func(a, b EntryChange) int { return a.rank() - b.rank() })
	return out
}

func (s *EntryState) same(o *EntryState) bool {
	return s != nil && o != nil && s.Verdict == o.Verdict && s.Problem == o.Problem && s.Unknown == o.Unknown && reflect.DeepEqual([]any{s.Hosts, s.Carriers, s.Destinations}, []any{o.Hosts, o.Carriers, o.Destinations})
}

func (c EntryChange) rank() int {
	return slices.Index([]string{string(flows.Opened), string(flows.Changed), string(flows.Closed)}, c.Change)
}

// lines say what changed, for people: as it is and, where it is not just opened, as it was.
func (c EntryChange) lines() []string {
	text := func(s *EntryState) string {
		said := fmt.Sprintf("%s %s → %s", s.in.name(), s.in.by(), s.backend.leads())
		if what := s.backend.what(); what != "" {
			said += ": " + what
		}
		return said
	}
	switch {
	case c.unread && c.After == nil:
		return []string{text(c.Before), "after: could not be read"}
	case c.unread:
		return []string{text(c.After), "before: could not be read"}
	case c.After == nil:
		return []string{text(c.Before)}
	case c.Before == nil:
		return []string{text(c.After)}
	case c.Change == string(flows.Opened):
		return []string{text(c.After), "before: " + text(c.Before)}
	}
	return []string{text(c.Before), "after: " + text(c.After)}
}

// sign is how a kind of change is marked.
func (c EntryChange) sign() (mark, color string) {
	for _, section := range diffSections {
		if section.kind == c.Change {
			return section.mark, section.color
		}
	}
	return "~", yellow
}

const entriesTitle = "Ways in, by Ingresses and routes"

// entriesTable writes the ways in that changed.
func (d *FlowDiff) entriesTable(page *pager) {
	if len(d.Entries) == 0 {
		return
	}
	page.blank()
	page.text("", page.style.paint(bold, entriesTitle))
	page.blank()
	var rows [][]string
	for _, c := range d.Entries {
		mark, color := c.sign()
		mark = page.style.paint(color, mark)
		label := c.Change
		for _, line := range c.lines() {
			rows = append(rows, []string{mark, label, Plain(line)})
			mark, label = "", ""
		}
	}
	page.grid(rows)
}

// mostEntries is how many of them the page lists.
const mostEntries = 40

// entriesMarkdown writes them as a list.
func (d *FlowDiff) entriesMarkdown(page *pager) {
	if len(d.Entries) == 0 {
		return
	}
	page.blank()
	page.line("### " + entriesTitle)
	page.blank()
	for i, c := range d.Entries {
		if i == mostEntries {
			page.line(fmt.Sprintf("- %d more are left out", len(d.Entries)-i))
			break
		}
		page.line("- " + c.Change + ": " + markdown(strings.Join(c.lines(), "; ")))
	}
}

// entriesText counts the ways in that changed; "" where none did.
func (d *FlowDiff) entriesText() string {
	var parts []string
	for _, kind := range []flows.Kind{flows.Opened, flows.Closed, flows.Changed} {
		n := 0
		for _, c := range d.Entries {
			if c.Change == string(kind) {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " Ways in: " + strings.Join(parts, ", ") + "."
}
