package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// enforcing is what the user typed about a check of enforcement.
type enforcing struct {
	outside string
	context string // of kubeconfig, as a shell takes it; empty: the current one
}

// enforcementMode is probe --check-enforcement.
func enforcementMode(f *flags, p *probing, streams Streams) *mode {
	e := &enforcing{}
	return &mode{
		flag: "check-enforcement", usage: "test what the network plugin makes of NetworkPolicies, in two namespaces of its own that are deleted afterwards",
		own: []string{"outside"}, foreign: []string{flagDestination, flagFromPod, flagExec},
		help: `

With --check-enforcement it tests no connection of yours but the network plugin:
it creates two namespaces with pods of its own, after asking, and tries out with
some thirty policies, one after the other, what is enforced, what a client sees
that is denied, what becomes of open connections and how soon policies bite. It
deletes all of it afterwards, and after an interruption. The answer holds for
the nodes that the pods were on; -o yaml prints it as a file that
--network-plugin takes. There, exit code 0 is: all that could be tried is
enforced as the specification says; 1: something is not; 3: it could not be
determined. --dry-run prints all objects; only the namespaces are tried out by
the API server then, as the rest needs them to exist.`,
		example: `

  # does anything enforce NetworkPolicies here, and how?
  kubectl netpol-doctor probe --check-enforcement
  kubectl netpol-doctor probe --check-enforcement --yes -o yaml > our-plugin.yaml
  kubectl netpol-doctor diagnose deploy/api-gateway svc/payment:443 --network-plugin our-plugin.yaml`,
		register: func(c *cobra.Command) {
			c.Flags().StringVar(&e.outside, "outside", "", "with --check-enforcement, an `ADDRESS:PORT` outside the cluster that answers over TCP (default: the API server's, where that is outside)")
		},
		args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("--check-enforcement takes no SOURCE and no DESTINATION: it tests the network plugin, in namespaces of its own")
			}
			return nil
		},
		run: func(c *cobra.Command, _ []string) error {
			f.formats = report.Formats()
			o, err := f.toProber(c, streams)
			if err != nil {
				return err
			}
			if name := *f.config.Context; name != "" {
				e.context = quoted(name)
			}
			return o.checkEnforcement(c.Context(), p, e)
		},
	}
}

// The time that may be spent on deleting everything: after a run, and after an interruption.
const (
	deleting            = 2 * time.Minute
	deletingInterrupted = 30 * time.Second
)

