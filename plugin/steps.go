package plugin

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// newSteps makes the commands that show one step of the walk.
func newSteps(streams Streams) []*cobra.Command {
	return []*cobra.Command{
		newOne(streams, "labels", "Show which labels pods carry and which policies select them", explain.Labels, cluster.Scope{}),
		newOne(streams, "namespaces", "Show which labels a namespace carries and which rules match them", explain.Namespaces, cluster.Scope{All: true}),
		newPair(streams, "ports", "Show which port is dialled and which one policies see", explain.StepPorts),
		newPair(streams, "rules", "Show which policies isolate the ends and which rules allow it", explain.StepRules),
		newOne(streams, "dns", "Show how pods look names up and whether policies let them", explain.DNS, cluster.Scope{DNS: true}),
		newPolicy(streams),
	}
}

// newPair makes the command of a step that needs both ends.
func newPair(streams Streams, name, short string, step explain.StepName) *cobra.Command {
	f := &flags{formats: findingFormats()}
	c := &cobra.Command{
		Use:     name + " SOURCE DESTINATION[:PORT]",
		Short:   short,
		GroupID: groupStep,
		Long:    short + ".\nOne step of the walk that diagnose makes.\n" + targetHelp,
		Example: fmt.Sprintf(`  kubectl netpol-doctor %[1]s deploy/api-gateway svc/payment:443 -n production

  # in a folder of manifests, no cluster needed
  kubectl netpol-doctor %[1]s deploy/api-gateway svc/payment:443 -n production -f ./manifests`, name),
		Args: bothEnds,
		RunE: func(c *cobra.Command, args []string) error {
			o, err := f.toOptions(c.Context(), c, streams)
			if err != nil {
				return err
			}
			d, err := o.diagnose(c.Context(), args[0], args[1])
			if err != nil {
				return o.suggest(c.Context(), err)
			}
			one := explain.StepOf(d, step)
			return o.finish(report.NewStepReport(one, o.document()), outcome{one.Result})
		},
	}
	f.register(c)
	return c
}

// newOne makes the command of a step that looks at one target, or at a namespace without one.
func newOne(streams Streams, name, short string, answer func(explain.One) (*explain.OneStep, error), extra cluster.Scope) *cobra.Command {
	return newOneWith(streams, &flags{formats: findingFormats()}, name, short, answer, extra)
}

// newOneWith is newOne for a command with flags of its own.
func newOneWith(streams Streams, f *flags, name, short string, answer func(explain.One) (*explain.OneStep, error), extra cluster.Scope) *cobra.Command {
	c := &cobra.Command{
		Use:     name + " [TARGET]",
		Short:   short,
		GroupID: groupStep,
		Long:    short + ".\nOne step of the walk that diagnose makes.\n" + oneTargetHelp,
		Example: fmt.Sprintf(`  # for one workload, for a whole namespace
  kubectl netpol-doctor %[1]s deploy/payment -n production
  kubectl netpol-doctor %[1]s ns/production

  # in a folder of manifests, no cluster needed
  kubectl netpol-doctor %[1]s deploy/payment -n production -f ./manifests`, name),
		Args: oneEnd,
		RunE: func(c *cobra.Command, args []string) error {
			o, err := f.toOptions(c.Context(), c, streams)
			if err != nil {
				return err
			}
			one, err := o.one(c.Context(), args, answer, extra)
			if err != nil {
				return o.suggest(c.Context(), err)
			}
			return o.finish(report.NewStepReport(one, o.document()), outcome{one.Result})
		},
	}
	f.register(c)
	return c
}

// one reads what a question about one target needs, and answers it. Without a target it is about the
// namespace of -n, or with -A alone about every namespace, as kubectl has it.
func (o *options) one(ctx context.Context, args []string, answer func(explain.One) (*explain.OneStep, error), scope cluster.Scope) (*explain.OneStep, error) {
	question := explain.One{Namespace: o.namespace, Plugin: o.plugin}
	namespace := o.namespace
	if len(args) == 1 {
		t, err := parseOne(args[0], o.namespace)
		if err != nil {
			return nil, err
		}
		namespace = t.Namespace
		if t.Kind == "Namespace" {
			namespace = t.Name
			question.Namespace = t.Name
		} else {
			question.Target = &t
			scope = join(scope, t.Scope())
		}
	}
	scope.All, scope.NamespaceObjects = scope.All || o.all, true
	scope.Namespaces = append(scope.Namespaces, namespace)
	if o.who {
		scope.Rights = append(scope.Rights, namespace)
	}
	s, err := o.read(ctx, scope)
	if err != nil {
		return nil, err
	}
	if servers := ends.NameServers(candidates(s, namespace)); scope.DNS && len(servers) > 0 {
		scope.Addresses = append(scope.Addresses, servers...)
		if s, err = o.read(ctx, scope); err != nil {
			return nil, err
		}
	}
	question.Snapshot = s
	if len(args) == 0 && o.all && !o.named && !o.who {
		return explain.Everywhere(question, answer)
	}
	return answer(question)
}

// candidates are the pods that a question about a target of a namespace may be about.
func candidates(s *cluster.Snapshot, namespace string) []*cluster.Pod {
	if s.Read.All {
		return slices.Concat(s.Pods, s.Subjects(namespace))
	}
	return s.Subjects(namespace)
}
