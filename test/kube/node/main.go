// Node is what a Kubernetes node needs besides a container runtime, and the
// scheduler that fills it: kube-scheduler, kubelet and kube-proxy as one
// program, for the machine that test/node turns into a cluster. The first
// argument says which of the three to be; the rest are that program's own
// arguments.
//
// It is not part of the control plane next door, so that tests that need no
// node do not wait for it to be built.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// programs maps a program's name to its command. Flags and feature gates are
// registered process wide when a command is constructed, so no command may be
// constructed before it is chosen: hence functions, not commands.
var programs = map[string]func() *cobra.Command{
	"kube-scheduler": func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":        func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"kube-proxy":     proxy.NewProxyCommand,
}

func main() {
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: node PROGRAM [ARGUMENT...]\nprograms: %v\n", slices.Sorted(maps.Keys(programs)))
		os.Exit(2)
	}
	os.Args = os.Args[1:] // the chosen program sees the command line it knows
	os.Exit(cli.Run(programs[os.Args[0]]()))
}
