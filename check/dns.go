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
		Doc: `The source is isolated for egress, and no rule allows it to reach the DNS server. It cannot look up
any name. Every connection that is made by name fails, whatever other rules allow.

Often a policy for DNS exists but does not select the pod: it was written for some pods of the
namespace, while a default deny isolates all of them. In that case the finding names it.

What you see: java.net.UnknownHostException, EAI_AGAIN, "lookup ... i/o timeout", delays of 5 to 30
seconds. The same connection by address works.

Verify: kubectl exec POD -n NAMESPACE -- nslookup kubernetes.default times out (if the image has
nslookup).

Fix: allow UDP and TCP port 53 to the DNS pods, selected by the labels they have. Give a policy that
is only for DNS an empty podSelector.`,
		Run: func(p *Pass) {
			p.lookups("NPD501", func(l Lookup) string {
				return fmt.Sprintf("%s cannot look up names: no egress rule allows %s to reach %s%s%s", p.Names(l.Sources), p.them(l, "it", "them"), l.server(), p.by(l), p.meant(l))
			})
		},
	},
	{
		Code: "NPD502", Severity: Error,
		Title:    "DNS is blocked: a rule for DNS exists but does not apply",
		Symptoms: noNames,
		Doc: `A rule for DNS exists, but it does not match the DNS pods, or is ignored. Usual mistakes: a label
that the DNS pods do not have (k8s-app: coredns, while most clusters label CoreDNS pods k8s-app:
kube-dns); a namespace label that does not exist; port 53 where the pods listen on another port,
such as 5353 on OpenShift; port 53 without a protocol, which means TCP; policyTypes without Egress,
by which egress rules are ignored.

What you see: java.net.UnknownHostException, EAI_AGAIN, "lookup ... i/o timeout".

Verify: kubectl get pods -n kube-system -l k8s-app=kube-dns --show-labels, and kubectl get
endpointslices -n kube-system -l kubernetes.io/service-name=kube-dns for their ports.

Fix: select the DNS pods by the labels and the port they have, and list Egress in policyTypes.`,
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
		Doc: `A rule allows UDP port 53 but not TCP port 53. Clients repeat a query over TCP when the answer does
not fit into one UDP packet, so names with many records fail, and only those.

What you see: most names resolve; a few, with many addresses or long records, do not.

Verify: kubectl exec POD -n NAMESPACE -- dig +tcp kubernetes.default.svc.cluster.local times out (if
the image has dig).

Fix: allow TCP 53 in addition to UDP 53.`,
		Run: func(p *Pass) {
			p.lookups("NPD503", func(l Lookup) string {
				return fmt.Sprintf("%s may query %s over UDP but not over TCP: answers that do not fit into one UDP packet fail", p.Names(l.Sources), l.server())
			})
		},
	},
	{
		Code: "NPD504", Severity: Error,
		Title:    "DNS is blocked by the policies of the DNS server",
		Symptoms: noNames,
		Doc: `The DNS pods themselves are isolated for ingress, and no rule allows the source. A default deny in
the namespace of the DNS server blocks DNS for the whole cluster.

What you see: no pod can look up names, whether policies select it or not.

Verify: kubectl get networkpolicies -n kube-system

Fix: allow UDP and TCP port 53 from everywhere, in the namespace of the DNS server.`,
		Run: func(p *Pass) {
			p.lookups("NPD504", func(l Lookup) string {
				return fmt.Sprintf("%s cannot look up names: %s is isolated for ingress, and no ingress rule there allows %s", p.Names(l.Sources), l.server(), p.them(l, "this source", "these sources"))
			})
		},
	},
	{
		Code: "NPD505", Severity: Error,
		Title:    "DNS is blocked: queries go to a node-local cache that no rule allows",
		Symptoms: noNames,
		Doc: `NodeLocal DNSCache answers DNS on the pod's own node, on a link-local address and often on the
address of the cluster DNS Service. Its pods run on the node's network (hostNetwork), so a rule that
selects the DNS pods does not match it.

What you see: names do not resolve, although a rule allows the DNS pods.

Verify: kubectl exec POD -n NAMESPACE -- cat /etc/resolv.conf shows the address that is asked, and
kubectl get pods -A -o wide | grep node-local shows the cache.

Fix: allow the cache's addresses with ipBlock on port 53, UDP and TCP. On Cilium, use its own
policies or its Local Redirect Policy.`,
		Run: func(p *Pass) {
			p.lookups("NPD505", func(l Lookup) string {
				return fmt.Sprintf("%s cannot look up names: queries go to %s, which no egress rule allows%s", p.Names(l.Sources), l.server(), l.elsewhere())
			})
		},
	},
	{
		Code: "NPD506", Severity: Error,
		Title:    "DNS is blocked: the pod uses its own name servers",
		Symptoms: noNames,
		Doc: `The pod's dnsPolicy or dnsConfig sends its queries to other servers than the cluster's, and no
egress rule allows those.

What you see: names do not resolve, although a rule allows the cluster's DNS server.

Verify: kubectl exec POD -n NAMESPACE -- cat /etc/resolv.conf

Fix: allow the servers with ipBlock on port 53, or set dnsPolicy back to ClusterFirst.`,
		Run: func(p *Pass) {
			p.lookups("NPD506", func(l Lookup) string {
				return fmt.Sprintf("%s cannot look up names: with dnsPolicy %s %s %s, which no egress rule allows%s", p.Names(l.Sources), l.Resolver.Policy, p.them(l, "it asks", "they ask"), l.server(), l.elsewhere())
			})
		},
	},
	{
		Code: "NPD507", Severity: Warning,
		Title: "it is not known whether DNS works",
		Doc: `What was read does not tell who answers the DNS queries of the source, or whether policies allow
them: the cluster DNS is not among the files, or it or the policies of its namespace could not be
read, or the pod uses its node's resolvers, or it depends on the network plugin.

Verify: kubectl exec POD -n NAMESPACE -- nslookup kubernetes.default

Fix: give the missing information: add the objects of the DNS server's namespace to the files (-f),
ask with the right to get services and to list endpointslices, pods and networkpolicies there, or
name the plugin with --network-plugin.`,
		Run: func(p *Pass) {
			p.lookups("NPD507", func(l Lookup) string {
				return fmt.Sprintf("it is not known whether %s can query %s", p.Names(l.Sources), l.server())
			})
		},
	},
	{
		Code: "NPD508", Severity: Error,
		Title:    "the cluster's DNS server cannot look up names outside the cluster",
		Symptoms: slices.Concat([]string{"SERVFAIL", "read udp ... i/o timeout", "external names fail"}, noNames),
		Doc: `The DNS pods are isolated for egress, and no rule allows them to reach the resolvers that they
forward queries to. Names of the cluster resolve, all others do not. The cause is usually a default
deny in the namespace of the DNS server. It usually blocks the API server too, so that new or
changed Services are not found either.

What you see: SERVFAIL or timeouts, for names outside the cluster only. The log of CoreDNS says
"read udp ...->...:53: i/o timeout". A firewall on the nodes looks the same: this finding is only
reported where policies isolate the DNS pods.

Verify: kubectl get configmap coredns -n kube-system -o yaml shows the resolvers after forward.

Fix: allow the DNS pods egress on UDP and TCP 53 to those resolvers, and to the API server.`,
		Run: func(p *Pass) { p.upstream() },
	},
}
