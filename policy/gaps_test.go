package policy_test

import "testing"

// What could not be read is not absent.
func TestGaps(t *testing.T) {
	t.Parallel()
	gap := func(resource, more string) string { return "- {kind: Gap, resource: " + resource + more + "}\n" }
	const (
		policies = "networkpolicies.networking.k8s.io"
		unreadA  = "PoliciesUnread a (Namespace)"
		anp      = "adminnetworkpolicies.policy.networking.k8s.io"
		unread   = "LayerUnread " + anp + " (AdminNetworkPolicy)"
	)
	openDB := from("{podSelector: {}}")
	run(t, []table{
		{name: "policies of a namespace", policies: gap(policies, ", namespace: a"), rows: `
b/web -> a/db:5432          => Unknown: ingress unknown (` + unreadA + `)
a/db -> b/web:8000          => Unknown: egress unknown (` + unreadA + `)
a/web -> a/db:5432          => Unknown: egress unknown; ingress unknown (` + unreadA + `)
b/web -> b/db:5432          => Allowed
203.0.113.9 -> b/db:5432    => Allowed
`},
		{name: "policies of every namespace", policies: gap(policies, ""), rows: `
b/web -> 203.0.113.9:443    => Unknown: egress unknown (PoliciesUnread b (Namespace))
node/n1 -> 203.0.113.9:443  => Allowed
`},
		{name: "one policy that made no sense", policies: gap(policies, ", namespace: a, name: broken, reason: Unreadable"), rows: `
b/web -> a/db:5432          => Unknown: ingress unknown (` + unreadA + `)
b/web -> b/db:5432          => Allowed
`},
		{name: "what is denied by those that were read may be admitted by others, what is admitted stays so", policies: openDB + gap(policies, ", namespace: a"), rows: `
b/web -> a/db:5432          => Unknown: ingress unknown (` + unreadA + `)
203.0.113.9 -> a/db:5432    => Unknown: ingress unknown (` + unreadA + `)
node/n2 -> a/db:5432        => Allowed: ingress exempt OwnNode
`},
		{name: "an admitting rule that was read is enough", policies: "- {metadata: {name: p}, spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}}\n" + gap(policies, ", namespace: a"), rows: `
b/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/db -> b/web:8000          => Allowed: egress by a/p spec.egress[0]
`},
		{name: "denied in one direction beats unread in the other", policies: "- {metadata: {name: out, namespace: b}, spec: {podSelector: {}, policyTypes: [Egress]}}\n" + gap(policies, ", namespace: a"), rows: `
b/web -> a/db:5432          => Denied: egress shut by b/out; ingress unknown
a/db -> b/db:5432           => Unknown: egress unknown (` + unreadA + `)
`},
		{name: "an admin tier", policies: denyIngress + gap(anp, ""), rows: `
b/web -> a/db:5432          => Unknown: egress unknown; ingress unknown (` + unread + `)
203.0.113.9 -> a/db:5432    => Unknown: ingress unknown (` + unread + `)
203.0.113.9 -> b/db:5432    => Unknown: ingress unknown (` + unread + `)
# these are never subjects of that kind
b/agent -> a/agent:9100     => Allowed: ingress exempt HostNetwork
node/n1 -> 203.0.113.9:443  => Allowed
`},
		{name: "a kind that the server does not have holds nothing", policies: denyIngress + gap(anp, ", reason: NotServed"), rows: `
203.0.113.9 -> a/db:5432    => Denied: ingress shut by a/deny
203.0.113.9 -> b/db:5432    => Allowed
`},
		{name: "the baseline tier changes nothing for pods that are isolated", policies: denyIngress + gap("baselineadminnetworkpolicies.policy.networking.k8s.io", ""), rows: `
203.0.113.9 -> a/db:5432    => Denied: ingress shut by a/deny
203.0.113.9 -> b/db:5432    => Unknown: ingress unknown (LayerUnread baselineadminnetworkpolicies.policy.networking.k8s.io (BaselineAdminNetworkPolicy))
`},
		{name: "a layer that only denies, and only egress", policies: denyEgress + gap("egressfirewalls.k8s.ovn.org", ""), rows: `
a/db -> 203.0.113.9:443     => Denied: egress shut by a/deny
b/db -> 203.0.113.9:443     => Unknown: egress unknown (LayerUnread egressfirewalls.k8s.ovn.org (EgressFirewall))
203.0.113.9 -> b/db:443     => Allowed
# not among pods
b/db -> a/db:5432           => Allowed
`},
		{name: "a namespaced kind in one namespace", policies: gap("ciliumnetworkpolicies.cilium.io", ", namespace: a"), rows: `
203.0.113.9 -> a/db:5432    => Unknown: ingress unknown (LayerUnread a/ciliumnetworkpolicies.cilium.io (CiliumNetworkPolicy))
203.0.113.9 -> b/db:5432    => Allowed
`},
		{name: "a kind that can select nodes", policies: gap("ciliumclusterwidenetworkpolicies.cilium.io", ""), rows: `
203.0.113.9 -> node/n1:22   => Unknown: ingress unknown (LayerUnread ciliumclusterwidenetworkpolicies.cilium.io (CiliumClusterwideNetworkPolicy))
`},
		{name: "L7 authorization, and what is no policy", policies: denyIngress + gap("authorizationpolicies.security.istio.io", "") + gap("secrets", ""), rows: `
203.0.113.9 -> a/db:5432    => Denied: ingress shut by a/deny
203.0.113.9 -> b/db:5432    => Allowed
`},
		{name: "two layers and the policies: all are named", policies: gap(policies, ", namespace: a") + gap(anp, "") + admin("ClusterNetworkPolicy", "tier: Admin, "+everyone+", "+denies), rows: `
203.0.113.9 -> a/db:5432    => Unknown: ingress unknown (` + unread + `, ` + cnpOther + `, ` + unreadA + `)
`},
	})
}
