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
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// ruleLines says, for each group of pods that is treated alike and each direction, what isolates,
// what admits, and what comes nearest where nothing does. Where that differs from case to case, each
// line says for which it is so.
func (d *Diagnosis) ruleLines() []Line {
	var lines []Line
	var cases [][]string // of each line
	several := len(d.Answers) > 1
	for _, a := range d.Answers {
		split := splitOf(a.Pairs)
		for _, j := range a.Pairs {
			decisions := j.Decisions
			if isRange(j.Sources) || isRange(j.Destinations) {
				decisions = decisions[:1] // the parts of a merged range are treated alike
			}
			for _, decision := range decisions {
				for _, side := range []policy.DirectionDecision{decision.Egress, decision.Ingress} {
					l := d.sideLine(side, decision.Flow)
					if several {
						l.Label += fmt.Sprintf(" %d/%s", a.Route.Port, a.Route.Protocol)
					}
					i := slices.Index(lines, l)
					if i < 0 {
						i = len(lines)
						lines, cases = append(lines, l), append(cases, nil)
					}
					if c := d.caseOf(split, j, a, decision); c != "" && !slices.Contains(cases[i], c) {
						cases[i] = append(cases[i], c)
					}
				}
			}
		}
	}
	plain := slices.Clone(lines)
	for i, l := range plain {
		others := func(o Line) bool { return o.Label == l.Label && o.Text != l.Text }
		if len(cases[i]) > 0 && slices.ContainsFunc(plain, others) {
			verdict, why, _ := strings.Cut(l.Text, ": ")
			lines[i].Text = fmt.Sprintf("%s %s: %s", verdict, fewCases(cases[i]), why)
		}
	}
	if len(lines) == 0 && d.unjudged() {
		return []Line{{Status: Skipped, Text: d.whyUnjudged()}}
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return strings.Compare(a.Label, b.Label) })
	return foremost(lines)
}

// fewCases joins the names of some cases, no more than a person wants to read.
func fewCases(cases []string) string {
	const most = 3
	if n := len(cases); n > most {
		return fmt.Sprintf("%s and %s", strings.Join(cases[:most], ", "), count(n-most, "more case"))
	}
	return strings.Join(cases, ", ")
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
func (d *Diagnosis) sideLine(side policy.DirectionDecision, f policy.Flow) Line {
	line := Line{Label: side.Direction.String()}
	switch side.Verdict {
	case policy.Allowed:
		line.Status, line.Text = OK, "allowed: "+d.whyAllowed(side, f)
	case policy.Denied:
		line.Status, line.Text = Problem, "denied: isolated by "+policyNames(side.Isolating)
		if near := nearest(side, f); near != "" {
			line.Text += "; nearest rule: " + near
		}
	default:
		line.Status, line.Text = NotKnown, "not known: "+hangsOn(side)
	}
	return line
}

// notAPod says of an end that no NetworkPolicy applies to what it is instead of a pod.
func (d *Diagnosis) notAPod(side policy.DirectionDecision, f policy.Flow) string {
	e := f.Destination
	if side.Direction == policy.Egress {
		e = f.Source
	}
	switch {
	case e.Node != nil && d.ShortName(e) == e.Node.Name:
		return fmt.Sprintf("%s is a node, and NetworkPolicies only apply to pods", e.Node.Name)
	case e.Node != nil || e.Outside.Name == ends.ControlPlane:
		return "the API server is not a pod, and NetworkPolicies only apply to pods"
	}
	return fmt.Sprintf("%s is outside the cluster, and NetworkPolicies only apply to pods", d.Name(e))
}

func (d *Diagnosis) whyAllowed(side policy.DirectionDecision, f policy.Flow) string {
	switch side.Exempt {
	case policy.NotAPodSubject:
		return d.notAPod(side, f)
	case policy.SelfTraffic:
		return "a pod may always reach itself"
	case policy.Hairpin:
		return "this network plugin lets a pod reach itself through its own Service"
	case policy.HostNetwork:
		return "NetworkPolicies do not apply to hostNetwork pods on this network plugin"
	case policy.OwnNode:
		return "a pod's own node may always reach it"
	case policy.Unenforced:
		return "this network plugin does not enforce policies on pods without an owner"
	}
	if len(side.Admitting) > 0 {
		var refs []string
		for _, r := range side.Admitting {
			refs = append(refs, refText(r))
		}
		return strings.Join(refs, ", ")
	}
	if side.Isolated == policy.No {
		return "no policy isolates it"
	}
	return "in every case that is possible"
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
				score, why = 2, peersMissed(r.Peers, otherEnd(d.Direction))
			}
			if score > best {
				best, text = score, fmt.Sprintf("%s (%s)", refText(r.Ref), why)
			}
		}
	}
	return text
}

// otherEnd names the end that the peers of a rule are about.
func otherEnd(d policy.Direction) whom {
	if d == policy.Egress {
		return whom{"the destination", "the destination's namespace"}
	}
	return whom{"the source", "the source's namespace"}
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
		return "there is no pod to check"
	}
	return strings.Join(out, "; ")
}
