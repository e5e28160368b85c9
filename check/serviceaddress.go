package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// serviceAddresses are the findings about plugins that look at a connection before the Service is
// translated, NPD717 and NPD718.
var serviceAddresses = []Check{
	{
		Code: "NPD717", Severity: Warning,
		Title:    "this network plugin may compare egress rules with the Service's port",
		Symptoms: []string{"works by pod address, not through the Service"},
		Doc: `The Service's port differs from its pods' port, and the rule allows the pods' port, which is right
by the specification. The AWS VPC CNI looks at egress before the Service is translated; its
documentation asks for a Service port that equals the container's port. The objects do not show
whether this connection works.

What you see: the connection to the pod's address works, and the one through the Service times out.

Verify: connect to the pod's address and to the Service's address. kubectl get policyendpoints -n
NAMESPACE -o yaml shows which addresses and ports the plugin allows; the Service's must be among
them.

Fix: if only the pod's address works, give the Service the container's port.`,
		Run: func(p *Pass) {
			for r, d := range p.decisions() {
				fact := func(f policy.Fact) bool {
					return f.Kind == policy.PluginBehaviour && f.Key == string(policy.ServicePortJudged)
				}
				if r.Service == nil || !slices.ContainsFunc(d.Facts, fact) {
					continue
				}
				p.report(Finding{
					Object: r.Service.Ref(), Field: "spec.ports", Origin: r.Service.Origin,
					Message:  fmt.Sprintf("Service %s has port %d and its pods have %d; %s may compare egress rules with the Service's port", name(r.Service.Ref()), d.Flow.Dialled.Port, d.Flow.Arriving.Port, p.pluginName()),
					Evidence: map[string]string{"servicePort": fmt.Sprint(d.Flow.Dialled.Port), "podPort": fmt.Sprint(d.Flow.Arriving.Port)},
					Advice:   "connect to the pod's address and through the Service; if only the first works, give the Service the pods' port",
				})
			}
		},
	},
	{
		Code: "NPD718", Severity: Warning,
		Title:    "the Service's address is outside the range that kube-router knows",
		Symptoms: []string{"works by pod address, not through the Service"},
		Doc: `kube-router runs both the policies and the Services of this cluster. The Service's address is
outside the range of Service addresses that kube-router was given (--service-cluster-ip-range,
10.96.0.0/12 by default). Traffic to Service addresses in that range passes until it is translated.
Traffic of a pod that is isolated for egress to any other Service address is checked before it is
translated, and no rule for pods matches the Service's address. The policy verdict stands, but the
answer is Unclear: only a test can tell.

What you see: by the pod's address it works; through the Service it is refused or times out, from
isolated pods only.

Verify: kubectl get daemonset -n kube-system kube-router -o yaml shows kube-router's arguments;
compare with the API server's --service-cluster-ip-range.

Fix: start kube-router with the cluster's own --service-cluster-ip-range. No policy causes this.`,
		Run: func(p *Pass) {
			ranges, from, ok := p.kubeRouterRanges()
			if !ok {
				return
			}
			for r, d := range p.decisions() {
				if r.Service == nil || r.Service.Headless || d.Egress.Isolated != policy.Yes || d.Verdict != policy.Allowed {
					continue
				}
				for _, ip := range r.Service.ClusterIPs {
					if familyMatches(ranges, ip) && !slices.ContainsFunc(ranges, func(n netip.Prefix) bool { return n.Contains(ip) }) {
						p.report(Finding{
							Object: from.Ref, Field: "spec.template.spec.containers", Origin: from.Origin, Doubt: true,
							Message:  fmt.Sprintf("Service %s has the address %s, which is outside the range that kube-router has for Services (%s): traffic of isolated pods to it is checked before it is translated", name(r.Service.Ref()), ip, joined(ranges)),
							Evidence: map[string]string{"address": ip.String(), "range": joined(ranges)},
							Advice:   "connect to the pod's address and through the Service; if only the first works, start kube-router with this cluster's --service-cluster-ip-range",
						})
					}
				}
			}
		},
	},
}

// kubeRouterRanges returns the ranges of Service addresses that kube-router was told, where it runs
// policies and Services. Source: kube-router user guide, --run-service-proxy and
// --service-cluster-ip-range with their defaults.
func (p *Pass) kubeRouterRanges() ([]netip.Prefix, *cluster.Agent, bool) {
	if !p.Plugin.Is("kube-router") {
		return nil, nil, false
	}
	for _, a := range p.Snapshot.Agents {
		if a.Name != "kube-router" || slices.Contains(a.Args, "--run-service-proxy=false") {
			continue
		}
		var ranges []netip.Prefix
		for _, arg := range a.Args {
			value, set := strings.CutPrefix(arg, "--service-cluster-ip-range=")
			if !set {
				continue
			}
			for _, text := range strings.Split(value, ",") {
				if n, err := netip.ParsePrefix(text); err == nil {
					ranges = append(ranges, n)
				}
			}
		}
		if len(ranges) == 0 {
			ranges = []netip.Prefix{netip.MustParsePrefix("10.96.0.0/12")}
		}
		return ranges, a, true
	}
	return nil, nil, false
}

// familyMatches tells whether some range is of an address's family. Of the other one nothing is said.
func familyMatches(ranges []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(n netip.Prefix) bool { return n.Addr().Is4() == ip.Is4() })
}

func joined(ranges []netip.Prefix) string {
	var out []string
	for _, n := range ranges {
		out = append(out, n.String())
	}
	return strings.Join(out, ", ")
}
