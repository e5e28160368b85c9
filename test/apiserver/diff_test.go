package apiserver

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// whatIf is what is there before, and a change of it: one policy becomes another, one is new.
const (
	whatIfBefore = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: diff}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: server, namespace: diff}
spec:
  podSelector: {matchLabels: {app: server}}
  ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 80}, {port: 443}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: client, namespace: diff}
spec:
  podSelector: {matchLabels: {app: client}}
  policyTypes: [Egress]
  egress: [{ports: [{port: 80}, {port: 443}, {port: 8080}]}]
`
	whatIfAfter = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: server, namespace: diff}
spec:
  podSelector: {matchLabels: {app: server}}
  ingress: [{from: [{podSelector: {}}], ports: [{port: 443}, {port: 8080}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: client, namespace: diff}
spec:
  podSelector: {matchLabels: {app: client}}
  policyTypes: [Egress]
  egress:
    - {to: [{podSelector: {}}], ports: [{port: 80}, {port: 443}, {port: 8080}]}
    - {to: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}], ports: [{port: 443}]}
`
	whatIfNew = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: new, namespace: diff}
spec:
  podSelector: {matchLabels: {app: server}}
  policyTypes: [Egress]
  egress: [{to: [{podSelector: {matchLabels: {app: client}}}], ports: [{protocol: UDP, port: 53, endPort: 60}]}]
`
)

// What diff --with foresees is what the map becomes once the objects are applied, no more and no less,
// and then nothing changes any more.
func TestDiffForeseesWhatApplyingDoes(t *testing.T) {
	s := Shared(t)
	folder := func(texts ...string) string {
		path := t.TempDir()
		if err := os.WriteFile(filepath.Join(path, "objects.yaml"), []byte(strings.Join(texts, "---\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s.Apply(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "diff"}}, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "diff", Name: "default"}})
	for name, ip := range map[string]string{"client": "10.0.0.8", "server": "10.0.0.9"} {
		pod := restricted("diff", name)
		pod.Labels = map[string]string{"app": name}
		pod.Status.PodIP, pod.Status.PodIPs = ip, []corev1.PodIP{{IP: ip}}
		s.Apply(t, pod)
	}
	s.Apply(t, Manifests(t, folder(whatIfBefore))...)
	all := folder(whatIfAfter, whatIfNew)
	ask := func(document any, args ...string) run {
		t.Helper()
		args = append(args, "-o", "json", "-n", "diff", "--network-plugin", "cilium", "--kubeconfig", Kubeconfig(t, s.Admin(), "diff"))
		r := doctor(t.Context(), args...)
		if err := json.Unmarshal([]byte(r.stdout), document); err != nil || r.stderr != "" {
			t.Fatalf("%q: %v: %+v", args, err, r)
		}
		return r
	}
	var before, after mapDocument
	var foreseen, again report.FlowDiff
	ask(&before, "map")
	if r := ask(&foreseen, "diff", "--with", all, "--fail-on", "opened"); r.code != 1 || foreseen.Counts.Opened == 0 || foreseen.Counts.Closed == 0 {
		t.Errorf("foreseen: %+v", r)
	}
	var unchanged mapDocument
	if ask(&unchanged, "map"); !before.made(nil, nil).equal(unchanged.made(nil, nil)) {
		t.Error("asking has changed something")
	}

	for _, object := range Manifests(t, folder(whatIfAfter)) {
		replace(t, s, object)
	}
	s.Apply(t, Manifests(t, folder(whatIfNew))...)
	ask(&after, "map")
	if r := ask(&again, "diff", "--with", all, "--fail-on", "any"); r.code != 0 || len(again.Flows) > 0 {
		t.Errorf("once applied: %+v", r)
	}

	addresses := slices.Concat(before.addresses(), after.addresses())
	for _, f := range foreseen.Flows {
		addresses = append(addresses, addressesOf(f.Source, f.Destination)...)
	}
	if want, got := after.made(nil, addresses), before.made(foreseen.Flows, addresses); !got.equal(want) {
		t.Errorf("foreseen %v\nis %v", got, want)
	}
}

// mapDocument is the JSON of a map.
type mapDocument struct{ Flows []report.MapFlow }

// made is a map by its ends, where each of some addresses stands for its surroundings.
type made map[[2]string]flows.PortSet

func (m made) equal(o made) bool {
	for _, both := range [][2]made{{m, o}, {o, m}} {
		for ends, ports := range both[0] {
			if !ports.Equal(both[1][ends]) {
				return false
			}
		}
	}
	return true
}

// made makes changes to the flows that are allowed. A change that does not fit leaves its mark: ports that were open are
// "opened" into nothing.
func (m mapDocument) made(changes []report.FlowChange, addresses []netip.Addr) made {
	out := made{}
	for _, f := range m.Flows {
		if f.Verdict != "Allowed" {
			continue
		}
		for _, ends := range endsOf(f.Source, f.Destination, addresses) {
			out[ends] = out[ends].Or(portsOf(f.Connections))
		}
	}
	for _, c := range changes {
		ports := portsOf(c.Connections)
		for _, ends := range endsOf(c.Source, c.Destination, addresses) {
			was := out[ends].And(ports)
			switch {
			case c.Before == "Allowed" && was.Equal(ports):
				out[ends] = out[ends].Minus(ports)
			case c.Before != "Allowed" && was.Empty() && c.After == "Allowed":
				out[ends] = out[ends].Or(ports)
			default:
				out[[2]string{"a change that does not fit", ends[0] + " " + ends[1]}] = ports
			}
		}
	}
	return out
}

func (m mapDocument) addresses() []netip.Addr {
	var out []netip.Addr
	for _, f := range m.Flows {
		out = append(out, addressesOf(f.Source, f.Destination)...)
	}
	return out
}

func addressesOf(ends ...report.Endpoint) []netip.Addr {
	var out []netip.Addr
	for _, e := range ends {
		if e.CIDR != "" {
			out = append(out, netip.MustParsePrefix(e.CIDR).Addr())
		}
	}
	return out
}

func endsOf(source, destination report.Endpoint, addresses []netip.Addr) [][2]string {
	names := func(e report.Endpoint) []string {
		if e.CIDR == "" {
			return []string{e.Kind + " " + e.Namespace + "/" + e.Name}
		}
		var out []string
		for _, a := range addresses {
			if netip.MustParsePrefix(e.CIDR).Contains(a) && !slices.Contains(out, a.String()) {
				out = append(out, a.String())
			}
		}
		return out
	}
	var out [][2]string
	for _, from := range names(source) {
		for _, to := range names(destination) {
			out = append(out, [2]string{from, to})
		}
	}
	return out
}

func portsOf(connections []report.Connection) flows.PortSet {
	var out flows.PortSet
	for _, c := range connections {
		i := slices.Index(flows.Protocols[:], corev1.Protocol(c.Protocol))
		for _, p := range c.Ports {
			out[i] = append(out[i], flows.Range(p))
		}
	}
	return out
}
