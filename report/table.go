package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Style is how a person's terminal is to be written to.
type Style struct {
	Width int // columns; 0 means 80
	Color bool
}

const (
	defaultWidth = 80
	narrowest    = 40
	indent       = "  "
	gutter       = 2
)

// Columns is how wide text may be.
func (s Style) Columns() int {
	if s.Width == 0 {
		return defaultWidth
	}
	return max(s.Width, narrowest)
}

// The colours that mean something; everything else is the terminal's own.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	bold   = "1"
)

func (s Style) paint(color, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// mark returns the sign of a status, which says the same without colour.
func (s Style) mark(status string) string {
	switch status {
	case "ok":
		return s.paint(green, "✔")
	case "problem":
		return s.paint(red, "✘")
	case "info":
		return s.paint(bold, "i")
	case "warning":
		return s.paint(yellow, "!")
	case "unknown":
		return s.paint(yellow, "?")
	}
	return "-"
}

// grid writes rows in columns without any lines, the last column wrapped to the width that is
// left.
func (s Style) grid(w io.Writer, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	columns := len(rows[0])
	used := len(indent)
	for c := range columns - 1 {
		widest := 0
		for _, r := range rows {
			widest = max(widest, twwidth.Width(r[c]))
		}
		used += widest + gutter
	}
	rest := max(s.Columns()-used, narrowest/2)
	var buffer bytes.Buffer
	table := tablewriter.NewTable(&buffer,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.Off, Bottom: tw.Off},
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: strings.Repeat(" ", gutter), Overwrite: true}),
	)
	for _, r := range rows {
		cells := append([]string{}, r...)
		cells[columns-1] = wrap(cells[columns-1], rest)
		if err := table.Append(cells); err != nil {
			return fmt.Errorf("laying out a table: %w", err)
		}
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("laying out a table: %w", err)
	}
	for line := range strings.Lines(buffer.String()) {
		if _, err := fmt.Fprintln(w, trimEnd(indent+strings.TrimRight(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

// trimEnd takes blanks off the end of a line, also those before the end of a colour.
func trimEnd(line string) string {
	const reset = "\x1b[0m"
	trimmed := strings.TrimRight(line, " ")
	for strings.HasSuffix(trimmed, reset) {
		trimmed = strings.TrimRight(strings.TrimSuffix(trimmed, reset), " ")
	}
	if strings.Contains(trimmed, "\x1b[") {
		trimmed += reset
	}
	return trimmed
}

// wrap breaks text into lines of a width, between words; a word that is too long is broken at
// the last dot, slash or bracket that fits.
// Wrapped puts text into lines that fit; the lines that it has stay apart.
func Wrapped(text string, s Style) string {
	var lines []string
	for line := range strings.Lines(text) {
		rest := strings.TrimLeft(line, " ")
		margin := line[:len(line)-len(rest)]
		for part := range strings.Lines(wrap(rest, s.Columns()-len(margin))) {
			lines = append(lines, margin+strings.TrimSuffix(part, "\n"))
		}
	}
	return strings.Join(lines, "\n")
}

func wrap(text string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for twwidth.Width(word) > width {
			cut := breakAt(word, width)
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines = append(lines, word[:cut])
			word = word[cut:]
		}
		switch {
		case line == "":
			line = word
		case twwidth.Width(line)+1+twwidth.Width(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return strings.Join(append(lines, line), "\n")
}

func breakAt(word string, width int) int {
	cut, last := 0, 0
	for i, r := range word {
		if twwidth.Width(word[:i]) > width {
			break
		}
		cut = i
		if strings.ContainsRune(".]/,", r) && i+1 < len(word) && twwidth.Width(word[:i+1]) <= width {
			last = i + 1
		}
	}
	if last > 0 {
		return last
	}
	return max(cut, 1)
}
