package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/profile"
)

// EnforcementReport is the answer of `probe --check-enforcement`.
type EnforcementReport struct {
	Header
	Result      string            `json:"result"`
	Summary     string            `json:"summary"`
	Trials      []TrialAnswer     `json:"trials"` // in the order in which they were made
	NotMeasured []NotMeasured     `json:"notMeasured"`
	Nodes       map[string]string `json:"nodes"`              // that the pods were on
	IPFamily    string            `json:"ipFamily,omitempty"` // that was tried
	Profile     *profile.Document `json:"profile"`
	// Connection says why it is not known what becomes of open connections.
	Connection string   `json:"connection,omitempty"`
	Remains    []string `json:"remains"` // commands for what could not be deleted
	Facts      []Fact   `json:"facts"`   // what may let through what NetworkPolicies deny
	Gaps       []Gap    `json:"gaps"`    // what of it could not be read

	command string
}

// TrialAnswer is one question that was tried.
type TrialAnswer struct {
	Name          string      `json:"name"`
	Asks          string      `json:"asks"`
	Specification string      `json:"specification"` // the answer that it demands; unknown: it leaves it open
	Source        string      `json:"source"`
	Answer        string      `json:"answer"`
	Skipped       bool        `json:"skipped,omitempty"`
	Why           string      `json:"why,omitempty"` // why there is no answer
	Behaviour     string      `json:"behaviour,omitempty"`
	Lines         []TrialLine `json:"lines"`

	status string
}

// TrialLine is a connection of a trial.
type TrialLine struct {
	Connection string `json:"connection"`
	Guard      bool   `json:"guard,omitempty"` // it shows that the policies are in force
	Wanted     string `json:"wanted"`          // for the answer yes: Connected, or Denied
	Observed   string `json:"observed"`
	Detail     string `json:"detail,omitempty"`
}

// NotMeasured is a behaviour that no trial measures.
type NotMeasured struct {
	Behaviour string `json:"behaviour"`
	Why       string `json:"why"`
}

// NewEnforcementReport makes the document of a check. Extends is the profile that ships and that the
// measured one completes; empty: none. Command is what somebody who may read more should run.
func NewEnforcementReport(c *probe.Check, extends, command string) *EnforcementReport {
	r := &EnforcementReport{
		Header: Header{APIVersion, "EnforcementReport"}, Result: string(c.Result()), Summary: c.Summary(), Trials: []TrialAnswer{}, NotMeasured: []NotMeasured{},
		Nodes: c.Nodes, IPFamily: c.Family, Profile: c.Profile(extends), Connection: c.ConnectionWhy, Remains: append([]string{}, c.Remains...),
		Facts: factsOf(c.Facts), Gaps: gapsOf(c.Gaps, command), command: command,
	}
	if r.Nodes == nil {
		r.Nodes = map[string]string{}
	}
	for _, a := range c.Answers {
		r.Trials = append(r.Trials, trialOf(a))
	}
	for _, u := range probe.Unmeasured {
		r.NotMeasured = append(r.NotMeasured, NotMeasured{string(u.Behaviour), u.Why})
	}
	return r
}

func trialOf(a probe.Answered) TrialAnswer {
	t := TrialAnswer{
		Name: a.Name, Asks: a.Asks, Specification: a.Spec.String(), Source: a.Source, Answer: a.Answer.String(), Skipped: a.Skipped, Why: a.Why,
		Behaviour: string(a.Behaviour), Lines: []TrialLine{},
	}
	for i, s := range a.Saw {
		wanted, seen := "Denied", s.Under
		if s.Connects {
			wanted = probe.Connected.String()
		}
		if s.Before.Outcome != probe.Connected {
			seen = s.Before
		}
		t.Lines = append(t.Lines, TrialLine{Connection: s.Key(), Guard: i < len(a.Guards), Wanted: wanted, Observed: seen.Outcome.String(), Detail: seen.Reason})
	}
	switch {
	case a.Skipped:
		t.status = "skipped"
	case a.Answer == policy.Maybe:
		t.status = "unknown"
	case a.Deviates():
		t.status = "problem"
	case a.Spec == policy.Maybe:
		t.status = "info"
	default:
		t.status = "ok"
	}
	return t
}

// file is what YAML is printed of: what --network-plugin takes.
func (r *EnforcementReport) file() any { return r.Profile }

