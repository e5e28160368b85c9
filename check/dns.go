package check

import (
	"fmt"
	"slices"
)

// dns are the findings about name resolution, NPD5xx. Each lookup has at most one of them.
var dns = []Check{
	{
		Code: "NPD501", Severity: Error,
		Title:    "DNS is blocked: no egress rule allows the DNS server",
		Symptoms: noNames,
		Doc: `The source is isolated for egress and no rule allows the DNS server, so it cannot look up any
name. Everything that is reached by name fails, whatever other rules allow.

What you see: java.net.UnknownHostException, EAI_AGAIN, "lookup ... i/o timeout", stalls of
5 to 30 seconds; the same connection by address works.

Often a policy for DNS is there and does not select the pod: it was written for some pods of the
namespace, while a default deny isolates all of them. It is named then.

Fix: allow UDP and TCP 53 to the DNS pods, selected by the labels they really have; give a policy
that is for DNS and nothing else an empty podSelector.`,
		Run: func(p *Pass) {
			p.lookups("NPD501", func(l Lookup) string {
				return fmt.Sprintf("%s cannot look up names: no egress rule allows %s to reach %s%s%s", p.Names(l.Sources), p.them(l, "it", "them"), l.server(), p.by(l), p.meant(l))
			})
		},
	},
	{
		Code: "NPD502", Severity: Error,
		Title:    "DNS is blocked: the rule for DNS does not match the DNS server",
		Symptoms: noNames,
		Doc: `A rule for DNS exists, but what it names is not the DNS server: a label that the DNS pods do
not have (k8s-app: coredns, while most clusters label CoreDNS pods k8s-app: kube-dns), a
namespace label that is not there, port 53 where the pods listen on another, as 5353 on
OpenShift, or port 53 without a protocol, which means TCP.

What you see: java.net.UnknownHostException, EAI_AGAIN, "lookup ... i/o timeout".

Verify: kubectl get endpointslices -n kube-system -l kubernetes.io/service-name=kube-dns, and
the labels of the pods it names.

Fix: name the DNS pods by the labels and the port they have.`,
		Run: func(p *Pass) {
			p.lookups("NPD502", func(l Lookup) string {
				return fmt.Sprintf("%s cannot look up names: %s", p.Names(l.Sources), l.mistake())
			})
		},
	},
	{
		Code: "NPD503", Severity: Warning,
		Title:    "DNS over TCP is blocked",
		Symptoms: []string{"some names fail"},
		Doc: `UDP port 53 is allowed and TCP port 53 is not. Answers that do not fit into one UDP packet are
asked for again over TCP, so names with many records fail, and only those.

Fix: allow TCP 53 beside UDP 53.`,
		Run: func(p *Pass) {
			p.lookups("NPD503", func(l Lookup) string {
				return fmt.Sprintf("%s may ask %s over UDP but not over TCP: answers that do not fit into one packet are lost", p.Names(l.Sources), l.server())
			})
		},
	},
	{
		Code: "NPD504", Severity: Error,
		Title:    "DNS is blocked at the DNS server",
		Symptoms: noNames,
		Doc: `The DNS pods themselves are isolated for ingress and no rule allows the source. A default deny
in the namespace of the DNS server takes DNS from the whole cluster.

What you see: every pod fails to look up names, isolated or not.

Fix: allow UDP and TCP 53 from everywhere in the namespace of the DNS server.`,
		Run: func(p *Pass) {
			p.lookups("NPD504", func(l Lookup) string {
				return fmt.Sprintf("%s cannot look up names: %s is isolated for ingress, and no rule there allows %s", p.Names(l.Sources), l.server(), p.them(l, "this source", "these sources"))
			})
		},
	},
	{
		Code: "NPD505", Severity: Error,
		Title:    "DNS is blocked: a node-local cache takes the queries",
		Symptoms: noNames,
		Doc: `NodeLocal DNSCache listens on the pod's own node, on a link-local address and often on the
address of the cluster DNS Service. Its pods use the node's network, so a rule that selects
the DNS pods does not match it.

Fix: allow the cache's addresses with ipBlock on port 53, UDP and TCP; on Cilium, use its own
policies or its Local Redirect Policy.`,
		Run: func(p *Pass) {
			p.lookups("NPD505", func(l Lookup) string {
				return fmt.Sprintf("%s cannot look up names: queries go to %s, and no egress rule allows that", p.Names(l.Sources), l.server())
			})
		},
	},
	{
		Code: "NPD506", Severity: Error,
		Title:    "DNS is blocked: the pod uses its own name servers",
		Symptoms: noNames,
		Doc: `The pod's dnsPolicy or dnsConfig sends its queries to other servers than the cluster's, and no
egress rule allows those.

Fix: allow the servers with ipBlock on port 53, or set dnsPolicy back to ClusterFirst.`,
		Run: func(p *Pass) {
			p.lookups("NPD506", func(l Lookup) string {
				return fmt.Sprintf("%s cannot look up names: with dnsPolicy %s %s %s, and no egress rule allows that", p.Names(l.Sources), l.Resolver.Policy, p.them(l, "it asks", "they ask"), l.server())
			})
		},
	},
	{
		Code: "NPD507", Severity: Warning,
		Title: "whether DNS works is not known",
		Doc: `The source is isolated for egress, and who answers its DNS queries, or whether a rule allows
them, cannot be told from what was read: the cluster DNS is not among the files, or the pod
uses its node's resolvers, or the network plugin decides.

Fix: name the missing fact: give the objects of the DNS server's namespace with -f, name the
plugin with --network-plugin.`,
		Run: func(p *Pass) {
			p.lookups("NPD507", func(l Lookup) string {
				return fmt.Sprintf("it is not known whether %s can ask %s", p.Names(l.Sources), l.server())
			})
		},
	},
	{
		Code: "NPD508", Severity: Error,
		Title:    "the cluster's DNS server cannot ask for names outside the cluster",
		Symptoms: slices.Concat([]string{"SERVFAIL", "read udp ... i/o timeout", "external names fail"}, noNames),
		Doc: `The DNS pods are isolated for egress, and no rule allows them to ask the resolvers that they
forward to. Names of the cluster are found, all others are not. A default deny in the namespace of
the DNS server does this; it mostly cuts the server off from the API server, too, so that Services
which are new or have changed are not found.

What you see: SERVFAIL, or timeouts, for names outside the cluster only; in the log of CoreDNS
"read udp ...->...:53: i/o timeout". A firewall of the nodes looks the same: this finding is only
reported where the DNS pods are isolated.

Verify: kubectl get configmap coredns -n kube-system -o yaml, and look for forward.

Fix: allow the DNS pods egress on UDP and TCP 53 to those resolvers, and to the API server.`,
		Run: func(p *Pass) { p.upstream() },
	},
}
