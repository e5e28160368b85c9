package report

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// pageData is what the scripts of the page read. Ends, policies and facts are told by their place
// in the lists.
type pageData struct {
	Scope      string     `json:"scope"`
	By         string     `json:"by"`
	ObservedAt string     `json:"observedAt,omitempty"`
	Plugin     Plugin     `json:"plugin"`
	Note       string     `json:"note,omitempty"`
	Shown      []string   `json:"shown"` // the verdicts that the map was asked for
	Ends       []pageEnd  `json:"ends"`
	Flows      []pageFlow `json:"flows"`
	WaysIn     []MapWayIn `json:"waysIn"` // as in the JSON document; flows name those that they are of
	Policies   []string   `json:"policies"`
	Facts      []Fact     `json:"facts"`
	Gaps       []Gap      `json:"gaps"`
}

// pageEnd is an object of the cluster, addresses outside, or a Service, an Ingress or a route that leads in
// from there.
type pageEnd struct {
	Kind      string         `json:"kind"`
	Namespace string         `json:"namespace,omitempty"`
	Name      string         `json:"name"`
	Place     string         `json:"place"` // inside, from (outside), entry or to (outside)
	Ranges    []string       `json:"ranges,omitempty"`
	Outside   []string       `json:"outside,omitempty"`
	Pods      int            `json:"pods,omitempty"`
	Template  bool           `json:"template,omitempty"`
	Egress    *pageIsolation `json:"egress,omitempty"`
	Ingress   *pageIsolation `json:"ingress,omitempty"`
}

// pageIsolation is what isolates the pods of an end in a direction.
type pageIsolation struct {
	Isolated string `json:"isolated"` // yes, no or unknown
	Differs  bool   `json:"differs,omitempty"`
	Exempt   bool   `json:"exempt,omitempty"`
	Policies []int  `json:"policies,omitempty"`
	May      []int  `json:"may,omitempty"`
}

// pageFlow is a flow for people: addresses outside that are alike are one end.
type pageFlow struct {
	From        int          `json:"from"`
	To          int          `json:"to"`
	Verdict     string       `json:"verdict"`
	Partial     bool         `json:"partial,omitempty"`
	Text        string       `json:"text"` // the ports
	Connections []Connection `json:"connections"`
	Entries     []pageEntry  `json:"entries,omitempty"`
	Egress      pageCause    `json:"egress"`
	Ingress     pageCause    `json:"ingress"`
	Facts       []int        `json:"facts,omitempty"`
}

// pageEntry is ports of a Service by which a flow comes in, or the hosts of an Ingress or a route whose
// requests it carries.
type pageEntry struct {
	End       int      `json:"end"`
	Ports     []string `json:"ports"` // "443/TCP → 8443", "shop.example.com → 8080/TCP"
	Rewritten bool     `json:"rewritten,omitempty"`
}

// pageCause is what decides a flow in a direction.
type pageCause struct {
	Policies []int      `json:"policies,omitempty"`
	Rules    []pageRule `json:"rules,omitempty"`
	Perhaps  []pageRule `json:"perhaps,omitempty"`
	Exempt   []string   `json:"exempt,omitempty"`
	Others   []string   `json:"others,omitempty"`
	Open     bool       `json:"open,omitempty"`
	Denies   bool       `json:"denies,omitempty"`
}

type pageRule struct {
	Policy int    `json:"policy"`
	Path   string `json:"path"`
}

// pageBuilder numbers what is said once and meant often.
type pageBuilder struct {
	m        *Map
	data     *pageData
	ends     map[string]int
	policies map[string]int
	facts    map[policy.Fact]int
	carried  map[[2]Endpoint][]carried // by the ends of flows
}

// carried is a backend of a way in.
type carried struct {
	in      MapWayIn
	backend MapWayInBackend
	port    int32
}

