package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// table writes a diagnosis for a person: who to whom, the walk, what decides, the fix.
func (d *Diagnosis) table(w io.Writer, s Style) error {
	page := &pager{w: w, style: s}
	page.blank()
	page.text("", s.paint(bold, Plain(d.from)+"  →  "+Plain(d.to)))
	page.text("", Plain(d.basis))
	page.blank()
	page.steps(d.steps())
	page.probe(d.Probe)
	page.blank()
	page.verdict(d.Result, d.summary)
	page.outcomes(d.outcomes)
	page.fixes(d)
	page.changes(d.changed, d.noted)
	page.missing(d.Facts, d.Gaps, d.Result)
	if len(d.Findings) > 0 {
		page.more(d.Findings[0].Code)
	}
	if d.next != "" {
		page.blank()
		page.text("", "To test it on the network:")
		page.blank()
		page.code(d.next)
	}
	return page.err
}

// steps are the steps of the walk, where findings that are told in full below have their titles alone.
func (d *Diagnosis) steps() []Step {
	var out []Step
	for _, step := range d.Steps {
		var lines []Line
		for _, l := range step.Lines {
			below := func(f Finding) bool { return f.Code == l.Label && f.Message == l.Text }
			i := slices.IndexFunc(d.Findings, below)
			if l.short != "" && (i > 0 || i == 0 && (d.Result == "Works" || strings.Contains(d.summary, l.Text))) {
				l.Text = l.short
			}
			if !slices.Contains(lines, l) {
				lines = append(lines, l)
			}
		}
		step.Lines = lines
		out = append(out, step)
	}
	return out
}

// pager writes the blocks of a page and remembers the first error.
type pager struct {
	w     io.Writer
	style Style
	err   error
}

func (p *pager) blank() { p.line("") }

func (p *pager) line(text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, text)
	}
}

// text writes a paragraph with a label in front; its lines hang below each other.
func (p *pager) text(label, text string) {
	if label == "" {
		for _, line := range strings.Split(wrap(text, p.style.Columns()-len(indent)), "\n") {
			p.line(indent + line)
		}
		return
	}
	p.grid([][]string{{label, text}})
}

func (p *pager) grid(rows [][]string) {
	if p.err == nil {
		p.err = p.style.grid(p.w, rows)
	}
}

func (p *pager) steps(steps []Step) {
	var rows [][]string
	for _, step := range steps {
		title := p.style.mark(step.Status) + " " + step.Title
		mixed := slices.ContainsFunc(step.Lines, func(l Line) bool { return l.shown() != step.Status })
		mixed = mixed || step.Status == "problem" && len(step.Lines) > 1
		for _, l := range step.Lines {
			text := Plain(lineText(step, l))
			if mixed {
				text = p.style.mark(l.shown()) + " " + text
			}
			rows = append(rows, []string{title, text})
			title = ""
		}
	}
	p.grid(rows)
}

// lineText puts a line and its label together. The label of labels is a name, and reads as one.
func lineText(step Step, l Line) string {
	switch {
	case l.Label == "":
		return l.Text
	case (step.Name == "labels" || step.Name == "namespaces") && !strings.HasPrefix(l.Label, "NPD"):
		return l.Label + ": " + l.Text
	}
	return l.Label + " " + l.Text
}

func (p *pager) verdict(result, summary string) {
	p.text("", p.style.paint(bold+";"+resultColor(result), strings.ToUpper(result)+":")+" "+Plain(summary)+".")
}

// outcomes writes what becomes of an unclear answer in each case.
func (p *pager) outcomes(texts []string) {
	var rows [][]string
	for _, text := range texts {
		rows = append(rows, []string{"If", Plain(text)})
	}
	if len(rows) > 0 {
		p.blank()
		p.grid(rows)
	}
}

func resultColor(result string) string {
	switch result {
	case "Works":
		return green
	case "Fails":
		return red
	}
	return yellow
}

