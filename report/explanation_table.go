package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// table writes an explanation for a person.
func (e *Explanation) table(w io.Writer, s Style) error {
	page := &pager{w: w, style: s}
	page.blank()
	headline := e.About
	if strings.Contains(e.Origin, ":") {
		headline += " (" + e.Origin + ")"
	}
	page.text("", s.paint(bold, Plain(headline)))
	switch e.Subject {
	case "Finding":
		page.finding(e.Findings[0])
	case "Symptom":
		page.candidates(e)
	default:
		page.treatments(e)
		page.notes(e)
		page.missing(e.Facts, e.Gaps, "Unclear") // whatever the result: what is marked "?" can be settled
	}
	return page.err
}

// finding writes what the catalogue says of one finding.
func (p *pager) finding(f CatalogueEntry) {
	var rows [][]string
	for _, part := range docParts(f.Doc) {
		if part.label == "" && len(rows) == 0 {
			p.blank()
			p.text("", part.text)
			continue
		}
		rows = append(rows, []string{part.label, part.text})
	}
	if symptoms := f.Symptoms; len(symptoms) > 0 {
		text := strings.Join(symptoms[:min(len(symptoms), mostSymptoms)], "; ")
		if n := len(symptoms) - mostSymptoms; n > 0 {
			text += fmt.Sprintf("; and %d more (-o json)", n)
		}
		rows = append(rows, []string{"Symptoms", text})
	}
	rows = append(rows, []string{"Severity", f.Severity})
	p.blank()
	p.grid(rows)
}

// mostSymptoms is how many symptoms are shown, the most typical first.
const mostSymptoms = 6

// mostCandidates is how many findings are shown for a symptom before the rest is only named.
const mostCandidates = 8

// candidates writes the findings that show a symptom, likeliest first.
func (p *pager) candidates(e *Explanation) {
	p.blank()
	var rows [][]string
	var rest []string
	for i, f := range e.Findings {
		if i >= mostCandidates {
			rest = append(rest, f.Code)
			continue
		}
		rows = append(rows, []string{f.Code, candidateText(e, f)})
	}
	p.grid(rows)
	if len(rest) > 0 {
		p.blank()
		p.text("", "Less often: "+strings.Join(rest, ", ")+".")
	}
	p.blank()
	p.text("", Plain(e.Text)+".")
	if e.Runbook != "" {
		p.blank()
		p.line(indent + "More  " + e.Runbook) // is not wrapped, as it is to be clicked or copied
	}
}

// candidateText names a finding, and the symptom by which it was found where that is not the
// likeliest one's.
func candidateText(e *Explanation, f CatalogueEntry) string {
	if f.Symptom != e.Findings[0].Symptom {
		return f.Title + " (" + f.Symptom + ")"
	}
	return f.Title
}

// treatments writes how pods are treated, with a table for each direction.
func (p *pager) treatments(e *Explanation) {
	for _, t := range e.Treatments {
		if e.Subject == "Policy" {
			p.blank()
			p.text("Selects", Plain(t.Who))
		} else if len(e.Treatments) > 1 {
			p.blank()
			p.text("", p.style.paint(bold, Plain(t.Who)))
		}
		for _, d := range t.Directions {
			p.blank()
			p.text("", p.style.paint(bold, strings.ToUpper(d.Direction[:1])+d.Direction[1:]+":")+" "+Plain(d.Text)+end(d.Text))
			if len(d.Opens) == 0 {
				continue
			}
			p.blank()
			p.openings(e, d)
		}
	}
	if e.Text != "" {
		p.blank()
		p.text("", Plain(e.Text)+".")
	}
}

// end is what a sentence ends in that does not lead to a table.
func end(text string) string {
	if strings.HasSuffix(text, ":") {
		return ""
	}
	return "."
}

// openings writes a line for each peer of a rule: whom it means, the ports, where it is written.
func (p *pager) openings(e *Explanation, d Isolation) {
	rows := [][]string{{d.from, "ports", "rule"}}
	for _, o := range d.Opens {
		mark := ""
		switch {
		case o.Open != "" || !o.Certain:
			mark = p.style.mark("unknown") + " "
		case o.Nobody:
			mark = p.style.mark("warning") + " "
		}
		rows = append(rows, []string{mark + Plain(o.text), Plain(o.Ports), Plain(e.ruleName(o))})
	}
	p.columns(rows, []int{5, 2, 4})
}

// ruleName is where a rule is written down: by its path alone where only one policy is spoken of.
func (e *Explanation) ruleName(o Opening) string {
	if e.Subject == "Policy" {
		return o.Path
	}
	_, name, _ := strings.Cut(o.Policy, "/")
	return name + " " + o.Path
}

// columns writes a table whose cells are all wrapped. A column that needs less than its share of
// the width leaves the rest to the others.
func (p *pager) columns(rows [][]string, shares []int) {
	widths := make([]int, len(shares))
	for c := range shares {
		for _, r := range rows {
			widths[c] = max(widths[c], twwidth.Width(r[c]))
		}
	}
	fit(widths, shares, p.style.Columns()-len(indent)-gutter*(len(shares)-1))
	for _, r := range rows {
		var cells [][]string
		height := 0
		for c, text := range r {
			cells = append(cells, hang(text, widths[c]))
			height = max(height, len(cells[c]))
		}
		for line := range height {
			text := indent
			for c := range cells {
				cell := ""
				if line < len(cells[c]) {
					cell = cells[c][line]
				}
				text += cell + strings.Repeat(" ", max(0, widths[c]-twwidth.Width(cell))+gutter)
			}
			p.line(trimEnd(text))
		}
	}
}

// hang wraps the text of a cell; all lines but the first are indented, so that rows stay apart.
func hang(text string, width int) []string {
	if twwidth.Width(text) <= width || width <= narrowest/2 {
		return strings.Split(wrap(text, width), "\n")
	}
	lines := strings.Split(wrap(text, width-len(indent)), "\n")
	for i := range lines[1:] {
		lines[i+1] = indent + lines[i+1]
	}
	return lines
}

// fit narrows columns until they fit into a width: each to its share of what those leave that need
// less than theirs.
func fit(widths, shares []int, width int) {
	settled := make([]bool, len(widths))
	for {
		rest, all := width, 0
		for c := range widths {
			if settled[c] {
				rest -= widths[c]
			} else {
				all += shares[c]
			}
		}
		again := false
		for c := range widths {
			if !settled[c] && widths[c] <= rest*shares[c]/all {
				settled[c], again = true, true
			}
		}
		if again {
			continue
		}
		for c := range widths {
			if !settled[c] {
				widths[c] = max(rest*shares[c]/all, 1)
			}
		}
		return
	}
}

// notes writes what is easily overlooked, and what is not known.
func (p *pager) notes(e *Explanation) {
	var rows [][]string
	for _, n := range e.Notes {
		status := n.Status
		if status == "ok" {
			status = "info" // nothing to praise
		}
		rows = append(rows, []string{p.style.mark(status), Plain(noteText(n))})
	}
	if len(rows) > 0 {
		p.blank()
		p.grid(rows)
	}
}

func noteText(n Note) string {
	text := n.Text
	field := n.Path[strings.LastIndexByte(n.Path, ' ')+1:] // without the name of the policy
	if field != "" && !strings.Contains(text, field) {
		text = n.Path + ": " + text
	}
	if n.Code != "" {
		text += " (" + n.Code + ")"
	}
	return text
}
