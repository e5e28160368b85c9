package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/netpol-doctor/netpol-doctor/plugin"
)

const head = `# Command line

Made from the commands by ` + "`make generate`" + `. The same is in ` + "`kubectl netpol-doctor COMMAND --help`" + `, and in manual
pages that ` + "`make man`" + ` writes.
`

// plain keeps Markdown from taking a text for more than text.
var plain = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "<", "&lt;", "[", `\[`, "|", `\|`)

// markdown is the whole reference.
func markdown(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(head)
	var kubectl *pflag.FlagSet
	for _, g := range append(root.Groups(), &cobra.Group{Title: "Other commands"}) {
		fmt.Fprintf(&b, "\n%s:\n\n", g.Title)
		for _, c := range described(root) {
			if c.GroupID == g.ID {
				fmt.Fprintf(&b, "- [`%s`](#%s): %s\n", c.Name(), c.Name(), plain.Replace(lower(c.Short)))
			}
		}
	}
	fmt.Fprintf(&b, "\n%s", description(root.Long))
	for _, c := range described(root) {
		own, connection := plugin.ReferenceFlags(c)
		if connection.HasFlags() {
			kubectl = connection
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n```\n%s\n```\n", c.Name(), plain.Replace(c.Short), usageLine(c))
		if c.Long != "" {
			fmt.Fprintf(&b, "\n%s", description(c.Long))
		}
		fmt.Fprintf(&b, "\n```sh\n%s\n```\n%s", unindented(c.Example), flagTable(own))
		if connection.HasFlags() {
			b.WriteString("\nIt also takes the [flags of kubectl](#flags-of-kubectl).\n")
		}
	}
	fmt.Fprintf(&b, "\n## Flags of kubectl\n\nEvery command that looks at a cluster takes them. With `-f` the files are the cluster, and none fits.\n%s", flagTable(kubectl))
	b.WriteString("\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n")
	for line := range strings.Lines(plugin.ExitCodes) {
		if code, meaning, ok := strings.Cut(strings.TrimSpace(line), " "); ok && code[0] >= '0' && code[0] <= '9' {
			fmt.Fprintf(&b, "| %s | %s |\n", code, plain.Replace(strings.TrimSpace(meaning)))
		}
	}
	b.WriteString("\nWhere a command has other ones, its description says so.\n")
	return b.String()
}

// description is a help text with what is laid out in it kept as it is.
func description(text string) string {
	var parts []string
	for _, p := range paragraphs(text) {
		if p.layout {
			parts = append(parts, "```\n"+p.text+"\n```\n")
		} else {
			parts = append(parts, plain.Replace(p.text)+"\n")
		}
	}
	return strings.Join(parts, "\n")
}

func flagTable(set *pflag.FlagSet) string {
	rows := ""
	for _, f := range flagsOf(set) {
		typed, usage := flagLine(f)
		rows += fmt.Sprintf("| `%s` | %s |\n", typed, plain.Replace(usage))
	}
	if rows == "" {
		return ""
	}
	return "\n| flag | meaning |\n| --- | --- |\n" + rows
}

func unindented(text string) string {
	return strings.TrimSpace(strings.ReplaceAll("\n"+text, "\n  ", "\n"))
}

func lower(text string) string { return strings.ToLower(text[:1]) + text[1:] }
