package probe_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/file"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/plugin"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// town has a client, a Service with two pods behind it of which policies let the client reach one,
// and cluster DNS.
const town = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}
---
{apiVersion: v1, kind: Pod, metadata: {name: client, namespace: shop, labels: {app: client}}, spec: {nodeName: n1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.0.0.1, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: done, namespace: shop}, spec: {containers: [{name: c, image: i}]}, status: {phase: Succeeded, podIP: 10.0.0.9}}
---
{apiVersion: v1, kind: Pod, metadata: {name: api-a, namespace: shop, labels: {app: api, open: "yes"}}, spec: {nodeName: n1, containers: [{name: c, image: i, ports: [{containerPort: 8080}]}]}, status: {phase: Running, podIP: 10.0.0.2, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: api-b, namespace: shop, labels: {app: api}}, spec: {nodeName: n2, containers: [{name: c, image: i, ports: [{containerPort: 8080}]}]}, status: {phase: Running, podIP: 10.0.0.3, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: shop}, spec: {clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], ipFamilies: [IPv4], selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: peers, namespace: shop}, spec: {clusterIP: None, selector: {app: api}, ports: [{port: 8080}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: nobody, namespace: shop}, spec: {clusterIP: 10.96.0.8, clusterIPs: [10.96.0.8], selector: {app: nobody}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: many, namespace: shop}, spec: {clusterIP: 10.96.0.9, clusterIPs: [10.96.0.9], selector: {app: many}, ports: [{port: 1, name: a}, {port: 2, name: b}, {port: 3, name: c}, {port: 4, name: d}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: kube-dns, namespace: kube-system}, spec: {clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], selector: {k8s-app: kube-dns}, ports: [{port: 53, name: dns, protocol: UDP}, {port: 53, name: dns-tcp}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: dns, namespace: kube-system, labels: {k8s-app: kube-dns}}, spec: {containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.0.0.53, conditions: [{type: Ready, status: "True"}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchExpressions: [{key: app, operator: In, values: [api]}, {key: open, operator: DoesNotExist}]}
  policyTypes: [Ingress]
---
`

// many is a Service's worth of pods.
func many(app string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{apiVersion: v1, kind: Pod, metadata: {name: %s-%02d, namespace: shop, labels: {app: %s}}, spec: {containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.0.1.%d, conditions: [{type: Ready, status: "True"}]}}
---
`, app, i, app, i+1)
	}
	return b.String()
}

// diagnosed asks a question of manifests, of a cluster with Cilium.
func diagnosed(t *testing.T, manifests, source, destination string) *explain.Diagnosis {
	t.Helper()
	return diagnosedOn(t, "cilium", manifests, source, destination)
}

