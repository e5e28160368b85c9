package report

import (
	"io"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/explain"
)

// StepReport is the answer of the commands that show one step of the walk.
type StepReport struct {
	Header
	About    string    `json:"about"`
	Result   string    `json:"result"`
	Step     Step      `json:"step"`
	Findings []Finding `json:"findings"`
	Facts    []Fact    `json:"facts"`
	Gaps     []Gap     `json:"gaps"`
	Plugin   Plugin    `json:"plugin"`
	// Rights is there where it was asked who may undo the policies.
	Rights *Rights `json:"rights,omitempty"`

	// For people only.
	summary, command, version string
}

// NewStepReport makes the document of one step.
func NewStepReport(one *explain.OneStep, o Options) *StepReport {
	return &StepReport{
		Header:   Header{APIVersion, "StepReport"},
		About:    one.About,
		Result:   string(one.Result),
		Step:     stepOf(one.Step),
		Findings: findingsOf(one.Findings, o),
		Facts:    factsOf(one.Facts),
		Gaps:     gapsOf(one.Snapshot.Gaps, o.Reread),
		Plugin:   pluginOf(one.Plugin),
		Rights:   rightsOf(one.Rights),
		summary:  one.Summary(),
		command:  o.Command,
		version:  o.Version,
	}
}

func (r *StepReport) table(w io.Writer, s Style) error {
	page := &pager{w: w, style: s}
	page.blank()
	page.text("", s.paint(bold, r.Step.Title+" of "+Plain(r.About)))
	page.blank()
	var rows [][]string
	labelled := slices.ContainsFunc(r.Step.Lines, func(l Line) bool { return l.Label != "" })
	for _, l := range r.Step.Lines {
		row := []string{s.mark(l.shown()), Plain(l.Label), Plain(l.Text)}
		if !labelled {
			row = slices.Delete(row, 1, 2)
		}
		rows = append(rows, row)
	}
	page.grid(rows)
	page.blank()
	page.text("", s.paint(bold+";"+resultColor(r.Result), strings.ToUpper(r.summary)+"."))
	fixes := fixesOf(r.Findings)
	rows = fixRows(fixes, true)
	for _, f := range r.Findings {
		if len(fixList(f.Fix)) == 0 && f.Advice != "" {
			rows = append(rows, []string{advised, Plain(f.Advice + " (" + f.Code + ")")})
		}
	}
	if len(rows) > 0 {
		page.blank()
		page.grid(compact(rows))
	}
	page.commands(fixes)
	page.missing(r.Facts, r.Gaps, r.Result)
	if len(r.Findings) > 0 {
		page.more(r.Findings[0].Code)
	}
	return page.err
}

func (r *StepReport) markdown(w io.Writer) error {
	page := &pager{w: w}
	page.line("## " + markdown(r.Step.Title+" of "+r.About))
	page.blank()
	page.line("**" + markdown(r.summary) + "**.")
	page.blank()
	page.line("| | | |")
	page.line("| --- | --- | --- |")
	for _, l := range r.Step.Lines {
		page.line("| " + Style{}.mark(l.shown()) + " | " + markdown(strings.TrimSpace(l.Label)) + " | " + markdown(l.Text) + " |")
	}
	page.findings(r.Findings)
	return page.err
}

// findings writes each finding with its fix. A fix that mends two findings stands once.
func (p *pager) findings(findings []Finding) {
	fixes := fixesOf(findings)
	labels := fixLabels(fixes)
	written := make([]bool, len(fixes))
	for _, f := range findings {
		p.blank()
		p.line("### " + f.Code + " (" + f.Severity + ")")
		p.blank()
		p.line(markdown(f.Message) + ".")
		for i, fix := range fixes {
			has := slices.ContainsFunc(fixList(f.Fix), func(o Fix) bool { return sameFix(o, fix.Fix) })
			if written[i] || !has || fix.code != "" && fix.code != f.Code {
				continue
			}
			written[i] = true
			p.blank()
			p.line(markdown(labels[i]) + ": " + markdown(fixText(fix.Fix)))
			for _, caution := range fix.Cautions {
				p.blank()
				p.line(careful + ": " + markdown(caution) + ".")
			}
			p.blank()
			p.line(markdown(commandHeading(fix.Fix)))
			p.fence(fixCommand(fix.Fix), fix.Manifest != nil)
		}
		if f.Advice != "" {
			p.blank()
			p.line(advised + ": " + markdown(f.Advice) + ".")
		}
	}
}
