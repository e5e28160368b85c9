package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// oneOrBothEnds checks that a command was given a source, and a destination at most.
func oneOrBothEnds(c *cobra.Command, args []string) error {
	if len(args) != 1 && len(args) != 2 {
		return fmt.Errorf("%s takes a SOURCE and a DESTINATION, such as deploy/api-gateway svc/payment:443, or a SOURCE alone for all that it is declared to need; %d given (see --help)", c.Name(), len(args))
	}
	return nil
}

// answerNeeds answers diagnose without a destination.
func (o *options) answerNeeds(c *cobra.Command, source string) error {
	if o.since != 0 {
		return errors.New("--since needs a DESTINATION: changes are shown for one connection")
	}
	n, err := o.needs(c.Context(), source)
	if err != nil {
		return o.suggest(c.Context(), err)
	}
	return o.finish(report.NewNeeds(n, o.document(), again(c)), outcome{n.Result})
}

// needs reads the namespace of the source, then what its specification names elsewhere.
func (o *options) needs(ctx context.Context, source string) (*explain.Needs, error) {
	from, err := parseClient(source, o.namespace)
	if err != nil {
		return nil, err
	}
	scope := join(from.Scope(), cluster.Scope{All: o.all, DNS: true, NamespaceObjects: true})
	if from.Namespace != "" {
		scope.Namespaces = append(scope.Namespaces, from.Namespace)
	}
	s, err := o.read(ctx, scope)
	if err != nil {
		return nil, err
	}
	more := explain.NeedsScope(s, from)
	more.Addresses = append(more.Addresses, ends.NameServers(s.Subjects(from.Namespace))...)
	if len(more.Objects)+len(more.Addresses)+len(more.Namespaces) > 0 {
		if s, err = o.read(ctx, join(scope, more)); err != nil {
			return nil, err
		}
	}
	return explain.WhatItNeeds(explain.Question{Snapshot: s, Source: from, Plugin: o.plugin}, o.namespace)
}

// again returns a function that makes the command line of another question about the same cluster.
// How somebody logs in is left out.
func again(c *cobra.Command) func(words []string) string {
	var same []string
	if flag := c.Flags().Lookup("namespace"); flag.Changed {
		same = append(same, "-n", flag.Value.String())
	}
	c.Flags().Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "context", "kubeconfig", "network-plugin":
			same = append(same, "--"+flag.Name, flag.Value.String())
		case "all-namespaces":
			if flag.Value.String() == "true" {
				same = append(same, "-A")
			}
		case "filename", "with", "without":
			name := "--" + flag.Name
			if flag.Name == "filename" {
				name = "-f"
			}
			if list, ok := flag.Value.(pflag.SliceValue); ok {
				for _, value := range list.GetSlice() {
					same = append(same, name, value)
				}
			}
		}
	})
	return func(words []string) string {
		line := "kubectl netpol-doctor"
		for _, word := range append(words[:len(words):len(words)], same...) {
			line += " " + quoted(word)
		}
		return line
	}
}
