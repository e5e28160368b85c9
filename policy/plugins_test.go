package policy_test

import "testing"

// Where kube-router was measured to deviate from the specification. Each table has the same rows
// under a plugin that does not.
func TestKubeRouter(t *testing.T) {
	t.Parallel()
	const (
		oneChain = `
- {metadata: {name: p}, spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}]}}
`
		apart = `
- {metadata: {name: in}, spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}}
- {metadata: {name: out}, spec: {podSelector: {}, policyTypes: [Egress]}}
`
		unresolved = `
- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: http}, {port: metrics, protocol: UDP}]}]}}
`
		ownNumbers = `
- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}}
`
		blocks = `
- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 198.18.0.0/16}}, {ipBlock: {cidr: 198.18.0.0/24, except: [198.18.0.20/32]}}, {podSelector: {matchLabels: {app: web}}}]}]}}
`
		tie = `
- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 198.18.0.0/16, except: [198.18.0.0/24]}}, {ipBlock: {cidr: 198.18.0.0/24}}]}]}}
`
		leaking = `
- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: http}]}]}}
`
	)
	two := pod("a", "old", "10.1.0.1", "n1", "app: web", "http 8080", "metrics 9090") +
		pod("a", "new", "10.1.0.2", "n1", "app: web", "http 8000", "metrics 9090") +
		pod("a", "odd", "10.1.0.4", "n1", "app: web", "http 7000") +
		pod("a", "db", "10.1.0.3", "n1", "app: db")
	run(t, []table{
		{name: "by the specification each direction is its own", policies: oneChain, rows: `
a/web -> a/db:5432          => Denied: egress shut by a/p; ingress by a/p spec.ingress[0]
`},
		{name: "a rule of either direction opens both, in one policy that selects both ends", plugin: "kube-router", policies: oneChain, rows: `
a/web -> a/db:5432          => Allowed: egress by a/p spec.ingress[0]; ingress by a/p spec.ingress[0]
# only one end is selected
a/web -> b/db:5432          => Denied: egress shut by a/p
b/web -> a/db:5432          => Denied: ingress shut by a/p
# a hostNetwork pod is not selected
a/db -> a/agent:9100        => Denied: egress shut by a/p; ingress by a/p spec.ingress[0]
a/agent -> a/db:5432        => Denied: egress exempt HostNetwork; ingress shut by a/p
`},
		{name: "two policies are two chains", plugin: "kube-router", policies: apart, rows: `
a/web -> a/db:5432          => Denied: egress shut by a/out; ingress by a/in spec.ingress[0]
`},
		{name: "a rule that does not admit the flow opens nothing", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: 1}]}]}}", rows: `
a/web -> a/db:5432          => Denied: egress shut by a/p; ingress shut by a/p
a/web -> a/db:1             => Allowed: egress by a/p spec.ingress[0]; ingress by a/p spec.ingress[0]
`},
		{name: "perhaps both ends are selected", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchExpressions: [{key: pod-template-hash, operator: NotIn, values: [x]}]}, policyTypes: [Ingress, Egress], ingress: [{}]}}", rows: `
# the template's pods are selected, or else open
a/web -> deploy/a/api:8080  => Unknown: egress unknown; ingress open either way (PodLabel a/api (Deployment) pod-template-hash)
`},
		{name: "by the specification a name that no pod has opens nothing", policies: unresolved, rows: `
a/web -> a/db:1             => Denied: ingress shut by a/p
`},
		{name: "names that none of the selected pods has open every port, to the pod peers", plugin: "kube-router", policies: unresolved, rows: `
a/web -> a/db:1             => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:5432/udp      => Allowed: ingress by a/p spec.ingress[0]
a/job -> a/db:1             => Denied: ingress shut by a/p
# not to the blocks of the same rule
203.0.113.9 -> a/db:1       => Denied: ingress shut by a/p
`},
		{name: "one of the names is enough to resolve, and so is a number", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: sql}, {port: http}]}, {from: [{podSelector: {}}], ports: [{port: http}, {port: 2}]}]}}", rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:2             => Allowed: ingress by a/p spec.ingress[1]
a/web -> a/db:1             => Denied: ingress shut by a/p
`},
		{name: "of egress it is the peers that lack the names, in namespaces that were not read too", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: http}]}, {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: c}}}], ports: [{port: http}]}]}}", rows: `
