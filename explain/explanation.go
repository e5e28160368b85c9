package explain

import (
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Subject is the sort of thing that is explained.
type Subject string

// The subjects.
const (
	SubjectPolicy  Subject = "Policy"
	SubjectPods    Subject = "Pods"
	SubjectFinding Subject = "Finding"
	SubjectSymptom Subject = "Symptom"
)

// Explanation says what something means: a policy, what applies to some pods, a finding, or what
// a symptom points at.
type Explanation struct {
	Subject Subject
	Object  cluster.Ref // the policy or the target; empty for findings and symptoms
	Origin  cluster.Origin
	About   string // for a headline
	Text    string // what it comes down to, in a sentence or two; may be empty
	// Treatments are how pods are treated: what a policy does to those it selects, or a group for
	// each way in which policies treat the pods that were asked about.
	Treatments []Treatment
	// Notes are what is easily overlooked, and what is not known.
	Notes []Note
	// Findings are entries of the catalogue, likeliest first.
	Findings []check.Shown
	// Runbook is the address of the page about the symptom; may be empty.
	Runbook string
	Facts   []policy.Fact
	// Snapshot is the cluster that was looked at, nil where none was needed.
	Snapshot *cluster.Snapshot
	Plugin   policy.Plugin
	// Incomplete: something that the explanation needs could not be read.
	Incomplete bool
}

// Result is Works where everything that is needed was read, and Unclear where not.
func (e *Explanation) Result() Result {
	if e.Incomplete {
		return Unclear
	}
	return Works
}

// Note is something to know about a place in a policy, or about the whole.
type Note struct {
	Status Status
	Code   string // of the finding that it is about; may be empty
	Path   string // "ns/policy spec.ingress[0]"; may be empty
	Text   string
}

// note adds a note, once.
func (e *Explanation) note(status Status, code, path, text string) {
	if n := (Note{status, code, path, text}); !slices.Contains(e.Notes, n) {
		e.Notes = append(e.Notes, n)
	}
}

// unread adds facts that are missing because something could not be read.
func (e *Explanation) unread(facts ...policy.Fact) {
	e.Incomplete = e.Incomplete || len(facts) > 0
	e.fact(facts...)
}

// fact adds facts that are missing, each once.
func (e *Explanation) fact(facts ...policy.Fact) {
	for _, f := range facts {
		if !slices.Contains(e.Facts, f) {
			e.Facts = append(e.Facts, f)
		}
	}
}

// found adds what the checks of the catalogue have to say about policies.
func (e *Explanation) found(p *check.Pass, policies []*cluster.Policy) {
	p.Policies = policies
	for _, f := range check.Run(p) {
		path := f.Field
		if f.Object.Kind == "NetworkPolicy" && path != "" {
			path = e.place(f.Object.Namespace, f.Object.Name, path)
		}
		e.note(statusOf(f.Severity), f.Code, path, f.Message)
	}
}

// told tells whether a finding is already noted about a place in the policy that is explained, or
// about a part of it, or about the whole that it is in.
func (e *Explanation) told(code, path string) bool {
	return slices.ContainsFunc(e.Notes, func(n Note) bool {
		return n.Code == code && n.Path != "" && (strings.HasPrefix(n.Path, path) || strings.HasPrefix(path, n.Path))
	})
}

// place names a place in a policy; that of the policy which is explained by its path alone.
func (e *Explanation) place(namespace, name, path string) string {
	if e.Object.Kind == "NetworkPolicy" && e.Object.Namespace == namespace && e.Object.Name == name {
		return path
	}
	return name + " " + path
}

// Treatment is what policies do to pods that they treat alike.
type Treatment struct {
	Who        string        // the pods in words
	Objects    []cluster.Ref // their workloads, or the pods themselves that have none
	Directions []Isolation   // ingress, then egress
}

// Isolation is what policies do in one direction.
type Isolation struct {
	Direction policy.Direction
	Isolated  policy.Truth
	Policies  []*cluster.Policy // those that isolate for certain
	Text      string            // what it comes down to
	Opens     []Opening
}

// Opening is what one peer of a rule opens, or the whole rule where it names none.
type Opening struct {
	Rule  policy.RuleRef
	Who   Who
	Ports string
	// Certain: the policy selects the pods for certain.
	Certain bool
}
