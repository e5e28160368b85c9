package policy_test

import "testing"

// opens is a policy of namespace a that opens, on pods app=web, what its ports list.
func opens(ports string) string {
	return "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [" + ports + "]}]}}\n"
}

// reaches is a policy of namespace a that lets pods app=db out to what its ports list.
func reaches(ports string) string {
	return "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{ports: [" + ports + "]}]}}\n"
}

func TestPorts(t *testing.T) {
	t.Parallel()
	run(t, []table{
		{
			name:     "a port without a protocol is TCP",
			policies: reaches("{port: 53}"),
			rows: `
a/db -> a/web:53/udp        => Denied: egress shut by a/p
a/db -> a/web:53            => Allowed: egress by a/p spec.egress[0]
a/db -> a/web:53/sctp       => Denied: egress shut by a/p
a/db -> a/web:54            => Denied: egress shut by a/p
`,
		},
		{
			name:     "an empty entry is all of TCP",
			policies: opens("{}"),
			rows: `
a/db -> a/web:1             => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:65535         => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:53/udp        => Denied: ingress shut by a/p
`,
		},
		{
			name:     "a protocol without a port is all of it",
			policies: opens("{protocol: UDP}"),
			rows: `
a/db -> a/web:1/udp         => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:1             => Denied: ingress shut by a/p
`,
		},
		{
			name:     "any entry is enough",
			policies: opens("{port: 53, protocol: UDP}, {port: 53, protocol: TCP}, {port: 8080}"),
			rows: `
a/db -> a/web:53/udp        => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:53            => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:8080          => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:8080/udp      => Denied: ingress shut by a/p
`,
		},
		{
			name:     "the port is the pod's, not the Service's, and need not be declared",
			policies: opens("{port: 80}, {port: 9999}"),
			rows: `
a/db -> svc/a/web:80 -> a/web:8080 => Denied: ingress shut by a/p
a/db -> a/web:80            => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:9999          => Allowed: ingress by a/p spec.ingress[0]
`,
		},
		{
			name:     "the same of egress, and the Service port opens nothing",
			policies: reaches("{port: 80}"),
			rows: `
a/db -> svc/a/web:80 -> a/web:8080 => Denied: egress shut by a/p
`,
		},
		{
			name:     "the pod port is what opens a Service",
			policies: reaches("{port: 8080}"),
			rows: `
a/db -> svc/a/web:80 -> a/web:8080 => Allowed: egress by a/p spec.egress[0]
a/db -> svc/a/draft:80 -> a/web:8080 => Allowed: egress by a/p spec.egress[0]
a/db -> a/web:80            => Denied: egress shut by a/p
`,
		},
		{
			name:     "a range counts both of its ends",
			policies: opens("{port: 32000, endPort: 32768}"),
			rows: `
a/db -> a/web:32000         => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:32500         => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:32768         => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:31999         => Denied: ingress shut by a/p
a/db -> a/web:32769         => Denied: ingress shut by a/p
a/db -> a/web:32500/udp     => Denied: ingress shut by a/p
`,
		},
		{
			name:     "a range of one, with a protocol",
			policies: opens("{port: 53, endPort: 53, protocol: UDP}"),
			rows: `
a/db -> a/web:53/udp        => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:53            => Denied: ingress shut by a/p
a/db -> a/web:54/udp        => Denied: ingress shut by a/p
`,
		},
		{
			name:     "SCTP is a protocol like the others",
			policies: opens("{port: 80, protocol: SCTP}"),
			rows: `
a/db -> a/web:80/sctp       => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:80            => Denied: ingress shut by a/p
`,
		},
		{
			name:     "but a plugin need not support it: what a rule for it opens is open, what is denied is not",
			plugin:   "cilium",
			policies: opens("{port: 80, protocol: SCTP}, {port: 80}"),
			rows: `
a/db -> a/web:80/sctp       => Unknown: ingress unknown (PluginBehaviour sctp-rules-ignored)
a/db -> a/web:81/sctp       => Denied: ingress shut by a/p
a/db -> a/web:80            => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:80/sctp       => Allowed
`,
		},
		{
			name:     "a rule without ports is not about SCTP",
			plugin:   "cilium",
			policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{}]}}",
			rows: `
a/db -> a/web:80/sctp       => Allowed: ingress by a/p spec.ingress[0]
`,
		},
	})
}

