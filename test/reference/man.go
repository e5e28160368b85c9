package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/netpol-doctor/netpol-doctor/plugin"
)

// pageName is the name of a command's manual page: `man kubectl netpol-doctor` finds it.
func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// page is the manual page of a command. Source of the macros: man(7).
func page(c *cobra.Command, date time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 %s netpol-doctor \"User Commands\"\n", roff(strings.ToUpper(pageName(c))), date.Format("2006-01-02"))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(pageName(c)), roff(lower(c.Short)))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(usageLine(c)))
	long := c.Long
	if long == "" {
		long = c.Short + "."
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s", body(long))
	if subs := described(c); len(subs) > 0 {
		b.WriteString(".SH COMMANDS\n")
		for _, sub := range subs {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(sub.Name()), roff(sub.Short))
		}
	}
	own, connection := plugin.ReferenceFlags(c)
	options(&b, "OPTIONS", own)
	options(&b, "OPTIONS OF KUBECTL", connection)
	fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", lines(unindented(c.Example)))
	fmt.Fprintf(&b, ".SH EXIT STATUS\n.nf\n%s\n.fi\n", lines(unindented(strings.TrimPrefix(plugin.ExitCodes, "Exit codes:\n"))))
	if c.HasParent() {
		fmt.Fprintf(&b, ".SH SEE ALSO\n.BR %s (1)\n", roff(pageName(c.Parent())))
	}
	return b.String()
}

func options(b *strings.Builder, title string, set *pflag.FlagSet) {
	if !set.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	for _, f := range flagsOf(set) {
		typed, usage := flagLine(f)
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(typed), roff(usage))
	}
}

// body is a description: paragraphs that are filled, and those that are laid out.
func body(text string) string {
	var b strings.Builder
	for i, p := range paragraphs(text) {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		if p.layout {
			fmt.Fprintf(&b, ".nf\n%s\n.fi\n", lines(p.text))
		} else {
			b.WriteString(lines(p.text) + "\n")
		}
	}
	return b.String()
}

// lines is a text of several lines, of which an empty one stays empty.
func lines(text string) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" {
			line = `\&`
		} else {
			line = roff(line)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// roff writes a line so that nothing in it is a request or an escape. Dashes are those that are typed.
// Source: groff_char(7), roff(7).
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`, "→", `\(->`).Replace(line)
	if strings.HasPrefix(line, ".") {
		line = `\&` + line
	}
	return line
}