// fixes writes what is to be done in full, and what else was found in a line each.
func (p *pager) fixes(d *Diagnosis) {
	if len(d.Findings) == 0 {
		return
	}
	first, rest := d.Findings[0], d.Findings[1:]
	needed := slices.Clone(d.Findings[:1])
	for _, f := range rest {
		if f.Severity == "error" {
			needed = append(needed, f)
		}
	}
	fixes, todo := fixesOf(needed), ""
	rows := fixRows(fixes, len(needed) > 1)
	switch {
	case len(fixes) > 0 && len(d.fixed) > 0:
		for _, text := range d.fixed {
			label := ""
			if rows[len(rows)-1][0] == careful {
				label = "Proof"
			}
			rows = append(rows, []string{label, Plain(text)})
		}
		rows = append(rows, d.Opens.rows(p.style)...)
	case len(fixes) == 0 && first.Advice != "" && d.Result != "Works" && (d.Result != "Unclear" || len(d.Facts) == 0):
		text, command := commandIn(first.Advice)
		rows, todo = append(rows, []string{advised, Plain(text)}), command
	}
	if d.Result == "Works" {
		rest = d.Findings // none is the cause of anything
	}
	for _, f := range rest {
		if len(needed) == 2 && len(fixList(f.Fix)) > 1 && sameFixes(f, first) {
			continue // the other end of the same connection: the summary speaks of both
		}
		rows = append(rows, []string{"Also", Plain(f.Message + " (" + f.Code + ")")})
		if d.Result == "Works" && f.Advice != "" {
			rows = append(rows, []string{"", Plain(f.Advice)})
		}
	}
	if len(rows) > 0 {
		p.blank()
		p.grid(rows)
	}
	if todo != "" {
		p.blank()
		p.code(todo)
	}
	p.commands(fixes)
}

// commandIn takes a command at the end of advice apart, so that it is not wrapped.
func commandIn(advice string) (text, command string) {
	if i := strings.LastIndex(advice, ": kubectl "); i >= 0 {
		return advice[:i+1], advice[i+2:]
	}
	return advice, ""
}

// advised is what advice is labelled with where no change is proposed.
const advised = "Advice"

// more says where to read on.
func (p *pager) more(code string) {
	p.blank()
	p.grid([][]string{{"More", "kubectl netpol-doctor explain " + code}})
}

// code writes lines that are meant to be copied, so they are not wrapped.
func (p *pager) code(text string) {
	for line := range strings.Lines(text) {
		p.line(strings.TrimRight(indent+indent+Plain(strings.TrimRight(line, "\n")), " "))
	}
}

// missing says what would settle an unclear answer, and what could not be read.
func (p *pager) missing(facts []Fact, gaps []Gap, result string) {
	var rows [][]string
	if result == "Unclear" {
		for _, f := range facts {
			rows = append(rows, []string{"Find out", Plain(f.Settle)})
		}
	}
	rows = compact(rows)
	for _, g := range gaps {
		if g.Reason == string(cluster.NotProvided) {
			continue // what depends on it is among the facts
		}
		if g.Reason == string(cluster.NotRendered) {
			rows = append(rows, []string{"Not read", Plain(g.Name + " " + g.Detail)})
			continue
		}
		what := strings.Join(strings.Fields(g.Resource+" "+g.Name+" "+cluster.Gap{Resource: g.Resource, Namespace: g.Namespace, Name: g.Name}.Where()), " ")
		rows = append(rows, []string{"Not read", Plain(what + ": " + g.Reason)})
	}
	if len(rows) > 0 {
		p.blank()
	}
	forbidden := slices.IndexFunc(gaps, func(g Gap) bool { return g.Reason == string(cluster.Forbidden) && g.Command != "" })
	if forbidden >= 0 && result == "Unclear" {
		rows = append(rows, []string{"Ask", Plain("somebody who may read it to run: " + gaps[forbidden].Command)})
	}
	if len(rows) > 0 {
		p.grid(rows)
	}
}

func compact(rows [][]string) [][]string {
	var out [][]string
	seen := map[string]bool{}
	for _, r := range rows {
		if key := strings.Join(r, "\x00"); !seen[key] {
			seen[key] = true
			out = append(out, r)
		}
	}
	return out
}
