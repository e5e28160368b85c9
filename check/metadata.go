package check

import (
	"fmt"
	"net/netip"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// metadata is the finding about the addresses at which clouds hand out identities, NPD721.
var metadata = []Check{
	{
		Code: "NPD721", Severity: Info,
		Title:    "an agent on the node may take traffic to a cloud metadata address",
		Symptoms: []string{"could not get credentials", "unable to locate credentials", "metadata server timeout"},
		Doc: `The destination is an address at which a cloud gives pods their identity and nodes their metadata.
On some clusters an agent on the node takes this traffic before policies see it, and then another
address and port count. On GKE with Dataplane V2, 169.254.169.254:80 arrives at the node's own
address on port 988. EKS Pod Identity answers on 169.254.170.23:80 from the node, which is the host
entity on Cilium. Older agents such as kiam also answer on a port of the node. A rule for the
address may not be enough, and an except for it may not protect. If the node answers and the plugin
does not match nodes by ipBlock, the answer is Unclear.

What you see: the SDK hangs or finds no credentials, while everything else works.

Verify: in the pod, request something harmless from the address and see whether it answers at all.
Do not print credentials.

Fix: allow what the provider's documentation says policies must allow: the address itself, or the
node's address and the agent's port; on Cilium, toEntities: [host].`,
		Run: func(p *Pass) {
			for _, n := range p.Destination.Ranges {
				if what, ok := identityAddresses[n.Addr()]; ok && n.IsSingleIP() {
					// There the node answers, which an ipBlock does not match.
					doubt := p.Plugin.Is("cilium", "gke-dataplane-v2") && p.isolatedForEgress()
					severity := Info
					if doubt {
						severity = Warning
					}
					p.report(Finding{
						Object: p.Destination.Ref, Severity: severity, Doubt: doubt,
						Message:  fmt.Sprintf("%s is where %s; on some clusters an agent on the node takes that traffic before policies see it, and then they neither deny nor allow it", n.Addr(), what),
						Evidence: map[string]string{"address": n.Addr().String()},
						Advice:   "test in the pod; if it fails, allow what the provider says policies must allow (the address, or the node's address and the agent's port)",
					})
				}
			}
		},
	},
}

// identityAddresses are the addresses that clouds reserve for this. Sources: the documentation of the
// Amazon EC2 instance metadata service, EKS Pod Identity and ECS credentials, of GKE's and Azure's
// metadata servers.
var identityAddresses = map[netip.Addr]string{
	netip.MustParseAddr("169.254.169.254"): "clouds answer for the metadata of a node and, often, for a pod's identity",
	netip.MustParseAddr("fd00:ec2::254"):   "AWS answers for the metadata of a node",
	netip.MustParseAddr("169.254.170.23"):  "EKS Pod Identity answers",
	netip.MustParseAddr("fd00:ec2::23"):    "EKS Pod Identity answers",
	netip.MustParseAddr("169.254.170.2"):   "AWS hands out the credentials of tasks",
}

// isolatedForEgress tells whether some source may be isolated for egress.
func (p *Pass) isolatedForEgress() bool {
	for _, d := range p.decisions() {
		if d.Egress.Isolated != policy.No {
			return true
		}
	}
	return false
}
