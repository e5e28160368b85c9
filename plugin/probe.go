package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

const groupNetwork = "network"

// newProbe makes the command that only tests.
func newProbe(streams Streams) *cobra.Command {
	f, p := &flags{formats: report.And(report.JUnit)}, &probing{}
	c := &cobra.Command{
		Use:     "probe SOURCE DESTINATION[:PORT]",
		Short:   "Test on the network, and compare with what policies say",
		GroupID: groupNetwork,
		Long: `Test the real way from a running pod of SOURCE, hop by hop: its DNS server, the
name, the Service's address, each pod behind it. Say what was seen, whether that
is what policies say, and what the difference between two hops points at.

It adds one ephemeral container to the source pod, after asking. That ends by
itself after half an hour; its entry stays in the pod's specification until the
pod is replaced, and it is used again while it runs. With --from-pod it makes a
pod of its own with the source's labels instead, and deletes it; with --exec it
adds nothing, and uses what a container of the source has. Nothing else is
changed. At most 3 tries of 2 seconds for each hop, one after the other; no
ports but those asked for.
` + targetHelp,
		Example: `  kubectl netpol-doctor probe deploy/api-gateway svc/payment:443 -n production

  # what would be added to which pod?
  kubectl netpol-doctor probe deploy/api-gateway svc/payment:443 -n production --dry-run

  # does the application listen at all, and not just on its loopback?
  kubectl netpol-doctor probe deploy/api-gateway svc/payment:443 -n production --probe-destination

  # add nothing to the pod, or nothing at all
  kubectl netpol-doctor probe deploy/worker svc/payment:443 -n production --from-pod
  kubectl netpol-doctor probe deploy/api-gateway svc/payment:443 -n production --exec`,
		Args: bothEnds,
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.check(c); err != nil {
				return err
			}
			o, err := f.toProber(c, streams)
			if err != nil {
				return err
			}
			d, err := o.diagnose(c.Context(), args[0], args[1])
			if err != nil {
				return o.suggest(c.Context(), err)
			}
			comparison, err := o.probe(c.Context(), d, p)
			if err != nil || p.dryRun {
				return err
			}
			return o.finish(report.NewProbeReport(d, comparison, o.document()), outcome{comparison.Result})
		},
	}
	f.register(c)
	p.register(c)
	return withModes(c, matrixMode(f, p, streams), enforcementMode(f, p, streams), cleanupMode(f, p, streams))
}

// toProber is toOptions for what tests on the network, and the only one that may write to the cluster.
func (f *flags) toProber(c *cobra.Command, streams Streams) (*options, error) {
	if len(f.files) > 0 {
		return nil, errors.New("tests on the network and -f exclude each other: with -f the files are the cluster, and there is no network to test")
	}
	switch {
	case len(f.without) > 0:
		return nil, errors.New("tests on the network and --without exclude each other: what is not deleted is there")
	case len(f.with) > 0:
		return nil, errors.New("tests on the network and --with exclude each other: what is not applied cannot be tested")
	}
	o, err := f.toOptions(c.Context(), c, streams)
	if err != nil {
		return nil, err
	}
	if none, ok := o.source.(nowhere); ok {
		return nil, none.error
	}
	o.network, err = f.network(o)
	return o, err
}

// probed tests a diagnosis on the network and puts what was seen into it. What keeps it from being
// tested is said, and leaves the diagnosis as it is.
func (o *options) probed(ctx context.Context, d *explain.Diagnosis, p *probing) (report.Options, error) {
	document := o.document()
	comparison, err := o.probe(ctx, d, p)
	switch {
	case err == nil && !p.dryRun:
		comparison.Settle(d)
		document.Probe = comparison
	case untestable(err) && !p.dryRun && ctx.Err() == nil:
		document.Unable = err.Error()
	default:
		return document, err
	}
	return document, nil
}

// untestable tells whether an error is a reason why nothing could be tested.
func untestable(err error) bool {
	var impossible *live.ImpossibleError
	var none *probe.NoSourceError
	var unable *live.UnableError
	return errors.As(err, &impossible) || errors.As(err, &unable) || errors.As(err, &none) || errors.Is(err, errUnconfirmed)
}

// probe plans, prepares, asks, tests and compares; with --dry-run it prints what it would add.
func (o *options) probe(ctx context.Context, d *explain.Diagnosis, p *probing) (*probe.Comparison, error) {
	plan, err := probe.NewPlan(d, probe.Options{Loopback: p.destination, StandIn: p.fromPod})
	if err != nil {
		return nil, err
	}
	prober, err := live.New(o.network, p.image)
	if err != nil {
		return nil, err
	}
	sessions, err := o.prepare(ctx, prober, d, plan, p)
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	if p.dryRun {
		return nil, printAdditions(o.streams, sessions)
	}
	if err := o.confirm(sessions, p); err != nil {
		return nil, interrupted(ctx, err)
	}
	stop := o.streams.spin("testing on the network")
	defer stop()
	defer o.stop(ctx, sessions)
	if err := start(ctx, sessions, plan); err != nil {
		return nil, interrupted(ctx, err)
	}
	run := func(ctx context.Context, a probe.Attempt) probe.Run {
		return sessionOf(sessions, a).Run(ctx, a.Command())
	}
	comparison := probe.Compare(d, plan, probe.Carry(ctx, plan, run))
	if ctx.Err() == nil && plan.Way == probe.StandInPod {
		comparison = probe.Persist(ctx, d, plan, comparison, probe.Patience, run)
	}
	if ctx.Err() == nil && comparison.Contradicts() {
		comparison, err = o.recheck(ctx, d, plan, comparison)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return comparison, err
}

// recheck asks the question of a contradiction again: the cluster may have changed since it was read.
func (o *options) recheck(ctx context.Context, d *explain.Diagnosis, plan *probe.Plan, c *probe.Comparison) (*probe.Comparison, error) {
	again, err := o.diagnose(ctx, o.asked[0], o.asked[1])
	if err != nil {
		return c, fmt.Errorf("reading the cluster again, since what was seen contradicts what was read: %w", err)
	}
	wanted := probe.Options{Loopback: true, StandIn: plan.Way == probe.StandInPod}
	now, err := probe.NewPlan(again, wanted)
	var none *probe.NoSourceError
	switch {
	case errors.As(err, &none):
		now = &probe.Plan{} // nothing is as it was
	case err != nil:
		return c, err
	}
	return c.Recheck(d, plan, now), nil
}

// interrupted tells an interruption from what it looks like to a client.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}
