package policy_test

import "testing"

func TestDualStack(t *testing.T) {
	t.Parallel()
	both := `
- {kind: Namespace, metadata: {name: a}}
- {kind: Pod, metadata: {name: web, labels: {app: web}}, spec: {containers: [{name: x}]}, status: {podIP: 10.1.0.1, podIPs: [{ip: 10.1.0.1}, {ip: "2001:db8::1"}]}}
- {kind: Pod, metadata: {name: db, labels: {app: db}}, spec: {containers: [{name: x}]}, status: {podIP: 10.1.0.2, podIPs: [{ip: 10.1.0.2}, {ip: "2001:db8::2"}]}}
- {kind: Pod, metadata: {name: six, labels: {app: db}}, spec: {containers: [{name: x}]}, status: {podIP: "2001:db8::6"}}
- {kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}, {type: InternalIP, address: "fd00::1"}]}}
`
	run(t, []table{
		{name: "a selector means both families", cluster: both, policies: to("{podSelector: {matchLabels: {app: db}}}"), rows: `
a/web -> a/db:5432          => Allowed: egress by a/p spec.egress[0]
a/web -> a/six:5432         => Allowed: egress by a/p spec.egress[0]
a/web -> [2001:db8::2]:5432 => Allowed: egress by a/p spec.egress[0]
a/web -> [2001:db8::9]:5432 => Denied: egress shut by a/p
`},
		{name: "a block means its own family only", cluster: both, policies: to("{ipBlock: {cidr: 0.0.0.0/0}}"), rows: `
a/web -> 203.0.113.9:443    => Allowed: egress by a/p spec.egress[0]
a/web -> [2001:db8:9::9]:443 => Denied: egress shut by a/p
a/web -> a/six:5432         => Denied: egress shut by a/p
a/web -> a/db:5432          => Allowed: egress by a/p spec.egress[0]
`},
		{name: "an IPv6 block", cluster: both, policies: to("{ipBlock: {cidr: \"2001:db8::/32\", except: [\"2001:db8:9::/48\"]}}"), rows: `
a/web -> [2001:db8:8::9]:443 => Allowed: egress by a/p spec.egress[0]
a/web -> [2001:db8:9::9]:443 => Denied: egress shut by a/p
a/web -> 203.0.113.9:443    => Denied: egress shut by a/p
a/web -> a/six:5432         => Allowed: egress by a/p spec.egress[0]
a/web -> node/n1:22         => Denied: egress shut by a/p
`},
		{name: "the address of the flow's family counts, of a pod that has two", cluster: both, policies: from("{ipBlock: {cidr: \"2001:db8::1/128\"}}"), rows: `
a/web -> a/six:5432         => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:5432          => Denied: ingress shut by a/p
`},
		{name: "unknown plugins: an IPv6 block may hold a pod too", plugin: "unknown", cluster: both, policies: to("{ipBlock: {cidr: \"::/0\"}}"), rows: `
a/web -> a/six:5432         => Unknown: egress unknown (PluginBehaviour ipBlock-matches-pods)
a/web -> a/db:5432          => Denied: egress shut by a/p
a/web -> [2001:db8:9::9]:443 => Allowed: egress by a/p spec.egress[0]
`},
	})
}
