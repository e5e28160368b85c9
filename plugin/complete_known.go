package plugin

import (
	"slices"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// known is what names and ports are proposed from. What it cannot find out it leaves out.
type known interface {
	namespaces() []string
	// names are those of the objects of the kind, its group being the version of the reference, in the
	// namespace of it.
	names(of cluster.Ref) []string
	// bare are the objects of a namespace that a bare name may mean.
	bare(namespace string) []cluster.Ref
	// ports are those that the Service, or the pods of the pod or workload, declare.
	ports(of cluster.Ref) []port
	// arrivals are ports of pods in a namespace, or in all where it is empty.
	arrivals(namespace string) []port
}

// known opens the files or the cluster that the command line names, with --with on top. It is opened
// once.
func (t *tab) known() known {
	if t.opened == nil {
		t.opened = t.open()
	}
	return t.opened
}

func (t *tab) open() known {
	f := &flags{config: t.configFlags(), everything: true}
	f.files, f.with, f.without = t.files(), t.list("with"), t.list("without")
	if slices.Contains(slices.Concat(f.files, f.with), "-") {
		return nothing{} // the shell does not have what will be read there
	}
	o := &options{streams: t.streams, everything: true, warnings: func() []string { return nil }}
	if len(f.files) > 0 {
		if err := f.openFiles(t.ctx, o); err != nil {
			return nothing{}
		}
		return pictureOf(t, o)
	}
	var onTop known = nothing{}
	if len(f.with) > 0 {
		if o.namespace, _, _ = f.config.ToRawKubeConfigLoader().Namespace(); o.namespace == "" {
			return nothing{}
		}
		o.source, f.without = already{(&cluster.Snapshot{}).Seal()}, nil // which speaks of the cluster
		if err := f.overlay(t.ctx, o); err != nil {
			return nothing{}
		}
		onTop = pictureOf(t, o)
	}
	return either{onTop, t.asked(f.config)}
}

// files are those that are the cluster: of -f or, of a comparison, the last one that was named.
func (t *tab) files() []string {
	if t.command.Name() == "diff" && len(t.args) > 0 {
		return t.args[len(t.args)-1:]
	}
	return t.list("filename")
}

func (t *tab) fromFiles() bool { return len(t.files()) > 0 }

// list returns the values of a flag that was given, once or more.
func (t *tab) list(flag string) []string {
	all, _ := t.command.Flags().GetStringArray(flag) // the command may not have it
	return all
}

// configFlags are the flags for reaching the cluster as they were typed. The command's own are read by
// nobody but its run.
func (t *tab) configFlags() *genericclioptions.ConfigFlags {
	config := genericclioptions.NewConfigFlags(true)
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	config.AddFlags(all)
	all.VisitAll(func(f *pflag.Flag) {
		given := t.command.Flags().Lookup(f.Name)
		if given == nil || !given.Changed {
			return
		}
		to, several := f.Value.(pflag.SliceValue)
		if from, ok := given.Value.(pflag.SliceValue); ok && several {
			_ = to.Replace(from.GetSlice())
			return
		}
		_ = f.Value.Set(given.Value.String()) // it was parsed before
	})
	return config
}

// namespace is that of targets which do not name one.
func (t *tab) namespace() string {
	if given, _ := t.command.Flags().GetString("namespace"); given != "" {
		return given
	}
	if t.fromFiles() {
		return "default"
	}
	namespace, _, err := t.configFlags().ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return ""
	}
	return namespace
}

// nothing is known.
type nothing struct{}

func (nothing) namespaces() []string       { return nil }
func (nothing) names(cluster.Ref) []string { return nil }
func (nothing) bare(string) []cluster.Ref  { return nil }
func (nothing) ports(cluster.Ref) []port   { return nil }
func (nothing) arrivals(string) []port     { return nil }

// either is what one or the other of two knows; of one object, the first counts.
type either struct{ first, second known }

func (e either) namespaces() []string { return merged(e.first.namespaces(), e.second.namespaces()) }

func (e either) names(of cluster.Ref) []string {
	return merged(e.first.names(of), e.second.names(of))
}

func (e either) bare(namespace string) []cluster.Ref {
	all := slices.Concat(e.first.bare(namespace), e.second.bare(namespace))
	slices.SortFunc(all, cluster.Ref.Compare)
	return slices.CompactFunc(all, func(a, b cluster.Ref) bool { return a.Kind == b.Kind && a.Name == b.Name })
}

func (e either) ports(of cluster.Ref) []port {
	if slices.Contains(e.first.names(of), of.Name) {
		return e.first.ports(of)
	}
	return e.second.ports(of)
}

func (e either) arrivals(namespace string) []port {
	return slices.Concat(e.first.arrivals(namespace), e.second.arrivals(namespace))
}

func merged(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// picture is what files tell.
type picture struct{ *cluster.Snapshot }

// pictureOf reads all that the source has.
func pictureOf(t *tab, o *options) known {
	s, err := o.source.Read(t.ctx, cluster.Scope{
		All: true, NamespaceObjects: true, Nodes: true,
		Rights: []string{""}, Ingresses: []string{""}, Gateways: cluster.RouteKinds(),
	})
	if err != nil {
		return nothing{}
	}
	return picture{s}
}

func (p picture) namespaces() []string {
	var names []string
	for _, n := range p.AllNamespaces() {
		names = append(names, n.Name)
	}
	return names
}

func (p picture) names(of cluster.Ref) []string {
	var names []string
	for _, r := range change.Objects(p.Snapshot) {
		if r.Kind == of.Kind && r.Namespace == of.Namespace && change.OfGroup(of.APIVersion, r.APIVersion) {
			names = append(names, r.Name)
		}
	}
	return names
}

func (p picture) bare(namespace string) []cluster.Ref {
	var all []cluster.Ref
	for _, pod := range p.PodsIn(namespace) {
		all = append(all, pod.Ref())
	}
	for _, w := range p.WorkloadsIn(namespace) {
		all = append(all, w.Ref)
	}
	for _, v := range p.Services {
		if v.Namespace == namespace {
			all = append(all, v.Ref())
		}
	}
	return all
}

func (p picture) ports(of cluster.Ref) []port {
	if v := p.Service(of.Namespace, of.Name); of.Kind == "Service" && v != nil {
		return portsOfService(v)
	}
	if pod := p.Pod(of.Namespace, of.Name); of.Kind == "Pod" && pod != nil {
		return portsOfPods(pod)
	}
	if w := p.Workload(of.Kind, of.Namespace, of.Name); w != nil {
		return portsOfPods(p.PodsOf(w)...)
	}
	return nil
}

func (p picture) arrivals(namespace string) []port {
	var all []port
	for _, n := range p.AllNamespaces() {
		if namespace != "" && namespace != n.Name {
			continue
		}
		for _, pod := range p.Subjects(n.Name) {
			owner := pod.Ref()
			if w := p.WorkloadOf(pod); w != nil {
				owner = w.Ref
			}
			for _, one := range portsOfPods(pod) {
				one.about = owner.Name
				all = append(all, one)
			}
		}
	}
	return all
}
