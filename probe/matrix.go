package probe

import (
	"errors"
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// MaxAttempts is how many attempts a matrix makes that nobody insisted on.
const MaxAttempts = 400

// Matrix is every ordered pair among some targets: from each that has a pod to test from, to each
// that has a port.
type Matrix struct {
	Snapshot *cluster.Snapshot
	Plugin   policy.Plugin
	Sources  []*Tester
	// Cells are in the order of sources, destinations and ports.
	Cells []*Cell
	// Cut says what was asked for and is not tested, and why.
	Cut []string
	// Notes say of targets why there is nothing to ask about them as one of the two ends.
	Notes []string
}

// Tester is a target that is tested from.
type Tester struct {
	End ends.End
	// Pod is the one of its pods that is tested from; nil where none can be.
	Pod *cluster.Pod
	// Unable says why nothing can be tested from it; empty where something can.
	Unable string
}

// Cell is one port of a destination, asked about from one source.
type Cell struct {
	Source      *Tester
	Destination ends.End
	Route       ends.Route
	Plan        *Plan // without attempts where there is nothing to dial
	// Facts are what the verdict hangs on where that is Unknown.
	Facts []policy.Fact
	// Judged is what it came to, once it was run.
	Judged Judged
	// Because says more than the row of the decision table does, or is empty.
	Because string
	// Finding is what the test found, or nil.
	Finding *check.Finding

	diagnosis *explain.Diagnosis
	results   []Result
}

// TooManyError says that a matrix is larger than anybody runs by mistake.
type TooManyError struct {
	Targets, Attempts int
}

// Error says what to narrow.
func (e *TooManyError) Error() string {
	return fmt.Sprintf("a matrix of %d targets tests about %d connections, more than %d, and each takes up to %s where nothing comes back; name fewer targets, or one port of each as in svc/payment:443, or go on with --force",
		e.Targets, e.Attempts, MaxAttempts, Tries*Timeout)
}

// NewMatrix plans a matrix. The question is one without ends. More than MaxAttempts attempts are a
// TooManyError unless force is set.
func NewMatrix(q explain.Question, targets []ends.Target, force bool) (*Matrix, error) {
	m := &Matrix{Snapshot: q.Snapshot}
	m.Plugin, _ = policy.Recognise(q.Snapshot, q.Plugin)
	var all []ends.End
	for _, t := range targets {
		end, err := ends.Resolve(q.Snapshot, t)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(o ends.End) bool { return o.Ref == end.Ref && o.Target.Port == end.Target.Port }) {
			all = append(all, end)
		}
	}
	sources := m.testers(all)
	if pairs := len(sources) * (len(all) - 1); pairs > MaxAttempts && !force {
		return nil, &TooManyError{len(all), pairs}
	}
	for _, s := range sources {
		if err := m.row(q, s, all); err != nil {
			return nil, err
		}
	}
	switch n := m.Attempts(); {
	case len(m.Cells) == 0:
		return nil, noPairs(sources, m.Notes)
	case n > MaxAttempts && !force:
		return nil, &TooManyError{len(all), n}
	}
	return m, nil
}

// noPairs says why nothing is left to ask.
func noPairs(sources []*Tester, notes []string) error {
	text := "a matrix needs two targets, of which one has a pod to test from and the other a port"
	if len(sources) == 0 {
		text = "none of the targets can open a connection; name the pods or workloads that do"
	}
	for _, n := range notes {
		text += "; " + n
	}
	return errors.New(text)
}

// testers are the targets that may be tested from: pods, and workloads that have one.
func (m *Matrix) testers(all []ends.End) []*Tester {
	var out []*Tester
	for _, end := range all {
		known := slices.ContainsFunc(out, func(o *Tester) bool { return o.End.Ref == end.Ref })
		template := !slices.ContainsFunc(end.Pods, func(p *cluster.Pod) bool { return !p.Template })
		switch {
		case known || end.Service != nil || len(end.Pods) == 0 && end.Workload == nil:
		case template && end.Unread == nil:
			m.Cut = append(m.Cut, fmt.Sprintf("from %s: it has no pod", ends.Typed(end.Ref)))
		default:
			end.Target.Port = ends.Port{}
			out = append(out, &Tester{End: end})
		}
	}
	return out
}

// row asks from one source about all destinations, picks the pod to test from and plans its cells.
func (m *Matrix) row(q explain.Question, s *Tester, all []ends.End) error {
	var asked []*explain.Diagnosis
	for _, end := range all {
		if end.Ref == s.End.Ref {
			continue
		}
		q.Source, q.Destination = s.End.Target, end.Target
		d, err := explain.Diagnose(q)
		var portless *explain.NoPortError
		switch {
		case errors.As(err, &portless) && len(end.Pods) > 0:
			if note := ends.Typed(end.Ref) + " declares no port, so it is only a source"; !slices.Contains(m.Notes, note) {
				m.Notes = append(m.Notes, note)
			}
			continue
		case err != nil:
			return err
		}
		asked = append(asked, d)
	}
	if s.Pod = m.pick(s, asked); s.Pod == nil && s.Unable == "" {
		return nil // no destination is left
	}
	m.Sources = append(m.Sources, s)
	for _, d := range asked {
		m.cells(s, d)
	}
	return nil
}

