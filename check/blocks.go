package check

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// blocks are the findings about a rule that comes near but cannot match the other end: addresses
// and what selectors do not mean, NPD405 to NPD409.
var blocks = []Check{
	{
		Code: "NPD405", Severity: Error,
		Title: "the address is in the except list of the ipBlock that would allow it",
		Doc: `A rule allows a range of addresses by ipBlock, and the address is in one of the ranges under except.
An except does not deny anything: it only removes addresses from this one peer. Another peer, rule
or policy may allow the address.

What you see: the rest of the range is reachable, this address is not.

Verify: kubectl get networkpolicy NAME -n NAMESPACE -o yaml, and compare the address with each
except.

Fix: allow the address, or the pod that has it by its labels, in a peer of its own. First ask why it
is excluded: addresses of the cluster and of cloud metadata services are often excluded on purpose.`,
		Run: func(p *Pass) {
			p.eachNear([]policy.Reason{policy.InExcept}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows %s, but its except %s excludes %s", place(e), cidrOf(e), e.Clause.Want[0], p.at(peerOf(c, e), e.Clause.Saw)), blockEvidence(e))
			})
		},
	},
	{
		Code: "NPD406", Severity: Error,
		Title:    "the address is just outside the ipBlock of a rule",
		Symptoms: []string{"some addresses work, others do not", "connection timed out"},
		Doc: `A rule allows a range of addresses by ipBlock, and the address is just outside it: the same network
with another last part, or a range that is slightly too small. Databases and services outside the
cluster change their addresses; a rule keeps those of the day it was written.

What you see: it worked until the provider changed addresses, or only some of several addresses
work.

Verify: look the name up again, and compare every address with the rule.

Fix: allow the address that is used now, or the whole range that the provider publishes. A
NetworkPolicy cannot use DNS names.`,
		Run: func(p *Pass) {
			p.eachNear([]policy.Reason{policy.OutsideBlock}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows %s, and %s is just outside it", place(e), cidrOf(e), e.Clause.Saw), blockEvidence(e))
			})
		},
	},
	{
		Code: "NPD407", Severity: Error,
		Title:    "on this network plugin an ipBlock does not match pods or nodes",
		Symptoms: []string{"pods in the range are not reached", "connection timed out"},
		Doc: `A rule allows the address of the other end by ipBlock, but that address belongs to a pod or a node
of the cluster. This plugin identifies pods and nodes by their identity, not by their address.
Cilium, and plugins built on it, never match pods by ipBlock, and match nodes only if they are
configured to.

What you see: addresses outside the cluster work; pods or nodes in the same range do not.

Verify: kubectl get pods,nodes -A -o wide shows who has the address.

Fix: select pods by their labels. For nodes and the API server, use the plugin's own policies (on
Cilium: toEntities), or configure the plugin to match nodes by ipBlock.`,
		Run: func(p *Pass) {
			p.eachNear([]policy.Reason{policy.BlockIgnoresPods, policy.BlockIgnoresNode}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows the ipBlock %s, and %s is in it, but on %s an ipBlock does not match pods or nodes of the cluster", place(e), cidrOf(e), p.Name(peerOf(c, e)), p.pluginName()), blockEvidence(e))
			})
			for _, c := range p.Causes {
				if rule, m := ignoredBlock(c); m != nil {
					p.report(Finding{
						Object: rule.Policy.Ref(), Field: rule.Path(), Origin: rule.Policy.Origin, Cause: true, Severity: p.severityOfDenied(),
						Message:  fmt.Sprintf("%s/%s %s allows the ipBlock %s, and %s %s in it, but on %s an ipBlock does not match pods or nodes of the cluster, and no other peer of a NetworkPolicy matches it", rule.Policy.Namespace, rule.Policy.Name, rule.Path(), m.Want[0], p.Name(otherEnd(c.Flow, rule.Direction)), lies(otherEnd(c.Flow, rule.Direction), m.Want[0]), p.pluginName()),
						Evidence: map[string]string{"wanted": m.Want[0]},
						Advice:   p.pluginPolicy(c) + byBlock(m) + p.broadRule(c),
					})
				}
			}
		},
	},
	{
		Code: "NPD408", Severity: Error,
		Title:    "a selector does not match a hostNetwork pod",
		Symptoms: []string{"works from the same node only", "504"},
		Doc: `The pod has the labels that the rule asks for, but it runs with hostNetwork: its traffic has the
address of its node, and on most plugins no selector matches it. Ingress controllers, node agents
and the API server often run like this.

What you see: it works from a pod on the same node as the destination, and from nowhere else.

Verify: kubectl get pod POD -n NAMESPACE -o jsonpath='{.spec.hostNetwork}' prints true.

Fix: allow the addresses of the nodes with ipBlock. On OpenShift, select the namespace label
policy-group.network.openshift.io/host-network; on Cilium, use the entities host and remote-node.`,
		Run: func(p *Pass) {
			p.eachNear([]policy.Reason{policy.HostNetworkPod}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s selects %s by its labels, but that is a hostNetwork pod, which no selector matches on this network plugin", place(e), p.Name(peerOf(c, e))), map[string]string{"hostNetwork": "true"})
			})
		},
	},
	{
		Code: "NPD409", Severity: Error,
		Title: "a selector does not match a destination outside the cluster",
		Doc: `The rule selects the destination by labels, as if it were a pod. The Service points outside the
cluster: it is of type ExternalName, or somebody wrote its endpoints by hand. Only an ipBlock
matches such an address.

What you see: the name resolves, and the connection times out.

Verify: kubectl get service NAME -n NAMESPACE -o yaml, and kubectl get endpointslices -n NAMESPACE

Fix: allow the address with ipBlock. Where addresses change, use a policy of the network plugin that
supports DNS names.`,
		Run: func(p *Pass) {
			p.eachNear([]policy.Reason{policy.NotAPod}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s selects pods, but Service %s points to %s, which is not a pod", place(e), c.Flow.Service.Name, p.Name(peerOf(c, e))), map[string]string{"service": c.Flow.Service.Ref().String()})
			})
			for _, c := range p.Causes {
				if rule, m := p.aliasTaken(c); m != nil {
					alias := p.Destination.Alias
					p.report(Finding{
						Object: rule.Policy.Ref(), Field: rule.Path(), Origin: rule.Policy.Origin, Cause: true, Severity: p.severityOfDenied(),
						Message:  fmt.Sprintf("%s/%s %s selects pods, but Service %s is an alias (ExternalName) for %s, which is not a pod", rule.Policy.Namespace, rule.Policy.Name, rule.Path(), name(alias.Ref()), p.Destination.Name),
						Evidence: map[string]string{"service": alias.Ref().String(), "externalName": p.Destination.Name},
						Advice:   p.adviceBeyondPolicies(c),
					})
				}
			}
		},
	},
}

