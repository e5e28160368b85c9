package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// diffFlags is what diff takes beside what every question takes.
type diffFlags struct {
	by       string
	from, to []string
	port     string
	failOn   string
}

// anyChange is what --fail-on takes beside the kinds of changes.
const anyChange = "any"

func newDiff(streams Streams) *cobra.Command {
	f, d := &flags{formats: report.DiffFormats(), several: true, waysIn: true}, &diffFlags{}
	c := &cobra.Command{
		Use:     "diff BEFORE AFTER | --with FILE",
		Short:   "Show which flows a change opens and closes, and why",
		GroupID: groupCluster,
		Long: `Two clusters are compared by their maps: which flows policies allow after a
change that they denied before, which they no longer allow, and of which that is
not known. BEFORE and AFTER are files or directories, as -f takes them. With
--with, the cluster (or the files of -f) is compared with what it would be once
these objects are applied, and with --without once an object is deleted; nothing
is.

Each change is told with its cause: the rule that allows the flow now or did
before, the policy that isolates an end or no longer does, labels that changed,
an end that is new or gone. What is opened comes first, and of that what to look
at twice: from and to the internet, to the cloud's metadata service, across
tenants and environments (labels of the namespaces), to databases (ports, names
and labels). That nothing is marked does not make a flow harmless.

As in a map, a flow is between pods at their own addresses and ports, and of a
workload what any of its pods may do: what one pod loses while another gains it
is seen with --by pod only. Of -n, -A and files the same holds as for a map;
with --with or --without on a cluster and no -n, the namespaces of the objects
are compared. Ways in by Ingresses and routes are compared as well.

Exit code: 0 whatever changes. With --fail-on it is 1 where flows or ways in are
opened, or closed, or anything is changed. It is 3 when something of the cluster
could not be read or, with --fail-on, when it is not known whether there is such
a flow; 2 on wrong usage.`,
		Example: `  # what would this do to the cluster?
  kubectl netpol-doctor diff --with new-policy.yaml -A

  # two folders of manifests, as a comment on a pull request
  kubectl netpol-doctor diff main/manifests branch/manifests -o markdown

  # fail where a change opens something
  kubectl netpol-doctor diff main/manifests branch/manifests --fail-on opened

  # only what becomes of the way to the database
  kubectl netpol-doctor diff --with new-policy.yaml -n production --to sts/payment-db`,
		Args: func(c *cobra.Command, args []string) error { return f.comparable(args) },
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains([]string{"", string(flows.Opened), string(flows.Closed), anyChange}, d.failOn) {
				return fmt.Errorf("--fail-on %q is not known; there is %s, %s and %s", d.failOn, flows.Opened, flows.Closed, anyChange)
			}
			p, err := f.pairOf(c, args, streams)
			if err != nil {
				return err
			}
			return p.answer(c.Context(), d)
		},
	}
	f.register(c)
	c.Flags().Lookup("all-namespaces").Usage = "compare all namespaces"
	c.Flags().Lookup("namespace").Usage = "the `NAMESPACE` in which flows begin or end; several with commas, or with the flag again"
	c.Flags().Lookup("without").Usage = "compare with the cluster as it would be without this object, after --with: [NAMESPACE/]`KIND/NAME`; repeatable"
	c.Flags().Lookup("with").Usage = "compare with the cluster as it would be with the objects of `FILE` (or directory) applied; repeatable, what comes later wins"
	c.Flags().StringVar(&d.by, "by", string(flows.ByWorkload), "what the ends are: workload, pod or namespace")
	c.Flags().StringArrayVar(&d.from, "from", nil, "only flows from `TARGET`: [NAMESPACE/]KIND/NAME, ns/NAME, an address, a CIDR or internet; repeatable")
	c.Flags().StringArrayVar(&d.to, "to", nil, "only flows to `TARGET`, as --from; a Service is the pods behind it; repeatable")
	c.Flags().StringVar(&d.port, "port", "", "only flows to `PORT` of the pods: 443 or 53/udp; without a protocol TCP is meant")
	c.Flags().StringVar(&d.failOn, "fail-on", "", "end with exit code 1 where flows are `KIND`: opened, closed or any")
	return c
}

