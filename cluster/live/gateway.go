package live

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// gatewayKinds are the kinds of the Gateway API as they are looked for among what the server has.
var gatewayKinds = func() []ForeignKind {
	var all []ForeignKind
	for _, k := range cluster.GatewayKinds {
		all = append(all, ForeignKind{
			Group: cluster.GatewayGroup, Resource: k.Resource, Kind: k.Kind, Namespaced: k.Namespaced,
			keep: keepGateway,
		})
	}
	return all
}()

// gateways starts to read the objects of the Gateway API of all namespaces: a route and its Gateway
// may be in any two. Of a kind of routes that is not served there is nothing, as long as some kind
// that was asked for is; otherwise that it is not served is a gap.
func (r *reading) gateways(ctx context.Context) {
	if len(r.scope.Gateways) == 0 || r.source.gateways == nil {
		return
	}
	missing := map[string]cluster.Gap{}
	routes := false
	for _, k := range cluster.GatewayKinds {
		missing[k.Name()] = cluster.Gap{Resource: k.Name(), Reason: cluster.NotServed}
	}
	for _, gap := range r.source.gateways.gaps {
		missing[gap.Resource] = gap
	}
	for _, l := range r.source.gateways.served {
		delete(missing, l.name())
		k := cluster.GatewayKindOf(l.name())
		if !k.Route || slices.Contains(r.scope.Gateways, k.Kind) {
			r.tasks.start(func() error { return r.keep(ctx, l.resource, question{}) })
			routes = routes || k.Route
		}
	}
	for name, gap := range missing {
		k := cluster.GatewayKindOf(name)
		if !k.Route || slices.Contains(r.scope.Gateways, k.Kind) && (gap.Reason != cluster.NotServed || !routes) {
			r.note(gap)
		}
	}
}

// keepGateway makes records of objects of the Gateway API, which no Go type of client-go stands for.
func keepGateway(object runtime.Object) (record, error) {
	in, ok := object.(*unstructured.Unstructured)
	if !ok {
		return record{}, fmt.Errorf("the answer is a %T", object)
	}
	var typed cluster.GatewayObject
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(in.Object, &typed); err != nil {
		return record{}, fmt.Errorf("%s %s/%s: %w", in.GetKind(), in.GetNamespace(), in.GetName(), err)
	}
	return record{
		namespace: in.GetNamespace(),
		name:      in.GetName(),
		labels:    in.GetLabels(),
		value:     cluster.NewGatewayObject(&typed, cluster.Origin{UID: string(in.GetUID())}),
	}, nil
}
