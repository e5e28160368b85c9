package policy_test

import (
	"fmt"
	"testing"
)

// Policies of other layers are not evaluated: one that may select an end and could reverse the
// verdict of its direction makes it Unknown, and no other does.

// admin writes a policy of an admin tier. Subject and rules are YAML.
func admin(kind, spec string) string {
	version := "v1alpha1"
	if kind == "ClusterNetworkPolicy" {
		version = "v1alpha2"
	}
	return fmt.Sprintf("- {apiVersion: policy.networking.k8s.io/%s, kind: %s, metadata: {name: x}, spec: {%s}}\n", version, kind, spec)
}

func foreign(apiVersion, kind, namespace, spec string) string {
	if namespace != "" {
		namespace = ", namespace: " + namespace
	}
	return fmt.Sprintf("- {apiVersion: %s, kind: %s, metadata: {name: x%s}, spec: {%s}}\n", apiVersion, kind, namespace, spec)
}

const (
	everyone  = "subject: {namespaces: {}}"
	denies    = "ingress: [{action: Deny, from: [{namespaces: {}}]}]"
	allows    = "ingress: [{action: Allow, from: [{namespaces: {}}]}]"
	accepts   = "ingress: [{action: Accept, from: [{namespaces: {}}]}]"
	passes    = "ingress: [{action: Pass, from: [{namespaces: {}}]}]"
	webOnly   = "subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}"
	blueTeam  = "subject: {namespaces: {matchLabels: {team: blue}}}"
	bothWays  = "ingress: [{action: Deny}], egress: [{action: Allow}]"
	openWeb   = "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{}]}}\n"
	anpOther  = "OtherLayer x (AdminNetworkPolicy)"
	banpOther = "OtherLayer x (BaselineAdminNetworkPolicy)"
	cnpOther  = "OtherLayer x (ClusterNetworkPolicy)"
)