a/web -> a/db:1             => Allowed: egress by a/p spec.egress[0]
a/web -> c/web:8080         => Allowed: egress by a/p spec.egress[1]
a/web -> c/web:1            => Denied: egress shut by a/p
`},
		{name: "a hostNetwork pod's names do not count", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}], ports: [{port: metrics}]}]}}", rows: `
a/db -> a/web:1             => Allowed: egress by a/p spec.egress[0]
`},
		{name: "by the specification a name is the destination's", policies: ownNumbers, rows: `
a/db -> b/web:8000          => Allowed: egress by a/p spec.egress[0]
a/db -> b/web:8080          => Denied: egress shut by a/p
a/db -> 203.0.113.9:8080    => Denied: egress shut by a/p
`},
		{name: "without peers it is the number of the policy's own namespace, at any destination", plugin: "kube-router", policies: ownNumbers, rows: `
a/db -> b/web:8000          => Denied: egress shut by a/p
a/db -> b/web:8080          => Allowed: egress by a/p spec.egress[0]
a/db -> 203.0.113.9:8080    => Allowed: egress by a/p spec.egress[0]
a/db -> 203.0.113.9:8000    => Denied: egress shut by a/p
a/db -> 203.0.113.9:8080/udp => Denied: egress shut by a/p
a/db -> c/web:8080          => Allowed: egress by a/p spec.egress[0]
`},
		{name: "with its protocol", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{ports: [{port: dns}, {port: 54, protocol: UDP}]}]}}", rows: `
a/db -> 203.0.113.9:53/udp  => Denied: egress shut by a/p
a/db -> 203.0.113.9:54/udp  => Allowed: egress by a/p spec.egress[0]
`},
		{name: "by the specification each block is its own", policies: blocks, rows: `
198.18.0.20 -> a/db:1       => Allowed: ingress by a/p spec.ingress[0]
`},
		{name: "the blocks of a rule share their excepts, the longest prefix decides", plugin: "kube-router", policies: blocks, rows: `
198.18.0.20 -> a/db:1       => Denied: ingress shut by a/p
198.18.0.21 -> a/db:1       => Allowed: ingress by a/p spec.ingress[0]
198.18.9.9 -> a/db:1        => Allowed: ingress by a/p spec.ingress[0]
203.0.113.9 -> a/db:1       => Denied: ingress shut by a/p
# selectors have a set of their own
a/web -> a/db:1             => Allowed: ingress by a/p spec.ingress[0]
`},
		{name: "which of two equal prefixes decides is not known", plugin: "kube-router", policies: tie, rows: `
198.18.0.20 -> a/db:1       => Unknown: ingress unknown (PluginBehaviour ipBlocks-share-excepts)
198.18.1.20 -> a/db:1       => Allowed: ingress by a/p spec.ingress[0]
`},
		{name: "an address that is not known is held against all of them at once", plugin: "kube-router", policies: blocks, rows: `
deploy/a/api -> a/db:1      => Unknown: ingress unknown (PodAddress a/api (Deployment) 198.18.0.0/16 and 198.18.0.0/24 except 198.18.0.20/32)
`},
		{name: "of its own family only", plugin: "kube-router", policies: from("{ipBlock: {cidr: \"2001:db8::/32\"}}, {ipBlock: {cidr: \"2001:db8::/48\", except: [\"2001:db8::/64\"]}}"), rows: `
deploy/a/api -> a/db:1      => Denied: ingress shut by a/p
`},
		{name: "a block of everything holds it, if nothing is taken out", plugin: "kube-router", policies: from("{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: \"2001:db8::/48\", except: [\"2001:db8::/64\"]}}"), rows: `
deploy/a/api -> a/db:1      => Allowed: ingress by a/p spec.ingress[0]
`},
		{name: "or if something is, perhaps", plugin: "kube-router", policies: from("{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}"), rows: `
deploy/a/api -> a/db:1      => Unknown: ingress unknown (PodAddress a/api (Deployment) 0.0.0.0/0 and 10.0.0.0/8 except 10.1.0.0/16)
a/web -> a/db:1             => Denied: ingress shut by a/p
b/web -> a/db:1             => Allowed: ingress by a/p spec.ingress[0]
`},
		{name: "a node of two addresses, in the set and out of it", plugin: "kube-router", policies: from("{ipBlock: {cidr: 198.51.0.0/16}}, {ipBlock: {cidr: 198.51.0.0/17, except: [198.51.7.0/24]}}"), rows: `
