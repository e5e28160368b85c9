package probe

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Judged is a result held against what policies say of it.
type Judged struct {
	Result
	Row       Row
	Suspected []Suspected
}

// Comparison is what a probe came to.
type Comparison struct {
	Plan   *Plan
	Judged []Judged
	// Culprit is what the differences between the hops point at, Because how.
	Culprit  Culprit
	Because  string
	Findings []check.Finding
	// Result is whether the connection works, as far as it was tested.
	Result explain.Result
}

// Compare holds what was seen against what policies say.
func Compare(d *explain.Diagnosis, p *Plan, results []Result) *Comparison {
	c := &Comparison{Plan: p}
	for _, r := range results {
		j := Judged{Result: r, Row: RowOf(r.Exchange(), r.Verdict, r.Outcome(), d.Plugin.Rejects)}
		j.Suspected = scene{d, p, results, r}.rank(j.Row.Suspects)
		c.Judged = append(c.Judged, j)
	}
	c.Culprit, c.Because = blame(scene{d: d, plan: p, results: results})
	c.findings(results)
	c.Result = c.result(results)
	return c
}

// result takes the way of the client: what it dials has to work. A single backend that fails makes
// it fail now and then.
func (c *Comparison) result(results []Result) explain.Result {
	if len(c.Findings) > 0 {
		return explain.Fails
	}
	works := true
	for _, r := range results {
		if r.Fails() && r.needed() && r.Exchange() != Reply {
			return explain.Fails
		}
		works = works && (r.Works() || !r.needed()) && r.Exchange() != Proxied && !r.Fronted && !(r.Inside() && r.Fails())
		// Of what policies say of another pod, a test proves nothing where that is not known.
		works = works && !(c.Plan.For.Name != "" && r.needed() && r.Verdict == policy.Unknown)
	}
	if !works || len(c.Plan.Cut) > 0 || len(results) < len(c.Plan.Attempts) || len(results) == 0 {
		return explain.Unclear
	}
	return explain.Works
}

// needed tells whether a client cannot do without the hop.
func (r Result) needed() bool { return r.Hop != ResolverTCP && !r.Inside() }

// findings makes one finding of each code: of the difference between hops where that says more, else
// of the rows.
func (c *Comparison) findings(results []Result) {
	codes := map[string]bool{}
	add := func(code string, j Judged, message, advice string) {
		if codes[code] {
			return
		}
		codes[code] = true
		known, _ := check.ByCode(code)
		f := check.Finding{
			Code: code, Severity: known.Severity, Object: j.Object, Message: message, Advice: advice, Cause: true,
			Evidence: map[string]string{"target": j.Target(), "predicted": j.Verdict.String(), "observed": j.Outcome().String()},
		}
		if f.Object.Name == "" {
			f.Object = c.Plan.Source.Ref()
		}
		c.Findings = append(c.Findings, f)
	}
	explained := map[Hop]bool{}
	for _, j := range c.Judged {
		switch {
		case j.Hop == Name && j.Outcome() != Connected && j.Fails() && j.Outcome().Answered(), j.Hop == Name && j.Outcome() == Connected && !j.asExpected():
			add("NPD805", j, fmt.Sprintf("the name %s resolves to %s, and by the API it should be %s", j.Name, said(j.Result), listed(j.Expected)), "compare the name that the client uses with the Service; look at the DNS server")
		case j.Hop == Service && c.Culprit == ServiceMapping && j.Fails():
			explained[Service] = true
			add("NPD806", j, fmt.Sprintf("%s does not work (%s), and every pod behind it that was tested does", j.Target(), j.Outcome()), "look at kube-proxy, or what replaces it, on node "+orUnknown(c.Plan.Source.Node))
		case j.Hop == Loopback && j.Outcome() == Connected && loopbackOnly(j, results):
			explained[Backend], explained[Service] = true, true
			add("NPD808", j, fmt.Sprintf("%s answers on port %d on the loopback address of its pod, and refuses it on the pod's own address", j.Object.Name, j.Port), "make the application listen on 0.0.0.0 or ::")
		}
	}
	if works, fails, first := backends(c.Judged); works > 0 && fails > 0 && first.Verdict != policy.Denied && !explained[Backend] {
		explained[Backend], explained[Service] = true, true
		add("NPD807", first, fmt.Sprintf("%d of %d pods behind it do not answer, such as %s (%s)", fails, works+fails, first.Object.Name, first.Outcome()), advice(first))
	}
	for _, j := range c.Judged {
		switch code := j.Row.Code; {
		case code == "" || explained[j.Hop] || j.Inside(): // what its own pod says explains the others
		case code == "NPD804" && j.Hop == ResolverTCP: // a client needs it for long answers alone
		case code == "NPD809" && (c.Culprit == Policies || c.Culprit == Endpoints): // why is known
		default:
			add(code, j, fmt.Sprintf("%s from %s: %s (%s)", j.Target(), c.Plan.Source.Name, j.Row.Why, j.Outcome()), advice(j))
		}
	}
	slices.SortStableFunc(c.Findings, func(a, b check.Finding) int { return weightOf(a.Code) - weightOf(b.Code) })
}

// weightOf puts first what makes the others follow: without DNS no name works, and what gets
// through although it is denied is no matter of the connection alone.
func weightOf(code string) int {
	return slices.Index([]string{"NPD801", "NPD804", "NPD805", "NPD806", "NPD808", "NPD807", "NPD803", "NPD802", "NPD809"}, code)
}

// advice is how to find out about the first suspect.
func advice(j Judged) string {
	if len(j.Suspected) == 0 {
		return ""
	}
	first := j.Suspected[0]
	for _, m := range Suspects {
		if m.Suspect == first.Suspect {
			return fmt.Sprintf("%s, maybe (%s): %s", m.Text, first.Evidence, m.Verify)
		}
	}
	return ""
}

// loopbackOnly tells whether the pod whose loopback answers refuses the same port by its address,
// from within: no network is between the two.
func loopbackOnly(loopback Judged, results []Result) bool {
	return slices.ContainsFunc(results, func(r Result) bool {
		return r.Hop == Own && r.Object == loopback.Object && r.Port == loopback.Port && r.Family == loopback.Family && r.Outcome() == Refused
	})
}

// backends counts those that work and those that fail, and returns the first of these.
func backends(judged []Judged) (works, fails int, first Judged) {
	for _, j := range judged {
		switch {
		case j.Hop != Backend || j.Exchange() != Handshake:
		case j.Works():
			works++
		case j.Fails():
			if fails++; fails == 1 {
				first = j
			}
		}
	}
	return works, fails, first
}

func said(r Result) string {
	if r.Outcome() == Connected {
		return listed(r.Last().Addresses)
	}
	return "nothing (" + r.Outcome().String() + ")"
}

func listed[T fmt.Stringer](list []T) string {
	if len(list) == 0 {
		return "nothing of it"
	}
	text := ""
	for i, s := range list {
		if i > 0 {
			text += ", "
		}
		text += s.String()
	}
	return text
}

func orUnknown(node string) string {
	if node == "" {
		return "(not known)"
	}
	return node
}
