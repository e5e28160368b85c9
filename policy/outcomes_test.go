package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

func saysOutcomes(list []policy.Outcome) string {
	var lines []string
	for _, o := range list {
		var when []string
		for _, a := range o.When {
			when = append(when, strings.TrimSpace(fmt.Sprintf("%s %s", a.Fact.Key, a.Value)))
		}
		lines = append(lines, strings.Join(when, ", ")+": "+says(o.Decision))
	}
	return strings.Join(lines, "\n")
}

// An answer that is not known says what it may be, and when: with no more said than settles it.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, policies, flow, want string }{
		{"a label", from("{namespaceSelector: {matchLabels: {team: red}}}"), "c/web -> a/db:5432", `
team absent: Denied: ingress shut by a/p
team =red: Allowed: ingress by a/p spec.ingress[0]
team present with another value: Denied: ingress shut by a/p`},
		{"one of two addresses is enough, neither is not", to("{ipBlock: {cidr: 192.0.2.0/24}}, {ipBlock: {cidr: 198.51.100.0/24}}"), "a/web -> dns/api.example.com:443", `
198.51.100.0/24 yes: Allowed: egress by a/p spec.egress[0]
192.0.2.0/24 yes: Allowed: egress by a/p spec.egress[0]
192.0.2.0/24 no, 198.51.100.0/24 no: Denied: egress shut by a/p`},
		{"what the pod sees behind a load balancer", from("{ipBlock: {cidr: 203.0.113.0/24}}"), "203.0.113.9 -> lb/a/front:80 -> a/db:8080", `
client: Allowed: ingress by a/p spec.ingress[0]
node: Denied: ingress shut by a/p
own node: Allowed: ingress exempt OwnNode`},
		{"a policy that could not be read is no case", "- {kind: Gap, resource: networkpolicies.networking.k8s.io, namespace: a}\n", "b/web -> a/db:5432", ""},
		{"what is certain has no cases", from("{podSelector: {}}"), "a/web -> a/db:5432", ""},
	} {
		s := snapshot(t, town, row.policies)
		set := policy.Compile(s, pinned)
		if got, want := saysOutcomes(set.Outcomes(flow(t, s, row.flow))), strings.TrimSpace(row.want); got != want {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", row.name, got, want)
		}
	}
}

// TestOutcomesAgree: on generated clusters, the outcomes of a flow are those of an Unknown verdict, more
// than one of them, and each is the verdict of the flow where its answers are given.
func TestOutcomesAgree(t *testing.T) {
	t.Parallel()
	told := false
	each(t, 400, maker{open: true}, func(w world, f policy.Flow) string {
		d, outcomes := w.set().Evaluate(f), w.set().Outcomes(f)
		if len(outcomes) == 0 {
			return ""
		}
		told = true
		var verdicts []policy.Verdict
		for _, o := range outcomes {
			verdicts = append(verdicts, o.Decision.Verdict)
		}
		slices.Sort(verdicts)
		if d.Verdict != policy.Unknown || len(slices.Compact(verdicts)) < 2 {
			return fmt.Sprintf("%s has the outcomes\n%s", d.Verdict, saysOutcomes(outcomes))
		}
		return ""
	})
	if !told {
		t.Error("no flow had outcomes")
	}
}
