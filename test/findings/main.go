// Command findings prints the page of all findings, docs/findings.md, from the catalogue.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "writing the page of findings:", err)
		os.Exit(1)
	}
}

func write(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Findings\n\nMade from the catalogue by `make generate`. Codes are stable: they are never renumbered and never reused.\n")
	for _, c := range check.Documented {
		fmt.Fprintf(&b, "\n## %s: %s\n\nSeverity: %s\n", c.Code, c.Title, c.Severity)
		if len(c.Symptoms) > 0 {
			fmt.Fprintf(&b, "\nSymptoms: %s\n", strings.Join(c.Symptoms, "; "))
		}
		fmt.Fprintf(&b, "\n%s\n", c.Doc)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
