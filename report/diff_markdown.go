package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// mostComment is how long the page may become, so that it fits into a comment on a pull request with
// something to spare. Source: GitHub's limit for the body of a comment is 65,536 characters.
const mostComment = 60_000

// mostUnknown is how many facts and gaps the page lists.
const mostUnknown = 20

// markdown writes the page as a comment on a pull request: what to look at twice in a table, the rest
// folded away, and no more than fits.
func (d *FlowDiff) markdown(w io.Writer) error {
	var tail bytes.Buffer
	end := &pager{w: &tail}
	d.entriesMarkdown(end)
	end.unknown(unclear(d.Facts), d.Facts[:min(len(d.Facts), mostUnknown)], d.Gaps[:min(len(d.Gaps), mostUnknown)])
	if more := max(len(d.Facts)-mostUnknown, 0) + max(len(d.Gaps)-mostUnknown, 0); more > 0 {
		end.blank()
		end.line(fmt.Sprintf("%d more of these are left out.", more))
	}

	groups, page := d.groups(), &pager{w: w}
	page.line("## What changes in who may talk to whom")
	page.blank()
	page.line("**" + markdown(d.summary(groups)+d.entriesText()) + "**")
	if text := d.policiesText(); text != "" && len(d.Flows) > 0 {
		page.blank()
		page.line(text + ".")
	}
	for _, note := range d.notes() {
		page.blank()
		page.line(markdown(note))
	}
	room := mostComment - tail.Len()
	left := 0
	section := func(title string, folded, risky bool, kind string) {
		var rows []string
		for _, g := range groups {
			if g.Change != kind && kind != "" || (len(g.Risks) > 0) != risky {
				continue
			}
			for _, l := range g.lines {
				rows = append(rows, d.markdownRow(l, risky))
			}
		}
		if len(rows) == 0 {
			return
		}
		shown := 0
		for shown < len(rows) && room > len(rows[shown]) {
			room -= len(rows[shown])
			shown++
		}
		left += len(rows) - shown
		page.blank()
		switch {
		case folded:
			page.line(fmt.Sprintf("<details><summary>%s (%d)</summary>", title, len(rows)))
		default:
			page.line("### " + title)
		}
		if shown > 0 {
			page.blank()
			head, rule := "| from | to | ports | because |", "| --- | --- | --- | --- |"
			if risky {
				head, rule = "| | from | to | ports | risk | because |", "| --- | --- | --- | --- | --- | --- |"
			}
			page.line(head)
			page.line(rule)
			for _, row := range rows[:shown] {
				page.line(strings.TrimRight(row, "\n"))
			}
		}
		if folded {
			page.blank()
			page.line("</details>")
		}
	}
	section("Look at these twice", false, true, "")
	for _, s := range diffSections {
		section(s.title, true, false, s.kind)
	}
	if left > 0 {
		page.blank()
		page.line(fmt.Sprintf("%s left out here, to fit into a comment. All of it:", plural(left, "row is", "rows are")))
		page.fence(d.command, false)
	}
	if page.err != nil {
		return page.err
	}
	_, err := w.Write(tail.Bytes())
	return err
}

// markdownRow writes a flow as a line of a table.
func (d *FlowDiff) markdownRow(l *diffLine, risky bool) string {
	from, to := d.who(l)
	var because []string
	for _, text := range l.because() {
		because = append(because, markdown(text))
	}
	cells := []string{markdown(from), markdown(to), markdown(l.what())}
	if risky {
		cells = append(append([]string{l.Change}, cells...), markdown(l.riskText()))
	}
	return "| " + strings.Join(append(cells, strings.Join(because, "<br>")), " | ") + " |\n"
}

// plural counts in words: "1 row is", "2 rows are".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
