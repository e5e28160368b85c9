// Command findings prints the page of all findings, docs/findings.md, from the catalogue.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
)

const head = `# Findings

Made from the catalogue by ` + "`make generate`" + `. Codes are stable: they are never renumbered and never reused.

## Words

- end: the source or the destination of a connection: a pod, a node, or an address outside the cluster
- peer: one item of a rule's from or to
- isolated: some policy selects the pod for that direction, so only what a rule allows can connect
- redundant: another rule or policy allows all of it already
- verdict: what policies say; result: whether the connection works, with Service, DNS and network plugin included
- step: one line of ` + "`diagnose`" + `, from endpoints to policy logic; each is also a command of its own

Words in capitals, such as NAMESPACE, stand for names of your own. Symptoms are also found by these spellings:

`

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "writing the page of findings:", err)
		os.Exit(1)
	}
}

func write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(head)
	for _, s := range check.Spellings() {
		fmt.Fprintf(&b, "- %s: also %s\n", s.Said, strings.Join(s.Others, "; "))
	}
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
