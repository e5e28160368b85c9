package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// paragraph is a part of a help text between empty lines. Layout: its lines stand where they stand.
type paragraph struct {
	text   string
	layout bool
}

// paragraphs takes a help text apart. One with an indented line is layout.
func paragraphs(text string) []paragraph {
	var all []paragraph
	for part := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		if part = strings.Trim(part, "\n"); part != "" {
			all = append(all, paragraph{part, strings.Contains("\n"+part, "\n  ")})
		}
	}
	return all
}

// flagLine is a flag as it is typed, and what it does.
func flagLine(f *pflag.Flag) (typed, usage string) {
	placeholder, usage := pflag.UnquoteUsage(f)
	typed = "--" + f.Name
	if f.Shorthand != "" {
		typed = "-" + f.Shorthand + ", " + typed
	}
	if placeholder != "" {
		typed += " " + placeholder
	}
	value := f.DefValue
	if f.Name == "cache-dir" { // which is another one for everybody
		value = "$HOME/.kube/cache"
	}
	if !slices.Contains([]string{"", "false", "[]", "0", "0s"}, value) {
		usage += " (default " + value + ")"
	}
	return typed, usage
}

// flagsOf lists the flags of a set in the order of help.
func flagsOf(set *pflag.FlagSet) []*pflag.Flag {
	var all []*pflag.Flag
	set.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			all = append(all, f)
		}
	})
	return all
}

// usageLine is how a command is called.
func usageLine(c *cobra.Command) string {
	if c.HasAvailableSubCommands() {
		return c.CommandPath() + " COMMAND [flags]"
	}
	return c.UseLine()
}
