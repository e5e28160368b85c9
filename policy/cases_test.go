package policy_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// What is not known is worked out by cases: only where they disagree is a verdict Unknown, and
// only what makes them disagree is named.
func TestUnknownIsWorkedOutByCases(t *testing.T) {
	t.Parallel()
	fromTeams := func(a, b string) string {
		return "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: " + a + "}]}, {from: [{namespaceSelector: " + b + "}]}]}}\n"
	}
	run(t, []table{
		{
			name:     "a label of a namespace that was not read",
			policies: from("{namespaceSelector: {matchLabels: {team: red}}}"),
			rows: `
c/web -> a/db:5432          => Unknown: ingress unknown (NamespaceLabel c (Namespace) team)
b/web -> a/db:5432          => Denied: ingress shut by a/p
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
# nothing isolates these
c/web -> a/job:80           => Allowed
c/web -> b/web:8000         => Allowed
`,
		},
		{
			name:     "red or not red: both cases are admitted",
			policies: fromTeams("{matchLabels: {team: red}}", "{matchExpressions: [{key: team, operator: NotIn, values: [red]}]}"),
			rows: `
c/web -> a/db:5432          => Allowed: ingress open either way
`,
		},
		{
			name:     "there or not there",
			policies: fromTeams("{matchExpressions: [{key: team, operator: Exists}]}", "{matchExpressions: [{key: team, operator: DoesNotExist}]}"),
			rows: `
c/web -> a/db:5432          => Allowed: ingress open either way
`,
		},
		{
			name:     "red or blue leaves other teams, and none",
			policies: fromTeams("{matchLabels: {team: red}}", "{matchLabels: {team: blue}}"),
			rows: `
c/web -> a/db:5432          => Unknown: ingress unknown (NamespaceLabel c (Namespace) team)
`,
		},
		{
			name:     "red and blue at once is nobody",
			policies: from("{namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [red]}, {key: team, operator: In, values: [blue]}]}}"),
			rows: `
c/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "red and not there is nobody either",
			policies: from("{namespaceSelector: {matchLabels: {team: red}, matchExpressions: [{key: team, operator: DoesNotExist}]}}"),
			rows: `
c/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "one label is known to differ, so the other does not matter",
			policies: from("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: z, team: red}}}, {namespaceSelector: {matchLabels: {env: prod}}, podSelector: {matchLabels: {app: none}}}"),
			rows: `
c/web -> a/db:5432          => Denied: ingress shut by a/p
`,
		},
		{
			name:     "only labels that make a difference are named",
			policies: from("{namespaceSelector: {matchLabels: {team: red, env: prod}}}, {namespaceSelector: {matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}}, {namespaceSelector: {matchLabels: {env: test, zone: x}}}"),
			rows: `
# not prod: admitted whatever else; prod: the team decides; test and zone never do
c/web -> a/db:5432          => Unknown: ingress unknown (NamespaceLabel c (Namespace) env, NamespaceLabel c (Namespace) team)
`,
		},
		{
			name:     "two labels that decide only together are both named",
			policies: from("{namespaceSelector: {matchLabels: {team: red}, matchExpressions: [{key: env, operator: Exists}]}}, {namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [red]}, {key: env, operator: DoesNotExist}]}}"),
			rows: `
c/web -> a/db:5432          => Unknown: ingress unknown (NamespaceLabel c (Namespace) env, NamespaceLabel c (Namespace) team)
`,
		},
		{
			name: "isolated by one or by the other",
			policies: `
- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: api, pod-template-hash: h1}}, policyTypes: [Ingress]}}
- {metadata: {name: q}, spec: {podSelector: {matchExpressions: [{key: pod-template-hash, operator: NotIn, values: [h1]}]}, policyTypes: [Ingress]}}`,
			rows: `
a/web -> deploy/a/api:8080  => Denied: ingress shut
`,
		},
		{
			name:     "a label that is always stamped is there, whatever its value",
			policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchExpressions: [{key: pod-template-hash, operator: Exists}]}}]}]}}\n- {metadata: {name: q}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchExpressions: [{key: pod-template-hash, operator: DoesNotExist}]}}]}]}}",
			rows: `
deploy/a/api -> a/db:5432   => Allowed: ingress by a/p spec.ingress[0]
deploy/a/api -> a/web:8080  => Denied: ingress shut by a/q
`,
		},
		{
			name:     "a label that another kind of controller stamps may be there",
			policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchExpressions: [{key: controller-revision-hash, operator: Exists}]}}]}]}}",
			rows: `
deploy/a/api -> a/db:5432   => Unknown: ingress unknown (PodLabel a/api (Deployment) controller-revision-hash)
`,
		},
		{
			name:     "labels that controllers stamp on pods are not known of a template, others are",
			policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: api, pod-template-hash: h1}}, policyTypes: [Ingress]}}\n- {metadata: {name: q}, spec: {podSelector: {matchLabels: {app: api, tier: front}}, policyTypes: [Ingress]}}",
			rows: `
a/web -> deploy/a/api:8080  => Unknown: ingress unknown (PodLabel a/api (Deployment) pod-template-hash)
`,
		},
		{
			name:     "a pod of a StatefulSet may be any of its pods",
			policies: "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: kv}}, ingress: [{from: [{podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: kv-0}}}]}]}}",
			rows: `
sts/a/kv -> a/db:5432       => Allowed
a/web -> sts/a/kv:80        => Denied: ingress shut by a/p
deploy/a/api -> sts/a/kv:80 => Unknown: ingress unknown (PodLabel a/api (Deployment) statefulset.kubernetes.io/pod-name)
`,
		},
		{
			name:     "denied in one direction beats not known in the other",
			policies: from("{namespaceSelector: {matchLabels: {team: red}}}") + "- {metadata: {name: out, namespace: c}, spec: {podSelector: {}, policyTypes: [Egress]}}",
			rows: `
c/web -> a/db:5432          => Denied: egress shut by c/out; ingress unknown
`,
		},
		{
			name:     "what one direction needs the other forbids: denied in every case",
			policies: from("{namespaceSelector: {matchLabels: {team: red}}}") + "- {metadata: {name: out, namespace: c}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: red}}}]}]}}",
			cluster:  pod("a", "db", "10.1.0.2", "n2", "app: db") + pod("c", "web", "10.3.0.1", "n2", "app: web"),
			rows: `
c/web -> a/db:5432          => Unknown: egress unknown; ingress unknown (NamespaceLabel a (Namespace) team, NamespaceLabel c (Namespace) team)
`,
		},
		{
			name: "the same fact in both directions is one fact",
			policies: `
- {metadata: {name: in, namespace: c}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]}}
- {metadata: {name: out, namespace: c}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [red]}]}}]}]}}
` + pod("c", "db", "10.3.0.2", "n1", "app: db"),
			rows: `
c/web -> c/db:5432          => Denied: egress unknown; ingress unknown
`,
		},
		{
			name:     "facts of the plugin and of the snapshot are worked out together",
			plugin:   "unknown",
			policies: from("{ipBlock: {cidr: 10.0.0.0/8}}, {namespaceSelector: {matchLabels: {team: red}}}"),
			rows: `
c/web -> a/db:5432          => Unknown: ingress unknown (NamespaceLabel c (Namespace) team, PluginBehaviour ipBlock-matches-pods)
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
`,
		},
		{
			name:     "a template's address is not known, but it has one",
			policies: from("{ipBlock: {cidr: 10.0.0.0/8}}") + "- {metadata: {name: q}, spec: {podSelector: {matchLabels: {app: job}}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}}",
			rows: `
deploy/a/api -> a/db:5432   => Unknown: ingress unknown (PodAddress a/api (Deployment) 10.0.0.0/8)
deploy/a/api -> a/job:80    => Allowed: ingress by a/q spec.ingress[0]
`,
		},
	})
}