func TestAdminTiers(t *testing.T) {
	t.Parallel()
	run(t, []table{
		{name: "an admin Deny may reverse what is allowed, not what is denied", policies: openWeb + denyIngress + admin("AdminNetworkPolicy", everyone+", "+denies), rows: `
a/db -> a/web:8080          => Unknown: ingress unknown (` + anpOther + `)
a/web -> a/db:5432          => Denied: ingress shut by a/deny
b/web -> b/db:5432          => Unknown: ingress unknown (` + anpOther + `)
`},
		{name: "an admin Allow may reverse what is denied, not what is allowed", policies: openWeb + denyIngress + admin("AdminNetworkPolicy", everyone+", "+allows), rows: `
a/db -> a/web:8080          => Allowed: ingress by a/p spec.ingress[0]
a/web -> a/db:5432          => Unknown: ingress unknown (` + anpOther + `)
b/web -> b/db:5432          => Allowed
`},
		{name: "v1alpha2 says Accept", policies: denyIngress + admin("ClusterNetworkPolicy", "tier: Admin, "+everyone+", "+accepts), rows: `
a/web -> a/db:5432          => Unknown: ingress unknown (` + cnpOther + `)
b/web -> b/db:5432          => Allowed
`},
		{name: "one that accepts and one that denies", policies: openWeb + admin("ClusterNetworkPolicy", "tier: Admin, "+everyone+", ingress: [{action: Accept}, {action: Deny}]"), rows: `
a/db -> a/web:8080          => Unknown: ingress unknown (` + cnpOther + `)
`},
		{name: "each direction is its own", policies: denyAll + admin("AdminNetworkPolicy", everyone+", egress: [{action: Allow}]"), rows: `
# egress may be turned, ingress may not: denied all the same
a/web -> a/db:5432          => Denied: egress unknown; ingress shut by a/deny
a/web -> b/db:5432          => Unknown: egress unknown (` + anpOther + `)
b/web -> a/db:5432          => Denied: ingress shut by a/deny
`},
		{name: "Pass reverses nothing by itself", policies: openWeb + denyEgress + admin("AdminNetworkPolicy", everyone+", "+passes+", egress: [{action: Pass}]"), rows: `
b/db -> a/web:8080          => Allowed: ingress by a/p spec.ingress[0]
a/web -> b/db:5432          => Denied: egress shut by a/deny
`},
		{name: "an action that is not known could be any", policies: openWeb + denyEgress + admin("AdminNetworkPolicy", everyone+", ingress: [{action: Frobnicate}], egress: [{}]"), rows: `
b/db -> a/web:8080          => Unknown: egress unknown; ingress unknown (` + anpOther + `)
203.0.113.9 -> a/web:8080   => Unknown: ingress unknown (` + anpOther + `)
a/web -> 203.0.113.9:443    => Unknown: egress unknown (` + anpOther + `)
`},
		{name: "the baseline is reached only by pods that no NetworkPolicy isolates in the direction", policies: openWeb + admin("BaselineAdminNetworkPolicy", everyone+", "+bothWays), rows: `
a/db -> a/web:8080          => Allowed: ingress by a/p spec.ingress[0]
# selected in the other direction only: the plugins differ
a/web -> a/db:5432          => Unknown: ingress unknown (` + banpOther + `)
b/web -> b/db:5432          => Unknown: ingress unknown (` + banpOther + `)
`},
		{name: "the baseline cannot reverse what NetworkPolicies deny", policies: denyAll + admin("BaselineAdminNetworkPolicy", everyone+", ingress: [{action: Allow}], egress: [{action: Allow}]"), rows: `
a/web -> 203.0.113.9:443    => Denied: egress shut by a/deny
203.0.113.9 -> a/web:8080   => Denied: ingress shut by a/deny
b/web -> b/db:5432          => Allowed
`},
		{name: "a ClusterNetworkPolicy may be of the baseline too", policies: denyAll + admin("ClusterNetworkPolicy", "tier: Baseline, "+everyone+", ingress: [{action: Accept}, {action: Deny}]"), rows: `
203.0.113.9 -> a/web:8080   => Denied: ingress shut by a/deny
b/web -> b/db:5432          => Unknown: ingress unknown (` + cnpOther + `)
`},
		{name: "without rules it has no effect", policies: denyIngress + admin("AdminNetworkPolicy", everyone) + admin("ClusterNetworkPolicy", "tier: Admin, "+everyone+", ingress: []"), rows: `
b/web -> b/db:5432          => Allowed
a/web -> a/db:5432          => Denied: ingress shut by a/deny
`},
		{name: "a subject by pods and namespaces", policies: admin("AdminNetworkPolicy", webOnly+", "+denies), rows: `
a/db -> b/web:8000          => Unknown: ingress unknown (` + anpOther + `)
a/web -> a/db:5432          => Allowed
a/db -> c/web:8080          => Unknown: ingress unknown (` + anpOther + `)
`},
		{name: "a subject that cannot be an end changes nothing", policies: admin("AdminNetworkPolicy", blueTeam+", "+bothWays), rows: `
b/web -> a/db:5432          => Allowed
a/web -> b/db:5432          => Unknown: ingress unknown (` + anpOther + `)
# team is not known of c
a/web -> c/web:8080         => Unknown: ingress unknown (NamespaceLabel c (Namespace) team, ` + anpOther + `)
`},
		{name: "hostNetwork pods and nodes are never subjects", policies: admin("AdminNetworkPolicy", everyone+", ingress: [{action: Deny}], egress: [{action: Deny}]"), rows: `
node/n1 -> b/agent:9100     => Allowed
a/agent -> node/n2:22       => Allowed
a/agent -> b/web:8000       => Unknown: ingress unknown (` + anpOther + `)
`},
		{name: "a subject that makes no sense may be anyone", policies: admin("AdminNetworkPolicy", "subject: {frobs: {}}, "+denies), rows: `
a/web -> a/db:5432          => Unknown: ingress unknown (` + anpOther + `)
`},
		{name: "the own node may be let in by NetworkPolicies and shut out by another layer", policies: denyIngress + admin("AdminNetworkPolicy", everyone+", "+denies), rows: `
node/n1 -> a/web:8080       => Unknown: ingress unknown (` + anpOther + `)
`},
		{name: "itself a pod reaches under any layer", policies: admin("AdminNetworkPolicy", everyone+", ingress: [{action: Deny}], egress: [{action: Deny}]"), rows: `
a/web -> a/web:8080         => Allowed: egress exempt SelfTraffic; ingress exempt SelfTraffic
`},
	})
}