// otherEnd is the end of a flow that the peers of a rule are about.
func otherEnd(f policy.Flow, d policy.Direction) policy.Endpoint {
	if d == policy.Egress {
		return f.Destination
	}
	return f.Source
}

// wouldAllow finds the rule that would allow a flow for which no edit was found, were it not for one
// of some reasons.
func wouldAllow(c change.Cause, reasons ...policy.Reason) (policy.RuleRef, *policy.Mismatch) {
	if len(c.Edits) > 0 {
		return policy.RuleRef{}, nil
	}
	for _, side := range []policy.DirectionDecision{c.After.Egress, c.After.Ingress} {
		for _, t := range side.Trace {
			for _, r := range t.Rules {
				for _, clause := range r.Peers {
					m := clause.Mismatch
					if side.Verdict == policy.Denied && t.Isolates == policy.Yes && r.PortsMatch == policy.Yes && m != nil && slices.Contains(reasons, m.Reason) {
						return clause.Ref, m
					}
				}
			}
		}
	}
	return policy.RuleRef{}, nil
}

// ignoredBlock finds the block that would allow a flow for which no edit was found, if only the plugin
// held blocks against what runs in the cluster.
func ignoredBlock(c change.Cause) (policy.RuleRef, *policy.Mismatch) {
	return wouldAllow(c, policy.BlockIgnoresPods, policy.BlockIgnoresNode)
}

// byBlock adds what may be configured where a block is not held against nodes.
func byBlock(m *policy.Mismatch) string {
	if m.Reason == policy.BlockIgnoresNode {
		return ", or configure the plugin to match nodes by ipBlock"
	}
	return ""
}

// lies says of an end that is held against a block how sure it is that it lies in it: one without an
// address that is known may.
func lies(e policy.Endpoint, block string) string {
	var known []netip.Addr
	switch {
	case e.Pod != nil:
		known = e.Pod.IPs
	case e.Node != nil:
		known = e.Node.IPs
	}
	if prefix, err := netip.ParsePrefix(block); err == nil && slices.ContainsFunc(known, prefix.Contains) {
		return "is"
	}
	return "may be"
}

// aliasTaken finds the rule that selects pods for a Service that is an alias for a name outside, where
// no edit was found: which address the name has is not known.
func (p *Pass) aliasTaken(c change.Cause) (policy.RuleRef, *policy.Mismatch) {
	if p.Destination.Alias == nil || p.Destination.Name == "" {
		return policy.RuleRef{}, nil
	}
	return wouldAllow(c, policy.NotAPod)
}

// explained tells whether a finding of its own says why no edit helps.
func (p *Pass) explained(c change.Cause) bool {
	_, block := ignoredBlock(c)
	_, alias := p.aliasTaken(c)
	return block != nil || alias != nil
}

// eachNear calls a function for every edit that adds something where a clause came near that did
// not match for one of some reasons.
func (p *Pass) eachNear(reasons []policy.Reason, do func(change.Cause, change.Edit)) {
	p.eachEdit(change.Additions, func(c change.Cause, e change.Edit) {
		if e.Clause != nil && slices.Contains(reasons, e.Clause.Reason) {
			do(c, e)
		}
	})
}

// at names an end and the address that it was seen with.
func (p *Pass) at(e policy.Endpoint, address string) string {
	if name := p.Name(e); name != address {
		return name + " at " + address
	}
	return address
}

// cidrOf is the range of the peer that an edit is near.
func cidrOf(e change.Edit) string {
	ref := e.Rule
	peers := change.PeersOf(ref)
	return peers[ref.Peer].IPBlock.CIDR
}

func blockEvidence(e change.Edit) map[string]string {
	return map[string]string{"wanted": cidrOf(e), "seen": e.Clause.Saw, "clause": e.Rule.Path()}
}

func (p *Pass) pluginName() string {
	if p.Plugin.Name == "" {
		return "the network plugin"
	}
	return p.Plugin.Name
}
