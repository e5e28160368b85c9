package file

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// savedKind is the object that says of a snapshot in a file what it is of.
var savedKind = &kind{apiVersion: cluster.SavedAPIVersion, kind: cluster.SavedKind, make: func() metav1.Object { return new(cluster.Saved) }}

// Saved returns what the files say of the snapshot that they are; nil where they are none.
func (s *Source) Saved(ctx context.Context) (*cluster.Saved, error) {
	s.savedOnce.Do(func() { s.saved, s.savedErr = s.findSaved(ctx) })
	return s.saved, s.savedErr
}

func (s *Source) findSaved(ctx context.Context) (*cluster.Saved, error) {
	var first *Error
	for _, index := range s.inputs {
		for i := range index.entries {
			if index.entries[i].kind != savedKind {
				continue
			}
			here := &Error{File: index.in.name, Line: int(index.entries[i].line), Object: s.reference(&index.entries[i])}
			if first != nil {
				here.Message = fmt.Sprintf("there is another snapshot at %s; read one at a time", where(first.File, first.Line))
				return nil, here
			}
			first = here
		}
	}
	if first == nil {
		return nil, nil
	}
	found, err := s.decodeAll(ctx, s.batches(func(e *entry) bool { return e.kind == savedKind }))
	if err != nil || len(found) != 1 {
		return nil, err
	}
	return found[0].slim.(*cluster.Saved), nil
}

// validateSaved refuses what a snapshot cannot say.
func validateSaved(s *cluster.Saved) field.ErrorList {
	sources := []string{cluster.SavedCluster, cluster.SavedFiles}
	if !slices.Contains(sources, s.Spec.Source) {
		return field.ErrorList{field.NotSupported(field.NewPath("spec", "source"), s.Spec.Source, sources)}
	}
	return nil
}

// restore makes a snapshot say what it said where it was taken: what could not be read then is a gap
// now, and what was not asked for is one too.
func restore(saved *cluster.Saved, s *cluster.Snapshot, scope cluster.Scope, whole map[string]bool) {
	spec := saved.Spec
	s.Saved, s.FromFiles = true, spec.Source == cluster.SavedFiles
	s.Controlled = spec.Controlled
	if s.FromFiles {
		s.Mentioned = append(s.Mentioned, spec.Mentioned...)
		slices.Sort(s.Mentioned)
		s.Mentioned = slices.Compact(s.Mentioned)
	} else {
		s.Mentioned = nil // a cluster has no namespaces but its own
	}
	for _, d := range spec.Derived {
		if s.Derived == nil {
			s.Derived = map[[2]string]bool{}
		}
		s.Derived[[2]string{d.Namespace, d.Name}] = true
	}
	done := spec.Complete
	s.Read.All = scope.All && done.AllNamespaces
	s.Read.Namespaces = slices.DeleteFunc(s.Read.Namespaces, func(n string) bool { return !saved.Whole(n) })
	s.Read.NamespaceObjects = done.NamespaceObjects
	s.Read.Nodes = done.Nodes
	s.Read.Rights = slices.DeleteFunc(s.Read.Rights, func(n string) bool {
		return !slices.Contains(done.Rights, "") && !slices.Contains(done.Rights, n)
	})
	asked := asking{saved, s, scope, whole}
	for _, g := range spec.Gaps {
		if asked.touches(g) {
			s.Gaps = append(s.Gaps, g.Gap())
		}
		switch {
		case g.Resource == "namespaces" && g.Name == "":
			asked.unlisted(g.Gap())
		case g.Wide && g.Namespace == "" && g.Name == "" && !asked.everywhere():
			asked.narrowed(g.Gap())
		}
	}
	asked.untaken()
}

// asking is a question to a snapshot.
type asking struct {
	saved    *cluster.Saved
	snapshot *cluster.Snapshot
	scope    cluster.Scope
	whole    map[string]bool
}

