package policy_test

import "testing"

// from is a policy of namespace a that admits, to pods app=db, what its one rule lists.
func from(peers string) string {
	return "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [" + peers + "]}]}}\n"
}

// to is a policy of namespace a that admits, from pods app=web, what its one rule lists.
func to(peers string) string {
	return "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [" + peers + "]}]}}\n"
}

func TestPeers(t *testing.T) {
	t.Parallel()
	run(t, []table{
		{
			name:     "an empty podSelector is every pod of the policy's own namespace",
			policies: from("{podSelector: {}}"),
			rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
b/web -> a/db:5432          => Denied: ingress shut by a/p
203.0.113.9 -> a/db:5432    => Denied: ingress shut by a/p
`,
		},
		{
			name:     "an empty namespaceSelector is every pod of every namespace, and only pods",
			policies: from("{namespaceSelector: {}}"),
			rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
b/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
# a namespace whose labels were not read has labels all the same
c/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
203.0.113.9 -> a/db:5432    => Denied: ingress shut by a/p
node/n1 -> a/db:5432        => Denied: ingress shut by a/p
# a hostNetwork pod on another node has its node's address
a/agent -> a/db:5432        => Denied: ingress shut by a/p
`,
		},
		{
			name:     "the same of egress",
			policies: to("{namespaceSelector: {}}"),
			rows: `
a/web -> b/db:5432          => Allowed: egress by a/p spec.egress[0]
a/web -> 203.0.113.9:443    => Denied: egress shut by a/p
a/web -> node/n2:10250      => Denied: egress shut by a/p
a/web -> b/agent:9100       => Denied: egress shut by a/p
`,
		},
		{
			name:     "both selectors in one item must match",
			policies: from("{namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {role: c}}}"),
			rows: `
b/db -> a/db:5432           => Allowed: ingress by a/p spec.ingress[0]
b/web -> a/db:5432          => Denied: ingress shut by a/p
a/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "in two items either is enough, and the podSelector means the own namespace",
			policies: from("{namespaceSelector: {matchLabels: {team: blue}}}, {podSelector: {matchLabels: {app: job}}}"),
			rows: `
b/db -> a/db:5432           => Allowed: ingress by a/p spec.ingress[0]
# no role label, and yet: over-open
b/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/job -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "a podSelector alone never matches another namespace",
			policies: from("{podSelector: {matchLabels: {app: web}}}"),
			rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
b/web -> a/db:5432          => Denied: ingress shut by a/p
c/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "namespaces are matched by label, and only one label is the name",
			policies: from("{namespaceSelector: {matchLabels: {name: b}}}"),
			rows: `
b/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "kubernetes.io/metadata.name is always there, read or not",
			policies: from("{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [b, c]}]}}"),
			rows: `
b/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
c/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "the label follows the name even where the object says otherwise",
			cluster:  "- {kind: Namespace, metadata: {name: a, labels: {kubernetes.io/metadata.name: b}}}\n" + pod("a", "web", "10.1.0.1", "n1", "app: web") + pod("a", "db", "10.1.0.2", "n1", "app: db"),
			policies: from("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}"),
			rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
`,
		},
		{
			name:     "NotIn and DoesNotExist match what does not have the key",
			policies: from("{podSelector: {matchExpressions: [{key: env, operator: NotIn, values: [prod, test]}]}}"),
			rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/job -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
b/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "NotIn does not match its values",
			policies: from("{podSelector: {matchExpressions: [{key: env, operator: NotIn, values: [dev]}]}}"),
			rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/job -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "In and Exists want the key, DoesNotExist its absence",
			policies: from("{podSelector: {matchExpressions: [{key: env, operator: In, values: [dev, prod]}]}}, {podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}, {podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}"),
			rows: `
a/job -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
# a template has what it says and what controllers add, and nothing else
deploy/a/api -> a/db:5432   => Denied: ingress shut by a/p
`,
		},
		{
			name:     "matchLabels and matchExpressions must all hold",
			policies: from("{podSelector: {matchLabels: {app: job}, matchExpressions: [{key: env, operator: Exists}, {key: env, operator: NotIn, values: [prod]}]}}, {podSelector: {matchLabels: {app: web, tier: back}}}"),
			rows: `
a/job -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "an empty value is a value",
			cluster:  pod("a", "web", "10.1.0.1", "n1", `app: ""`) + pod("a", "job", "10.1.0.3", "n1", "env: dev") + pod("a", "db", "10.1.0.2", "n1", "app: db"),
			policies: from(`{podSelector: {matchLabels: {app: ""}}}`),
			rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/job -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "no selector names what is outside",
			policies: to("{podSelector: {matchLabels: {app: db}}}, {namespaceSelector: {}}"),
			rows: `
a/web -> 203.0.113.9:5432   => Denied: egress shut by a/p
a/web -> dns/rds.example:5432 => Denied: egress shut by a/p
a/web -> svc/a/manual:5432 -> 203.0.113.9:5432 => Denied: egress shut by a/p
`,
		},
		{
			name:     "a block does, at the address that is reached in the end",
			policies: to("{ipBlock: {cidr: 203.0.113.0/24}}"),
			rows: `
a/web -> 203.0.113.9:5432   => Allowed: egress by a/p spec.egress[0]
a/web -> svc/a/manual:5432 -> 203.0.113.9:5432 => Allowed: egress by a/p spec.egress[0]
a/web -> svc/a/manual:5432 -> 198.51.100.9:5432 => Denied: egress shut by a/p
a/web -> dns/rds.example:5432 => Unknown: egress unknown (NameAddress rds.example (DNSName) 203.0.113.0/24)
`,
		},
		{
			name:     "rules and policies are counted apart",
			policies: `- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 1}]}, {from: [{podSelector: {matchLabels: {app: job}}}], ports: [{port: 2}]}]}}`,
			rows: `
a/web -> a/db:1             => Allowed: ingress by a/p spec.ingress[0]
a/job -> a/db:2             => Allowed: ingress by a/p spec.ingress[1]
# the peer of one rule and the port of the other
a/web -> a/db:2             => Denied: ingress shut by a/p
a/job -> a/db:1             => Denied: ingress shut by a/p
`,
		},
	})
}
