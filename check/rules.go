package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// rules are the findings about ingress and egress rules, NPD4xx.
var rules = []Check{
	{
		Code: "NPD401", Severity: Error,
		Title:    "no ingress rule allows the source",
		Symptoms: slices.Concat([]string{"connection timed out", "504"}, proxied, []string{"upstream timed out", "503 UF", "failed calling webhook", "FailedDiscoveryCheck", "target DOWN", "backend UNHEALTHY", "502", "no nodes are available", "Unable to connect to MASTER"}, rejected),
		Doc: `The destination is isolated for ingress, and no rule of the policies that select it allows the
source. No small correction of a rule (a label, a namespace, a port) would allow it: the permission
does not exist yet. The step Rules names as "nearest rule" the one that differs least; it is
probably meant for other clients.

What you see: the connection times out (or is refused, on plugins that reject). DNS works, and the
source reaches other destinations.

Verify: kubectl get networkpolicies -n NAMESPACE lists the policies of the destination's namespace.

Fix: allow the source on the pod's port, in the destination's namespace: as one more peer of a rule
for the same port, as a new rule, or as a new policy. A connection needs both ends: if the source is
isolated for egress, its egress must allow the destination too.`,
		Run: func(p *Pass) {
			p.eachMissing(func(c change.Cause, e change.Edit) {
				if e.Direction == policy.Ingress {
					p.cause(c, e, fmt.Sprintf("no ingress rule allows %s to reach %s on %d/%s%s; %s is isolated by %s", p.Name(c.Flow.Source), p.Name(c.Flow.Destination), c.Flow.Arriving.Port, c.Flow.Protocol, p.over(c.Flow), p.ShortName(c.Flow.Destination), isolating(p, c, e)), missingEvidence(c))
				}
			})
		},
	},
	{
		Code: "NPD402", Severity: Error,
		Title:    "no egress rule allows the destination",
		Symptoms: slices.Concat([]string{"connection timed out", "504"}, proxied, []string{"no upstream connections available", "could not get credentials", "no nodes are available", "Unable to connect to MASTER"}, rejected),
		Doc: `The source is isolated for egress, and no rule of the policies that select it allows the
destination. No small correction of a rule (a label, a namespace, a port) would allow it: the
permission does not exist yet. The step Rules names as "nearest rule" the one that differs least; it
is probably meant for other destinations.

What you see: the connection times out (or is refused, on plugins that reject) from this pod, while
other pods reach the destination.

Verify: kubectl get networkpolicies -n NAMESPACE lists the policies of the source's namespace.

Fix: allow the destination on the pod's port, in the source's namespace: as one more peer of a rule
for the same port, as a new rule, or as a new policy. A connection needs both ends: if the
destination is isolated for ingress, its ingress must allow the source too.`,
		Run: func(p *Pass) {
			p.eachMissing(func(c change.Cause, e change.Edit) {
				if e.Direction == policy.Egress {
					p.cause(c, e, fmt.Sprintf("no egress rule allows %s to reach %s on %d/%s%s; %s is isolated by %s", p.Name(c.Flow.Source), p.Name(c.Flow.Destination), c.Flow.Arriving.Port, c.Flow.Protocol, p.over(c.Flow), p.ShortName(c.Flow.Source), isolating(p, c, e)), missingEvidence(c))
				}
			})
		},
	},
	{
		Code: "NPD403", Severity: Error,
		Title: "denied, and no change of a NetworkPolicy was found that allows only this",
		Doc: `Policies deny the connection, and no change of a NetworkPolicy was found that allows this connection
alone. The usual reason: on this network plugin no peer of a NetworkPolicy matches the other end. On
Cilium an ipBlock never matches pods or nodes, and on most plugins a selector never matches
hostNetwork pods.

A rule with ports but without peers (no "to" or "from") matches every other end, so it usually
allows the connection. It is broad: it opens the port to every destination, or to every source.

What you see: the connection times out (or is refused, on plugins that reject), whatever rule is
written for that end.

Verify: kubectl get pod POD -n NAMESPACE -o jsonpath='{.spec.hostNetwork}' prints true for a pod on
its node's network.

Fix: use a policy of the network plugin for that end. On Cilium, a CiliumNetworkPolicy with
toEntities or fromEntities: [host, remote-node] and toPorts. If the plugin has none, a NetworkPolicy
rule with only the port is what is left.`,
		Run: func(p *Pass) {
			for _, c := range p.Causes {
				if len(c.Edits) == 0 && !p.explained(c) {
					p.report(Finding{
						Object: c.Flow.Destination.Ref(), Cause: true, Severity: p.severityOfDenied(),
						Message: fmt.Sprintf("no rule allows %s to reach %s on %d/%s; %s", p.Name(c.Flow.Source), p.Name(c.Flow.Destination), c.Flow.Arriving.Port, c.Flow.Protocol, p.whyNoEdit(c)),
						Advice:  p.adviceBeyondPolicies(c),
					})
				}
			}
		},
	},
	{
		Code: "NPD404", Severity: Error,
		Title: "a namespaceSelector and a podSelector in one peer must both match",
		Doc: `One item of from or to that has a namespaceSelector and a podSelector allows only pods that match
both. No pod matches both, while each selector alone matches some: a dash is missing between the
two.

What you see: neither the pods of the selected namespace nor the pods with the labels can connect.

Verify: kubectl get pods -A -l KEY=VALUE with the labels of the podSelector shows them in another
namespace.

Fix: make two items of it, with a dash each. The namespaceSelector alone then allows every pod of
its namespaces.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PeerSplit}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("no pod matches both selectors of %s, the namespaceSelector and the podSelector; %s matches only one of them; written as two items, with a dash each, one of them would allow it", e.Object.Name+" "+e.Rule.Path(), p.Name(peerOf(c, e))),
					map[string]string{"peer": e.Rule.Path()})
			})
		},
	},
}

// eachMissing calls a function for every edit that adds something where nothing that is written comes
// near.
func (p *Pass) eachMissing(do func(change.Cause, change.Edit)) {
	p.eachEdit(change.Additions, func(c change.Cause, e change.Edit) {
		if e.Clause == nil {
			do(c, e)
		}
	})
}

// over names the address family of a flow, where the other one fares differently.
func (p *Pass) over(f policy.Flow) string {
	for _, a := range p.Answers {
		for _, j := range a.Pairs {
			i := slices.IndexFunc(j.Decisions, func(d policy.Decision) bool { return d.Flow == f })
			if i >= 0 && slices.ContainsFunc(j.Decisions, func(d policy.Decision) bool {
				return d.Flow.Family != f.Family && d.Verdict != j.Decisions[i].Verdict
			}) {
				return " over " + string(f.Family)
			}
		}
	}
	return ""
}

// isolating names the policies that isolate the end that an edit is about: "policies a, b".
func isolating(p *Pass, c change.Cause, e change.Edit) string {
	before := p.Set.Evaluate(c.Flow)
	side := before.Ingress
	if e.Direction == policy.Egress {
		side = before.Egress
	}
	var names []string
	for _, np := range side.Isolating {
		names = append(names, np.Name)
	}
	return named(names)
}

// named puts the names of policies into a sentence.
func named(names []string) string {
	if len(names) == 1 {
		return "policy " + names[0]
	}
	return "policies " + strings.Join(names, ", ")
}

func missingEvidence(c change.Cause) map[string]string {
	return map[string]string{
		"source": c.Flow.Source.Ref().String(), "destination": c.Flow.Destination.Ref().String(),
		"port": fmt.Sprintf("%d/%s", c.Flow.Arriving.Port, c.Flow.Protocol),
	}
}
