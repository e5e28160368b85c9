package report

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// mapLine is a flow for people; addresses outside that are alike are one line.
type mapLine struct {
	MapFlow
	source, destination string // as they are typed; "" for addresses outside
	ranges              []netip.Prefix
	from, to            string // the nodes of a flowchart
}

// lines collects the flows and puts addresses together.
func (m *Map) lines() ([]*mapLine, error) {
	var out []*mapLine
	index := map[string]*mapLine{}
	err := m.each(func(f MapFlow) error {
		l := &mapLine{MapFlow: f, source: typedEnd(f.Source), destination: typedEnd(f.Destination)}
		if cidr := f.Source.CIDR + f.Destination.CIDR; cidr != "" {
			key := l.alike()
			if known := index[key]; known != nil {
				l = known
				l.facts = slices.Concat(l.facts, f.facts)
				if f.why != nil {
					l.why.Join(*f.why)
				}
			} else {
				index[key] = l
				out = append(out, l)
			}
			l.ranges = append(l.ranges, netip.MustParsePrefix(cidr))
			return nil
		}
		out = append(out, l)
		return nil
	})
	return out, err
}

// alike is a text that lines to and from addresses share which are shown as one.
func (l *mapLine) alike() string {
	return fmt.Sprintf("%q %q %s %v %v %v", l.source, l.destination, l.Verdict, l.Partial, l.Connections, l.Through)
}

func typedEnd(e Endpoint) string {
	switch e.Kind {
	case "CIDR":
		return ""
	case "Namespace":
		return "ns/" + e.Name
	}
	return ends.Typed(cluster.Ref{Kind: e.Kind, Namespace: e.Namespace, Name: e.Name})
}

func (m *Map) outsideText(ranges []netip.Prefix) string { return outsideText(m.public, ranges) }

// outsideText names addresses outside in a few words, where public are those of the internet.
func outsideText(public, ranges []netip.Prefix) string {
	const most = 2
	var texts []string
	for _, p := range ranges {
		if p.Bits() == 0 {
			texts = append(texts, "everywhere outside ("+p.String()+")")
		} else {
			texts = append(texts, p.String())
		}
	}
	if len(texts) <= most {
		return strings.Join(texts, ", ")
	}
	whole := slices.ContainsFunc(public, func(p netip.Prefix) bool { return p.Addr().Is4() == ranges[0].Addr().Is4() })
	for _, p := range public {
		if p.Addr().Is4() == ranges[0].Addr().Is4() && !slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Bits() <= p.Bits() && r.Overlaps(p) }) {
			whole = false
		}
	}
	if whole {
		return fmt.Sprintf("the internet (%d ranges)", len(texts))
	}
	return fmt.Sprintf("%s and %d more ranges", strings.Join(texts[:most-1], ", "), len(texts)-most+1)
}

// what is said of a flow beside its ends.
func (l *mapLine) what() string {
	text := portsText(l.Connections)
	if l.Partial {
		text += ", not for all pods"
	}
	if len(l.Through) == 0 {
		return text
	}
	var services []string
	ports := map[string][]string{}
	for _, e := range l.Through {
		service := e.Service + " (" + e.Type + ")"
		if !slices.Contains(services, service) {
			services = append(services, service)
		}
		if port := fmt.Sprintf("%d/%s", e.Port, e.Protocol); !slices.Contains(ports[service], port) {
			ports[service] = append(ports[service], port)
		}
	}
	for _, service := range services {
		text += "; Service " + service + " leads here from " + strings.Join(ports[service], ", ")
	}
	return text
}

var verdictStatus = map[string]string{"Allowed": "ok", "Denied": "problem", "Unknown": "unknown"}

// summary counts the flows as they are shown: ranges that are alike are one end.
func (m *Map) summary(sections []mapSection) string {
	var parts []string
	found := map[string]int{}
	for _, s := range sections {
		for _, l := range s.lines {
			found[l.Verdict]++
		}
	}
	for _, v := range []string{"Allowed", "Denied", "Unknown"} {
		if n := found[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(v)))
		}
	}
	if len(parts) == 0 {
		if m.Namespaces != nil {
			return "No flows of " + NamespacesText(m.Namespaces) + "."
		}
		return "No flows."
	}
	return "Flows by " + m.By + ": " + strings.Join(parts, ", ") + "."
}