// pageData collects the page. A map with more flows than anybody can look at is an error.
func (m *Map) pageData() (*pageData, error) {
	if n, err := m.countLines(); err != nil {
		return nil, err
	} else if n > MostOnPage {
		return nil, fmt.Errorf("a page of this map would show %d flows, more than %d; narrow it with -n, --from, --to or --port, or ask for --by namespace", n, MostOnPage)
	}
	whole := *m
	if m.Page.Rows != nil {
		whole.rows = m.Page.Rows
	}
	lines, err := whole.lines()
	if err != nil {
		return nil, err
	}
	b := &pageBuilder{m: m, ends: map[string]int{}, policies: map[string]int{}, facts: map[policy.Fact]int{}, carried: map[[2]Endpoint][]carried{}}
	waysIn := m.entries()
	b.carry(waysIn)
	b.data = &pageData{
		Scope: m.Page.Scope, By: m.By, ObservedAt: timeOf(m.Page.Observed), Plugin: m.Plugin, Note: strings.Join(m.notes(), " "), Shown: m.wanted.verdicts(),
		WaysIn: waysIn, Ends: []pageEnd{}, Flows: []pageFlow{}, Policies: []string{}, Facts: m.sortedFacts(), Gaps: m.Gaps,
	}
	for i, f := range m.factsInOrder() {
		b.facts[f] = i
	}
	b.bounds(lines)
	for _, l := range lines {
		b.flow(l)
	}
	return b.data, nil
}

// countLines counts the flows as a page shows them, without what decides.
func (m *Map) countLines() (int, error) {
	n, outside := 0, map[string]bool{}
	err := m.each(func(f MapFlow) error {
		if f.Source.CIDR+f.Destination.CIDR == "" {
			n++
		} else {
			outside[(&mapLine{MapFlow: f, source: typedEnd(f.Source), destination: typedEnd(f.Destination)}).alike()] = true
		}
		return nil
	})
	return n + len(outside), err
}

// verdicts are those that the filter lets through.
func (f MapFilter) verdicts() []string {
	all := !f.Denied && !f.Unknown
	var out []string
	for _, v := range []struct {
		verdict policy.Verdict
		shown   bool
	}{{policy.Allowed, all}, {policy.Denied, f.Denied}, {policy.Unknown, all || f.Unknown}} {
		if v.shown {
			out = append(out, v.verdict.String())
		}
	}
	return out
}

// bounds lists the objects of the cluster. Those without a flow are shown too, unless the map was
// narrowed to some ends.
func (b *pageBuilder) bounds(lines []*mapLine) {
	seen := map[Endpoint]bool{}
	for _, l := range lines {
		seen[l.Source], seen[l.Destination] = true, true
	}
	for _, bound := range b.m.Page.Bounds {
		e := mapEnd(bound.End)
		if !seen[e] && !bound.Wanted {
			continue
		}
		end := pageEnd{
			Kind: e.Kind, Namespace: e.Namespace, Name: e.Name, Place: "inside", Pods: bound.Pods, Template: bound.Template,
			Egress: b.isolation(bound.Egress), Ingress: b.isolation(bound.Ingress),
		}
		b.end(insideKey(e), end)
	}
}

func insideKey(e Endpoint) string { return fmt.Sprintf("%q %q %q", e.Kind, e.Namespace, e.Name) }

// end returns the place of an end, which is added when it is first met.
func (b *pageBuilder) end(key string, end pageEnd) int {
	i, known := b.ends[key]
	if !known {
		i = len(b.data.Ends)
		b.ends[key] = i
		b.data.Ends = append(b.data.Ends, end)
	}
	return i
}

func (b *pageBuilder) isolation(i flows.Isolation) *pageIsolation {
	return &pageIsolation{Isolated: i.Isolated.String(), Differs: i.Differs, Exempt: i.Exempt, Policies: b.policyList(i.Policies), May: b.policyList(i.May)}
}

func (b *pageBuilder) policyList(policies []*cluster.Policy) []int {
	var out []int
	for _, p := range policies {
		out = append(out, b.policy(p.Namespace+"/"+p.Name))
	}
	return out
}

func (b *pageBuilder) policy(name string) int {
	i, known := b.policies[name]
	if !known {
		i = len(b.data.Policies)
		b.policies[name] = i
		b.data.Policies = append(b.data.Policies, name)
	}
	return i
}

