package check

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// fqdn is the finding about policies that decide on names, NPD509.
var fqdn = []Check{
	{
		Code: "NPD509", Severity: Info,
		Title:    "a Cilium policy decides which names the source may look up",
		Symptoms: slices.Concat([]string{"works with a trailing dot", "REFUSED"}, notFound),
		Doc: `A CiliumNetworkPolicy that may select the source allows destinations by name (toFQDNs), which works
with a list of the names that may be looked up (rules.dns). Cilium passes DNS queries on for the
names in that list and refuses all others. A resolver with a search list first asks for
NAME.NAMESPACE.svc.cluster.local. If that is refused, some resolvers, such as musl's in Alpine
images, give up, although the name itself is listed.

What you see: lookups fail at once with REFUSED, in some images only. With a trailing dot they work.

Verify: in the pod, look the name up with and without a trailing dot, and see which query is
REFUSED.

Fix: if only the name with the trailing dot works, also allow "**.cluster.local" in rules.dns (one
star stands for one label only), use names with a trailing dot, or make all of Cilium answer
NXDOMAIN (tofqdns-dns-reject-response-code=nameError, and a restart of its agents). Whether that
policy allows the connection is not evaluated here.`,
		Run: func(p *Pass) {
			// Where a name has to be looked up, the answer hangs on it.
			asked := slices.ContainsFunc(p.DNS, Lookup.Unclear)
			for _, f := range p.namePolicies() {
				p.report(Finding{
					Object: f.Ref, Field: "spec.egress", Origin: f.Origin, Cause: asked,
					Message: fmt.Sprintf("%s lists the names that %s may look up, and Cilium answers REFUSED for all others; a resolver that first tries the name with .svc.cluster.local appended may give up then", f.Ref, p.Source.Ref),
					Advice:  "look the name up in the pod with and without a trailing dot; if it only works with the dot, allow \"**.cluster.local\" in rules.dns",
				})
			}
		},
	},
}

// namePolicies lists the policies that may select a source and judge its egress by names.
func (p *Pass) namePolicies() []*cluster.Foreign {
	var out []*cluster.Foreign
	consider := func(d policy.Decision) {
		for _, f := range d.Egress.Others {
			if judgesNames(f) && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	for _, d := range p.decisions() {
		consider(d)
	}
	for _, l := range p.DNS {
		for _, a := range l.Answers {
			for _, j := range a.Pairs {
				for _, d := range j.Decisions {
					consider(d)
				}
			}
		}
	}
	return out
}

// judgesNames tells whether a Cilium policy allows by DNS names or lists those that may be looked up.
// Source: Cilium documentation, "Layer 3 Policies", DNS based, and "Layer 7 Policies", DNS.
func judgesNames(f *cluster.Foreign) bool {
	if f.Kind != "CiliumNetworkPolicy" && f.Kind != "CiliumClusterwideNetworkPolicy" {
		return false
	}
	return holds(f.Spec, "toFQDNs") || holds(f.Spec, "dns")
}

// holds tells whether a decoded object has a field of some name at any depth.
func holds(v any, field string) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if key == field || holds(inner, field) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return holds(inner, field) })
	}
	return false
}
