package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// PolicyQuestion asks what a NetworkPolicy means.
type PolicyQuestion struct {
	Snapshot        *cluster.Snapshot
	Namespace, Name string
	Plugin          *policy.Profile
}

// NoPolicyError says that there is no such policy, and which there are that may be meant.
type NoPolicyError struct {
	Namespace, Name string
	Near            []string // in the same namespace
	Elsewhere       []string // namespaces that have one of that name
}

// Error says where it was looked for.
func (e *NoPolicyError) Error() string {
	text := fmt.Sprintf("no NetworkPolicy named %q in namespace %q", e.Name, e.Namespace)
	switch {
	case len(e.Elsewhere) > 0:
		var typed []string
		for _, n := range e.Elsewhere {
			typed = append(typed, n+"/netpol/"+e.Name)
		}
		text += "; there is " + orList(typed)
	case len(e.Near) > 0:
		text += fmt.Sprintf("; did you mean %s?", orList(e.Near))
	}
	return text
}

// HasPolicy tells whether a snapshot holds a policy.
func HasPolicy(s *cluster.Snapshot, namespace, name string) bool {
	return findPolicy(s, namespace, name) != nil
}

func findPolicy(s *cluster.Snapshot, namespace, name string) *cluster.Policy {
	for _, np := range s.PoliciesIn(namespace) {
		if np.Name == name {
			return np
		}
	}
	return nil
}

func noPolicy(s *cluster.Snapshot, namespace, name string) error {
	if !ends.NamespaceMayExist(s, namespace) {
		return &NoNamespaceError{Namespace: namespace, FromFiles: s.FromFiles}
	}
	e := &NoPolicyError{Namespace: namespace, Name: name}
	var names []string
	for _, np := range s.Policies {
		switch {
		case np.Namespace == namespace:
			names = append(names, np.Name)
		case np.Name == name:
			e.Elsewhere = append(e.Elsewhere, np.Namespace)
		}
	}
	e.Near = spelling.Nearest(name, names, mostNames)
	return e
}

// AboutPolicy explains a policy: whom it selects, what it isolates, what its rules open to whom.
func AboutPolicy(q PolicyQuestion) (*Explanation, error) {
	plugin, profile := policy.Recognise(q.Snapshot, q.Plugin)
	e := &Explanation{
		Subject: SubjectPolicy, Snapshot: q.Snapshot, Plugin: plugin,
		Object: cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: q.Namespace, Name: q.Name},
		About:  "NetworkPolicy " + q.Namespace + "/" + q.Name,
	}
	np := findPolicy(q.Snapshot, q.Namespace, q.Name)
	if np == nil {
		if len(q.Snapshot.GapsFor(policy.PoliciesResource, q.Namespace)) == 0 {
			return nil, noPolicy(q.Snapshot, q.Namespace, q.Name)
		}
		e.unread(policy.Fact{Kind: policy.PoliciesUnread, Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: q.Namespace}})
		e.note(NotKnown, "", "", "the policies of namespace "+q.Namespace+" could not be read")
		return e, nil
	}
	e.Origin = np.Origin
	set := policy.Compile(q.Snapshot, profile)
	a := aboutPolicy{Explanation: e, set: set, np: np}
	a.selection()
	for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
		e.Treatments[0].Directions = append(e.Treatments[0].Directions, a.isolation(d))
	}
	e.Text = a.union()
	e.found(&check.Pass{Snapshot: q.Snapshot, Set: set, Plugin: plugin, Deep: true}, []*cluster.Policy{np})
	a.surprises()
	e.elsewhere()
	return e, nil
}

// aboutPolicy is an explanation of one policy in the making.
type aboutPolicy struct {
	*Explanation
	set      *policy.Set
	np       *cluster.Policy
	selected []*cluster.Pod // for certain
}

// selection says whom the policy selects now. Source: networking/v1 NetworkPolicySpec.PodSelector:
// an empty one selects every pod of the namespace.
func (a *aboutPolicy) selection() {
	s := a.set.Snapshot()
	var open []*cluster.Pod
	var why *policy.Mismatch
	for _, p := range s.Subjects(a.np.Namespace) {
		for _, sel := range a.set.Selections(p) {
			switch {
			case sel.Policy != a.np:
			case sel.Selects == policy.Yes:
				a.selected = append(a.selected, p)
			case sel.Selects == policy.Maybe:
				open, why = append(open, p), sel.Mismatch
			}
		}
	}
	names, refs := namesOf(s, a.selected, a.np.Namespace)
	means := "pods " + SelectorText(&a.np.Spec.PodSelector) + " of namespace " + a.np.Namespace
	if a.everyPod() {
		means = "every pod of namespace " + a.np.Namespace
	}
	_, unread := lookedInto(s, a.np.Namespace, a.np.Namespace)
	t := Treatment{Objects: refs, Who: means + ": " + folded(names)}
	if len(names) == 0 {
		t.Who = means + ": there is none now"
	}
	if unread {
		a.Incomplete = true
		t.Who = means + ": not every one could be read"
		if len(names) > 0 {
			t.Who += "; among them " + folded(names)
		}
	}
	if len(open) > 0 {
		maybe, _ := namesOf(s, open, a.np.Namespace)
		t.Who += "; not known for " + folded(maybe) + ": " + maybeText(why)
		a.fact(factOf(a.set, why, open[0])...)
	}
	a.Treatments = []Treatment{t}
}

