package report

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

// The sign of a cell that is not there, and the legend of those that are.
const (
	noCell       = "-"
	matrixLegend = "✔ works, ■ blocked: as policies say; ✘ differs; ? not known; - not asked"
)

// sign returns the mark of a cell, which says the same without colour.
func (s standing) sign(style Style) string {
	switch s {
	case works:
		return style.mark("ok")
	case blocked:
		return style.paint(green, "■")
	case differs:
		return style.mark("problem")
	}
	return style.mark("unknown")
}

// matrixTable is the truth table: what is tested from, what is tested, and the cells of a row by
// their column.
type matrixTable struct {
	namespace string // the one that all ends are in; empty where there is none
	rows      []Endpoint
	columns   []MatrixCell // one cell of each
	cells     [][]*MatrixCell
}

func (d *ProbeMatrix) truthTable() matrixTable {
	t := matrixTable{namespace: d.namespace(), columns: slices.Clone(d.Cells)}
	slices.SortStableFunc(t.columns, compareColumns)
	t.columns = slices.CompactFunc(t.columns, func(a, b MatrixCell) bool { return compareColumns(a, b) == 0 })
	for i := range d.Cells {
		c := &d.Cells[i]
		if len(t.rows) == 0 || t.rows[len(t.rows)-1] != c.Source {
			t.rows = append(t.rows, c.Source)
			t.cells = append(t.cells, make([]*MatrixCell, len(t.columns)))
		}
		column := slices.IndexFunc(t.columns, func(o MatrixCell) bool { return compareColumns(*c, o) == 0 })
		t.cells[len(t.cells)-1][column] = c
	}
	return t
}

// namespace is the one that all ends are in that are in any.
func (d *ProbeMatrix) namespace() string {
	found := ""
	for _, c := range d.Cells {
		for _, e := range []Endpoint{c.Source, c.Destination} {
			switch {
			case e.Namespace == "" || e.Namespace == found:
			case found != "":
				return ""
			default:
				found = e.Namespace
			}
		}
	}
	return found
}

// end is how an end is typed where the namespace is said above.
func (t matrixTable) end(e Endpoint) string {
	switch {
	case e.CIDR != "":
		return check.AddressText(e.CIDR)
	case e.Kind == "Internet" || e.Kind == "DNSName":
		return e.Name
	case e.Namespace == t.namespace:
		e.Namespace = ""
	}
	return ends.Typed(cluster.Ref{Kind: e.Kind, Namespace: e.Namespace, Name: e.Name})
}

// column is a destination with its port.
func (t matrixTable) column(c MatrixCell) string {
	text := t.end(c.Destination)
	if strings.Contains(text, ":") {
		text = "[" + text + "]"
	}
	port := c.PortName
	if c.Port != 0 {
		port = strconv.Itoa(int(c.Port))
	}
	if c.Protocol != "TCP" {
		port += "/" + c.Protocol
	}
	return text + ":" + port
}

func (t matrixTable) pair(c MatrixCell) string { return t.end(c.Source) + " → " + t.column(c) }

// grid lays the table out, and tells whether it fits.
func (t matrixTable) grid(s Style, heads []string) (rows [][]string, fits bool) {
	rows = append(rows, append([]string{"from"}, heads...))
	width := len(indent) + twwidth.Width("from")
	for _, r := range t.rows {
		width = max(width, len(indent)+twwidth.Width(Plain(t.end(r))))
	}
	for _, h := range heads {
		width += gutter + max(1, twwidth.Width(h))
	}
	for i, r := range t.rows {
		row := []string{Plain(t.end(r))}
		for _, c := range t.cells[i] {
			if c == nil {
				row = append(row, noCell)
			} else {
				row = append(row, c.standing.sign(s))
			}
		}
		rows = append(rows, row)
	}
	return rows, width <= s.Columns()
}

// table writes the truth table with the destinations as columns; where their names do not fit,
// with numbers for them; where those do not, a line for each cell.
func (d *ProbeMatrix) table(w io.Writer, s Style) error {
	page := &pager{w: w, style: s}
	t := d.truthTable()
	title := "Tested on the network"
	if t.namespace != "" {
		title += ", in namespace " + Plain(t.namespace)
	}
	page.blank()
	page.text("", s.paint(bold, title))
	page.blank()
	var names, numbers []string
	var index [][]string
	for i, c := range t.columns {
		name, number := Plain(t.column(c)), strconv.Itoa(i+1)
		names, numbers = append(names, name), append(numbers, number)
		index = append(index, []string{number, name})
	}
	if rows, fits := t.grid(s, names); fits {
		page.grid(rows)
	} else if rows, fits := t.grid(s, numbers); fits {
		page.grid(rows)
		page.blank()
		page.grid(index)
	} else {
		page.grid(d.list(t, s))
	}
	page.blank()
	page.text("", matrixLegend)
	page.blank()
	page.text("", s.paint(bold+";"+resultColor(d.Result), strings.ToUpper(d.title())+":")+" "+d.summary()+".")
	d.details(page, t)
	page.missing(d.Facts, d.Gaps, d.Result)
	return page.err
}

