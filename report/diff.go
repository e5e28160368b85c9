package report

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// FlowDiff is the answer of `diff`: what may talk to what in one cluster and not in another, or not
// in the same way.
type FlowDiff struct {
	Header
	By           string         `json:"by"`
	Namespaces   []string       `json:"namespaces,omitempty"` // that are compared; none: all
	Counts       DiffCounts     `json:"counts"`
	Policies     []ChangedRules `json:"policies"`          // that are not the same
	LeftOut      []Object       `json:"leftOut,omitempty"` // changed, in other namespaces
	Flows        []FlowChange   `json:"flows"`
	Entries      []EntryChange  `json:"entries,omitempty"` // Ingresses and routes that lead in, or did
	Facts        []Fact         `json:"facts"`
	Gaps         []Gap          `json:"gaps"`
	Plugin       Plugin         `json:"plugin"`
	PluginBefore *Plugin        `json:"pluginBefore,omitempty"` // where it is another

	public           []netip.Prefix
	command, version string
	title, note      string
	// failOn and result are what Judge was told.
	failOn, result string
}

// DiffCounts is how many of the flows below are of each kind. Risky are those of them with a risk.
type DiffCounts struct {
	Opened  int `json:"opened"`
	Closed  int `json:"closed"`
	Changed int `json:"changed"`
	Risky   int `json:"risky"`
}

// ChangedRules is a policy that was added, removed or changed.
type ChangedRules struct {
	Policy string `json:"policy"`
	Change string `json:"change"`
}

// FlowChange is ports between two ends of which one verdict became another.
type FlowChange struct {
	Change      string       `json:"change"` // opened, closed or changed
	Source      Endpoint     `json:"source"`
	Destination Endpoint     `json:"destination"`
	Before      string       `json:"before"`
	After       string       `json:"after"`
	Connections []Connection `json:"connections"`
	// PartialBefore, PartialAfter: not every pod of both ends was, or is, treated alike.
	PartialBefore bool `json:"partialBefore,omitempty"`
	PartialAfter  bool `json:"partialAfter,omitempty"`
	// Stays is what is allowed between the ends before and after.
	Stays []Connection `json:"stays,omitempty"`
	// New and Gone name the ends that were not there before, or are not any more.
	New   []string `json:"new,omitempty"`
	Gone  []string `json:"gone,omitempty"`
	Risks []Risk   `json:"risks"`
	// Causes are why, of one flow of each stretch of ports.
	Causes  []Cause    `json:"causes,omitempty"`
	Through []MapEntry `json:"through,omitempty"`

	mayOpen, mayClose bool
	place             cluster.Origin // where to look, in what comes after
}

// Risk is a reason to look twice at a flow that is opened, and what speaks for it.
type Risk struct {
	Risk     string   `json:"risk"`
	Evidence []string `json:"evidence"`

	text string
}

// Cause is a reason why a flow is another than it was.
type Cause struct {
	Cause     string  `json:"cause"`
	Direction string  `json:"direction,omitempty"`
	Policy    string  `json:"policy,omitempty"`
	Path      string  `json:"path,omitempty"`
	Change    string  `json:"policyChange,omitempty"`
	Origin    string  `json:"origin,omitempty"`
	Object    *Object `json:"object,omitempty"`
	Missing   string  `json:"missing,omitempty"`

	text string
}

// Compared is what two clusters were compared by.
type Compared struct {
	Before, After             *cluster.Snapshot
	PluginBefore, PluginAfter policy.Plugin
	Gaps                      []cluster.Gap
	Worlds                    *flows.Worlds
	Changes                   []flows.Change
	WaysBefore, WaysAfter     []flows.WayIn
	By                        flows.By
	Ports                     flows.PortSet               // only these are told
	Title                     string                      // what was compared, for people
	Namespaces                []string                    // that are compared; nil: all
	Known                     func(namespace string) bool // both clusters were read there; nil: everywhere
	LeftOut                   []cluster.Ref               // changed objects in other namespaces
	Note                      string                      // which namespaces are compared that nobody asked for
	// RootBefore and RootAfter are the two sources as they were named; empty where the cluster is one.
	RootBefore, RootAfter string
}

// NewFlowDiff makes the document of a comparison. What is opened comes first, and of that what is
// risky.
func NewFlowDiff(c Compared, o Options) *FlowDiff {
	d := &FlowDiff{
		Header: Header{APIVersion, "FlowDiff"}, By: string(c.By), Policies: []ChangedRules{}, Flows: []FlowChange{},
		Gaps: gapsOf(c.Gaps, o.Reread), Plugin: pluginOf(c.PluginAfter), public: ends.Internet(c.After), command: o.Command, version: o.Version, title: c.Title,
		Namespaces: c.Namespaces, note: c.Note,
	}
	d.Entries = entryChanges(c)
	for i := range d.Entries {
		d.Entries[i].place = c.placeOfWay(d.Entries[i])
	}
	for _, r := range c.LeftOut {
		d.LeftOut = append(d.LeftOut, objectOf(r))
	}
	if c.PluginBefore.Name != c.PluginAfter.Name {
		before := pluginOf(c.PluginBefore)
		d.PluginBefore = &before
	}
	changed := c.Worlds.Policies()
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		if namespace, _, _ := strings.Cut(name, "/"); c.Known != nil && !c.Known(namespace) {
			continue
		}
		d.Policies = append(d.Policies, ChangedRules{name, string(changed[name])})
	}
	facts := map[policy.Fact]bool{}
	for _, one := range c.Changes {
		shown := one
		if shown.Ports = one.Ports.And(c.Ports); shown.Ports.Empty() {
			continue
		}
		if one.Before == policy.Unknown {
			note(facts, one.FactsBefore)
		}
		if one.After == policy.Unknown {
			note(facts, one.FactsAfter)
		}
		d.add(d.flow(c, shown, o))
	}
	d.Facts = factsOf(slices.SortedFunc(maps.Keys(facts), policy.Fact.Compare))
	slices.SortStableFunc(d.Flows, func(a, b FlowChange) int {
		return cmp.Or(cmp.Compare(a.kind(), b.kind()), cmp.Compare(a.risk(), b.risk()))
	})
	return d
}