func (a *aboutPolicy) everyPod() bool {
	return len(a.np.Spec.PodSelector.MatchLabels)+len(a.np.Spec.PodSelector.MatchExpressions) == 0
}

// isolation says what the policy does in one direction.
// Source: concept page "Network Policies", "The two sorts of pod isolation".
func (a *aboutPolicy) isolation(d policy.Direction) Isolation {
	i := Isolation{Direction: d, Isolated: policy.No}
	rules := len(rulesOf(a.np, d))
	in, _ := inOrOut(d)
	switch {
	case !lists(a.np, d) && rules > 0:
		i.Text = fmt.Sprintf("not isolated by this policy: policyTypes does not list %s, so its %s nothing", title(d), verb(rules, d.String()+" rule", "opens", "open"))
		return i
	case !lists(a.np, d):
		i.Text = "not isolated by this policy: it says nothing about " + d.String()
		return i
	}
	i.Isolated, i.Policies = policy.Yes, []*cluster.Policy{a.np}
	i.Opens = openingsOf(a.set, a.np, d, a.selected)
	a.learn(i.Opens)
	i.Text = fmt.Sprintf("isolated. Nothing is let %s but what some policy allows. This one lets %s:", in, in)
	if rules == 0 {
		i.Text = fmt.Sprintf("isolated. Nothing is let %s but what some policy allows. This one allows nothing: it has no %s rule", in, d)
	}
	return i
}

// learn keeps what openings hang on.
func (e *Explanation) learn(opens []Opening) {
	for _, o := range opens {
		e.fact(o.Who.Facts...)
		e.Incomplete = e.Incomplete || o.Who.Unread
	}
}

// elsewhere says that pods of some namespaces were not looked up.
func (e *Explanation) elsewhere() {
	for _, t := range e.Treatments {
		for _, i := range t.Directions {
			if slices.ContainsFunc(i.Opens, func(o Opening) bool { return o.Who.Elsewhere }) {
				e.note(Skipped, "", "", "pods of other namespaces were not looked up, so they are named by their labels alone (-A reads all)")
			}
		}
	}
}

// union says what the policy is among others. Policies only add up: what one allows, none takes
// away. Source: concept page "Network Policies", "they are additive".
func (a *aboutPolicy) union() string {
	text := "Policies add up: what this one allows stays allowed whatever others say, and what it does not allow, another may"
	if len(a.selected) == 0 {
		return text
	}
	var parts []string
	for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
		if part := a.others(d); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(append(append([]string{text}, parts...), withoutRules), ". ")
}

// withoutRules is what no rule is needed for. Source: concept page "Network Policies", "The two
// sorts of pod isolation"; networking/v1 NetworkPolicySpec.Ingress.
const withoutRules = "Replies need no rule, nor does a pod's own node to reach it"

// others says which other policies isolate the pods that this one selects.
func (a *aboutPolicy) others(d policy.Direction) string {
	counts := map[string]int{}
	for _, p := range a.selected {
		for _, sel := range a.set.Selections(p) {
			if sel.Policy != a.np && sel.Selects == policy.Yes && lists(sel.Policy, d) {
				counts[sel.Policy.Name]++
			}
		}
	}
	var all, some []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] == len(a.selected) {
			all = append(all, name)
		} else {
			some = append(some, name)
		}
	}
	isolated, too := title(d)+" is isolated by ", ""
	if lists(a.np, d) {
		too = ", too"
	}
	switch {
	case len(all) > 0 && len(some) > 0:
		return isolated + folded(all) + too + ", and for some of these pods by " + folded(some)
	case len(all) > 0:
		return isolated + folded(all) + too
	case len(some) > 0:
		return isolated + folded(some) + too + ", for some of these pods"
	case lists(a.np, d):
		return "No other policy isolates " + d.String() + " of these pods"
	}
	return "No policy isolates " + d.String() + " of these pods, so everything is allowed there"
}

// title is a direction as policyTypes lists it.
func title(d policy.Direction) string {
	return strings.ToUpper(d.String()[:1]) + d.String()[1:]
}

// verb counts something and adds the verb that goes with it.
func verb(n int, noun, one, several string) string {
	if n == 1 {
		return count(n, noun) + " " + one
	}
	return count(n, noun) + " " + several
}
