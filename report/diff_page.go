package report

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// diffGroup is flows of one kind with the same causes and risks, for people.
type diffGroup struct {
	FlowChange
	lines []*diffLine
}

// diffLine is one flow; addresses outside that are alike are one line.
type diffLine struct {
	FlowChange
	ranges []netip.Prefix
}

// groups puts flows together that have the same causes and risks, in order.
func (d *FlowDiff) groups() []*diffGroup {
	var out []*diffGroup
	index := map[string]*diffGroup{}
	for _, l := range d.lines() {
		key := fmt.Sprintf("%s\x00%s\x00%s", l.Change, l.riskText(), strings.Join(l.because(), "\x00"))
		g := index[key]
		if g == nil {
			g = &diffGroup{FlowChange: l.FlowChange}
			index[key] = g
			out = append(out, g)
		}
		g.lines = append(g.lines, l)
	}
	return out
}

// lines puts addresses outside together of which the same is said. What is a risk of some of them is
// one of the line.
func (d *FlowDiff) lines() []*diffLine {
	var out []*diffLine
	index := map[string]*diffLine{}
	for _, f := range d.Flows {
		l := &diffLine{FlowChange: f}
		if cidr := f.Source.CIDR + f.Destination.CIDR; cidr != "" {
			whole := netip.MustParsePrefix(cidr)
			key := fmt.Sprintf("%s %q %q %s %q", f.Change, typedEnd(f.Source), typedEnd(f.Destination), f.what(), f.because())
			if known := index[key]; known != nil {
				known.ranges = append(known.ranges, whole)
				known.Risks = joinRisks(known.Risks, f.Risks)
				continue
			}
			index[key] = l
			l.ranges = []netip.Prefix{whole}
		}
		out = append(out, l)
	}
	for _, l := range out {
		slices.SortFunc(l.ranges, func(a, b netip.Prefix) int { return cmp.Or(a.Addr().Compare(b.Addr()), a.Bits()-b.Bits()) })
	}
	slices.SortStableFunc(out, func(a, b *diffLine) int {
		return cmp.Or(cmp.Compare(a.kind(), b.kind()), cmp.Compare(a.risk(), b.risk()))
	})
	return out
}

// joinRisks puts the risks of two flows together, in the order of their kinds.
func joinRisks(a, b []Risk) []Risk {
	out := slices.Clone(a)
	for _, r := range b {
		if !slices.ContainsFunc(out, func(known Risk) bool { return known.text == r.text }) {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b Risk) int { return cmp.Compare(a.rank(), b.rank()) })
	return out
}

// who names both ends of a line.
func (d *FlowDiff) who(l *diffLine) (from, to string) {
	name := func(e Endpoint, role string) string {
		text := typedEnd(e)
		if text == "" {
			text = outsideText(d.public, l.ranges)
		}
		switch {
		case slices.Contains(l.New, role):
			text += " (new)"
		case slices.Contains(l.Gone, role):
			text += " (gone)"
		}
		return text
	}
	return name(l.Source, "source"), name(l.Destination, "destination")
}

// what is said of a flow beside its ends.
func (f FlowChange) what() string {
	text := portsText(f.Connections)
	switch {
	case f.Before == f.After && f.PartialBefore == f.PartialAfter && f.Before == policy.Allowed.String():
		text += ": allowed for other pods of these than before"
	case f.Before == f.After && f.PartialBefore == f.PartialAfter:
		text += ": Unknown as before, but it hangs on something else"
	case f.Change == string(flows.Changed):
		text += ": " + verdictText(f.Before, f.PartialBefore) + " → " + verdictText(f.After, f.PartialAfter)
	case f.PartialAfter && f.After == policy.Allowed.String() || f.PartialBefore && f.Before == policy.Allowed.String():
		text += ", not for all pods"
	}
	if len(f.Stays) > 0 && f.Before != f.After {
		text += " (still allowed: " + portsText(f.Stays) + ")"
	}
	return text
}

func verdictText(verdict string, partial bool) string {
	if partial && verdict != policy.Denied.String() {
		return verdict + " for some pods"
	}
	return verdict
}

func (f FlowChange) riskText() string {
	var texts []string
	for _, r := range f.Risks {
		texts = append(texts, r.text)
	}
	return strings.Join(texts, "; ")
}

func (f FlowChange) because() []string {
	var texts []string
	for _, c := range f.Causes {
		texts = append(texts, c.text)
	}
	return texts
}

