package policy_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// stamped are pods with labels that some plugins do not look at.
var stamped = `
- {kind: Namespace, metadata: {name: b, labels: {k8s.io/team: red}}}
` + pod("a", "db", "10.1.0.2", "n2", "app: db") +
	pod("a", "new", "10.1.0.1", "n1", "app.kubernetes.io/name: web, pod-template-hash: h1") +
	pod("a", "old", "10.1.0.3", "n1", "app.kubernetes.io/name: job, pod-template-hash: h0") +
	pod("a", "bare", "10.1.0.4", "n1", "app: bare") +
	pod("a", "both", "10.1.0.5", "n1", "app: both, pod-template-hash: h1, k8s.io/role: lead") +
	pod("a", "other", "10.1.0.6", "n1", "app: other, k8s.io/role: lead, pod-template-hash: h1") +
	pod("a", "zoned", "10.1.0.7", "n1", "failure-domain.beta.kubernetes.io/zone: z") +
	pod("b", "web", "10.2.0.1", "n2", "app: web")

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
			name:     "Cilium may not look at labels that controllers stamp, each on its own",
			plugin:   "cilium",
			cluster:  stamped,
			policies: from("{podSelector: {matchLabels: {pod-template-hash: h1}}}"),
			rows: `
a/new -> a/db:5432          => Unknown: ingress unknown (PodLabelIgnored cilium (NetworkPlugin) pod-template-hash)
# without the label looked at it would not match either
a/old -> a/db:5432          => Denied: ingress shut by a/p
a/bare -> a/db:5432         => Denied: ingress shut by a/p
`,
		},
		{
			name:     "the specification looks at every label",
			cluster:  stamped,
			policies: from("{podSelector: {matchLabels: {pod-template-hash: h1}}}"),
			rows: `
a/new -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/old -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "on Cilium a negative requirement is open only where the label is there",
			plugin:   "cilium",
			cluster:  stamped,
			policies: from("{podSelector: {matchExpressions: [{key: pod-template-hash, operator: DoesNotExist}]}}, {podSelector: {matchExpressions: [{key: k8s.io/role, operator: NotIn, values: [x]}], matchLabels: {app: other}}}"),
			rows: `
a/bare -> a/db:5432         => Allowed: ingress by a/p spec.ingress[0]
a/new -> a/db:5432          => Unknown: ingress unknown (PodLabelIgnored cilium (NetworkPlugin) pod-template-hash)
# NotIn another value holds with the label and without
a/other -> a/db:5432        => Allowed: ingress by a/p spec.ingress[0]
`,
		},
		{
			name:     "a label of each key may be looked at and of the other not",
			plugin:   "cilium",
			cluster:  stamped,
			policies: from("{podSelector: {matchLabels: {pod-template-hash: h1}, matchExpressions: [{key: k8s.io/role, operator: DoesNotExist}]}}"),
			rows: `
a/both -> a/db:5432         => Unknown: ingress unknown (PodLabelIgnored cilium (NetworkPlugin) k8s.io/role, PodLabelIgnored cilium (NetworkPlugin) pod-template-hash)
`,
		},
		{
			name:     "looked at or not, one of two peers matches",
			plugin:   "cilium",
			cluster:  stamped,
			policies: from("{podSelector: {matchLabels: {pod-template-hash: h1}}}, {podSelector: {matchExpressions: [{key: pod-template-hash, operator: NotIn, values: [h1]}]}}"),
			rows: `
a/new -> a/db:5432          => Allowed: ingress open either way
`,
		},
		{
			name:     "labels of one's own and of app.kubernetes.io are looked at, and all of namespaces",
			plugin:   "cilium",
			cluster:  stamped,
			policies: from("{podSelector: {matchLabels: {app.kubernetes.io/name: web}}}, {podSelector: {matchLabels: {app: other}}}, {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b, k8s.io/team: red}}}"),
			rows: `
a/new -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/other -> a/db:5432        => Allowed: ingress by a/p spec.ingress[0]
b/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
a/old -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "a policy that selects by such a label may isolate nobody",
			plugin:   "gke-dataplane-v2",
			cluster:  stamped,
			policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {failure-domain.beta.kubernetes.io/zone: z}}}}\n- {metadata: {name: q}, spec: {podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: x}}}}\n",
			rows: `
a/new -> a/zoned:80         => Unknown: ingress unknown (PodLabelIgnored gke-dataplane-v2 (NetworkPlugin) failure-domain.beta.kubernetes.io/zone)
a/new -> a/bare:80          => Allowed
`,
		},
		{
			name:     "a plugin that is known not to look",
			profile:  &policy.Profile{Name: "blind", Entries: map[policy.Behaviour]policy.Entry{policy.PodLabelsIgnored: {Answer: policy.Yes}}},
			cluster:  stamped,
			policies: from("{podSelector: {matchLabels: {pod-template-hash: h1}}}, {podSelector: {matchExpressions: [{key: k8s.io/role, operator: NotIn, values: [lead]}], matchLabels: {app: both}}}"),
			rows: `
a/new -> a/db:5432          => Denied: ingress shut by a/p
a/both -> a/db:5432         => Allowed: ingress by a/p spec.ingress[0]
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
