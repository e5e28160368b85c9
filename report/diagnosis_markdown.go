package report

import (
	"io"
	"slices"
	"strings"
)

// markdown writes a diagnosis for an issue, an incident or a pull request.
func (d *Diagnosis) markdown(w io.Writer) error {
	page := &pager{w: w}
	page.line("## " + markdown(d.from+" → "+d.to))
	page.blank()
	page.line("**" + d.Result + "**: " + markdown(d.summary) + ".")
	page.blank()
	page.line(markdown(d.basis) + ".")
	if len(d.outcomes) > 0 {
		page.blank()
		for _, text := range d.outcomes {
			page.line("- If " + markdown(text) + ".")
		}
	}
	page.blank()
	page.line("| step | | what was seen |")
	page.line("| --- | --- | --- |")
	for _, s := range d.steps() {
		var lines []string
		for _, l := range s.Lines {
			lines = append(lines, markdown(lineText(s, l)))
		}
		page.line("| " + markdown(s.Title) + " | " + Style{}.mark(s.Status) + " | " + strings.Join(lines, "<br>") + " |")
	}
	page.probeMarkdown(d.Probe)
	page.findings(d.Findings)
	if len(d.fixed) > 0 {
		page.blank()
		page.line("### What the fixes change")
		page.blank()
		for _, text := range slices.Concat(d.fixed, d.Opens.sentences()) {
			page.line("- " + markdown(text) + ".")
		}
	}
	if changes := slices.Concat(d.changed, d.noted); len(changes) > 0 {
		page.blank()
		page.line("### What changed last")
		page.blank()
		for _, l := range changes {
			page.line("- " + markdown(l))
		}
	}
	page.unknown(d.Result, d.Facts, d.Gaps)
	return page.err
}

// unknown writes what an unclear answer depends on, and what could not be read.
func (p *pager) unknown(result string, facts []Fact, gaps []Gap) {
	if result == "Unclear" && len(facts) > 0 {
		p.blank()
		p.line("### What is not known")
		p.blank()
		for _, f := range facts {
			p.line("- " + markdown(f.Missing) + ". To find out: " + markdown(f.Settle) + ".")
		}
	}
	if len(gaps) > 0 {
		p.blank()
		p.line("### What could not be read")
		p.blank()
		for _, g := range gaps {
			p.line("- " + markdown(strings.TrimSpace(g.Resource+" "+g.Namespace)+": "+g.Reason))
		}
	}
}

// fence writes text that is meant to be copied. The fence is longer than any run of backticks
// in it.
func (p *pager) fence(text string, isYAML bool) {
	mark := "```"
	for strings.Contains(text, mark) {
		mark += "`"
	}
	language := "sh"
	if isYAML {
		language = "yaml"
	}
	p.blank()
	p.line(mark + language)
	for line := range strings.Lines(text) {
		p.line(Plain(strings.TrimRight(line, "\n")))
	}
	p.line(mark)
}
