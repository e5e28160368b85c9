package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
)

// junit is what a CI system reads of a suite.
type junit struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
	Suite    struct {
		Name  string `xml:"name,attr"`
		Cases []struct {
			Class   string     `xml:"classname,attr"`
			Name    string     `xml:"name,attr"`
			Failure *junitSaid `xml:"failure"`
			Error   *junitSaid `xml:"error"`
			Skipped *junitSaid `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

type junitSaid struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func readJUnit(t *testing.T, d Document) (junit, string) {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, JUnit, d, Style{}); err != nil {
		t.Fatal(err)
	}
	var out junit
	if err := xml.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatalf("the XML does not parse: %v\n%s", err, b.String())
	}
	return out, b.String()
}

func readSARIF(t *testing.T, d Document) (sarifOne, string) {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, SARIF, d, Style{}); err != nil {
		t.Fatal(err)
	}
	var out sarifLog
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatalf("the SARIF does not parse: %v\n%s", err, b.String())
	}
	return out.Runs[0], b.String()
}

// TestPartsFollowTheResult: no part of an answer fails where the answer does not, and what is not known
// is never passed.
func TestPartsFollowTheResult(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		result, status string
		want           caseState
	}{
		{"Works", "ok", passed},
		{"Works", "warning", passed},
		{"Works", "info", passed},
		{"Works", "unknown", skipped},
		{"Works", "problem", skipped},
		{"Works", "skipped", skipped},
		{"Fails", "ok", passed},
		{"Fails", "problem", failed},
		{"Fails", "unknown", erred},
		{"Fails", "skipped", skipped},
		{"Unclear", "ok", passed},
		{"Unclear", "problem", erred},
		{"Unclear", "unknown", erred},
		{"", "unknown", erred},
	} {
		if got := partState(row.result, row.status); got != row.want {
			t.Errorf("%s in an answer that is %q: %d, want %d", row.status, row.result, got, row.want)
		}
	}
	if new(testCase).state != erred || stateOf("") != erred {
		t.Error("the zero value is not an error")
	}
}

// hostileTexts are what somebody could call an object, if the API server did not forbid most of it.
var hostileTexts = []string{
	`a"b'c<d>&amp;]]>`, "</failure><testcase/>", "\x1b[31m\x00\x0b\uFFFE\uFFFF", "[click](https://example.com)", "{0} {{x}}", "\xff\xfe", "\u202egnp.exe", "a\nb", "<script>",
}

// TestPipelineFormatsTakeAnyText: whatever objects are called, both formats parse, hold no control
// character, and hold no link that was made of a name.
func TestPipelineFormatsTakeAnyText(t *testing.T) {
	t.Parallel()
	for _, text := range hostileTexts {
		documents := []Document{
			document(text), diffOf(text, 2),
			&StepReport{About: text, Result: "Fails", Step: Step{Title: text, Status: "problem", Lines: []Line{{Status: "problem", Label: text, Text: text}}}, Findings: document(text).Findings, summary: text, command: text},
			&Needs{Result: "Fails", Needs: []Need{{Kind: "Service", Peer: text, Result: "Fails", Summary: text, Evidence: []string{text}, Command: text}}, about: text, summary: text, command: text},
		}
		for _, d := range documents {
			read, written := readJUnit(t, d)
			if strings.ContainsAny(written, "\x00\x0b\x1b\uFFFE\uFFFF\u202e") {
				t.Errorf("%T, %q: a character that XML cannot hold, or that turns text around", d, text)
			}
			for _, c := range read.Suite.Cases {
				if c.Name == "" && c.Class == "" {
					t.Errorf("%T, %q: a case that a text made", d, text)
				}
			}
			run, written := readSARIF(t, d)
			if strings.ContainsAny(written, "\x00\x0b\x1b\u202e") {
				t.Errorf("%T, %q: a control character in SARIF", d, text)
			}
			for _, r := range run.Results {
				if strings.Contains(r.Message.Text, "](") {
					t.Errorf("%q: a link in a message: %s", text, r.Message.Text)
				}
			}
			if len(run.Results) == 0 {
				t.Errorf("%T, %q: no result", d, text)
			}
		}
	}
}

// TestWhatHasNoPipelineFormat: a document that reports no findings has none of the two, and a probe has no
// SARIF.
func TestWhatHasNoPipelineFormat(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		d      Document
		format string
	}{{&EnforcementReport{}, JUnit}, {&EnforcementReport{}, SARIF}, {&ProbeReport{Probe: &Probe{}}, SARIF}, {&ProbeMatrix{}, SARIF}} {
		if err := Render(&bytes.Buffer{}, row.format, row.d, Style{}); err == nil {
			t.Errorf("%T is written as %s", row.d, row.format)
		}
	}
}

// TestUnclearIsNoAllClear: what could not be determined is an error in JUnit and a warning in SARIF, with
// what is missing.
func TestUnclearIsNoAllClear(t *testing.T) {
	t.Parallel()
	d := document("x")
	d.Findings = nil
	read, _ := readJUnit(t, d)
	if first := read.Suite.Cases[0]; first.Error == nil || first.Error.Type != "Unclear" || !strings.Contains(first.Error.Text, "not known: x") || read.Failures != 0 {
		t.Errorf("%+v", read)
	}
	run, _ := readSARIF(t, d)
	if len(run.Results) != 1 || run.Results[0].RuleID != "Unclear" || run.Results[0].Level != "warning" || run.Invocations[0].ExitCode != 3 || len(run.Invocations[0].Notes) != 2 {
		t.Errorf("%+v", run)
	}
	if rule := run.Tool.Driver.Rules[run.Results[0].RuleIndex]; rule.ID != "Unclear" {
		t.Errorf("rule %+v", rule)
	}
}

// TestFailsAlwaysHasAnError: an answer that fails has a result of level error, also where no finding
// stands for it; one that works has none that it does not need.
func TestFailsAlwaysHasAnError(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		result   string
		findings []Finding
		want     string
	}{
		{"Fails", nil, "Fails error"},
		{"Fails", []Finding{{Code: "NPD601", Severity: "warning"}}, "NPD601 warning, Fails error"},
		{"Fails", []Finding{{Code: "NPD101", Severity: "error"}}, "NPD101 error"},
		{"Works", []Finding{{Code: "NPD601", Severity: "info"}}, "NPD601 note"},
		{"Works", nil, ""},
	} {
		d := document("x")
		d.Result, d.Findings = row.result, row.findings
		run, _ := readSARIF(t, d)
		var got []string
		for _, r := range run.Results {
			got = append(got, r.RuleID+" "+r.Level)
		}
		if text := strings.Join(got, ", "); text != row.want {
			t.Errorf("%s with %v: %q, want %q", row.result, row.findings, text, row.want)
		}
	}
}

// TestFingerprints: they stay when lines and words change, and differ between objects, fields and codes;
// the same thing twice is counted.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	print := func(change func(*Finding)) string {
		d := document("x")
		d.Result = "Works"
		f := Finding{Code: "NPD301", Severity: "error", Object: Object{Kind: "NetworkPolicy", Namespace: "a", Name: "b"}, Field: "spec.ingress[0]", Message: "one", place: cluster.Origin{File: "a.yaml", Line: 3}}
		change(&f)
		d.Findings = []Finding{f, f}
		run, _ := readSARIF(t, d)
		first, second := run.Results[0].Fingerprints["netpolDoctor/v1"], run.Results[1].Fingerprints["netpolDoctor/v1"]
		if strings.TrimSuffix(first, ":1") != strings.TrimSuffix(second, ":2") || first == second {
			t.Errorf("twice the same: %s, %s", first, second)
		}
		return first
	}
	want := print(func(*Finding) {})
	if got := print(func(f *Finding) { f.Message, f.place.Line, f.Severity = "two", 9, "warning" }); got != want {
		t.Errorf("another line and other words: %s, want %s", got, want)
	}
	for what, change := range map[string]func(*Finding){
		"code": func(f *Finding) { f.Code = "NPD302" }, "name": func(f *Finding) { f.Object.Name = "c" },
		"namespace": func(f *Finding) { f.Object.Namespace = "c" }, "field": func(f *Finding) { f.Field = "spec.ingress[1]" },
	} {
		if print(change) == want {
			t.Errorf("another %s, and the same fingerprint", what)
		}
	}
}

