package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Summary is the sentence that an incident needs: the result, and what decides it.
func (d *Diagnosis) Summary() string {
	if d.Tested != "" {
		return d.Tested
	}
	if len(d.Findings) > 0 && (d.Findings[0].Cause || d.Findings[0].Severity == check.Error) && d.Result == Fails {
		f := d.Findings[0]
		text := fmt.Sprintf("%s (%s)", f.Message, f.Code)
		if f.Cause && !strings.HasPrefix(f.Code, families[StepEndpoints]) { // those are not about policies
			text = d.where() + text
		}
		if n := d.otherErrors(); n > 1 {
			return text + fmt.Sprintf("; there are %s, listed below. All fixes are needed", count(n, "more problem"))
		}
		if second, ok := d.secondCause(); ok {
			where := "at the other end"
			if edits := d.Causes[0].Edits; edits[0].Direction == edits[1].Direction {
				where = "in the same rule"
			}
			text += fmt.Sprintf("; and %s: %s (%s). Both fixes are needed", where, second.Message, second.Code)
		}
		return text
	}
	switch {
	case d.Result == Works && d.Verdict == Unknown:
		return "nothing enforces policies, as --network-plugin says; what they say about this connection is not known"
	case d.Result == Works && d.Verdict == Partial:
		return "policies deny some of it, but nothing enforces them, as --network-plugin says"
	case d.Result == Works && d.Verdict == Denied:
		return "policies deny it, but nothing enforces them, as --network-plugin says"
	case d.Result == Works:
		return d.whyWorks()
	case d.Verdict == Denied:
		return "policies deny it, but nothing seems to enforce them"
	}
	var missing []string
	for _, f := range d.Facts {
		missing = append(missing, FactText(f).Missing)
	}
	const most = 3
	if n := len(missing); n > most {
		missing = append(missing[:most], count(n-most, "more fact"))
	}
	if len(missing) == 0 {
		for _, f := range d.Findings {
			if f.Severity == check.Warning {
				return d.known() + f.Message
			}
		}
		return "it could not be determined"
	}
	if d.known() != "" {
		return d.known() + "the rest depends on " + strings.Join(missing, ", and on ")
	}
	return "it depends on " + strings.Join(missing, ", and on ")
}

// known says first what is known of an unclear answer.
func (d *Diagnosis) known() string {
	if d.Verdict == Allowed {
		return "policies allow the connection itself; "
	}
	return ""
}

// Outcomes says of an unclear answer what becomes of it in each case, where that can be told.
func (d *Diagnosis) Outcomes() []string {
	if d.Result != Unclear || d.Tested != "" || d.Verdict != Unknown {
		return nil
	}
	return d.outcomes()
}

// otherErrors counts the findings besides the first that make the connection fail.
func (d *Diagnosis) otherErrors() int {
	n := 0
	for _, f := range d.Findings[1:] {
		if f.Severity == check.Error {
			n++
		}
	}
	return n
}

// secondCause returns the second finding where two things are to be mended: both ends deny, or one
// rule has two slips.
func (d *Diagnosis) secondCause() (check.Finding, bool) {
	if len(d.Causes) != 1 || len(d.Causes[0].Edits) != 2 || len(d.Findings) < 2 {
		return check.Finding{}, false
	}
	second := d.Findings[1]
	return second, second.Cause && len(second.Fix) == 2
}

// where says which direction denies, when policies do.
func (d *Diagnosis) where() string {
	var at []string
	if d.Egress.Verdict == Denied || d.Egress.Verdict == Partial {
		at = append(at, "egress of "+d.Source.Ref.Name)
	}
	if d.Ingress.Verdict == Denied || d.Ingress.Verdict == Partial {
		at = append(at, "ingress of "+d.Destination.Ref.Name)
	}
	if len(at) == 0 {
		return ""
	}
	how := "denied at "
	if d.Verdict == Partial {
		how = "Partial, some connections are denied at "
		if allowed, denied, ok := d.parts(); ok {
			how = fmt.Sprintf("Partial, allowed %s and denied %s at ", allowed, denied)
		}
	}
	return how + strings.Join(at, " and ") + ": "
}

// whyWorks says what lets the connection through at each end, where that is the same for all flows.
func (d *Diagnosis) whyWorks() string {
	var reasons []string
	rules, open := true, true
	for _, a := range d.Answers {
		for _, j := range a.Pairs {
			for _, decision := range j.Decisions {
				for _, side := range []policy.DirectionDecision{decision.Egress, decision.Ingress} {
					open = open && side.Exempt == "" && side.Isolated == policy.No
					if side.Exempt == policy.NotAPodSubject || side.Exempt == "" && side.Isolated == policy.No {
						continue
					}
					rules = rules && len(side.Admitting) > 0
					if text := d.whyAllowed(side, decision.Flow); !slices.Contains(reasons, text) {
						reasons = append(reasons, text)
					}
				}
			}
		}
	}
	const most = 4
	switch {
	case open || len(reasons) == 0:
		return "no NetworkPolicy isolates either end"
	case len(reasons) > most:
		return "allowed by the rules named above"
	case rules:
		return "allowed by " + strings.Join(reasons, " and ")
	}
	return "allowed: " + strings.Join(reasons, "; ")
}
