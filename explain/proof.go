package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Fixed says what the edits of all causes, made together, were seen to change: for the connection,
// port by port where they fare differently, and for DNS.
func (d *Diagnosis) Fixed() []string {
	var out []string
	if edits(d.Causes) {
		flow := d.Causes[0].Flow
		out = append(out, d.proof(d.ShortName(flow.Source), d.ShortName(flow.Destination), d.Answers))
	}
	for _, l := range d.DNS {
		if edits(l.Causes) {
			text := d.proof(d.ShortName(l.Causes[0].Flow.Source), "DNS", l.Answers)
			if d.Verdict == Allowed && len(d.Answers) > 0 {
				text += "; policies allow the connection itself already"
			}
			out = append(out, text)
		}
	}
	return slices.Compact(out)
}

func edits(causes []change.Cause) bool {
	return slices.ContainsFunc(causes, func(c change.Cause) bool { return len(c.Edits) > 0 })
}

// proof says how the flows of some answers are judged with the edits made.
func (d *Diagnosis) proof(from, to string, answers []check.Answer) string {
	ports := map[Verdict][]string{}
	for _, a := range answers {
		var verdicts []policy.Verdict
		for _, j := range a.Pairs {
			for _, decision := range j.Decisions {
				verdicts = append(verdicts, d.after.Evaluate(decision.Flow).Verdict)
			}
		}
		v := combine(verdicts)
		ports[v] = append(ports[v], fmt.Sprintf("%d/%s", a.Route.Port, a.Route.Protocol))
	}
	text := fmt.Sprintf("re-evaluated with this change: %s → %s becomes ", from, to)
	if len(ports) == 1 {
		for v := range ports {
			return text + string(v) + doubt(v)
		}
	}
	var parts []string
	for _, v := range []Verdict{Allowed, Partial, Unknown, Denied} {
		if len(ports[v]) > 0 {
			parts = append(parts, fmt.Sprintf("%s on %s%s", v, strings.Join(ports[v], " and "), doubt(v)))
		}
	}
	return text + strings.Join(parts, ", ")
}

func doubt(v Verdict) string {
	if v == Unknown {
		return ", because it depends on what is not known"
	}
	return ""
}
