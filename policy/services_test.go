package policy_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

func TestServices(t *testing.T) {
	t.Parallel()
	run(t, []table{
		{
			name:     "a headless Service translates nothing: the rule's port is the one that is dialled",
			plugin:   "unknown",
			policies: opens("{port: 8080}"),
			rows: `
a/db -> svc/a/peers:8080 -> a/web:8080 => Allowed: ingress by a/p spec.ingress[0]
a/db -> svc/a/peers:80 -> a/web:80 => Denied: ingress shut by a/p
`,
		},
		{
			name:     "behind a load balancer the pod may see the client, a node, or its own node",
			policies: from("{ipBlock: {cidr: 198.18.0.0/24}}"),
			rows: `
# the office is admitted, but perhaps it is not what the pod sees
198.18.0.10 -> lb/a/front:80 -> a/db:8080 => Unknown: ingress unknown (SourceSeen a/front (Service))
# the world is not admitted, but perhaps the pod sees its own node
203.0.113.9 -> lb/a/front:80 -> a/db:8080  => Unknown: ingress unknown (SourceSeen a/front (Service))
# where nothing is replaced (externalTrafficPolicy: Local) the client is seen
198.18.0.10 -> svc/a/front:80 -> a/db:8080 => Allowed: ingress by a/p spec.ingress[0]
203.0.113.9 -> svc/a/front:80 -> a/db:8080  => Denied: ingress shut by a/p
`,
		},
		{
			name:     "whatever it sees, it is admitted",
			policies: "- {metadata: {name: p}, spec: {podSelector: {}, ingress: [{ports: [{port: 8080}]}]}}\n",
			rows: `
203.0.113.9 -> lb/a/front:80 -> a/web:8080 => Allowed: ingress by a/p spec.ingress[0]
203.0.113.9 -> lb/a/front:80 -> a/web:8081 => Unknown: ingress unknown (SourceSeen a/front (Service))
`,
		},
		{
			name:     "client and nodes are both admitted, by different peers",
			policies: from("{ipBlock: {cidr: 203.0.113.0/24}}, {ipBlock: {cidr: 192.168.0.0/24}}"),
			rows: `
203.0.113.9 -> lb/a/front:80 -> a/web:8080 => Allowed
203.0.113.9 -> lb/a/front:80 -> a/db:8080  => Unknown: ingress unknown (NodeAddress 192.168.0.0/24, SourceSeen a/front (Service))
203.0.113.9 -> lb/a/front:80 -> b/db:5432  => Allowed
`,
		},
		{
			name:     "the nodes are admitted, the client is not",
			policies: "- {metadata: {name: p}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.168.0.0/24}}]}]}}\n",
			rows: `
203.0.113.9 -> lb/a/front:80 -> a/web:8080 => Unknown: ingress unknown (SourceSeen a/front (Service))
`,
		},
		{
			name: "the same where every node but the own one is in the block",
			cluster: `
- {kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}}
- {kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}}
- {kind: Service, metadata: {name: front}, spec: {type: LoadBalancer, ports: [{port: 80}]}}
` + pod("a", "db", "10.1.0.2", "n1", "app: db"),
			policies: from("{ipBlock: {cidr: 203.0.113.0/24}}, {ipBlock: {cidr: 192.168.0.2/32}}"),
			rows: `
203.0.113.9 -> lb/a/front:80 -> a/db:8080 => Allowed: ingress by a/p spec.ingress[0]
`,
		},
		{
			name:     "nodes that were not read may have any address",
			policies: from("{ipBlock: {cidr: 203.0.113.0/24}}, {ipBlock: {cidr: 192.168.0.0/16}}, {ipBlock: {cidr: 198.0.0.0/8}}") + "- {kind: Read, namespaces: [a]}\n",
			rows: `
203.0.113.9 -> lb/a/front:80 -> a/db:8080 => Unknown: ingress unknown (NodeAddress 192.168.0.0/16, NodeAddress 198.0.0.0/8, NodeAddress 203.0.113.0/24, SourceSeen a/front (Service))
`,
		},
		{
			name:     "a selector is never the client of a load balancer",
			policies: from("{namespaceSelector: {}}"),
			rows: `
203.0.113.9 -> lb/a/front:80 -> a/db:5432 => Unknown: ingress unknown (SourceSeen a/front (Service))
203.0.113.9 -> lb/a/front:80 -> a/web:8080 => Allowed
`,
		},
		{
			name:     "the AWS VPC CNI may want the Service's port to be the pod's",
			plugin:   "aws-vpc-cni",
			policies: reaches("{port: 8080}"),
			rows: `
a/db -> svc/a/web:80 -> a/web:8080 => Unknown: egress unknown (PluginBehaviour service-port-judged)
a/db -> svc/a/web:8080 -> a/web:8080 => Allowed: egress by a/p spec.egress[0]
a/db -> svc/a/draft:80 -> a/web:8080 => Unknown: egress unknown (PluginBehaviour service-port-judged)
a/db -> a/web:8080          => Allowed: egress by a/p spec.egress[0]
# what the rule does not admit it does not admit there either
a/db -> svc/a/web:8080 -> a/web:80 => Denied: egress shut by a/p
`,
		},
		{
			name:     "where both ports are opened nothing hangs on it",
			plugin:   "aws-vpc-cni",
			policies: reaches("{port: 8080}, {port: 80}"),
			rows: `
a/db -> svc/a/web:80 -> a/web:8080 => Allowed: egress by a/p spec.egress[0]
`,
		},
		{
			name:     "a plugin that does want it, and one that judges Service addresses as well",
			profile:  changed(*judgesServices, map[policy.Behaviour]policy.Truth{policy.ServicePortJudged: policy.Yes}),
			policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 10.96.0.2/32}}], ports: [{port: 8080}]}]}}",
			rows: `
a/db -> svc/a/web:80 -> a/web:8080 => Denied: egress shut by a/p
a/db -> svc/a/web:8080 -> a/web:8080 => Allowed: egress by a/p spec.egress[0]
a/db -> svc/a/db:8080 -> a/job:1 => Allowed: egress by a/p spec.egress[0]
`,
		},
		{
			name:     "pods without an owner are not reliably enforced there",
			plugin:   "aws-vpc-cni",
			cluster:  "- {kind: Pod, metadata: {name: bare, labels: {app: bare}}, spec: {containers: [{name: x}]}, status: {podIP: 10.1.0.9}}\n" + pod("a", "db", "10.1.0.2", "n2", "app: db"),
			policies: denyIngress,
			rows: `
a/db -> a/bare:80           => Unknown: ingress unknown (PluginBehaviour bare-pods-unenforced)
a/bare -> a/db:80           => Denied: ingress shut by a/deny
`,
		},
	})
}
