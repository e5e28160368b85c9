package explain

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Everywhere answers a question of every namespace, one after the other, as one answer. What the
// namespaces have in common is said once.
func Everywhere(q One, answer func(One) (*OneStep, error)) (*OneStep, error) {
	q.Target = nil
	plugin, profile := policy.Recognise(q.Snapshot, q.Plugin)
	q.compiled = policy.Compile(q.Snapshot, profile)
	all := &OneStep{About: "all namespaces", Snapshot: q.Snapshot, Plugin: plugin}
	for _, n := range q.Snapshot.AllNamespaces() {
		q.Namespace = n.Name
		one, err := answer(q)
		if err != nil {
			return nil, err
		}
		all.Step.Name, all.Step.Title = one.Step.Name, one.Step.Title
		// What was found stands in front of what was seen, and does so again below.
		all.addLines(n.Name, one.Step.Lines[len(one.Findings):])
		for _, f := range one.Findings {
			if !slices.ContainsFunc(all.Findings, func(o check.Finding) bool { return sameFinding(o, f) }) {
				all.Findings = append(all.Findings, f)
			}
		}
		for _, f := range one.Facts {
			if !slices.Contains(all.Facts, f) {
				all.Facts = append(all.Facts, f)
			}
		}
	}
	all.Step.finish(all.Findings)
	all.conclude()
	return all, nil
}

func sameFinding(a, b check.Finding) bool {
	return a.Code == b.Code && a.Object == b.Object && a.Field == b.Field && a.Message == b.Message
}

// addLines adds what was seen of a namespace, under its name. What follows a line with a label is
// about the same thing; a line that needs none of both is the same for every namespace.
func (o *OneStep) addLines(namespace string, lines []Line) {
	for i, l := range lines {
		switch {
		case l.Status == Skipped && l.Label == "":
			if slices.Contains(o.Step.Lines, l) {
				continue
			}
		case l.Label == "" && i == 0:
			l.Label = namespace
		case l.Label != "" && l.Label != namespace:
			l.Label = namespace + "/" + l.Label
		}
		o.Step.Lines = append(o.Step.Lines, l)
	}
}
