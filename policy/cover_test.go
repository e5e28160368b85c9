package policy_test

import (
	"fmt"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// clauses lists the rules of a snapshot, and their peers and ports.
func clauses(s *cluster.Snapshot) (rules, parts []policy.RuleRef) {
	for _, np := range s.Policies {
		for _, d := range []policy.Direction{policy.Egress, policy.Ingress} {
			for i, r := range apiRules(np, d) {
				ref := policy.RuleRef{Policy: np, Direction: d, Rule: i, Peer: -1, Port: -1}
				rules = append(rules, ref)
				for j := range r.From {
					part := ref
					part.Peer = j
					parts = append(parts, part)
				}
				for j := range r.Ports {
					part := ref
					part.Port = j
					parts = append(parts, part)
				}
			}
		}
	}
	return rules, parts
}

// apiRules returns the rules of one direction, those of egress as if they were of ingress.
func apiRules(np *cluster.Policy, d policy.Direction) []networkingv1.NetworkPolicyIngressRule {
	if d == policy.Ingress {
		return np.Spec.Ingress
	}
	var out []networkingv1.NetworkPolicyIngressRule
	for _, r := range np.Spec.Egress {
		out = append(out, networkingv1.NetworkPolicyIngressRule{From: r.To, Ports: r.Ports})
	}
	return out
}

// without returns the policy of a clause as it would be without the clause.
func without(ref policy.RuleRef) *cluster.Policy {
	np := ref.Policy.DeepCopy()
	cluster.DefaultPolicy(np)
	cutRule := func(peers *[]networkingv1.NetworkPolicyPeer, ports *[]networkingv1.NetworkPolicyPort) bool {
		switch {
		case ref.Peer >= 0:
			*peers = append((*peers)[:ref.Peer:ref.Peer], (*peers)[ref.Peer+1:]...)
		case ref.Port >= 0:
			*ports = append((*ports)[:ref.Port:ref.Port], (*ports)[ref.Port+1:]...)
		default:
			return true
		}
		return false
	}
	if ref.Direction == policy.Egress {
		if r := &np.Spec.Egress[ref.Rule]; cutRule(&r.To, &r.Ports) {
			np.Spec.Egress = append(np.Spec.Egress[:ref.Rule:ref.Rule], np.Spec.Egress[ref.Rule+1:]...)
		}
	} else if r := &np.Spec.Ingress[ref.Rule]; cutRule(&r.From, &r.Ports) {
		np.Spec.Ingress = append(np.Spec.Ingress[:ref.Rule:ref.Rule], np.Spec.Ingress[ref.Rule+1:]...)
	}
	return &cluster.Policy{NetworkPolicy: np}
}

// pairs lists two different clauses each time, those that may be held against each other.
func pairs(refs []policy.RuleRef, may func(a, b policy.RuleRef) bool) (out [][2]policy.RuleRef) {
	for _, a := range refs {
		for _, b := range refs {
			if a != b && may(a, b) {
				out = append(out, [2]policy.RuleRef{a, b})
			}
		}
	}
	return out
}

func anywhere(policy.RuleRef, policy.RuleRef) bool { return true }

// inOneRule tells whether two clauses are peers of one rule, or ports of one.
func inOneRule(a, b policy.RuleRef) bool {
	return a.Policy == b.Policy && a.Direction == b.Direction && a.Rule == b.Rule && (a.Peer >= 0) == (b.Peer >= 0)
}

// What another clause covers can go: no verdict changes, under any plugin.
func TestCoveredClausesCanGo(t *testing.T) {
	t.Parallel()
	claims, kept := 0, 0
	check := func(w world, f policy.Flow, set *policy.Set, inner, outer policy.RuleRef) string {
		if !set.Covers(outer, inner) {
			kept++
			return ""
		}
		claims++
		was, is := set.Evaluate(f), set.With(without(inner)).Evaluate(f)
		if was.Verdict == is.Verdict {
			return ""
		}
		return fmt.Sprintf("%s %s covers %s %s, yet without it %s becomes %s", outer.PolicyName(), outer.Path(), inner.PolicyName(), inner.Path(), was.Verdict, is.Verdict)
	}
	odd, _ := policy.ProfileNamed("kube-router")
	for _, m := range []maker{{}, {open: true}, {plugin: &odd}} {
		each(t, worlds, m, func(w world, f policy.Flow) string {
			set := w.set()
			rules, parts := clauses(w.snapshot)
			for _, pair := range append(pairs(rules, anywhere), pairs(parts, inOneRule)...) {
				if wrong := check(w, f, set, pair[0], pair[1]); wrong != "" {
					return wrong
				}
			}
			return ""
		})
	}
	if claims < worlds || kept < worlds {
		t.Errorf("too few to mean anything: %d claims, %d left alone", claims, kept)
	}
}

// admitting makes a policy of ingress rules, the rest as the table has it.
func admitting(rules string) string {
	return "- {metadata: {name: p}, spec: {podSelector: {}, ingress: [" + rules + "]}}"
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, inner, outer string
		want               bool
	}{
		{"the same", "{from: [{podSelector: {matchLabels: {app: web}}}]}", "{from: [{podSelector: {matchLabels: {app: web}}}]}", true},
		{"everything", "{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}", "{}", true},
		{"everything by no one thing", "{}", "{from: [{namespaceSelector: {}}]}", false},
		{"an empty selector", "{from: [{podSelector: {matchLabels: {app: web}}}]}", "{from: [{podSelector: {}}]}", true},
		{"all that exist is not all", "{from: [{podSelector: {}}]}", "{from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, db, api, kv, agent, job]}]}}]}", false},
		{"one of several values", "{from: [{podSelector: {matchLabels: {app: web}}}]}", "{from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, db]}]}}]}", true},
		{"a value that is not left out", "{from: [{podSelector: {matchLabels: {app: web}}}]}", "{from: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [db]}]}}]}", true},
		{"a label that is there", "{from: [{podSelector: {matchLabels: {app: web}}}]}", "{from: [{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}]}", true},
		{"NotIn holds without the label", "{from: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [db]}]}}]}", "{from: [{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}]}", false},
		{"another key", "{from: [{podSelector: {matchLabels: {app: web}}}]}", "{from: [{podSelector: {matchLabels: {tier: web}}}]}", false},
		{"the own namespace among all", "{from: [{podSelector: {}}]}", "{from: [{namespaceSelector: {}}]}", true},
		{"the own namespace by its name", "{from: [{podSelector: {}}]}", "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}]}", true},
		{"and the other way round", "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}]}", "{from: [{podSelector: {}}]}", true},
		{"another namespace", "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}", "{from: [{podSelector: {}}]}", false},
		{"a label of the namespace can be taken away", "{from: [{podSelector: {}}]}", "{from: [{namespaceSelector: {matchLabels: {team: red}}}]}", false},
		{"a wider block", "{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}", true},
		{"a wider block but for the part", "{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}", "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.2.0/24]}}]}", false},
		{"the part is left out of both", "{from: [{ipBlock: {cidr: 10.1.0.0/16, except: [10.1.0.0/17]}}]}", "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.2.0/24]}}]}", true},
		{"another family", "{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}", "{from: [{ipBlock: {cidr: \"::/0\"}}]}", false},
		{"pods are not held against a block", "{from: [{podSelector: {}}]}", "{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}", false},
		{"more ports", "{ports: [{port: 80}]}", "{ports: [{port: 443}, {port: 1, endPort: 100}]}", true},
		{"every port of the protocol", "{ports: [{port: web}]}", "{ports: [{protocol: TCP}]}", true},
		{"another protocol", "{ports: [{port: 80}]}", "{ports: [{protocol: UDP, port: 80}]}", false},
		{"a name may be any number", "{ports: [{port: web}]}", "{ports: [{port: 80}]}", false},
		{"all ports but for protocols that are to come", "{}", "{ports: [{protocol: TCP}, {protocol: UDP}, {protocol: SCTP}]}", false},
		{"two together", "{from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 10.0.0.1/32}}]}", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}, {podSelector: {}}]}", true},
	} {
		s := snapshot(t, town, admitting(row.inner+", "+row.outer))
		rules, _ := clauses(s)
		set := policy.Compile(s, pinned)
		if got := set.Covers(rules[1], rules[0]); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// A rule covers another only for pods that its own policy selects, in a direction that counts.
func TestCoversSubjects(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, inner, outer string
		want               bool
	}{
		{"every pod", "{podSelector: {matchLabels: {app: web}}, ingress: [{}]}", "{podSelector: {}, ingress: [{}]}", true},
		{"other pods", "{podSelector: {}, ingress: [{}]}", "{podSelector: {matchLabels: {app: web}}, ingress: [{}]}", false},
		{"rules that do not count", "{podSelector: {}, ingress: [{}]}", "{podSelector: {}, policyTypes: [Egress], ingress: [{}]}", false},
	} {
		s := snapshot(t, town, "- {metadata: {name: inner}, spec: "+row.inner+"}\n- {metadata: {name: outer}, spec: "+row.outer+"}")
		rules, _ := clauses(s)
		if got := policy.Compile(s, pinned).Covers(rules[1], rules[0]); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// Where a plugin makes something else of a clause than the specification does, nothing is claimed.
func TestCoversUnderPlugins(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, plugin, inner, outer string }{
		{
			"names may open more than they say", "kube-router",
			"{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: web}]}]}", "{podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: web}]}]}",
		},
		{
			"blocks of one rule share their excepts", "kube-router",
			"{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/16}}]}]}", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/12]}}]}]}",
		},
		{
			"a policy of both types opens both directions", "kube-router",
			"{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}", "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}",
		},
		{
			"a namespaceSelector may match hosts", "ovn-kubernetes",
			"{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}]}]}", "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}",
		},
	} {
		for plugin, want := range map[string]bool{row.plugin: false, "cilium": true} {
			profile, _ := policy.ProfileNamed(plugin)
			s := snapshot(t, town, "- {metadata: {name: inner}, spec: "+row.inner+"}\n- {metadata: {name: outer}, spec: "+row.outer+"}")
			inner := policy.RuleRef{Policy: s.Policies[0], Direction: policy.Ingress, Peer: -1, Port: -1}
			outer := inner
			outer.Policy = s.Policies[1]
			if got := policy.Compile(s, profile).Covers(outer, inner); got != want {
				t.Errorf("%s, on %s: %v, want %v", row.name, plugin, got, want)
			}
		}
	}
}

