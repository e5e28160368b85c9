package plugin

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// The groups that the commands are listed in.
const (
	groupAll     = "all"
	groupCluster = "cluster"
	groupStep    = "step"
)

const targetHelp = `
SOURCE and DESTINATION are [NAMESPACE/]KIND/NAME, a bare NAME where it means one
object only, an IPv4 address, an [IPv6 address], a CIDR, a DNS name, or
"internet". A DESTINATION may end in :PORT or :PORT/udp, PORT a number or a
name; a Service's port is the Service's, a pod's the pod's. Without a port,
every declared port is answered for. Addresses, CIDRs, DNS names and "internet"
declare none, so they need one. A SOURCE may also be "apiserver", for what calls
admission webhooks and aggregated APIs, or ingress/NAME, gateway/NAME or
httproute/NAME (any kind of route), for the pods that carry its requests.`

const oneTargetHelp = `
TARGET is [NAMESPACE/]KIND/NAME, a bare NAME where it means one object only, or
ns/NAME for a whole namespace. Without it, the namespace of -n is looked at, or
with -A and no -n every namespace.`

const exitHelp = `Exit codes:
  0    works; for a single step of the walk: no problem found in it
  1    fails: a problem was found
  2    wrong usage or bad input
  3    unclear: it could not be determined, or the API server could not be read
  130  interrupted
`

// usage prints what follows the description in a command's help. The flags that every kubectl
// command has for reaching the cluster are a page of their own, as `kubectl options` is.
func (s Streams) usage(c *cobra.Command) error {
	var b strings.Builder
	section := func(title, text string) {
		if text != "" {
			fmt.Fprintf(&b, "\n%s:\n%s\n", title, strings.TrimRight(text, "\n"))
		}
	}
	line := c.UseLine()
	if c.HasAvailableSubCommands() {
		line = c.CommandPath() + " COMMAND [flags]"
	}
	fmt.Fprintf(&b, "Usage:\n  %s\n", line)
	for _, g := range c.Groups() {
		section(g.Title, commandList(c, g.ID))
	}
	if c.HasAvailableSubCommands() {
		section("Other commands", commandList(c, ""))
	}
	section("Examples", c.Example)
	own, connection := splitFlags(c.Flags())
	section("Flags", own.FlagUsagesWrapped(s.style().Columns()))
	fmt.Fprintf(&b, "\n%s", exitHelp)
	if connection.HasFlags() {
		fmt.Fprintf(&b, "\nUse \"kubectl netpol-doctor options\" for the flags of kubectl: --context,\n--kubeconfig, --as, --request-timeout and others.\n")
	}
	_, err := fmt.Fprint(c.OutOrStderr(), b.String())
	return err
}

func commandList(c *cobra.Command, group string) string {
	text := ""
	for _, sub := range c.Commands() {
		if sub.GroupID == group && sub.IsAvailableCommand() {
			text += fmt.Sprintf("  %-11s %s\n", sub.Name(), sub.Short)
		}
	}
	return text
}

// newOptions makes the command that lists the flags for reaching the cluster.
func newOptions(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "options",
		Short:   "List the flags for reaching the cluster, which are kubectl's",
		Long:    "List the flags for reaching the cluster, which are kubectl's. Every command that\nlooks at a cluster takes them. With -f the files are the cluster, and none fits.",
		Example: "  kubectl netpol-doctor options",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			genericclioptions.NewConfigFlags(false).AddFlags(flags)
			_, connection := splitFlags(flags)
			_, err := fmt.Fprintf(streams.Out, "Every command that looks at a cluster takes these flags:\n\n%s", connection.FlagUsagesWrapped(streams.style().Columns()))
			return err
		},
	}
}

// splitFlags takes the flags for reaching the cluster apart from the rest. The namespace is part
// of the question, so it stays with the rest.
func splitFlags(all *pflag.FlagSet) (own, connection *pflag.FlagSet) {
	kubectl := pflag.NewFlagSet("", pflag.ContinueOnError)
	genericclioptions.NewConfigFlags(false).AddFlags(kubectl)
	own, connection = pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	all.VisitAll(func(f *pflag.Flag) {
		if kubectl.Lookup(f.Name) != nil && f.Name != "namespace" {
			connection.AddFlag(f)
			return
		}
		own.AddFlag(f)
	})
	return own, connection
}