func TestVendorPolicies(t *testing.T) {
	t.Parallel()
	const other = "OtherLayer a/x "
	run(t, []table{
		{name: "Cilium: a rule isolates and admits", policies: denyIngress + foreign("cilium.io/v2", "CiliumNetworkPolicy", "a", "endpointSelector: {matchLabels: {app: web}}, ingress: [{}]"), rows: `
b/web -> a/web:8080         => Unknown: ingress unknown (` + other + `(CiliumNetworkPolicy))
a/web -> b/web:8000         => Allowed
# cannot be selected
b/web -> a/db:5432          => Denied: ingress shut by a/deny
a/db -> b/web:8000          => Allowed
# another namespace
a/db -> c/web:8080          => Allowed
`},
		{name: "Cilium: deny rules only deny", policies: denyIngress + foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {}, ingressDeny: [{}]"), rows: `
b/web -> a/web:8080         => Denied: ingress shut by a/deny
a/web -> b/web:8000         => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
a/web -> 203.0.113.9:443    => Allowed
`},
		{name: "Cilium: several specs", policies: "- {apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: x, namespace: a}, spec: {specs: [{endpointSelector: {matchLabels: {app: web}}, egress: [{}]}, {endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}]}}", rows: `
a/web -> b/web:8000         => Unknown: egress unknown (` + other + `(CiliumNetworkPolicy))
b/web -> a/db:5432          => Unknown: ingress unknown (` + other + `(CiliumNetworkPolicy))
b/web -> a/job:80           => Allowed
`},
		{name: "Cilium: the name of the namespace, as io.kubernetes.pod.namespace", policies: foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {matchLabels: {\"io.kubernetes.pod.namespace\": a}}, ingressDeny: [{}]"), rows: `
b/web -> a/web:8080         => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
# another namespace
a/web -> b/web:8000         => Allowed
a/db -> c/web:8080          => Allowed
`},
		{name: "Cilium: the name of the namespace, as k8s:io.kubernetes.pod.namespace", policies: foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {matchLabels: {\"k8s:io.kubernetes.pod.namespace\": a}}, ingressDeny: [{}]"), rows: `
b/web -> a/web:8080         => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
# another namespace
a/web -> b/web:8000         => Allowed
a/db -> c/web:8080          => Allowed
`},
		{name: "Cilium: the name of the namespace in an expression", policies: denyIngress + foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {matchExpressions: [{key: \"k8s:io.kubernetes.pod.namespace\", operator: NotIn, values: [a]}]}, ingress: [{}]"), rows: `
b/web -> a/web:8080         => Denied: ingress shut by a/deny
a/web -> b/web:8000         => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
`},
		{name: "Cilium: in a policy of a namespace, that name takes the place of another", policies: foreign("cilium.io/v2", "CiliumNetworkPolicy", "a", "endpointSelector: {matchLabels: {\"k8s:io.kubernetes.pod.namespace\": zz}}, ingressDeny: [{}]"), rows: `
b/web -> a/web:8080         => Unknown: ingress unknown (` + other + `(CiliumNetworkPolicy))
a/web -> b/web:8000         => Allowed
`},
		{name: "Cilium: labels of the namespace", policies: foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {matchLabels: {\"k8s:io.cilium.k8s.namespace.labels.team\": blue, app: web}}, ingressDeny: [{}]"), rows: `
a/web -> b/web:8000         => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
a/web -> b/db:5432          => Allowed
b/web -> a/web:8080         => Allowed
`},
		{name: "Cilium: labels with a source", policies: foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {matchLabels: {\"k8s:app\": web}}, ingressDeny: [{}]"), rows: `
b/db -> a/web:8080          => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
b/web -> a/db:5432          => Allowed
`},
		{name: "Cilium: labels that it gives endpoints by itself are not the pod's", policies: foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {matchLabels: {\"k8s:io.cilium.k8s.policy.cluster\": default, app: web}}, ingressDeny: [{}]"), rows: `
b/web -> a/web:8080         => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
b/web -> a/db:5432          => Allowed
`},
		{name: "Cilium: labels of another source", policies: foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {matchLabels: {\"reserved:host\": \"\"}}, ingressDeny: [{}]"), rows: `
b/web -> a/web:8080         => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
`},
		{name: "Cilium: without its default deny, rules that admit only admit", policies: denyIngress + foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {}, enableDefaultDeny: {ingress: false, egress: false}, ingress: [{}], egress: [{}]"), rows: `
b/web -> a/web:8080         => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
a/web -> b/web:8000         => Allowed
`},
		{name: "Cilium: without its default deny, a deny rule still denies, and a demand too", policies: foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {}, enableDefaultDeny: {ingress: false, egress: false}, ingressDeny: [{}], egress: [{authentication: {mode: required}}]"), rows: `
203.0.113.9 -> a/web:8080   => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
a/web -> 203.0.113.9:443    => Unknown: egress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
`},
		{name: "Cilium: its default deny denies without a rule", policies: foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "endpointSelector: {}, enableDefaultDeny: {ingress: true}"), rows: `
203.0.113.9 -> a/web:8080   => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
a/web -> 203.0.113.9:443    => Allowed
`},
		{name: "Cilium: a nodeSelector means nodes, and hostNetwork pods with them", plugin: "cilium", policies: foreign("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "nodeSelector: {}, ingress: [{}]"), rows: `
b/web -> a/web:8080         => Allowed
b/web -> node/n1:22         => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
b/web -> a/agent:9100       => Unknown: ingress unknown (OtherLayer x (CiliumClusterwideNetworkPolicy))
node/n1 -> b/web:8000       => Allowed
`},
		{name: "Calico: order and tiers decide, so either verdict may turn", policies: denyIngress + foreign("projectcalico.org/v3", "GlobalNetworkPolicy", "", "order: 100, selector: \"app == 'web'\", types: [Ingress], ingress: [{action: Deny}]"), rows: `
b/db -> a/web:8080          => Unknown: ingress unknown (OtherLayer x (GlobalNetworkPolicy))
a/web -> b/web:8000         => Unknown: ingress unknown (OtherLayer x (GlobalNetworkPolicy))
a/web -> b/db:5432          => Allowed
b/web -> a/db:5432          => Denied: ingress shut by a/deny
a/web -> 203.0.113.9:443    => Allowed
`},
		{name: "Calico: without types, rules of egress make it one of egress", policies: foreign("projectcalico.org/v3", "GlobalNetworkPolicy", "", "selector: \"app == 'web'\", ingress: [{action: Deny}]"), rows: `
b/db -> a/web:8080          => Unknown: ingress unknown (OtherLayer x (GlobalNetworkPolicy))
a/web -> b/db:5432          => Allowed
`},
		{name: "Calico: types that are listed are all", policies: foreign("projectcalico.org/v3", "GlobalNetworkPolicy", "", "selector: \"app == 'web'\", types: [Egress], ingress: [{action: Deny}]"), rows: `
b/db -> a/web:8080          => Allowed
a/web -> b/db:5432          => Unknown: egress unknown (OtherLayer x (GlobalNetworkPolicy))
`},
		{name: "Calico: labels of the namespace and of the service account", policies: foreign("projectcalico.org/v3", "NetworkPolicy", "a", "selector: \"pcns.team == 'red'\", types: [Ingress]") + foreign("projectcalico.org/v3", "NetworkPolicy", "b", "selector: \"pcsa.team == 'red'\", types: [Ingress]"), rows: `
203.0.113.9 -> a/web:8080   => Unknown: ingress unknown (OtherLayer a/x (NetworkPolicy))
203.0.113.9 -> b/web:8080   => Unknown: ingress unknown (OtherLayer b/x (NetworkPolicy))
203.0.113.9 -> c/web:8080   => Allowed
`},
		{name: "Calico: a selector that is not read may mean anyone", policies: foreign("crd.projectcalico.org/v1", "NetworkPolicy", "a", "selector: \"app in {'web'} && !has(x)\", egress: [{action: Deny}]"), rows: `
a/job -> b/web:8000         => Unknown: egress unknown (` + other + `(NetworkPolicy))
b/web -> b/db:5432          => Allowed
`},
		{name: "Calico: labels that it gives endpoints by itself are not the pod's", policies: foreign("projectcalico.org/v3", "GlobalNetworkPolicy", "", "selector: \"projectcalico.org/namespace == 'a'\", types: [Ingress]"), rows: `
b/web -> a/web:8080         => Unknown: ingress unknown (OtherLayer x (GlobalNetworkPolicy))
`},
		{name: "Calico: host endpoints have labels of their own", policies: foreign("projectcalico.org/v3", "GlobalNetworkPolicy", "", "selector: \"role == 'worker'\", types: [Ingress]"), rows: `
b/web -> node/n1:22         => Unknown: ingress unknown (OtherLayer x (GlobalNetworkPolicy))
b/web -> a/web:8080         => Allowed
`},
		{name: "Antrea: before NetworkPolicies, either verdict may turn", policies: denyIngress + foreign("crd.antrea.io/v1beta1", "NetworkPolicy", "a", "appliedTo: [{podSelector: {matchLabels: {app: web}}}], ingress: [{action: Drop}]"), rows: `
b/web -> a/web:8080         => Unknown: ingress unknown (` + other + `(NetworkPolicy))
b/web -> a/db:5432          => Denied: ingress shut by a/deny
`},
		{name: "Antrea: a ClusterNetworkPolicy names namespaces and pods", policies: foreign("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "", "appliedTo: [{namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {app: db}}}, {group: g, podSelector: {matchLabels: {app: job}}}], ingress: [{action: Drop}]"), rows: `
a/web -> b/db:5432          => Unknown: ingress unknown (OtherLayer x (ClusterNetworkPolicy))
a/web -> b/web:8000         => Allowed
a/web -> a/db:5432          => Allowed
a/web -> a/job:80           => Unknown: ingress unknown (OtherLayer x (ClusterNetworkPolicy))
`},
		{name: "Antrea: applied rule by rule", policies: foreign("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "", "egress: [{action: Drop, appliedTo: [{podSelector: {}}]}]"), rows: `
a/web -> 203.0.113.9:443    => Unknown: egress unknown (OtherLayer x (ClusterNetworkPolicy))
203.0.113.9 -> a/web:8080   => Allowed
`},
		{name: "Antrea: nodes", policies: foreign("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "", "appliedTo: [{nodeSelector: {}}], ingress: [{action: Drop}]"), rows: `
203.0.113.9 -> node/n1:22   => Unknown: ingress unknown (OtherLayer x (ClusterNetworkPolicy))
`},
		{name: "Antrea: nodes, rule by rule", policies: foreign("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "", "ingress: [{action: Drop, appliedTo: [{nodeSelector: {}}]}]"), rows: `
203.0.113.9 -> node/n1:22   => Unknown: ingress unknown (OtherLayer x (ClusterNetworkPolicy))
node/n1 -> 203.0.113.9:22   => Allowed
`},
		{name: "Antrea: pods are no nodes", policies: foreign("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "", "appliedTo: [{podSelector: {}}], ingress: [{action: Drop}]"), rows: `
203.0.113.9 -> node/n1:22   => Allowed
203.0.113.9 -> a/agent:22   => Allowed
203.0.113.9 -> a/web:22     => Unknown: ingress unknown (OtherLayer x (ClusterNetworkPolicy))
`},
		{name: "Antrea: its baseline comes last", policies: denyIngress + foreign("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "", "tier: baseline, appliedTo: [{podSelector: {}}], ingress: [{action: Allow}]"), rows: `
b/web -> a/db:5432          => Denied: ingress shut by a/deny
a/web -> b/db:5432          => Unknown: ingress unknown (OtherLayer x (ClusterNetworkPolicy))
`},
		{name: "OVN-Kubernetes' EgressFirewall can only deny, and only egress", policies: denyEgress + foreign("k8s.ovn.org/v1", "EgressFirewall", "b", "egress: [{type: Deny, to: {cidrSelector: 0.0.0.0/0}}]"), rows: `
b/web -> 203.0.113.9:443    => Unknown: egress unknown (OtherLayer b/x (EgressFirewall))
203.0.113.9 -> b/web:8000   => Allowed
a/web -> 203.0.113.9:443    => Denied: egress shut by a/deny
c/web -> 203.0.113.9:443    => Allowed
b/web -> node/n1:443        => Unknown: egress unknown (OtherLayer b/x (EgressFirewall))
b/web -> a/agent:9100       => Unknown: egress unknown (OtherLayer b/x (EgressFirewall))
# what stays among pods is none of its business
b/web -> a/db:5432          => Allowed
b/web -> svc/a/db:5432 -> a/db:5432 => Allowed
`},
		{name: "L7 authorization leaves the verdict alone", policies: denyIngress + foreign("security.istio.io/v1", "AuthorizationPolicy", "b", "action: DENY") + foreign("policy.linkerd.io/v1beta3", "Server", "b", "podSelector: {}"), rows: `
a/web -> b/web:8000         => Allowed
b/web -> a/web:8080         => Denied: ingress shut by a/deny
`},
		{name: "a kind that is not a policy changes nothing", policies: foreign("example.com/v1", "Widget", "b", "everything: true"), rows: `
a/web -> b/web:8000         => Allowed
`},
	})
}
