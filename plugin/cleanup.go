package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// cleanupMode is probe --cleanup.
func cleanupMode(f *flags, p *probing, streams Streams) *mode {
	return &mode{
		flag: "cleanup", usage: "take away what probes left in the namespace, or with -A in all of them, after asking; --dry-run lists it",
		foreign: []string{flagDestination, flagFromPod, flagExec, flagSecret, flagImage},
		help: `

With --cleanup it looks for what probes left, ends and removes it. There, exit
code 0 is: nothing is left but entries of containers that have ended, which go
with their pods, or with --dry-run everything was listed; 1: something could not
be removed; 3: not everything could be looked through.`,
		example: `

  # what did probes leave, anywhere?
  kubectl netpol-doctor probe --cleanup -A --dry-run`,
		register: func(c *cobra.Command) {
			_ = c.Flags().SetAnnotation("output", formatsOf+"/cleanup", []string{"table"})
		},
		args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("--cleanup takes no SOURCE and DESTINATION: it looks through the namespace of -n, or with -A through all of them")
			}
			return nil
		},
		run: func(c *cobra.Command, _ []string) error {
			f.formats = []string{"table"}
			o, err := f.toProber(c, streams)
			if err != nil {
				return err
			}
			prober, err := live.New(o.network, p.image)
			if err != nil {
				return err
			}
			return o.sweep(c.Context(), prober, p)
		},
	}
}

// sweep looks for what probes left, and takes it away.
func (o *options) sweep(ctx context.Context, prober *live.Prober, p *probing) error {
	namespace := o.namespace
	if o.all {
		namespace = ""
	}
	stop := o.streams.spin("looking for what probes left")
	found, unread := prober.Leftovers(ctx, namespace)
	stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var gone []live.Leftover
	var stay []string
	for _, l := range found {
		if l.Stays {
			stay = append(stay, nameOf(l))
		} else {
			gone = append(gone, l)
		}
	}
	if len(gone) > 0 && !p.dryRun && !p.yes {
		if err := o.agree(gone); err != nil {
			return err
		}
	}
	failed := false
	for _, l := range gone {
		if p.dryRun {
			o.say("would remove", nameOf(l))
			continue
		}
		if err := prober.Remove(ctx, l); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed = true
			o.say("not removed", nameOf(l)+": "+err.Error())
			continue
		}
		o.say("removed", nameOf(l))
	}
	for _, s := range stay {
		o.say("stays until its pod is replaced", s)
	}
	for _, err := range unread {
		fmt.Fprintln(o.streams.Err, "Warning:", report.Plain(err.Error()))
	}
	switch {
	case failed:
		return outcome{explain.Fails}
	case len(unread) > 0:
		return outcome{explain.Unclear}
	case len(found) == 0:
		where := "namespace " + o.namespace
		if o.all {
			where = "any namespace"
		}
		_, err := fmt.Fprintln(o.streams.Out, "Nothing is left of probes in "+report.Plain(where)+".")
		return err
	}
	return nil
}

// agree asks before anything is removed.
func (o *options) agree(all []live.Leftover) error {
	var names []string
	for _, l := range all {
		names = append(names, "  "+report.Plain(nameOf(l)))
	}
	if !o.streams.interactive() {
		return fmt.Errorf("there is something to remove (%d objects; --dry-run lists them), and somebody may be using it; where nobody can be asked, it needs --yes", len(all))
	}
	return ask(o.streams, "This removes what probes made, also those that still run:\n"+strings.Join(names, "\n"))
}

func (o *options) say(what, of string) {
	_, _ = fmt.Fprintln(o.streams.Out, report.Plain(what+": "+of))
}

func nameOf(l live.Leftover) string {
	if l.Container != "" {
		return fmt.Sprintf("container %s of pod %s/%s", l.Container, l.Ref.Namespace, l.Ref.Name)
	}
	if l.Ref.Namespace == "" {
		return l.Ref.Kind + " " + l.Ref.Name
	}
	return fmt.Sprintf("%s %s/%s", l.Ref.Kind, l.Ref.Namespace, l.Ref.Name)
}
