package policy_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// The paths that troubleshooters meet most: DNS, the API server, meshes.
func TestDNSAndControlPlane(t *testing.T) {
	t.Parallel()
	kube := town + `
- {kind: Namespace, metadata: {name: kube-system}}
- {kind: Service, metadata: {name: kube-dns, namespace: kube-system}, spec: {clusterIP: 10.96.0.53, selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}]}}
` + pod("kube-system", "coredns", "10.9.0.1", "n2", "k8s-app: kube-dns", "dns 53/UDP", "dns-tcp 53")
	lookup := func(label, ports string) string {
		return "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: " + label + "}}}], ports: [" + ports + "]}]}}\n"
	}
	const udp, tcp = "{port: 53, protocol: UDP}", "{port: 53}"
	run(t, []table{
		{name: "the DNS pods are labelled kube-dns", cluster: kube, policies: lookup("kube-dns", udp+", "+tcp), rows: `
a/web -> svc/kube-system/kube-dns:53 -> kube-system/coredns:53/udp => Allowed: egress by a/p spec.egress[0]
a/web -> svc/kube-system/kube-dns:53 -> kube-system/coredns:53 => Allowed: egress by a/p spec.egress[0]
`},
		{name: "and not coredns", cluster: kube, policies: lookup("coredns", udp+", "+tcp), rows: `
a/web -> svc/kube-system/kube-dns:53 -> kube-system/coredns:53/udp => Denied: egress shut by a/p
`},
		{name: "a node-local cache is not one of these pods", cluster: kube, policies: lookup("kube-dns", udp), rows: `
a/web -> 169.254.20.10:53/udp => Denied: egress shut by a/p
`},
		{name: "it wants a block", cluster: kube, policies: to("{ipBlock: {cidr: 169.254.20.10/32}}"), rows: `
a/web -> 169.254.20.10:53/udp => Allowed: egress by a/p spec.egress[0]
`},
		{name: "the port is the DNS pod's, 5353 on OpenShift", cluster: kube, policies: lookup("kube-dns", udp), rows: `
a/web -> svc/kube-system/kube-dns:53 -> kube-system/coredns:5353/udp => Denied: egress shut by a/p
`},
		{name: "big answers come over TCP", cluster: kube, policies: lookup("kube-dns", udp), rows: `
a/web -> svc/kube-system/kube-dns:53 -> kube-system/coredns:53/udp => Allowed: egress by a/p spec.egress[0]
a/web -> svc/kube-system/kube-dns:53 -> kube-system/coredns:53 => Denied: egress shut by a/p
`},
		{name: "resolvers of one's own are outside", cluster: kube, policies: lookup("kube-dns", udp), rows: `
a/web -> 203.0.113.53:53/udp => Denied: egress shut by a/p
`},
		{name: "the DNS pods are clients too", cluster: kube, policies: "- {metadata: {name: deny, namespace: kube-system}, spec: {podSelector: {}, policyTypes: [Egress]}}", rows: `
kube-system/coredns -> 203.0.113.53:53/udp => Denied: egress shut by kube-system/deny
a/web -> kube-system/coredns:53/udp => Allowed
`},
		{name: "webhooks are called from the control plane's node", policies: denyIngress, rows: `
node/n2 -> a/web:9443       => Denied: ingress shut by a/deny
node/n1 -> a/web:9443       => Allowed: ingress exempt OwnNode
`},
		{name: "what is translated before it is judged is judged where it arrives", policies: to("{ipBlock: {cidr: 169.254.169.254/32}}"), rows: `
a/web -> 169.254.169.254:80 => Allowed: egress by a/p spec.egress[0]
a/web -> node/n1:988        => Denied: egress shut by a/p
`},
		{name: "a pod that is masqueraded is seen as its node", policies: from("{podSelector: {matchLabels: {app: web}}}"), rows: `
a/web -> a/db:5432          => Allowed: ingress by a/p spec.ingress[0]
node/n1 -> a/db:5432        => Denied: ingress shut by a/p
`},
	})
}

// Between pods of an ambient mesh, or of Linkerd, policies may see the port of the tunnel.
func TestTunnelPort(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		policies string
		tunnel   int32
		want     string
	}{
		{opens("{port: 8080}"), 0, "Allowed: ingress by a/p spec.ingress[0]"},
		{opens("{port: 8080}"), 15008, "Unknown: ingress unknown (MeshTunnel a/web (Pod) 15008)"},
		{opens("{port: 15008}"), 15008, "Unknown: ingress unknown (MeshTunnel a/web (Pod) 15008)"},
		{opens("{port: 8080}, {port: 15008}"), 15008, "Allowed: ingress by a/p spec.ingress[0]"},
		{opens("{port: 8081}"), 15008, "Denied: ingress shut by a/p"},
		{opens("{port: 15008}"), 0, "Denied: ingress shut by a/p"},
		{reaches("{port: 4143}"), 4143, "Unknown: egress unknown (MeshTunnel a/web (Pod) 4143)"},
		{reaches("{}"), 4143, "Allowed: egress by a/p spec.egress[0]"},
	} {
		s := snapshot(t, town, row.policies)
		f := flow(t, s, "a/db -> a/web:8080")
		f.TunnelPort = row.tunnel
		if got := says(policy.Compile(s, pinned).Evaluate(f)); got != row.want {
			t.Errorf("%s at %d: %s, want %s", row.policies, row.tunnel, got, row.want)
		}
	}
}
