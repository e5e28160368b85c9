package check

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// families is the finding about connections that are allowed over one address family only, NPD724.
var families = []Check{
	{
		Code: "NPD724", Severity: Warning,
		Title:    "allowed over one IP family and not over the other",
		Symptoms: []string{"takes 5 to 30 seconds, then works", "only AAAA fails", "works with -4"},
		Doc: `Both ends have IPv4 and IPv6 addresses, and the rules allow only one of the two families. Selectors
match both. An ipBlock only matches its own family: 0.0.0.0/0 does not include IPv6.

What you see: clients try one family first, wait, and continue with the other: slow, but it works.
Clients that do not try the other family fail.

Verify: in the pod, connect with curl -4 and with curl -6.

Fix: add an ipBlock of the other family, or select pods by their labels.`,
		Run: func(p *Pass) {
			for _, a := range p.Answers {
				for _, j := range a.Pairs {
					verdicts := map[corev1.IPFamily]policy.Verdict{}
					for _, d := range j.Decisions {
						verdicts[d.Flow.Family] = d.Verdict
					}
					for _, shut := range []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol} {
						open := corev1.IPv4Protocol
						if shut == open {
							open = corev1.IPv6Protocol
						}
						if verdicts[open] == policy.Allowed && verdicts[shut] == policy.Denied {
							p.report(Finding{
								Object:  p.owner(j.Destinations[0]),
								Message: fmt.Sprintf("%s may reach %s over %s but not over %s: clients that try the denied family first wait, or fail", p.Name(j.Sources[0]), p.Name(j.Destinations[0]), open, shut),
								Advice:  fmt.Sprintf("allow %s too: an ipBlock matches one family only, a selector matches both", shut),
							})
						}
					}
				}
			}
		},
	},
}
