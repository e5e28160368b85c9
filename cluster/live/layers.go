package live

import (
	"cmp"
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// layers is which kinds of policies of other layers the server has.
type layers struct {
	served []layer
	gaps   []cluster.Gap // kinds that it may or may not have
}

type layer struct {
	resource
	namespaced bool
}

// discover finds out, once for a Source, which kinds of other layers there are, and where a question
// is about the Gateway API, which of its kinds.
func (r *reading) discover(ctx context.Context) (err error) {
	s := r.source
	if s.layers == nil && len(s.foreign) > 0 {
		if s.layers, err = s.locateAll(ctx, s.foreign); err != nil {
			return err
		}
	}
	if s.gateways == nil && len(r.scope.Gateways) > 0 {
		s.gateways, err = s.locateAll(ctx, gatewayKinds)
	}
	return err
}

// locateAll finds kinds among what the server has; nil with an error.
func (s *Source) locateAll(ctx context.Context, kinds []ForeignKind) (*layers, error) {
	if s.found == nil {
		found, gap, err := s.discovery(ctx)
		if err != nil {
			return nil, err
		}
		s.found = func() (discovered, *cluster.Gap) { return found, gap }
	}
	found, gap := s.found()
	l := &layers{}
	for _, f := range kinds {
		if gap != nil {
			unknown := *gap
			unknown.Resource = f.name()
			l.gaps = append(l.gaps, unknown)
			continue
		}
		if err := s.locate(ctx, f, found, l); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// foreign starts to list the policies of other layers: of namespaced kinds those in the
// namespaces that matter, of others all.
func (r *reading) foreign(ctx context.Context) {
	l := r.source.layers
	if l == nil {
		return
	}
	for _, gap := range l.gaps {
		r.note(gap)
	}
	for _, layer := range l.served {
		if !layer.namespaced || r.scope.All || r.wide {
			r.tasks.start(func() error { return r.layer(ctx, layer, "") })
			continue
		}
		for namespace := range r.touched {
			r.tasks.start(func() error { return r.layer(ctx, layer, namespace) })
		}
	}
}

// layer lists one kind. That it is no longer served means that there is nothing of it.
func (r *reading) layer(ctx context.Context, l layer, namespace string) error {
	answer, err := r.source.ask(ctx, l.resource, question{resource: l.GroupVersionResource, namespace: namespace})
	if err != nil {
		return err
	}
	if answer.gap != nil && answer.gap.Reason != cluster.NotServed {
		r.note(*answer.gap)
	}
	for _, record := range answer.records {
		r.add(record.value)
	}
	return nil
}

// locate finds a kind among what the server has: in the version it prefers, or else in the next
// that has it. Where a version could not be looked into, the kind may be there.
func (s *Source) locate(ctx context.Context, f ForeignKind, in discovered, l *layers) error {
	at := slices.IndexFunc(in.groups, func(g metav1.APIGroup) bool { return g.Name == f.Group })
	if at < 0 {
		return nil
	}
	for _, v := range in.groups[at].Versions {
		version := schema.GroupVersion{Group: f.Group, Version: v.Version}
		if in.old {
			if err := s.lookInto(ctx, version, in); err != nil {
				return err
			}
		}
		list := in.resources[version]
		if list != nil && slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == f.Resource }) {
			l.served = append(l.served, f.layer(version))
			return nil
		}
	}
	// The first in order of the versions' names, so that it is always the same.
	versions := slices.SortedFunc(maps.Keys(in.failed), func(a, b schema.GroupVersion) int { return cmp.Compare(a.String(), b.String()) })
	for _, version := range versions {
		if version.Group == f.Group {
			gap := in.failed[version]
			gap.Resource = f.name()
			l.gaps = append(l.gaps, gap)
			return nil
		}
	}
	return nil
}

// layer is the kind as it is read in a version.
func (f ForeignKind) layer(version schema.GroupVersion) layer {
	if f.keep != nil {
		return layer{resource{GroupVersionResource: version.WithResource(f.Resource), custom: true, keep: f.keep}, f.Namespaced}
	}
	slim := func(in *unstructured.Unstructured, from cluster.Origin) *cluster.Foreign {
		ref := cluster.Ref{APIVersion: version.String(), Kind: f.Kind, Namespace: in.GetNamespace(), Name: in.GetName()}
		return &cluster.Foreign{Ref: ref, Spec: specOf(in), History: cluster.ForeignHistory(in.GetCreationTimestamp(), in.GetManagedFields()), Origin: from}
	}
	r := resource{GroupVersionResource: version.WithResource(f.Resource), custom: true, keep: keeper(slim)}
	return layer{r, f.Namespaced}
}

// specOf is the specification of an object. Those of Cilium may hold several next to the one, or
// instead of it; then both fields are kept.
func specOf(in *unstructured.Unstructured) map[string]any {
	spec, _ := in.Object["spec"].(map[string]any)
	specs, several := in.Object["specs"]
	if !several {
		return spec
	}
	both := map[string]any{"specs": specs}
	if spec != nil {
		both["spec"] = spec
	}
	return both
}

// name is the resource as RBAC and gaps name it.
func (f ForeignKind) name() string {
	return schema.GroupResource{Group: f.Group, Resource: f.Resource}.String()
}
