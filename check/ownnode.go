package check

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// ownNode is the finding about traffic from a pod's own node, NPD726.
var ownNode = []Check{
	{
		Code: "NPD726", Severity: Info,
		Title:    "a pod's own node may always connect, other nodes may not",
		Symptoms: []string{"liveness probe failed", "readiness probe failed", "Client.Timeout exceeded while awaiting headers", "works from the same node only"},
		Doc: `The source is the node that the pod runs on, or a hostNetwork pod on that node. The API promises
that this traffic is allowed whatever policies say, because the kubelet's probes need it. Traffic
from any other node needs a rule.

What you see: it works from the same node only. If the kubelet's own probes fail right after a
default deny was added, no rule causes that: the network plugin does not keep the promise. Probes
that run a command in the container (exec) need no network at all.

Verify: connect from the pod's own node and from another node. If the own node fails, look for known
bugs of the network plugin, also for IPv6.

Fix: for other nodes, allow their addresses with ipBlock. For failing probes, update the network
plugin; an ipBlock for the nodes is a workaround.`,
		Run: func(p *Pass) {
			for _, d := range p.decisions() {
				pod := d.Flow.Destination.Pod
				if d.Ingress.Exempt != policy.OwnNode || pod == nil || !slices.ContainsFunc(p.Set.Selections(pod), func(s policy.Selection) bool { return s.Selects == policy.Yes }) {
					continue
				}
				as := "on the pod's own node"
				if d.Flow.Source.Node != nil {
					as = "as the pod's own node"
				}
				p.report(Finding{
					Object: pod.Ref(), Origin: pod.Origin,
					Message:  fmt.Sprintf("%s may connect %s, whatever policies say; other nodes need a rule", p.Name(d.Flow.Source), as),
					Evidence: map[string]string{"node": pod.Node},
					Advice:   "if the kubelet's probes fail although this is allowed, the network plugin is the cause, not a policy",
				})
			}
		},
	},
}
