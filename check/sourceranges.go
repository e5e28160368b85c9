package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// sourceRanges is the finding about load balancers that take some addresses only, NPD729.
var sourceRanges = []Check{
	{
		Code: "NPD729", Severity: Error,
		Title:    "the load balancer does not accept this source address",
		Symptoms: []string{"some addresses outside cannot connect", "everybody is blocked at the load balancer"},
		Doc: `The Service of type LoadBalancer has loadBalancerSourceRanges: the load balancer, or the nodes, only
let in clients with an address in these ranges. The source is not in them. If only a part of the
source is outside, or may be, the finding is a warning and the answer is Unclear. Traffic to a node
port may bypass this.

What you see: a timeout from some addresses outside, whatever policies say.

Verify: connect from an address inside the ranges and from one outside them.

Fix: add the client's range to spec.loadBalancerSourceRanges. No policy causes this.`,
		Run: func(p *Pass) {
			for _, a := range p.Answers {
				v := a.Route.Service
				if v == nil || v.Type != corev1.ServiceTypeLoadBalancer || len(v.SourceRanges) == 0 || p.Destination.Node != nil || len(p.Source.Ranges) == 0 {
					continue
				}
				within := func(r netip.Prefix) bool {
					return slices.ContainsFunc(v.SourceRanges, func(s netip.Prefix) bool { return s.Bits() <= r.Bits() && s.Contains(r.Addr()) })
				}
				meets := func(r netip.Prefix) bool { return slices.ContainsFunc(v.SourceRanges, r.Overlaps) }
				// Of several families only those count that the Service names ranges of.
				named := func(r netip.Prefix) bool {
					return slices.ContainsFunc(v.SourceRanges, func(s netip.Prefix) bool { return s.Addr().Is4() == r.Addr().Is4() })
				}
				if !slices.ContainsFunc(p.Source.Ranges, func(r netip.Prefix) bool { return named(r) && !within(r) }) && slices.ContainsFunc(p.Source.Ranges, named) {
					continue
				}
				f := Finding{
					Object: v.Ref(), Field: "spec.loadBalancerSourceRanges", Origin: v.Origin, Cause: true,
					Message: fmt.Sprintf("the load balancer of Service %s only accepts %s (loadBalancerSourceRanges), and the source is not in it", name(v.Ref()), rangesText(v)),
					Advice:  "add the client's range to spec.loadBalancerSourceRanges",
				}
				if p.Source.Ref.Kind == "Internet" || len(p.Source.Inside)+len(p.Source.Within) > 0 || slices.ContainsFunc(p.Source.Ranges, meets) {
					f.Severity, f.Doubt, f.Cause = Warning, true, false
					f.Message = fmt.Sprintf("the load balancer of Service %s only accepts %s (loadBalancerSourceRanges), and not all of the source is in it", name(v.Ref()), rangesText(v))
				}
				p.report(f)
			}
		},
	},
}

func rangesText(v *cluster.Service) string {
	var out []string
	for _, r := range v.SourceRanges {
		out = append(out, r.String())
	}
	return strings.Join(out, ", ")
}