// text is the answer in a line.
func (t TrialAnswer) text() string {
	switch t.status {
	case "skipped":
		return t.Asks + " not tested: " + t.Why
	case "unknown":
		return t.Asks + " not known: " + t.Why
	case "ok":
		return t.Asks + " " + t.Answer
	}
	var seen []string
	for _, l := range t.Lines {
		if !l.Guard {
			seen = append(seen, l.Connection+" "+l.Observed)
		}
	}
	return t.Asks + " " + t.Answer + " (" + strings.Join(seen, ", ") + ")"
}

// measured is what was measured beside answers, in sentences.
func (r *EnforcementReport) measured() []string {
	var all []string
	m := r.Profile.Measured
	if m == nil {
		return nil
	}
	if m.DeniedIngress != "" || m.DeniedEgress != "" {
		all = append(all, fmt.Sprintf("a client that is denied sees %s (ingress), %s (egress)", orNothing(m.DeniedIngress), orNothing(m.DeniedEgress)))
	}
	if m.BitesMilliseconds > 0 {
		all = append(all, fmt.Sprintf("a policy bites within %d ms of its creation, and opens again within %d ms of its deletion, as seen from here", m.BitesMilliseconds, m.OpensMilliseconds))
	}
	switch {
	case m.OpenConnections == probe.Kept.String():
		all = append(all, "connections that are open when a policy denies them are kept")
	case m.OpenConnections == probe.Cut.String():
		all = append(all, "connections that are open when a policy denies them are cut")
	case r.Connection != "":
		all = append(all, "what becomes of open connections is not known: "+r.Connection)
	}
	return all
}

func orNothing(outcome string) string {
	if outcome == "" {
		return "nothing"
	}
	return outcome
}

// where says what the answers hold for.
func (r *EnforcementReport) where() string {
	nodes := slices.Compact(slices.Sorted(maps.Values(r.Nodes)))
	if len(nodes) == 0 {
		return ""
	}
	over, other := "", ""
	if r.IPFamily != "" {
		over, other = " over "+r.IPFamily, ", and of the other IP family,"
	}
	return "seen" + over + " between pods on " + strings.Join(nodes, ", ") + "; of other nodes" + other + " it shows nothing"
}

func (r *EnforcementReport) table(w io.Writer, s Style) error {
	page := &pager{w: w, style: s}
	page.blank()
	page.text("", s.paint(bold, "Does the network plugin do what NetworkPolicies say?"))
	page.blank()
	var rows [][]string
	for _, t := range r.Trials {
		if !t.Skipped {
			rows = append(rows, []string{s.mark(t.status) + " " + t.Name, Plain(t.text())})
		}
	}
	for _, t := range r.Trials {
		if t.Skipped {
			rows = append(rows, []string{s.mark(t.status) + " " + t.Name, Plain(t.Why)})
		}
	}
	page.grid(rows)
	rows = nil
	for _, m := range r.measured() {
		rows = append(rows, []string{"Measured", Plain(m)})
	}
	if where := r.where(); where != "" {
		rows = append(rows, []string{"Where", Plain(where)})
	}
	for _, command := range r.Remains {
		rows = append(rows, []string{"Remains", Plain(command)})
	}
	if len(rows) > 0 {
		page.blank()
		page.grid(rows)
	}
	page.blank()
	page.verdict(r.Result, r.Summary)
	page.missing(r.Facts, r.Gaps, r.Result)
	page.blank()
	page.text("Use it", "probe --check-enforcement -o yaml prints it as a profile, which --network-plugin FILE takes")
	return page.err
}

func (r *EnforcementReport) markdown(w io.Writer) error {
	page := &pager{w: w}
	page.line("## Enforcement of NetworkPolicies")
	page.blank()
	page.line("**" + r.Result + "**: " + markdown(r.Summary) + ".")
	page.blank()
	for _, t := range r.Trials {
		page.line("- " + Style{}.mark(t.status) + " " + markdown(t.Name) + ": " + markdown(t.text()))
	}
	for _, m := range r.measured() {
		page.line("- measured: " + markdown(m))
	}
	if where := r.where(); where != "" {
		page.line("- " + markdown(where))
	}
	for _, command := range r.Remains {
		page.line("- remains: " + markdown(command))
	}
	page.unknown(r.Result, r.Facts, r.Gaps)
	return page.err
}
