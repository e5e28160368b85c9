package ends

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// NotFoundError says that a target names nothing, and what it could have meant, as far as that
// was read.
type NotFoundError struct {
	Target Target
	// NoNamespace: the namespace is not there and nothing is in it.
	NoNamespace bool
	// Namespaces are those whose names are nearly that of the one that is not there.
	Namespaces []string
	// Near are objects of the same namespace: of that name but another kind, or nearly of that
	// name.
	Near []cluster.Ref
	// Elsewhere are objects of that kind and name in other namespaces.
	Elsewhere []cluster.Ref
	FromFiles bool
}

// Error says what was looked for and where, and what there is instead, as it can be typed.
func (e *NotFoundError) Error() string {
	what, where := e.Target.Kind, ""
	if what == "" {
		what = "pod, workload or Service"
	}
	if e.Target.Namespace != "" {
		where = fmt.Sprintf(" in namespace %q", e.Target.Namespace)
	}
	text := fmt.Sprintf("no %s named %q%s", what, e.Target.Name, where)
	if e.NoNamespace {
		text = fmt.Sprintf("there is no namespace %q in the cluster", e.Target.Namespace)
		if e.FromFiles {
			text = fmt.Sprintf("there is no namespace %q among the files", e.Target.Namespace)
		}
	}
	switch {
	case e.FromFiles && e.Target.Kind == "Service" && e.Target.Namespace == "default" && e.Target.Name == "kubernetes":
		return "the Service of the API server, default/kubernetes, is not among the files; add it with its endpoints (kubectl get service,endpointslices -n default -o yaml), or ask for the API server's address"
	case len(e.Elsewhere) > 0:
		text += "; there is " + Typed(e.Elsewhere...)
		if len(e.Elsewhere) == 1 {
			text += fmt.Sprintf(" (or give -n %s)", e.Elsewhere[0].Namespace)
		}
	case len(e.Near) > 0:
		text += "; did you mean " + Typed(e.Near...) + "?"
	case len(e.Namespaces) > 0:
		text += "; did you mean " + either(e.Namespaces) + "?"
	case e.NoNamespace:
		text += "; -n names another"
	}
	return text
}

// Typed prints objects as targets that mean them whatever -n says: "web/deploy/front or
// web/svc/front".
func Typed(refs ...cluster.Ref) string {
	var words []string
	for _, r := range refs {
		text := shortKind(r.Kind) + "/" + r.Name
		if r.Namespace != "" {
			text = r.Namespace + "/" + text
		}
		words = append(words, text)
	}
	return either(words)
}

func either(words []string) string {
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return strings.Join(words, "")
}

// AmbiguousError says that a bare name means several objects, or may mean one that could not be read.
type AmbiguousError struct {
	Target  Target
	Choices []cluster.Ref
	// Unread are the resources of which an object of that name could not be read.
	Unread []string
}

// Error lists what the name could mean, as it can be typed.
func (e *AmbiguousError) Error() string {
	if len(e.Unread) > 0 {
		return fmt.Sprintf("%q may mean an object in namespace %q that could not be read (%s); say which, such as %s", e.Target.Name, e.Target.Namespace, strings.Join(e.Unread, ", "), either(choiceList(e.Choices)))
	}
	return fmt.Sprintf("%q means more than one object in namespace %q; say which: %s", e.Target.Name, e.Target.Namespace, strings.Join(choiceList(e.Choices), ", "))
}

func choiceList(refs []cluster.Ref) []string {
	var out []string
	for _, r := range refs {
		out = append(out, shortKind(r.Kind)+"/"+r.Name)
	}
	return out
}

// shortKind is how a kind is usually typed.
func shortKind(kind string) string {
	switch kind {
	case "Deployment":
		return "deploy"
	case "StatefulSet":
		return "sts"
	case "DaemonSet":
		return "ds"
	case "ReplicaSet":
		return "rs"
	case "Service":
		return "svc"
	}
	return strings.ToLower(kind)
}

// mostChoices is how many objects an error names.
const mostChoices = 5

