package cluster_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

func TestNewPod(t *testing.T) {
	t.Parallel()
	newPod := func(text string) *cluster.Pod { return cluster.NewPod(read[corev1.Pod](t, text), cluster.Origin{}) }
	for _, row := range []struct {
		name, text string
		see        func(*cluster.Pod) string
		want       string
	}{
		{"addresses, each once", `{status: {podIP: 10.1.0.1, podIPs: [{ip: 10.1.0.1}, {ip: "2001:db8::1"}]}}`, func(p *cluster.Pod) string { return show(p.IPs) }, "[10.1.0.1 2001:db8::1]"},
		{"an address without a list", `{status: {podIP: 10.1.0.1}}`, func(p *cluster.Pod) string { return show(p.IPs) }, "[10.1.0.1]"},
		{"an IPv4 address written as IPv6, and nonsense", `{status: {podIP: "::ffff:10.1.0.1", podIPs: [{ip: 10.1.0.1}, {ip: none}, {ip: ""}]}}`, func(p *cluster.Pod) string { return show(p.IPs) }, "[10.1.0.1]"},
		{"ports of containers, TCP unless they say otherwise", `{spec: {containers: [{name: a, ports: [{name: http, containerPort: 80}]}, {name: b, ports: [{containerPort: 53, protocol: UDP}]}]}}`, func(p *cluster.Pod) string { return ports(p) }, "http 80/TCP,  53/UDP, "},
		{"ports of sidecars, not of other init containers", `{spec: {initContainers: [{name: i, ports: [{name: i, containerPort: 1}]}, {name: s, restartPolicy: Always, ports: [{name: s, containerPort: 2}]}], containers: [{name: a, ports: [{name: a, containerPort: 3}]}]}}`, func(p *cluster.Pod) string { return ports(p) }, "a 3/TCP, s 2/TCP, "},
		{"its controller", `{metadata: {namespace: ns, ownerReferences: [{apiVersion: v1, kind: Node, name: x, uid: u}, {apiVersion: apps/v1, kind: ReplicaSet, name: rs, uid: u, controller: true}]}}`, func(p *cluster.Pod) string { return p.Owner.String() }, "ns/rs (ReplicaSet)"},
		{"no controller", `{metadata: {namespace: ns, ownerReferences: [{apiVersion: v1, kind: Node, name: x, uid: u, controller: false}]}}`, func(p *cluster.Pod) string { return p.Owner.Kind }, ""},
		{"ready", `{status: {conditions: [{type: Initialized, status: "False"}, {type: Ready, status: "True"}]}}`, func(p *cluster.Pod) string { return show(p.Ready) }, "true"},
		{"not ready", `{status: {conditions: [{type: Initialized, status: "True"}, {type: Ready, status: "Unknown"}]}}`, func(p *cluster.Pod) string { return show(p.Ready) }, "false"},
		{"running without a word of readiness", `{status: {phase: Running}}`, func(p *cluster.Pod) string { return show(p.Ready) }, "false"},
		{"a manifest that nothing has run yet", `{}`, func(p *cluster.Pod) string { return show(p.Ready) }, "true"},
		{"a port of its node", `{spec: {containers: [{name: a, ports: [{containerPort: 80, hostPort: 8080}]}]}}`, func(p *cluster.Pod) string { return show(p.Ports[0].HostPort) }, "8080"},
		{"going away", `{metadata: {deletionTimestamp: "2026-01-01T00:00:00Z"}}`, func(p *cluster.Pod) string { return show(p.Deleting) }, "true"},
		{"DNS as by default", `{spec: {containers: []}}`, func(p *cluster.Pod) string { return string(p.DNSPolicy) }, "ClusterFirst"},
		{"DNS of its own", `{spec: {containers: [], dnsPolicy: None, dnsConfig: {nameservers: [9.9.9.9]}}}`, func(p *cluster.Pod) string { return string(p.DNSPolicy) + show(p.Nameservers) }, "None[9.9.9.9]"},
		{"host network and node", `{spec: {containers: [], hostNetwork: true, nodeName: n1}}`, func(p *cluster.Pod) string { return show(p.HostNetwork, p.Node) }, "true n1"},
		{"labels, all of them", `{metadata: {labels: {app: web}}}`, func(p *cluster.Pod) string { return show(p.Labels) }, "{map[app:web] 0 []}"},
		{"its reference", `{metadata: {namespace: ns, name: p}}`, func(p *cluster.Pod) string { return p.Ref().String() }, "ns/p (Pod)"},
	} {
		if got := row.see(newPod(row.text)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

func ports(p *cluster.Pod) (out string) {
	for _, c := range p.Ports {
		out += fmt.Sprintf("%s %d/%s, ", c.Name, c.Number, c.Protocol)
	}
	return out
}

func TestPortNamed(t *testing.T) {
	t.Parallel()
	p := cluster.NewPod(read[corev1.Pod](t, `{spec: {containers: [
  {name: a, ports: [{name: http, containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}, {containerPort: 9}]},
  {name: b, ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 5353}]}]}}`), cluster.Origin{})
	for _, row := range []struct {
		name     string
		protocol corev1.Protocol
		want     string
	}{
		{"http", corev1.ProtocolTCP, "[80 8080]"},
		{"http", corev1.ProtocolUDP, "[]"},
		{"dns", corev1.ProtocolUDP, "[53]"},
		{"dns", corev1.ProtocolTCP, "[5353]"},
		{"HTTP", corev1.ProtocolTCP, "[]"},
		{"none", corev1.ProtocolTCP, "[]"},
	} {
		if got := show(p.PortNamed(row.name, row.protocol)); got != row.want {
			t.Errorf("%s/%s: %s, want %s", row.name, row.protocol, got, row.want)
		}
	}
}

// Only a pod that has run to its end is finished.
func TestFinished(t *testing.T) {
	t.Parallel()
	for phase, want := range map[corev1.PodPhase]bool{
		corev1.PodPending: false, corev1.PodRunning: false, corev1.PodUnknown: false, "": false,
		corev1.PodSucceeded: true, corev1.PodFailed: true,
	} {
		if got := (&cluster.Pod{Phase: phase}).Finished(); got != want {
			t.Errorf("%q: %v", phase, got)
		}
	}
}
