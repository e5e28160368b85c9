// Hostile prints the page of a map in which everything has a name that tries to become more than
// text. No API server lets such names in; a file, or a custom resource, might have them one day. The
// tests in test/browser open it.
package main

import (
	"fmt"
	"net/netip"
	"os"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// names all say "x", which a script would set.
var names = []string{
	`<script>window.x=1</script>`,
	`</script><script>window.x=1</script>`,
	`<!--<script>window.x=1`,
	`"><img src=x onerror="window.x=1">`,
	`javascript:window.x=1`,
	`'-window.x=1-'${window.x=1}{{.x}}`,
	"\u2028window.x=1\u2029",
	"🦊\u202ex=1.tpircs\u202c עברית x",
	"a\x00b\x1b[31mx\u200b",
}

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "writing the hostile page:", err)
		os.Exit(1)
	}
}

func write() error {
	var rows []flows.Row
	var bounds []flows.Bound
	for i, name := range names {
		end := flows.End{Ref: cluster.Ref{Kind: "Deployment", Namespace: names[(i+1)%len(names)], Name: name}}
		p := &cluster.Policy{NetworkPolicy: &networkingv1.NetworkPolicy{}}
		p.Namespace, p.Name = end.Ref.Namespace, name
		isolation := flows.Isolation{Isolated: policy.Yes, Policies: []*cluster.Policy{p}}
		bounds = append(bounds, flows.Bound{End: end, Pods: 1, Wanted: true, Egress: isolation, Ingress: isolation})
		cause := flows.Reason{Isolating: []*cluster.Policy{p}, Admitting: []policy.RuleRef{{Policy: p, Peer: -1, Port: -1}}, Others: []*cluster.Foreign{{Ref: cluster.Ref{Kind: name, Name: name}}}}
		why := &flows.Why{}
		why[policy.Allowed] = flows.Reasons{Egress: cause, Ingress: cause}
		answer := flows.Answer{Ports: flows.Ports{Must: flows.EveryPort(), May: flows.EveryPort()}}
		outside := flows.End{CIDR: netip.MustParsePrefix("0.0.0.0/0")}
		entry := flows.Entry{Service: cluster.Ref{Kind: "Service", Namespace: name, Name: name}, Type: "LoadBalancer", Protocol: "TCP", Port: 1, PodPort: 1}
		rows = append(rows,
			flows.Row{Source: end, Destination: flows.End{Ref: cluster.Ref{Kind: name, Namespace: name, Name: name}}, Answer: answer, Why: why},
			flows.Row{Source: outside, Destination: end, Answer: answer, Why: why, Through: []flows.Entry{entry}})
	}
	all := func(yield func(flows.Row) error) error {
		for _, r := range rows {
			if err := yield(r); err != nil {
				return err
			}
		}
		return nil
	}
	gaps := []cluster.Gap{{Resource: names[0], Reason: cluster.Forbidden}}
	m := report.NewMap((&cluster.Snapshot{}).Seal(), gaps, policy.Plugin{Name: names[0], Enforces: policy.No}, flows.ByWorkload,
		report.MapFilter{Ports: flows.EveryPort()}, report.Options{}, all)
	m.Page = report.MapPage{Scope: names[0], Bounds: bounds, Rows: all}
	return m.Render(os.Stdout, "html", report.Style{})
}
