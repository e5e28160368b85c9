package explain

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/rights"
)

// Rights says who may undo the policies of a target's namespace: change them or the labels that
// they go by, start pods, or get at the rights of those who may. A policy is only as strong as
// those rights.
func Rights(q One) (*OneStep, error) {
	s, err := q.resolvePods(StepPolicy)
	if err != nil {
		return nil, err
	}
	a := rights.Of(q.Snapshot, s.namespace)
	s.pass.Rights = a
	w := rightsWords{a, q.Snapshot}
	s.about = "namespace " + s.namespace
	one := s.step(StepRights, "Who may undo the policies", w.lines())
	one.Rights = a
	return one, nil
}

// rightsWords words an answer about rights.
type rightsWords struct {
	*rights.Answer
	snapshot *cluster.Snapshot
}

// rightLabels are what lines about a right are labelled with.
var rightLabels = map[rights.Right]string{
	rights.Policies:        "change policies",
	rights.NamespaceLabels: "namespace labels",
	rights.PodLabels:       "pod labels",
	rights.Workloads:       "start pods",
	rights.Become:          "impersonate or escalate",
	rights.Delegate:        "grant roles",
}

func (w rightsWords) lines() []Line {
	var lines []Line
	if !w.Nothing() {
		lines = w.wholeLines()
		others := len(lines) > 0
		for _, r := range rights.All {
			lines = append(lines, w.linesOf(r, others)...)
		}
	}
	lines = append(lines, w.openLines()...)
	if w.Nothing() {
		return append(lines, mastersLine)
	}
	if line, ok := w.accountsLine(); ok {
		lines = append(lines, line)
	}
	if line, ok := w.systemLine(); ok {
		lines = append(lines, line)
	}
	return append(lines, mastersLine, Line{Status: Skipped, Text: "this is what RBAC grants; other authorizers may allow more, and admission control may forbid some of it"})
}

// mastersLine is about those whom no binding shows.
var mastersLine = Line{Status: Skipped, Label: "superusers", Text: "group " + rights.Masters + " may do all of it whatever RBAC says; no object shows who is in it"}

// wholeLines are the bindings that grant everything, so that they stand once.
func (w rightsWords) wholeLines() []Line {
	var lines []Line
	for _, g := range w.Grants {
		if g.Right == rights.All[0] && w.grantsAll(g.Binding) {
			if who := people(g.Binding); len(who) > 0 {
				lines = append(lines, w.grantLine(who, g, ""))
			}
		}
	}
	if len(lines) > 0 {
		lines[0].Label = "all of it"
	}
	return lines
}

// grantsAll tells whether a binding grants every right, and nothing of any is missing.
func (w rightsWords) grantsAll(b *cluster.Binding) bool {
	whole := 0
	for _, g := range w.Grants {
		if g.Binding == b && g.Whole {
			whole++
		}
	}
	return whole == len(rights.All)
}

// linesOf are the grants of one right, but for those of bindings that grant everything, which others
// tells of.
func (w rightsWords) linesOf(r rights.Right, others bool) []Line {
	var lines []Line
	system := false
	for _, g := range w.Grants {
		if g.Right != r || w.grantsAll(g.Binding) {
			continue
		}
		who := people(g.Binding)
		if system = system || len(who) == 0; len(who) == 0 {
			continue
		}
		acts := ""
		if !g.Whole {
			acts = ": " + actsText(g.Acts)
		}
		lines = append(lines, w.grantLine(who, g, acts))
	}
	switch {
	case len(lines) > 0 && r == rights.Delegate:
		lines = append(lines, Line{Status: Skipped, Text: "they can grant no more than they have"})
	case len(lines) > 0:
	case len(w.Unread)+len(w.Open) > 0:
		lines = []Line{{Status: Skipped, Text: "nobody else that is known of"}}
	case others:
		lines = []Line{{Status: OK, Text: "nobody else"}}
	case system:
		lines = []Line{{Status: OK, Text: "only components of Kubernetes"}}
	default:
		lines = []Line{{Status: OK, Text: "nobody"}}
	}
	lines[0].Label = rightLabels[r]
	if r == rights.Workloads {
		lines = append(lines, w.hostNetworkLine())
	}
	return lines
}

// grantLine says whom a binding grants something. What a role was not read for is what Kubernetes
// makes it; in a cluster somebody may have changed that.
func (w rightsWords) grantLine(who []rbacv1.Subject, g rights.Grant, acts string) Line {
	line, note := Line{Status: OK}, ""
	switch {
	case g.Default && w.snapshot.FromFiles:
		note = ", as Kubernetes makes it"
	case g.Default:
		line.Status, note = NotKnown, ", which was not read: unless somebody changed what Kubernetes makes it"
	}
	line.Text = fmt.Sprintf("%s%s (%s%s)", subjectsText(who), acts, by(g.Binding), note)
	return line
}

// hostNetworkLine says whether those who start pods may start some that policies do not hold.
func (w rightsWords) hostNetworkLine() Line {
	line := Line{Status: OK, Label: "hostNetwork pods"}
	switch s := w.Security; {
	case s.Labelled == cluster.MaybePresent:
		line.Status, line.Text = NotKnown, "whether Pod Security forbids them is not known: the labels of the namespace were not read"
	case s.Forbids():
		line.Text = fmt.Sprintf("forbidden by %s=%s, which whoever may change the namespace's labels can lift", rights.EnforceLabel, s.Level)
	case s.Labelled == cluster.Present:
		line.Text = fmt.Sprintf("whoever may start pods: %s=%s allows them, and policies do not hold them", rights.EnforceLabel, s.Level)
	default:
		line.Text = fmt.Sprintf("whoever may start pods: the namespace has no %s label (unless the API server's own default forbids them), and policies do not hold them", rights.EnforceLabel)
	}
	return line
}

