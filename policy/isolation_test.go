package policy_test

import "testing"

func TestIsolation(t *testing.T) {
	t.Parallel()
	run(t, []table{
		{
			name: "a pod that no policy selects is open both ways",
			rows: `
a/web -> a/db:5432          => Allowed
a/db -> b/web:1             => Allowed
a/web -> a/db:5432/udp      => Allowed
a/web -> a/db:5432/sctp     => Allowed
a/web -> 203.0.113.9:443    => Allowed
203.0.113.9 -> a/web:8080   => Allowed
`,
		},
		{
			name:     "isolation is per pod and per direction",
			policies: `- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}}`,
			rows: `
a/web -> a/db:5432          => Denied: ingress shut by a/p
a/db -> a/web:80            => Allowed
a/web -> a/job:80           => Allowed
203.0.113.9 -> a/db:5432    => Denied: ingress shut by a/p
a/db -> 203.0.113.9:443     => Allowed
`,
		},
		{
			name:     "the same of egress",
			policies: `- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress]}}`,
			rows: `
a/web -> a/db:5432          => Allowed
a/db -> a/web:80            => Denied: egress shut by a/p
a/db -> 203.0.113.9:443     => Denied: egress shut by a/p
`,
		},
		{
			name: "a connection needs egress at its source and ingress at its destination",
			policies: denyIngress + `
- {metadata: {name: out}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}}`,
			rows: `
# allowed out, shut in: the cause is the destination's ingress only
a/web -> a/db:5432          => Denied: egress by a/out spec.egress[0]; ingress shut by a/deny
# shut in both directions: fixing one is not enough
a/web -> a/job:80           => Denied: egress shut by a/out; ingress shut by a/deny
# shut out, open in
a/web -> b/db:5432          => Denied: egress shut by a/out
a/db -> b/db:5432           => Allowed
`,
		},
		{
			name: "policies only add: what any of them admits is allowed",
			policies: denyIngress + `
- {metadata: {name: from-web}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}}
- {metadata: {name: from-job}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: job}}}]}, {from: [{podSelector: {matchLabels: {env: dev}}}]}]}}`,
			rows: `
a/web -> a/db:5432          => Allowed: ingress by a/from-web spec.ingress[0]
a/job -> a/db:5432          => Allowed: ingress by a/from-job spec.ingress[0], a/from-job spec.ingress[1]
a/job -> a/web:80           => Denied: ingress shut by a/deny, a/from-web
b/web -> a/db:5432          => Denied: ingress shut by a/deny, a/from-job, a/from-web
`,
		},
		{
			name:     "without the deny-all nothing changes for selected pods",
			policies: `- {metadata: {name: from-web}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}}`,
			rows: `
a/web -> a/db:5432          => Allowed: ingress by a/from-web spec.ingress[0]
a/job -> a/db:5432          => Denied: ingress shut by a/from-web
`,
		},
		{
			name:     "an egress rule without policyTypes isolates ingress too",
			policies: `- {metadata: {name: dns}, spec: {podSelector: {matchLabels: {app: web}}, egress: [{ports: [{port: 53, protocol: UDP}]}]}}`,
			rows: `
a/web -> a/db:53/udp        => Allowed: egress by a/dns spec.egress[0]
a/web -> a/db:5432          => Denied: egress shut by a/dns
a/db -> a/web:8080          => Denied: ingress shut by a/dns
a/db -> a/job:80            => Allowed
`,
		},
		{
			name:     "with policyTypes Egress it does not",
			policies: `- {metadata: {name: dns}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]}}`,
			rows: `
a/db -> a/web:8080          => Allowed
a/web -> a/db:5432          => Denied: egress shut by a/dns
`,
		},
		{
			name:     "an empty egress list without policyTypes isolates ingress only",
			policies: `- {metadata: {name: p}, spec: {podSelector: {}, egress: []}}`,
			rows: `
a/web -> 203.0.113.9:443    => Allowed
b/web -> a/web:8080         => Denied: ingress shut by a/p
`,
		},
		{
			name:     "empty policyTypes are missing policyTypes",
			policies: `- {metadata: {name: p}, spec: {podSelector: {}, policyTypes: [], egress: null}}`,
			rows: `
a/web -> 203.0.113.9:443    => Allowed
b/web -> a/web:8080         => Denied: ingress shut by a/p
`,
		},
		{
			name:     "rules of a type that is not listed are ignored",
			policies: `- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: job}}}]}], egress: [{}]}}`,
			rows: `
a/db -> a/web:8080          => Allowed
a/job -> a/web:8080         => Allowed
a/web -> a/db:5432          => Allowed: egress by a/p spec.egress[0]
`,
		},
		{
			name:     "some plugins enforce them, so there it is not known",
			plugin:   "cilium",
			policies: `- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: job}}}]}], egress: [{}]}}`,
			rows: `
a/db -> a/web:8080          => Unknown: ingress unknown (PluginBehaviour unlisted-sections-enforced)
# admitted either way
a/job -> a/web:8080         => Allowed: ingress open either way
a/web -> a/db:5432          => Allowed: egress by a/p spec.egress[0]
`,
		},
		{name: "on GKE as well", plugin: "gke-dataplane-v2", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], ingress: [{ports: [{port: 1}]}]}}", rows: `
a/db -> a/web:8080          => Unknown: ingress unknown (PluginBehaviour unlisted-sections-enforced)
a/db -> a/web:1             => Allowed: ingress open either way
`},
		{name: "on AWS as well", plugin: "aws-vpc-cni", policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], egress: [{ports: [{port: 1}]}]}}", rows: `
a/web -> b/db:5432          => Unknown: egress unknown (PluginBehaviour unlisted-sections-enforced)
a/web -> b/db:1             => Allowed: egress open either way
`},
		{
			name:     "a listed direction without rules denies all of it",
			policies: `- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: []}}`,
			rows: `
