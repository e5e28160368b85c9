package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// home is where the program and its documentation are.
const home = "https://github.com/netpol-doctor/netpol-doctor"

// logged is a document that can be written as SARIF.
type logged interface{ log() sarifRun }

// sarifRun is what a document says in SARIF.
type sarifRun struct {
	command, version string
	result           string // Works, Fails or Unclear
	results          []sarifResult
	facts            []Fact
	gaps             []Gap
}

// sarifResult is one thing that was found.
type sarifResult struct {
	code    string
	level   string // error, warning or note
	message string
	place   cluster.Origin
	objects []Object // logical locations
	field   string   // of the first object
	// key is what stays the same of it when lines and words change.
	key        []string
	properties map[string]any
}

// levelOf is the SARIF level of a severity.
func levelOf(severity string) string {
	if severity == string(check.Info) {
		return "note"
	}
	return severity
}

// The types below are the parts of SARIF 2.1.0 that are written. Source: OASIS Standard, Static Analysis
// Results Interchange Format (SARIF) Version 2.1.0.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifOne `json:"runs"`
	}
	sarifOne struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifWritten    `json:"results"`
		ColumnKind  string            `json:"columnKind"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string       `json:"id"`
		Short         sarifMessage `json:"shortDescription"`
		Full          sarifMessage `json:"fullDescription"`
		Help          sarifHelp    `json:"help"`
		HelpURI       string       `json:"helpUri,omitempty"`
		Configuration sarifLevel   `json:"defaultConfiguration"`
	}
	sarifHelp struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		CommandLine         string      `json:"commandLine,omitempty"`
		ExecutionSuccessful bool        `json:"executionSuccessful"`
		ExitCode            int         `json:"exitCode"`
		Description         string      `json:"exitCodeDescription"`
		Notes               []sarifNote `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNote struct {
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifWritten struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   map[string]any    `json:"properties,omitempty"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// exits says how a run with a result ends.
var exits = map[string]struct {
	code int
	text string
}{"Works": {0, "works"}, "Fails": {1, "fails: a problem was found"}, "Unclear": {3, "unclear: it could not be determined"}}

// writeSARIF writes what was found as a SARIF log. Rules are those that something was found of.
func writeSARIF(w io.Writer, run sarifRun) error {
	exit := exits[run.result]
	invocation := sarifInvocation{CommandLine: Plain(run.command), ExecutionSuccessful: true, ExitCode: exit.code, Description: exit.text}
	if run.result == "Unclear" {
		for _, f := range run.facts {
			invocation.Notes = append(invocation.Notes, sarifNote{"warning", sarifMessage{sarifText("Not known: " + f.Missing + ". To find out: " + f.Settle)}})
		}
	}
	for _, g := range unread(run.gaps) {
		invocation.Notes = append(invocation.Notes, sarifNote{"warning", sarifMessage{sarifText("Not read: " + gapText(g))}})
	}
	one := sarifOne{
		Tool:        sarifTool{sarifDriver{Name: "netpol-doctor", Version: run.version, InformationURI: home, Rules: rulesOf(run.results)}},
		Invocations: []sarifInvocation{invocation}, Results: []sarifWritten{}, ColumnKind: "unicodeCodePoints",
	}
	seen := map[string]int{}
	for _, r := range run.results {
		written := sarifWritten{
			RuleID: r.code, RuleIndex: slices.IndexFunc(one.Tool.Driver.Rules, func(rule sarifRule) bool { return rule.ID == r.code }),
			Level: r.level, Message: sarifMessage{sarifText(r.message)}, Locations: r.locations(), Properties: r.properties,
		}
		print := r.fingerprint()
		seen[print]++
		written.Fingerprints = map[string]string{"netpolDoctor/v1": fmt.Sprintf("%s:%d", print, seen[print])}
		one.Results = append(one.Results, written)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifOne{one}}); err != nil {
		return fmt.Errorf("writing SARIF: %w", err)
	}
	_, err := w.Write(printable(text.Bytes()))
	return err
}

// fingerprint is the same for the same problem of the same object, whatever line it is on and however
// it is worded.
func (r sarifResult) fingerprint() string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{r.code}, r.key...), "\x00")))
	return fmt.Sprintf("%x", sum[:16])
}

// locations are the line of a file, where it is known, and the objects.
func (r sarifResult) locations() []sarifLocation {
	var l sarifLocation
	if uri := uriOf(r.place.File); uri != "" {
		l.Physical = &sarifPhysical{sarifArtifact{uri}, sarifRegion{max(r.place.Line, 1)}}
	}
	for i, object := range r.objects {
		if object.Name == "" {
			continue
		}
		full := strings.ToLower(object.Kind) + "/" + object.Name
		if object.Namespace != "" {
			full = object.Namespace + "/" + full
		}
		if i == 0 && r.field != "" {
			full += " " + r.field
		}
		logical := sarifLogical{Name: Plain(object.Name), Full: Plain(full), Kind: "resource"}
		if !slices.Contains(l.Logical, logical) { // a flow within a workload has it twice
			l.Logical = append(l.Logical, logical)
		}
	}
	if l.Physical == nil && len(l.Logical) == 0 {
		return nil
	}
	return []sarifLocation{l}
}

// uriOf is the URI of a file, relative as its path is: who reads it is in the same folder. Standard
// input is at no place.
func uriOf(file string) string {
	if file == "" || file == "stdin" {
		return ""
	}
	name := path.Clean(filepath.ToSlash(file))
	u := url.URL{Path: name}
	if path.IsAbs(name) {
		u.Scheme = "file"
	}
	return u.String()
}

// sarifText makes text harmless in a message, in which [text](target) would be a link and {0} a
// placeholder. Source: SARIF 2.1.0, 3.11.5 and 3.11.6.
func sarifText(text string) string {
	return strings.NewReplacer("](", "] (", "{", "{{", "}", "}}").Replace(Plain(text))
}

// rulesOf are the rules of some results, in the order of their codes.
func rulesOf(results []sarifResult) []sarifRule {
	rules := []sarifRule{}
	for _, r := range results {
		if slices.ContainsFunc(rules, func(known sarifRule) bool { return known.ID == r.code }) {
			continue
		}
		rules = append(rules, ruleNamed(r.code))
	}
	slices.SortFunc(rules, func(a, b sarifRule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

func ruleNamed(code string) sarifRule {
	for _, r := range slices.Concat(changeRules, wayInRules, answerRules) {
		if r.ID == code {
			return r
		}
	}
	c, _ := check.ByCode(code)
	r := ruleOf(code, c.Title, levelOf(string(c.Severity)), c.Doc)
	r.HelpURI = home + "/blob/main/docs/findings.md#" + findingAnchor(c)
	return r
}

// findingAnchor is what the heading of a finding is called in links to docs/findings.md.
func findingAnchor(c check.Check) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_':
			return r
		}
		return -1
	}, strings.ToLower(c.Code+": "+c.Title))
}

func ruleOf(code, title, level, doc string) sarifRule {
	first, _, _ := strings.Cut(doc, "\n\n")
	return sarifRule{
		ID: code, Short: sarifMessage{title}, Full: sarifMessage{strings.Join(strings.Fields(first), " ")},
		Help: sarifHelp{Text: doc, Markdown: doc}, Configuration: sarifLevel{level},
	}
}
