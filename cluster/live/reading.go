package live

import (
	"context"
	"net/netip"
	"sync"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// reading is one Read under way: what belongs to its scope is added to the snapshot as it comes
// in. What the Source knows from earlier but the scope does not reach stays out.
type reading struct {
	source *Source
	scope  cluster.Scope
	fail   context.CancelCauseFunc
	tasks  *tasks // of the present stage

	mu       sync.Mutex
	snapshot *cluster.Snapshot
	allNodes bool            // were asked for
	wide     bool            // so many namespaces matter that all are asked for at once
	added    map[any]bool    // pointers that are in the snapshot
	touched  map[string]bool // namespaces
	sought   map[netip.Addr]bool
	gaps     map[cluster.Gap]string
}

func newReading(s *Source, scope cluster.Scope, fail context.CancelCauseFunc) *reading {
	return &reading{
		source:   s,
		scope:    scope,
		fail:     fail,
		snapshot: &cluster.Snapshot{ConfigMaps: map[string]map[string]string{}},
		added:    map[any]bool{},
		touched:  map[string]bool{},
		sought:   map[netip.Addr]bool{},
		gaps:     map[cluster.Gap]string{},
	}
}

// run reads in three stages. Lists of whole namespaces go first, because what is named one by
// one is then found among them; policies of other layers go last, when it is known which
// namespaces matter. What depends on neither runs beside the first two.
func (r *reading) run(ctx context.Context) error {
	aside := &tasks{fail: r.fail}
	aside.start(func() error { return r.agents(ctx) })
	aside.start(func() error { return r.someNode(ctx) })
	aside.start(func() error { return r.discover(ctx) })

	for _, stage := range []func(context.Context){r.wholes, r.named} {
		r.tasks = &tasks{fail: r.fail}
		stage(ctx)
		if err := r.tasks.wait(ctx); err != nil {
			aside.wg.Wait()
			return err
		}
	}
	if err := aside.wait(ctx); err != nil {
		return err
	}
	r.tasks = &tasks{fail: r.fail}
	r.foreign(ctx)
	r.gateways(ctx)
	return r.tasks.wait(ctx)
}

// named starts to read everything that the scope names.
func (r *reading) named(ctx context.Context) {
	for _, ref := range r.scope.Objects {
		r.tasks.start(func() error { return r.object(ctx, ref) })
	}
	for _, ip := range r.scope.Addresses {
		r.tasks.start(func() error { return r.address(ctx, ip) })
	}
	if len(r.scope.Ranges) > 0 {
		r.tasks.start(func() error { return r.podsWithin(ctx) })
	}
	for _, namespace := range r.scope.Namespaces {
		r.touch(ctx, namespace)
	}
	r.rights(ctx)
	r.ingresses(ctx)
	if r.scope.DNS {
		r.tasks.start(func() error { return r.dns(ctx) })
	}
	if r.scope.Nodes {
		r.tasks.start(func() error { return r.nodes(ctx) })
	}
}

// touch reads what every namespace that matters is asked for: its labels and its policies.
func (r *reading) touch(ctx context.Context, namespace string) {
	if namespace == "" {
		return
	}
	r.mu.Lock()
	known := r.touched[namespace]
	r.touched[namespace] = true
	r.mu.Unlock()
	if known {
		return
	}
	r.tasks.start(func() error { return r.keep(ctx, namespaceKind.resource, question{name: namespace}) })
	r.tasks.start(func() error { return r.keep(ctx, policyKind.resource, question{namespace: namespace}) })
}

// nodes reads all nodes.
func (r *reading) nodes(ctx context.Context) error {
	r.mu.Lock()
	r.allNodes = true
	r.mu.Unlock()
	return r.keep(ctx, nodeKind.resource, question{})
}

// add puts an object into the snapshot, once.
func (r *reading) add(object any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.added[object] {
		return
	}
	r.added[object] = true
	switch v := object.(type) {
	case *cluster.Namespace:
		r.snapshot.Namespaces = append(r.snapshot.Namespaces, v)
	case *cluster.Pod:
		r.snapshot.Pods = append(r.snapshot.Pods, v)
	case *workload:
		r.snapshot.Workloads = append(r.snapshot.Workloads, v.Workload)
	case *cluster.Policy:
		r.snapshot.Policies = append(r.snapshot.Policies, v)
	case *cluster.Foreign:
		r.snapshot.Foreign = append(r.snapshot.Foreign, v)
	case *cluster.Service:
		r.snapshot.Services = append(r.snapshot.Services, v)
	case *cluster.EndpointSlice:
		r.snapshot.EndpointSlices = append(r.snapshot.EndpointSlices, v)
	case *cluster.Node:
		r.snapshot.Nodes = append(r.snapshot.Nodes, v)
	case *cluster.Role:
		r.snapshot.Roles = append(r.snapshot.Roles, v)
	case *cluster.Binding:
		r.snapshot.Bindings = append(r.snapshot.Bindings, v)
	case *cluster.Ingress:
		r.snapshot.Ingresses = append(r.snapshot.Ingresses, v)
	case *cluster.IngressClass:
		r.snapshot.IngressClasses = append(r.snapshot.IngressClasses, v)
	case *cluster.Gateway:
		r.snapshot.Gateways = append(r.snapshot.Gateways, v)
	case *cluster.GatewayClass:
		r.snapshot.GatewayClasses = append(r.snapshot.GatewayClasses, v)
	case *cluster.Route:
		r.snapshot.Routes = append(r.snapshot.Routes, v)
	case *cluster.ReferenceGrant:
		r.snapshot.ReferenceGrants = append(r.snapshot.ReferenceGrants, v)
	case *cluster.Agent:
		r.snapshot.Agents = append(r.snapshot.Agents, v)
	}
}

// note records a gap once, whatever the server's words were each time.
func (r *reading) note(gap cluster.Gap) {
	r.mu.Lock()
	defer r.mu.Unlock()
	words := gap.Detail
	gap.Detail = ""
	if known, ok := r.gaps[gap]; !ok || words < known {
		r.gaps[gap] = words
	}
}

// finish seals the snapshot and says what of it is complete.
func (r *reading) finish() *cluster.Snapshot {
	for gap, words := range r.gaps {
		gap.Detail = words
		r.snapshot.Gaps = append(r.snapshot.Gaps, gap)
	}
	r.snapshot.Read.All = r.scope.All && r.isWhole("")
	r.snapshot.Read.NamespaceObjects = (r.scope.All || r.scope.NamespaceObjects) && r.source.memo.complete(namespaceKind.resource, "")
	r.snapshot.Read.Nodes = r.allNodes && r.source.memo.complete(nodeKind.resource, "")
	for _, namespace := range r.scope.Namespaces {
		if r.isWhole(namespace) {
			r.snapshot.Read.Namespaces = append(r.snapshot.Read.Namespaces, namespace)
		}
	}
	for _, namespace := range r.scope.Rights {
		if r.hasRights(namespace) {
			r.snapshot.Read.Rights = append(r.snapshot.Read.Rights, namespace)
		}
	}
	return r.snapshot.Seal()
}
