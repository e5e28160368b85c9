package plugin

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// matrixFlags is what probe takes for a matrix.
type matrixFlags struct {
	force    bool
	parallel int
}

// From how many pods is tested at a time.
const (
	usualParallel = 4
	mostParallel  = 16
)

const matrixHelp = `

With --matrix, every ordered pair among the given targets is tested, and a truth
table shows what differs from what policies say. Pods and workloads are tested
from, one pod of each; Services, addresses and names are only tested. Of a
Service its address is tested, of a workload one pod, rather one that policies
do not plainly allow; without a port, the ports that are declared, 3 at most. A
target and itself are left out. From one pod the tests run one after the other,
from up to --parallel pods at a time; more than 400 are refused without --force.
Where nothing can be tested from a source, its row says why and the others go
on. The exit code of a matrix is 1 when something differs (what is denied gets
through, what is allowed does not work), 3 when something could not be tested or
predicted, and 0 when all is as policies say: what is denied and blocked is no
failure.`

const matrixExample = `

  # does the network do what policies say between all of these?
  kubectl netpol-doctor probe --matrix deploy/api-gateway deploy/order svc/payment:443 svc/inventory -n production`

// matrixMode is probe --matrix.
func matrixMode(f *flags, p *probing, streams Streams) *mode {
	m := &matrixFlags{}
	return &mode{
		flag: "matrix", usage: "test every ordered pair among the given targets, and print a truth table", use: " TARGET[:PORT]...",
		own: []string{"parallel", "force"}, foreign: []string{flagDestination, flagFromPod, flagExec, flagSecret},
		help: matrixHelp, example: matrixExample,
		register: func(c *cobra.Command) {
			c.Flags().IntVar(&m.parallel, "parallel", usualParallel, fmt.Sprintf("with --matrix, test from up to `N` pods at a time, %d at most", mostParallel))
			c.Flags().BoolVar(&m.force, "force", false, fmt.Sprintf("with --matrix, test more than %d connections", probe.MaxAttempts))
			c.Flags().Lookup("output").Usage += "; with --matrix also csv"
			_ = c.Flags().SetAnnotation("output", formatsOf+"/matrix", report.MatrixFormats())
		},
		args: m.check,
		run: func(c *cobra.Command, args []string) error {
			f.formats = report.MatrixFormats()
			o, err := f.toProber(c, streams)
			if err != nil {
				return err
			}
			return o.answerMatrix(c.Context(), args, m, p)
		},
	}
}

// check refuses what a matrix cannot be made of.
func (m *matrixFlags) check(c *cobra.Command, args []string) error {
	switch {
	case len(args) < 2:
		return fmt.Errorf("%s --matrix takes two TARGETs at least, such as deploy/api-gateway svc/payment:443; %d given (see --help)", c.Name(), len(args))
	case m.parallel < 1 || m.parallel > mostParallel:
		return fmt.Errorf("--parallel %d: a matrix is tested from 1 to %d pods at a time", m.parallel, mostParallel)
	}
	return nil
}

// answerMatrix plans, prepares all pods, asks once, tests and prints; with --dry-run it prints what
// it would add.
func (o *options) answerMatrix(ctx context.Context, texts []string, m *matrixFlags, p *probing) error {
	matrix, err := o.matrix(ctx, texts, m.force)
	if err != nil {
		return o.suggest(ctx, err)
	}
	prober, err := live.New(o.network, p.image)
	if err != nil {
		return err
	}
	sessions, err := o.prepareAll(ctx, prober, matrix)
	if err != nil {
		return err
	}
	if p.dryRun {
		return o.dryMatrix(matrix, sessions)
	}
	if err := o.confirm(sessions, p); err != nil {
		return interrupted(ctx, err)
	}
	done, stop := o.streams.progress("testing on the network", matrix.Attempts())
	err = matrix.Run(ctx, m.parallel, func(ctx context.Context, pod *cluster.Pod) (probe.Runner, error) {
		s := find(sessions, pod.Ref())
		if err := s.Start(ctx); err != nil {
			return nil, err
		}
		return func(ctx context.Context, a probe.Attempt) probe.Run { return s.Run(ctx, a.Command()) }, nil
	}, done)
	stop()
	if err != nil {
		return err
	}
	if matrix.Contradicts() {
		again, err := o.matrix(ctx, texts, true)
		if err != nil {
			return fmt.Errorf("reading the cluster again, since what was seen contradicts what was read: %w", err)
		}
		matrix.Recheck(again)
	}
	return o.finish(report.NewProbeMatrix(matrix, o.document()), outcome{matrix.Result()})
}

