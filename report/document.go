package report

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// APIVersion is the version of every document.
const APIVersion = "netpol-doctor.dev/v1alpha1"

// Header starts every document.
type Header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// Object names an object of the cluster.
type Object struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

func objectOf(r cluster.Ref) Object {
	return Object{APIVersion: r.APIVersion, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
}

// Endpoint is one end of a flow: an object of the cluster, or an address range outside.
type Endpoint struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	CIDR      string `json:"cidr,omitempty"`
}

// Rule points at a rule of a policy.
type Rule struct {
	Policy string `json:"policy"`
	Path   string `json:"path"`
}

// Direction is what policies say in one direction. Policies are exactly those that isolate, Rules
// exactly those that admit. Where several groups are treated differently only Verdict is there.
type Direction struct {
	Verdict  string   `json:"verdict"`
	Isolated *bool    `json:"isolated,omitempty"` // absent: not known, or not the same for all
	Policies []string `json:"policies,omitzero"`
	Rules    []Rule   `json:"rules,omitzero"`
}

func directionOf(verdict string, isolated policy.Truth, isolating []*cluster.Policy, admitting []policy.RuleRef) Direction {
	d := Direction{Verdict: verdict, Policies: []string{}, Rules: []Rule{}}
	if isolated != policy.Maybe {
		yes := isolated == policy.Yes
		d.Isolated = &yes
	}
	for _, p := range isolating {
		d.Policies = append(d.Policies, p.Namespace+"/"+p.Name)
	}
	for _, r := range admitting {
		d.Rules = append(d.Rules, Rule{Policy: r.PolicyName(), Path: r.Path()})
	}
	slices.Sort(d.Policies)
	return d
}

// Fact is something that is not known and that a verdict hangs on.
type Fact struct {
	Kind    string `json:"kind"`
	Object  Object `json:"object"`
	Key     string `json:"key,omitempty"`
	Missing string `json:"missing"`
	Settle  string `json:"settle"`
}

func factsOf(facts []policy.Fact) []Fact {
	out := make([]Fact, 0, len(facts))
	for _, f := range facts {
		words := explain.FactText(f)
		out = append(out, Fact{Kind: string(f.Kind), Object: objectOf(f.Object), Key: f.Key, Missing: words.Missing, Settle: words.Settle})
	}
	return out
}

// Gap is something that could not be read. Command is what somebody who may read it should run.
type Gap struct {
	Resource  string `json:"resource"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Reason    string `json:"reason"`
	Detail    string `json:"detail,omitempty"`
	Command   string `json:"command,omitempty"`
}

func gapsOf(gaps []cluster.Gap, command string) []Gap {
	out := make([]Gap, 0, len(gaps))
	for _, g := range gaps {
		out = append(out, Gap{Resource: g.Resource, Namespace: g.Namespace, Name: g.Name, Reason: string(g.Reason), Detail: g.Detail, Command: command})
	}
	return out
}

// Fix is an edit that was re-evaluated. Patch is what `kubectl patch --type=json` takes; where an
// object has to be added, Manifest is that object instead.
type Fix struct {
	Object   Object                      `json:"object"`
	Origin   string                      `json:"origin,omitempty"`
	Path     string                      `json:"path"`
	From     any                         `json:"from,omitempty"`
	To       any                         `json:"to,omitempty"`
	Patch    []change.Operation          `json:"patch,omitempty"`
	Manifest *networkingv1.NetworkPolicy `json:"manifest,omitempty"`
	// Cautions are reasons to think twice before it is made.
	Cautions []string `json:"cautions,omitempty"`

	// For people only: what it does in a sentence, the direction that it opens, and whether it mends what its finding says, not
	// what is wrong at the other end.
	text      string
	direction string
	own       bool
	place     cluster.Origin // where Origin is, as it is
}

func cautionsOf(e change.Edit) []string {
	var out []string
	for _, c := range e.Cautions {
		out = append(out, explain.CautionText(c))
	}
	return out
}

// fixOf returns one Fix, or a list of them where several objects have to be edited, or nil.
func fixOf(f check.Finding, o Options) any {
	var out []Fix
	for _, e := range f.Fix {
		out = append(out, Fix{
			Origin: o.locate(e.Origin, e.Path), place: o.place(e.Origin, e.Path), Object: objectOf(e.Object), Path: e.Path, From: e.From, To: e.To, Patch: e.Patch, Manifest: e.Manifest,
			Cautions: cautionsOf(e), text: explain.FixText(e), direction: e.Direction.String(), own: f.Own == nil || f.Own.Object == e.Object && f.Own.Path == e.Path,
		})
	}
	switch len(out) {
	case 0:
		return nil
	case 1:
		return out[0]
	}
	return out
}

// Finding is something that was found, the cause of a failure first.
type Finding struct {
	Code     string            `json:"code"`
	Severity string            `json:"severity"`
	Object   Object            `json:"object"`
	Field    string            `json:"field,omitempty"`
	Origin   string            `json:"origin,omitempty"`
	Message  string            `json:"message"`
	Evidence map[string]string `json:"evidence,omitempty"`
	Fix      any               `json:"fix,omitempty"`
	Advice   string            `json:"advice,omitempty"`

	place cluster.Origin // where Origin is, as it is
}

// Step is one stop of the walk.
type Step struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Status string `json:"status"`
	Lines  []Line `json:"lines"`
}

// Line is one thing that was seen at a step.
type Line struct {
	Status string `json:"status"`
	Label  string `json:"label,omitempty"`
	Text   string `json:"text"`
	// info: nothing is wrong, and it is worth knowing. In documents that is "ok"; people see the mark.
	info bool
	// short is what a finding is, for where Text stands below.
	short string
}

// shown is the status that people see the mark of.
func (l Line) shown() string {
	if l.info {
		return "info"
	}
	return l.Status
}

// statusOf is a status as documents have it.
func statusOf(s explain.Status) string {
	if s == explain.Known {
		s = explain.OK
	}
	return string(s)
}

func stepOf(s explain.Step) Step {
	out := Step{Name: string(s.Name), Title: s.Title, Status: string(s.Status), Lines: []Line{}}
	for _, l := range s.Lines {
		out.Lines = append(out.Lines, Line{Status: statusOf(l.Status), Label: l.Label, Text: l.Text, info: l.Status == explain.Known, short: l.Short})
	}
	return out
}

// Plugin is what runs the network, as far as it was seen.
type Plugin struct {
	Name     string   `json:"name"`
	Evidence []string `json:"evidence"`
	Enforces string   `json:"enforces"` // yes, no or unknown
}

func pluginOf(p policy.Plugin) Plugin {
	return Plugin{Name: p.Name, Evidence: append([]string{}, p.Evidence...), Enforces: p.Enforces.String()}
}
