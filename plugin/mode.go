package plugin

import (
	"fmt"

	"github.com/spf13/cobra"
)

// mode is something else that probe does where a flag asks for it, instead of testing one connection.
type mode struct {
	flag, usage string
	use         string   // what stands behind the flag in the usage line
	own         []string // flags that only this mode has
	foreign     []string // flags of the connection's test that it does not have
	help        string   // paragraphs of the command's help, after an empty line
	example     string
	args        cobra.PositionalArgs
	run         func(c *cobra.Command, args []string) error
	register    func(c *cobra.Command)
}

// withModes gives a command its modes. One that is not asked for leaves the command as it is; its own
// flags are refused.
func withModes(c *cobra.Command, modes ...*mode) *cobra.Command {
	args, run := c.Args, c.RunE
	for _, m := range modes {
		c.Flags().Bool(m.flag, false, m.usage)
		if m.register != nil {
			m.register(c)
		}
		c.Use += " | --" + m.flag + m.use
		c.Long += m.help
		c.Example += m.example
	}
	c.Args = func(c *cobra.Command, given []string) error {
		m, err := wanted(c, modes)
		if err != nil {
			return err
		}
		if m != nil {
			return m.args(c, given)
		}
		return args(c, given)
	}
	c.RunE = func(c *cobra.Command, given []string) error {
		if m, _ := wanted(c, modes); m != nil {
			return m.run(c, given)
		}
		return run(c, given)
	}
	return c
}

// wanted finds the mode that was asked for, and refuses flags that do not go with it.
func wanted(c *cobra.Command, modes []*mode) (*mode, error) {
	var found *mode
	for _, m := range modes {
		if on, _ := c.Flags().GetBool(m.flag); !on {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("--%s and --%s exclude each other", found.flag, m.flag)
		}
		found = m
	}
	for _, m := range modes {
		for _, name := range m.own {
			if m != found && c.Flags().Changed(name) {
				return nil, fmt.Errorf("--%s needs --%s", name, m.flag)
			}
		}
	}
	if found != nil {
		for _, name := range found.foreign {
			if c.Flags().Changed(name) {
				return nil, fmt.Errorf("--%s and --%s exclude each other", found.flag, name)
			}
		}
	}
	return found, nil
}
