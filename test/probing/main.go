// Command probing prints the page on what tests on the network mean, docs/probing.md, or with the
// argument "enforcement" the one on the trials of a network plugin, docs/enforcement.md. They are made
// from the tables of package probe.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

func main() {
	page := write
	if len(os.Args) > 1 && os.Args[1] == "enforcement" {
		page = writeEnforcement
	}
	if err := page(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "writing a page on tests on the network:", err)
		os.Exit(1)
	}
}

func write(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# What a test on the network means\n\nMade from the tables of package `probe` by `make generate`.\n")
	b.WriteString("\n## Ways to test\n\n| way | flag | what is made | what it proves | what it does not prove |\n| --- | --- | --- | --- | --- |\n")
	flags := map[probe.Way]string{probe.AddedContainer: "", probe.StandInPod: "`--from-pod`", probe.OwnTools: "`--exec`"}
	for _, way := range probe.Ways {
		made, proves, not := way.Meaning()
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", way, flags[way], made, proves, not)
	}
	fmt.Fprintf(&b, "\nTests are made with agnhost and dig, with `--exec` with the first of these that can: %s.\n", strings.Join(probe.Names(probe.Tools), ", "))
	b.WriteString("\n## Outcomes\n\n| outcome | what it proves | what it does not prove |\n| --- | --- | --- |\n")
	for _, o := range probe.Outcomes {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", o, o.Proves(), o.ProvesNot())
	}
	fmt.Fprintf(&b, `
## Predicted against observed

What policies say of a flow, what a test came to, and what the two make together. Agreement is no proof that it was a
policy; only a contradiction is one that it was not. A test that is Inconclusive says nothing, whatever was predicted. An
attempt takes %s at most and is tried %d times at most, the second time only where nothing came back.
`, probe.Timeout, probe.Tries)
	for _, e := range probe.Exchanges {
		fmt.Fprintf(&b, "\n### %s\n\n| policies say | observed | agreement | what it means | finding | suspects, likeliest first |\n| --- | --- | --- | --- | --- | --- |\n", e)
		for _, r := range probe.Table {
			if r.Exchange == e {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.Predicted, observed(r), words(r.Agreement), r.Why, r.Code, suspects(r))
			}
		}
	}
	b.WriteString("\n## Suspects\n\nWhat something speaks for comes first, what is ruled out is not named.\n\n| suspect | what it is | how to find out |\n| --- | --- | --- |\n")
	for _, s := range probe.Suspects {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", s.Suspect, s.Text, s.Verify)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func observed(r probe.Row) string {
	var names []string
	for _, o := range r.Outcomes {
		names = append(names, o.String())
	}
	text := strings.Join(names, ", ")
	switch {
	case r.Rejects == nil:
		return text
	case r.Rejects[0] == policy.Yes:
		return text + " (the plugin rejects)"
	}
	return text + " (the plugin may reject, or does not)"
}

func words(a probe.Agreement) string {
	switch a {
	case probe.Agrees:
		return "agrees"
	case probe.Contradicts:
		return "**contradicts**"
	}
	return "says nothing"
}

func suspects(r probe.Row) string {
	var names []string
	for _, s := range r.Suspects {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}
