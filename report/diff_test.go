package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// diffOf makes a comparison of some opened flows, every text of it the given one.
func diffOf(text string, flows int) *FlowDiff {
	d := &FlowDiff{
		Header: Header{APIVersion, "FlowDiff"}, By: "workload", Policies: []ChangedRules{{text + "/" + text, "changed"}}, Flows: []FlowChange{},
		Facts: []Fact{{Kind: "OtherLayer", Object: Object{Kind: "Pod", Name: text}, Key: text, Missing: text, Settle: text}},
		Gaps:  []Gap{{Resource: text, Namespace: text, Reason: "Forbidden", Detail: text, Command: text}}, Plugin: Plugin{Name: text, Enforces: "yes"},
		command: "kubectl netpol-doctor diff " + text, title: text,
	}
	for i := range flows {
		d.add(FlowChange{
			Change: "opened", Source: Endpoint{Kind: "Deployment", Namespace: text, Name: fmt.Sprint(text, i)}, Destination: Endpoint{Kind: "Deployment", Namespace: text, Name: text},
			Before: "Denied", After: "Allowed", Connections: []Connection{{Protocol: "TCP", Ports: []PortRange{{80, 80}}}},
			Risks: []Risk{{Risk: "Database", Evidence: []string{text}, text: text}}, Causes: []Cause{{Cause: "RuleAdmits", Policy: text + "/" + text, text: text}},
		})
	}
	return d
}

func renderDiff(t *testing.T, d *FlowDiff, format string) string {
	t.Helper()
	var out bytes.Buffer
	if err := Render(&out, format, d, Style{}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return out.String()
}

// What objects are called cannot become a formula in a spreadsheet, an escape sequence of a terminal or
// markup in a comment, and does not break JSON or YAML.
func TestDiffEscapesNames(t *testing.T) {
	t.Parallel()
	hostile := "=1+1\"]; <b>|</details>\x1b[31m`#"
	written := map[string]string{}
	for _, format := range DiffFormats() {
		written[format] = renderDiff(t, diffOf(hostile, 1), format)
		if strings.Contains(written[format], "\x1b") {
			t.Errorf("%s: an escape sequence", format)
		}
	}
	if err := json.Unmarshal([]byte(written["json"]), &map[string]any{}); err != nil {
		t.Error(err)
	}
	if err := yaml.Unmarshal([]byte(written["yaml"]), &map[string]any{}); err != nil {
		t.Error(err)
	}
	lines, err := csv.NewReader(strings.NewReader(written["csv"])).ReadAll()
	if err != nil || len(lines) != 2 || !strings.HasPrefix(lines[1][2], "'=") || !strings.HasPrefix(lines[1][17], "'=") {
		t.Errorf("%v %q", err, lines)
	}
	if strings.Contains(written["markdown"], "<b>") || strings.Contains(written["markdown"], "</details>") {
		t.Errorf("markup in %s", written["markdown"])
	}
}

// A comment on a pull request holds no more than 65,536 characters. What does not fit is counted, with
// the command that shows it.
func TestDiffFitsIntoAComment(t *testing.T) {
	t.Parallel()
	for _, flows := range []int{1, 10, 5000} {
		d := diffOf("a-name-of-usual-length", flows)
		page := renderDiff(t, d, "markdown")
		if n := utf8.RuneCountInString(page); n > 65_536 {
			t.Errorf("%d flows: %d characters", flows, n)
		}
		shown := strings.Count(page, "| opened |")
		cut := fmt.Sprintf("%d rows are left out here", flows-shown)
		if (shown < flows) != strings.Contains(page, cut) || (shown < flows) != strings.Contains(page, d.command) {
			t.Errorf("%d flows, %d shown; no %q in\n%.3000s", flows, shown, cut, page)
		}
		if flows <= 10 && shown != flows {
			t.Errorf("only %d of %d shown", shown, flows)
		}
		if !strings.Contains(page, "What could not be read") {
			t.Error("what could not be read is cut off")
		}
	}
}

// Text fits 80 columns.
func TestDiffFitsItsColumns(t *testing.T) {
	t.Parallel()
	page := renderDiff(t, diffOf("a-name-of-usual-length", 3), "table")
	for line := range strings.Lines(page) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// Whether there are flows of a kind: for certain, perhaps, or not.
func TestDiffFound(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		flows          []FlowChange
		kind           string
		found, perhaps bool
	}{
		{nil, "any", false, false},
		{[]FlowChange{{Change: "opened", mayOpen: true}}, "", false, false},
		{[]FlowChange{{Change: "opened", mayOpen: true}}, "closed", false, false},
		{[]FlowChange{{Change: "opened", mayOpen: true}}, "any", true, false},
		{[]FlowChange{{Change: "changed", mayOpen: true}}, "opened", false, true},
		{[]FlowChange{{Change: "changed", mayOpen: true}}, "closed", false, false},
		{[]FlowChange{{Change: "changed", mayClose: true}, {Change: "closed", mayClose: true}}, "closed", true, true},
	} {
		if found, perhaps := (&FlowDiff{Flows: row.flows}).Found(row.kind); found != row.found || perhaps != row.perhaps {
			t.Errorf("%v %q: %v %v", row.flows, row.kind, found, perhaps)
		}
	}
}
