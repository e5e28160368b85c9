package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/report"
)

func newDiagnose(streams Streams) *cobra.Command {
	f, p := &flags{formats: findingFormats()}, &probing{}
	var path string
	var since time.Duration
	var test bool
	c := &cobra.Command{
		Use:     "diagnose SOURCE [DESTINATION[:PORT]]",
		Short:   "Find out why one end cannot talk to the other",
		GroupID: groupAll,
		Long: `Walk from one end to the other: endpoints, pod labels, namespace labels, ports,
rules of both ends, DNS, policy logic. Name what decides, the near miss that
caused it, and the smallest change that mends it. The change is tried out on a
copy of the policies before it is shown, with what else it opens; nothing is
changed in the cluster.

Without a DESTINATION, a line for each connection that the workload SOURCE is
declared to have: hosts that its environment and arguments name, DNS, the API
server, and who names its Services. What Secrets and ConfigMaps say is not read.

--incident FILE.zip writes a file to attach, beside the answer: the report, the
diagnosis as JSON, versions, the requests that were made, and a snapshot by
which the question can be asked again without the cluster. The snapshot has
other names for everything, the report has the real ones; the README.txt in it
says which file may go to whom. It is not written over a file that is there.
` + targetHelp,
		Example: `  # in the cluster that kubeconfig points at
  kubectl netpol-doctor diagnose deploy/api-gateway svc/payment:443 -n production

  # in a folder of manifests, no cluster needed
  kubectl netpol-doctor diagnose deploy/api-gateway svc/payment:443 -n production -f ./manifests

  # everything that a workload is declared to need
  kubectl netpol-doctor diagnose deploy/order -n production

  # would it work if this were applied?
  kubectl netpol-doctor diagnose deploy/api-gateway svc/payment:443 -n production --with new.yaml

  # does the network do what policies say?
  kubectl netpol-doctor diagnose deploy/api-gateway svc/payment:443 -n production --probe

  # a file for the ticket
  kubectl netpol-doctor diagnose deploy/api-gateway svc/payment:443 -n production --incident incident.zip

  # from the internet; to an address; as JSON
  kubectl netpol-doctor diagnose internet svc/ingress-nginx-controller:443 -n ingress-nginx
  kubectl netpol-doctor diagnose deploy/payment 192.0.2.10:443 -n production -o json`,
		Args: oneOrBothEnds,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkProbing(c, p, test); err != nil {
				return err
			}
			attached, err := reserveIncident(c, path, len(args), p)
			if err != nil {
				return err
			}
			defer attached.discard()
			f.keepRequests = attached != nil
			open := func() (*options, error) { return f.toOptions(c.Context(), c, streams) }
			if test {
				open = func() (*options, error) { return f.toProber(c, streams) }
			}
			o, err := open()
			if err != nil {
				return err
			}
			if o.since = since; c.Flags().Changed("since") {
				if err := o.checkSince(); err != nil {
					return err
				}
			}
			if len(args) == 1 && test {
				return errors.New("--probe takes a SOURCE and a DESTINATION")
			}
			if len(args) == 1 {
				return o.answerNeeds(c, args[0])
			}
			d, err := o.diagnose(c.Context(), args[0], args[1])
			if err != nil {
				return o.suggest(c.Context(), err)
			}
			document := o.document()
			if test {
				if document, err = o.probed(c.Context(), d, p); err != nil || p.dryRun {
					return err
				}
			}
			answer := report.NewDiagnosis(d, document)
			err = o.finish(answer, outcome{d.Result})
			if attached == nil || !errors.As(err, &outcome{}) {
				return err
			}
			if failed := o.attach(c, attached, d, answer); failed != nil {
				return failed
			}
			return err
		},
	}
	f.register(c)
	p.register(c)
	c.Flags().BoolVar(&test, "probe", false, "test it on the network as well, from an ephemeral container in the source pod (see probe --help)")
	c.Flags().StringVar(&path, "incident", "", "write `FILE` as well, a ZIP archive to be attached to a ticket: the answer, versions, requests and a snapshot with other names")
	c.Flags().DurationVar(&since, "since", 0, "show what changed within `DURATION`, such as 2h, before the cluster was read, also where the connection works")
	return c
}

// checkSince refuses a --since that cannot be answered: how long ago something was is known only of
// a cluster that is read now.
func (o *options) checkSince() error {
	switch {
	case o.since <= 0:
		return fmt.Errorf("--since %s is no time to look back; give one such as 30m or 2h", o.since)
	case o.fromFiles && o.observedFor().IsZero():
		return errors.New("--since needs a cluster: files do not tell when they were read from one; without it, what changed last is shown with its time")
	case o.observedFor().IsZero():
		return errors.New("--since needs to know the time")
	}
	return nil
}