node/n1 -> a/db:1           => Unknown: ingress unknown (NodeAddress n1 (Node) 198.51.0.0/16 and 198.51.0.0/17 except 198.51.7.0/24)
`},
		{name: "the blocks of two rules do not share", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 198.18.0.0/16, except: [198.18.0.20/32]}}]}, {from: [{ipBlock: {cidr: 198.18.0.0/24}}]}]}}", rows: `
198.18.0.20 -> a/db:1       => Allowed: ingress by a/p spec.ingress[1]
`},
		{name: "by the specification a name is the pod's own number", cluster: two, policies: leaking, rows: `
a/db -> a/old:8080          => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/old:8000          => Denied: ingress shut by a/p
`},
		{name: "a pod may be admitted at another pod's number, and always is at its own", plugin: "kube-router", cluster: two, policies: leaking, rows: `
a/db -> a/old:8080          => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/old:8000          => Unknown: ingress unknown (PluginBehaviour mixed-port-names-leak)
a/db -> a/new:8080          => Unknown: ingress unknown (PluginBehaviour mixed-port-names-leak)
a/db -> a/old:9090          => Denied: ingress shut by a/p
# shares no port with the others, so no address set with them either
a/db -> a/odd:8080          => Denied: ingress shut by a/p
a/db -> a/old:7000          => Denied: ingress shut by a/p
a/db -> a/old:8000/udp      => Denied: ingress shut by a/p
`},
		{name: "names of an egress rule mean nothing for its blocks", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}, {namespaceSelector: {matchLabels: {team: blue}}}], ports: [{port: http}, {port: 22}]}]}}", rows: `
a/db -> a/web:8080          => Denied: egress shut by a/p
a/db -> a/web:22            => Allowed: egress by a/p spec.egress[0]
a/db -> b/web:8000          => Allowed: egress by a/p spec.egress[0]
`},
		{name: "the specification knows no such difference", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: http}]}]}}", rows: `
a/db -> a/web:8080          => Allowed: egress by a/p spec.egress[0]
`},
		{name: "names of an ingress rule do count for its blocks", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: http}]}]}}", rows: `
203.0.113.9 -> a/web:8080   => Allowed: ingress by a/p spec.ingress[0]
203.0.113.9 -> a/web:1      => Denied: ingress shut by a/p
`},
	})
}

// What those deviations hang on may not have been read: then they may or may not occur.
func TestKubeRouterOfWhichNotAllWasRead(t *testing.T) {
	t.Parallel()
	const (
		readA, readB = "- {kind: Read, namespaces: [a]}\n", "- {kind: Read, namespaces: [b]}\n"
		byName       = "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}], ports: [{port: http}]}]}}\n"
		leak         = "PluginBehaviour mixed-port-names-leak"
		openAll      = "PluginBehaviour unresolved-port-names-open-all"
		own          = "PluginBehaviour named-egress-ports-use-own-namespace"
	)
	run(t, []table{
		{name: "all of the policy's namespace was read", plugin: "kube-router", policies: byName + readA, rows: `
a/db -> a/web:8080          => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:1             => Denied: ingress shut by a/p
`},
		{name: "it was not: another pod may have that number", plugin: "kube-router", policies: byName + readB, rows: `
a/db -> a/web:8080          => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:1             => Unknown: ingress unknown (` + leak + `)
a/db -> a/web:1/udp         => Denied: ingress shut by a/p
# not admitted as a peer, whatever its port
b/db -> a/web:1             => Denied: ingress shut by a/p
`},
		{name: "another selected pod may have that name", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: job}}, ingress: [{from: [{podSelector: {}}], ports: [{port: http}]}]}}\n" + readB, rows: `
a/db -> a/job:1             => Unknown: ingress unknown (` + openAll + `)
b/db -> a/job:1             => Denied: ingress shut by a/p
`},
		{name: "of egress every namespace has to be read", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: job}}}], ports: [{port: http}]}, {to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}], ports: [{port: http}]}]}}\n" + readA, rows: `
