package live

import "context"

// ingresses starts to read the Ingresses of the namespaces of Scope.Ingresses, and the classes. No
// other question asks for them.
func (r *reading) ingresses(ctx context.Context) {
	for i, namespace := range r.scope.Ingresses {
		r.tasks.start(func() error { return r.keep(ctx, ingressKind.resource, question{namespace: namespace}) })
		if i == 0 {
			r.tasks.start(func() error { return r.keep(ctx, ingressClassKind.resource, question{}) })
		}
	}
}