// checkEnforcement asks, creates, tries, deletes and prints.
func (o *options) checkEnforcement(ctx context.Context, p *probing, e *enforcing) error {
	outside := netip.AddrPort{}
	if e.outside != "" {
		var err error
		if outside, err = netip.ParseAddrPort(e.outside); err != nil {
			return fmt.Errorf("reading --outside %q: it is no ADDRESS:PORT, such as 192.0.2.1:443 or [2001:db8::1]:443", e.outside)
		}
	}
	scratch, err := live.NewScratch(o.network, live.ScratchOptions{Image: p.image, PullSecret: p.secret, PullSecretNamespace: o.namespace, Context: e.context})
	if err != nil {
		return err
	}
	if err := scratch.Allowed(ctx); err != nil {
		return interrupted(ctx, err)
	}
	if p.dryRun {
		if err := scratch.TryOut(ctx); err != nil {
			return interrupted(ctx, err)
		}
		return printScratch(o.streams, scratch)
	}
	if err := o.confirmCheck(scratch, p); err != nil {
		return interrupted(ctx, err)
	}
	check, err := o.tryOut(ctx, scratch, outside)
	remains := o.cleanUp(ctx, scratch)
	for _, command := range remains {
		if _, err := fmt.Fprintln(o.streams.Err, "Warning: what was created is not all gone; look with:", report.Plain(command)); err != nil {
			return err
		}
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	check.Remains = remains
	extends := ""
	if o.plugin != nil && o.plugin.File == "" {
		extends = o.plugin.Name
	}
	return o.finish(report.NewEnforcementReport(check, extends, o.command), outcome{check.Result()})
}

// confirmCheck asks before anything is created. Where nobody can be asked, --yes has to have been
// given.
func (o *options) confirmCheck(s *live.Scratch, p *probing) error {
	if p.yes {
		return nil
	}
	if !o.streams.interactive() {
		return errors.New("a check of enforcement creates namespaces and pods, and deletes them; where nobody can be asked, it needs --yes")
	}
	return ask(o.streams, fmt.Sprintf("This creates the namespaces %s and %s, with %d pods (%s), 2 Services and, one after the other, %d NetworkPolicies that apply to these pods only.%s It takes about 3 minutes, and deletes all of them. Nothing else is changed.",
		s.Namespace, s.Guests, len(probe.TrialPods), report.Plain(p.image), len(probe.Trials), copies(o.namespace, p.secret)))
}

// copies says that a credential is copied, if one is.
func copies(namespace, secret string) string {
	if secret == "" {
		return ""
	}
	return fmt.Sprintf(" It copies Secret %s/%s, a credential, into both namespaces, for as long.", report.Plain(namespace), report.Plain(secret))
}

// tryOut creates what trials take, and makes them.
func (o *options) tryOut(ctx context.Context, s *live.Scratch, outside netip.AddrPort) (*probe.Check, error) {
	stop := o.streams.spin("creating pods")
	defer func() { stop() }()
	missing, err := s.Create(ctx)
	if err != nil {
		return nil, err
	}
	place, nodes, err := s.Await(ctx, missing, outside)
	if err != nil {
		return nil, err
	}
	facts, gaps, err := o.beside(ctx, s)
	if err != nil {
		return nil, err
	}
	check, err := s.Check(ctx, place, func(trial string) {
		stop()
		stop = o.streams.spin("trying " + trial)
	})
	if err != nil {
		return nil, err
	}
	// Again, since something may have been created, or deleted, in the middle of the trials.
	later, unread, err := o.beside(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, g := range unread {
		if !slices.Contains(gaps, g) {
			gaps = append(gaps, g)
		}
	}
	check.Beside(append(facts, later...), gaps)
	check.Nodes = nodes
	return check, nil
}

// cleanUp deletes everything, also after an interruption, and returns what remains.
func (o *options) cleanUp(ctx context.Context, s *live.Scratch) []string {
	limit := deleting
	if ctx.Err() != nil {
		limit = deletingInterrupted
		_, _ = fmt.Fprintf(o.streams.Err, "interrupted: deleting what was created, please wait (%s at most)\n", limit)
	}
	fresh, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	stop := o.streams.spin("deleting what was created")
	defer stop()
	return s.Delete(fresh)
}

// printScratch prints what would be created. Addresses of pods are not known before there are any, so
// the policies have those of documentation instead.
func printScratch(streams Streams, s *live.Scratch) error {
	objects := s.Objects()
	policies, err := s.Policies(documentation(s.Guests))
	if err != nil {
		return err
	}
	for _, p := range policies {
		objects = append(objects, p)
	}
	if _, err := fmt.Fprintln(streams.Err, "nothing was created. The API server would create the namespaces; what goes into them it cannot try out before they exist. In ipBlocks, addresses of documentation stand for those that are not known before; a Secret is printed without what is in it"); err != nil {
		return err
	}
	return printObjects(streams.Out, objects)
}

// printObjects prints objects, one YAML document each.
func printObjects(w io.Writer, objects []any) error {
	for i, object := range objects {
		text, err := yaml.Marshal(object)
		if err != nil {
			return err
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// documentation is a place with addresses of RFC 5737.
func documentation(guests string) *probe.Place {
	at := netip.MustParseAddr
	p := &probe.Place{
		Guests: guests, Pods: map[string]netip.Addr{}, Service: at("198.51.100.1"), OwnNode: at("198.51.100.2"), OtherNode: at("198.51.100.3"),
		Outside: netip.AddrPortFrom(at("203.0.113.1"), 443),
	}
	address := at("192.0.2.1")
	for _, pod := range probe.TrialPods {
		p.Pods[pod], address = address, address.Next()
	}
	return p
}
