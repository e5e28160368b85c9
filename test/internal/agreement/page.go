package agreement

import (
	"fmt"
	"slices"
	"strings"
)

// Row is one part of what was measured.
type Row struct {
	What     string
	Policies int
	Result
}

// Page is the page that says what was measured, and on what.
type Page struct {
	Plugin, Kubernetes string // with their versions
	Rows               []Row
}

// Total is what all rows come to together.
func (p Page) Total() Row {
	total := Row{What: "**all**"}
	for _, r := range p.Rows {
		total.Result = total.Plus(r.Result)
	}
	return total
}

// Excluded counts the flows that were excluded for each reason, the commonest first.
func (p Page) Excluded() string {
	total := p.Total()
	reasons := slices.Clone(Reasons)
	slices.SortStableFunc(reasons, func(a, b *Reason) int { return total.Excluded[b] - total.Excluded[a] })
	var b strings.Builder
	for _, r := range reasons {
		fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", r.Text, r.Source, total.Excluded[r], share(total.Excluded[r], total.Flows))
	}
	return b.String()
}

func share(n, of int) string {
	if of == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(of))
}

// String is the page.
func (p Page) String() string {
	total := p.Total()
	var b strings.Builder
	fmt.Fprintf(&b, `# Agreement with a real network

What the doctor predicts, held against what really connects: %s on %s, on one real node.
Of %d connections, %d were predicted (%s) and tried. In %d of these the network did otherwise.

Each row is a cluster whose policies were in force when every connection was tried: between all pods at each declared
port and at one that is not declared but answers, to and from two addresses outside the cluster, and by the address of
every Service. A pod connected over TCP, or got an answer over UDP, or nothing came back. The doctor reads the same
cluster from its API server and judges every connection with its own engine.

| what | policies | connections | predicted | allowed, and connected | denied, and silent | excluded | differed |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
`, p.Plugin, p.Kubernetes, total.Flows, total.Judged(), share(total.Judged(), total.Flows), len(total.Differences))
	for _, r := range append(slices.Clone(p.Rows), total) {
		policies := ""
		if r.What != total.What {
			policies = fmt.Sprintf(" %d", r.Policies)
		}
		fmt.Fprintf(&b, "| %s |%s | %d | %d | %d | %d | %d | %d |\n", r.What, policies, r.Flows, r.Judged(), r.Allowed, r.Denied, r.Left(), len(r.Differences))
	}
	fmt.Fprintf(&b, `
## What is excluded

%d connections (%s) are excluded: of these the doctor says that it does not know, whatever the network does.

| why nothing is predicted | source | connections | of all |
| --- | --- | ---: | ---: |
%s
A connection is never excluded for its outcome. An unknown for any other reason than these fails the test.

## How it is measured

The test [agreement_test.go](../test/node/agreement_test.go) brings the cluster up, runs the pods and opens the connections from within them;
`+"`make agreement`"+` runs it and writes this page. A connection that is not as predicted is tried up to %d times before it counts as a
difference; one that is denied and connected all the same counts as silent after nothing has come back %d times in a row.
Some such connections are seen on this version of Cilium, about one in a thousand of those that are denied. In the run that
made this page each was denied by ingress alone, and to a pod that dials its own Service. By Cilium's source, what is kept
of a connection of a pod to itself is not cleared before the next one is looked up
([cilium/cilium#45589](https://github.com/cilium/cilium/pull/45589), changed by
[cilium/cilium#48521](https://github.com/cilium/cilium/pull/48521)). The test's log lists them.

SCTP, IPv6, several nodes, node ports and rules about HTTP are not part of it.
`, total.Left(), share(total.Left(), total.Flows), p.Excluded(), Tries, silences)
	return b.String()
}