func TestPortNames(t *testing.T) {
	t.Parallel()
	run(t, []table{
		{
			name:     "a name is looked up on each destination",
			policies: "- {metadata: {name: p}, spec: {podSelector: {}, ingress: [{ports: [{port: http}]}]}}\n",
			rows: `
a/db -> a/web:8080          => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:80            => Denied: ingress shut by a/p
# no port of that name
a/web -> a/job:8080         => Denied: ingress shut by a/p
a/web -> a/db:5432          => Denied: ingress shut by a/p
a/db -> deploy/a/api:8080   => Allowed: ingress by a/p spec.ingress[0]
a/db -> sts/a/kv:8080       => Denied: ingress shut by a/p
`,
		},
		{
			name:     "for egress it is the peer's, and may be another number on each",
			policies: reaches("{port: http}"),
			rows: `
a/db -> a/web:8080          => Allowed: egress by a/p spec.egress[0]
a/db -> b/web:8000          => Allowed: egress by a/p spec.egress[0]
a/db -> b/web:8080          => Denied: egress shut by a/p
a/db -> 203.0.113.9:8080    => Denied: egress shut by a/p
a/db -> node/n1:8080        => Denied: egress shut by a/p
a/db -> svc/a/web:80 -> a/web:8080 => Allowed: egress by a/p spec.egress[0]
`,
		},
		{
			name:     "a name counts with its protocol",
			policies: opens("{port: dns, protocol: UDP}, {port: dns-tcp, protocol: UDP}"),
			rows: `
a/db -> a/web:53/udp        => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:53            => Denied: ingress shut by a/p
`,
		},
		{
			name:     "a name without a protocol is a TCP port's",
			policies: opens("{port: dns}"),
			rows: `
a/db -> a/web:53/udp        => Denied: ingress shut by a/p
a/db -> a/web:53            => Denied: ingress shut by a/p
`,
		},
		{
			name: "a sidecar's ports are the pod's, a finished init container's are not",
			cluster: `
- {kind: Pod, metadata: {name: web, labels: {app: web}}, spec: {initContainers: [{name: i, ports: [{name: setup, containerPort: 1}]}, {name: s, restartPolicy: Always, ports: [{name: mesh, containerPort: 2}]}], containers: [{name: x}]}, status: {podIP: 10.1.0.1}}
` + pod("a", "db", "10.1.0.2", "n1", "app: db"),
			policies: opens("{port: setup}, {port: mesh}"),
			rows: `
a/db -> a/web:1             => Denied: ingress shut by a/p
a/db -> a/web:2             => Allowed: ingress by a/p spec.ingress[0]
`,
		},
		{
			name:   "on kindnet a sidecar's port names may not be looked up",
			plugin: "kindnet",
			cluster: `
- {kind: Pod, metadata: {name: web, labels: {app: web}}, spec: {initContainers: [{name: s, restartPolicy: Always, ports: [{name: mesh, containerPort: 2}, {name: http, containerPort: 3}]}], containers: [{name: x, ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.1.0.1}}
` + pod("a", "db", "10.1.0.2", "n1", "app: db"),
			policies: opens("{port: mesh}, {port: http}, {port: 9, protocol: UDP}"),
			rows: `
a/db -> a/web:2             => Unknown: ingress unknown (PluginBehaviour sidecar-port-names-ignored)
a/db -> a/web:3             => Unknown: ingress unknown (PluginBehaviour sidecar-port-names-ignored)
# a container's are, and a name that nothing has stays without meaning
a/db -> a/web:8080          => Allowed: ingress by a/p spec.ingress[0]
a/db -> a/web:4             => Denied: ingress shut by a/p
a/db -> a/web:2/udp         => Denied: ingress shut by a/p
`,
		},
		{
			name:   "on Cilium a sidecar's port names are not looked up",
			plugin: "cilium",
			cluster: `
- {kind: Pod, metadata: {name: web, labels: {app: web}}, spec: {initContainers: [{name: s, restartPolicy: Always, ports: [{name: mesh, containerPort: 2}]}], containers: [{name: x, ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.1.0.1}}
` + pod("a", "db", "10.1.0.2", "n1", "app: db"),
			policies: opens("{port: mesh}, {port: http}"),
			rows: `
a/db -> a/web:2             => Denied: ingress shut by a/p
a/db -> a/web:8080          => Allowed: ingress by a/p spec.ingress[0]
`,
		},
		{
			name:     "on AWS a name may mean anything",
			plugin:   "aws-vpc-cni",
			policies: opens("{port: http}"),
			rows: `
a/db -> a/web:8080          => Unknown: ingress unknown (PluginBehaviour named-ports-broken)
a/db -> a/web:1             => Unknown: ingress unknown (PluginBehaviour named-ports-broken)
`,
		},
		{
			name:     "on OVN-Kubernetes a name may mean anything",
			plugin:   "ovn-kubernetes",
			policies: opens("{port: http}, {port: 22}"),
			rows: `
a/db -> a/web:9999          => Unknown: ingress unknown (PluginBehaviour named-ports-broken)
a/db -> a/web:8080          => Unknown: ingress unknown (PluginBehaviour named-ports-broken)
a/db -> a/web:22            => Allowed: ingress by a/p spec.ingress[0]
# not of that protocol
a/db -> a/web:9999/udp      => Denied: ingress shut by a/p
`,
		},
	})
}
