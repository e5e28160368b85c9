package plugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/report"
)

// Main runs the command line and returns the exit code. It touches no stream, environment or
// signal but those it is given.
func Main(ctx context.Context, args []string, streams Streams) int {
	streams.In = interruptible{ctx, streams.In}
	root := newRoot(streams)
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	err := root.ExecuteContext(ctx)
	code, show := codeOf(ctx, err)
	if show {
		for line := range strings.Lines(suggesting(err.Error())) {
			if line = strings.TrimSpace(line); line != "" {
				fmt.Fprintln(streams.Err, "Error:", report.Plain(line))
			}
		}
	}
	return code
}

// suggesting puts what cobra suggests for a command that it does not know into one line.
func suggesting(message string) string {
	what, names, ok := strings.Cut(message, "\n\nDid you mean this?\n")
	if !ok {
		return message
	}
	return what + "; did you mean " + strings.Join(strings.Fields(names), " or ") + "?"
}

func newRoot(streams Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-netpol_doctor",
		Short: "Why can't A talk to B?",
		Long: `Why can't A talk to B in this Kubernetes cluster? netpol-doctor walks the way an
expert does (endpoints, pod labels, namespace labels, ports, rules, DNS, policy
logic) and names the rule that decides, the near miss that caused it and the
smallest fix.

It reads the cluster that kubeconfig points at, or with -f the given manifests
and no cluster at all. It changes nothing, except where it is asked to test on
the network: then it says what it adds to the cluster, and asks before.`,
		Example: `  kubectl netpol-doctor diagnose deploy/order svc/inventory:80 -n production
  kubectl netpol-doctor diagnose --help`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl netpol-doctor"},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	showVersion := root.Flags().Bool("version", false, "print the version, as the command version does")
	root.RunE = func(c *cobra.Command, _ []string) error {
		if *showVersion {
			return printVersion(streams.Out)
		}
		return c.Help()
	}
	root.SetUsageFunc(streams.usage)
	root.AddGroup(&cobra.Group{ID: groupAll, Title: "The whole walk"}, &cobra.Group{ID: groupNetwork, Title: "On the network"}, &cobra.Group{ID: groupCluster, Title: "The whole cluster"}, &cobra.Group{ID: groupStep, Title: "One step of it"}, &cobra.Group{ID: groupMeaning, Title: "What it means"})
	root.AddCommand(newDiagnose(streams), newMap(streams), newDiff(streams), newSnapshot(streams), newExplain(streams), newProbe(streams), newVersion(streams), newOptions(streams), newCompletion(streams))
	root.AddCommand(newSteps(streams)...)
	complete(root, streams)
	return root
}
