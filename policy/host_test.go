package policy_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

func TestHost(t *testing.T) {
	t.Parallel()
	const portNames = "- {metadata: {name: p}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: metrics}, {port: 9101}, {port: sql}]}]}}"
	distinguishes := changed(pinned, map[policy.Behaviour]policy.Truth{policy.SelectorsMatchHostNetwork: policy.Yes, policy.HostNetworkIsolated: policy.Yes})
	run(t, []table{
		{
			name:     "a hostNetwork pod that is selected: most plugins do not protect it",
			policies: denyAll,
			rows: `
b/web -> a/agent:9100       => Allowed: ingress exempt HostNetwork
203.0.113.9 -> a/agent:9100 => Allowed: ingress exempt HostNetwork
a/agent -> b/web:8000       => Allowed: egress exempt HostNetwork
a/db -> a/agent:9100        => Denied: egress shut by a/deny; ingress exempt HostNetwork
`,
		},
		{
			name:     "the specification leaves it open",
			plugin:   "unknown",
			policies: denyAll,
			rows: `
b/web -> a/agent:9100       => Unknown: ingress unknown (PluginBehaviour policies-isolate-hostNetwork-pods)
a/agent -> b/web:8000       => Unknown: egress unknown (PluginBehaviour policies-isolate-hostNetwork-pods)
# nothing selects this one
a/web -> b/agent:9100       => Denied: egress shut by a/deny
b/web -> b/agent:9100       => Allowed
`,
		},
		{
			name:     "a plugin that distinguishes them isolates them",
			profile:  distinguishes,
			policies: denyAll,
			rows: `
b/web -> a/agent:9100       => Denied: ingress shut by a/deny
`,
		},
		{name: "cilium", plugin: "cilium", policies: denyAll, rows: "b/web -> a/agent:9100 => Allowed: ingress exempt HostNetwork"},
		{name: "kube-router", plugin: "kube-router", policies: denyAll, rows: "b/web -> a/agent:9100 => Allowed: ingress exempt HostNetwork"},
		{
			name:     "as a peer: selectors ignore it",
			policies: from("{podSelector: {}}, {namespaceSelector: {}}"),
			rows: `
a/agent -> a/db:5432        => Denied: ingress shut by a/p
b/agent -> a/db:5432        => Allowed: ingress exempt OwnNode
`,
		},
		{
			name:     "as a peer: a plugin that distinguishes it treats it as any pod",
			profile:  distinguishes,
			policies: from("{podSelector: {}}"),
			rows: `
a/agent -> a/db:5432        => Allowed: ingress by a/p spec.ingress[0]
# on the same node, and yet a pod like any other
b/agent -> a/db:5432        => Denied: ingress shut by a/p
node/n2 -> a/db:5432        => Allowed: ingress exempt OwnNode
`,
		},
		{
			name:     "as a peer: not known",
			plugin:   "unknown",
			policies: from("{podSelector: {}}"),
			rows: `
a/agent -> a/db:5432        => Unknown: ingress unknown (PluginBehaviour selectors-match-hostNetwork-pods)
# another namespace: no selector matches either way, and the own node only counts if it is taken for one
b/agent -> a/db:5432        => Unknown: ingress unknown (PluginBehaviour selectors-match-hostNetwork-pods)
b/agent -> a/web:8080       => Allowed
`,
		},
		{
			name:     "on OVN-Kubernetes a namespaceSelector may mean the host network too",
			plugin:   "ovn-kubernetes",
			policies: from("{namespaceSelector: {matchLabels: {team: blue}}}"),
			rows: `
node/n1 -> a/db:5432        => Unknown: ingress unknown (PluginBehaviour namespace-selectors-match-hosts)
a/agent -> a/db:5432        => Unknown: ingress unknown (PluginBehaviour namespace-selectors-match-hosts)
a/web -> a/db:5432          => Denied: ingress shut by a/p
203.0.113.9 -> a/db:5432    => Denied: ingress shut by a/p
`,
		},
		{name: "a podSelector alone does so where it matches a hostNetwork pod of the node", plugin: "ovn-kubernetes", policies: from("{podSelector: {}}"), rows: `
node/n1 -> a/db:5432        => Unknown: ingress unknown (PluginBehaviour selectors-match-hostNetwork-pods)
a/agent -> a/db:5432        => Unknown: ingress unknown (PluginBehaviour selectors-match-hostNetwork-pods)
`},
		{
			name:     "the own node is always let in, another node is not",
			plugin:   "unknown",
			policies: denyAll,
			rows: `
node/n1 -> a/web:8080       => Allowed: ingress exempt OwnNode
node/n2 -> a/web:8080       => Denied: ingress shut by a/deny
node/n2 -> a/db:5432        => Allowed: ingress exempt OwnNode
# which node the pods of a template will run on is not known
node/n1 -> deploy/a/api:8080 => Unknown: ingress unknown (SameNode a/api (Deployment) n1)
`,
		},
		{
			name:     "a plugin that may filter hostNetwork pods of the own node, but not the node",
			profile:  changed(pinned, map[policy.Behaviour]policy.Truth{policy.OwnNodePodsFiltered: policy.Maybe}),
			policies: denyAll,
			rows: `
b/agent -> a/db:5432        => Unknown: ingress unknown (PluginBehaviour own-node-hostNetwork-pods-filtered)
node/n2 -> a/db:5432        => Allowed: ingress exempt OwnNode
node/n1 -> a/db:5432        => Denied: ingress shut by a/deny
b/agent -> a/web:8080       => Denied: ingress shut by a/deny
`,
		},
		{name: "kindnet may", plugin: "kindnet", policies: denyIngress, rows: `
b/agent -> a/db:5432        => Unknown: ingress unknown (PluginBehaviour own-node-hostNetwork-pods-filtered, PluginBehaviour selectors-match-hostNetwork-pods)
node/n2 -> a/db:5432        => Allowed: ingress exempt OwnNode
`},
		{
			name:     "works from the same node, times out from others: hostNetwork",
			plugin:   "kube-router",
			policies: denyIngress,
			rows: `
a/agent -> a/web:8080       => Allowed: ingress exempt OwnNode
b/agent -> a/web:8080       => Denied: ingress shut by a/deny
`,
		},
		{
			name:     "a pod's egress to its own node is subject to policies unless the plugin exempts it",
			policies: denyEgress,
			rows: `
a/web -> node/n1:9100       => Denied: egress shut by a/deny
a/web -> node/n2:9100       => Denied: egress shut by a/deny
`,
		},
		{name: "not known", plugin: "unknown", policies: denyEgress, rows: `
a/web -> node/n1:9100       => Unknown: egress unknown (PluginBehaviour own-node-egress-exempt)
a/web -> node/n2:9100       => Denied: egress shut by a/deny
deploy/a/api -> node/n1:9100 => Unknown: egress unknown (PluginBehaviour own-node-egress-exempt, SameNode a/api (Deployment) n1)
`},
		{name: "cilium", plugin: "cilium", policies: denyEgress, rows: "a/web -> node/n1:9100 => Denied: egress shut by a/deny"},
		{name: "kube-router", plugin: "kube-router", policies: denyEgress, rows: "a/web -> node/n1:9100 => Denied: egress shut by a/deny"},
		{name: "a plugin that exempts it", profile: changed(pinned, map[policy.Behaviour]policy.Truth{policy.OwnNodeEgressExempt: policy.Yes}), policies: denyEgress, rows: `
a/web -> node/n1:9100       => Allowed: egress exempt OwnNode
a/web -> node/n2:9100       => Denied: egress shut by a/deny
`},
		{name: "a port name of an egress rule is none of a hostNetwork pod's where it is its node to the plugin", plugin: "cilium", policies: portNames, rows: `
a/web -> a/agent:9100       => Denied: egress shut by a/p
b/web -> a/agent:9100       => Allowed
a/web -> node/n1:9100       => Denied: egress shut by a/p
# a number is any end's, and so is a name of a pod with an address of its own
a/web -> a/agent:9101       => Allowed: egress by a/p spec.egress[0]
a/web -> b/db:5432          => Allowed: egress by a/p spec.egress[0]
`},
		{name: "it is one where the plugin tells such pods apart", profile: distinguishes, policies: portNames, rows: `
a/web -> a/agent:9100       => Allowed: egress by a/p spec.egress[0]
a/web -> node/n1:9100       => Denied: egress shut by a/p
`},
		{name: "and undefined where that is not known", plugin: "unknown", policies: portNames, rows: `
a/web -> b/agent:9100       => Denied: egress shut by a/p
a/job -> a/agent:9100       => Unknown: egress unknown (PluginBehaviour selectors-match-hostNetwork-pods)
`},
		{
			name:     "no selector is the API server, a block of its address is",
			policies: to("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}, {ipBlock: {cidr: 192.168.0.2/32}}"),
			rows: `
a/web -> svc/a/manual:443 -> node/n2:6443 => Allowed: egress by a/p spec.egress[0]
a/web -> svc/a/manual:443 -> node/n1:6443 => Denied: egress shut by a/p
`,
		},
		{
			name:     "a node is never a subject",
			policies: denyAll,
			rows: `
node/n1 -> node/n2:22       => Allowed
node/n1 -> 203.0.113.9:443  => Allowed
`,
		},
	})
}
