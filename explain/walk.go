package explain

import (
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
)

// Status is how a step of the walk came out.
type Status string

// The statuses.
const (
	OK       Status = "ok"
	Known    Status = "info" // nothing is wrong, and it is worth knowing
	Problem  Status = "problem"
	Warning  Status = "warning"
	NotKnown Status = "unknown"
	Skipped  Status = "skipped"
)

// Step is one stop of the walk.
type Step struct {
	Name   StepName
	Title  string
	Status Status
	// Lines say what was seen, most important first.
	Lines []Line
}

// Line is one thing that was seen.
type Line struct {
	Status Status
	// Label is what the line is about, in a word or two; may be empty.
	Label string
	Text  string
	// Short is what a finding is, where Text is all that was found; empty for other lines.
	Short string
}

// StepName identifies a step in documents and is the command that shows it alone.
type StepName string

// The steps, in the order of the walk. Each but the first is a command of its own.
const (
	StepEndpoints  StepName = "endpoints"
	StepLabels     StepName = "labels"
	StepNamespaces StepName = "namespaces"
	StepPorts      StepName = "ports"
	StepRules      StepName = "rules"
	StepDNS        StepName = "dns"
	StepPolicy     StepName = "policy"

	// StepRights is no stop of the walk: it is what the command policy shows with --who.
	StepRights StepName = "rights"
)

// families are the findings that a step shows: the hundreds of their codes.
var families = map[StepName]string{
	StepEndpoints:  "NPD7",
	StepLabels:     "NPD1",
	StepNamespaces: "NPD2",
	StepPorts:      "NPD3",
	StepRules:      "NPD4",
	StepDNS:        "NPD5",
	StepPolicy:     "NPD6",
	StepRights:     "NPD65",
}

// walk makes the steps of a diagnosis.
func (d *Diagnosis) walk() []Step {
	steps := []Step{
		{Name: StepEndpoints, Title: "Endpoints", Lines: d.endpointLines()},
		{Name: StepLabels, Title: "Pod labels", Lines: d.labelLines()},
		{Name: StepNamespaces, Title: "Namespace labels", Lines: d.namespaceLines()},
		{Name: StepPorts, Title: "Ports", Lines: d.portLines()},
		{Name: StepRules, Title: "Rules", Lines: d.ruleLines()},
		{Name: StepDNS, Title: "DNS", Lines: d.dnsLines()},
		{Name: StepPolicy, Title: "Policy logic", Lines: d.policyLines()},
	}
	for i := range steps {
		steps[i].finish(d.Findings)
	}
	return steps
}

// finish puts what was found in front of what was seen, and sums up.
func (s *Step) finish(findings []check.Finding) {
	var found []Line
	for _, f := range findings {
		if strings.HasPrefix(f.Code, families[s.Name]) {
			found = append(found, Line{Status: statusOf(f.Severity), Label: f.Code, Text: f.Message, Short: check.TitleOf(f.Code)})
		}
	}
	s.Lines = append(found, s.Lines...)
	s.Status = worst(s.Lines)
}

func statusOf(s check.Severity) Status {
	switch s {
	case check.Error:
		return Problem
	case check.Warning:
		return Warning
	}
	return Known
}

// worst is the status that a person should see first. A step without lines was skipped; one with
// things to know is none the worse for it.
func worst(lines []Line) Status {
	if len(lines) == 0 {
		return Skipped
	}
	rank := map[Status]int{Problem: 4, NotKnown: 3, Warning: 2, OK: 1, Skipped: 0}
	out := Skipped
	for _, l := range lines {
		status := l.Status
		if status == Known {
			status = OK
		}
		if rank[status] > rank[out] {
			out = status
		}
	}
	return out
}

// Step returns the step with that name.
func (d *Diagnosis) Step(name StepName) Step {
	for _, s := range d.Steps {
		if s.Name == name {
			return s
		}
	}
	return Step{Name: name, Status: Skipped}
}
