package incident

import (
	"bytes"
	"fmt"
	"strings"
)

// Again is the question under the names of the snapshot, and how it was answered there.
type Again struct {
	// Command is the question, without the file.
	Command string
	// Answered and Here are the answers of the cluster and of the snapshot, each in a few words.
	Answered, Here string
	// Notes are what whoever asks again should know.
	Notes []string
}

// readme says what is in the archive, in whose names, and how to ask again. Whoever has it and the
// snapshot must not learn a name from it.
func (a *Archive) readme() []byte {
	var b bytes.Buffer
	b.WriteString("An answer of kubectl netpol-doctor, and what it rests on\n\n")
	for _, f := range a.files() {
		names := "other names"
		if f.real {
			names = "REAL NAMES"
		}
		fmt.Fprintf(&b, "  %-14s  %-11s  %s\n", f.name, names, f.what)
	}
	fmt.Fprintf(&b, `
Real names are those of your namespaces, workloads, labels, policies and hosts.

Who may have what
  Your own team: the whole file.
  Anybody else, such as a vendor or a public tracker:
    %s alone. Take them out first: the whole file
    tells which other name stands for which real one.

No file has Secrets, tokens, keys or passwords in it, nor values of variables
but the hosts and ports that they name. The other names are drawn anew for each
snapshot. IP addresses, port numbers, times and words that Kubernetes itself
uses stay readable in it; "kubectl netpol-doctor snapshot --help" says what
somebody may still learn from it.

Ask again, without the cluster
`, strings.Join(WithOtherNames(), " and "))
	fmt.Fprintf(&b, "\n  %s -f %s\n\n", a.Again.Command, SnapshotFile)
	if a.Again.Here == a.Again.Answered {
		fmt.Fprintf(&b, "The answer is that of the report: %s. It was tried.\n", a.Again.Answered)
	} else {
		fmt.Fprintf(&b, "The answer of the report is %s; of the snapshot it is %s.\n", a.Again.Answered, a.Again.Here)
	}
	b.WriteString("What rests on how a word is spelt, such as a slip in a label, may be told\ndifferently under other names.\n")
	for _, n := range a.Again.Notes {
		b.WriteString(n + "\n")
	}
	return b.Bytes()
}
