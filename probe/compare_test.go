package probe_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// What commands come to.
var (
	connected = probe.Run{}
	refused   = probe.Run{ExitCode: 1, Stderr: "REFUSED\n"}
	timedOut  = probe.Run{ExitCode: 1, Stderr: "TIMEOUT\n"}
	lost      = probe.Run{Lost: "the stream was cut off"}
	noDNS     = probe.Run{ExitCode: 9, Stdout: ";; communications error to 10.96.0.10#53: " + silent}
	noName    = probe.Run{Stdout: dug("NXDOMAIN", "qr")}
)

func stands(addresses ...string) probe.Run {
	var records []string
	for _, a := range addresses {
		records = append(records, "a. 30 IN A "+a)
	}
	return probe.Run{Stdout: dug("NOERROR", "qr", records...)}
}

// world is what comes back of attempts, by hop or by hop and target.
type world map[string]probe.Run

func (w world) run(_ context.Context, a probe.Attempt) probe.Run {
	for _, key := range []string{string(a.Hop) + " " + a.Target(), string(a.Hop)} {
		if r, ok := w[key]; ok {
			return r
		}
	}
	if a.Exchange() == probe.Lookup {
		return stands("10.96.0.7")
	}
	return connected
}

// probed asks a question, tests it in a world and compares.
func probed(t *testing.T, manifests, source, destination, network string, w world) *probe.Comparison {
	t.Helper()
	d := diagnosed(t, manifests, source, destination)
	d.Plugin, _ = policy.Recognise(d.Snapshot, declared(network))
	p, err := probe.NewPlan(d, probe.Options{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	return probe.Compare(d, p, probe.Carry(t.Context(), p, w.run))
}

// open is the town without its policy.
var open = town[:strings.Index(town, "apiVersion: networking")]

// port8080 lets the client talk to the pods' port alone, which is not the Service's.
var port8080 = open + `
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: shop}, spec: {podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 8080}]}, {ports: [{port: 53, protocol: UDP}, {port: 53}]}]}}
---
`

// TestServiceNotKnown: a Service that fails where its pods work is kube-proxy's fault only where policies
// allow the Service's address as well: some plugins hold its port against rules.
func TestServiceNotKnown(t *testing.T) {
	t.Parallel()
	for network, want := range map[string]string{"aws-vpc-cni": "NPD809", "kindnet": "NPD806"} {
		d := diagnosedOn(t, network, port8080, "pod/client", "svc/api:80")
		p, err := probe.NewPlan(d, probe.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := probe.Compare(d, p, probe.Carry(t.Context(), p, world{"Service": timedOut}.run))
		if len(c.Findings) != 1 || c.Findings[0].Code != want || (c.Culprit == probe.ServiceMapping) != (want == "NPD806") {
			t.Errorf("%s: %+v, culprit %q because %s", network, c.Findings, c.Culprit, c.Because)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	const a, b, service = "Backend 10.0.0.2:8080/TCP", "Backend 10.0.0.3:8080/TCP", "Service 10.96.0.7:80/TCP"
	for _, row := range []struct {
		name, manifests, destination, network string
		world                                 world
		codes                                 string
		culprit                               probe.Culprit
		result                                explain.Result
		suspects                              string // of the first finding's row
	}{
		{name: "all works", manifests: open, destination: "svc/api:80", culprit: probe.Nothing, result: explain.Works},
		{name: "the way is open, and the application answers nobody", manifests: open, destination: "pod/api-b:8080", world: world{"Own": refused, "Loopback": refused}, result: explain.Unclear},
		{name: "a mesh's proxy answers in its place", manifests: strings.ReplaceAll(open, "labels: {app: api}", "labels: {app: api, security.istio.io/tlsMode: istio}"), destination: "pod/api-b:8080", culprit: probe.Nothing, result: explain.Unclear},
		{name: "one is refused, one is silent", manifests: open, destination: "svc/api:80", network: "kindnet", world: world{service: timedOut, a: refused, b: timedOut, "Own": lost}, codes: "NPD803 NPD802", result: explain.Fails},
		{name: "denied, and nothing comes back", manifests: town, destination: "pod/api-b:8080", world: world{b: timedOut}, culprit: probe.Policies, result: explain.Fails},
		{name: "denied, and it connects", manifests: town, destination: "pod/api-b:8080", codes: "NPD801", culprit: probe.Nothing, result: explain.Fails, suspects: "Programming OtherLayer AgentDown"},
		{name: "denied, it connects, and nothing enforces", manifests: town, destination: "pod/api-b:8080", network: "none", codes: "NPD801", culprit: probe.Nothing, result: explain.Fails, suspects: "NothingEnforces Programming OtherLayer"},
		{name: "denied and refused: it is not known by whom", manifests: town, destination: "pod/api-b:8080", network: "calico", world: world{b: refused, "Own": lost}, result: explain.Fails, suspects: "NotListening PluginRejects"},
		{name: "denied and refused, and it listens", manifests: town, destination: "pod/api-b:8080", network: "calico", world: world{b: refused}, result: explain.Fails, suspects: "PluginRejects"},
		{name: "denied and refused by a plugin that rejects", manifests: town, destination: "pod/api-b:8080", network: "kube-router", world: world{b: refused}, result: explain.Fails},
		{name: "allowed, and nothing comes back: not known, and not policies", manifests: open, destination: "pod/api-b:8080", world: world{b: timedOut}, codes: "NPD802", result: explain.Fails, suspects: "Programming OtherLayer NodePath Firewall"},
		{name: "allowed and refused", manifests: open, destination: "pod/api-b:8080", network: "calico", world: world{b: refused, "Own": lost}, codes: "NPD803", result: explain.Fails, suspects: "NotListening PluginRejects OtherLayer"},
		{name: "allowed and refused, in its own pod too", manifests: open, destination: "pod/api-b:8080", network: "aws-vpc-cni", world: world{b: refused, "Own": refused, "Loopback": refused}, codes: "NPD803", culprit: probe.Application, result: explain.Fails, suspects: "NotListening OtherLayer"},
		{name: "on the loopback only", manifests: open, destination: "pod/api-b:8080", network: "calico", world: world{b: refused, "Own": refused}, codes: "NPD808", culprit: probe.Application, result: explain.Fails},
		{name: "the stream is lost", manifests: open, destination: "pod/api-b:8080", world: world{b: lost}, result: explain.Unclear},
		{name: "the Service alone fails", manifests: open, destination: "svc/api:80", world: world{service: timedOut}, codes: "NPD806", culprit: probe.ServiceMapping, result: explain.Fails},
		{name: "the other node fails", manifests: open, destination: "svc/api:80", world: world{b: timedOut}, codes: "NPD807", culprit: probe.Path, result: explain.Fails},
		{name: "the own node fails", manifests: open, destination: "svc/api:80", world: world{a: timedOut}, codes: "NPD807", result: explain.Fails},
		{name: "one of two is denied", manifests: town, destination: "svc/api:80", world: world{b: timedOut, service: timedOut}, culprit: probe.Policies, result: explain.Fails},
		{name: "nothing behind it", manifests: open, destination: "svc/nobody:80", world: world{"Name": stands("10.96.0.8"), "Service": refused}, culprit: probe.Endpoints, result: explain.Fails, suspects: "NoEndpoints NotListening PluginRejects OtherLayer"},
		{name: "DNS is silent", manifests: open, destination: "svc/api:80", world: world{"ResolverUDP": noDNS, "ResolverTCP": noDNS, "Name": noDNS}, codes: "NPD804", culprit: probe.DNS, result: explain.Fails, suspects: "DNSDown Programming OtherLayer"},
		{name: "DNS over TCP alone is silent", manifests: open, destination: "svc/api:80", world: world{"ResolverTCP": noDNS}, culprit: probe.NotKnown, result: explain.Works},
		{name: "no such name", manifests: open, destination: "svc/api:80", world: world{"Name": noName}, codes: "NPD805", culprit: probe.DNS, result: explain.Fails},
		{name: "another address", manifests: open, destination: "svc/api:80", world: world{"Name": stands("10.96.9.9")}, codes: "NPD805", culprit: probe.DNS, result: explain.Fails},
		{name: "a datagram gets no answer", manifests: open, destination: "pod/api-a:9000/udp", world: world{"Backend": timedOut}, result: explain.Unclear, suspects: ""},
		{name: "a datagram is answered although it is denied", manifests: town, destination: "pod/api-b:9000/udp", codes: "NPD801", culprit: probe.NotKnown, result: explain.Fails, suspects: "Programming Tracked OtherLayer AgentDown"},
		{name: "a name outside", manifests: open, destination: "api.example.com:443", world: world{"Name": stands("192.0.2.7")}, culprit: probe.Nothing, result: explain.Works},
		{name: "a name outside that is not there", manifests: open, destination: "api.example.com:443", world: world{"Name": noName}, codes: "NPD805", culprit: probe.DNS, result: explain.Fails},
		{
			name: "a proxy answers", manifests: strings.Replace(town, "labels: {app: client}", `labels: {app: client, security.istio.io/tlsMode: istio}`, 1),
			destination: "pod/api-b:8080", result: explain.Unclear, suspects: "",
		},
	} {
		if row.network == "" {
			row.network = "cilium"
		}
		c := probed(t, row.manifests, "pod/client", row.destination, row.network, row.world)
		var codes []string
		for _, f := range c.Findings {
			codes = append(codes, f.Code)
			if f.Message == "" || f.Severity == "" {
				t.Errorf("%s: %+v", row.name, f)
			}
		}
		if got := strings.Join(codes, " "); got != row.codes || c.Culprit != row.culprit || c.Result != row.result {
			t.Errorf("%s: %q %q (%s) %s, want %q %q %s; %+v", row.name, got, c.Culprit, c.Because, c.Result, row.codes, row.culprit, row.result, c.Findings)
		}
		for _, j := range c.Judged {
			if row.suspects != "" && j.Hop != probe.ResolverTCP && len(j.Suspected) > 0 {
				var names []string
				for _, s := range j.Suspected {
					names = append(names, string(s.Suspect))
					if s.Evidence == "" {
						t.Errorf("%s: no evidence for %s", row.name, s.Suspect)
					}
				}
				if diff := cmp.Diff(row.suspects, strings.Join(names, " ")); diff != "" {
					t.Errorf("%s: suspects of %s (-want +got):\n%s", row.name, j.Hop, diff)
				}
				break
			}
		}
	}
}

// TestCarry: what is silent is tried again, what was said is not, and nobody is asked after the end.
func TestCarry(t *testing.T) {
	t.Parallel()
	p := planned(t, town, "pod/client", "svc/api:80")
	tries := map[probe.Hop]int{}
	results := probe.Carry(t.Context(), p, func(_ context.Context, a probe.Attempt) probe.Run {
		if tries[a.Hop]++; a.Hop == probe.Service && tries[a.Hop] < 3 {
			return timedOut
		}
		return world{"ResolverUDP": noDNS}.run(t.Context(), a)
	})
	want := map[probe.Hop]int{probe.ResolverUDP: 3, probe.ResolverTCP: 1, probe.Name: 1, probe.Service: 3, probe.Backend: 2}
	if diff := cmp.Diff(want, tries); diff != "" {
		t.Error(diff)
	}
	for _, r := range results {
		if r.Hop == probe.Service && (r.Outcome() != probe.Connected || len(r.Seen) != 3) {
			t.Errorf("the third try counts: %+v", r.Seen)
		}
	}

	ctx, interrupt := context.WithCancel(t.Context())
	results = probe.Carry(ctx, p, func(context.Context, probe.Attempt) probe.Run {
		interrupt()
		return probe.Run{Lost: "interrupted"}
	})
	if len(results) != 0 {
		t.Errorf("an interrupted try is a result: %+v", results)
	}
}

// TestSettle: what was tested and what was predicted make one result.
func TestSettle(t *testing.T) {
	t.Parallel()
	const b = "Backend 10.0.0.3:8080/TCP"
	other := `
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: maybe, namespace: shop}, spec: {endpointSelector: {}, ingress: [{}]}}
---
`
	for _, row := range []struct {
		name, manifests, destination string
		world                        world
		before, after                explain.Result
		code, summary                string
	}{
		{name: "it works, as was said", manifests: open, destination: "pod/api-b:8080", before: explain.Works, after: explain.Works},
		{name: "it works, and was said not to", manifests: town, destination: "pod/api-b:8080", before: explain.Fails, after: explain.Fails, code: "NPD801"},
		{name: "it fails, as was said", manifests: town, destination: "pod/api-b:8080", world: world{b: timedOut}, before: explain.Fails, after: explain.Fails, code: "NPD401"},
		{name: "it fails, and was said to work", manifests: open, destination: "pod/api-b:8080", world: world{b: timedOut}, before: explain.Works, after: explain.Fails, code: "NPD802"},
		{name: "nothing is learnt", manifests: open, destination: "pod/api-b:8080", world: world{b: lost}, before: explain.Works, after: explain.Works},
		{name: "it was unclear, and works", manifests: town + other, destination: "pod/api-b:8080", before: explain.Unclear, after: explain.Works, summary: "tested on the network from client, it works"},
		{name: "it was unclear, and fails", manifests: town + other, destination: "pod/api-b:8080", world: world{b: timedOut}, before: explain.Unclear, after: explain.Fails, code: "NPD809"},
		{name: "it was unclear, and nothing is learnt", manifests: town + other, destination: "pod/api-b:8080", world: world{b: lost}, before: explain.Unclear, after: explain.Unclear},
	} {
		d := diagnosed(t, row.manifests, "pod/client", row.destination)
		if d.Result != row.before {
			t.Errorf("%s: %s before it was tested, want %s", row.name, d.Result, row.before)
		}
		p, err := probe.NewPlan(d, probe.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := probe.Compare(d, p, probe.Carry(t.Context(), p, row.world.run))
		c.Settle(d)
		code := ""
		if len(d.Findings) > 0 {
			code = d.Findings[0].Code
		}
		if d.Result != row.after || row.code != "" && code != row.code || !strings.Contains(d.Summary(), row.summary) || c.Summary() == "" {
			t.Errorf("%s: %s %s %q %q", row.name, d.Result, code, d.Summary(), c.Summary())
		}
	}
}

// declared is the profile that ships under a name; none: nil.
func declared(name string) *policy.Profile {
	if p, ok := policy.ProfileNamed(name); ok {
		return &p
	}
	return nil
}
