package report

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// mermaid writes the map as a Mermaid flowchart: a box for each namespace, a dotted arrow for what
// is not known, a crossed one for what is denied.
func (m *Map) mermaid(w io.Writer, _ Style) error {
	lines, err := m.lines()
	if err != nil {
		return err
	}
	chart := &chart{ids: map[string]string{}}
	for _, l := range lines {
		l.from, l.to = chart.node(m.chartNode(l.Source, l)), chart.node(m.chartNode(l.Destination, l))
	}
	wayIn := m.chartEntries(chart)
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "flowchart LR")
	slices.SortFunc(chart.groups, func(a, b *chartGroup) int { return strings.Compare(a.namespace, b.namespace) })
	for i, g := range chart.groups {
		indent := "  "
		if g.namespace != "" {
			fmt.Fprintf(out, "  subgraph s%d[\"%s\"]\n", i, mermaidText(g.namespace))
			indent = "    "
		}
		for _, line := range g.nodes {
			fmt.Fprintln(out, indent+line)
		}
		if g.namespace != "" {
			fmt.Fprintln(out, "  end")
		}
	}
	arrows := map[string]string{"Allowed": "-->", "Unknown": "-.->", "Denied": "--x"}
	for _, l := range lines {
		fmt.Fprintf(out, "  %s %s|\"%s\"| %s\n", l.from, arrows[l.Verdict], mermaidText(l.what()), l.to)
	}
	for _, line := range wayIn {
		fmt.Fprintln(out, "  "+line)
	}
	return out.Flush()
}

// chartEntries adds a node for each Ingress or route and returns its arrows, to who sends the requests on and
// to where they arrive.
func (m *Map) chartEntries(c *chart) (arrows []string) {
	for _, in := range m.entries() {
		id := c.node("entry "+in.name(), in.Namespace, strings.ToLower(in.Kind)+"/"+in.Name+" ("+in.hosts()+")")
		for _, b := range in.Backends {
			arrow := map[string]string{"ok": "==>", "problem": "--x"}[b.mark()]
			if arrow == "" {
				arrow = "-.->"
			}
			label := in.by() + ": " + b.what()
			if len(b.Destinations) == 0 {
				to := c.node("backend "+b.service(), b.Object.Namespace, b.service())
				arrows = append(arrows, fmt.Sprintf("%s %s|\"%s\"| %s", id, arrow, mermaidText(label), to))
			}
			for _, d := range b.Destinations {
				to := c.node(m.chartNode(d.End, &mapLine{ranges: rangesOf(d.End)}))
				arrows = append(arrows, fmt.Sprintf("%s %s|\"%s\"| %s", id, arrow, mermaidText(label), to))
			}
		}
	}
	return arrows
}

func rangesOf(e Endpoint) []netip.Prefix {
	if p, err := netip.ParsePrefix(e.CIDR); err == nil {
		return []netip.Prefix{p}
	}
	return nil
}

// chart collects the nodes of a flowchart by namespace.
type chart struct {
	ids    map[string]string
	groups []*chartGroup
}

type chartGroup struct {
	namespace string
	nodes     []string
}

// chartNode returns what a node is told apart by, its namespace and what is written in it.
func (m *Map) chartNode(e Endpoint, l *mapLine) (key, namespace, label string) {
	switch e.Kind {
	case "CIDR":
		return fmt.Sprint(l.ranges), "", m.outsideText(l.ranges) // other ranges may read the same
	case "Namespace":
		return "ns/" + e.Name, "", e.Name
	}
	return typedEnd(e), e.Namespace, strings.ToLower(e.Kind) + "/" + e.Name
}

// node returns the id of a node, which is made when it is first asked for.
func (c *chart) node(key, namespace, label string) string {
	if id := c.ids[key]; id != "" {
		return id
	}
	id := fmt.Sprintf("n%d", len(c.ids))
	c.ids[key] = id
	i := slices.IndexFunc(c.groups, func(g *chartGroup) bool { return g.namespace == namespace })
	if i < 0 {
		i = len(c.groups)
		c.groups = append(c.groups, &chartGroup{namespace: namespace})
	}
	c.groups[i].nodes = append(c.groups[i].nodes, fmt.Sprintf("%s[\"%s\"]", id, mermaidText(label)))
	return id
}

// mermaidText makes text harmless in quotes: what could end them or begin markup becomes an entity.
// Source: Mermaid documentation, "Flowcharts", "Entity codes to escape characters".
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range Plain(text) {
		if strings.ContainsRune("\"#<>&`\\;", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
