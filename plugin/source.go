package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/file"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// openFiles makes the given files the cluster.
func (f *flags) openFiles(ctx context.Context, o *options) error {
	o.fromFiles, o.namespace = true, "default"
	if n := *f.config.Namespace; n != "" {
		o.namespace = n
	}
	source, err := file.Open(ctx, f.files, o.fileOptions())
	if err != nil {
		return err
	}
	if err := o.unplaced("-f", source.Placed()); err != nil {
		return err
	}
	o.source, o.locate, o.warnings = source, source.FieldLine, source.Warnings
	if o.saved, err = source.Saved(ctx); err != nil {
		return err
	}
	o.manifests = o.saved == nil || o.saved.Spec.Source == cluster.SavedFiles
	o.declaredBefore()
	return f.overlay(ctx, o)
}

// declaredBefore takes over the network plugin that was declared when a snapshot was taken. A profile of
// the user's own is not in it.
func (o *options) declaredBefore() {
	if o.saved == nil || o.plugin != nil || o.saved.Spec.NetworkPlugin == nil || !o.saved.Spec.NetworkPlugin.Declared {
		return
	}
	name := o.saved.Spec.NetworkPlugin.Name
	if p, ok := policy.ProfileNamed(name); ok {
		o.plugin = &p
		return
	}
	before := o.warnings
	o.warnings = func() []string {
		return append(before(), fmt.Sprintf("the snapshot was taken with a profile of a network plugin of its own (%s), which is not in it; give it with --network-plugin FILE", name))
	}
}

// openLive makes the cluster that kubeconfig points at the cluster.
func (f *flags) openLive(ctx context.Context, o *options) error {
	namespace, _, err := f.config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return fmt.Errorf("reading kubeconfig: %w", err)
	}
	o.namespace = namespace
	config, err := f.config.ToRESTConfig()
	if err != nil {
		return fmt.Errorf("reading kubeconfig: %w (to read manifests instead of a cluster, use -f)", err)
	}
	settings := live.Options{Foreign: foreignKinds()}
	if f.showRequests || f.keepRequests {
		o.requests = &requestLog{keep: f.keepRequests}
		if f.showRequests {
			o.requests.out = o.streams.Err
		}
		settings.Log = o.requests.tell
	}
	source, err := live.Open(config, settings)
	if err != nil {
		return err
	}
	o.source, o.version = source, source.Version
	if noCluster(f.config, config) {
		o.source = nowhere{&live.Unreachable{
			Err:    errors.New("no kubeconfig was found: " + placesOf(o.streams.Getenv("KUBECONFIG"))),
			Advice: "name one with --kubeconfig, or read manifests, a dump or a snapshot instead of a cluster with -f",
		}}
	}
	return f.overlay(ctx, o)
}

// network is the way to the API server for what tests on the network: the only one that may write. No
// other command has it. What reads goes through live.Open, which sends nothing but get and list.
func (f *flags) network(o *options) (*rest.Config, error) {
	config, err := f.config.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig: %w", err)
	}
	bound, err := live.ServerOnly(config)
	if err != nil {
		return nil, fmt.Errorf("preparing to test in the cluster at %s: %w", config.Host, err)
	}
	if o.requests != nil {
		live.Show(bound, o.requests.tell)
	}
	return bound, nil
}

// foreignKinds are the policies of other layers that are looked for.
func foreignKinds() (kinds []live.ForeignKind) {
	for _, k := range policy.LayerKinds {
		kinds = append(kinds, live.ForeignKind{Group: k.Group, Resource: k.Resource, Kind: k.Kind, Namespaced: k.Namespaced})
	}
	return kinds
}

// nowhere is a cluster of which nobody said where it is. That is an error where it is needed.
type nowhere struct{ error }

// Read implements cluster.Source.
func (n nowhere) Read(context.Context, cluster.Scope) (*cluster.Snapshot, error) {
	return nil, n.error
}

// noHost is where client-go connects to where it is told nothing. Source: client-go, rest.Config.
const noHost = "http://localhost:8080"