// matrix reads the namespaces of the targets and plans.
func (o *options) matrix(ctx context.Context, texts []string, force bool) (*probe.Matrix, error) {
	var targets []Target
	scope := cluster.Scope{All: o.all, NamespaceObjects: true}
	for _, text := range texts {
		t, err := ParseDestination(text, o.namespace)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
		scope = join(scope, t.Scope())
		if t.Name != "" && t.Namespace != "" && !slices.Contains(scope.Namespaces, t.Namespace) {
			scope.Namespaces = append(scope.Namespaces, t.Namespace)
		}
	}
	s, err := o.read(ctx, scope)
	if err != nil {
		return nil, err
	}
	if wider, more := further(s, scope, targets); more {
		if s, err = o.read(ctx, wider); err != nil {
			return nil, err
		}
	}
	q := explain.Question{Snapshot: s, Plugin: o.plugin}
	if o.streams.Now != nil {
		q.Observed = o.streams.Now()
	}
	return probe.NewMatrix(q, targets, force)
}

// further adds to a scope what a target turned out to need: the Service that an alias stands for;
// for a node everything, since any Service or pod may answer on its ports.
func further(s *cluster.Snapshot, scope cluster.Scope, targets []Target) (wider cluster.Scope, more bool) {
	for _, t := range targets {
		end, err := ends.Resolve(s, t)
		switch {
		case err != nil: // is said when the matrix is planned
		case end.Follow != nil:
			scope.Objects, more = append(scope.Objects, *end.Follow), true
		case (end.Node != nil || len(end.Within) > 0) && !scope.All:
			scope.All, more = true, true
		}
	}
	return scope, more
}

// prepareAll opens a session in each pod to test from. What keeps one from being tested from is
// kept as the reason.
func (o *options) prepareAll(ctx context.Context, prober *live.Prober, m *probe.Matrix) ([]prepared, error) {
	stop := o.streams.spin("asking what can be tested")
	defer stop()
	var sessions []prepared
	unable := map[cluster.Ref]error{}
	for _, s := range m.Sources {
		if s.Unable != "" {
			continue
		}
		pod := s.Pod.Ref()
		if unable[pod] == nil && find(sessions, pod) == nil {
			session, err := prober.Prepare(ctx, pod.Namespace, pod.Name)
			if ctx.Err() != nil {
				return nil, interrupted(ctx, err)
			}
			if err != nil {
				unable[pod] = err
			} else {
				sessions = append(sessions, prepared{pod, session})
			}
		}
		if err := unable[pod]; err != nil {
			s.Unable = err.Error()
		}
	}
	return sessions, nil
}

// dryMatrix prints what a matrix would add, and on standard error how much it would test and what it
// could not.
func (o *options) dryMatrix(m *probe.Matrix, sessions []prepared) error {
	if err := printAdditions(o.streams, sessions); err != nil {
		return err
	}
	fmt.Fprintf(o.streams.Err, "%d connections would be tested from %d pods\n", m.Attempts(), len(sessions))
	var result error
	for _, s := range m.Sources {
		if s.Unable != "" {
			fmt.Fprintf(o.streams.Err, "nothing can be tested from %s: %s\n", ends.Typed(s.End.Ref), report.Plain(s.Unable))
			result = outcome{explain.Unclear}
		}
	}
	return result
}
