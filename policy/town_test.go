package policy_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// This file is the notation of the tables: YAML becomes a sealed Snapshot, one line becomes a
// flow, and a Decision becomes one line.

// snapshot reads a cluster from lists of API objects in YAML, as a Source for files would: what
// is not there does not exist, except the labels of a namespace that has no object.
func snapshot(t testing.TB, lists ...string) *cluster.Snapshot {
	t.Helper()
	s := &cluster.Snapshot{FromFiles: true, Read: cluster.Scope{All: true, Nodes: true}}
	for _, text := range lists {
		var objects []map[string]any
		if err := yaml.UnmarshalStrict([]byte(text), &objects); err != nil {
			t.Fatalf("reading the cluster: %v\n%s", err, text)
		}
		for _, o := range objects {
			add(t, s, o)
		}
	}
	return s.Seal()
}

// add puts one object into the snapshot. A policy is the default kind and "a" the default
// namespace; any kind that is not Kubernetes' own is a policy of another layer.
func add(t testing.TB, s *cluster.Snapshot, o map[string]any) {
	t.Helper()
	kind, _ := o["kind"].(string)
	meta, _ := o["metadata"].(map[string]any)
	if _, ok := meta["namespace"]; meta != nil && !ok && kind != "Namespace" && kind != "Node" && o["apiVersion"] == nil {
		meta["namespace"] = "a"
	}
	switch kind {
	case "", "NetworkPolicy":
		if o["apiVersion"] == nil {
			s.Policies = append(s.Policies, &cluster.Policy{NetworkPolicy: as[networkingv1.NetworkPolicy](t, o)})
			return
		}
	case "Namespace":
		s.Namespaces = append(s.Namespaces, cluster.NewNamespace(as[corev1.Namespace](t, o), cluster.Origin{}))
		return
	case "Pod":
		s.Pods = append(s.Pods, cluster.NewPod(as[corev1.Pod](t, o), cluster.Origin{}))
		return
	case "Service":
		s.Services = append(s.Services, cluster.NewService(as[corev1.Service](t, o), cluster.Origin{}))
		return
	case "Node":
		s.Nodes = append(s.Nodes, cluster.NewNode(as[corev1.Node](t, o), cluster.Origin{}))
		return
	case "Deployment":
		s.Workloads = append(s.Workloads, cluster.NewWorkload(as[appsv1.Deployment](t, o), cluster.Origin{}))
		return
	case "StatefulSet":
		s.Workloads = append(s.Workloads, cluster.NewWorkload(as[appsv1.StatefulSet](t, o), cluster.Origin{}))
		return
	case "Read": // what was read in full; everything, where this is missing
		s.Read = cluster.Scope{}
		for _, n := range o["namespaces"].([]any) {
			s.Read.Namespaces = append(s.Read.Namespaces, n.(string))
		}
		return
	case "Gap":
		g := cluster.Gap{Reason: cluster.Forbidden}
		g.Resource, _ = o["resource"].(string)
		g.Namespace, _ = o["namespace"].(string)
		g.Name, _ = o["name"].(string)
		if r, ok := o["reason"].(string); ok {
			g.Reason = cluster.GapReason(r)
		}
		s.Gaps = append(s.Gaps, g)
		return
	}
	f := &cluster.Foreign{Ref: cluster.Ref{Kind: kind}}
	f.APIVersion, _ = o["apiVersion"].(string)
	f.Namespace, _ = meta["namespace"].(string)
	f.Name, _ = meta["name"].(string)
	f.Spec, _ = o["spec"].(map[string]any)
	s.Foreign = append(s.Foreign, f)
}

func as[T any](t testing.TB, o map[string]any) *T {
	t.Helper()
	out := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o, out, true); err != nil {
		t.Fatalf("reading %v: %v", o, err)
	}
	return out
}

