package plugin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
	"github.com/netpol-doctor/netpol-doctor/snapshot"
)

// snapshotFlags is what snapshot takes beside where the cluster is.
type snapshotFlags struct {
	path   string
	redact bool
	key    string
}

func newSnapshot(streams Streams) *cobra.Command {
	f, s := &flags{everything: true, several: true}, &snapshotFlags{}
	c := &cobra.Command{
		Use:     "snapshot",
		Short:   "Save what the answers need in a file, to be asked later with -f",
		GroupID: groupCluster,
		Long: `Write one file with everything that the other commands read, for somebody who
cannot reach the cluster, or to ask about it later: "-f FILE" answers as the
cluster did. It is YAML with real objects, so other tools read it too.

Of the namespaces of -n, what runs there is taken, the cluster's DNS,
Namespaces, nodes and policies of the whole cluster; with -A, or of files
without -n, all namespaces. What could not be read, and what was not taken, is
noted in the file and stays unknown.

Only fields that are read are written. The file has no Secrets, no tokens, no
values of variables or arguments (only the hosts and ports that they name), no
annotations but those that are read, and nothing of images, volumes or commands.
Names, labels, addresses, policies and RBAC are in it.

--redact writes other names for everything that has one: namespaces, objects,
label keys and values, ports, hosts, users. The same word becomes the same
word everywhere, letters and nothing else, so that verdicts stay what they are,
and findings as far as they do not rest on how a word is spelt. What stays
readable: IP addresses, port numbers, digits in names, times, and words that
Kubernetes, network plugins, meshes and this tool know, such as kube-system, app
or https. Whoever has the file still sees how long each word is, which names are
alike, and how everything is connected, and may recognise a cluster that they
know by that. Which word stands for which cannot be computed without the
original; with --redact-key the key decides, so that two snapshots have the same
names, and whoever has the key can try words out.

Exit code: 0 when all was read, 3 when something was not and is noted in the
file, 2 on wrong usage, 130 when interrupted.`,
		Example: `  # a whole cluster, to be asked later
  kubectl netpol-doctor snapshot -A -o cluster.yaml
  kubectl netpol-doctor diagnose deploy/order svc/inventory:80 -n production -f cluster.yaml

  # one namespace, without any names, to be shown to somebody else
  kubectl netpol-doctor snapshot -n production --redact -o production.yaml

  # a folder of manifests or a dump, as one file on standard output
  kubectl netpol-doctor snapshot -f ./manifests`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if s.key != "" && !s.redact {
				return fmt.Errorf("--redact-key does nothing without --redact; give both")
			}
			o, err := f.toOptions(c.Context(), c, streams)
			if err != nil {
				return err
			}
			return o.takeSnapshot(c.Context(), s)
		},
	}
	f.registerSource(c)
	c.Flags().Lookup("all-namespaces").Usage = "take all namespaces"
	c.Flags().Lookup("namespace").Usage = "take this `NAMESPACE`; several with commas, or with the flag again"
	c.Flags().StringVarP(&s.path, "output", "o", "-", "write to `FILE`, which only you may read then; - is standard output")
	c.Flags().BoolVar(&s.redact, "redact", false, "write other names for everything that has one")
	c.Flags().StringVar(&s.key, "redact-key", "", "a `SECRET` that decides about the names, so that those of two snapshots are the same")
	return c
}

// takeSnapshot reads what belongs into the file and writes it.
func (o *options) takeSnapshot(ctx context.Context, f *snapshotFlags) error {
	taken, err := o.take(ctx)
	if err != nil {
		return err
	}
	if o.streams.Now != nil && !o.fromFiles {
		taken.Observed = o.streams.Now()
	} else if o.saved != nil && o.saved.Spec.ObservedAt != nil {
		taken.Observed = o.saved.Spec.ObservedAt.Time
	}
	taken.Plugin, _ = policy.Recognise(taken.Snapshot, o.plugin)
	if f.redact {
		taken.Redaction = snapshot.NewRedaction([]byte(f.key))
	}
	for _, w := range o.warnings() {
		if _, err := fmt.Fprintln(o.streams.Err, "Warning:", report.Plain(w)); err != nil {
			return err
		}
	}
	if err := o.streams.write(f.path, func(w writer) error { return snapshot.Write(w, taken) }); err != nil {
		return err
	}
	return o.unreadOutcome(taken)
}

// systemNamespace is where DNS and most network plugins run.
const systemNamespace = "kube-system"

// mostNamespaces is how many namespaces are read one by one for somebody who may not read all at
// once.
const mostNamespaces = 100

// take reads all namespaces, or those that are asked for with what its questions look at elsewhere.
// Somebody who may not read all of them at once may be able to read some.
func (o *options) take(ctx context.Context) (snapshot.Taken, error) {
	scope := cluster.Scope{
		DNS: true, Nodes: true, NamespaceObjects: true,
		Rights: []string{""}, Ingresses: []string{""}, Gateways: cluster.RouteKinds(),
	}
	if names := o.scope(); names != nil {
		scope.Namespaces = slices.Clone(names)
		if !slices.Contains(names, systemNamespace) {
			scope.Namespaces = append(scope.Namespaces, systemNamespace)
		}
		scope.Rights, scope.Ingresses = names, names
		s, err := o.read(ctx, scope)
		if err == nil {
			err = o.scopeExists(s)
		}
		return snapshot.Taken{Snapshot: s, Namespaces: scope.Namespaces}, err
	}
	wide := scope
	wide.All = true
	s, err := o.read(ctx, wide)
	if err != nil || s.Read.All {
		return snapshot.Taken{Snapshot: s, All: true}, err
	}
	for _, n := range s.AllNamespaces() {
		scope.Namespaces = append(scope.Namespaces, n.Name)
	}
	if !slices.Contains(scope.Namespaces, o.namespace) {
		scope.Namespaces = append(scope.Namespaces, o.namespace)
	}
	if len(scope.Namespaces) > mostNamespaces {
		return snapshot.Taken{Snapshot: s, All: true}, nil
	}
	each, err := o.read(ctx, scope)
	if err != nil {
		return snapshot.Taken{}, err
	}
	return snapshot.Taken{Snapshot: each, Wide: s.Gaps, All: true, Namespaces: scope.Namespaces}, nil
}

// unreadOutcome tells how the run ended: everything was read, or not.
func (o *options) unreadOutcome(t snapshot.Taken) error {
	unread := slices.ContainsFunc(slices.Concat(t.Snapshot.Gaps, t.Wide), func(g cluster.Gap) bool {
		return g.Reason == cluster.Forbidden || g.Reason == cluster.TimedOut || g.Reason == cluster.Unreadable
	})
	if unread {
		return outcome{explain.Unclear}
	}
	return nil
}

// observedFor tells when the cluster was read that an answer is about; zero where nobody knows.
func (o *options) observedFor() time.Time {
	switch {
	case o.saved != nil && o.saved.Spec.ObservedAt != nil:
		return o.saved.Spec.ObservedAt.UTC()
	case !o.fromFiles && o.streams.Now != nil:
		return o.streams.Now()
	}
	return time.Time{}
}
