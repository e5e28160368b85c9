package plugin

import (
	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
)

// newPolicy makes the command about policies by themselves: what they say, or who may undo them.
func newPolicy(streams Streams) *cobra.Command {
	f := &flags{formats: findingFormats()}
	answer := func(q explain.One) (*explain.OneStep, error) {
		if f.who {
			return explain.Rights(q)
		}
		return explain.Policy(q)
	}
	c := newOneWith(streams, f, "policy", "Show what policies select, and rules with no effect or too much", answer, cluster.Scope{})
	c.Flags().BoolVar(&f.who, "who", false, "tell from RBAC who may undo the policies of the namespace: change them, or the labels that they go by, start pods with labels of their choosing, or take on the rights of those who may")
	c.Long += `

With --who it tells who may undo the policies of the target's namespace instead.
That takes the right to read roles and bindings; from files, they must be among
them.`
	c.Example += `

  # who may change the policies of a namespace, or get around them?
  kubectl netpol-doctor policy ns/production --who`
	return c
}
