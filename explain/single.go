package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/rights"
)

// OneStep is the answer to a question about one step of the walk: of a connection, of one target,
// or of a namespace.
type OneStep struct {
	Step     Step
	About    string // what it is about, for a headline
	Result   Result
	Findings []check.Finding
	Facts    []policy.Fact
	Snapshot *cluster.Snapshot
	Plugin   policy.Plugin
	// Rights says who may undo the policies; nil where that was not the question.
	Rights *rights.Answer
}

// StepOf cuts one step out of a diagnosis: its lines, and the findings and facts that belong to it.
func StepOf(d *Diagnosis, name StepName) *OneStep {
	one := &OneStep{
		Step:     d.Step(name),
		About:    Describe(d.Source) + " → " + Describe(d.Destination),
		Facts:    d.Facts,
		Snapshot: d.Snapshot,
		Plugin:   d.Plugin,
	}
	for _, f := range d.Findings {
		if strings.HasPrefix(f.Code, families[name]) || name == StepRules && f.Cause && strings.Compare(f.Code, "NPD5") < 0 {
			one.Findings = append(one.Findings, f)
		}
	}
	one.conclude()
	return one
}

// conclude draws the result of a step from its lines.
func (o *OneStep) conclude() {
	switch o.Step.Status {
	case Problem:
		o.Result = Fails
	case NotKnown:
		o.Result = Unclear
	default:
		o.Result = Works
	}
}

// Summary says what the step found. A step alone does not prove that a connection works, so it
// never says so.
func (o *OneStep) Summary() string {
	switch o.Step.Status {
	case Problem:
		return "A problem was found"
	case NotKnown:
		return "Unclear"
	case Warning:
		return "No failure found, but a warning"
	case Skipped:
		return "Nothing to look at"
	}
	if n := len(o.Findings); n > 0 {
		return "Nothing broken; " + count(n, "thing") + " to know"
	}
	return "No problem found"
}

// One is a question about a single target, or about a whole namespace when Target is nil.
type One struct {
	Snapshot  *cluster.Snapshot
	Target    *ends.Target
	Namespace string
	Plugin    *policy.Profile

	compiled *policy.Set // what policies say, where that is known already
}

// subject is what a One resolves to.
type subject struct {
	pass      *check.Pass
	end       ends.End
	pods      []*cluster.Pod
	namespace string
	about     string
}

func (q One) resolve() (*subject, error) {
	plugin, profile := policy.Recognise(q.Snapshot, q.Plugin)
	s := &subject{namespace: q.Namespace, about: "namespace " + q.Namespace}
	set := q.compiled
	if set == nil {
		set = policy.Compile(q.Snapshot, profile)
	}
	s.pass = &check.Pass{Snapshot: q.Snapshot, Set: set, Plugin: plugin, Deep: true}
	if q.Target == nil {
		if !exists(q.Snapshot, q.Namespace) {
			return nil, &NoNamespaceError{Namespace: q.Namespace, FromFiles: q.Snapshot.FromFiles}
		}
		s.pods = q.Snapshot.Subjects(q.Namespace)
		s.end = ends.End{Ref: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Namespace: q.Namespace, Name: q.Namespace}, Pods: s.pods}
		return s, nil
	}
	end, err := ends.Resolve(q.Snapshot, *q.Target)
	if err != nil {
		return nil, err
	}
	s.end, s.namespace, s.about, s.pods = end, end.Ref.Namespace, Describe(end), end.Pods
	if end.Service != nil {
		s.pods = q.Snapshot.SelectedBy(end.Service)
	}
	if s.namespace == "" && end.Alias != nil {
		s.namespace = end.Alias.Namespace
	}
	s.pass.Source = end
	return s, nil
}

// resolvePods resolves for a command that speaks of pods.
func (q One) resolvePods(command StepName) (*subject, error) {
	s, err := q.resolve()
	if err != nil || q.Target == nil {
		return s, err
	}
	e := s.end
	if q.Target.Kind == "Node" || e.Service == nil && len(e.Pods) == 0 && e.Unread == nil {
		return nil, &UnfitError{Command: command, Needs: "a pod, a workload or a Service", End: e}
	}
	return s, nil
}

// exists tells whether a namespace is there, or may be because it could not be read.
func exists(s *cluster.Snapshot, namespace string) bool {
	is := func(n *cluster.Namespace) bool { return n.Name == namespace }
	return slices.ContainsFunc(s.AllNamespaces(), is) ||
		slices.ContainsFunc(s.EndpointSlices, func(e *cluster.EndpointSlice) bool { return e.Namespace == namespace }) ||
		slices.ContainsFunc(s.Foreign, func(f *cluster.Foreign) bool { return f.Namespace == namespace }) ||
		slices.ContainsFunc(s.Gaps, func(g cluster.Gap) bool {
			return g.Resource == "namespaces" && (g.Name == "" || g.Name == namespace) && g.Reason != cluster.NotProvided
		})
}

// NoNamespaceError says that a namespace that was asked about does not exist.
type NoNamespaceError struct {
	Namespace string
	FromFiles bool
}

