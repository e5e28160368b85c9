package explain

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// ruleLines says, for each group of pods that is treated alike and each direction, what isolates,
// what admits, and what comes nearest where nothing does. A group whose lines are already there
// is not repeated.
func (d *Diagnosis) ruleLines() []Line {
	var lines []Line
	several := len(d.Answers) > 1
	for _, a := range d.Answers {
		for _, j := range a.Pairs {
			decisions := j.Decisions
			if isRange(j.Sources) || isRange(j.Destinations) {
				decisions = decisions[:1] // the parts of a merged range are treated alike
			}
			for _, decision := range decisions {
				for _, side := range []policy.DirectionDecision{decision.Egress, decision.Ingress} {
					l := sideLine(side, decision.Flow)
					if several {
						l.Label += fmt.Sprintf(" %d/%s", a.Route.Port, a.Route.Protocol)
					}
					if ranged := rangeLabel(j, a); ranged != "" {
						l.Text = ranged + ": " + l.Text
					}
					if j.Self {
						l.Text += " (a pod to itself)"
					}
					if !slices.Contains(lines, l) {
						lines = append(lines, l)
					}
				}
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return strings.Compare(a.Label, b.Label) })
	return foremost(lines)
}

// maxRuleLines is how many lines on rules a person may want to read.
const maxRuleLines = 24

// foremost keeps the lines of a step that matter most, in their order, and counts the rest: a range
// may hold every pod of a cluster.
func foremost(lines []Line) []Line {
	if len(lines) <= maxRuleLines {
		return lines
	}
	var out []Line
	for _, status := range []Status{Problem, NotKnown, OK} {
		for _, l := range lines {
			if l.Status == status && len(out) < maxRuleLines {
				out = append(out, l)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int { return strings.Compare(a.Label, b.Label) })
	return append(out, Line{Status: Skipped, Text: fmt.Sprintf("and %s; -o json has every pair", count(len(lines)-maxRuleLines, "more line"))})
}

// rangeLabel names the parts of a range that a pair is about, where the range is not treated as
// one.
func rangeLabel(j check.Judged, a check.Answer) string {
	if len(a.Pairs) < 2 {
		return ""
	}
	var out []string
	for _, list := range [][]policy.Endpoint{j.Sources, j.Destinations} {
		if isRange(list) {
			for _, e := range list {
				out = append(out, check.AddressText(e.Outside.Prefix.String()))
			}
		}
	}
	const most = 3
	if len(out) > most {
		return fmt.Sprintf("%s and %s more", strings.Join(out[:most], ", "), count(len(out)-most, "range"))
	}
	return strings.Join(out, ", ")
}

// sideLine says how one direction of a flow was decided.
func sideLine(d policy.DirectionDecision, f policy.Flow) Line {
	line := Line{Label: d.Direction.String()}
	switch d.Verdict {
	case policy.Allowed:
		line.Status, line.Text = OK, "allowed: "+whyAllowed(d)
	case policy.Denied:
		line.Status, line.Text = Problem, "denied: isolated by "+policyNames(d.Isolating)
		if near := nearest(d, f); near != "" {
			line.Text += "; nearest rule: " + near
		}
	default:
		line.Status, line.Text = NotKnown, "not known: "+hangsOn(d)
	}
	return line
}

func whyAllowed(d policy.DirectionDecision) string {
	switch d.Exempt {
	case policy.NotAPodSubject:
		return "this end is not a pod, so no NetworkPolicy applies to it"
	case policy.SelfTraffic:
		return "a pod always reaches itself"
	case policy.Hairpin:
		return "this network plugin lets a pod reach itself through its own Service"
	case policy.HostNetwork:
		return "hostNetwork pods are not subject to NetworkPolicies"
	case policy.OwnNode:
		return "a pod is always reached from its own node"
	case policy.Unenforced:
		return "this network plugin does not enforce on pods without an owner"
	}
	if len(d.Admitting) > 0 {
		var refs []string
		for _, r := range d.Admitting {
			refs = append(refs, refText(r))
		}
		return strings.Join(refs, ", ")
	}
	if d.Isolated == policy.No {
		return "no policy isolates it"
	}
	return "whatever the facts that are not known turn out to be"
}

func policyNames(policies []*cluster.Policy) string {
	var names []string
	for _, p := range policies {
		names = append(names, p.Name)
	}
	if len(names) == 1 {
		return "policy " + names[0]
	}
	return "policies " + strings.Join(names, ", ")
}

// nearest describes the rule that comes closest to admitting a flow: one whose peers match but
// whose ports do not, or the other way round.
func nearest(d policy.DirectionDecision, f policy.Flow) string {
	best, text := 0, ""
	for _, t := range d.Trace {
		if t.Isolates == policy.No {
			continue
		}
		for _, r := range t.Rules {
			score, why := 0, ""
			switch {
			case r.Ignored:
			case r.PeersMatch == policy.Yes && forEverybody(r.Ref):
				score, why = 1, portsMissed(r.Ref, f) // admits everybody, so it was hardly meant for this
			case r.PeersMatch == policy.Yes:
				score, why = 3, portsMissed(r.Ref, f)
			case r.PortsMatch == policy.Yes:
				score, why = 2, peersMissed(r.Peers)
			}
			if score > best {
				best, text = score, fmt.Sprintf("%s (%s)", refText(r.Ref), why)
			}
		}
	}
	return text
}

// forEverybody tells whether a rule names no peers, or every pod.
func forEverybody(ref policy.RuleRef) bool {
	none := func(s *metav1.LabelSelector) bool { return s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0 }
	peers := change.PeersOf(ref)
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		return p.NamespaceSelector != nil && none(p.NamespaceSelector) && none(p.PodSelector)
	})
}

func orUnknown(s string) string {
	if s == "" {
		return "not known"
	}
	return s
}

// hangsOn lists what an undecided direction hangs on.
func hangsOn(d policy.DirectionDecision) string {
	var out []string
	for _, f := range d.Facts {
		if text := FactText(f).Missing; !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	if len(out) == 0 {
		return "there is no pod to judge"
	}
	return strings.Join(out, "; ")
}