// openLines say what is not known: bindings whose role was not read, and lists that were not.
func (w rightsWords) openLines() []Line {
	var lines []Line
	for _, b := range w.Open {
		if who := people(b); len(who) > 0 {
			lines = append(lines, Line{Status: NotKnown, Text: fmt.Sprintf("%s: what %s grants is not known", subjectsText(who), by(b))})
		}
	}
	var unread []string
	for _, g := range w.Unread {
		name, _, _ := strings.Cut(g.Resource, ".")
		if !slices.Contains(unread, name) {
			unread = append(unread, name)
		}
	}
	switch {
	case len(unread) == 0:
	case w.snapshot.FromFiles:
		lines = append(lines, Line{Status: NotKnown, Text: "nobody is known: there is neither a RoleBinding of the namespace nor a ClusterRoleBinding among the files (kubectl get roles,rolebindings,clusterroles,clusterrolebindings -A -o yaml dumps them)"})
	case w.Nothing():
		lines = append(lines, Line{Status: NotKnown, Text: "nobody is known: " + strings.Join(unread, ", ") + " could not be read"})
	case slices.ContainsFunc(unread, func(name string) bool { return strings.HasSuffix(name, "bindings") }):
		lines = append(lines, Line{Status: NotKnown, Text: "there may be more: " + strings.Join(unread, ", ") + " could not be read"})
	default:
		lines = append(lines, Line{Status: NotKnown, Text: "what bindings to them grant: " + strings.Join(unread, ", ") + " could not be read"})
	}
	if len(lines) > 0 {
		lines[0].Label = "not known"
	}
	if clusterWide := func(b *cluster.Binding) bool { return b.Namespace == "" }; w.snapshot.FromFiles && len(unread) == 0 && !slices.ContainsFunc(w.snapshot.Bindings, clusterWide) {
		lines = append(lines, Line{Status: Skipped, Label: "cluster-wide", Text: "no ClusterRoleBinding is among the files, so who may do it in the whole cluster is not said here"})
	}
	return lines
}

// accountsLine says which service accounts of the namespace have rights: whoever starts pods there
// may let them run as those. Source: core/v1 PodSpec.ServiceAccountName.
func (w rightsWords) accountsLine() (Line, bool) {
	var names []string
	for _, g := range w.Grants {
		for _, s := range g.Binding.Subjects {
			if s.Kind == rbacv1.ServiceAccountKind && s.Namespace == w.Namespace && !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	if len(names) == 0 {
		return Line{}, false
	}
	slices.Sort(names)
	if len(w.snapshot.GapsFor("pods", w.Namespace)) > 0 {
		return Line{Status: NotKnown, Label: "through pods", Text: "whether pods run as service account " + shortened(names) + " is not known: pods could not be read"}, true
	}
	return Line{Status: OK, Label: "through pods", Text: "whoever may start pods may let them run as service account " + shortened(names) + ", with its rights"}, true
}

// systemLine sums up the parts of Kubernetes.
func (w rightsWords) systemLine() (Line, bool) {
	var names []string
	for _, g := range w.Grants {
		for _, s := range g.Binding.Subjects {
			if name := subjectText(s); rights.System(s) && s.Name != rights.Masters && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return Line{}, false
	}
	return Line{Status: Skipped, Label: "system", Text: fmt.Sprintf("%s of Kubernetes may do some of it, too (-o json names them)", count(len(names), "component"))}, true
}

// people are the subjects of a binding that are no part of Kubernetes, in order.
func people(b *cluster.Binding) []rbacv1.Subject {
	out := slices.DeleteFunc(slices.Clone(b.Subjects), rights.System)
	slices.SortFunc(out, func(x, y rbacv1.Subject) int { return strings.Compare(subjectText(x), subjectText(y)) })
	return slices.Compact(out)
}

func subjectText(s rbacv1.Subject) string {
	if s.Kind == rbacv1.ServiceAccountKind {
		return "service account " + s.Namespace + "/" + s.Name
	}
	return strings.ToLower(s.Kind) + " " + s.Name
}

func subjectsText(who []rbacv1.Subject) string {
	var names []string
	for _, s := range who {
		names = append(names, subjectText(s))
	}
	return shortened(names)
}

// shortened names the first of many.
func shortened(names []string) string {
	const most = 5
	if n := len(names) - most; n > 1 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ")
}

// by names a binding with its role.
func by(b *cluster.Binding) string {
	name := b.Name
	if b.Namespace != "" {
		name = b.Namespace + "/" + name
	}
	return fmt.Sprintf("%s %s → %s %s", b.Kind, name, b.Role.Kind, b.Role.Name)
}

// actsText puts together what acts have in common: "create, delete networkpolicies".
func actsText(acts []rights.Act) string {
	type group struct {
		resources []string
		verbs     []string
		names     string
	}
	var groups []group
	for _, a := range acts { // the verbs for each resource
		names := strings.Join(a.Names, ", ")
		i := slices.IndexFunc(groups, func(g group) bool { return g.resources[0] == a.Resource && g.names == names })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{resources: []string{a.Resource}, names: names})
		}
		groups[i].verbs = append(groups[i].verbs, a.Verb)
	}
	var merged []group
	for _, g := range groups { // the resources with the same verbs
		i := slices.IndexFunc(merged, func(m group) bool { return slices.Equal(m.verbs, g.verbs) && m.names == g.names })
		if i < 0 || g.names != "" {
			merged = append(merged, g)
			continue
		}
		merged[i].resources = append(merged[i].resources, g.resources...)
	}
	var out []string
	for _, g := range merged {
		text := strings.Join(g.verbs, ", ") + " " + strings.Join(g.resources, ", ")
		if g.names != "" {
			text += " " + g.names
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}