// Error says where it was looked for.
func (e *NoNamespaceError) Error() string {
	where := "in the cluster"
	if e.FromFiles {
		where = "among the files"
	}
	return fmt.Sprintf("no namespace %q %s", e.Namespace, where)
}

// UnfitError says that a target is nothing that a command can speak of.
type UnfitError struct {
	Command StepName
	Needs   string
	End     ends.End
}

// Error says what the command needs.
func (e *UnfitError) Error() string {
	what := Describe(e.End)
	if a := e.End.Alias; a != nil {
		what = fmt.Sprintf("%s, which %s stands for,", what, a.Ref())
	}
	return fmt.Sprintf("%s needs %s; %s is none", e.Command, e.Needs, what)
}

// step runs the checks of one family on what was looked at and sums up.
func (s *subject) step(name StepName, title string, lines []Line) *OneStep {
	one := &OneStep{
		Step: Step{Name: name, Title: title, Lines: lines}, About: s.about,
		Snapshot: s.pass.Snapshot, Plugin: s.pass.Plugin, Facts: s.pass.Facts(),
	}
	if s.end.Unread != nil {
		one.Facts = append(one.Facts, *s.end.Unread)
		text := fmt.Sprintf("%s could not be read", s.end.Ref)
		if s.end.Target.IsAddress() {
			text = fmt.Sprintf("whose address %s is, is not known: %s could not be read", s.end.Address, s.end.Unread.Key)
		}
		one.Step.Lines = append(one.Step.Lines, Line{Status: NotKnown, Text: text})
	}
	for _, f := range check.Run(s.pass) {
		if strings.HasPrefix(f.Code, families[name]) {
			one.Findings = append(one.Findings, f)
		}
	}
	one.Step.finish(one.Findings)
	one.conclude()
	return one
}

// Labels says which labels the pods carry, and which policies of their namespace select them by
// those; for a namespace, this for every workload in it.
func Labels(q One) (*OneStep, error) {
	s, err := q.resolvePods(StepLabels)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, group := range alike(s.pass.Snapshot, s.pods) {
		lines = append(lines, Line{Status: OK, Label: group.name, Text: LabelText(group.pods)})
		if q.Target != nil {
			lines = append(lines, s.selectionLines(group.pods[0])...)
		} else {
			lines = append(lines, s.selectedBy(group.pods[0]))
		}
	}
	if none, ok := s.withoutPods(); ok {
		lines = append(lines, none)
	}
	return s.step(StepLabels, "Pod labels", lines), nil
}

// group is the pods of one workload, or a pod that has none.
type group struct {
	name string
	pods []*cluster.Pod
}

func alike(s *cluster.Snapshot, pods []*cluster.Pod) []group {
	var out []group
	for _, p := range pods {
		name := p.Ref().Name
		if w := s.WorkloadOf(p); w != nil {
			name = w.Name
		}
		i := slices.IndexFunc(out, func(g group) bool { return g.name == name })
		if i < 0 {
			i = len(out)
			out = append(out, group{name: name})
		}
		out[i].pods = append(out[i].pods, p)
	}
	return out
}

// selectionLines says which policies select a pod and which may. The others are one line, but for
// a policy that selects no pod at all: that one was perhaps meant for this pod.
func (s *subject) selectionLines(p *cluster.Pod) []Line {
	var lines []Line
	var others []string
	for _, sel := range s.pass.Set.Selections(p) {
		var types []string
		for _, t := range sel.Policy.Spec.PolicyTypes {
			types = append(types, strings.ToLower(string(t)))
		}
		switch sel.Selects {
		case policy.Yes:
			lines = append(lines, Line{Status: OK, Label: "  " + sel.Policy.Name, Text: "selects it: isolates " + strings.Join(types, " and ")})
		case policy.No:
			if pods, _ := s.pass.Set.Selected(sel.Policy); len(pods) > 0 {
				others = append(others, sel.Policy.Name)
				continue
			}
			lines = append(lines, Line{Status: Skipped, Label: "  " + sel.Policy.Name, Text: "does not select it: " + mismatchText(sel.Mismatch, thePod)})
		default:
			lines = append(lines, Line{Status: NotKnown, Label: "  " + sel.Policy.Name, Text: "may select it: " + mismatchText(sel.Mismatch, thePod)})
		}
	}
	if len(others) > 0 {
		text := fmt.Sprintf("%s select other pods: %s", count(len(others), "policy"), strings.Join(others, ", "))
		if len(others) == 1 {
			text = fmt.Sprintf("1 policy selects other pods: %s", others[0])
		}
		lines = append(lines, Line{Status: Skipped, Text: text})
	}
	return lines
}

// thePod is what a policy selects or does not.
var thePod = whom{"the pod", "its namespace"}

// selectedBy names the policies that select a pod in one line.
func (s *subject) selectedBy(p *cluster.Pod) Line {
	var names []string
	for _, sel := range s.pass.Set.Selections(p) {
		switch sel.Selects {
		case policy.Yes:
			names = append(names, sel.Policy.Name)
		case policy.Maybe:
			names = append(names, sel.Policy.Name+" (perhaps)")
		}
	}
	if len(names) == 0 {
		return Line{Status: OK, Text: "selected by no policy: not isolated"}
	}
	return Line{Status: OK, Text: "selected by " + strings.Join(names, ", ")}
}