a/web -> a/job:1            => Allowed: egress by a/p spec.egress[0]
a/web -> a/db:1             => Unknown: egress unknown (` + openAll + `)
`},
		{name: "a pod that is perhaps selected may have the name", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: [job, api]}, {key: pod-template-hash, operator: NotIn, values: [h1]}]}, ingress: [{from: [{podSelector: {}}], ports: [{port: http}]}]}}\n", rows: `
a/db -> a/job:1             => Unknown: ingress unknown (PodLabel a/api (Deployment) pod-template-hash)
`},
		{name: "another pod of the namespace may have that number", plugin: "kube-router", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}}\n" + readB, rows: `
a/db -> 203.0.113.9:8080    => Allowed: egress by a/p spec.egress[0]
a/db -> 203.0.113.9:1       => Unknown: egress unknown (` + own + `)
a/db -> 203.0.113.9:1/udp   => Denied: egress shut by a/p
# a number in the rule would do
a/db -> b/web:8000          => Unknown: egress unknown (` + own + `)
`},
	})
}

// The matrix that both enforcers were measured on: where they agree, and where they do
// not. Rows of one cluster and one set of policies.
func TestMeasuredMatrix(t *testing.T) {
	t.Parallel()
	const policies = `
- {metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}
- {metadata: {name: out}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [
    {to: [{namespaceSelector: {matchLabels: {team: blue}}}], ports: [{port: 8000, endPort: 8085}]},
    {to: [{podSelector: {}}], ports: [{port: 80}]},
    {to: [{ipBlock: {cidr: 198.18.0.0/24, except: [198.18.0.20/32]}}]},
    {to: [{ipBlock: {cidr: 10.96.0.0/16}}]}]}}
- {metadata: {name: in}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [
    {from: [{namespaceSelector: {matchLabels: {team: blue}}}], ports: [{port: sql}]},
    {from: [{ipBlock: {cidr: 10.2.0.2/32}}, {ipBlock: {cidr: 198.18.0.0/24}}], ports: [{port: 9090}]},
    {ports: [{port: 22}]}]}}
`
	agree := `
# a namespace by label and a range of ports
a/web -> b/web:8000         => Allowed: egress by a/out spec.egress[0]
a/web -> b/web:8086         => Denied: egress shut by a/deny, a/out
# the Service's port instead of the pod's
a/db -> svc/a/web:80 -> a/web:8080 => Denied: egress shut by a/deny; ingress shut by a/deny
a/web -> svc/a/web:80 -> a/job:8080 => Denied: egress shut by a/deny, a/out; ingress shut by a/deny
# a block of the Service range opens nothing: policies act after the translation
a/web -> svc/a/db:5432 -> b/db:5432 => Denied: egress shut by a/deny, a/out
# a block with an except, outside
a/web -> 198.18.0.10:80     => Allowed: egress by a/out spec.egress[2]
a/web -> 198.18.0.20:80     => Denied: egress shut by a/deny, a/out
198.18.0.20 -> a/db:9090    => Allowed: ingress by a/in spec.ingress[1]
198.18.0.20 -> a/db:5432    => Denied: ingress shut by a/deny, a/in
# a named port from a namespace
b/web -> a/db:5432          => Allowed: ingress by a/in spec.ingress[0]
b/web -> a/db:5433          => Denied: ingress shut by a/deny, a/in
# no from: the world
203.0.113.9 -> a/db:22      => Allowed: ingress by a/in spec.ingress[2]
# to its own address, from its own node
a/job -> a/job:80           => Allowed: egress exempt SelfTraffic; ingress exempt SelfTraffic
node/n2 -> a/job:80         => Allowed: ingress exempt OwnNode
b/agent -> a/job:80         => Allowed: ingress exempt OwnNode
# to the node, where the API server is
a/web -> node/n1:6443       => Denied: egress shut by a/deny, a/out
`
	run(t, []table{
		{name: "kube-router", plugin: "kube-router", policies: policies, rows: agree + `
b/db -> a/db:9090           => Allowed: ingress by a/in spec.ingress[1]
`},
		{name: "cilium", plugin: "cilium", policies: policies, rows: agree + `
b/db -> a/db:9090           => Denied: ingress shut by a/deny, a/in
`},
	})
}