a/db -> a/web:8080          => Denied: ingress shut by a/p
a/web -> a/db:5432          => Denied: egress shut by a/p
a/db -> a/job:80            => Allowed
`,
		},
		{
			name:     "one empty rule allows all of it",
			policies: `- {metadata: {name: p}, spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}}`,
			rows: `
a/db -> a/web:8080          => Allowed: egress by a/p spec.egress[0]; ingress by a/p spec.ingress[0]
203.0.113.9 -> a/web:1/sctp => Allowed: ingress by a/p spec.ingress[0]
node/n2 -> a/web:8080       => Allowed: ingress by a/p spec.ingress[0]
a/web -> 203.0.113.9:1/udp  => Allowed: egress by a/p spec.egress[0]
`,
		},
		{
			name:     "a rule without peers means everyone, nodes and the internet too",
			policies: `- {metadata: {name: p}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 443}]}]}}`,
			rows: `
a/web -> b/web:443          => Allowed: egress by a/p spec.egress[0]
a/web -> node/n2:443        => Allowed: egress by a/p spec.egress[0]
a/web -> 203.0.113.9:443    => Allowed: egress by a/p spec.egress[0]
a/web -> b/web:80           => Denied: egress shut by a/p
a/web -> 203.0.113.9:80     => Denied: egress shut by a/p
a/web -> b/web:443/udp      => Denied: egress shut by a/p
`,
		},
		{
			name:     "a rule without ports means every port and protocol; empty lists are missing lists",
			policies: `- {metadata: {name: p}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: []}, {from: [], ports: [{port: 22}]}]}}`,
			rows: `
a/web -> a/db:1             => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:1/udp         => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:65535/sctp    => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:22            => Allowed: ingress by a/p spec.ingress[0], a/p spec.ingress[1]
203.0.113.9 -> a/db:22      => Allowed: ingress by a/p spec.ingress[1]
203.0.113.9 -> a/db:23      => Denied: ingress shut by a/p
`,
		},
		{
			name:     "a policy acts in its own namespace only",
			policies: denyAll,
			rows: `
a/web -> a/db:5432          => Denied: egress shut by a/deny; ingress shut by a/deny
b/web -> b/db:5432          => Allowed
c/web -> b/db:5432          => Allowed
b/web -> a/db:5432          => Denied: ingress shut by a/deny
a/web -> b/db:5432          => Denied: egress shut by a/deny
`,
		},
		{
			name: "replies need no rule of their own",
			policies: `
- {metadata: {name: out}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}}
- {metadata: {name: in}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}}`,
			rows: `
a/web -> a/db:5432          => Allowed: egress by a/out spec.egress[0]; ingress by a/in spec.ingress[0]
a/web -> a/db:5432/udp      => Allowed: egress by a/out spec.egress[0]; ingress by a/in spec.ingress[0]
# but a connection the other way does
a/db -> a/web:8080          => Denied: egress shut by a/in; ingress shut by a/out
`,
		},
	})
}
