package report

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// Diagnosis is the answer of `diagnose`.
type Diagnosis struct {
	Header
	Source      Endpoint  `json:"source"`
	Destination Endpoint  `json:"destination"`
	Port        string    `json:"port,omitempty"` // as it was asked for; absent: every declared port
	Verdict     string    `json:"verdict"`
	Result      string    `json:"result"`
	Egress      Direction `json:"egress"`
	Ingress     Direction `json:"ingress"`
	Pairs       []Pair    `json:"pairs"`
	Steps       []Step    `json:"steps"`
	Findings    []Finding `json:"findings"`
	// Fixes are the fixes of all findings, each once, in the order in which they are to be made.
	Fixes []Fix `json:"fixes,omitempty"`
	// Opens is what they open beside what was asked about; absent where it was not worked out.
	Opens  *Opens `json:"opens,omitempty"`
	Facts  []Fact `json:"facts"`
	Gaps   []Gap  `json:"gaps"`
	Plugin Plugin `json:"plugin"`
	// ObservedAt is when the cluster was read; files do not tell.
	ObservedAt string      `json:"observedAt,omitempty"`
	Origin     *Provenance `json:"origin,omitempty"`
	// Probe is there where the network was to be tested.
	Probe *Probe `json:"probe,omitempty"`

	// For people only: how both ends read in a headline, and the sentence that sums up.
	from, to, basis, summary, command string
	outcomes, fixed, changed, noted   []string
	next                              string         // the command that tests it on the network
	place                             cluster.Origin // where the source is from
	version                           string
}

// Pair is a group of sources and a group of destinations that are treated alike.
type Pair struct {
	Sources      []Endpoint `json:"sources"`
	Destinations []Endpoint `json:"destinations"`
	Flow         Flow       `json:"flow"`
	Verdict      string     `json:"verdict"`
	Egress       Direction  `json:"egress"`
	Ingress      Direction  `json:"ingress"`
}

// Flow is what is dialled and what arrives.
type Flow struct {
	Protocol string `json:"protocol"`
	Family   string `json:"family,omitempty"` // only where families are treated differently
	Service  string `json:"service,omitempty"`
	Dialled  int32  `json:"dialledPort"`
	Arriving int32  `json:"arrivingPort"`
	Self     bool   `json:"self,omitempty"`
}

// Options is what a document needs besides the answer.
type Options struct {
	// Command is how the question was asked, as it can be typed again.
	Command string
	// Reread is the same for somebody who may read more of the cluster: without files.
	Reread string
	// Version is that of the release; empty where it is none.
	Version string
	// Live: what was asked about is a cluster as it is, so that it can be tested on the network.
	Live bool
	// Probe is what was tested on the network, or Unable why nothing was; neither: nobody asked.
	Probe  *probe.Comparison
	Unable string
	// Locate returns the line of a field of an object, if the object is from a file.
	Locate func(origin cluster.Origin, path string) (int, bool)
}

// locate says where a field of an object is written down, or where the object is from.
func (o Options) locate(origin cluster.Origin, path string) string {
	return o.place(origin, path).String()
}

// place is where a field of an object is written down, or where the object is from.
func (o Options) place(origin cluster.Origin, path string) cluster.Origin {
	for ; o.Locate != nil && origin.File != "" && path != ""; path = parent(path) {
		if line, ok := o.Locate(origin, path); ok {
			origin.Line = line
			break
		}
	}
	return origin
}

// parent is the field that a field is in: one that is missing is to be added there.
func parent(path string) string {
	i := strings.LastIndexAny(path, ".[")
	return path[:max(i, 0)]
}

// NewDiagnosis makes the document of a diagnosis.
func NewDiagnosis(d *explain.Diagnosis, o Options) *Diagnosis {
	doc := &Diagnosis{
		Header:      Header{APIVersion, "Diagnosis"},
		Source:      endOf(d.Source),
		Destination: endOf(d.Destination),
		Verdict:     string(d.Verdict),
		Result:      string(d.Result),
		Egress:      sideOf(d.Egress),
		Ingress:     sideOf(d.Ingress),
		Pairs:       pairsOf(d.Answers),
		Steps:       []Step{},
		Findings:    findingsOf(d.Findings, o),
		Facts:       factsOf(d.Facts),
		Gaps:        gapsOf(d.Snapshot.Gaps, o.Reread),
		Plugin:      pluginOf(d.Plugin),
		ObservedAt:  timeOf(d.Observed),
		Origin:      provenanceOf(d.Changes),
		from:        explain.Describe(d.Source),
		to:          d.Headline(),
		basis:       d.Basis(),
		summary:     d.Summary(),
		outcomes:    d.Outcomes(),
		command:     o.Command,
		fixed:       d.Fixed(),
		place:       placeOf(d.Source),
		version:     o.Version,
	}
	for _, f := range fixesOf(doc.Findings) {
		doc.Fixes = append(doc.Fixes, f.Fix)
	}
	doc.Opens = opensOf(d.Opens())
	doc.changed, doc.noted = linesOf(d.Changes)
	if o.Probe != nil || o.Unable != "" {
		doc.Probe = probeOf(o.Probe, o.Unable)
	}
	if o.Live && doc.Probe == nil && len(d.Source.Pods) > 0 {
		doc.next = o.Command + " --probe"
	}
	if !d.Destination.Target.Port.IsZero() {
		doc.Port = d.Destination.Target.Port.String()
	}
	for _, s := range d.Steps {
		doc.Steps = append(doc.Steps, stepOf(s))
	}
	if len(doc.Pairs) != 1 {
		doc.Egress, doc.Ingress = Direction{Verdict: doc.Egress.Verdict}, Direction{Verdict: doc.Ingress.Verdict}
	}
	return doc
}

