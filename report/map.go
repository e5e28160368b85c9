package report

import (
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Map is the answer of `map`. Its flows are worked out while they are written.
type Map struct {
	Header
	By string
	// Namespaces are those in which flows begin or end; nil: all. Note says so where nobody asked for these.
	Namespaces []string
	Note       string

	// WaysIn are the Ingresses and routes that lead to what is wanted.
	WaysIn []flows.WayIn

	Plugin Plugin
	Gaps   []Gap

	// Page is what the format html needs beside the rows.
	Page MapPage

	rows   func(func(flows.Row) error) error
	wanted MapFilter
	public []netip.Prefix
	facts  map[policy.Fact]bool
	found  map[string]int // flows by verdict
}

// MapFilter says which flows of the rows are shown. Without Denied and Unknown these are what is
// allowed and what is not known; with them, only those.
type MapFilter struct {
	Ports           flows.PortSet
	Denied, Unknown bool
}

// MapFlow is what may be sent from one end to another, of one verdict.
type MapFlow struct {
	Source      Endpoint     `json:"source"`
	Destination Endpoint     `json:"destination"`
	Verdict     string       `json:"verdict"`
	Partial     bool         `json:"partial,omitempty"` // not every pod of both ends is treated alike
	Connections []Connection `json:"connections"`
	// Outside says what is in a CIDR: internet, metadata.
	Outside []string `json:"outside,omitempty"`
	// Through are the Services by which traffic from outside gets to the destination.
	Through []MapEntry `json:"through,omitempty"`

	// For the page only: what decides, and what an Unknown hangs on.
	why   *flows.Reasons
	facts []policy.Fact
}

// Connection is ports of one protocol.
type Connection struct {
	Protocol string      `json:"protocol"`
	Ports    []PortRange `json:"ports"`
}

// PortRange is ports from the first to the last.
type PortRange struct {
	From int32 `json:"from"`
	To   int32 `json:"to"`
}

// MapEntry is a port of a Service that can be dialled from outside.
type MapEntry struct {
	Service  string `json:"service"`
	Type     string `json:"type"`
	Protocol string `json:"protocol"`
	Port     int32  `json:"port"`
	PodPort  int32  `json:"podPort"`
	// SourceRewritten: the pod may see a node as the source, not the client that the verdict is of.
	SourceRewritten bool `json:"sourceRewritten,omitempty"`
}

// NewMap makes the document of rows, which are asked for each time that it is written. The gaps are
// what may be missing from it.
func NewMap(s *cluster.Snapshot, gaps []cluster.Gap, plugin policy.Plugin, by flows.By, filter MapFilter, o Options, rows func(func(flows.Row) error) error) *Map {
	return &Map{
		Header: Header{APIVersion, "ConnectivityMap"}, By: string(by), Plugin: pluginOf(plugin), Gaps: gapsOf(gaps, o.Reread),
		rows: rows, wanted: filter, public: ends.Internet(s), facts: map[policy.Fact]bool{}, found: map[string]int{},
	}
}

// mapRenderers holds one function for each format of a map, by the name that --output takes.
var mapRenderers = map[string]func(*Map, io.Writer, Style) error{
	"table":    (*Map).table,
	"json":     (*Map).json,
	"yaml":     (*Map).yaml,
	"csv":      (*Map).csv,
	"html":     (*Map).html,
	"markdown": (*Map).markdown,
	"mermaid":  (*Map).mermaid,
}

// MapFormats lists the formats of a map, sorted.
func MapFormats() []string { return slices.Sorted(maps.Keys(mapRenderers)) }

// Render writes the map in a format. An unknown format is an error that lists those there are.
func (m *Map) Render(w io.Writer, format string, s Style) error {
	render, ok := mapRenderers[format]
	if !ok {
		return fmt.Errorf("unknown output format %q; there is %s", format, strings.Join(MapFormats(), ", "))
	}
	return render(m, w, s)
}

// each calls a function for every flow, in order.
func (m *Map) each(do func(MapFlow) error) error {
	return m.rows(func(r flows.Row) error {
		all := !m.wanted.Denied && !m.wanted.Unknown
		for _, one := range []struct {
			verdict policy.Verdict
			ports   func() flows.PortSet
			shown   bool
		}{
			{policy.Allowed, func() flows.PortSet { return r.Must }, all},
			{policy.Denied, func() flows.PortSet { return flows.EveryPort().Minus(r.May) }, m.wanted.Denied},
			{policy.Unknown, func() flows.PortSet { return r.May.Minus(r.Must) }, all || m.wanted.Unknown},
		} {
			if !one.shown {
				continue
			}
			ports := one.ports().And(m.wanted.Ports)
			if ports.Empty() {
				continue
			}
			m.found[one.verdict.String()]++
			if one.verdict == policy.Unknown {
				for _, f := range r.Facts {
					m.facts[f] = true
				}
			}
			if err := do(m.flow(r, one.verdict, ports)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *Map) flow(r flows.Row, v policy.Verdict, ports flows.PortSet) MapFlow {
	f := MapFlow{Source: mapEnd(r.Source), Destination: mapEnd(r.Destination), Verdict: v.String(), Partial: r.Partial}
	if r.Why != nil {
		f.why = &r.Why[v]
	}
	if v == policy.Unknown {
		f.facts = r.Facts
	}
	f.Connections = connectionsOf(ports)
	for _, e := range []flows.End{r.Source, r.Destination} {
		if !e.CIDR.IsValid() {
			continue
		}
		f.Outside = append(f.Outside, m.outsideOf(e.CIDR)...)
	}
	f.Through = entriesOf(r.Through, ports)
	return f
}

// connectionsOf lists ports by protocol.
func connectionsOf(ports flows.PortSet) []Connection {
	var out []Connection
	for i, protocol := range flows.Protocols {
		if len(ports[i]) == 0 {
			continue
		}
		c := Connection{Protocol: string(protocol)}
		for _, p := range ports[i] {
			c.Ports = append(c.Ports, PortRange(p))
		}
		out = append(out, c)
	}
	return out
}

// entriesOf lists the ways in that lead to some ports.
func entriesOf(through []flows.Entry, ports flows.PortSet) []MapEntry {
	var out []MapEntry
	for _, e := range through {
		if ports.Has(e.Protocol, e.PodPort) {
			out = append(out, MapEntry{
				Service: e.Service.Namespace + "/" + e.Service.Name, Type: string(e.Type), Protocol: string(e.Protocol),
				Port: e.Port, PodPort: e.PodPort, SourceRewritten: e.Rewritten,
			})
		}
	}
	return out
}

// outsideOf says what is in addresses outside.
func (m *Map) outsideOf(p netip.Prefix) []string {
	var out []string
	if slices.ContainsFunc(m.public, p.Overlaps) {
		out = append(out, "internet")
	}
	if check.HoldsMetadata(p) {
		out = append(out, "metadata")
	}
	return out
}

func mapEnd(e flows.End) Endpoint {
	if e.CIDR.IsValid() {
		return Endpoint{Kind: "CIDR", CIDR: e.CIDR.String()}
	}
	return Endpoint{Kind: e.Ref.Kind, Namespace: e.Ref.Namespace, Name: e.Ref.Name}
}

// sortedFacts returns what the flows written so far hang on.
func (m *Map) sortedFacts() []Fact { return factsOf(m.factsInOrder()) }

func (m *Map) factsInOrder() []policy.Fact {
	return slices.SortedFunc(maps.Keys(m.facts), policy.Fact.Compare)
}

// portsText prints ports as people write them: "8080/TCP, 1-1023/UDP", or "every port".
func portsText(connections []Connection) string {
	whole := 0
	var out []string
	for _, c := range connections {
		for _, p := range c.Ports {
			switch {
			case p.From == 1 && p.To == flows.LastPort:
				whole++
				out = append(out, "every "+c.Protocol+" port")
			case p.From == p.To:
				out = append(out, fmt.Sprintf("%d/%s", p.From, c.Protocol))
			default:
				out = append(out, fmt.Sprintf("%d-%d/%s", p.From, p.To, c.Protocol))
			}
		}
	}
	if whole == len(flows.Protocols) {
		return "every port"
	}
	return strings.Join(out, ", ")
}
