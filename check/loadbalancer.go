package check

import (
	"fmt"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// loadBalancers are the findings about what comes in through load balancers and node ports, NPD719 and NPD720.
var loadBalancers = []Check{
	{
		Code: "NPD719", Severity: Warning,
		Title:    "the pod may see a node's address instead of the client's",
		Symptoms: []string{"an allowed address is blocked", "everybody is allowed", "works through some nodes only"},
		Doc: `The connection enters through a load balancer or a node port with externalTrafficPolicy: Cluster.
The node where it enters may replace the client's address with its own before the pod sees it.
Policies then compare their ipBlocks with the node's address. The load balancer chooses that node,
so the connection may work only sometimes: traffic from the pod's own node is always allowed. Load
balancers that replace the client's address have the same effect.

What you see: an address that is on the list is blocked, or everybody is allowed because the nodes
are.

Verify: test from outside only: connect from an address that is allowed and from one that is not,
and read in the application's log which address it sees. A test from inside the cluster proves
nothing here.

Fix: if the pod sees a node's address, set externalTrafficPolicy: Local (traffic then only enters by
nodes that run an endpoint), or filter at the load balancer (loadBalancerSourceRanges).`,
		Run: func(p *Pass) {
			for r, d := range p.decisions() {
				for _, f := range d.Facts {
					if f.Kind == policy.SourceSeen && r.Service != nil {
						p.report(Finding{
							Object: r.Service.Ref(), Field: "spec.externalTrafficPolicy", Origin: r.Service.Origin,
							Message: fmt.Sprintf("traffic through Service %s may reach the pod with a node's address instead of the client's (externalTrafficPolicy: Cluster), and policies treat the two differently", name(r.Service.Ref())),
							Advice:  "test from outside and read in the application's log which address it sees; if it is a node's, set externalTrafficPolicy: Local or filter at the load balancer",
						})
					}
				}
			}
		},
	}, {
		Code: "NPD720", Severity: Info,
		Title:    "a load balancer connects directly to the pods",
		Symptoms: []string{"backend UNHEALTHY", "502 from the load balancer", "503 from the load balancer"},
		Doc: `The pods are targets of a cloud load balancer by their own addresses (AWS target type ip, GKE
network endpoint groups); a readiness gate of the load balancer's controller shows it. The pods are
isolated for ingress. The load balancer and its health checks connect from addresses in its own
subnets or in the provider's ranges. No object of the cluster contains these addresses, so it is not
known whether the policies allow them.

What you see: if they are not allowed, the targets are unhealthy and the load balancer answers 502
or 503, while every test from inside the cluster works. New pods never become ready.

Verify: only at the load balancer: its console or command line shows why a target is unhealthy.

Fix: if the targets are unhealthy, allow the load balancer's subnets, or the ranges that the
provider publishes for its health checks, with ipBlock on the pods' port.`,
		Run: func(p *Pass) {
			for _, d := range p.decisions() {
				pod := d.Flow.Destination.Pod
				if pod == nil || !pod.DirectTarget || d.Ingress.Isolated != policy.Yes {
					continue
				}
				p.report(Finding{
					Object:  p.owner(d.Flow.Destination),
					Message: fmt.Sprintf("a load balancer connects directly to %s, which is isolated for ingress; no object contains the load balancer's addresses, so it is not known whether policies allow its traffic and health checks", p.Name(d.Flow.Destination)),
					Advice:  "if the load balancer reports unhealthy targets, allow its subnets or the provider's health check ranges with ipBlock",
				})
			}
		},
	},
}