// diagnosedOn is diagnosed for any network plugin.
func diagnosedOn(t *testing.T, network, manifests, source, destination string) *explain.Diagnosis {
	t.Helper()
	from, err := file.Open(t.Context(), []string{"-"}, file.Options{
		Stdin:      strings.NewReader(manifests),
		Foreign:    func(apiVersion, kind string) bool { return policy.LayerKindOf(apiVersion, kind) != nil },
		Namespaced: func(string, string) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := from.Read(t.Context(), cluster.Scope{All: true, DNS: true})
	if err != nil {
		t.Fatal(err)
	}
	q := explain.Question{Snapshot: s, Plugin: declared(network)}
	if q.Source, err = plugin.ParseSource(source, "shop"); err != nil {
		t.Fatal(err)
	}
	if q.Destination, err = plugin.ParseDestination(destination, "shop"); err != nil {
		t.Fatal(err)
	}
	d, err := explain.Diagnose(q)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func planned(t *testing.T, manifests, source, destination string) *probe.Plan {
	t.Helper()
	p, err := probe.NewPlan(diagnosed(t, manifests, source, destination), probe.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// lines prints a plan, an attempt in a line.
func lines(p *probe.Plan) string {
	var b strings.Builder
	for _, a := range p.Attempts {
		fmt.Fprintf(&b, "%s %s %s %s %v\n", a.Hop, a.Target(), a.Verdict, a.Object.Name, a.Expected)
	}
	for _, c := range p.Cut {
		fmt.Fprintln(&b, "cut", c)
	}
	return b.String()
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, source, destination, extra, want string }{
		{
			name: "a Service, by name: DNS, its address, every backend", source: "pod/client", destination: "svc/api:80", want: `
ResolverUDP api.shop.svc Allowed  []
ResolverTCP api.shop.svc Allowed  []
Name api.shop.svc Allowed  [10.96.0.7]
Service 10.96.0.7:80/TCP Unknown api []
Backend 10.0.0.2:8080/TCP Allowed api-a []
Backend 10.0.0.3:8080/TCP Denied api-b []
`,
		},
		{
			name: "a headless Service has no address; its name stands for its pods", source: "pod/client", destination: "svc/peers:8080", want: `
ResolverUDP peers.shop.svc Allowed  []
ResolverTCP peers.shop.svc Allowed  []
Name peers.shop.svc Allowed  [10.0.0.2 10.0.0.3]
Backend 10.0.0.2:8080/TCP Allowed api-a []
Backend 10.0.0.3:8080/TCP Denied api-b []
`,
		},
		{
			name: "nothing behind the Service: its address is tested all the same", source: "pod/client", destination: "svc/nobody:80", want: `
ResolverUDP nobody.shop.svc Allowed  []
ResolverTCP nobody.shop.svc Allowed  []
Name nobody.shop.svc Allowed  [10.96.0.8]
Service 10.96.0.8:80/TCP Unknown nobody []
`,
		},
		{
			name: "a pod is no name", source: "pod/client", destination: "pod/api-b:8080", want: `
Backend 10.0.0.3:8080/TCP Denied api-b []
`,
		},
		{
			name: "an address outside", source: "pod/client", destination: "192.0.2.1:443", want: `
Backend 192.0.2.1:443/TCP Allowed 192.0.2.1/32 []
`,
		},
		{
			name: "a name outside: what it stands for is what the lookup says", source: "pod/client", destination: "api.example.com:443", want: `
ResolverUDP api.example.com Allowed  []
ResolverTCP api.example.com Allowed  []
Name api.example.com Allowed  []
Backend api.example.com:443/TCP Allowed api.example.com []
`,
		},
		{
			name: "a range is not tested", source: "pod/client", destination: "192.0.2.0/24:443", want: `
cut 192.0.2.0/24 (CIDR): it has no address of its own
`,
		},
		{
			name: "a datagram", source: "pod/client", destination: "pod/api-a:9000/udp", want: `
Backend 10.0.0.2:9000/UDP Allowed api-a []
`,
		},
		{
			name: "a pod tests itself", source: "pod/api-a", destination: "pod/api-a:8080", want: `
Backend 10.0.0.2:8080/TCP Allowed api-a []
`,
		},
		{
			name: "no sweep over ports and pods", source: "pod/client", destination: "svc/many", extra: many("many", 6), want: `
ResolverUDP many.shop.svc Allowed  []
ResolverTCP many.shop.svc Allowed  []
Name many.shop.svc Allowed  [10.96.0.9]
Service 10.96.0.9:1/TCP Allowed many []
Backend 10.0.1.1:1/TCP Allowed many-00 []
Backend 10.0.1.2:1/TCP Allowed many-01 []
Backend 10.0.1.3:1/TCP Allowed many-02 []
Backend 10.0.1.4:1/TCP Allowed many-03 []
Service 10.96.0.9:2/TCP Allowed many []
Backend 10.0.1.1:2/TCP Allowed many-00 []
Backend 10.0.1.2:2/TCP Allowed many-01 []
Backend 10.0.1.3:2/TCP Allowed many-02 []
Backend 10.0.1.4:2/TCP Allowed many-03 []
Service 10.96.0.9:3/TCP Allowed many []
Backend 10.0.1.1:3/TCP Allowed many-00 []
Backend 10.0.1.2:3/TCP Allowed many-01 []
Backend 10.0.1.3:3/TCP Allowed many-02 []
Backend 10.0.1.4:3/TCP Allowed many-03 []
cut 1 of 4 ports: a probe tests 3 at most, so name the one that matters
cut 2 of 6 backends of port 1: a probe tests 4 at most
cut 2 of 6 backends of port 2: a probe tests 4 at most
cut 2 of 6 backends of port 3: a probe tests 4 at most
`,
		},
	} {
		p := planned(t, town+row.extra, row.source, row.destination)
		if diff := cmp.Diff(strings.TrimPrefix(row.want, "\n"), lines(p)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// TestPlanWithoutSource: only a pod that runs can be tested from.
func TestPlanWithoutSource(t *testing.T) {
	t.Parallel()
	for source, why := range map[string]string{
		"pod/done":  "none of its pods is running",
		"192.0.2.1": "only from a pod",
		"internet":  "only from a pod",
	} {
		_, err := probe.NewPlan(diagnosed(t, town, source, "pod/api-a:8080"), probe.Options{})
		var none *probe.NoSourceError
		if !errors.As(err, &none) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", source, err, why)
		}
	}
}

// TestPlanLoopback: asked for, the application is tested from within its own pod, too.
func TestPlanLoopback(t *testing.T) {
	t.Parallel()
	p, err := probe.NewPlan(diagnosed(t, town, "pod/client", "pod/api-b:8080"), probe.Options{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	want := "Backend 10.0.0.3:8080/TCP Denied api-b []\nOwn 10.0.0.3:8080/TCP Allowed api-b []\nLoopback 127.0.0.1:8080/TCP Allowed api-b []\n"
	if diff := cmp.Diff(want, lines(p)); diff != "" {
		t.Error(diff)
	}
}

// TestCommands are what is run: addresses are dialled, never names, and nothing waits for ever.
func TestCommands(t *testing.T) {
	t.Parallel()
	p := planned(t, town, "pod/client", "svc/api:80")
	var got []string
	for _, a := range p.Attempts {
		got = append(got, strings.Join(a.Command(), " "))
	}
	want := []string{
		"dig +noall +comments +answer +search +tries=1 +time=2 +notcp +ignore -t A -q api.shop.svc",
		"dig +noall +comments +answer +search +tries=1 +time=2 +tcp -t A -q api.shop.svc",
		"dig +noall +comments +answer +search +tries=1 +time=2 -t A -q api.shop.svc",
		"/agnhost connect --timeout=2s --protocol=tcp 10.96.0.7:80",
		"/agnhost connect --timeout=2s --protocol=tcp 10.0.0.2:8080",
		"/agnhost connect --timeout=2s --protocol=tcp 10.0.0.3:8080",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestCarryAlias: what stands behind an alias is dialled at the address that the alias leads to.
func TestCarryAlias(t *testing.T) {
	t.Parallel()
	p := planned(t, town+"{apiVersion: v1, kind: Service, metadata: {name: pay, namespace: shop}, spec: {type: ExternalName, externalName: pay.example.com}}\n", "pod/client", "svc/pay:443")
	dialled := ""
	results := probe.Carry(t.Context(), p, func(_ context.Context, a probe.Attempt) probe.Run {
		if a.Exchange() == probe.Lookup {
			return stands("192.0.2.7")
		}
		dialled = a.Target()
		return probe.Run{}
	})
	if last := results[len(results)-1]; dialled != "192.0.2.7:443/TCP" || last.Outcome() != probe.Connected {
		t.Errorf("dialled %q: %+v", dialled, last.Last())
	}
}