// Namespaces says which labels a namespace carries, and which namespaceSelectors of the policies
// that were read match it.
func Namespaces(q One) (*OneStep, error) {
	s, err := q.resolve()
	if err != nil {
		return nil, err
	}
	if s.namespace == "" {
		return nil, &UnfitError{Command: StepNamespaces, Needs: "something in a namespace", End: s.end}
	}
	lines := []Line{NamespaceLine(s.pass.Snapshot.Namespace(s.namespace))}
	var misses []miss
	for _, np := range s.pass.Snapshot.Policies {
		for _, ref := range check.PeersOf(np) {
			m := s.pass.Set.MatchNamespace(ref, s.namespace)
			if m == nil {
				continue
			}
			at := np.Namespace + "/" + np.Name + " " + ref.Path()
			switch m.Truth {
			case policy.Yes:
				lines = append(lines, Line{Status: OK, Text: at + " matches it"})
			case policy.No:
				misses = addMiss(misses, namespaceMismatch(m), at)
			default:
				lines = append(lines, Line{Status: NotKnown, Text: at + " may match it: " + namespaceMismatch(m)})
			}
		}
	}
	for _, m := range misses {
		text := m.at[0] + " does not match it"
		if n := len(m.at) - 1; n > 0 {
			text = fmt.Sprintf("%s and %s like it do not match it", m.at[0], count(n, "peer"))
		}
		lines = append(lines, Line{Status: Skipped, Text: text + ": " + m.why})
	}
	s.about = "namespace " + s.namespace
	return s.step(StepNamespaces, "Namespace labels", lines), nil
}

// namespaceMismatch says why a namespaceSelector, or the lack of one, does not mean a namespace.
func namespaceMismatch(m *policy.Mismatch) string {
	if m.Reason == policy.LabelMismatch {
		return labelMismatch(*m, "namespaces", "the namespace")
	}
	return mismatchText(m, whom{"the namespace", "the namespace"})
}

// miss is a reason why selectors do not match, and the places it holds at.
type miss struct {
	why string
	at  []string
}

func addMiss(misses []miss, why, at string) []miss {
	i := slices.IndexFunc(misses, func(m miss) bool { return m.why == why })
	if i < 0 {
		return append(misses, miss{why, []string{at}})
	}
	misses[i].at = append(misses[i].at, at)
	return misses
}

// Policy looks for logic that does not say what it seems to say: in the policies that select a
// target, or in all of a namespace.
func Policy(q One) (*OneStep, error) {
	s, err := q.resolvePods(StepPolicy)
	if err != nil {
		return nil, err
	}
	if q.Target == nil {
		s.pass.Namespace = s.namespace
	}
	for _, np := range s.pass.Snapshot.PoliciesIn(s.namespace) {
		selects := q.Target == nil
		for i := 0; i < len(s.pods) && !selects; i++ {
			selects = slices.ContainsFunc(s.pass.Set.Selections(s.pods[i]), func(sel policy.Selection) bool {
				return sel.Policy == np && sel.Selects != policy.No
			})
		}
		if selects {
			s.pass.Policies = append(s.pass.Policies, np)
		}
	}
	var lines []Line
	for _, np := range s.pass.Policies {
		lines = append(lines, Line{Status: OK, Label: np.Name, Text: PolicyText(s.pass.Set, np)})
	}
	if none, ok := s.withoutPods(); ok && s.end.Service != nil {
		lines = append(lines, none)
	}
	var facts []policy.Fact
	switch unread := s.pass.Snapshot.GapsFor(policy.PoliciesResource, s.namespace); {
	case len(unread) > 0:
		facts = append(facts, policy.Fact{Kind: policy.PoliciesUnread, Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: s.namespace}})
		lines = append(lines, Line{Status: NotKnown, Text: "the NetworkPolicies of namespace " + s.namespace + " could not be read"})
	case len(lines) == 0:
		lines = append(lines, Line{Status: OK, Text: "no NetworkPolicy: everything is allowed in and out"})
	}
	if text := unchecked(s.pass, s.pass.Policies); text != "" {
		lines = append(lines, Line{Status: Skipped, Text: text})
	}
	one := s.step(StepPolicy, "Policy logic", lines)
	one.Facts = append(one.Facts, facts...)
	return one, nil
}

// PolicyText says in a sentence whom a policy selects and what it isolates and admits.
func PolicyText(set *policy.Set, np *cluster.Policy) string {
	pods, complete := set.Selected(np)
	who := count(len(alike(set.Snapshot(), pods)), "workload")
	if !complete {
		who = "at least " + who
	}
	var parts []string
	for _, t := range np.Spec.PolicyTypes {
		rules := len(np.Spec.Ingress)
		if t == "Egress" {
			rules = len(np.Spec.Egress)
		}
		what := count(rules, "rule")
		if rules == 0 {
			what = "nothing allowed"
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", strings.ToLower(string(t)), what))
	}
	return fmt.Sprintf("selects %s; isolates %s", who, strings.Join(parts, " and "))
}
