package file

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// dnsNamespaces are where cluster DNS runs: everywhere, and on OpenShift.
var dnsNamespaces = []string{"kube-system", "openshift-dns"}

// Read decodes what a question of that scope can touch. Namespaces are read as a whole or not at
// all; Namespace objects, nodes, DaemonSets (as agents) and policies without a namespace are
// always read.
func (s *Source) Read(ctx context.Context, scope cluster.Scope) (*cluster.Snapshot, error) {
	snapshot, err := s.read(ctx, scope)
	if err != nil || scope.All {
		return snapshot, err
	}
	// Endpoints that somebody wrote down may be pods of any namespace.
	unheld := unheldEndpoints(snapshot, scope)
	if len(unheld) == 0 {
		return snapshot, nil
	}
	scope.Addresses = slices.Concat(scope.Addresses, unheld)
	return s.read(ctx, scope)
}

// unheldEndpoints returns the addresses behind the Services that a scope names which nothing that
// was read holds.
func unheldEndpoints(s *cluster.Snapshot, scope cluster.Scope) []netip.Addr {
	var out []netip.Addr
	for _, o := range scope.Objects {
		v := s.Service(o.Namespace, o.Name)
		if v == nil || o.Kind != "Service" && o.Kind != "" {
			continue
		}
		for _, slice := range s.SlicesOf(v) {
			for _, e := range slice.Endpoints {
				for _, a := range e.Addresses {
					if len(s.HoldersOf(a)) == 0 && !slices.Contains(scope.Addresses, a) {
						out = append(out, a)
					}
				}
			}
		}
	}
	return out
}

func (s *Source) read(ctx context.Context, scope cluster.Scope) (*cluster.Snapshot, error) {
	saved, err := s.Saved(ctx)
	if err != nil {
		return nil, err
	}
	whole := s.wholeNamespaces(scope)
	if !scope.All && len(scope.Addresses)+len(scope.Ranges) > 0 {
		holders, err := s.holders(ctx, newAddressSet(scope.Addresses, scope.Ranges), whole)
		if err != nil {
			return nil, err
		}
		maps.Copy(whole, holders)
	}
	objects, err := s.decodeAll(ctx, s.needed(scope, whole))
	if err != nil {
		return nil, err
	}
	snapshot := &cluster.Snapshot{FromFiles: true, Mentioned: s.mentioned(), Read: cluster.Scope{Nodes: true, NamespaceObjects: true, DNS: scope.DNS, All: scope.All, Rights: slices.Clone(scope.Rights)}}
	if !scope.All {
		snapshot.Read.Namespaces = slices.Sorted(maps.Keys(whole))
		snapshot.Read.Addresses = slices.Clone(scope.Addresses)
	}
	f := filler{Snapshot: snapshot, reads: func(namespace string) bool {
		return (scope.All || whole[namespace]) && (saved == nil || saved.Holds(namespace))
	}}
	for _, o := range objects {
		f.add(o)
	}
	f.Gaps = append(f.Gaps, s.templateGaps()...)
	if saved == nil || saved.Spec.Source == cluster.SavedFiles {
		f.addUnknownRights(scope.Rights)
		f.addGaps()
	}
	f.addEndpoints()
	if saved != nil {
		restore(saved, snapshot, scope, whole)
	}
	return snapshot.Seal(), nil
}

// mentioned returns the namespaces that objects are in, whether the question reaches them or not:
// what is said of all namespaces must not leave them out.
func (s *Source) mentioned() []string {
	names := slices.DeleteFunc(slices.Clone(s.namespaces.names), func(name string) bool { return name == "" })
	slices.Sort(names) // they were met in any order
	return names
}

// wholeNamespaces are those that a scope names, without what its addresses may add.
func (s *Source) wholeNamespaces(scope cluster.Scope) map[string]bool {
	whole := map[string]bool{}
	for _, n := range scope.Namespaces {
		whole[n] = true
	}
	for _, o := range scope.Objects {
		switch {
		case o.Kind == "Namespace":
			whole[o.Name] = true
		case o.Kind == "Node":
		case o.Namespace == "":
			whole[s.options.Namespace] = true
		default:
			whole[o.Namespace] = true
		}
	}
	if scope.DNS {
		for _, n := range dnsNamespaces {
			whole[n] = true
		}
	}
	return whole
}

// needed returns the entries to decode, input by input.
func (s *Source) needed(scope cluster.Scope, whole map[string]bool) []batch {
	inScope, inRights := make([]bool, len(s.namespaces.names)), make([]bool, len(s.namespaces.names))
	for n, name := range s.namespaces.names {
		inScope[n] = scope.All || whole[name]
		inRights[n] = scope.All || name == "" || slices.Contains(scope.Rights, name)
	}
	return s.batches(func(e *entry) bool {
		switch {
		case e.kind.rights:
			return inRights[e.namespace]
		case e.kind.ingress:
			return scope.All || len(scope.Ingresses) > 0
		case e.kind.gateway:
			return scope.All || len(scope.Gateways) > 0
		}
		return e.kind.always || inScope[e.namespace] || e.kind.foreign && s.namespaces.name(e.namespace) == ""
	})
}

// holders returns the namespaces of the objects that hold one of the addresses, and of the pods in
// one of the ranges. Namespaces that are read anyway are not searched.
func (s *Source) holders(ctx context.Context, wanted addressSet, whole map[string]bool) (map[string]bool, error) {
	searched := make([]bool, len(s.namespaces.names))
	for n, name := range s.namespaces.names {
		searched[n] = !whole[name]
	}
	candidates := s.batches(func(e *entry) bool {
		if !searched[e.namespace] {
			return false
		}
		switch e.kind.kind {
		case "Pod":
			return !e.kind.foreign
		case "Service", "EndpointSlice", "Endpoints":
			return !e.kind.foreign && len(wanted.addrs) > 0
		}
		return false
	})
	found, err := s.decodeSome(ctx, candidates, wanted.mayBeIn)
	if err != nil {
		return nil, err
	}
	namespaces := map[string]bool{}
	for _, o := range found {
		if wanted.heldBy(o) {
			namespaces[o.namespace] = true
		}
	}
	return namespaces, nil
}
