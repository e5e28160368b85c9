package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"sigs.k8s.io/yaml"
)

// explained makes an explanation in which every text that can come from a cluster, or from whoever
// asks, is the given one.
func explained(subject, text string) *Explanation {
	object := Object{APIVersion: "v1", Kind: "Pod", Namespace: text, Name: text}
	opening := Opening{Policy: "shop/" + text, Path: "spec.ingress[0]", Means: text, Now: text, Open: text, Objects: []Object{object}, Namespaces: []string{text}, Ports: text, text: text}
	direction := Isolation{Direction: "ingress", Policies: []string{text}, Text: text + ":", Opens: []Opening{opening, opening}, from: "from"}
	treatment := Treatment{Who: text, Objects: []Object{object}, Directions: []Isolation{direction}}
	return &Explanation{
		Header: Header{APIVersion, "Explanation"}, Subject: subject, Object: &object, Origin: text + ":1", About: text, Text: text,
		Treatments: []Treatment{treatment, treatment},
		Notes:      []Note{{Status: "warning", Code: "NPD301", Path: text + " spec.ingress[0]", Text: text}, {Status: "unknown", Text: text}},
		Findings:   []CatalogueEntry{{Code: "NPD301", Severity: "error", Title: "title", Doc: "Doc.\n\nFix: it.", Symptoms: []string{"504"}, Symptom: "504"}},
		Facts:      []Fact{{Kind: "OtherLayer", Object: object, Missing: text, Settle: text}},
		Gaps:       []Gap{{Resource: text, Namespace: text, Reason: "Forbidden", Command: text}},
		Plugin:     &Plugin{Name: text, Evidence: []string{text}, Enforces: "unknown"},
		command:    text, result: "Unclear",
	}
}

var subjects = []string{"Policy", "Pods", "Finding", "Symptom"}

func renderExplained(t *testing.T, subject, format, text string, style Style) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, format, explained(subject, text), style); err != nil {
		t.Fatalf("rendering %s: %v", format, err)
	}
	return b.String()
}

// TestNothingEscapesFromAnExplanation: whatever the objects of a cluster are called, a terminal gets
// no control characters, Markdown no markup, and JSON and YAML say the same.
func TestNothingEscapesFromAnExplanation(t *testing.T) {
	t.Parallel()
	linked := regexp.MustCompile("(^|[^\\\\])[<`\\[]")
	for _, text := range []string{"web", "a|b", "<script>alert(1)</script>", "\x1b[31mred", "`code`", "[x](javascript:1)", "\u202egnp", "a\nb", "\xff\xfe", "日本語"} {
		for _, subject := range subjects {
			for _, width := range []int{0, 40, 200} {
				for _, r := range renderExplained(t, subject, "table", text, Style{Width: width}) {
					if r != '\n' && unicode.Is(unicode.C, r) {
						t.Errorf("%s of %q: the table holds the control character %U", subject, text, r)
					}
				}
			}
			page := renderExplained(t, subject, "markdown", text, Style{})
			if markup := linked.FindString(strings.ReplaceAll(page, `\\`, "")); markup != "" {
				t.Errorf("%s of %q: the Markdown holds markup, %q:\n%s", subject, text, markup, page)
			}
			for line := range strings.Lines(page) {
				if strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 4 {
					t.Errorf("%s of %q: a row of the table was broken: %q", subject, text, line)
				}
			}
			var fromJSON, fromYAML any
			if err := json.Unmarshal([]byte(renderExplained(t, subject, "json", text, Style{})), &fromJSON); err != nil {
				t.Errorf("%s of %q: the JSON does not parse: %v", subject, text, err)
			}
			if err := yaml.Unmarshal([]byte(renderExplained(t, subject, "yaml", text, Style{})), &fromYAML); err != nil {
				t.Errorf("%s of %q: the YAML does not parse: %v", subject, text, err)
			}
			if mustJSON(t, fromJSON) != mustJSON(t, fromYAML) {
				t.Errorf("%s of %q: JSON and YAML differ", subject, text)
			}
		}
	}
}

func TestExplanationsFitTheWidth(t *testing.T) {
	t.Parallel()
	for _, subject := range subjects {
		for _, text := range []string{"web", strings.Repeat("a-long-label=value ", 20), strings.Repeat("one/very.long.word", 20)} {
			for _, width := range []int{40, 80, 160} {
				for line := range strings.Lines(renderExplained(t, subject, "table", text, Style{Width: width})) {
					if n := len([]rune(strings.TrimRight(line, "\n"))); n > width {
						t.Errorf("%s: at %d columns a line has %d: %q", subject, width, n, line)
					}
				}
			}
		}
	}
}

func TestColumnsShareTheWidth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		widths, shares []int
		width          int
		want           []int
	}{
		{[]int{5, 5, 5}, []int{5, 2, 4}, 80, []int{5, 5, 5}},       // all fit
		{[]int{100, 8, 100}, []int{5, 2, 4}, 80, []int{40, 8, 32}}, // what is left over is shared
		{[]int{100, 100, 100}, []int{1, 1, 1}, 9, []int{3, 3, 3}},  // nobody has enough
		{[]int{100, 2, 10}, []int{1, 1, 1}, 90, []int{78, 2, 10}},  // one takes the rest
		{[]int{100, 100, 100}, []int{5, 2, 4}, 2, []int{1, 1, 1}},  // at least one each
		{[]int{41, 8, 20}, []int{5, 2, 4}, 74, []int{41, 8, 20}},   // one that needs more than its share, while others leave some
	} {
		got := append([]int{}, c.widths...)
		fit(got, c.shares, c.width)
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%v by %v in %d: %v, want %v", c.widths, c.shares, c.width, got, c.want)
				break
			}
		}
	}
}

func TestDocFallsIntoParts(t *testing.T) {
	t.Parallel()
	parts := docParts("What it is,\nin two lines.\n\nWhat you see: a timeout.\n\nMore of it.\n\nVerify: kubectl get.\n\nFix: mend it.")
	want := []docPart{{"", "What it is, in two lines."}, {"What you see", "a timeout."}, {"", "More of it."}, {"Verify", "kubectl get."}, {"Fix", "mend it."}}
	if len(parts) != len(want) {
		t.Fatalf("%q", parts)
	}
	for i := range want {
		if parts[i] != want[i] {
			t.Errorf("part %d: %q, want %q", i, parts[i], want[i])
		}
	}
}
