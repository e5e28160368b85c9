package check

import (
	"fmt"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// loadBalancers are the findings about what comes in through load balancers and node ports, NPD719 and NPD720.
var loadBalancers = []Check{
	{
		Code: "NPD719", Severity: Warning,
		Title:    "the load balancer may hide the client's address",
		Symptoms: []string{"an allowed address is blocked", "everybody is allowed", "works through some nodes only"},
		Doc: `The connection enters through a load balancer or a node port with externalTrafficPolicy: Cluster.
The node that it enters by may put its own address in place of the client's before the pod sees
it, and rules with addresses are then held against the node's. Which node that is, and whether it
is the pod's own, is the load balancer's choice, so it may work at times. The same goes for load
balancers that put their own address in.

What you see: an office that is on the list is blocked, or everybody is let in because the nodes
are.

Verify: only from outside: connect from an address that is allowed and from another one, and read
which address the application logs. A test from inside the cluster proves nothing here.

Fix: set externalTrafficPolicy: Local, or filter at the load balancer (loadBalancerSourceRanges).`,
		Run: func(p *Pass) {
			for r, d := range p.decisions() {
				for _, f := range d.Facts {
					if f.Kind == policy.SourceSeen && r.Service != nil {
						p.report(Finding{
							Object: r.Service.Ref(), Field: "spec.externalTrafficPolicy", Origin: r.Service.Origin,
							Message: fmt.Sprintf("Service %s may put a node's address in place of the client's (externalTrafficPolicy: Cluster), and the answer hangs on which of the two the pod sees", name(r.Service.Ref())),
							Advice:  "set externalTrafficPolicy: Local or filter at the load balancer, and test from outside",
						})
					}
				}
			}
		},
	}, {
		Code: "NPD720", Severity: Info,
		Title:    "a load balancer sends traffic straight to the pods",
		Symptoms: []string{"backend UNHEALTHY", "502 from the load balancer", "503 from the load balancer"},
		Doc: `The pods are targets of a cloud's load balancer by their own addresses (AWS target type ip, GKE
network endpoint groups): a readiness gate of its controller says so. They are isolated for
ingress. The load balancer and its health checks come from addresses of their own, in its subnets
or in the provider's ranges, and no object of the cluster names these.

What you see: the targets are unhealthy and the load balancer answers 502 or 503, while every test
from inside the cluster works. New pods never become ready.

Verify: only at the load balancer: its console or command line says why a target is unhealthy.

Fix: allow the load balancer's subnets, or the ranges that the provider publishes for its health
checks, with ipBlock on the pods' port.`,
		Run: func(p *Pass) {
			for _, d := range p.decisions() {
				pod := d.Flow.Destination.Pod
				if pod == nil || !pod.DirectTarget || d.Ingress.Isolated != policy.Yes {
					continue
				}
				p.report(Finding{
					Object:  p.owner(d.Flow.Destination),
					Message: fmt.Sprintf("a load balancer sends traffic and health checks straight to %s, which is isolated for ingress: its own addresses have to be allowed", p.Name(d.Flow.Destination)),
					Advice:  "allow the load balancer's subnets or the provider's ranges of health checks with ipBlock; see at the load balancer why targets are unhealthy",
				})
			}
		},
	},
}
