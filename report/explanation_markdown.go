package report

import (
	"io"
	"strings"
)

// markdown writes an explanation for an issue, a review or a wiki.
func (e *Explanation) markdown(w io.Writer) error {
	page := &pager{w: w}
	page.line("## " + markdown(e.About))
	for _, f := range e.Findings {
		if e.Subject == "Finding" {
			page.entry(f)
			continue
		}
		page.blank()
		page.line("- **" + f.Code + "** " + markdown(candidateText(e, f)))
	}
	for _, t := range e.Treatments {
		page.treatment(e, t)
	}
	if e.Text != "" {
		page.blank()
		page.line(markdown(e.Text) + ".")
	}
	if e.Runbook != "" {
		page.blank()
		page.line("More: " + e.Runbook)
	}
	if len(e.Notes) > 0 {
		page.blank()
		page.line("### To mind")
		page.blank()
		for _, n := range e.Notes {
			page.line("- " + markdown(noteText(n)))
		}
	}
	if len(e.Facts) > 0 {
		page.blank()
		page.line("### What is not known")
		page.blank()
		for _, f := range e.Facts {
			page.line("- " + markdown(f.Missing) + ". To find out: " + markdown(f.Settle) + ".")
		}
	}
	if len(e.Gaps) > 0 {
		page.blank()
		page.line("### What could not be read")
		page.blank()
		for _, g := range e.Gaps {
			page.line("- " + markdown(strings.TrimSpace(g.Resource+" "+g.Namespace)+": "+g.Reason))
		}
	}
	return page.err
}

// entry writes what the catalogue says of a finding.
func (p *pager) entry(f CatalogueEntry) {
	for _, part := range docParts(f.Doc) {
		p.blank()
		text := markdown(part.text)
		if part.label != "" {
			text = "**" + part.label + "**: " + text
		}
		p.line(text)
	}
	if len(f.Symptoms) > 0 {
		p.blank()
		p.line("**Symptoms**: " + markdown(strings.Join(f.Symptoms, "; ")))
	}
}

func (p *pager) treatment(e *Explanation, t Treatment) {
	p.blank()
	switch {
	case e.Subject == "Policy":
		p.line("Selects " + markdown(t.Who) + ".")
	case len(e.Treatments) > 1:
		p.line("### " + markdown(t.Who))
	}
	for _, d := range t.Directions {
		p.blank()
		p.line("**" + strings.ToUpper(d.Direction[:1]) + d.Direction[1:] + "**: " + markdown(d.Text) + end(d.Text))
		if len(d.Opens) == 0 {
			continue
		}
		p.blank()
		p.line("| " + d.from + " | ports | rule |")
		p.line("| --- | --- | --- |")
		for _, o := range d.Opens {
			p.line("| " + markdown(o.text) + " | " + markdown(o.Ports) + " | " + markdown(e.ruleName(o)) + " |")
		}
	}
}
