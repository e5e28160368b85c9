package plugin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

const groupNetwork = "network"

// probing is what the user typed about tests on the network.
type probing struct {
	yes, dryRun, destination bool
	image                    string
}

func (p *probing) register(c *cobra.Command) {
	c.Flags().BoolVar(&p.yes, "yes", false, "do not ask before a container is added to a pod")
	c.Flags().BoolVar(&p.dryRun, "dry-run", false, "print what would be added, after the API server has tried it out, and add and test nothing")
	c.Flags().BoolVar(&p.destination, "probe-destination", false, "test from within the destination's own pods as well, whether the application listens; that adds a container to each")
	c.Flags().StringVar(&p.image, "probe-image", live.DefaultImage, "the `IMAGE` to test with: agnhost, or a mirror of it")
}

// newProbe makes the command that only tests.
func newProbe(streams Streams) *cobra.Command {
	f, p, e := &flags{}, &probing{}, &enforcing{}
	c := &cobra.Command{
		Use:     "probe SOURCE DESTINATION[:PORT] | probe --check-enforcement",
		Short:   "Test on the network, and compare with what policies say",
		GroupID: groupNetwork,
		Long: `Test the real way from a running pod of SOURCE, hop by hop: its DNS server, the
name, the Service's address, each pod behind it. Say what was seen, whether that
is what policies say, and what the difference between two hops points at.

It adds one ephemeral container to the source pod, after asking. That ends by
itself after half an hour; its entry stays in the pod's specification until the
pod is replaced, and it is used again while it runs. Nothing else is changed. At
most 3 tries of 2 seconds for each hop, one after the other; no ports but those
asked for.

With --check-enforcement it tests no connection of yours but the network plugin:
it creates two namespaces with pods of its own, after asking, and tries out with
some thirty policies, one after the other, what is enforced, what a client sees
that is denied, what becomes of open connections and how soon policies bite. It
deletes all of it afterwards, and after an interruption. The answer holds for
the nodes that the pods were on; -o yaml prints it as a file that
--network-plugin takes.
There, exit code 0 is: all that could be tried is enforced as the specification
says; 1: something is not; 3: it could not be determined.
` + targetHelp,
		Example: `  kubectl netpol-doctor probe deploy/api-gateway svc/payment:443 -n production

  # what would be added to which pod?
  kubectl netpol-doctor probe deploy/api-gateway svc/payment:443 -n production --dry-run

  # does the application listen at all, and not just on its loopback?
  kubectl netpol-doctor probe deploy/api-gateway svc/payment:443 -n production --probe-destination

  # does anything enforce NetworkPolicies here, and how?
  kubectl netpol-doctor probe --check-enforcement
  kubectl netpol-doctor probe --check-enforcement --yes -o yaml > our-plugin.yaml
  kubectl netpol-doctor diagnose deploy/api-gateway svc/payment:443 --network-plugin our-plugin.yaml`,
		Args: e.args,
		RunE: func(c *cobra.Command, args []string) error {
			o, err := f.toProber(c, streams)
			if err != nil {
				return err
			}
			if e.wanted {
				return o.checkEnforcement(c.Context(), p, e)
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
	e.register(c)
	return c
}

// toProber is toOptions for what needs a network.
func (f *flags) toProber(c *cobra.Command, streams Streams) (*options, error) {
	if len(f.files) > 0 {
		return nil, errors.New("tests on the network and -f exclude each other: with -f the files are the cluster, and there is no network to test")
	}
	if len(f.with) > 0 {
		return nil, errors.New("tests on the network and --with exclude each other: what is not applied cannot be tested")
	}
	return f.toOptions(c.Context(), c, streams)
}

// checkProbing refuses flags about tests without --probe.
func checkProbing(c *cobra.Command, wanted bool) error {
	for _, name := range []string{"yes", "dry-run", "probe-destination", "probe-image"} {
		if c.Flags().Changed(name) && !wanted {
			return fmt.Errorf("--%s says how to test on the network; it needs --probe", name)
		}
	}
	return nil
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

// errUnconfirmed: the user did not want it.
var errUnconfirmed = errors.New("nothing was added or tested: you did not say yes")

// probe plans, prepares, asks, tests and compares; with --dry-run it prints what it would add.
func (o *options) probe(ctx context.Context, d *explain.Diagnosis, p *probing) (*probe.Comparison, error) {
	plan, err := probe.NewPlan(d, p.destination)
	if err != nil {
		return nil, err
	}
	prober, err := live.New(o.config, p.image)
	if err != nil {
		return nil, err
	}
	sessions, err := o.prepare(ctx, prober, plan)
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
	for _, s := range sessions {
		if err := s.Start(ctx); err != nil {
			return nil, interrupted(ctx, err)
		}
	}
	results := probe.Carry(ctx, plan, func(ctx context.Context, a probe.Attempt) probe.Run {
		return sessionOf(sessions, plan, a).Run(ctx, a.Command())
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return probe.Compare(d, plan, results), nil
}

// interrupted tells an interruption from what it looks like to a client.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// prepared is a session and the pod it is in.
type prepared struct {
	pod cluster.Ref
	*live.Session
}

// prepare opens a session in the source, and one in each destination pod that is to be asked from
// within; where that cannot be, the rest is tested without it.
func (o *options) prepare(ctx context.Context, prober *live.Prober, plan *probe.Plan) ([]prepared, error) {
	s, err := prober.Prepare(ctx, plan.Source.Namespace, plan.Source.Name)
	if err != nil {
		return nil, err
	}
	sessions := []prepared{{plan.Source.Ref(), s}}
	var kept []probe.Attempt
	unable := map[cluster.Ref]bool{}
	for _, a := range plan.Attempts {
		if a.Inside() && !unable[a.Object] && find(sessions, a.Object) == nil {
			inside, err := prober.Prepare(ctx, a.Object.Namespace, a.Object.Name)
			if err != nil {
				unable[a.Object] = true
				plan.Cut = append(plan.Cut, err.Error())
			} else {
				sessions = append(sessions, prepared{a.Object, inside})
			}
		}
		if !a.Inside() || !unable[a.Object] {
			kept = append(kept, a)
		}
	}
	plan.Attempts = kept
	return sessions, nil
}

func find(sessions []prepared, pod cluster.Ref) *live.Session {
	for _, s := range sessions {
		if s.pod == pod {
			return s.Session
		}
	}
	return nil
}

func sessionOf(sessions []prepared, plan *probe.Plan, a probe.Attempt) *live.Session {
	if a.Inside() {
		return find(sessions, a.Object)
	}
	return find(sessions, plan.Source.Ref())
}

// printAdditions prints what would be added, one YAML document each.
func printAdditions(streams Streams, sessions []prepared) error {
	for i, s := range sessions {
		if s.Reused {
			fmt.Fprintf(streams.Err, "nothing would be added to pod %s/%s: the container of an earlier probe still runs\n", s.pod.Namespace, s.pod.Name)
			continue
		}
		text, err := yaml.Marshal(s.Add)
		if err != nil {
			return err
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := streams.Out.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// confirm asks before anything is added. Where nobody can be asked, --yes has to have been given.
func (o *options) confirm(sessions []prepared, p *probing) error {
	var pods []string
	for _, s := range sessions {
		if !s.Reused {
			pods = append(pods, s.pod.Namespace+"/"+s.pod.Name)
		}
	}
	if len(pods) == 0 || p.yes {
		return nil
	}
	if !o.streams.interactive() {
		return errors.New("a test on the network adds an ephemeral container to a pod; where nobody can be asked, it needs --yes")
	}
	return ask(o.streams, fmt.Sprintf(`This adds an ephemeral container (%s) to pod %s.
It ends by itself after half an hour; its entry stays in the pod's specification until the
pod is replaced. Nothing else is changed.
Go on? [y/N] `, report.Plain(p.image), strings.Join(pods, ", ")))
}

// interactive tells whether somebody sits at the other end.
func (s Streams) interactive() bool {
	in := s.In
	if i, ok := in.(interruptible); ok {
		in = i.Reader
	}
	_, reads := terminal(in)
	_, sees := terminal(s.Err)
	return reads && sees
}

// ask asks a question, and takes anything but yes for no.
func ask(streams Streams, question string) error {
	if _, err := io.WriteString(streams.Err, question); err != nil {
		return err
	}
	line, err := bufio.NewReader(streams.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errUnconfirmed
}