// comparable checks that there is something to compare.
func (f *flags) comparable(args []string) error {
	switch {
	case len(args) == 0 && len(f.with)+len(f.without) == 0:
		return errors.New("nothing to compare with: diff takes two sources, each a file or a directory, or --with FILE for what would change if its objects were applied, or --without KIND/NAME (see --help)")
	case len(args) == 0:
		return nil
	case len(args) != 2:
		return fmt.Errorf("diff takes two sources, BEFORE and AFTER, each a file or a directory, or none and --with FILE; %d given (see --help)", len(args))
	case len(f.with)+len(f.without) > 0:
		return fmt.Errorf("%s %s and --with or --without exclude each other: with two sources, the second is the cluster as it would be", args[0], args[1])
	case len(f.files) > 0:
		return fmt.Errorf("%s %s and -f exclude each other: these two are the files", args[0], args[1])
	case args[0] == "-" && args[1] == "-":
		return errors.New("standard input can be one of two sources, not both")
	}
	return nil
}

// pair is two clusters to compare: how each is asked for, in the order in which they are read.
type pair struct {
	before *options
	after  func(ctx context.Context, before *cluster.Snapshot) (*options, error)
	title  string
	given  []cluster.Ref // the objects of --with and --without
	scope  pairScope
	roots  [2]string // the two sources, where there are two
}

// pairOf opens what is compared.
func (f *flags) pairOf(c *cobra.Command, args []string, streams Streams) (*pair, error) {
	one := *f
	if one.with, one.without = nil, nil; len(args) > 0 {
		if name := f.clusterFlag(c.Flags()); name != "" {
			return nil, fmt.Errorf("--%s and two sources exclude each other: the files are the clusters", name)
		}
		one.files = args[:1]
	}
	before, err := one.toOptions(c.Context(), c, streams)
	if err != nil {
		return nil, err
	}
	p := &pair{before: before}
	if len(args) > 0 {
		p.title, p.roots = args[0]+" → "+args[1], [2]string(args)
		other := one
		other.files = args[1:]
		p.after = func(context.Context, *cluster.Snapshot) (*options, error) {
			return other.toOptions(c.Context(), c, streams)
		}
		return p, nil
	}
	p.title = "the cluster → " + f.wouldBe()
	if len(f.files) > 0 {
		p.title = strings.Join(f.files, ", ") + " → " + f.wouldBe()
	}
	var with []withFile
	for _, path := range f.with {
		w, err := before.openWith(c.Context(), path)
		if err != nil {
			return nil, err
		}
		with = append(with, w)
	}
	if p.given, err = f.given(before, with); err != nil {
		return nil, err
	}
	if !before.fromFiles && !before.named && !before.all {
		before.changed, before.all = namespacesOf(p.given)
	}
	p.after = func(ctx context.Context, read *cluster.Snapshot) (*options, error) {
		// The cluster is read once, so that nothing but the objects makes a difference.
		o := *before
		o.source = already{read}
		for _, w := range with {
			o.put(w)
		}
		return &o, f.leaveOut(ctx, &o)
	}
	return p, nil
}

// wouldBe says what is put on the cluster, and what is taken out of it.
func (f *flags) wouldBe() string {
	var parts []string
	if len(f.with) > 0 {
		parts = append(parts, "with "+strings.Join(f.with, ", "))
	}
	if len(f.without) > 0 {
		parts = append(parts, "without "+strings.Join(f.without, ", "))
	}
	return strings.Join(parts, " and ")
}

// already is a source that was read.
type already struct{ *cluster.Snapshot }

// Read implements cluster.Source.
func (a already) Read(context.Context, cluster.Scope) (*cluster.Snapshot, error) {
	return a.Snapshot, nil
}

// answer reads both clusters and prints what is different.
func (p *pair) answer(ctx context.Context, d *diffFlags) error {
	by, err := flows.ByNamed(d.by)
	if err != nil {
		return err
	}
	ports := flows.EveryPort()
	if d.port != "" {
		if ports, err = onlyPort(d.port); err != nil {
			return err
		}
	}
	a := p.before
	before, gaps, err := a.readMap(ctx)
	if err != nil {
		return err
	}
	b, err := p.after(ctx, before)
	if err != nil {
		return err
	}
	if p.scope, err = scopeOfBoth(a, b); err != nil {
		return err
	}
	after, more, err := b.readMap(ctx)
	if err != nil {
		return err
	}
	if err := b.scopeExists(before, after); err != nil {
		return err
	}
	for _, g := range more {
		if !slices.Contains(gaps, g) {
			gaps = append(gaps, g)
		}
	}
	doc, err := p.compare(ctx, b, d, report.Compared{
		Before: before, After: after, Gaps: gaps, By: by, Ports: ports, Title: p.title, RootBefore: p.roots[0], RootAfter: p.roots[1],
		Namespaces: p.scope.names, Known: inScope(p.scope.known), Note: p.scope.note,
	})
	if err != nil {
		return err
	}
	warnings := a.warnings()
	for _, w := range b.warnings() {
		if !slices.Contains(warnings, w) {
			warnings = append(warnings, w)
		}
	}
	b.warnings = func() []string { return warnings }
	result := d.result(doc, gaps)
	doc.Judge(d.failOn, result)
	return b.finish(doc, outcome{result})
}