// placesOf says where a kubeconfig was looked for.
func placesOf(variable string) string {
	if variable != "" {
		return "$KUBECONFIG names " + report.Plain(variable) + ", and there is none"
	}
	return "$KUBECONFIG is not set, and there is no ~/.kube/config"
}

func (o *options) fileOptions() file.Options {
	return file.Options{
		Stdin:     o.streams.In,
		Namespace: o.namespace,
		Rights:    o.who || o.everything,
		Ingresses: o.wayIn == "Ingress" || o.waysIn || o.everything,
		Gateways:  o.wayIn != "" && o.wayIn != "Ingress" || o.waysIn || o.everything,
		Foreign: func(apiVersion, kind string) bool {
			return policy.LayerKindOf(apiVersion, kind) != nil
		},
		Namespaced: func(apiVersion, kind string) bool {
			k := policy.LayerKindOf(apiVersion, kind)
			return k != nil && k.Namespaced
		},
	}
}

// overlay puts the objects of --with on top of the source, and takes those of --without out of it.
func (f *flags) overlay(ctx context.Context, o *options) error {
	for _, path := range f.with {
		if err := o.overlay(ctx, path); err != nil {
			return err
		}
	}
	return f.leaveOut(ctx, o)
}

// overlay puts the objects of one file or folder on top; what is given later wins.
func (o *options) overlay(ctx context.Context, path string) error {
	w, err := o.openWith(ctx, path)
	if err == nil {
		o.put(w)
	}
	return err
}

// withFile is what one --with names.
type withFile struct {
	path    string
	source  *file.Source
	objects *cluster.Snapshot
}

func (o *options) openWith(ctx context.Context, path string) (w withFile, err error) {
	w.path = path
	if w.source, err = file.Open(ctx, []string{path}, o.fileOptions()); err != nil {
		return w, err
	}
	if err = o.unplaced("--with "+path, w.source.Placed()); err != nil {
		return w, err
	}
	w.objects, err = w.source.Read(ctx, cluster.Scope{All: true})
	return w, err
}

// put puts the objects on top of the source.
func (o *options) put(w withFile) {
	source := w.source
	warnings, placed := o.warnings, placement(w.path, source.Placed())
	o.warnings = func() []string { return slices.Concat(warnings(), placed, source.Warnings()) }
	locate := o.locate
	o.source = overlaid{o.source, w.objects}
	o.locate = func(origin cluster.Origin, path string) (int, bool) {
		if line, ok := source.FieldLine(origin, path); ok || locate == nil {
			return line, ok
		}
		return locate(origin, path)
	}
}

// placement says of the objects of --with that name no namespace where they are put: a policy in
// the wrong namespace changes nothing in the right one.
func placement(path string, refs []cluster.Ref) []string {
	if len(refs) == 0 {
		return nil
	}
	what := fmt.Sprintf("%s %s names no namespace and is", refs[0].Kind, refs[0].Name)
	if len(refs) > 1 {
		what = fmt.Sprintf("%d objects name no namespace and are", len(refs))
	}
	return []string{fmt.Sprintf("--with %s: %s taken to be in %s (-n names another)", path, what, refs[0].Namespace)}
}

// overlaid is a source whose every answer has some objects put in place.
type overlaid struct {
	cluster.Source
	with *cluster.Snapshot
}

// Read implements cluster.Source. The namespaces whose Services, pods or workloads change are read
// as a whole: a changed selector may reach any of their pods.
func (s overlaid) Read(ctx context.Context, scope cluster.Scope) (*cluster.Snapshot, error) {
	add := func(namespace string) {
		if !slices.Contains(scope.Namespaces, namespace) {
			scope.Namespaces = append(slices.Clone(scope.Namespaces), namespace)
		}
	}
	for _, v := range s.with.Services {
		add(v.Namespace)
	}
	for _, w := range s.with.Workloads {
		add(w.Namespace)
	}
	for _, p := range s.with.Pods {
		add(p.Namespace)
	}
	base, err := s.Source.Read(ctx, scope)
	if err != nil {
		return nil, err
	}
	return change.Overlay(base, s.with), nil
}
