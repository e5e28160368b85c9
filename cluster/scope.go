package cluster

import (
	"context"
	"net/netip"
	"slices"
)

// Scope says which part of a cluster a question may touch. The more of a cluster is in it, the
// more has to be read.
type Scope struct {
	// Objects are read with what belongs to them: a workload's pods, a Service's endpoints and
	// their pods, the namespace and the policies of each. A Ref without a Kind is a bare name.
	Objects []Ref
	// Addresses are looked up among pods, Services and nodes.
	Addresses []netip.Addr
	// Ranges are looked up among pods: those whose address lies in one are read.
	Ranges []netip.Prefix
	// Namespaces are read as a whole.
	Namespaces []string
	// All reads every namespace as a whole.
	All bool
	// DNS adds what resolving a name depends on: the cluster DNS Service, its endpoints and the
	// policies of its namespace.
	DNS bool
	// Nodes adds the nodes.
	Nodes bool
	// NamespaceObjects adds every Namespace with its labels, so that it is known what a
	// namespaceSelector matches.
	NamespaceObjects bool
	// Rights adds what RBAC says of these namespaces: their roles and bindings and those of the
	// whole cluster.
	Rights []string
	// Ingresses adds the Ingresses of these namespaces, and the classes of all.
	Ingresses []string
	// Gateways adds, of all namespaces, the Gateways, their classes, ReferenceGrants and the routes
	// of these kinds.
	Gateways []string
}

// Whole tells whether a namespace is read as a whole under this scope.
func (s Scope) Whole(namespace string) bool {
	return s.All || slices.Contains(s.Namespaces, namespace)
}

// Source reads parts of one cluster: from files or from its API server. Two reads of one Source
// see the same cluster; the second may be wider and is then a new Snapshot. What cannot be read
// is a Gap; an error means that nothing can be said at all.
type Source interface {
	Read(ctx context.Context, scope Scope) (*Snapshot, error)
}
