package plugin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// pairScope is which namespaces two clusters are compared in.
type pairScope struct {
	names []string // of one end at least; nil stands for all of them
	// known are those of both ends, where a snapshot in a file has only some: what is in one of the
	// clusters because the other was not asked for it is no difference. Nil stands for all of them.
	known []string
	note  string // what nobody asked for, in words
}

// scopeOfBoth finds the namespaces that two clusters are compared in.
func scopeOfBoth(a, b *options) (pairScope, error) {
	s := pairScope{names: a.scope(), known: a.held()}
	switch held := b.held(); {
	case s.known == nil:
		s.known = held
	case held != nil:
		s.known = slices.DeleteFunc(s.known, func(name string) bool { return !slices.Contains(held, name) })
	}
	if s.known == nil {
		if len(a.changed) > 0 && !a.named && !a.all {
			s.note = fmt.Sprintf("Compared is %s, where the objects are; -n or -A says otherwise.", report.NamespacesText(s.names))
		}
		return s, nil
	}
	slices.Sort(s.known)
	switch {
	case len(s.known) == 0:
		return s, fmt.Errorf("nothing to compare: the snapshots were taken of different namespaces, %s and %s", report.NamespacesText(a.held()), report.NamespacesText(b.held()))
	case !a.named || s.names == nil:
		s.names = s.known
	}
	for _, name := range s.names {
		if !slices.Contains(s.known, name) {
			return s, fmt.Errorf("--namespace %s: a snapshot was not taken of it, so there is nothing to compare; there is %s", name, report.NamespacesText(s.known))
		}
	}
	s.note = fmt.Sprintf("A snapshot was taken of %s only: flows within and between these, and to addresses outside, are compared.", report.NamespacesText(s.known))
	return s, nil
}

// given names the objects of --with and --without.
func (f *flags) given(o *options, with []withFile) ([]cluster.Ref, error) {
	var refs []cluster.Ref
	for _, w := range with {
		for _, r := range change.Objects(w.objects) {
			if r.Kind != "Namespace" || w.objects.HasNamespace(r.Name) {
				refs = append(refs, r)
			}
		}
	}
	for _, text := range f.without {
		r, err := o.leftOut(text)
		if err != nil {
			return nil, err
		}
		refs = append(refs, r)
	}
	return refs, nil
}

// homeOf is the namespace that flows of which an object decides begin or end in; "" stands for any.
func homeOf(r cluster.Ref) string {
	if r.Kind == "Namespace" {
		return r.Name
	}
	return r.Namespace
}

// namespacesOf are the namespaces of some objects, or all where one of them is of the whole cluster.
// What RBAC says decides about no flow.
func namespacesOf(refs []cluster.Ref) (names []string, all bool) {
	for _, r := range refs {
		if strings.HasPrefix(r.APIVersion, rbacGroup) {
			continue
		}
		home := homeOf(r)
		if home == "" {
			return nil, true
		}
		if !slices.Contains(names, home) {
			names = append(names, home)
		}
	}
	slices.Sort(names)
	return names, false
}

// leftOut are the policies that changed, and objects of --with and --without, in other namespaces
// than are compared.
func (p *pair) leftOut(w *flows.Worlds) []cluster.Ref {
	if p.scope.names == nil {
		return nil
	}
	var out []cluster.Ref
	add := func(r cluster.Ref) {
		home := homeOf(r)
		if home == "" || slices.Contains(p.scope.names, home) || p.scope.known != nil && !slices.Contains(p.scope.known, home) || strings.HasPrefix(r.APIVersion, rbacGroup) {
			return
		}
		same := func(o cluster.Ref) bool { return o.Kind == r.Kind && o.Namespace == r.Namespace && o.Name == r.Name }
		if !slices.ContainsFunc(out, same) {
			out = append(out, r)
		}
	}
	for name := range w.Policies() {
		namespace, name, _ := strings.Cut(name, "/")
		add(cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: namespace, Name: name})
	}
	for _, r := range p.given {
		if r.Kind != "NetworkPolicy" || !strings.HasPrefix(r.APIVersion, "networking.k8s.io") { // those that changed are in
			add(r)
		}
	}
	slices.SortFunc(out, cluster.Ref.Compare)
	return out
}
