package explain

import (
	"slices"
	"time"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Question is what was asked: who wants to talk to whom, in which picture of which cluster, and
// which network plugin runs it, when the user says so.
type Question struct {
	Snapshot    *cluster.Snapshot
	Source      ends.Target
	Destination ends.Target
	Plugin      *policy.Profile
	// Deep: the snapshot holds the namespaces of both ends as a whole. Findings on what matches
	// nothing need that.
	Deep bool
	// Everywhere: everything was asked for, so that no namespace is left out but what cannot be read.
	Everywhere bool
	// Observed is when the cluster was read; zero where that is not known.
	Observed time.Time
	// Since asks for what changed within that time before; zero: whatever changed last, where the
	// connection does not plainly work.
	Since time.Duration
}

// Verdict is what policies say of all flows of a question together.
type Verdict string

// The verdicts of a question: those of a flow, and Partial when pods are treated differently.
const (
	Allowed Verdict = "Allowed"
	Denied  Verdict = "Denied"
	Partial Verdict = "Partial"
	Unknown Verdict = "Unknown"
)

// Result is whether the connection works, policies and everything else that was looked at taken
// together.
type Result string

// The results. The zero value is not one of them; a Diagnosis always has one.
const (
	Works   Result = "Works"
	Fails   Result = "Fails"
	Unclear Result = "Unclear"
)

// Diagnosis is the answer to a Question.
type Diagnosis struct {
	check.Pass
	Verdict  Verdict
	Result   Result
	Egress   Side
	Ingress  Side
	Findings []check.Finding
	Facts    []policy.Fact
	Steps    []Step
	// after is the world with the edits of all causes made.
	after change.World
	// everywhere: all namespaces were asked for.
	everywhere bool
	// Changes is what changed last; nil where nothing is told of that.
	Changes *Changes
	// Observed is when the cluster was read; zero where that is not known.
	Observed time.Time
	// Tested is the summary where a test on the network settled what was unclear; else empty.
	Tested string
}

// Side is one direction over all flows: the verdict, and what isolates and admits where all flows
// are treated alike.
type Side struct {
	Verdict   Verdict
	Isolated  policy.Truth
	Isolating []*cluster.Policy
	Admitting []policy.RuleRef
}

// Diagnose answers a question. An error means that the question itself makes no sense in this
// cluster: a name that is not there, or no port to ask for.
func Diagnose(q Question) (*Diagnosis, error) {
	source, err := ends.ResolveSource(q.Snapshot, q.Source)
	if err != nil {
		return nil, err
	}
	if source.Service != nil {
		return nil, &SourceError{source}
	}
	destination, err := ends.Resolve(q.Snapshot, q.Destination)
	if err != nil {
		return nil, err
	}
	destination.Followed = source.WayIn()
	routes := ends.Routes(q.Snapshot, destination)
	if len(routes) == 0 {
		return nil, &NoPortError{destination}
	}
	plugin, profile := policy.Recognise(q.Snapshot, q.Plugin)
	d := &Diagnosis{everywhere: q.Everywhere, Pass: check.Pass{
		Snapshot:    q.Snapshot,
		Set:         policy.Compile(q.Snapshot, profile),
		Plugin:      plugin,
		Source:      source,
		Destination: destination,
		Deep:        q.Deep,
	}}
	for i := range routes {
		d.Answers = append(d.Answers, d.judge(source, destination, routes[i]))
	}
	if destination.ByName && !source.WayIn() { // controllers follow the endpoints
		d.lookups()
	}
	d.search()
	d.conclude()
	d.Steps = d.walk()
	if d.Observed = q.Observed; d.Result != Works || q.Since > 0 {
		d.Changes = d.changes(q)
	}
	return d, nil
}

// search finds the causes of what is denied. No fix takes away what the question found allowed.
func (d *Diagnosis) search() {
	d.Causes, d.after = change.Search(change.Start(d.Set).Keep(d.Flows()), check.Denied(d.Answers))
	for i := range d.DNS {
		l := &d.DNS[i]
		namespace := d.Source.Ref.Kind == "Namespace" && l.Resolver.Kind != ends.CustomDNS && l.Resolver.Kind != ends.NodeDNS
		l.Causes, d.after = change.SearchDNS(d.after, check.Denied(l.Answers), namespace)
	}
}

// judge evaluates every pair of a route.
func (d *Diagnosis) judge(source, destination ends.End, route ends.Route) check.Answer {
	answer := check.Answer{Route: route}
	for _, pair := range ends.Pairs(d.Set, source, destination, &answer.Route) {
		judged := check.Judged{Pair: pair}
		for _, f := range pair.Flows {
			judged.Decisions = append(judged.Decisions, hedge(source, d.Set.Evaluate(f)))
		}
		answer.Pairs = append(answer.Pairs, judged)
	}
	answer.Pairs = mergeRanges(answer.Pairs)
	return answer
}

// conclude draws verdict, sides, findings and result from the answers.
func (d *Diagnosis) conclude() {
	var all []policy.Verdict
	var egress, ingress []policy.DirectionDecision
	for _, a := range d.Answers {
		if len(a.Pairs) == 0 {
			all = append(all, policy.Unknown)
		}
		for _, j := range a.Pairs {
			for _, decision := range j.Decisions {
				all = append(all, decision.Verdict)
				egress = append(egress, decision.Egress)
				ingress = append(ingress, decision.Ingress)
			}
		}
	}
	d.Verdict = combine(all)
	d.Egress, d.Ingress = sideOf(egress), sideOf(ingress)
	d.Facts = d.Pass.Facts()
	for _, end := range []ends.End{d.Source, d.Destination} {
		if end.Unread != nil {
			d.Facts = append(d.Facts, *end.Unread)
		}
	}
	d.Findings = check.Run(&d.Pass)
	d.Result = d.result()
}

func combine(verdicts []policy.Verdict) Verdict {
	v, partial := check.Combine(verdicts)
	if partial {
		return Partial
	}
	return Verdict(v.String())
}

// sideOf combines a direction over all flows. What isolates and admits is kept only where it is
// the same for all of them.
func sideOf(decisions []policy.DirectionDecision) Side {
	var verdicts []policy.Verdict
	for _, d := range decisions {
		verdicts = append(verdicts, d.Verdict)
	}
	side := Side{Verdict: combine(verdicts)}
	for i, d := range decisions {
		if i > 0 && (!slices.Equal(d.Isolating, side.Isolating) || !slices.Equal(d.Admitting, side.Admitting) || d.Isolated != side.Isolated) {
			return Side{Verdict: side.Verdict}
		}
		side.Isolated, side.Isolating, side.Admitting = d.Isolated, d.Isolating, d.Admitting
	}
	return side
}
