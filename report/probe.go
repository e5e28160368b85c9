package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// Probe is what was tested on the network, or why nothing was.
type Probe struct {
	Way      string    `json:"way,omitempty"`
	Source   *Endpoint `json:"source,omitempty"`
	For      *Endpoint `json:"for,omitempty"`   // what the source stands in for
	Tools    []string  `json:"tools,omitempty"` // of the source's own, where no others were brought
	Result   string    `json:"result"`
	Unable   string    `json:"unable,omitempty"` // why nothing was tested
	Culprit  string    `json:"culprit,omitempty"`
	Because  string    `json:"because,omitempty"`
	Attempts []Attempt `json:"attempts"`
	NotTried []string  `json:"notTried,omitempty"`
}

// Attempt is one thing that was tested.
type Attempt struct {
	Hop          string    `json:"hop"`
	Target       string    `json:"target"`
	Object       *Object   `json:"object,omitempty"`
	Predicted    string    `json:"predicted"`
	Observed     string    `json:"observed"`
	Detail       string    `json:"detail,omitempty"`
	Addresses    []string  `json:"addresses,omitempty"`
	Truncated    bool      `json:"truncated,omitempty"`
	Tries        int       `json:"tries"`
	Milliseconds int64     `json:"milliseconds"`
	Agreement    string    `json:"agreement"`
	Meaning      string    `json:"meaning"`
	Suspects     []Suspect `json:"suspects,omitempty"`

	status string
}

// Suspect is a reason why the network does something else than policies say.
type Suspect struct {
	Name     string `json:"name"`
	Seen     bool   `json:"seen"` // something speaks for it
	Evidence string `json:"evidence"`
}

// probeOf makes the document of a comparison; of none it says why there is none.
func probeOf(c *probe.Comparison, unable string) *Probe {
	if c == nil {
		return &Probe{Result: string(explain.Unclear), Unable: unable, Attempts: []Attempt{}}
	}
	source := Endpoint{Kind: "Pod", Namespace: c.Plan.Source.Namespace, Name: c.Plan.Source.Name}
	p := &Probe{Way: string(c.Plan.Way), Tools: c.Plan.Tools, Source: &source, Result: string(c.Result), Culprit: string(c.Culprit), Because: c.Because, NotTried: c.Plan.Cut, Attempts: []Attempt{}}
	if f := c.Plan.For; f.Name != "" {
		p.For = &Endpoint{Kind: f.Kind, Namespace: f.Namespace, Name: f.Name}
	}
	for _, j := range c.Judged {
		p.Attempts = append(p.Attempts, attemptOf(j))
	}
	return p
}

func attemptOf(j probe.Judged) Attempt {
	last := j.Last()
	a := Attempt{
		Hop: string(j.Hop), Target: j.Target(), Predicted: j.Verdict.String(), Observed: j.Outcome().String(), Detail: last.Reason, Truncated: last.Truncated,
		Tries: len(j.Seen), Milliseconds: last.Took.Milliseconds(), Agreement: j.Row.Agreement.String(), Meaning: j.Row.Why, status: "unknown",
	}
	if j.Object.Name != "" {
		object := objectOf(j.Object)
		a.Object = &object
	}
	for _, address := range last.Addresses {
		a.Addresses = append(a.Addresses, address.String())
	}
	for _, s := range j.Suspected {
		a.Suspects = append(a.Suspects, Suspect{string(s.Suspect), s.Weight == probe.Seen, s.Evidence})
	}
	switch {
	case j.Row.Agreement == probe.Contradicts || j.Fails() && j.Exchange() != probe.Reply:
		a.status = "problem"
	case j.Works() && j.Exchange() != probe.Proxied:
		a.status = "ok"
	}
	return a
}

// hopTitles are the hops as people read them.
var hopTitles = map[probe.Hop]string{
	probe.ResolverUDP: "DNS over UDP", probe.ResolverTCP: "DNS over TCP", probe.Name: "Name", probe.Service: "Service",
	probe.Backend: "Destination", probe.Own: "Own address", probe.Loopback: "Own loopback",
}

// text says what was seen of an attempt in a line.
func (a Attempt) text() string {
	text := a.Target
	if a.Object != nil && a.Object.Name != "" && !strings.Contains(a.Object.Kind, "CIDR") && a.Object.Kind != "DNSName" {
		text += " (" + a.Object.Name + ")"
	}
	text += ": " + a.Observed
	if len(a.Addresses) > 0 && a.Hop == string(probe.Name) {
		text += " to " + strings.Join(a.Addresses, ", ")
	}
	if a.Truncated {
		text += ", truncated"
	}
	if a.Tries > 1 {
		text += fmt.Sprintf(" (%d tries)", a.Tries)
	} else if a.Milliseconds > 0 {
		text += " in " + (time.Duration(a.Milliseconds) * time.Millisecond).String()
	}
	switch inside := a.Hop == string(probe.Own) || a.Hop == string(probe.Loopback); {
	case a.Observed == probe.Inconclusive.String():
		return text + "; " + a.Detail
	case inside: // no policy judges it
		return text
	case a.status == "ok" && a.Agreement == probe.Agrees.String():
		return text + ", as policies say"
	}
	return text + "; " + a.Meaning
}

