package plugin

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Reference returns the tree of commands to be described, not to be run: it reads no input and prints
// nothing.
func Reference() *cobra.Command {
	return newRoot(Streams{In: nil, Out: nowhereToWrite{}, Err: nowhereToWrite{}, Getenv: func(string) string { return "" }})
}

// ReferenceFlags returns the flags of a command, and apart from them those that kubectl has too, for
// reaching the cluster.
func ReferenceFlags(c *cobra.Command) (own, kubectl *pflag.FlagSet) { return splitFlags(c.Flags()) }

// ExitCodes is what the exit codes mean, as every help text has it.
const ExitCodes = exitHelp
