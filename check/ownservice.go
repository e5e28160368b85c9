package check

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// ownServices is the finding about pods that call the Service which they are behind, NPD723.
var ownServices = []Check{
	{
		Code: "NPD723", Severity: Info,
		Title:    "the pods call a Service that they are endpoints of",
		Symptoms: []string{"fails one time in three", "works sometimes"},
		Doc: `The pods that call the Service are also its endpoints, and policies isolate them. A call that the
Service sends to another replica needs a rule like any other call. Whether a call that comes back to
the same pod needs one depends on the network plugin. So calls fail at random: one in N, or all but
one in N.

What you see: the same call works sometimes and fails sometimes.

Verify: repeat the call at least twice as often as there are endpoints, and see which of them
answer.

Fix: allow the application's own pods as a peer, on the pod's port, in every direction that is
isolated; or call localhost.`,
		Run: func(p *Pass) {
			for i := range p.Answers {
				a := &p.Answers[i]
				if a.Route.Service == nil || a.Route.Service.Headless {
					continue
				}
				for _, j := range a.Pairs {
					isolated := func(d policy.Decision) bool {
						return d.Egress.Isolated != policy.No || d.Ingress.Isolated != policy.No || d.Egress.Exempt != "" || d.Ingress.Exempt != ""
					}
					if j.Self && slices.ContainsFunc(j.Decisions, isolated) && p.selected(j.Sources) {
						p.report(Finding{
							Object:  a.Route.Service.Ref(),
							Origin:  a.Route.Service.Origin,
							Message: fmt.Sprintf("%s calls Service %s and is an endpoint of it: some calls come back to the pod that made them, %s", p.Source.Ref, name(a.Route.Service.Ref()), a.comingBack(j)),
							Advice:  "if calls fail at random, allow the application's own pods as a peer, or call localhost",
						})
					}
				}
			}
		},
	},
}

// comingBack says how policies treat calls that come back to their pod, and how those to other pods.
func (a *Answer) comingBack(back Judged) string {
	said := map[policy.Verdict]string{policy.Allowed: "allowed", policy.Denied: "denied"}
	for _, j := range a.Pairs {
		one, other := back.Verdict(), j.Verdict()
		if !j.Self && one != other && said[one] != "" && said[other] != "" {
			return fmt.Sprintf("which is %s, while calls to other pods are %s", said[one], said[other])
		}
	}
	return "and policies may treat these differently"
}

// selected tells whether some policy selects one of some ends.
func (p *Pass) selected(ends []policy.Endpoint) bool {
	return slices.ContainsFunc(ends, func(e policy.Endpoint) bool {
		return e.Pod != nil && slices.ContainsFunc(p.Set.Selections(e.Pod), func(s policy.Selection) bool { return s.Selects != policy.No })
	})
}