// from says where the tests were made.
func (d *Probe) from() string {
	text := "from pod " + d.Source.Namespace + "/" + d.Source.Name
	switch probe.Way(d.Way) {
	case probe.StandInPod:
		text += ", made for the test with the labels of " + d.For.Namespace + "/" + d.For.Name + "; its address, its ServiceAccount and maybe its node are other ones"
	case probe.OwnTools:
		text += ", with its own " + strings.Join(d.Tools, ", ")
	}
	return text
}

// probe writes what was tested.
func (p *pager) probe(d *Probe) {
	if d == nil {
		return
	}
	p.blank()
	if d.Unable != "" {
		p.text("Not tested", Plain(d.Unable))
		return
	}
	p.text("", "On the network, "+Plain(d.from()))
	p.blank()
	var rows [][]string
	for _, a := range d.Attempts {
		rows = append(rows, []string{p.style.mark(a.status) + " " + hopTitles[probe.Hop(a.Hop)], Plain(a.text())})
	}
	for _, c := range d.NotTried {
		rows = append(rows, []string{p.style.mark("skipped") + " Not tried", Plain(c)})
	}
	p.grid(rows)
}

// probeMarkdown writes what was tested as a table.
func (p *pager) probeMarkdown(d *Probe) {
	if d == nil {
		return
	}
	p.blank()
	p.line("### On the network")
	p.blank()
	if d.Unable != "" {
		p.line("Not tested: " + markdown(d.Unable))
		return
	}
	p.line("Tested " + markdown(d.from()) + ":")
	p.blank()
	for _, a := range d.Attempts {
		p.line("- " + Style{}.mark(a.status) + " " + hopTitles[probe.Hop(a.Hop)] + ": " + markdown(a.text()))
	}
	for _, c := range d.NotTried {
		p.line("- not tried: " + markdown(c))
	}
}

// ProbeReport is the answer of `probe`.
type ProbeReport struct {
	Header
	Source      Endpoint  `json:"source"`
	Destination Endpoint  `json:"destination"`
	Port        string    `json:"port,omitempty"`
	Verdict     string    `json:"verdict"` // what policies say
	Result      string    `json:"result"`  // what the network does
	Probe       *Probe    `json:"probe"`
	Findings    []Finding `json:"findings"`
	Facts       []Fact    `json:"facts"` // what the verdict hangs on
	Gaps        []Gap     `json:"gaps"`
	Plugin      Plugin    `json:"plugin"`

	from, to, summary, command string
}

// NewProbeReport makes the document of a probe by itself.
func NewProbeReport(d *explain.Diagnosis, c *probe.Comparison, o Options) *ProbeReport {
	r := &ProbeReport{
		Header: Header{APIVersion, "ProbeReport"}, Source: endOf(d.Source), Destination: endOf(d.Destination), Verdict: string(d.Verdict), Result: string(c.Result),
		Probe: probeOf(c, ""), Findings: findingsOf(c.Findings, o), Facts: factsOf(d.Facts), Gaps: gapsOf(d.Snapshot.Gaps, o.Reread), Plugin: pluginOf(d.Plugin),
		from: explain.Describe(d.Source), to: d.Headline(), summary: c.Summary(), command: o.Command,
	}
	if !d.Destination.Target.Port.IsZero() {
		r.Port = d.Destination.Target.Port.String()
	}
	return r
}

func (r *ProbeReport) table(w io.Writer, s Style) error {
	page := &pager{w: w, style: s}
	page.blank()
	page.text("", s.paint(bold, Plain(r.from)+"  →  "+Plain(r.to)))
	page.probe(r.Probe)
	page.blank()
	page.verdict(r.Result, r.summary)
	var rows [][]string
	for i, f := range r.Findings {
		if i > 0 {
			rows = append(rows, []string{"Also", Plain(f.Message + " (" + f.Code + ")")})
		}
		if f.Advice != "" {
			rows = append(rows, []string{"Do", Plain(f.Advice)})
		}
	}
	if len(r.Findings) > 0 {
		rows = append(rows, []string{"More", "kubectl netpol-doctor explain " + r.Findings[0].Code})
	}
	if len(rows) > 0 {
		page.blank()
		page.grid(rows)
	}
	return page.err
}

func (r *ProbeReport) markdown(w io.Writer) error {
	page := &pager{w: w}
	page.line("## " + markdown(r.from+" → "+r.to))
	page.blank()
	page.line("**" + r.Result + "**: " + markdown(r.summary) + ".")
	page.probeMarkdown(r.Probe)
	page.findings(r.Findings)
	return page.err
}