func TestReallows(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, outer string
		want        bool
	}{
		{"a block that holds it", "{from: [{ipBlock: {cidr: 10.0.0.0/7}}], ports: [{port: 443}, {port: 80}]}", true},
		{"every end", "{}", true},
		{"a part of it", "{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}", false},
		{"on another port", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 5432}]}", false},
		{"pods", "{from: [{namespaceSelector: {}}]}", false},
	} {
		s := snapshot(t, town, admitting("{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}], ports: [{port: 443}]}, "+row.outer))
		rules, _ := clauses(s)
		inner := rules[0]
		inner.Peer = 0
		if got := policy.Compile(s, pinned).Reallows(rules[1], inner, 0); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestCannotMatch(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, peer string
		want       bool
	}{
		{"two values at once", "{podSelector: {matchLabels: {app: web}, matchExpressions: [{key: app, operator: In, values: [db]}]}}", true},
		{"there and not there", "{namespaceSelector: {matchLabels: {team: red}, matchExpressions: [{key: team, operator: DoesNotExist}]}}", true},
		{"only what no pod has now", "{podSelector: {matchLabels: {app: nobody}}}", false},
		{"Exists and NotIn leave other values", "{podSelector: {matchExpressions: [{key: app, operator: Exists}, {key: app, operator: NotIn, values: [web]}]}}", false},
		{"both halves are taken out", "{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.128.0.0/9]}}", true},
		{"one address is left", "{ipBlock: {cidr: 10.0.0.0/30, except: [10.0.0.0/31, 10.0.0.2/32]}}", false},
		{"everything but one in IPv6", "{ipBlock: {cidr: \"fd00::/8\", except: [\"fd00::1/128\"]}}", false},
	} {
		s := snapshot(t, town, from(row.peer))
		ref := policy.RuleRef{Policy: s.Policies[0], Direction: policy.Ingress, Port: -1}
		if got := policy.Compile(s, pinned).CannotMatch(ref); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}