func TestURIs(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"": "", "stdin": "", "a.yaml": "a.yaml", "./a/../b.yaml": "b.yaml", "a b/ü#?.yaml": "a%20b/%C3%BC%23%3F.yaml", "/abs/a.yaml": "file:///abs/a.yaml",
		"a:b.yaml": "./a:b.yaml", "100%.yaml": "100%25.yaml", "../before/a.yaml": "../before/a.yaml",
	} {
		if got := uriOf(file); got != want {
			t.Errorf("%q: %q, want %q", file, got, want)
		}
	}
}

// TestMoved: what is gone is shown in the file of the second source that has its name, without the line.
func TestMoved(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ before, after, file, want string }{
		{"../main/manifests", "manifests", "../main/manifests/a/b.yaml", "manifests/a/b.yaml:0"},
		{"../main/manifests/", "manifests/", "../main/manifests/b.yaml", "manifests/b.yaml:0"},
		{"main", "manifests", "mainly/b.yaml", "mainly/b.yaml:7"},
		{"old.yaml", "new.yaml", "old.yaml", "new.yaml:0"},
		{"old", "new.yaml", "old/a.yaml", "new.yaml:0"},
		{"old.yaml", "new", "old.yaml", "old.yaml:7"},
		{"", "", "base/a.yaml", "base/a.yaml:7"},
	} {
		c := &Compared{RootBefore: row.before, RootAfter: row.after}
		if got := c.moved(cluster.Origin{File: row.file, Line: 7}).String(); got != row.want {
			t.Errorf("%+v: %s", row, got)
		}
	}
}