// compare makes the document. It does not wait for that once it is interrupted.
func (p *pair) compare(ctx context.Context, b *options, d *diffFlags, c report.Compared) (*report.FlowDiff, error) {
	defer p.before.streams.spin("comparing")()
	type result struct {
		doc *report.FlowDiff
		err error
	}
	done := make(chan result, 1)
	go func() {
		if err := p.compareFlows(b, d, &c); err != nil {
			done <- result{err: err}
			return
		}
		c.LeftOut = p.leftOut(c.Worlds)
		done <- result{doc: report.NewFlowDiff(c, p.document(b))}
	}()
	select {
	case r := <-done:
		return r.doc, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// compareFlows finds what is different of what is asked for.
func (p *pair) compareFlows(b *options, d *diffFlags, c *report.Compared) error {
	a := p.before
	var before, after policy.Profile
	c.PluginBefore, before = policy.Recognise(c.Before, a.plugin)
	c.PluginAfter, after = policy.Recognise(c.After, b.plugin)
	setsBefore, setsAfter := flows.Compile(policy.Compile(c.Before, before)), flows.Compile(policy.Compile(c.After, after))
	c.Worlds = flows.Compare(setsBefore, setsAfter, c.By)
	var wanted [2]flows.Wanted
	for i := range wanted {
		wanted[i].By, wanted[i].Scope, wanted[i].Within = c.By, inScope(p.scope.names), inScope(p.scope.known)
	}
	var err error
	if wanted[0].From, wanted[1].From, err = selections(a, b, c, "--from", d.from); err != nil {
		return err
	}
	if wanted[0].To, wanted[1].To, err = selections(a, b, c, "--to", d.to); err != nil {
		return err
	}
	for i, sets := range []*flows.Sets{setsBefore, setsAfter} {
		if c.By != flows.ByPod {
			break
		}
		n, err := sets.Count(wanted[i])
		if err != nil {
			return err
		}
		if n > mostFlows {
			return fmt.Errorf("comparing by pod would take about %d flows, more than %d; narrow it with -n, --from or --to, or leave --by pod out", n, mostFlows)
		}
	}
	c.WaysBefore, c.WaysAfter = setsBefore.WaysIn(wanted[0]), setsAfter.WaysIn(wanted[1])
	c.Changes, err = c.Worlds.Changes(wanted[0], wanted[1])
	return err
}

// selections looks the targets of a filter up in both clusters. One that is in one of them only is a
// target all the same.
func selections(a, b *options, c *report.Compared, flag string, texts []string) (before, after *flows.Selection, err error) {
	none := &flows.Selection{Pods: func(*cluster.Pod) bool { return false }}
	for _, text := range texts {
		one, errBefore := a.selection(c.Before, flag, []string{text})
		other, errAfter := b.selection(c.After, flag, []string{text})
		switch {
		case errBefore != nil && errAfter != nil:
			return nil, nil, errAfter
		case errBefore != nil:
			one = none
		case errAfter != nil:
			other = none
		}
		before, after = before.Or(one), after.Or(other)
	}
	before, after = c.Worlds.Either(before, after)
	return before, after, nil
}

// document are the options of the document: fields are found in the files of both clusters.
func (p *pair) document(b *options) report.Options {
	out := b.document()
	before, after := p.before.locate, b.locate
	out.Locate = func(origin cluster.Origin, path string) (int, bool) {
		for _, locate := range []func(cluster.Origin, string) (int, bool){after, before} {
			if locate == nil {
				continue
			}
			if line, ok := locate(origin, path); ok {
				return line, true
			}
		}
		return 0, false
	}
	return out
}

// result tells how the run ends.
func (d *diffFlags) result(doc *report.FlowDiff, gaps []cluster.Gap) explain.Result {
	found, perhaps := doc.Found(d.failOn)
	switch {
	case found:
		return explain.Fails
	case perhaps, unreadable(gaps):
		return explain.Unclear
	}
	return explain.Works
}

// unreadable tells whether something of the cluster could not be read.
func unreadable(gaps []cluster.Gap) bool {
	return slices.ContainsFunc(gaps, func(g cluster.Gap) bool {
		return g.Reason == cluster.Forbidden || g.Reason == cluster.TimedOut || g.Reason == cluster.Unreadable || g.Reason == cluster.NotInSnapshot
	})
}