// flow reads one connection: SOURCE -> [SERVICE:PORT ->] DESTINATION:PORT[/udp|/sctp].
//
// An end is ns/pod, node/NAME, deploy/ns/NAME, sts/ns/NAME, an address, a range or dns/NAME; a
// Service is svc/ns/NAME, or lb/ns/NAME when it is dialled from outside, so that the client's
// address may be replaced. An IPv6 address stands in brackets.
func flow(t testing.TB, s *cluster.Snapshot, text string) policy.Flow {
	t.Helper()
	var hops []string
	for _, h := range strings.Split(text, "->") {
		hops = append(hops, strings.TrimSpace(h))
	}
	if len(hops) < 2 || len(hops) > 3 {
		t.Fatalf("flow %q", text)
	}
	f := policy.Flow{Protocol: corev1.ProtocolTCP, Family: corev1.IPv4Protocol}
	last, protocol, hasProtocol := cutLast(hops[len(hops)-1], "/")
	if p := corev1.Protocol(strings.ToUpper(protocol)); hasProtocol && (p == corev1.ProtocolTCP || p == corev1.ProtocolUDP || p == corev1.ProtocolSCTP) {
		f.Protocol, hops[len(hops)-1] = p, last
	}
	var destination string
	destination, f.Arriving.Port = cutPort(t, hops[len(hops)-1])
	f.Source, f.Destination = end(t, s, hops[0]), end(t, s, destination)
	if v6Only(f.Source) || v6Only(f.Destination) {
		f.Family = corev1.IPv6Protocol
	}
	f.Arriving.Address = addressOf(f.Destination, f.Family)
	if a, err := netip.ParseAddr(strings.Trim(destination, "[]")); err == nil {
		f.Arriving.Address = a
	}
	f.Dialled = f.Arriving
	if len(hops) == 3 {
		service, port := cutPort(t, hops[1])
		parts := strings.Split(service, "/")
		f.Service = s.Service(parts[1], parts[2])
		if f.Service == nil {
			t.Fatalf("no Service %q", service)
		}
		f.SourceRewritten = parts[0] == "lb"
		if !f.Service.Headless {
			f.Dialled = policy.Tuple{Port: port}
			for _, ip := range f.Service.ClusterIPs {
				if ip.Is4() == (f.Family == corev1.IPv4Protocol) {
					f.Dialled.Address = ip
				}
			}
		}
	}
	return f
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func cutPort(t testing.TB, text string) (string, int32) {
	t.Helper()
	name, port, ok := cutLast(text, ":")
	n, err := strconv.Atoi(port)
	if !ok || err != nil {
		t.Fatalf("no port in %q", text)
	}
	return name, int32(n)
}

func end(t testing.TB, s *cluster.Snapshot, text string) policy.Endpoint {
	t.Helper()
	bare := strings.NewReplacer("[", "", "]", "").Replace(text)
	if a, err := netip.ParseAddr(bare); err == nil {
		for _, h := range s.HoldersOf(a) {
			switch {
			case h.Node != nil:
				return policy.NodeEnd(h.Node)
			case h.Pod != nil:
				return policy.PodEnd(h.Pod)
			}
		}
		return policy.RangeEnd(netip.PrefixFrom(a, a.BitLen()))
	}
	if p, err := netip.ParsePrefix(bare); err == nil {
		return policy.RangeEnd(p)
	}
	parts := strings.Split(text, "/")
	switch {
	case parts[0] == "dns":
		return policy.NameEnd(parts[1])
	case parts[0] == "node":
		if n := s.Node(parts[1]); n != nil {
			return policy.NodeEnd(n)
		}
	case parts[0] == "deploy" || parts[0] == "sts":
		kind := map[string]string{"deploy": "Deployment", "sts": "StatefulSet"}[parts[0]]
		if w := s.Workload(kind, parts[1], parts[2]); w != nil {
			return policy.PodEnd(w.Template)
		}
	case len(parts) == 2:
		if p := s.Pod(parts[0], parts[1]); p != nil {
			return policy.PodEnd(p)
		}
	}
	t.Fatalf("nothing is called %q", text)
	return policy.Endpoint{}
}

func ipsOf(e policy.Endpoint) []netip.Addr {
	switch {
	case e.Pod != nil:
		return e.Pod.IPs
	case e.Node != nil:
		return e.Node.IPs
	case e.Outside.Prefix.IsValid():
		return []netip.Addr{e.Outside.Prefix.Addr()}
	}
	return nil
}

func v6Only(e policy.Endpoint) bool {
	ips := ipsOf(e)
	return len(ips) > 0 && !slices.ContainsFunc(ips, netip.Addr.Is4)
}

func addressOf(e policy.Endpoint, family corev1.IPFamily) netip.Addr {
	for _, ip := range ipsOf(e) {
		if ip.Is4() == (family == corev1.IPv4Protocol) && (e.Outside == nil || e.Outside.Prefix.IsSingleIP()) {
			return ip
		}
	}
	return netip.Addr{}
}

// says prints a Decision on one line: the verdict; for each direction that is not simply open,
// by which rules it is open, by which policies it is shut, or why no policy is asked; and for an
// Unknown the facts.
func says(d policy.Decision) string {
	var parts []string
	for _, side := range []policy.DirectionDecision{d.Egress, d.Ingress} {
		if text := saysOf(side); text != "" {
			parts = append(parts, side.Direction.String()+" "+text)
		}
	}
	out := d.Verdict.String()
	if len(parts) > 0 {
		out += ": " + strings.Join(parts, "; ")
	}
	if len(d.Facts) > 0 {
		out += " ("
		for i, f := range d.Facts {
			if i > 0 {
				out += ", "
			}
			out += saysFact(f)
		}
		out += ")"
	}
	return out
}

func saysOf(d policy.DirectionDecision) string {
	var names, rules []string
	for _, p := range d.Isolating {
		names = append(names, p.Namespace+"/"+p.Name)
	}
	for _, r := range d.Admitting {
		rules = append(rules, r.PolicyName()+" "+r.Path())
	}
	switch {
	case d.Exempt == policy.NotAPodSubject && d.Verdict == policy.Allowed:
		return ""
	case d.Exempt != "" && d.Verdict == policy.Allowed:
		return "exempt " + string(d.Exempt)
	case d.Verdict == policy.Unknown:
		return "unknown"
	case d.Verdict == policy.Denied:
		return strings.TrimSuffix("shut by "+strings.Join(names, ", "), " by ")
	case len(rules) > 0:
		return "by " + strings.Join(rules, ", ")
	case d.Isolated != policy.No:
		return "open either way"
	}
	return ""
}

func saysFact(f policy.Fact) string {
	out := string(f.Kind)
	if f.Object.Name != "" && f.Kind != policy.PluginBehaviour {
		out += " " + f.Object.String()
	}
	if f.Key != "" {
		out += " " + f.Key
	}
	return out
}

// table is a subject of the specification: a cluster, policies, and what becomes of flows.
type table struct {
	name     string
	plugin   string // a shipped profile; empty: pinned
	profile  *policy.Profile
	cluster  string // empty: the town
	policies string
	// rows are "FLOW  =>  DECISION" lines; a line that starts with # is a comment.
	rows string
}

// pinned is a plugin that settles every behaviour which the specification leaves open the way
// most plugins do, so that rows about other things are not about plugins.
var pinned = policy.Profile{Name: "pinned", Entries: map[policy.Behaviour]policy.Entry{
	policy.IPBlockMatchesPods:        {Answer: policy.Yes},
	policy.IPBlockMatchesNodes:       {Answer: policy.Yes},
	policy.IPBlockMatchesServices:    {Answer: policy.No},
	policy.SelectorsMatchHostNetwork: {Answer: policy.No},
	policy.HostNetworkIsolated:       {Answer: policy.No},
	policy.OwnNodeEgressExempt:       {Answer: policy.No},
	policy.HairpinExempt:             {Answer: policy.No},
	policy.SCTPRulesIgnored:          {Answer: policy.No},
}}

func (x table) run(t *testing.T) {
	t.Helper()
	t.Run(x.name, func(t *testing.T) {
		t.Parallel()
		profile := pinned
		if x.profile != nil {
			profile = *x.profile
		}
		if x.plugin != "" {
			var ok bool
			if profile, ok = policy.ProfileNamed(x.plugin); !ok {
				t.Fatalf("no profile %q", x.plugin)
			}
		}
		objects := x.cluster
		if objects == "" {
			objects = town
		}
		s := snapshot(t, objects, x.policies)
		set := policy.Compile(s, profile)
		rows := 0
		for _, line := range strings.Split(x.rows, "\n") {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			rows++
			text, want, ok := strings.Cut(line, "=>")
			if !ok {
				t.Fatalf("row %q", line)
			}
			if got := says(set.Evaluate(flow(t, s, text))); got != strings.TrimSpace(want) {
				t.Errorf("%s\n   got %s\n  want %s", strings.TrimSpace(text), got, strings.TrimSpace(want))
			}
		}
		if rows == 0 {
			t.Error("no rows")
		}
	})
}

func run(t *testing.T, tables []table) {
	t.Helper()
	for _, x := range tables {
		x.run(t)
	}
}

// town is the cluster of most tables: namespaces a and b (c has pods but no Namespace object),
// two nodes, pods with one role each, and Services that translate ports.
var town = `
- {kind: Namespace, metadata: {name: a, labels: {team: red}}}
- {kind: Namespace, metadata: {name: b, labels: {team: blue, env: prod}}}
- {kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}, {type: ExternalIP, address: 198.51.100.1}]}}
- {kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}}
` + pod("a", "web", "10.1.0.1", "n1", "app: web, tier: front", "http 8080", "dns 53/UDP", "dns-tcp 53") +
	pod("a", "db", "10.1.0.2", "n2", "app: db", "sql 5432") +
	pod("a", "job", "10.1.0.3", "n2", "app: job, env: dev") +
	pod("b", "web", "10.2.0.1", "n2", "app: web", "http 8000") +
	pod("b", "db", "10.2.0.2", "n1", "app: db, role: c", "sql 5432") +
	pod("c", "web", "10.3.0.1", "n2", "app: web", "http 8080") + `
- {kind: Pod, metadata: {name: agent, namespace: a, labels: {app: agent}}, spec: {hostNetwork: true, nodeName: n1, containers: [{name: x, ports: [{name: metrics, containerPort: 9100}]}]}, status: {podIP: 192.168.0.1}}
- {kind: Pod, metadata: {name: agent, namespace: b, labels: {app: agent}}, spec: {hostNetwork: true, nodeName: n2, containers: [{name: x}]}, status: {podIP: 192.168.0.2}}
- {kind: Deployment, metadata: {name: api}, spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: x, ports: [{name: http, containerPort: 8080}]}]}}}}
- {kind: StatefulSet, metadata: {name: kv}, spec: {template: {metadata: {labels: {app: kv}}, spec: {containers: [{name: x}]}}}}
- {kind: Service, metadata: {name: web}, spec: {clusterIP: 10.96.0.1, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
- {kind: Service, metadata: {name: db}, spec: {clusterIP: 10.96.0.2, selector: {app: db}, ports: [{port: 5432}]}}
- {kind: Service, metadata: {name: draft}, spec: {selector: {app: db}, ports: [{port: 5432}]}}
- {kind: Service, metadata: {name: peers}, spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
- {kind: Service, metadata: {name: manual}, spec: {clusterIP: 10.96.0.9, ports: [{port: 5432}]}}
- {kind: Service, metadata: {name: front}, spec: {type: LoadBalancer, clusterIP: 10.96.0.10, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
`

// pod writes a Pod on one line. It has an owner, as almost all have.
func pod(namespace, name, ip, node, labels string, ports ...string) string {
	var list []string
	for _, p := range ports {
		n, number, _ := strings.Cut(p, " ")
		number, protocol, ok := strings.Cut(number, "/")
		if !ok {
			protocol = "TCP"
		}
		list = append(list, fmt.Sprintf("{name: %s, containerPort: %s, protocol: %s}", n, number, protocol))
	}
	return fmt.Sprintf("- {kind: Pod, metadata: {name: %s, namespace: %s, labels: {%s}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: rs, uid: u, controller: true}]}, spec: {nodeName: %q, containers: [{name: x, ports: [%s]}]}, status: {phase: Running, podIP: %q}}\n",
		name, namespace, labels, node, strings.Join(list, ", "), ip)
}

// policies of a few words, for tables about something else.
const (
	denyAll     = "- {metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}\n"
	denyIngress = "- {metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Ingress]}}\n"
	denyEgress  = "- {metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Egress]}}\n"
)
