package policy_test

import "testing"

func TestBlocks(t *testing.T) {
	t.Parallel()
	run(t, []table{
		{
			name:     "an except is taken out of its block",
			policies: to("{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.8/29, 203.0.113.77/32]}}"),
			rows: `
a/web -> 203.0.113.7:443    => Allowed: egress by a/p spec.egress[0]
a/web -> 203.0.113.8:443    => Denied: egress shut by a/p
a/web -> 203.0.113.15:443   => Denied: egress shut by a/p
a/web -> 203.0.113.16:443   => Allowed: egress by a/p spec.egress[0]
a/web -> 203.0.113.77:443   => Denied: egress shut by a/p
a/web -> 203.0.112.255:443  => Denied: egress shut by a/p
a/web -> 203.0.114.0:443    => Denied: egress shut by a/p
`,
		},
		{
			name:     "an except denies nothing: another peer may admit the address",
			policies: to("{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}, {podSelector: {matchLabels: {app: db}}}"),
			rows: `
a/web -> a/db:5432          => Allowed: egress by a/p spec.egress[0]
a/web -> a/job:80           => Denied: egress shut by a/p
a/web -> 10.99.0.1:80       => Denied: egress shut by a/p
a/web -> 203.0.113.9:80     => Allowed: egress by a/p spec.egress[0]
`,
		},
		{
			name: "so may another policy",
			policies: to("{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}") + `
- {metadata: {name: q}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}}`,
			rows: `
a/web -> a/db:5432          => Allowed: egress by a/q spec.egress[0]
a/web -> a/job:80           => Denied: egress shut by a/p, a/q
`,
		},
		{
			name:     "several blocks are each their own",
			policies: to("{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.9/32]}}, {ipBlock: {cidr: 203.0.113.0/28}}"),
			rows: `
a/web -> 203.0.113.9:443    => Allowed: egress by a/p spec.egress[0]
a/web -> 203.0.113.99:443   => Allowed: egress by a/p spec.egress[0]
`,
		},
		{
			name:     "the same of ingress",
			policies: from("{ipBlock: {cidr: 198.18.0.0/24, except: [198.18.0.20/32]}}"),
			rows: `
198.18.0.10 -> a/db:5432    => Allowed: ingress by a/p spec.ingress[0]
198.18.0.20 -> a/db:5432    => Denied: ingress shut by a/p
198.18.1.10 -> a/db:5432    => Denied: ingress shut by a/p
`,
		},
		{
			name:     "a range is judged as a whole where no block cuts it",
			policies: to("{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}"),
			rows: `
a/web -> 203.0.113.0/25:443   => Allowed: egress by a/p spec.egress[0]
a/web -> 203.0.113.128/26:443 => Denied: egress shut by a/p
a/web -> 203.0.112.0/24:443   => Denied: egress shut by a/p
# whoever asks has to cut it: part of it is admitted, part of it is not
a/web -> 203.0.0.0/16:443     => Unknown: egress unknown
a/web -> 203.0.113.0/24:443   => Unknown: egress unknown
`,
		},
		{
			name:     "the network counts, however it was written",
			policies: to("{ipBlock: {cidr: 100.64.2.3/16, except: [100.64.7.9/24]}}, {ipBlock: {cidr: 203.000.113.010/32}}"),
			rows: `
a/web -> 100.64.200.9:1     => Allowed: egress by a/p spec.egress[0]
a/web -> 100.64.7.200:1     => Denied: egress shut by a/p
a/web -> 203.0.113.10:1     => Allowed: egress by a/p spec.egress[0]
a/web -> 203.0.113.8:1      => Denied: egress shut by a/p
`,
		},
		{
			name:     "an IPv4 network written as IPv6 is an IPv4 network",
			policies: to("{ipBlock: {cidr: \"::ffff:203.0.113.0/120\"}}"),
			rows: `
a/web -> 203.0.113.9:1      => Allowed: egress by a/p spec.egress[0]
a/web -> 203.0.114.9:1      => Denied: egress shut by a/p
`,
		},
	})
}

