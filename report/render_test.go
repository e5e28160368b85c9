package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/change"
)

// document makes a diagnosis in which every text that can come from a cluster is the given one.
func document(text string) *Diagnosis {
	object := Object{APIVersion: "v1", Kind: "Pod", Namespace: text, Name: text}
	fix := Fix{Object: object, Origin: text + ":1", Path: text, From: text, To: text, Patch: []change.Operation{{Op: "replace", Path: "/" + text, Value: text}}}
	return &Diagnosis{
		Header: Header{APIVersion, "Diagnosis"}, Source: Endpoint{Kind: "Pod", Namespace: text, Name: text}, Verdict: "Unknown", Result: "Unclear",
		Steps:    []Step{{Name: "labels", Title: "Pod labels", Status: "problem", Lines: []Line{{Status: "ok", Label: text, Text: text}, {Status: "unknown", Text: text}}}},
		Findings: []Finding{{Code: "NPD101", Severity: "error", Object: object, Message: text, Fix: fix, Evidence: map[string]string{text: text}}, {Code: "NPD601", Severity: "warning", Object: object, Message: text, Advice: text}},
		Facts:    []Fact{{Kind: "OtherLayer", Object: object, Key: text, Missing: text, Settle: text}},
		Gaps:     []Gap{{Resource: text, Namespace: text, Reason: "Forbidden", Detail: text, Command: text}},
		Plugin:   Plugin{Name: text, Evidence: []string{text}, Enforces: "unknown"},
		Origin:   &Provenance{Changes: []Change{{Object: object, Change: "Written", At: text, Manager: text, Fields: []string{text}}}, Notes: []string{text}},
		from:     text, to: text, summary: text, command: text, fixed: []string{text}, changed: []string{text}, noted: []string{text},
	}
}

func render(t *testing.T, format, text string, style Style) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, format, document(text), style); err != nil {
		t.Fatalf("rendering %s: %v", format, err)
	}
	return b.String()
}

func TestUnknownFormatListsThoseThereAre(t *testing.T) {
	t.Parallel()
	err := Render(&bytes.Buffer{}, "toml", document("x"), Style{})
	if err == nil || !strings.Contains(err.Error(), "json, markdown, table, yaml") {
		t.Errorf("unknown format: %v", err)
	}
}

func TestColourSaysNothingThatSignsDoNot(t *testing.T) {
	t.Parallel()
	coloured := render(t, "table", "web", Style{Width: 100, Color: true})
	if !strings.Contains(coloured, "\x1b[") {
		t.Fatal("no colour at all")
	}
	stripped := coloured
	for _, c := range []string{red, green, yellow, bold, bold + ";" + red, bold + ";" + green, bold + ";" + yellow, "0"} {
		stripped = strings.ReplaceAll(stripped, "\x1b["+c+"m", "")
	}
	if plain := render(t, "table", "web", Style{Width: 100}); plain != stripped {
		t.Errorf("without colour:\n%s\ncolour taken off:\n%s", plain, stripped)
	}
}

func TestLinesFitTheWidth(t *testing.T) {
	t.Parallel()
	for _, width := range []int{40, 80, 160} {
		for line := range strings.Lines(render(t, "table", strings.Repeat("a-long-label=value ", 20), Style{Width: width})) {
			copied := strings.HasPrefix(line, indent+indent+"kubectl patch") // meant to be copied whole
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > width && !copied {
				t.Errorf("at %d columns a line has %d: %q", width, n, line)
			}
		}
	}
}

// FuzzRender: whatever a cluster's objects are called, no format breaks, and a terminal gets no
// control characters from them.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{"web", "a|b", "<script>alert(1)</script>", "\x1b[31m", "`code`", "[x](javascript:1)", "\u202e", "a\nb", "'; rm -rf /", "\xff\xfe", "```", "日本語"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, width := range []int{0, 40, 200} {
			for _, r := range render(t, "table", text, Style{Width: width}) {
				if r != '\n' && r != '\u200d' && unicode.Is(unicode.C, r) {
					t.Fatalf("the table holds the control character %U", r)
				}
			}
		}
		var fromJSON, fromYAML any
		if err := json.Unmarshal([]byte(render(t, "json", text, Style{})), &fromJSON); err != nil {
			t.Fatalf("the JSON does not parse: %v", err)
		}
		if err := yaml.Unmarshal([]byte(render(t, "yaml", text, Style{})), &fromYAML); err != nil {
			t.Fatalf("the YAML does not parse: %v", err)
		}
		want, got := mustJSON(t, fromJSON), mustJSON(t, fromYAML)
		if want != got {
			t.Fatalf("JSON and YAML differ:\n%s\n%s", want, got)
		}
		readJUnit(t, document(text))
		readSARIF(t, document(text))
		page := render(t, "markdown", text, Style{})
		page = fenced.ReplaceAllString(page, "")
		if markup := unescaped.FindString(strings.ReplaceAll(strings.ReplaceAll(page, `\\`, ""), "<br>", "")); markup != "" {
			t.Fatalf("the Markdown holds markup, %q:\n%s", markup, page)
		}
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "| Pod labels") && strings.Count(strings.ReplaceAll(strings.ReplaceAll(line, `\\`, ""), `\|`, ""), "|") != 4 {
				t.Fatalf("a table row was broken: %q", line)
			}
		}
	})
}

// fenced is a block of code, in which markup means nothing. Its fence may be longer than three.
var fenced = regexp.MustCompile("(?ms)^(```+)[a-z]+\n.*?^```+\n")

// unescaped is a character that starts markup and has no backslash before it.
var unescaped = regexp.MustCompile("(^|[^\\\\])[<`\\[]")

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