func sideOf(s explain.Side) Direction {
	return directionOf(string(s.Verdict), s.Isolated, s.Isolating, s.Admitting)
}

func endOf(e ends.End) Endpoint {
	if e.Ref.Kind == "CIDR" {
		return Endpoint{Kind: "CIDR", CIDR: e.Ref.Name}
	}
	return Endpoint{Kind: e.Ref.Kind, Namespace: e.Ref.Namespace, Name: e.Ref.Name}
}

// placeOf is where an end is from, where that is known.
func placeOf(e ends.End) cluster.Origin {
	switch {
	case e.Workload != nil:
		return e.Workload.Origin
	case e.Service != nil:
		return e.Service.Origin
	case len(e.Pods) > 0:
		return e.Pods[0].Origin
	}
	return cluster.Origin{}
}

func findingsOf(findings []check.Finding, o Options) []Finding {
	out := []Finding{}
	for _, f := range findings {
		out = append(out, Finding{
			Code: f.Code, Severity: string(f.Severity), Object: objectOf(f.Object), Field: f.Field, Origin: o.locate(f.Origin, f.Field),
			Message: f.Message, Evidence: f.Evidence, Fix: fixOf(f, o), Advice: f.Advice, place: o.place(f.Origin, f.Field),
		})
	}
	return out
}

// pairsOf lists the pairs of all answers. Address families that are treated alike are one
// pair.
func pairsOf(answers []check.Answer) []Pair {
	pairs := []Pair{}
	for _, a := range answers {
		for _, j := range a.Pairs {
			var made []Pair
			sources, destinations := endpointsOf(j.Sources), endpointsOf(j.Destinations)
			for _, d := range j.Decisions {
				p := pairOf(a.Route, j.Self, d)
				p.Sources, p.Destinations = sources, destinations
				same := slices.IndexFunc(made, func(o Pair) bool { return sameJudgement(o, p) })
				if same < 0 {
					p.Flow.Family = string(d.Flow.Family)
					made = append(made, p)
				}
			}
			if len(made) == 1 {
				made[0].Flow.Family = ""
			}
			pairs = append(pairs, made...)
		}
	}
	slices.SortStableFunc(pairs, func(a, b Pair) int {
		return cmp.Or(
			cmp.Compare(a.Flow.Protocol, b.Flow.Protocol), cmp.Compare(a.Flow.Dialled, b.Flow.Dialled), cmp.Compare(a.Flow.Arriving, b.Flow.Arriving),
			slices.CompareFunc(a.Sources, b.Sources, compareEndpoints), slices.CompareFunc(a.Destinations, b.Destinations, compareEndpoints),
			cmp.Compare(a.Flow.Family, b.Flow.Family),
		)
	})
	return pairs
}

// pairOf makes the pair of a decision, without its ends.
func pairOf(r ends.Route, self bool, d policy.Decision) Pair {
	p := Pair{
		Flow:    Flow{Protocol: string(d.Flow.Protocol), Dialled: d.Flow.Dialled.Port, Arriving: d.Flow.Arriving.Port, Self: self},
		Verdict: d.Verdict.String(),
		Egress:  directionOf(d.Egress.Verdict.String(), d.Egress.Isolated, d.Egress.Isolating, d.Egress.Admitting),
		Ingress: directionOf(d.Ingress.Verdict.String(), d.Ingress.Isolated, d.Ingress.Isolating, d.Ingress.Admitting),
	}
	if r.Service != nil {
		p.Flow.Service = r.Service.Namespace + "/" + r.Service.Name
	}
	return p
}

func sameJudgement(a, b Pair) bool {
	same := func(x, y Direction) bool {
		return x.Verdict == y.Verdict && slices.Equal(x.Policies, y.Policies) && slices.Equal(x.Rules, y.Rules) && fmt.Sprint(x.Isolated != nil && *x.Isolated) == fmt.Sprint(y.Isolated != nil && *y.Isolated)
	}
	return a.Verdict == b.Verdict && same(a.Egress, b.Egress) && same(a.Ingress, b.Ingress)
}

func endpointsOf(list []policy.Endpoint) []Endpoint {
	out := []Endpoint{}
	for _, e := range list {
		out = append(out, endpointOf(e))
	}
	slices.SortFunc(out, compareEndpoints)
	return slices.Compact(out)
}

func endpointOf(e policy.Endpoint) Endpoint {
	r := e.Ref()
	if r.Kind == "CIDR" {
		return Endpoint{Kind: "CIDR", CIDR: r.Name}
	}
	return Endpoint{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
}

func compareEndpoints(a, b Endpoint) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), compareCIDR(a.CIDR, b.CIDR))
}

func compareCIDR(a, b string) int {
	p, errA := netip.ParsePrefix(a)
	q, errB := netip.ParsePrefix(b)
	if errA != nil || errB != nil {
		return cmp.Compare(a, b)
	}
	return cmp.Or(p.Addr().Compare(q.Addr()), cmp.Compare(p.Bits(), q.Bits()))
}