// What a block says of addresses of the cluster is the plugin's: of pods, of nodes, of Services.
func TestBlocksAndTheCluster(t *testing.T) {
	t.Parallel()
	everywhere, pods, nodes, services := to("{ipBlock: {cidr: 0.0.0.0/0}}"), to("{ipBlock: {cidr: 10.0.0.0/8}}"), to("{ipBlock: {cidr: 192.168.0.0/24}}"), to("{ipBlock: {cidr: 10.96.0.2/32}}")
	run(t, []table{
		{
			name:     "not known: a block of everything reaches the world, and pods and nodes perhaps",
			plugin:   "unknown",
			policies: everywhere,
			rows: `
a/web -> 203.0.113.9:443    => Allowed: egress by a/p spec.egress[0]
a/web -> a/db:5432          => Unknown: egress unknown (PluginBehaviour ipBlock-matches-pods)
a/web -> node/n2:6443       => Unknown: egress unknown (PluginBehaviour ipBlock-matches-nodes)
a/web -> svc/a/db:5432 -> a/db:5432 => Unknown: egress unknown (PluginBehaviour ipBlock-matches-pods, PluginBehaviour ipBlock-matches-service-addresses)
# the ingress side has nothing to say here
a/db -> a/web:8080          => Allowed
`,
		},
		{
			name:     "measured on kube-router: a block matches pods and nodes",
			plugin:   "kube-router",
			policies: everywhere,
			rows: `
a/web -> 203.0.113.9:443    => Allowed: egress by a/p spec.egress[0]
a/web -> a/db:5432          => Allowed: egress by a/p spec.egress[0]
a/web -> node/n2:6443       => Allowed: egress by a/p spec.egress[0]
a/web -> svc/a/db:5432 -> a/db:5432 => Allowed: egress by a/p spec.egress[0]
`,
		},
		{
			name:     "measured on Cilium: it does neither",
			plugin:   "cilium",
			policies: everywhere,
			rows: `
a/web -> 203.0.113.9:443    => Allowed: egress by a/p spec.egress[0]
a/web -> a/db:5432          => Denied: egress shut by a/p
a/web -> node/n2:6443       => Denied: egress shut by a/p
a/web -> svc/a/db:5432 -> a/db:5432 => Denied: egress shut by a/p
`,
		},
		{name: "ingress from the pod range, kube-router", plugin: "kube-router", policies: from("{ipBlock: {cidr: 10.0.0.0/8}}"), rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
203.0.113.9 -> a/db:5432    => Denied: ingress shut by a/p
`},
		{name: "ingress from the pod range, Cilium", plugin: "cilium", policies: from("{ipBlock: {cidr: 10.0.0.0/8}}"), rows: `
a/web -> a/db:5432          => Denied: ingress shut by a/p
10.200.0.1 -> a/db:5432     => Allowed: ingress by a/p spec.ingress[0]
`},
		{name: "ingress from the pod range, not known", plugin: "calico", policies: from("{ipBlock: {cidr: 10.0.0.0/8}}"), rows: `
a/web -> a/db:5432          => Unknown: ingress unknown (PluginBehaviour ipBlock-matches-pods)
203.0.113.9 -> a/db:5432    => Denied: ingress shut by a/p
`},
		{name: "a block that does not hold the address asks no plugin", plugin: "unknown", policies: pods, rows: `
a/web -> 203.0.113.9:443    => Denied: egress shut by a/p
a/web -> node/n2:6443       => Denied: egress shut by a/p
`},
		{name: "a node's address, kube-router", plugin: "kube-router", policies: nodes, rows: `
a/web -> node/n2:6443       => Allowed: egress by a/p spec.egress[0]
a/web -> svc/a/manual:5432 -> node/n2:6443 => Allowed: egress by a/p spec.egress[0]
a/web -> b/agent:9100       => Allowed: egress by a/p spec.egress[0]
a/web -> a/db:5432          => Denied: egress shut by a/p
`},
		{name: "a node's address, Cilium", plugin: "cilium", policies: nodes, rows: `
a/web -> node/n2:6443       => Denied: egress shut by a/p
a/web -> svc/a/manual:5432 -> node/n2:6443 => Denied: egress shut by a/p
a/web -> b/agent:9100       => Denied: egress shut by a/p
`},
		{name: "a node's address, not known", plugin: "unknown", policies: nodes, rows: `
a/web -> node/n2:6443       => Unknown: egress unknown (PluginBehaviour ipBlock-matches-nodes)
`},
		{name: "the address that was dialled counts, of a node that has several", policies: to("{ipBlock: {cidr: 198.51.100.0/24}}"), rows: `
a/web -> 198.51.100.1:443   => Allowed: egress by a/p spec.egress[0]
a/web -> 192.168.0.1:443    => Denied: egress shut by a/p
a/web -> node/n1:443        => Denied: egress shut by a/p
`},
		{name: "as a source such a node may have any of them", policies: from("{ipBlock: {cidr: 198.51.100.0/24}}"), rows: `
node/n1 -> a/db:5432        => Unknown: ingress unknown (NodeAddress n1 (Node) 198.51.100.0/24)
node/n2 -> a/db:5432        => Allowed: ingress exempt OwnNode
node/n2 -> a/web:8080       => Allowed
`},
		{name: "the address of a Service, measured: it opens nothing", plugin: "kube-router", policies: services, rows: `
a/web -> svc/a/db:5432 -> a/db:5432 => Denied: egress shut by a/p
`},
		{name: "the address of a Service, Cilium", plugin: "cilium", policies: services, rows: `
a/web -> svc/a/db:5432 -> a/db:5432 => Denied: egress shut by a/p
`},
		{name: "the address of a Service, not known", plugin: "unknown", policies: services, rows: `
a/web -> svc/a/db:5432 -> a/db:5432 => Unknown: egress unknown (PluginBehaviour ipBlock-matches-service-addresses)
a/web -> svc/a/web:80 -> a/db:5432 => Denied: egress shut by a/p
a/web -> a/db:5432          => Denied: egress shut by a/p
# a Service that has no address yet may get that one
a/web -> svc/a/draft:5432 -> a/db:5432 => Unknown: egress unknown (PluginBehaviour ipBlock-matches-service-addresses, ServiceAddress a/draft (Service) 10.96.0.2/32)
# nothing is translated
a/web -> svc/a/peers:5432 -> a/db:5432 => Denied: egress shut by a/p
`},
		{name: "a plugin that judges the Service's address judges the Service's port with it", profile: judgesServices, policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.96.0.1/32}}], ports: [{port: 80}]}]}}", rows: `
a/db -> svc/a/web:80 -> a/web:8080 => Allowed: egress by a/p spec.egress[0]
a/db -> svc/a/db:80 -> a/web:8080 => Denied: egress shut by a/p
a/db -> svc/a/web:8080 -> a/web:8080 => Denied: egress shut by a/p
`},
		{name: "metadata addresses are blocks like any other", policies: to("{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}"), rows: `
a/web -> 169.254.169.254:80 => Denied: egress shut by a/p
a/web -> 169.254.169.253:80 => Allowed: egress by a/p spec.egress[0]
`},
	})
}