// More than can be worked out stays Unknown, which is never wrong, and says what is open.
func TestUnknownBeyondTheLimitOfCases(t *testing.T) {
	t.Parallel()
	text, keys := "", "abcdefghij"
	for _, k := range keys {
		for _, values := range []string{"v", "w", "x"} {
			text += "{key: " + string(k) + ", operator: NotIn, values: [" + values + "]}, "
		}
	}
	x := table{name: "ten labels of four values", policies: from("{namespaceSelector: {matchExpressions: [" + text + "]}}"), rows: `
b/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
c/web -> a/db:5432          => Unknown: ingress unknown (`}
	for i, k := range keys {
		if i > 0 {
			x.rows += ", "
		}
		x.rows += "NamespaceLabel c (Namespace) " + string(k)
	}
	x.rows += ")\n"
	x.run(t)
}

// A template stands for any number of pods. Two of them differ in what controllers stamp, so what
// is assumed of one must not be taken for the other.
func TestTwoPodsOfOneTemplate(t *testing.T) {
	t.Parallel()
	s := snapshot(t, town, `
- {metadata: {name: own}, spec: {podSelector: {matchExpressions: [{key: statefulset.kubernetes.io/pod-name, operator: In, values: [kv-0]}]}, ingress: [{from: [{podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: kv-0}}}]}]}}
- {metadata: {name: rest}, spec: {podSelector: {matchExpressions: [{key: statefulset.kubernetes.io/pod-name, operator: NotIn, values: [kv-0]}]}, ingress: [{from: [{podSelector: {matchExpressions: [{key: statefulset.kubernetes.io/pod-name, operator: NotIn, values: [kv-0]}]}}]}]}}
- {metadata: {name: all}, spec: {podSelector: {matchLabels: {app: kv}}, policyTypes: [Egress], egress: [{}]}}
`)
	f := flow(t, s, "sts/a/kv -> sts/a/kv:80")
	another := *f.Destination.Pod
	f.Destination = policy.PodEnd(&another)
	const want = "Unknown: egress by a/all spec.egress[0]; ingress unknown (PodLabel a/kv (StatefulSet) statefulset.kubernetes.io/pod-name)"
	if got := says(policy.Compile(s, pinned).Evaluate(f)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
