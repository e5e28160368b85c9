package catalogue

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/file"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// opens is what a Diagnosis says that its fixes open.
type opens struct {
	Complete   bool         `json:"complete"`
	Namespaces []string     `json:"namespaces"`
	NotRead    []string     `json:"notRead"`
	Flows      []openedFlow `json:"flows"`
}

type openedFlow struct {
	Source      openedEnd `json:"source"`
	Destination openedEnd `json:"destination"`
	Before      string    `json:"before"`
	After       string    `json:"after"`
	Connections []struct {
		Protocol corev1.Protocol `json:"protocol"`
		Ports    []flows.Range   `json:"ports"`
	} `json:"connections"`
}

type openedEnd struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	CIDR      string `json:"cidr"`
}

// opening is the part of a Diagnosis that this file is about.
type opening struct {
	Opens *opens `json:"opens"`
	Pairs []struct {
		Sources      []openedEnd `json:"sources"`
		Destinations []openedEnd `json:"destinations"`
		Flow         struct {
			Protocol corev1.Protocol `json:"protocol"`
			Arriving int32           `json:"arrivingPort"`
		} `json:"flow"`
	} `json:"pairs"`
}

// point is one flow of those that a row stands for.
type point struct {
	from, to openedEnd
	protocol corev1.Protocol
	port     int32
}

// TestOpens: what a fix is said to open beside what was asked about is what the map of the whole cluster
// with the fix has more than that without it.
func TestOpens(t *testing.T) {
	t.Parallel()
	fixed, nothing := 0, 0
	for _, folder := range []string{"", "traps", "field"} {
		for _, a := range archives(t, folder) {
			for _, q := range a.questions {
				if a.live || !strings.HasPrefix(q.text, "diagnose ") || strings.Contains(q.text, "--with") {
					continue
				}
				got := a.askOf(t, q)
				ofServices := !slices.ContainsFunc(got.Fixes, func(f fix) bool { return f.Object.Kind != "Service" })
				if ofServices || got.Result == "Works" {
					continue
				}
				var document opening
				if err := json.Unmarshal([]byte(got.text), &document); err != nil {
					t.Fatal(err)
				}
				if document.Opens == nil {
					t.Errorf("%s line %d: %s\nis not told what the fixes open", a.path, q.line, q.text)
					continue
				}
				fixed++
				if len(document.Opens.Flows) == 0 {
					nothing++
				}
				a.testOpens(t, q, got, document)
			}
		}
	}
	if fixed < 50 || nothing < 20 || nothing == fixed {
		t.Errorf("only %d questions with fixes, and %d of them open nothing else", fixed, nothing)
	}
}

