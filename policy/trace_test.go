package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Every clause that did not match says why: what it wanted and what it saw.
func TestTraceNamesTheReason(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, plugin, policies, flow, want string }{
		{"a label that is another", "", from("{podSelector: {matchLabels: {app: api}}}"), "a/web -> a/db:5432", "spec.ingress[0].from[0] Label podSelector.matchLabels[app] app In [api] saw web"},
		{"a label that is not there", "", from("{podSelector: {matchLabels: {role: c}}}"), "a/web -> a/db:5432", "spec.ingress[0].from[0] Label podSelector.matchLabels[role] role In [c] saw nothing"},
		{"an expression", "", from("{podSelector: {matchLabels: {app: web}, matchExpressions: [{key: app, operator: Exists}, {key: tier, operator: NotIn, values: [front, back]}]}}"), "a/web -> a/db:5432", "spec.ingress[0].from[0] Label podSelector.matchExpressions[1] tier NotIn [front back] saw front"},
		{"a namespace label", "", from("{namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: none}}}"), "b/web -> a/db:5432", "spec.ingress[0].from[0] Label namespaceSelector.matchLabels[team] team In [red] saw blue"},
		{"a namespace label that is not known", "", from("{namespaceSelector: {matchLabels: {team: red}}}"), "c/web -> a/db:5432", "spec.ingress[0].from[0] Label? namespaceSelector.matchLabels[team] team In [red] saw nothing"},
		{"the first label that fails wins over one that is not known", "", from("{namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: none}}}"), "c/web -> a/db:5432", "spec.ingress[0].from[0] Label podSelector.matchLabels[app] app In [none] saw web"},
		{"another namespace", "", from("{podSelector: {matchLabels: {app: web}}}"), "b/web -> a/db:5432", "spec.ingress[0].from[0] OtherNamespace podSelector [a] saw b"},
		{"not a pod", "", from("{podSelector: {}}"), "203.0.113.9 -> a/db:5432", "spec.ingress[0].from[0] NotAPod saw nothing"},
		{"a hostNetwork pod", "", from("{podSelector: {}}"), "a/agent -> a/db:5432", "spec.ingress[0].from[0] HostNetworkPod  selectors-match-hostNetwork-pods saw nothing"},
		{"outside a block", "", to("{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.8/29]}}"), "a/web -> 198.18.0.1:1", "spec.egress[0].to[0] OutsideBlock ipBlock.cidr [203.0.113.0/24 except 203.0.113.8/29] saw 198.18.0.1"},
		{"inside an except", "", to("{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.8/29]}}"), "a/web -> 203.0.113.9:1", "spec.egress[0].to[0] InExcept ipBlock.except [203.0.113.8/29] saw 203.0.113.9"},
		{"a range outside a block", "", to("{ipBlock: {cidr: 203.0.113.0/24}}"), "a/web -> 198.18.0.0/24:1", "spec.egress[0].to[0] OutsideBlock ipBlock.cidr [203.0.113.0/24] saw 198.18.0.0/24"},
		{"a block that ignores pods", "cilium", to("{ipBlock: {cidr: 0.0.0.0/0}}"), "a/web -> a/db:1", "spec.egress[0].to[0] BlockIgnoresPods ipBlock ipBlock-matches-pods [0.0.0.0/0] saw 10.1.0.2"},
		{"a block that perhaps ignores pods", "unknown", to("{ipBlock: {cidr: 0.0.0.0/0}}"), "a/web -> a/db:1", "spec.egress[0].to[0] BlockIgnoresPods? ipBlock ipBlock-matches-pods [0.0.0.0/0] saw 10.1.0.2"},
		{"a block that ignores nodes", "cilium", to("{ipBlock: {cidr: 192.168.0.0/24}}"), "a/web -> node/n2:1", "spec.egress[0].to[0] BlockIgnoresNodes ipBlock ipBlock-matches-nodes [192.168.0.0/24] saw 192.168.0.2"},
		{"an address that is not known", "", to("{ipBlock: {cidr: 203.0.113.0/24}}"), "a/web -> dns/db.example:1", "spec.egress[0].to[0] AddressUnknown? ipBlock.cidr [203.0.113.0/24] saw nothing"},
		{"another port", "", opens("{port: 80}"), "a/db -> a/web:8080", "spec.ingress[0].ports[0] Port port [80] saw 8080"},
		{"a range of ports", "", opens("{port: 80, endPort: 90}"), "a/db -> a/web:8080", "spec.ingress[0].ports[0] Port port [80-90] saw 8080"},
		{"another protocol", "", opens("{port: 53}"), "a/db -> a/web:53/udp", "spec.ingress[0].ports[0] Protocol protocol [TCP] saw UDP"},
		{"a port of another name", "", opens("{port: grpc}"), "a/db -> a/web:8080", "spec.ingress[0].ports[0] PortName port [grpc] saw 8080"},
		{"a name that the plugin breaks", "ovn-kubernetes", opens("{port: http}"), "a/db -> a/web:1", "spec.ingress[0].ports[0] PluginDecides? port named-ports-broken [http] saw 1"},
		{"peers and ports are both told", "", "- {metadata: {name: p}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: none}}}], ports: [{port: 1}, {port: 2}]}]}}", "a/web -> a/db:5432", "spec.ingress[0].from[0] Label podSelector.matchLabels[app] app In [none] saw web\nspec.ingress[0].ports[0] Port port [1] saw 5432\nspec.ingress[0].ports[1] Port port [2] saw 5432"},
		{"a policy that does not select the pod", "", "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: none}}}}", "a/web -> a/db:5432", "spec Label matchLabels[app] app In [none] saw db"},
	} {
		s := snapshot(t, town, row.policies)
		profile := pinned
		if row.plugin != "" {
			profile, _ = policy.ProfileNamed(row.plugin)
		}
		d := policy.Compile(s, profile).Evaluate(flow(t, s, row.flow))
		side := d.Ingress
		if len(side.Trace) == 0 || strings.Contains(row.want, ".egress[") {
			side = d.Egress
		}
		if got := strings.Join(reasons(side), "\n"); got != row.want {
			t.Errorf("%s\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

// reasons lists what did not match, clause by clause.
func reasons(d policy.DirectionDecision) (out []string) {
	for _, p := range d.Trace {
		if p.Mismatch != nil {
			out = append(out, "spec "+reason(p.Mismatch))
		}
		for _, r := range p.Rules {
			for _, c := range append(append([]policy.Clause{}, r.Peers...), r.Ports...) {
				if c.Mismatch != nil {
					out = append(out, c.Ref.Path()+" "+reason(c.Mismatch))
				}
			}
		}
	}
	return out
}

func reason(m *policy.Mismatch) string {
	out := string(m.Reason)
	if m.Truth == policy.Maybe {
		out += "?"
	}
	if m.Field != "" || m.Key != "" {
		out += " " + m.Field
	}
	if m.Key != "" {
		out += " " + m.Key
	}
	if m.Operator != "" {
		out += " " + m.Operator
	}
	if len(m.Want) > 0 {
		out += " " + fmt.Sprint(m.Want)
	}
	if m.Saw == "" {
		return out + " saw nothing"
	}
	return out + " saw " + m.Saw
}

// Where a plugin makes something else of a rule than the specification says, the rule says so.
func TestTraceNamesTheDeviation(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		plugin, policies, flow string
		want                   policy.Behaviour
	}{
		{"kube-router", "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: http}]}]}}", "a/web -> a/db:1", policy.UnresolvedNamesOpenAll},
		{"kube-router", reaches("{port: http}"), "a/db -> 203.0.113.9:8080", policy.NamedEgressUsesOwnNamespace},
		{"kube-router", "- {metadata: {name: p}, spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: http}]}]}}", "a/db -> a/web:8080", policy.NamedEgressSkipsBlocks},
		{"kube-router", "- {metadata: {name: p}, spec: {podSelector: {}, ingress: [{ports: [{port: http}]}]}}\n- {kind: Read, namespaces: []}", "a/db -> a/web:1", policy.MixedNamesLeak},
		{"aws-vpc-cni", reaches("{port: 8080}"), "a/db -> svc/a/web:80 -> a/web:8080", policy.ServicePortJudged},
		{"unknown", to("{ipBlock: {cidr: 10.96.0.2/32}}"), "a/web -> svc/a/db:5432 -> a/db:5432", policy.IPBlockMatchesServices},
		{"kube-router", reaches("{port: http}"), "a/db -> a/web:8080", ""},
		{"aws-vpc-cni", reaches("{port: 8080}"), "a/db -> a/web:8080", ""},
		{"", reaches("{port: http}"), "a/db -> 203.0.113.9:8080", ""},
	} {
		s := snapshot(t, town, row.policies)
		profile := pinned
		if row.plugin != "" {
			profile, _ = policy.ProfileNamed(row.plugin)
		}
		d := policy.Compile(s, profile).Evaluate(flow(t, s, row.flow))
		var got policy.Behaviour
		for _, p := range append(d.Egress.Trace, d.Ingress.Trace...) {
			for _, r := range p.Rules {
				got += r.By
			}
		}
		if got != row.want {
			t.Errorf("%s %s: %q, want %q", row.plugin, row.flow, got, row.want)
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		ref  policy.RuleRef
		want string
	}{
		{policy.RuleRef{Direction: policy.Ingress, Rule: 1, Peer: 0, Port: -1}, "spec.ingress[1].from[0]"},
		{policy.RuleRef{Direction: policy.Egress, Rule: 0, Peer: 12, Port: -1}, "spec.egress[0].to[12]"},
		{policy.RuleRef{Direction: policy.Egress, Rule: 0, Peer: -1, Port: 3}, "spec.egress[0].ports[3]"},
		{policy.RuleRef{Direction: policy.Ingress, Rule: 2, Peer: -1, Port: -1}, "spec.ingress[2]"},
		{policy.RuleRef{Direction: policy.Ingress, Rule: -1, Peer: -1, Port: -1}, "spec"},
	} {
		if got := row.ref.Path(); got != row.want {
			t.Errorf("%+v: %s, want %s", row.ref, got, row.want)
		}
	}
}

// A trace and the decision that it is of tell the same.
func TestTraceTellsTheDecision(t *testing.T) {
	t.Parallel()
	each(t, worlds, maker{open: true}, func(w world, f policy.Flow) string {
		if f.TunnelPort != 0 {
			return "" // its rules are traced for one port of two
		}
		d := w.set().Evaluate(f)
		for _, side := range []policy.DirectionDecision{d.Egress, d.Ingress} {
			if text := consistent(side); text != "" {
				return side.Direction.String() + " " + text
			}
		}
		return ""
	})
}

func consistent(d policy.DirectionDecision) string {
	admitting, isolating := "", ""
	for _, p := range d.Trace {
		if (p.Mismatch == nil) != (p.Selects == policy.Yes) {
			return p.Policy.Name + ": selects and mismatch differ"
		}
		if p.Isolates == policy.Yes {
			isolating += p.Policy.Name + " "
		}
		for _, r := range p.Rules {
			if r.Match == policy.Yes && p.Isolates == policy.Yes {
				admitting += p.Policy.Name + r.Ref.Path() + " "
			}
			peers, ports := policy.Yes, policy.Yes
			for _, list := range []struct {
				clauses []policy.Clause
				half    *policy.Truth
			}{{r.Peers, &peers}, {r.Ports, &ports}} {
				if len(list.clauses) > 0 {
					*list.half = policy.No
				}
				for _, c := range list.clauses {
					*list.half = max(*list.half, c.Match)
					if (c.Mismatch == nil) != (c.Match == policy.Yes) || c.Mismatch != nil && c.Mismatch.Truth != c.Match {
						return fmt.Sprintf("%s %s: match %v and mismatch %+v", p.Policy.Name, c.Ref.Path(), c.Match, c.Mismatch)
					}
				}
			}
			if r.By == "" && (peers != r.PeersMatch || ports != r.PortsMatch || r.Match != min(peers, ports)) {
				return fmt.Sprintf("%s %s: %v of %v and %v", p.Policy.Name, r.Ref.Path(), r.Match, peers, ports)
			}
		}
	}
	was, rules := "", ""
	for _, p := range d.Isolating {
		was += p.Name + " "
	}
	for _, r := range d.Admitting {
		if r.Direction == d.Direction {
			rules += r.Policy.Name + r.Path() + " "
		}
	}
	ignored := false // rules of unlisted sections may admit without isolating
	for _, p := range d.Trace {
		for _, r := range p.Rules {
			ignored = ignored || r.Ignored
		}
	}
	if d.Exempt != policy.SelfTraffic && (was != isolating || rules != admitting && !ignored) {
		return fmt.Sprintf("isolated by %q and admitted by %q, the trace says %q and %q", was, rules, isolating, admitting)
	}
	return ""
}