// TestFlowsUnderFailOn: a flow fails, is an error or passes by --fail-on, in both formats.
func TestFlowsUnderFailOn(t *testing.T) {
	t.Parallel()
	flow := func(kind string, opens, closes bool) FlowChange {
		return FlowChange{Change: kind, Source: Endpoint{Kind: "Deployment", Name: kind}, Destination: Endpoint{Kind: "Deployment", Name: "x"}, mayOpen: opens, mayClose: closes}
	}
	for _, row := range []struct{ failOn, junit, sarif string }{
		{"", "passed passed passed", "note warning note"},
		{"opened", "failed erred passed", "error warning note"},
		{"closed", "passed passed failed", "note warning error"},
		{"any", "failed failed failed", "error error error"},
	} {
		d := &FlowDiff{By: "workload", Flows: []FlowChange{flow("opened", true, false), flow("changed", true, false), flow("closed", false, true)}}
		d.Judge(row.failOn, explain.Works)
		read, _ := readJUnit(t, d)
		var states, levels []string
		for _, c := range read.Suite.Cases[1:] {
			switch {
			case c.Failure != nil:
				states = append(states, "failed")
			case c.Error != nil:
				states = append(states, "erred")
			default:
				states = append(states, "passed")
			}
		}
		run, _ := readSARIF(t, d)
		for _, r := range run.Results {
			levels = append(levels, r.Level)
		}
		if got := strings.Join(states, " "); got != row.junit {
			t.Errorf("--fail-on %q: %s, want %s", row.failOn, got, row.junit)
		}
		if got := strings.Join(levels, " "); got != row.sarif {
			t.Errorf("--fail-on %q: %s, want %s", row.failOn, got, row.sarif)
		}
	}
}

// TestEveryFindingIsARule: rules have what viewers show, for each code of the catalogue.
func TestEveryFindingIsARule(t *testing.T) {
	t.Parallel()
	for _, c := range check.Documented {
		r := ruleNamed(c.Code)
		if r.ID != c.Code || r.Short.Text == "" || r.Full.Text == "" || r.Help.Markdown != c.Doc || r.Configuration.Level == "" || !strings.Contains(r.HelpURI, "#"+strings.ToLower(c.Code)+"-") {
			t.Errorf("%s: %+v", c.Code, r)
		}
	}
	for _, r := range slices.Concat(answerRules, changeRules, wayInRules) {
		if r.Short.Text == "" || r.Full.Text == "" || r.Help.Markdown == "" || r.Configuration.Level == "" {
			t.Errorf("%s: %+v", r.ID, r)
		}
	}
}

// TestJUnitCounts: what is counted in front is what there is.
func TestJUnitCounts(t *testing.T) {
	t.Parallel()
	states := []caseState{failed, failed, erred, passed, skipped, skipped, skipped}
	s := suite{name: "counts"}
	for i, state := range states {
		s.cases = append(s.cases, testCase{name: fmt.Sprint(i), state: state, kind: "k", message: "m", lines: []string{"one", "two"}})
	}
	var b bytes.Buffer
	if err := writeJUnit(&b, s); err != nil {
		t.Fatal(err)
	}
	var read junit
	if err := xml.Unmarshal(b.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if read.Tests != 7 || read.Failures != 2 || read.Errors != 1 || read.Skipped != 3 || read.Suite.Cases[0].Failure.Text != "one\ntwo" {
		t.Errorf("%+v\n%s", read, b.String())
	}
}
