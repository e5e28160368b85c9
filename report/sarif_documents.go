package report

import (
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// answerRules are what an answer is that no finding stands for.
var answerRules = []sarifRule{
	ruleOf("Fails", "the connection fails", "error", "The answer is Fails, and no finding stands for it.\n\nVerify: run the command of the log again without `-o sarif`."),
	ruleOf("Unclear", "the answer is not known", "warning", `What was asked could not be determined: it hangs on something that is not known or could not be read. This
is no all-clear.

Verify: the notifications of the run say what is missing, and how to find it out.`),
}

func unclearResult(summary string, place cluster.Origin, key string) sarifResult {
	return sarifResult{code: "Unclear", level: "warning", message: summary, place: place, key: []string{key}}
}

// log implements logged.
func (d *Diagnosis) log() sarifRun {
	run := sarifRun{command: d.command, version: d.version, facts: d.Facts, gaps: d.Gaps}
	key := endKey(d.Source) + " " + endKey(d.Destination) + " " + d.Port
	return answerRun(run, d.from+" → "+d.to, key, d.Findings, d.Result, d.summary, d.place)
}

// log implements logged.
func (r *StepReport) log() sarifRun {
	return answerRun(sarifRun{command: r.command, version: r.version, facts: r.Facts, gaps: r.Gaps}, r.Step.Title+" of "+r.About, r.Step.Name+" "+r.About, r.Findings, r.Result, r.summary, cluster.Origin{})
}

// log implements logged.
func (d *Needs) log() sarifRun {
	run := sarifRun{command: d.command, version: d.version, result: d.Result, facts: d.Facts, gaps: d.Gaps}
	for _, n := range d.Needs {
		if n.Result == "Works" {
			continue
		}
		r := sarifResult{
			code: n.Code, level: "error", message: d.about + " " + n.arrow() + n.Peer + ": " + n.Summary, place: d.place,
			objects: []Object{endObject(d.Source)}, key: []string{endKey(d.Source), n.Kind, n.Direction, n.Peer},
		}
		if _, known := check.ByCode(n.Code); !known {
			r.code = n.Result
		}
		if n.Result == "Unclear" {
			r.level = "warning"
		}
		run.results = append(run.results, r)
	}
	return run
}

// answerRun puts the findings of an answer into a run. Where none of them stands for how the answer came
// out, a result of its own does. What no file holds is shown where its fix goes, or where the source
// of the connection is.
func answerRun(run sarifRun, question, key string, findings []Finding, result, summary string, source cluster.Origin) sarifRun {
	run.result = result
	for _, f := range findings {
		place := f.place
		fixes := fixList(f.Fix)
		if place.File == "" && len(fixes) > 0 {
			place = fixes[0].place
		}
		if place.File == "" {
			place = source
		}
		text := f.Message + "."
		var patches []any
		for _, fix := range fixes {
			text += " Fix: " + fixText(fix) + "."
			if fix.Manifest != nil {
				patches = append(patches, map[string]any{"manifest": fix.Manifest})
			} else {
				patches = append(patches, map[string]any{"object": fix.Object, "patch": fix.Patch})
			}
		}
		if f.Advice != "" {
			text += " Advice: " + f.Advice + "."
		}
		r := sarifResult{
			code: f.Code, level: levelOf(f.Severity), message: text, place: place, objects: []Object{f.Object}, field: f.Field,
			key: []string{f.Object.Kind, f.Object.Namespace, f.Object.Name, f.Field}, properties: map[string]any{"question": Plain(question)},
		}
		if len(patches) > 0 {
			r.properties["fixes"] = patches
		}
		run.results = append(run.results, r)
	}
	stands := slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == string(check.Error) })
	switch {
	case result == "Unclear":
		run.results = append(run.results, unclearResult(strings.TrimSuffix(question+": "+summary, ".")+".", source, key))
	case result == "Fails" && !stands:
		run.results = append(run.results, sarifResult{code: "Fails", level: "error", message: question + ": " + summary + ".", place: source, key: []string{key}})
	}
	return run
}