func (b *pageBuilder) flow(l *mapLine) {
	f := pageFlow{
		From: b.lineEnd(l.Source, l.ranges, "from"), To: b.lineEnd(l.Destination, l.ranges, "to"), Verdict: l.Verdict, Partial: l.Partial,
		Text: portsText(l.Connections), Connections: l.Connections,
	}
	if l.why != nil {
		f.Egress, f.Ingress = b.cause(l.why.Egress), b.cause(l.why.Ingress)
	}
	for _, fact := range l.facts {
		if i, known := b.facts[fact]; known && !slices.Contains(f.Facts, i) {
			f.Facts = append(f.Facts, i)
		}
	}
	slices.Sort(f.Facts)
	for _, e := range l.Through {
		namespace, name, _ := strings.Cut(e.Service, "/")
		end := b.end(fmt.Sprintf("entry %q", e.Service), pageEnd{Kind: e.Type, Namespace: namespace, Name: name, Place: "entry"})
		i := slices.IndexFunc(f.Entries, func(known pageEntry) bool { return known.End == end })
		if i < 0 {
			i = len(f.Entries)
			f.Entries = append(f.Entries, pageEntry{End: end, Rewritten: e.SourceRewritten})
		}
		port := fmt.Sprintf("%d/%s", e.Port, e.Protocol)
		if e.Port != e.PodPort {
			port += fmt.Sprintf(" → %d", e.PodPort)
		}
		f.Entries[i].Ports = append(f.Entries[i].Ports, port)
	}
	b.carries(&f, l)
	b.data.Flows = append(b.data.Flows, f)
}

// carry notes the flows that carry requests of ways in.
func (b *pageBuilder) carry(waysIn []MapWayIn) {
	for _, in := range waysIn {
		for _, from := range in.Carriers {
			for _, backend := range in.Backends {
				for _, to := range backend.Destinations {
					key := [2]Endpoint{from, to.End}
					b.carried[key] = append(b.carried[key], carried{in, backend, to.Port})
				}
			}
		}
	}
}

// carries adds to a flow the ways in whose requests it carries.
func (b *pageBuilder) carries(f *pageFlow, l *mapLine) {
	for _, c := range b.carried[[2]Endpoint{l.Source, l.Destination}] {
		if !holdsPort(l.Connections, c.backend.Protocol, c.port) {
			continue
		}
		end := b.end(fmt.Sprintf("entry %q %q %q", c.in.Kind, c.in.Namespace, c.in.Name), pageEnd{Kind: c.in.Kind, Namespace: c.in.Namespace, Name: c.in.Name, Place: "entry"})
		text := fmt.Sprintf("%s → %d/%s", c.in.hosts(), c.port, c.backend.Protocol)
		i := slices.IndexFunc(f.Entries, func(known pageEntry) bool { return known.End == end })
		if i < 0 {
			i = len(f.Entries)
			f.Entries = append(f.Entries, pageEntry{End: end})
		}
		if !slices.Contains(f.Entries[i].Ports, text) {
			f.Entries[i].Ports = append(f.Entries[i].Ports, text)
		}
	}
}

func holdsPort(connections []Connection, protocol string, port int32) bool {
	return slices.ContainsFunc(connections, func(c Connection) bool {
		return c.Protocol == protocol && slices.ContainsFunc(c.Ports, func(r PortRange) bool { return r.From <= port && port <= r.To })
	})
}

// lineEnd returns the place of an end of a line. Addresses outside are another end where they are
// sent to than where they send.
func (b *pageBuilder) lineEnd(e Endpoint, ranges []netip.Prefix, place string) int {
	if e.Kind != "CIDR" {
		return b.end(insideKey(e), pageEnd{Kind: e.Kind, Namespace: e.Namespace, Name: e.Name, Place: "inside"})
	}
	end := pageEnd{Kind: "CIDR", Name: b.m.outsideText(ranges), Place: place}
	for _, r := range ranges {
		end.Ranges = append(end.Ranges, r.String())
		for _, what := range b.m.outsideOf(r) {
			if !slices.Contains(end.Outside, what) {
				end.Outside = append(end.Outside, what)
			}
		}
	}
	slices.Sort(end.Outside)
	return b.end(place+" "+fmt.Sprint(end.Ranges), end)
}

func (b *pageBuilder) cause(c flows.Reason) pageCause {
	out := pageCause{Policies: b.policyList(c.Isolating), Rules: b.rules(c.Admitting), Perhaps: b.rules(c.Perhaps), Open: c.Open, Denies: c.Denies}
	for _, e := range c.Exempt {
		out.Exempt = append(out.Exempt, string(e))
	}
	for _, o := range c.Others {
		out.Others = append(out.Others, o.Ref.Kind+" "+strings.TrimPrefix(o.Ref.Namespace+"/"+o.Ref.Name, "/"))
	}
	return out
}

func (b *pageBuilder) rules(refs []policy.RuleRef) []pageRule {
	var out []pageRule
	for _, r := range refs {
		out = append(out, pageRule{b.policy(r.PolicyName()), r.Path()})
	}
	return out
}
