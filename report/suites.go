package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// resultCase is the first case of every suite, named after the question: it fails exactly where the exit code is 1, and is an
// error where it is 3.
func resultCase(name, result, summary string, findings []Finding, facts []Fact, gaps []Gap) testCase {
	c := testCase{class: name, name: "Result", state: stateOf(result), kind: result, message: summary}
	for _, f := range findings {
		c.lines = append(c.lines, findingLines(f)...)
	}
	if len(findings) > 0 && result == "Fails" {
		c.kind, c.file = findings[0].Code, findings[0].place.File
	}
	if result == "Unclear" {
		for _, f := range facts {
			c.lines = append(c.lines, "not known: "+f.Missing+"; to find out: "+f.Settle)
		}
	}
	for _, g := range unread(gaps) {
		c.lines = append(c.lines, "not read: "+gapText(g))
	}
	if len(findings) > 0 {
		c.lines = append(c.lines, "more: kubectl netpol-doctor explain "+findings[0].Code)
	}
	return c
}

// findingLines writes a finding with its fix.
func findingLines(f Finding) []string {
	text := f.Code + " (" + f.Severity + "): " + f.Message
	if f.place.File != "" {
		text += " (" + f.place.String() + ")"
	}
	lines := []string{text}
	for _, fix := range fixList(f.Fix) {
		lines = append(lines, "fix: "+fixText(fix))
		for _, caution := range fix.Cautions {
			lines = append(lines, "caution: "+caution)
		}
	}
	if f.Advice != "" {
		lines = append(lines, "advice: "+f.Advice)
	}
	return lines
}

// unread are the gaps but for what files never tell: what depends on that is among the facts.
func unread(gaps []Gap) []Gap {
	return slices.DeleteFunc(slices.Clone(gaps), func(g Gap) bool { return g.Reason == string(cluster.NotProvided) })
}

func gapText(g Gap) string {
	text := strings.TrimSpace(g.Resource + " " + g.Namespace)
	if g.Name != "" {
		text += "/" + g.Name
	}
	text += ": " + g.Reason
	if g.Detail != "" && g.Reason == string(cluster.NotRendered) { // others have the words of the API server, and where it is
		text += " (" + g.Detail + ")"
	}
	return text
}

// stepCase is a step of the walk.
func stepCase(class, result string, s Step) testCase {
	c := testCase{class: class, name: s.Title, state: partState(result, s.Status), kind: result}
	for _, l := range s.Lines {
		c.lines = append(c.lines, Style{}.mark(l.shown())+" "+lineText(s, l))
		if l.Status == s.Status && c.message == "" {
			c.message = l.Text
			if strings.HasPrefix(l.Label, "NPD") {
				c.kind = l.Label
			}
		}
	}
	c.message = cmp.Or(c.message, "there was nothing to look at")
	return c
}

// suite implements suites: the connection, and each step of the walk.
func (d *Diagnosis) suite() suite {
	name := d.from + " → " + d.to
	s := suite{name: name, command: d.command, result: d.Result}
	s.cases = append(s.cases, resultCase(name, d.Result, d.summary, d.Findings, d.Facts, d.Gaps))
	for _, step := range d.Steps {
		s.cases = append(s.cases, stepCase(name, d.Result, step))
	}
	return s
}

// suite implements suites: the one step.
func (r *StepReport) suite() suite {
	name := r.Step.Title + " of " + r.About
	c := resultCase(name, r.Result, r.summary, r.Findings, r.Facts, r.Gaps)
	if len(r.Findings) > 0 && r.Result == "Fails" {
		c.message = r.Findings[0].Message
	} else {
		for _, l := range r.Step.Lines {
			if !strings.HasPrefix(l.Label, "NPD") {
				c.lines = append(c.lines, Style{}.mark(l.shown())+" "+lineText(r.Step, l))
			}
		}
	}
	return suite{name: name, command: r.command, result: r.Result, cases: []testCase{c}}
}

// suite implements suites: each connection that is declared.
func (d *Needs) suite() suite {
	name := "what " + d.about + " is declared to need"
	s := suite{name: name, command: d.command, result: d.Result}
	s.cases = append(s.cases, resultCase(name, d.Result, d.summary, nil, d.Facts, d.Gaps))
	for _, n := range d.Needs {
		c := testCase{class: n.Kind, name: n.arrow() + n.Peer, state: stateOf(n.Result), kind: cmp.Or(n.Code, n.Result), message: n.Summary, lines: slices.Clone(n.Evidence)}
		if n.Command != "" && n.Result != "Works" {
			c.lines = append(c.lines, n.Command)
		}
		s.cases = append(s.cases, c)
	}
	return s
}

// suite implements suites: each hop that was tested.
func (r *ProbeReport) suite() suite {
	name := r.from + " → " + r.to
	s := suite{name: name, command: r.command, result: r.Result}
	s.cases = append(s.cases, resultCase(name, r.Result, r.summary, r.Findings, r.Facts, r.Gaps))
	for _, a := range r.Probe.Attempts {
		s.cases = append(s.cases, testCase{
			class: a.Hop, name: a.Target, state: partState(r.Result, a.status), kind: a.Observed, message: a.Meaning, lines: []string{a.text()},
		})
	}
	for _, text := range r.Probe.NotTried {
		s.cases = append(s.cases, testCase{class: "not tried", name: text, state: partState(r.Result, "unknown"), kind: "NotTried", message: text})
	}
	return s
}

// suite implements suites: each cell.
func (d *ProbeMatrix) suite() suite {
	s := suite{name: "probe --matrix", command: d.command, result: d.Result}
	s.cases = append(s.cases, resultCase(d.title(), d.Result, d.summary(), nil, d.Facts, d.Gaps))
	for _, c := range d.Cells {
		port := c.PortName
		if c.Port != 0 {
			port = fmt.Sprint(c.Port)
		}
		one := testCase{
			class: cmp.Or(typedEnd(c.Source), c.Source.CIDR), name: cmp.Or(typedEnd(c.Destination), c.Destination.CIDR) + ":" + port + "/" + c.Protocol,
			kind: cmp.Or(c.Code, c.Observed), message: c.Meaning, lines: []string{"predicted " + c.Predicted + ", observed " + c.Observed},
		}
		switch c.standing {
		case works, blocked:
			one.state = passed
		case differs:
			one.state = failed
		}
		s.cases = append(s.cases, one)
	}
	for _, text := range d.NotTried {
		s.cases = append(s.cases, testCase{class: "not tried", name: text, kind: "NotTried", message: text})
	}
	return s
}
