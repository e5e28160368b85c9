package report

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/flows"
)

// Judge tells a comparison which flows are a failure, and how the run ends.
func (d *FlowDiff) Judge(failOn string, result explain.Result) {
	d.failOn, d.result = failOn, string(result)
}

// state is how a flow comes out under --fail-on: without it nothing fails.
func (d *FlowDiff) state(f FlowChange) caseState {
	return failsOn(FlowDiff{Flows: []FlowChange{f}}, d.failOn)
}

func failsOn(one FlowDiff, failOn string) caseState {
	switch found, perhaps := one.Found(failOn); {
	case found:
		return failed
	case perhaps:
		return erred
	}
	return passed
}

// suite implements suites: each flow that is not what it was.
func (d *FlowDiff) suite() suite {
	s := suite{name: d.title, command: d.command, result: d.result}
	groups := d.groups()
	name := "diff"
	if d.failOn != "" {
		name += " --fail-on " + d.failOn
	}
	first := resultCase(name, d.result, strings.TrimSuffix(d.summary(groups)+d.entriesText(), "."), nil, d.Facts, d.Gaps)
	if d.result == "Fails" {
		first.kind = d.failOn
	}
	first.lines = append(d.notes(), first.lines...)
	s.cases = append(s.cases, first)
	for _, g := range groups {
		for _, l := range g.lines {
			from, to := d.who(l)
			c := testCase{
				class: l.Change, name: from + " → " + to + ": " + l.what(), state: d.state(l.FlowChange), kind: l.Change,
				message: l.Change + ": " + from + " → " + to + ": " + l.what(), file: l.place.File,
			}
			if len(l.Risks) > 0 {
				c.lines = append(c.lines, "risk: "+l.riskText())
			}
			for _, text := range l.because() {
				c.lines = append(c.lines, "because "+text)
			}
			s.cases = append(s.cases, c)
		}
	}
	s.cases = append(s.cases, d.wayCases()...)
	return s
}

// changeRules are what a flow that is not what it was is in SARIF. They are no findings: a change may be
// what was wanted.
var changeRules = []sarifRule{
	ruleOf("FlowOpened", "a flow is opened", "note", `Policies allow a connection that they denied before. It may be what the change is for; where a risk is
named, look twice.

Verify: `+"`kubectl netpol-doctor diff BEFORE AFTER`"+` names the rule that allows it now.`),
	ruleOf("FlowChanged", "a flow may have changed", "warning", `It is not known what policies say of a connection before or after the change, or another part of the
pods is treated that way.

Verify: the message names what it hangs on; `+"`kubectl netpol-doctor diff BEFORE AFTER --by pod`"+` tells pods apart.`),
	ruleOf("FlowClosed", "a flow is closed", "note", `Policies deny a connection that they allowed before.

Verify: ask who needs it; `+"`kubectl netpol-doctor diagnose SOURCE DESTINATION`"+` says what allows it before the change.`),
}

var changeCodes = map[string]string{string(flows.Opened): "FlowOpened", string(flows.Changed): "FlowChanged", string(flows.Closed): "FlowClosed"}

// log implements logged.
func (d *FlowDiff) log() sarifRun {
	run := sarifRun{command: d.command, version: d.version, result: d.result, facts: d.Facts, gaps: d.Gaps}
	for _, g := range d.groups() {
		for _, l := range g.lines {
			from, to := d.who(l)
			text := from + " → " + to + ": " + l.what() + ": " + l.Change
			if len(l.Risks) > 0 {
				text += "; look twice: " + l.riskText()
			}
			text += ". Because " + strings.Join(l.because(), "; ")
			r := sarifResult{
				code: changeCodes[l.Change], level: "note", message: text, place: l.place, properties: map[string]any{"before": l.Before, "after": l.After},
				objects: []Object{endObject(l.Source), endObject(l.Destination)},
				key:     []string{l.Change, endKey(l.Source), endKey(l.Destination), portsText(l.Connections)},
			}
			var risks []string
			for _, risk := range l.Risks {
				risks = append(risks, risk.Risk)
			}
			switch state := d.state(l.FlowChange); {
			case state == failed:
				r.level = "error"
			case state == erred, len(risks) > 0, l.Change == string(flows.Changed):
				r.level = "warning"
			}
			if len(risks) > 0 {
				r.properties["risks"] = risks
			}
			run.results = append(run.results, r)
		}
	}
	run.results = append(run.results, d.wayResults()...)
	if d.result == "Unclear" {
		run.results = append(run.results, unclearResult("It is not known whether there are such flows: "+d.summary(d.groups())+d.entriesText(), cluster.Origin{}, d.title))
	}
	return run
}

// endObject names an end for a logical location.
func endObject(e Endpoint) Object {
	return Object{Kind: e.Kind, Namespace: e.Namespace, Name: cmp.Or(e.Name, e.CIDR)}
}

// endKey names an end in a fingerprint. Addresses outside are one: how they are cut depends on rules.
func endKey(e Endpoint) string {
	if e.Kind == "CIDR" {
		return "outside"
	}
	return fmt.Sprintf("%s/%s/%s", e.Kind, e.Namespace, e.Name)
}

// placeOf is where to look at what became of a policy: in what comes after, since that is what is under
// review. A policy that is not there any more was in the file that has its name there.
func (c *Compared) placeOf(p *cluster.Policy, path string, o Options) cluster.Origin {
	for _, is := range c.After.PoliciesIn(p.Namespace) {
		if is.Name == p.Name {
			return o.place(is.Origin, path)
		}
	}
	return c.moved(p.Origin)
}

// placeOfEnds is where the first of some ends is from.
func (c *Compared) placeOfEnds(refs ...cluster.Ref) cluster.Origin {
	for _, ref := range refs {
		if origin := originOf(c.After, ref); origin.File != "" {
			return origin
		}
		if origin := originOf(c.Before, ref); origin.File != "" {
			return c.moved(origin)
		}
	}
	return cluster.Origin{}
}

func originOf(s *cluster.Snapshot, ref cluster.Ref) cluster.Origin {
	switch ref.Kind {
	case "Pod":
		if p := s.Pod(ref.Namespace, ref.Name); p != nil {
			return p.Origin
		}
	case "Namespace":
		if n := s.Namespace(ref.Name); n != nil {
			return n.Origin
		}
	default:
		if w := s.Workload(ref.Kind, ref.Namespace, ref.Name); w != nil {
			return w.Origin
		}
	}
	return cluster.Origin{}
}

// moved is a place of the first source in the second, where both were named. The line is left out: the
// file may have others by now, or be gone.
func (c *Compared) moved(origin cluster.Origin) cluster.Origin {
	if c.RootBefore == "" || origin.File == "" {
		return origin
	}
	before, after := path.Clean(c.RootBefore), path.Clean(c.RootAfter)
	file := path.Clean(origin.File)
	below, within := strings.CutPrefix(file, before+"/")
	switch {
	case path.Ext(after) != "" && (within || file == before): // the second source is one file
		return cluster.Origin{File: after}
	case within:
		return cluster.Origin{File: path.Join(after, below)}
	}
	return origin
}