// notes are said beside the summary.
func (m *Map) notes() []string {
	return slices.DeleteFunc([]string{m.Note, m.unenforced()}, func(text string) bool { return text == "" })
}

// unenforced is said where nothing seems to enforce policies.
func (m *Map) unenforced() string {
	if m.Plugin.Enforces != policy.No.String() {
		return ""
	}
	return "Nothing that enforces NetworkPolicies was seen: this is what they say, not what is so."
}

// mapSection is one of the three parts of the page.
type mapSection struct {
	title string
	lines []*mapLine
}

func (m *Map) sections() ([]mapSection, error) {
	lines, err := m.lines()
	out := []mapSection{{title: "Within the cluster"}, {title: "To addresses outside"}, {title: "From addresses outside"}}
	for _, l := range lines {
		i := 0
		switch {
		case l.source == "":
			i = 2
		case l.destination == "":
			i = 1
		}
		out[i].lines = append(out[i].lines, l)
	}
	return slices.DeleteFunc(out, func(s mapSection) bool { return len(s.lines) == 0 }), err
}

// endsOf returns how the two ends of a line are shown: the one that the lines are grouped by, and the
// other.
func (m *Map) endsOf(l *mapLine) (group, other string) {
	switch {
	case l.source == "":
		return l.destination, "← " + m.outsideText(l.ranges)
	case l.destination == "":
		return l.source, "→ " + m.outsideText(l.ranges)
	}
	return l.source, "→ " + l.destination
}

func (m *Map) table(w io.Writer, s Style) error {
	sections, err := m.sections()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	page := &pager{w: out, style: s}
	for _, section := range sections {
		page.blank()
		page.text("", s.paint(bold, section.title))
		slices.SortStableFunc(section.lines, func(a, b *mapLine) int {
			x, _ := m.endsOf(a)
			y, _ := m.endsOf(b)
			return strings.Compare(x, y)
		})
		var rows [][]string
		last := ""
		flush := func() {
			page.grid(rows)
			rows = nil
		}
		for _, l := range section.lines {
			group, other := m.endsOf(l)
			if group != last {
				flush()
				page.blank()
				page.text("", Plain(group))
				last = group
			}
			rows = append(rows, []string{s.mark(verdictStatus[l.Verdict]), Plain(other), Plain(l.what())})
		}
		flush()
	}
	entries := m.entries()
	m.entriesTable(page, entries)
	page.blank()
	page.text("", m.summary(sections))
	for _, note := range m.notes() {
		page.text("", Plain(note))
	}
	result := ""
	if m.found["Unknown"] > 0 || unclearEntries(entries) {
		result = "Unclear"
	}
	page.missing(m.sortedFacts(), m.Gaps, result)
	if page.err != nil {
		return page.err
	}
	return out.Flush()
}

func (m *Map) markdown(w io.Writer, _ Style) error {
	sections, err := m.sections()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	page := &pager{w: out}
	page.line("## Who may talk to whom")
	page.blank()
	page.line(markdown(m.summary(sections)))
	for _, note := range m.notes() {
		page.blank()
		page.line(markdown(note))
	}
	for _, section := range sections {
		page.blank()
		page.line("### " + section.title)
		page.blank()
		page.line("| | from | to | ports |")
		page.line("| --- | --- | --- | --- |")
		for _, l := range section.lines {
			from, to := l.source, l.destination
			if from == "" {
				from = m.outsideText(l.ranges)
			}
			if to == "" {
				to = m.outsideText(l.ranges)
			}
			page.line("| " + Style{}.mark(verdictStatus[l.Verdict]) + " | " + markdown(from) + " | " + markdown(to) + " | " + markdown(l.what()) + " |")
		}
	}
	entries := m.entries()
	m.entriesMarkdown(page, entries)
	result := ""
	if m.found["Unknown"] > 0 || unclearEntries(entries) {
		result = "Unclear"
	}
	page.unknown(result, m.sortedFacts(), m.Gaps)
	if page.err != nil {
		return page.err
	}
	return out.Flush()
}