// list has a line for each cell.
func (d *ProbeMatrix) list(t matrixTable, s Style) [][]string {
	var rows [][]string
	for _, c := range d.Cells {
		rows = append(rows, []string{c.standing.sign(s), Plain(t.pair(c))})
	}
	return rows
}

// details writes what differs in full, then what is not known and what was left out.
func (d *ProbeMatrix) details(page *pager, t matrixTable) {
	s := page.style
	for _, b := range d.sayings(t, differs) {
		page.blank()
		rows := [][]string{{s.mark("problem") + " " + b.code, Plain(b.text)}}
		if b.advice != "" {
			rows = append(rows, []string{"Do", Plain(b.advice)})
		}
		page.grid(append(rows, []string{"More", "kubectl netpol-doctor explain " + b.code}))
	}
	var rows [][]string
	for _, l := range d.unknowns(t) {
		rows = append(rows, []string{s.mark("unknown"), Plain(l)})
	}
	for _, l := range d.NotTried {
		rows = append(rows, []string{s.mark("skipped"), "Not tried: " + Plain(l)})
	}
	for _, l := range d.Notes {
		rows = append(rows, []string{s.mark("info"), Plain(l)})
	}
	if len(rows) > 0 {
		page.blank()
		page.grid(rows)
	}
}

// said is what is to be said of some cells.
type said struct{ code, text, advice string }

// sayings are what is to be said of the cells that stand in one way; what is the same for several is
// said once.
func (d *ProbeMatrix) sayings(t matrixTable, s standing) []said {
	var out []said
	pairs := map[said][]string{}
	for _, c := range d.Cells {
		if c.standing != s || s == notKnown && d.unable(c.Source) {
			continue
		}
		one := said{c.Code, c.Observed + ": " + c.Meaning, c.advice}
		if pairs[one] == nil {
			out = append(out, one)
		}
		pairs[one] = append(pairs[one], t.pair(c))
	}
	for i, one := range out {
		out[i].text = strings.Join(pairs[one], ", ") + ": " + one.text
	}
	return out
}

// unable tells whether nothing could be tested from a source, which is said of it as a whole.
func (d *ProbeMatrix) unable(source Endpoint) bool {
	return slices.ContainsFunc(d.Sources, func(s MatrixSource) bool { return s.Source == source && s.Unable != "" })
}

// unknowns says what is not known, and why.
func (d *ProbeMatrix) unknowns(t matrixTable) []string {
	var out []string
	for _, s := range d.Sources {
		if s.Unable != "" {
			out = append(out, "from "+t.end(s.Source)+": "+s.Unable)
		}
	}
	for _, one := range d.sayings(t, notKnown) {
		if one.code != "" {
			one.text += " (" + one.code + ")"
		}
		out = append(out, one.text)
	}
	return out
}

func (d *ProbeMatrix) markdown(w io.Writer) error {
	page := &pager{w: w}
	t := d.truthTable()
	title := "Tested on the network"
	if t.namespace != "" {
		title += ", in namespace " + t.namespace
	}
	page.line("## " + markdown(title))
	page.blank()
	page.line("**" + d.title() + "**: " + markdown(d.summary()) + ".")
	page.blank()
	head, rule := "| from |", "| --- |"
	for _, c := range t.columns {
		head += " " + markdown(t.column(c)) + " |"
		rule += " --- |"
	}
	page.line(head)
	page.line(rule)
	for i, r := range t.rows {
		row := "| " + markdown(t.end(r)) + " |"
		for _, c := range t.cells[i] {
			sign := noCell
			if c != nil {
				sign = c.standing.sign(Style{})
			}
			row += " " + sign + " |"
		}
		page.line(row)
	}
	page.blank()
	page.line(matrixLegend)
	page.markdownDetails(d, t)
	page.unknown(d.Result, d.Facts, d.Gaps)
	return page.err
}

// markdownDetails writes what differs, what is not known and what was left out.
func (p *pager) markdownDetails(d *ProbeMatrix, t matrixTable) {
	var lines []string
	for _, b := range d.sayings(t, differs) {
		line := "- ✘ " + b.code + ": " + markdown(b.text)
		if b.advice != "" {
			line += ". " + markdown(b.advice)
		}
		lines = append(lines, line)
	}
	for _, l := range d.unknowns(t) {
		lines = append(lines, "- ? "+markdown(l))
	}
	for _, l := range d.NotTried {
		lines = append(lines, "- not tried: "+markdown(l))
	}
	for _, l := range d.Notes {
		lines = append(lines, "- "+markdown(l))
	}
	if len(lines) > 0 {
		p.blank()
	}
	for _, l := range lines {
		p.line(l)
	}
}