func (a *archive) testOpens(t *testing.T, q *question, got answer, document opening) {
	t.Helper()
	objects := a.objects(t, q)
	before, was := mapOf(t, q, objects)
	after, _ := mapOf(t, q, repaired(t, objects, forms["as stored"], got.Fixes))
	changes, err := flows.Compare(before, after, flows.ByWorkload).Changes(flows.Wanted{}, flows.Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	var whole []openedFlow
	for _, c := range changes {
		whole = append(whole, flowOf(c))
	}
	listed := document.Opens.Flows
	for _, p := range pointsOf(slices.Concat(whole, listed)) {
		want, has := p.in(whole), p.in(listed)
		asked := document.asks(p, was) || p.isLookup()
		outside := func(e openedEnd) bool {
			return e.CIDR == "" && document.Opens.Namespaces != nil && !slices.Contains(document.Opens.Namespaces, e.Namespace)
		}
		switch {
		case want == has:
		case asked && has == "":
		case want == "" && has == "Unknown → Unknown": // by the same facts, which a whole map does not tell apart
		case has == "" && !document.Opens.Complete && (outside(p.from) || outside(p.to)):
		default:
			t.Errorf("%s line %d: %s\n%+v is listed as %q, the maps say %q (complete: %v, in %v)\nfixes %v", a.path, q.line, q.text, p, has, want, document.Opens.Complete, document.Opens.Namespaces, got.Fixes)
		}
	}
}

// mapOf works out the flows of a whole cluster.
func mapOf(t *testing.T, q *question, objects []object) (*flows.Sets, *cluster.Snapshot) {
	t.Helper()
	source, err := file.Open(t.Context(), []string{folderOf(t, objects)}, file.Options{Foreign: func(version, kind string) bool { return policy.LayerKindOf(version, kind) != nil }})
	if err != nil {
		t.Fatal(err)
	}
	s, err := source.Read(t.Context(), cluster.Scope{All: true, Nodes: true})
	if err != nil {
		t.Fatal(err)
	}
	var declared *policy.Profile
	if p, ok := policy.ProfileNamed(q.flag("--network-plugin")); ok {
		declared = &p
	}
	_, profile := policy.Recognise(s, declared)
	return flows.Compile(policy.Compile(s, profile)), s
}

func flowOf(c flows.Change) openedFlow {
	end := func(e flows.End) openedEnd {
		if e.CIDR.IsValid() {
			return openedEnd{Kind: "CIDR", CIDR: e.CIDR.String()}
		}
		return openedEnd{Kind: e.Ref.Kind, Namespace: e.Ref.Namespace, Name: e.Ref.Name}
	}
	out := openedFlow{Source: end(c.Source), Destination: end(c.Destination), Before: c.Before.String(), After: c.After.String()}
	for i, ranges := range c.Ports {
		out.Connections = append(out.Connections, struct {
			Protocol corev1.Protocol `json:"protocol"`
			Ports    []flows.Range   `json:"ports"`
		}{flows.Protocols[i], ranges})
	}
	return out
}

// pointsOf returns flows at every edge of every row: the first and the last port, and the first address
// of every range that is outside.
func pointsOf(all []openedFlow) []point {
	var cidrs []string
	for _, f := range all {
		for _, e := range []openedEnd{f.Source, f.Destination} {
			if e.CIDR != "" && !slices.Contains(cidrs, e.CIDR) {
				cidrs = append(cidrs, e.CIDR)
			}
		}
	}
	ends := func(e openedEnd) []openedEnd {
		if e.CIDR == "" {
			return []openedEnd{e}
		}
		var out []openedEnd
		for _, c := range cidrs {
			first := netip.MustParsePrefix(c).Addr()
			if netip.MustParsePrefix(e.CIDR).Contains(first) {
				out = append(out, openedEnd{Kind: "CIDR", CIDR: netip.PrefixFrom(first, first.BitLen()).String()})
			}
		}
		return out
	}
	seen := map[point]bool{}
	var out []point
	for _, f := range all {
		for _, from := range ends(f.Source) {
			for _, to := range ends(f.Destination) {
				for _, c := range f.Connections {
					for _, r := range c.Ports {
						for _, port := range []int32{r.From, r.To} {
							if p := (point{from, to, c.Protocol, port}); !seen[p] {
								seen[p] = true
								out = append(out, p)
							}
						}
					}
				}
			}
		}
	}
	return out
}

// in tells what becomes of a flow as a list has it; nothing where it does not.
func (p point) in(list []openedFlow) string {
	has := func(e, one openedEnd) bool {
		if e.CIDR == "" || one.CIDR == "" {
			return e == one
		}
		return netip.MustParsePrefix(e.CIDR).Contains(netip.MustParsePrefix(one.CIDR).Addr())
	}
	for _, f := range list {
		if !has(f.Source, p.from) || !has(f.Destination, p.to) {
			continue
		}
		for _, c := range f.Connections {
			if c.Protocol == p.protocol && slices.ContainsFunc(c.Ports, func(r flows.Range) bool { return r.From <= p.port && p.port <= r.To }) {
				return fmt.Sprint(f.Before, " → ", f.After)
			}
		}
	}
	return ""
}

// asks tells whether a flow was asked about, for all pods of the workloads at both ends. An address of one
// of them is that end, too.
func (o opening) asks(p point, s *cluster.Snapshot) bool {
	owner := func(e openedEnd) openedEnd {
		for _, pod := range s.Subjects(e.Namespace) {
			if r := pod.Ref(); r.Kind == e.Kind && r.Name == e.Name {
				end := flows.EndOf(s, pod, flows.ByWorkload).Ref
				return openedEnd{Kind: end.Kind, Namespace: end.Namespace, Name: end.Name}
			}
		}
		return e
	}
	has := func(list []openedEnd, one openedEnd) bool {
		return slices.ContainsFunc(list, func(e openedEnd) bool {
			if one.CIDR != "" && e.CIDR == "" {
				var addresses []netip.Addr
				if pod := s.Pod(e.Namespace, e.Name); pod != nil && e.Kind == "Pod" {
					addresses = pod.IPs
				} else if node := s.Node(e.Name); node != nil && e.Kind == "Node" {
					addresses = node.IPs
				}
				return slices.Contains(addresses, netip.MustParsePrefix(one.CIDR).Addr())
			}
			if e.CIDR != "" && one.CIDR != "" {
				return netip.MustParsePrefix(e.CIDR).Contains(netip.MustParsePrefix(one.CIDR).Addr())
			}
			return owner(e) == one
		})
	}
	for _, pair := range o.Pairs {
		if pair.Flow.Protocol == p.protocol && pair.Flow.Arriving == p.port && has(pair.Sources, p.from) && has(pair.Destinations, p.to) {
			return true
		}
	}
	return false
}

// isLookup tells whether a flow is one that looking up a name needs.
func (p point) isLookup() bool { return slices.Contains([]int32{53, 5353, 1053, 8053}, p.port) }

// shopOfTwo is a cluster in which the policy named last has a slip.
const shopOfTwo = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: elsewhere}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: main}]}
status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}], conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: elsewhere, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: main}]}
status: {phase: Running, podIP: 10.0.0.3, podIPs: [{ip: 10.0.0.3}], conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {nodeName: n1, containers: [{name: main, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.0.0.2, podIPs: [{ip: 10.0.0.2}], conditions: [{type: Ready, status: "True"}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
    - from: [{PEER}]
      ports: [{port: 8080}]
`

// TestOpensOnlyAsFarAsRead: nothing else is opened only where everything was read that could be, and a
// dump says the same of it as the cluster.
func TestOpensOnlyAsFarAsRead(t *testing.T) {
	t.Parallel()
	const own, all = "podSelector: {matchLabels: {app: webb}}", "namespaceSelector: {}, podSelector: {matchLabels: {app: webb}}"
	for _, row := range []struct {
		name, peer, deny, in, flags string
		complete                    bool
		notRead                     string
		flows                       int
	}{
		{"its own namespace", own, "", "", "", true, "", 0},
		{"its own namespace, where another cannot be read", own, "pods", "elsewhere", "", true, "", 0},
		{"all namespaces, of which one was read", all, "", "", "", false, "", 0},
		{"all namespaces", all, "", "", "-A", true, "", 1},
		{"all namespaces, of which one cannot be read", all, "pods", livetest.Across, "-A", false, "elsewhere shop", 0},
	} {
		objects, err := objectsOf([]byte(strings.Replace(shopOfTwo, "PEER", row.peer, 1)))
		if err != nil {
			t.Fatal(err)
		}
		server := livetest.New(t, typed(t, objects)...)
		if row.deny != "" {
			server.Deny(row.deny, row.in)
		}
		read := func(reach ...string) opens {
			var document opening
			got := ask(t, strings.TrimSpace("diagnose pod/web pod/api:8080 -n shop "+row.flags), reach...)
			if err := json.Unmarshal([]byte(got.text), &document); err != nil {
				t.Fatal(err)
			}
			if document.Opens == nil {
				t.Fatalf("%s: nothing is said of what a fix opens\n%s", row.name, got.told(t))
			}
			return *document.Opens
		}
		live := read("--kubeconfig", server.Kubeconfig())
		if live.Complete != row.complete || strings.Join(live.NotRead, " ") != row.notRead || len(live.Flows) != row.flows {
			t.Errorf("%s: %+v, want complete %v, not read %q, flows %d", row.name, live, row.complete, row.notRead, row.flows)
		}
		if files := read("-f", folderOf(t, objects)); row.deny == "" && fmt.Sprint(files) != fmt.Sprint(live) {
			t.Errorf("%s: files\n%+v\ncluster\n%+v", row.name, files, live)
		}
	}
}
