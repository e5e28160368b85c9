package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Opens is what the fixes of a document, all made, open and close beside the flows that were asked
// about, by workload.
type Opens struct {
	// Complete: every flow that is opened, or may be, is among Flows.
	Complete bool `json:"complete"`
	// Namespaces are those in which both ends were looked for; absent: every one.
	Namespaces []string `json:"namespaces,omitempty"`
	// NotRead are namespaces of which something could not be read, where flows may be opened too.
	NotRead []string     `json:"notRead,omitempty"`
	Flows   []FlowChange `json:"flows"`

	nothing, limits string
	lines           []*diffLine
	page            *FlowDiff
}

func opensOf(o *explain.Opens) *Opens {
	if o == nil {
		return nil
	}
	page := &FlowDiff{By: string(flows.ByWorkload), Flows: []FlowChange{}, public: ends.Internet(o.After)}
	for _, c := range o.Changes {
		f := flowChange(o.After, page.public, c)
		if c.After == policy.Unknown {
			for _, fact := range slices.Compact(slices.SortedFunc(slices.Values(c.FactsAfter), policy.Fact.Compare)) {
				f.Causes = append(f.Causes, causeOf(flows.Cause{Kind: flows.NotKnown, Fact: fact}, Options{}))
			}
		}
		page.add(f)
	}
	slices.SortStableFunc(page.Flows, func(a, b FlowChange) int {
		return cmp.Or(cmp.Compare(a.kind(), b.kind()), cmp.Compare(a.risk(), b.risk()))
	})
	return &Opens{
		Complete: o.Complete(), Namespaces: o.Namespaces, NotRead: o.NotRead, Flows: page.Flows,
		nothing: o.Nothing(), limits: o.Limits(), lines: page.lines(), page: page,
	}
}

// mostOpened is how many flows of a kind people are shown.
const mostOpened = 8

// opened is a line of what is opened, for people.
type opened struct {
	label, text string
	risky       bool
}

// texts says what is opened, risks first, what may be, what is closed, and where nobody looked.
func (o *Opens) texts() []opened {
	if o == nil {
		return nil
	}
	var out []opened
	opens := false
	for _, section := range []struct {
		label string
		has   func(*diffLine) bool
	}{
		{"Opens", func(l *diffLine) bool { return l.Change == string(flows.Opened) }},
		{"May open", func(l *diffLine) bool { return l.Change == string(flows.Changed) && l.mayOpen }},
		{"May close", func(l *diffLine) bool { return l.Change == string(flows.Changed) && !l.mayOpen }},
		{"Closes", func(l *diffLine) bool { return l.Change == string(flows.Closed) }},
	} {
		found := slices.DeleteFunc(slices.Clone(o.lines), func(l *diffLine) bool { return !section.has(l) })
		label, also := section.label, ""
		if label == "Opens" || label == "May open" {
			also = "also " // beside what was asked about
		}
		opens = opens || len(found) > 0 && found[0].mayOpen
		for _, b := range o.bundles(found[:min(len(found), mostOpened)]) {
			text := also + strings.Join(b.from, ", ") + " → " + strings.Join(b.to, ", ") + ": " + b.what
			if b.risk != "" {
				text += "; " + b.risk
			}
			out = append(out, opened{label, text, b.risk != ""})
			label, also = "", ""
		}
		if more := len(found) - mostOpened; more > 0 {
			out = append(out, opened{text: fmt.Sprintf("and %d more, all of which -o json lists", more)})
		}
		if section.label == "May open" {
			switch {
			case !opens:
				out = append(out, opened{label: "Opens", text: o.nothing})
			case o.limits != "":
				out = append(out, opened{text: o.limits})
			}
		}
	}
	return out
}

// bundle is flows of which the same is said, from several ends or to several.
type bundle struct {
	from, to   []string
	what, risk string
}

// bundles puts flows together that go to the same end, and of the others those that come from the same.
func (o *Opens) bundles(lines []*diffLine) []*bundle {
	var all []*bundle
	for _, l := range lines {
		from, to := o.page.who(l)
		one := &bundle{[]string{from}, []string{to}, strings.Join(append([]string{l.what()}, l.because()...), "; "), l.riskText()}
		i := slices.IndexFunc(all, func(b *bundle) bool { return b.says(one) && b.to[0] == to })
		if i < 0 {
			all = append(all, one)
			continue
		}
		all[i].from = append(all[i].from, from)
	}
	var out []*bundle
	for _, b := range all {
		i := slices.IndexFunc(out, func(known *bundle) bool { return known.says(b) && slices.Equal(known.from, b.from) })
		if i < 0 {
			out = append(out, b)
			continue
		}
		out[i].to = append(out[i].to, b.to...)
	}
	return out
}

func (b *bundle) says(o *bundle) bool { return b.what == o.what && b.risk == o.risk }

// rows are the texts as rows of a grid. What to look at twice is marked.
func (o *Opens) rows(s Style) [][]string {
	var rows [][]string
	for _, l := range o.texts() {
		text := Plain(l.text)
		if l.risky {
			text = s.mark("warning") + " " + text
		}
		rows = append(rows, []string{l.label, text})
	}
	return rows
}

// sentences are the texts for a page without columns.
func (o *Opens) sentences() []string {
	var out []string
	label := ""
	for _, l := range o.texts() {
		label = cmp.Or(l.label, label)
		text := label + " " + l.text
		if l.label == "" && l.text == o.limits {
			text = l.text
		}
		out = append(out, text)
	}
	return out
}
