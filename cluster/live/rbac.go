package live

import "context"

// The kinds of RBAC: those of a namespace, and those of the whole cluster.
var (
	namespaceRights = []resource{roleKind.resource, roleBindingKind.resource}
	clusterRights   = []resource{clusterRoleKind.resource, clusterRoleBindingKind.resource}
)

// rights starts to read what RBAC says of the namespaces of Scope.Rights. No other question asks
// for it: most users may not read it.
func (r *reading) rights(ctx context.Context) {
	for i, namespace := range r.scope.Rights {
		for _, kind := range namespaceRights {
			r.tasks.start(func() error { return r.keep(ctx, kind, question{namespace: namespace}) })
		}
		for _, kind := range clusterRights {
			if i == 0 {
				r.tasks.start(func() error { return r.keep(ctx, kind, question{}) })
			}
		}
	}
}

// hasRights tells whether all that RBAC says of a namespace was read.
func (r *reading) hasRights(namespace string) bool {
	for _, kind := range namespaceRights {
		if !r.source.memo.complete(kind, namespace) {
			return false
		}
	}
	for _, kind := range clusterRights {
		if !r.source.memo.complete(kind, "") {
			return false
		}
	}
	return true
}