// pick chooses the pod to test from: one that policies do not allow everything, if there is any.
func (m *Matrix) pick(s *Tester, asked []*explain.Diagnosis) *cluster.Pod {
	var first *cluster.Pod
	for _, d := range asked {
		p, err := sourceOf(d, false)
		var none *NoSourceError
		if errors.As(err, &none) {
			s.Unable = none.Why
			return nil
		}
		if hurts(d, p) {
			return p
		}
		if first == nil {
			first = p
		}
	}
	return first
}

// cells adds a cell for each port of a destination.
func (m *Matrix) cells(s *Tester, d *explain.Diagnosis) {
	answers := d.Answers
	if n := len(answers); n > maxPorts {
		cut := fmt.Sprintf("%d of %d ports of %s: a matrix tests %d at most, so name the one that matters", n-maxPorts, n, ends.Typed(d.Destination.Ref), maxPorts)
		if !slices.Contains(m.Cut, cut) {
			m.Cut = append(m.Cut, cut)
		}
		answers = answers[:maxPorts]
	}
	for _, a := range answers {
		c := &Cell{Source: s, Destination: d.Destination, Route: a.Route, Plan: &Plan{}, diagnosis: d}
		c.Judged.Verdict = verdictOf(a)
		if s.Pod != nil {
			p := &planner{Plan: Plan{Source: s.Pod, Mesh: ends.Proxied(d.Snapshot, s.Pod)}, d: d}
			if itself := p.cell(a.Route); itself {
				continue
			}
			c.Plan = &p.Plan
		}
		known := func(o *Cell) bool {
			return o.Source == s && o.Destination.Ref == d.Destination.Ref && o.Route.Protocol == a.Route.Protocol && o.Route.Port == a.Route.Port && o.Route.Name == a.Route.Name
		}
		if slices.ContainsFunc(m.Cells, known) {
			continue // the port was named beside its target, which declares it
		}
		c.Facts = factsOf(d, a)
		m.Cells = append(m.Cells, c)
	}
}

// verdictOf is what policies say of all flows of a port. What is allowed to some and denied to
// others is Unknown.
func verdictOf(a check.Answer) policy.Verdict {
	var all []policy.Verdict
	for _, j := range a.Pairs {
		for _, d := range j.Decisions {
			all = append(all, d.Verdict)
		}
	}
	v, _ := check.Combine(all)
	return v
}

// factsOf are what the verdict of a port may hang on.
func factsOf(d *explain.Diagnosis, a check.Answer) []policy.Fact {
	var out []policy.Fact
	add := func(f *policy.Fact) {
		if f != nil && !slices.Contains(out, *f) {
			out = append(out, *f)
		}
	}
	for _, j := range a.Pairs {
		for _, decision := range j.Decisions {
			for i := range decision.Facts {
				add(&decision.Facts[i])
			}
		}
	}
	add(a.Route.Unread)
	add(d.Source.Unread)
	add(d.Destination.Unread)
	return out
}

// cell plans one port: the Service's address; where it has none, or none is asked for, one of what
// answers there, rather one that policies do not plainly allow. Itself tells that nothing but the
// source's own pod does.
func (p *planner) cell(r ends.Route) (itself bool) {
	if r.Port == 0 {
		p.cut("port %s: its number is not known", r.Name)
		return false
	}
	if r.Service != nil && !r.Service.Headless {
		p.service(r)
	}
	if len(p.Attempts) > 0 {
		return false
	}
	backends := r.Backends
	if len(backends) == 0 {
		backends = r.Unready
	}
	itself = len(backends) > 0 && r.Service == nil
	for _, b := range backends {
		if b.End.Pod == p.Source && r.Service == nil {
			continue
		}
		itself = false
		one := &planner{Plan: Plan{Source: p.Source, Mesh: p.Mesh}, d: p.d}
		one.backend(r, b)
		hurts := slices.ContainsFunc(one.Attempts, func(a Attempt) bool { return a.Verdict != policy.Allowed })
		if len(one.Attempts) > 0 && (hurts || len(p.Attempts) == 0) {
			p.Attempts = one.Attempts
		}
		if hurts {
			break
		}
	}
	if len(p.Attempts) == 0 {
		p.cut("%s: no object tells an address of it", p.d.Destination.Ref)
	}
	p.lookFirst()
	return itself
}

// lookFirst puts a lookup before attempts at what only has a name: of an alias the name that it
// stands for.
func (p *planner) lookFirst() {
	dialled := p.Attempts
	if !slices.ContainsFunc(dialled, func(a Attempt) bool { return !a.Address.IsValid() }) {
		return
	}
	p.Attempts = nil
	p.names()
	p.Attempts = slices.DeleteFunc(p.Attempts, func(a Attempt) bool { return a.Hop != Name })
	for i := range p.Attempts {
		p.Attempts[i].Name = dialled[0].Name
	}
	p.Attempts = append(p.Attempts, dialled...)
}

// Attempts is how many attempts the matrix takes, each of up to Tries tries.
func (m *Matrix) Attempts() int {
	n := 0
	for _, c := range m.Cells {
		if c.Source.Unable == "" {
			n += len(c.Plan.Attempts)
		}
	}
	return n
}
