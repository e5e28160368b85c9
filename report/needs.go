package report

import (
	"io"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
)

// Needs is the answer of `diagnose` without a destination.
type Needs struct {
	Header
	Source Endpoint `json:"source"`
	Result string   `json:"result"`
	Needs  []Need   `json:"needs"`
	Facts  []Fact   `json:"facts"`
	Gaps   []Gap    `json:"gaps"`
	Plugin Plugin   `json:"plugin"`

	// For people only.
	about, summary, command, version string
	place                            cluster.Origin
}

// Need is one connection that the source is declared to have.
type Need struct {
	Kind      string   `json:"kind"`
	Direction string   `json:"direction"` // egress or ingress, seen from the source
	Peer      string   `json:"peer"`      // as it is typed
	Evidence  []string `json:"evidence"`
	Result    string   `json:"result"`
	Code      string   `json:"code,omitempty"`
	Summary   string   `json:"summary"`
	Command   string   `json:"command,omitempty"` // shows the whole walk
}

// NewNeeds makes the document of what a source is declared to need. The function makes the command
// line of another question about the same cluster.
func NewNeeds(n *explain.Needs, o Options, again func(words []string) string) *Needs {
	doc := &Needs{
		Header:  Header{APIVersion, "Needs"},
		Source:  endOf(n.Source),
		Result:  string(n.Result),
		Needs:   []Need{},
		Facts:   factsOf(n.Facts),
		Gaps:    gapsOf(n.Snapshot.Gaps, o.Reread),
		Plugin:  pluginOf(n.Plugin),
		about:   explain.Describe(n.Source),
		summary: n.Summary(),
		command: o.Command,
		version: o.Version,
		place:   placeOf(n.Source),
	}
	for _, need := range n.List {
		line := Need{
			Kind: string(need.Kind), Direction: "egress", Peer: need.Peer, Evidence: append([]string{}, need.Evidence...),
			Result: string(need.Result), Code: need.Code, Summary: need.Summary,
		}
		if need.Incoming {
			line.Direction = "ingress"
		}
		if need.Walk != nil {
			line.Command = again(need.Walk)
		}
		doc.Needs = append(doc.Needs, line)
	}
	return doc
}

// status is the sign that a result is shown with.
func (n Need) status() string {
	switch n.Result {
	case "Works":
		return "ok"
	case "Fails":
		return "problem"
	}
	return "unknown"
}

func (n Need) arrow() string {
	if n.Direction == "ingress" {
		return "← "
	}
	return "→ "
}

// why is where a need is declared, and what was seen where neither a code nor a command tells that.
func (n Need) why() string {
	parts := []string{}
	if len(n.Evidence) > 0 {
		parts = append(parts, strings.Join(n.Evidence, ", "))
	}
	if len(parts) == 0 || n.Result == "Fails" && n.Code == "" || n.Result == "Unclear" && n.Command == "" {
		parts = append(parts, n.Summary)
	}
	return strings.Join(parts, ": ")
}

func (d *Needs) table(w io.Writer, s Style) error {
	page := &pager{w: w, style: s}
	page.blank()
	page.text("", s.paint(bold, "What "+Plain(d.about)+" is declared to need"))
	page.blank()
	coded := slices.ContainsFunc(d.Needs, func(n Need) bool { return n.Code != "" })
	var rows [][]string
	for _, n := range d.Needs {
		row := []string{s.mark(n.status()), n.arrow() + Plain(n.Peer), n.Code, Plain(n.why())}
		if !coded {
			row = slices.Delete(row, 2, 3)
		}
		rows = append(rows, row)
	}
	page.grid(rows)
	page.blank()
	page.verdict(d.Result, d.summary)
	page.walks(d.Needs)
	page.missing(d.Facts, d.Gaps, d.Result)
	return page.err
}

// walks writes the command for the whole walk of each need that does not plainly work; where all
// do, of the first that has one.
func (p *pager) walks(needs []Need) {
	var commands []string
	intro := "For the whole walk of one of them:"
	for _, n := range needs {
		if n.Command != "" && n.Result != "Works" {
			intro = "For the whole walk:"
		}
		if n.Command != "" && (n.Result != "Works" || len(commands) == 0 && n.Kind != string(explain.NeedDNS)) {
			commands = append(commands, n.Command)
		}
	}
	if len(commands) == 0 {
		return
	}
	p.blank()
	p.text("", intro)
	p.blank()
	for _, c := range commands {
		p.code(c)
	}
}

func (d *Needs) markdown(w io.Writer) error {
	page := &pager{w: w}
	page.line("## What " + markdown(d.about) + " is declared to need")
	page.blank()
	page.line("**" + d.Result + "**: " + markdown(d.summary) + ".")
	page.blank()
	page.line("| | need | code | declared by | what was seen |")
	page.line("| --- | --- | --- | --- | --- |")
	for _, n := range d.Needs {
		page.line("| " + Style{}.mark(n.status()) + " | " + n.arrow() + markdown(n.Peer) + " | " + n.Code + " | " +
			markdown(strings.Join(n.Evidence, ", ")) + " | " + markdown(n.Summary) + " |")
	}
	var commands []string
	for _, n := range d.Needs {
		if n.Command != "" {
			commands = append(commands, n.Command)
		}
	}
	if len(commands) > 0 {
		page.blank()
		page.line("The whole walk of each:")
		page.fence(strings.Join(commands, "\n"), false)
	}
	page.unknown(d.Result, d.Facts, d.Gaps)
	return page.err
}