// summary counts what is shown, or says that there is nothing.
func (d *FlowDiff) summary(groups []*diffGroup) string {
	if len(groups) == 0 {
		text := "No flow"
		if d.result == string(explain.Unclear) { // such as policies that could not be read
			text = "As far as is known, no flow"
		}
		if d.Namespaces != nil {
			text += " of " + NamespacesText(d.Namespaces)
		}
		if len(d.Policies) > 0 {
			return fmt.Sprintf("%s changes, although %s.", text, d.policiesText())
		}
		return text + " changes."
	}
	counts, risky := map[string]int{}, 0
	for _, g := range groups {
		counts[g.Change] += len(g.lines)
		if len(g.Risks) > 0 {
			risky += len(g.lines)
		}
	}
	var parts []string
	for _, kind := range []flows.Kind{flows.Opened, flows.Closed, flows.Changed} {
		if n := counts[string(kind)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	text := "Flows by " + d.By + ": " + strings.Join(parts, ", ")
	if risky > 0 {
		text += fmt.Sprintf("; %d to look at twice", risky)
	}
	return text + "."
}

// policiesText counts the policies that are not the same.
func (d *FlowDiff) policiesText() string {
	counts := map[string]int{}
	for _, p := range d.Policies {
		counts[p.Change]++
	}
	var parts []string
	for _, change := range []string{"added", "removed", "changed"} {
		if n := counts[change]; n > 0 {
			parts = append(parts, plural(n, "NetworkPolicy is "+change, "NetworkPolicies are "+change))
		}
	}
	return strings.Join(parts, ", ")
}

// notes are said beside the summary.
func (d *FlowDiff) notes() []string {
	var out []string
	if d.Plugin.Enforces == policy.No.String() {
		out = append(out, "Nothing that enforces NetworkPolicies was seen: this is what they say, not what is so.")
	}
	if d.PluginBefore != nil {
		out = append(out, fmt.Sprintf("The network plugin seen before is %s, after it %s; where that makes a difference, flows differ for it. --network-plugin NAME compares both under one.", cmp.Or(d.PluginBefore.Name, "not known"), cmp.Or(d.Plugin.Name, "not known")))
	}
	if d.note != "" {
		out = append(out, d.note)
	}
	if len(d.LeftOut) > 0 {
		var names []string
		for i, o := range d.LeftOut {
			if i == mostLeftOut {
				names = append(names, fmt.Sprintf("%d more", len(d.LeftOut)-i))
				break
			}
			names = append(names, o.Kind+" "+strings.TrimPrefix(o.Namespace+"/"+o.Name, "/"))
		}
		out = append(out, fmt.Sprintf("Left out, as they are in other namespaces: %s. What these open and close elsewhere is not told; -A compares all namespaces.", strings.Join(names, ", ")))
	}
	return out
}

// mostLeftOut is how many objects are named that a comparison leaves out.
const mostLeftOut = 5

// NamespacesText names namespaces in a sentence.
func NamespacesText(names []string) string {
	switch last := len(names) - 1; {
	case last < 0:
		return "no namespace"
	case last == 0:
		return "namespace " + names[0]
	default:
		return "namespaces " + strings.Join(names[:last], ", ") + " and " + names[last]
	}
}

// diffSections are the parts of the page, by the kind of change.
var diffSections = []struct{ kind, title, mark, color string }{
	{string(flows.Opened), "Opened", "+", yellow}, {string(flows.Changed), "Changed", "~", yellow}, {string(flows.Closed), "Closed", "-", bold},
}

func (d *FlowDiff) table(w io.Writer, s Style) error {
	page := &pager{w: w, style: s}
	page.blank()
	page.text("", s.paint(bold, Plain(d.title)))
	groups := d.groups()
	for _, section := range diffSections {
		first := true
		for _, g := range groups {
			if g.Change != section.kind {
				continue
			}
			page.blank()
			if first {
				page.text("", s.paint(bold, section.title))
				page.blank()
				first = false
			}
			mark, label := s.paint(section.color, section.mark), "Because"
			if len(g.Risks) > 0 {
				mark = s.mark("warning")
			}
			var rows [][]string
			for _, l := range g.lines {
				from, to := d.who(l)
				rows = append(rows, []string{mark, Plain(from + " → " + to + ": " + l.what())})
			}
			page.grid(rows)
			rows = nil
			if len(g.Risks) > 0 {
				rows = append(rows, []string{"", "Risk", Plain(g.riskText())})
			}
			for _, text := range g.because() {
				rows = append(rows, []string{"", label, Plain(text)})
				label = ""
			}
			page.grid(rows)
		}
	}
	d.entriesTable(page)
	page.blank()
	page.text("", Plain(d.summary(groups)+d.entriesText()))
	for _, note := range d.notes() {
		page.text("", Plain(note))
	}
	page.missing(d.Facts, d.Gaps, unclear(d.Facts))
	return page.err
}

func unclear(facts []Fact) string {
	if len(facts) > 0 {
		return "Unclear"
	}
	return ""
}