// missing says that a target is not there, with what else it could have meant.
func missing(s *cluster.Snapshot, t Target) *NotFoundError {
	e := &NotFoundError{Target: t, FromFiles: s.FromFiles}
	if t.Namespace != "" {
		if e.NoNamespace = !NamespaceMayExist(s, t.Namespace); e.NoNamespace {
			e.Namespaces = NearNamespaces(s, t.Namespace)
		}
	}
	for _, r := range choices(s) {
		switch {
		case r.Namespace == t.Namespace && near(t, r):
			e.Near = append(e.Near, r)
		case r.Namespace != t.Namespace && r.Name == t.Name && couldBe(t.Kind, r.Kind):
			e.Elsewhere = append(e.Elsewhere, r)
		}
	}
	// The name itself first, then what is of the kind that was asked for, then what is nearest.
	other := func(r cluster.Ref) int {
		if couldBe(t.Kind, r.Kind) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(e.Near, func(a, b cluster.Ref) int {
		return cmp.Or(cmp.Compare(min(1, spelling.Distance(t.Name, a.Name)), min(1, spelling.Distance(t.Name, b.Name))),
			cmp.Compare(other(a), other(b)),
			cmp.Compare(spelling.Distance(t.Name, a.Name), spelling.Distance(t.Name, b.Name)))
	})
	// A slip in the namespace: what is in the nearest one first.
	rank := func(r cluster.Ref) int {
		if i := slices.Index(e.Namespaces, r.Namespace); i >= 0 {
			return i
		}
		return mostChoices
	}
	slices.SortStableFunc(e.Elsewhere, func(a, b cluster.Ref) int { return cmp.Compare(rank(a), rank(b)) })
	e.Near = e.Near[:min(mostChoices, len(e.Near))]
	e.Elsewhere = e.Elsewhere[:min(mostChoices, len(e.Elsewhere))]
	return e
}

// near tells whether an object of the same namespace may be what was meant: it has the name but
// another kind, or a name of which the one that was typed is a slip or the beginning.
func near(t Target, r cluster.Ref) bool {
	if r.Name == t.Name {
		return true
	}
	return couldBe(t.Kind, r.Kind) && (strings.HasPrefix(r.Name, t.Name) || spelling.Near(t.Name, r.Name))
}

// choices are the objects that a target can name, sorted.
func choices(s *cluster.Snapshot) []cluster.Ref {
	var refs []cluster.Ref
	for _, w := range s.Workloads {
		if w.TopLevel() {
			refs = append(refs, w.Ref)
		}
	}
	for _, v := range s.Services {
		refs = append(refs, v.Ref())
	}
	for _, p := range s.Pods {
		refs = append(refs, p.Ref())
	}
	for _, n := range s.Nodes {
		refs = append(refs, n.Ref())
	}
	slices.SortFunc(refs, cluster.Ref.Compare)
	return refs
}

// NamespaceMayExist tells whether a namespace is there, or may be because that could not be read.
// With files, one that nothing names is not there.
func NamespaceMayExist(s *cluster.Snapshot, namespace string) bool {
	return slices.ContainsFunc(s.AllNamespaces(), func(n *cluster.Namespace) bool { return n.Name == namespace }) ||
		slices.ContainsFunc(s.EndpointSlices, func(e *cluster.EndpointSlice) bool { return e.Namespace == namespace }) ||
		slices.ContainsFunc(s.Foreign, func(f *cluster.Foreign) bool { return f.Namespace == namespace }) ||
		slices.ContainsFunc(s.Gaps, func(g cluster.Gap) bool {
			return g.Resource == "namespaces" && (g.Name == "" || g.Name == namespace) && g.Reason != cluster.NotProvided
		})
}

// NearNamespaces returns the namespaces that were read whose names are nearly that of one.
func NearNamespaces(s *cluster.Snapshot, namespace string) []string {
	var names []string
	for _, n := range s.AllNamespaces() {
		names = append(names, n.Name)
	}
	return spelling.Nearest(namespace, names, mostChoices)
}