// everywhere tells whether a question looks into all namespaces: for what is in them, or for who
// holds an address.
func (a asking) everywhere() bool {
	return a.scope.All || len(a.scope.Addresses)+len(a.scope.Ranges) > 0
}

// touches tells whether a question would have met a gap in the cluster as well.
func (a asking) touches(g cluster.SavedGap) bool {
	if k := cluster.GatewayKindOf(g.Resource); k.Kind != "" {
		return len(a.scope.Gateways) > 0 && (!k.Route || slices.Contains(a.scope.Gateways, k.Kind))
	}
	switch g.Resource {
	case "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io":
		return len(a.scope.Rights) > 0 && (g.Namespace == "" || slices.Contains(a.scope.Rights, g.Namespace))
	case "ingresses.networking.k8s.io", "ingressclasses.networking.k8s.io":
		return len(a.scope.Ingresses) > 0 && (g.Namespace == "" || slices.Contains(a.scope.Ingresses, "") || slices.Contains(a.scope.Ingresses, g.Namespace))
	case "namespaces":
		return g.Name == "" && (a.scope.All || a.scope.NamespaceObjects) || g.Name != "" && (a.scope.All || a.whole[g.Name])
	}
	if g.Wide && !a.everywhere() {
		return false // see narrowed
	}
	return g.Namespace == "" || a.scope.All || a.whole[g.Namespace]
}

// unasked tells whether a namespace was not asked for by its name.
func (a asking) unasked(namespace string) bool {
	return !slices.Contains(a.saved.Spec.Namespaces, namespace)
}

// unlisted adds the gap that a namespace is which the question is about, where they could not be
// listed.
func (a asking) unlisted(g cluster.Gap) {
	for namespace := range a.whole {
		if a.unasked(namespace) && (namespace != dnsNamespaces[1] || slices.Contains(a.scope.Namespaces, namespace)) {
			g.Name = namespace
			a.snapshot.Gaps = append(a.snapshot.Gaps, g)
		}
	}
}

// narrowed adds a gap of reading all namespaces for those that the question is about and that were not
// asked for by their names.
func (a asking) narrowed(g cluster.Gap) {
	for namespace := range a.whole {
		if a.unasked(namespace) && slices.Contains(cluster.WholeResources, g.Resource) {
			g.Namespace = namespace
			a.snapshot.Gaps = append(a.snapshot.Gaps, g)
		}
	}
}

// untaken adds the gaps of what the question is about and the snapshot was not taken of.
func (a asking) untaken() {
	if a.saved.Spec.AllNamespaces {
		return
	}
	miss := func(namespace string, resources ...string) {
		for _, r := range resources {
			a.snapshot.Gaps = append(a.snapshot.Gaps, cluster.Gap{Resource: r, Namespace: namespace, Reason: cluster.NotInSnapshot, Detail: "the snapshot was taken of other namespaces"})
		}
	}
	if a.everywhere() {
		miss("", cluster.WholeResources...)
	}
	for namespace := range a.whole {
		if !a.saved.Holds(namespace) && a.mayExist(namespace) {
			miss(namespace, cluster.WholeResources...)
		}
	}
	for _, namespace := range a.scope.Rights {
		if !a.saved.Holds(namespace) {
			miss(namespace, "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io")
		}
	}
	for _, namespace := range a.scope.Ingresses {
		if !a.saved.Holds(namespace) {
			miss(namespace, "ingresses.networking.k8s.io")
		}
	}
}

// mayExist tells whether a namespace that the snapshot was not taken of may be there. Where all
// Namespaces were read it has to be among them, and DNS of OpenShift is nowhere else looked for.
func (a asking) mayExist(namespace string) bool {
	there := slices.ContainsFunc(a.snapshot.Namespaces, func(n *cluster.Namespace) bool { return n.Name == namespace })
	if there || slices.Contains(a.saved.Spec.Mentioned, namespace) {
		return true
	}
	return !a.snapshot.Read.NamespaceObjects && !(namespace == dnsNamespaces[1] && !slices.Contains(a.scope.Namespaces, namespace))
}
