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
		Title:    "a pod's own node is always let in, other nodes are not",
		Symptoms: []string{"liveness probe failed", "readiness probe failed", "Client.Timeout exceeded while awaiting headers", "works from the same node only"},
		Doc: `The source is the node that the pod runs on, or a pod on that node's network. Whatever policies
say, the API promises that this gets through: the kubelet's probes need it. From any other node
policies decide.

What you see: it works from the same node only. Where the kubelet's own probes fail right after a
default deny, that is no rule's doing: the network plugin does not keep the promise. Probes that
run a command in the container (exec) need no network at all.

Verify: connect from the pod's own node and from another one. If the own node fails, look for the
network plugin's known bugs, those of IPv6 among them.

Fix: for other nodes, allow their addresses with ipBlock. For failing probes, update the network
plugin; an ipBlock for the nodes is a stopgap.`,
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
					Message:  fmt.Sprintf("%s is let in %s, whatever policies say; from other nodes they decide", p.Name(d.Flow.Source), as),
					Evidence: map[string]string{"node": pod.Node},
					Advice:   "connect from the pod's own node: if that fails, too (probes of the kubelet), the network plugin is at fault and no policy",
				})
			}
		},
	},
}
