package policy_test

import (
	"net/netip"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

const (
	oneNode = "- {kind: Namespace, metadata: {name: a}}\n- {kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 10.1.5.1}]}}\n"
	done    = "- {kind: Pod, metadata: {name: job, labels: {app: job}}, spec: {nodeName: n1, containers: [{name: x, ports: [{name: http, containerPort: 9}]}]}, status: {phase: Succeeded, podIP: 10.1.5.17}}\n"
	host    = "- {kind: Pod, metadata: {name: agent}, spec: {hostNetwork: true, nodeName: n1, containers: [{name: x}]}, status: {phase: Running, podIP: 10.1.5.1}}\n"
)

// A finished pod does not hold its address, a hostNetwork pod's is its node's, and a pod that
// runs comes before one that is going away.
func TestAddressesBelongToWhatRuns(t *testing.T) {
	t.Parallel()
	web := pod("a", "web", "10.1.5.17", "n1", "app: web")
	leaving := "- {kind: Pod, metadata: {name: a-leaving, deletionTimestamp: \"2026-01-01T00:00:00Z\"}, spec: {containers: [{name: x}]}, status: {phase: Running, podIP: 10.1.5.17}}\n"
	pending := "- {kind: Pod, metadata: {name: b-pending}, spec: {containers: [{name: x}]}, status: {phase: Pending, podIP: 10.1.5.17}}\n"
	for _, row := range []struct{ name, objects, ip, want string }{
		{"a finished pod and a new one", oneNode + done + web, "10.1.5.17", "a/web (Pod)"},
		{"a failed pod alone", oneNode + "- {kind: Pod, metadata: {name: job}, spec: {containers: [{name: x}]}, status: {phase: Failed, podIP: 10.1.5.17}}\n", "10.1.5.17", ""},
		{"a hostNetwork pod", oneNode + host, "10.1.5.1", "n1 (Node)"},
		{"a pod that is going away and its successor", oneNode + leaving + web, "10.1.5.17", "a/web (Pod)"},
		{"a pod that is starting and one that runs", oneNode + pending + web, "10.1.5.17", "a/web (Pod)"},
		{"a pod that is going away still holds it", oneNode + leaving, "10.1.5.17", "a/a-leaving (Pod)"},
		{"a pod before a Service", oneNode + web + "- {kind: Service, metadata: {name: s}, spec: {clusterIP: 10.1.5.17, ports: [{port: 1}]}}\n", "10.1.5.17", "a/web (Pod)"},
		{"nobody's", oneNode + web, "10.1.5.18", ""},
	} {
		got := ""
		if h := snapshot(t, row.objects).HoldersOf(netip.MustParseAddr(row.ip)); len(h) > 0 {
			got = refOf(h[0]).String()
		}
		if got != row.want {
			t.Errorf("%s: %s is %q, want %q", row.name, row.ip, got, row.want)
		}
	}
}

func refOf(h cluster.Holder) cluster.Ref {
	switch {
	case h.Pod != nil:
		return h.Pod.Ref()
	case h.Service != nil:
		return h.Service.Ref()
	}
	return h.Node.Ref()
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	run(t, []table{
		{
			name:     "a pod that is going away is still isolated, and still a peer",
			cluster:  oneNode + "- {kind: Pod, metadata: {name: old, deletionTimestamp: \"2026-01-01T00:00:00Z\", labels: {app: web}}, spec: {containers: [{name: x}]}, status: {phase: Running, podIP: 10.1.5.17}}\n" + pod("a", "db", "10.1.0.2", "n1", "app: db"),
			policies: denyIngress + "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}}",
			rows: `
a/db -> a/old:80            => Denied: ingress shut by a/deny
a/old -> a/db:80            => Allowed: ingress by a/p spec.ingress[0]
`,
		},
		{
			name:     "policies hold for a pod that has no address yet: what they say does not change",
			cluster:  oneNode + "- {kind: Pod, metadata: {name: new, labels: {app: web}}, spec: {nodeName: n1, containers: [{name: x}]}, status: {phase: Pending}}\n" + pod("a", "db", "10.1.0.2", "n1", "app: db"),
			policies: denyIngress + "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}}",
			rows: `
a/db -> a/new:80            => Denied: ingress shut by a/deny
a/new -> a/db:80            => Allowed: ingress by a/p spec.ingress[0]
`,
		},
		{
			name:     "but a block wants an address",
			cluster:  oneNode + "- {kind: Pod, metadata: {name: new}, spec: {containers: [{name: x}]}, status: {phase: Pending}}\n" + pod("a", "db", "10.1.0.2", "n1", "app: db"),
			policies: from("{ipBlock: {cidr: 10.1.0.0/16}}"),
			rows: `
a/new -> a/db:80            => Unknown: ingress unknown (PodAddress a/new (Pod) 10.1.0.0/16)
`,
		},
	})
}