// diagnose reads what the verdict needs; where the connection does not plainly work, it reads the
// namespaces of both ends too and asks again, so that causes are found.
func (o *options) diagnose(ctx context.Context, source, destination string) (*explain.Diagnosis, error) {
	o.asked = [2]string{source, destination}
	from, err := parseClient(source, o.namespace)
	if err != nil {
		return nil, err
	}
	to, err := ParseDestination(destination, o.namespace)
	if err != nil {
		return nil, err
	}
	if err := checkEnds(from, to); err != nil {
		return nil, err
	}
	scope := join(from.Scope(), to.Scope())
	scope.DNS = to.DNSName != "" || to.Kind == "Service" || to.Name != "" && to.Kind == ""
	question := explain.Question{Source: from, Destination: to, Plugin: o.plugin, Since: o.since, Everywhere: o.all || scope.All}
	d, err := o.ask(ctx, scope, question)
	if err == nil && d.Destination.Follow != nil { // an alias of a Service that was not read
		scope.Objects = append(scope.Objects, *d.Destination.Follow)
		d, err = o.ask(ctx, scope, question)
	}
	if err == nil && d.Destination.ByName {
		if servers := ends.NameServers(d.Source.Pods); len(servers) > 0 { // which may be in the cluster
			scope.Addresses = append(scope.Addresses, servers...)
			d, err = o.ask(ctx, scope, question)
		}
	}
	if err == nil && (d.Destination.Node != nil || len(d.Destination.Within) > 0) { // any Service or pod may answer on a node's port
		scope.All, question.Everywhere = true, true
		d, err = o.ask(ctx, scope, question)
	}
	if err != nil || d.Result == explain.Works && !o.all && o.since == 0 && !ends.LikeService(d.Destination.Name) {
		return d, err
	}
	question.Deep = true
	scope = widen(scope, d, o.all || o.manifests && ends.LikeService(d.Destination.Name))
	if o.manifests { // a policy without a namespace is there; in a cluster, not everybody may read it
		scope.Namespaces = append(scope.Namespaces, metav1.NamespaceDefault)
	}
	return o.ask(ctx, scope, question)
}

// widen adds to a scope what a search for causes looks at: the namespaces of both ends and of the
// DNS server, and which namespaces there are.
func widen(scope cluster.Scope, d *explain.Diagnosis, all bool) cluster.Scope {
	scope.All, scope.NamespaceObjects = scope.All || all, true
	names := []string{d.Source.Ref.Namespace, d.Destination.Ref.Namespace}
	for _, l := range d.DNS {
		if l.Resolver.Service != nil {
			names = append(names, l.Resolver.Service.Namespace)
		}
	}
	for _, n := range names {
		if n != "" && !slices.Contains(scope.Namespaces, n) {
			scope.Namespaces = append(scope.Namespaces, n)
		}
	}
	return scope
}

func (o *options) ask(ctx context.Context, scope cluster.Scope, q explain.Question) (*explain.Diagnosis, error) {
	s, err := o.read(ctx, scope)
	if err != nil {
		return nil, err
	}
	q.Snapshot = s
	q.Observed = o.observedFor()
	return explain.Diagnose(q)
}

func join(a, b cluster.Scope) cluster.Scope {
	return cluster.Scope{
		Objects:    slices.Concat(a.Objects, b.Objects),
		Addresses:  slices.Concat(a.Addresses, b.Addresses),
		Ranges:     slices.Concat(a.Ranges, b.Ranges),
		Namespaces: slices.Concat(a.Namespaces, b.Namespaces),
		All:        a.All || b.All,
		DNS:        a.DNS || b.DNS,
		Nodes:      a.Nodes || b.Nodes,
		Rights:     slices.Concat(a.Rights, b.Rights),
		Ingresses:  slices.Concat(a.Ingresses, b.Ingresses),
		Gateways:   slices.Concat(a.Gateways, b.Gateways),

		NamespaceObjects: a.NamespaceObjects || b.NamespaceObjects,
	}
}

// parseClient parses the end that opens a connection. No connection to another end comes from a
// loopback address.
func parseClient(text, namespace string) (Target, error) {
	t, err := ParseSource(text, namespace)
	if err == nil && t.Prefix.IsValid() && t.Prefix.Addr().Unmap().IsLoopback() {
		return Target{}, fmt.Errorf("source %q: a loopback address is each pod's own; name the pod or workload that connects", text)
	}
	return t, err
}