func note(facts map[policy.Fact]bool, some []policy.Fact) {
	for _, f := range some {
		facts[f] = true
	}
}

func (d *FlowDiff) add(f FlowChange) {
	switch f.Change {
	case string(flows.Opened):
		d.Counts.Opened++
	case string(flows.Closed):
		d.Counts.Closed++
	default:
		d.Counts.Changed++
	}
	if len(f.Risks) > 0 {
		d.Counts.Risky++
	}
	d.Flows = append(d.Flows, f)
}

// kind orders by what happened: opened, may have been opened, closed.
func (f FlowChange) kind() int {
	return slices.Index([]string{string(flows.Opened), string(flows.Changed), string(flows.Closed)}, f.Change)
}

// risk is the place of the first risk; those without come last.
func (f FlowChange) risk() int {
	if len(f.Risks) == 0 {
		return len(check.RiskKinds)
	}
	return f.Risks[0].rank()
}

func (r Risk) rank() int { return slices.Index(check.RiskKinds, check.RiskKind(r.Risk)) }

func (d *FlowDiff) flow(c Compared, f flows.Change, o Options) FlowChange {
	out := flowChange(c.After, d.public, f)
	for _, cause := range c.Worlds.Causes(f) {
		out.Causes = append(out.Causes, causeOf(cause, o))
		if out.place.File == "" && cause.Policy != nil {
			out.place = c.placeOf(cause.Policy, cause.Path, o)
		}
	}
	if out.place.File == "" {
		out.place = c.placeOfEnds(f.Destination.Ref, f.Source.Ref)
	}
	return out
}

// flowChange is a change without its causes. Its risks are those in the cluster as it is after it, of
// which public are the addresses of the internet.
func flowChange(after *cluster.Snapshot, public []netip.Prefix, f flows.Change) FlowChange {
	out := FlowChange{
		Change: string(f.Kind()), Source: mapEnd(f.Source), Destination: mapEnd(f.Destination),
		Before: f.Before.String(), After: f.After.String(), Connections: connectionsOf(f.Ports), Stays: connectionsOf(f.Stays),
		PartialBefore: f.PartialBefore, PartialAfter: f.PartialAfter, Through: entriesOf(f.Through, f.Ports), Risks: []Risk{},
		mayOpen: f.MayOpen(), mayClose: f.MayClose(),
	}
	for _, e := range []struct {
		name string
		in   flows.Presence
	}{{"source", f.SourceIn}, {"destination", f.DestinationIn}} {
		switch e.in {
		case flows.OnlyAfter:
			out.New = append(out.New, e.name)
		case flows.OnlyBefore:
			out.Gone = append(out.Gone, e.name)
		}
	}
	if f.MayOpen() {
		for _, r := range check.Risks(after, f, public) {
			out.Risks = append(out.Risks, Risk{Risk: string(r.Kind), Evidence: r.Evidence, text: explain.RiskText(r)})
		}
	}
	return out
}

func causeOf(c flows.Cause, o Options) Cause {
	out := Cause{Cause: string(c.Kind), Direction: c.Direction.String(), Path: c.Path, Change: string(c.Change), text: explain.CauseText(c)}
	if c.Policy != nil {
		out.Policy, out.Origin = c.Policy.Namespace+"/"+c.Policy.Name, o.locate(c.Policy.Origin, c.Path)
	}
	if c.Object.Kind != "" {
		object := objectOf(c.Object)
		out.Object = &object
	}
	if c.Kind == flows.NotKnown {
		out.Missing = explain.FactText(c.Fact).Missing
	}
	return out
}

// DiffFormats lists the formats of a comparison, sorted.
func DiffFormats() []string { return And("csv", JUnit, SARIF) }

// Found tells whether there are flows, or ways in, of a kind ("opened", "closed", "any"; "" is none), and whether
// there may be some: it hangs on what is not known, or on which pods are meant.
func (d *FlowDiff) Found(kind string) (found, perhaps bool) {
	for _, f := range d.Flows {
		switch kind {
		case "any":
			return true, false
		case string(flows.Opened):
			perhaps = perhaps || f.mayOpen
		case string(flows.Closed):
			perhaps = perhaps || f.mayClose
		}
		found = found || f.Change == kind
	}
	for _, e := range d.Entries {
		if e.unread {
			perhaps = perhaps || kind == "any" || kind == string(flows.Opened) && e.After != nil || kind == string(flows.Closed) && e.Before != nil
			continue
		}
		found = found || kind == "any" || e.Change == kind
		perhaps = perhaps || e.Change == string(flows.Changed) && (kind == string(flows.Opened) && e.Before.open() != policy.Yes || kind == string(flows.Closed) && e.After.open() != policy.Yes)
	}
	return found, perhaps
}
