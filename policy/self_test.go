package policy_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// changed is a profile like another but for some entries.
func changed(p policy.Profile, entries map[policy.Behaviour]policy.Truth) *policy.Profile {
	out := policy.Profile{Name: p.Name, Entries: map[policy.Behaviour]policy.Entry{}}
	for b, e := range p.Entries {
		out.Entries[b] = e
	}
	for b, t := range entries {
		out.Entries[b] = policy.Entry{Answer: t}
	}
	return &out
}

var judgesServices = changed(pinned, map[policy.Behaviour]policy.Truth{policy.IPBlockMatchesServices: policy.Yes})

func TestSelf(t *testing.T) {
	t.Parallel()
	const hairpin = "a/web -> svc/a/web:80 -> a/web:8080"
	nothingIn := "- {metadata: {name: in}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}}\n"
	nothingOut := "- {metadata: {name: out}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}}\n"
	exempt := changed(pinned, map[policy.Behaviour]policy.Truth{policy.HairpinExempt: policy.Yes})
	run(t, []table{
		{
			name:     "a pod always reaches itself",
			plugin:   "unknown",
			policies: denyAll,
			rows: `
a/web -> a/web:8080         => Allowed: egress exempt SelfTraffic; ingress exempt SelfTraffic
a/web -> a/web:1/udp        => Allowed: egress exempt SelfTraffic; ingress exempt SelfTraffic
# through a headless Service it dials its own address
a/web -> svc/a/peers:8080 -> a/web:8080 => Allowed: egress exempt SelfTraffic; ingress exempt SelfTraffic
a/web -> a/db:5432          => Denied: egress shut by a/deny; ingress shut by a/deny
`,
		},
		{
			name:     "a pod of the same labels is another pod",
			plugin:   "unknown",
			cluster:  pod("a", "web-1", "10.1.0.1", "n1", "app: web") + pod("a", "web-2", "10.1.0.2", "n1", "app: web"),
			policies: denyAll,
			rows: `
a/web-1 -> a/web-2:8080     => Denied: egress shut by a/deny; ingress shut by a/deny
a/web-1 -> a/web-1:8080     => Allowed: egress exempt SelfTraffic; ingress exempt SelfTraffic
`,
		},
		{name: "through its own Service it is the plugin's", plugin: "unknown", policies: nothingIn, rows: hairpin + `  => Unknown: ingress unknown (PluginBehaviour hairpin-exempt)
a/db -> svc/a/web:80 -> a/web:8080 => Denied: ingress shut by a/in
`},
		{name: "where it is admitted anyway, nothing hangs on the plugin", plugin: "unknown", policies: "- {metadata: {name: in}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}}", rows: hairpin + `  => Allowed: ingress by a/in spec.ingress[0]
`},
		{name: "a plugin that exempts it", profile: exempt, policies: nothingIn + nothingOut, rows: hairpin + `  => Allowed: egress exempt Hairpin; ingress exempt Hairpin
a/db -> svc/a/web:80 -> a/web:8080 => Denied: ingress shut by a/in
`},
		{name: "a plugin that does not", policies: nothingIn + nothingOut, rows: hairpin + `  => Denied: egress shut by a/out; ingress shut by a/in
`},
		{name: "Cilium: no policy blocks it", plugin: "cilium", policies: nothingIn + nothingOut, rows: hairpin + `  => Allowed: egress exempt Hairpin; ingress exempt Hairpin
a/db -> svc/a/web:80 -> a/web:8080 => Denied: ingress shut by a/in
`},
		{name: "kube-router: ingress alone does not block it", plugin: "kube-router", policies: nothingIn, rows: hairpin + `  => Allowed: ingress exempt Hairpin
a/db -> svc/a/web:80 -> a/web:8080 => Denied: ingress shut by a/in
`},
		{name: "kube-router: egress alone does not either", plugin: "kube-router", policies: nothingOut, rows: hairpin + `  => Allowed: egress exempt Hairpin
a/web -> svc/a/db:5432 -> a/db:5432 => Denied: egress shut by a/out
`},
		{name: "kube-router: both do", plugin: "kube-router", policies: nothingIn + nothingOut, rows: hairpin + `  => Denied: egress shut by a/out; ingress shut by a/in
`},
		{name: "kube-router: unless a rule of either admits it", plugin: "kube-router", policies: nothingOut + "- {metadata: {name: in}, spec: {podSelector: {}, ingress: [{ports: [{port: 8080}]}]}}", rows: hairpin + `  => Allowed: egress exempt Hairpin; ingress by a/in spec.ingress[0]
`},
	})
}

// Denied in one direction beats Unknown in the other, but not where a plugin needs both to deny.
func TestHairpinThatNeedsBothDirections(t *testing.T) {
	t.Parallel()
	// In namespace c nothing is known of the labels, so ingress may be admitted or not.
	policies := `
- {metadata: {name: out, namespace: c}, spec: {podSelector: {}, policyTypes: [Egress]}}
- {metadata: {name: in, namespace: c}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]}}
- {kind: Service, metadata: {name: web, namespace: c}, spec: {clusterIP: 10.96.3.1, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
`
	either := `
- {metadata: {name: out, namespace: c}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: red}}}]}]}}
- {metadata: {name: in, namespace: c}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [red]}]}}]}]}}
- {kind: Service, metadata: {name: web, namespace: c}, spec: {clusterIP: 10.96.3.1, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
`
	run(t, []table{
		{name: "one denies, the other is not known", plugin: "kube-router", policies: policies, rows: `
c/web -> svc/c/web:80 -> c/web:8080 => Unknown: egress shut by c/out; ingress unknown (NamespaceLabel c (Namespace) team)
`},
		{name: "elsewhere one is enough", policies: policies, rows: `
c/web -> svc/c/web:80 -> c/web:8080 => Denied: egress shut by c/out; ingress unknown
`},
		{name: "always one of them admits", plugin: "kube-router", policies: either, rows: `
c/web -> svc/c/web:80 -> c/web:8080 => Allowed: egress unknown; ingress unknown
`},
		{name: "elsewhere always one of them denies", policies: either, rows: `
c/web -> svc/c/web:80 -> c/web:8080 => Denied: egress unknown; ingress unknown
`},
	})
}
