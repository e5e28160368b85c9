package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// flags is what the user typed that every question takes.
type flags struct {
	config       *genericclioptions.ConfigFlags
	files        []string
	with         []string
	without      []string
	output       string
	formats      []string // those of the command; nil: report.Formats
	plugin       string
	all          bool
	who          bool
	showRequests bool
	keepRequests bool // every request is kept, to be told later
	everything   bool // whatever the question, objects of all kinds are read
	waysIn       bool // Ingresses and the Gateway API are read
	several      bool // -n takes several namespaces
	namespaces   *namespacesFlag
}

// options is what a run needs, made from flags.
type options struct {
	streams   Streams
	source    cluster.Source
	version   func(context.Context) (string, error) // asks the API server for its version; nil for files
	network   *rest.Config                          // what tests write with; nil where none were asked for
	requests  *requestLog                           // what was asked of the cluster; nil: nobody wants to know
	lastRead  cluster.Scope                         // what was read last
	fromFiles bool
	namespace string
	named     bool // the namespace was named with -n
	// namespaces are all that -n names; namespace is the first. changed are those of the objects that are
	// changed, which a comparison is of where nobody says.
	namespaces, changed []string

	saved *cluster.Saved // what the files say of the snapshot that they are; nil where they are none
	// manifests: the files are all there is. A snapshot of a cluster is read as the cluster was.
	manifests  bool
	everything bool
	waysIn     bool
	plugin     *policy.Profile // what the user declares; nil: what is seen counts
	all        bool
	who        bool
	asked      [2]string     // the two ends of a connection, as they were typed
	live       bool          // the cluster is asked about as it is
	wayIn      string        // the kind of the source where it is an Ingress, a Gateway or a route
	since      time.Duration // how far back changes are asked for; 0: they are not
	format     string
	command    string // how the question was asked, to be typed again
	reread     string // the same without files, for somebody who may read more of the cluster
	locate     func(cluster.Origin, string) (int, bool)
	warnings   func() []string
}

func (f *flags) register(c *cobra.Command) {
	f.registerSource(c)
	if f.formats == nil {
		f.formats = report.Formats()
	}
	c.Flags().StringVarP(&f.output, "output", "o", "table", "print the answer as `FORMAT`: "+strings.Join(f.formats, ", "))
	_ = c.Flags().SetAnnotation("output", formatsOf, f.formats)
}

// registerSource registers what says which cluster is read, and how much of it.
func (f *flags) registerSource(c *cobra.Command) {
	f.config = genericclioptions.NewConfigFlags(true)
	f.config.AddFlags(c.Flags())
	f.registerNamespaces(c)
	c.Flags().Lookup("namespace").Usage = "the `NAMESPACE` of targets that do not name one"
	c.Flags().StringArrayVarP(&f.files, "filename", "f", nil, "read manifests or dumps instead of a cluster: `FILE` is a file, a directory (with all below it) or - for standard input; repeatable")
	c.Flags().StringArrayVar(&f.with, "with", nil, "answer for the cluster as it would be with the objects of `FILE` (or directory) applied; repeatable, what comes later wins")
	c.Flags().StringArrayVar(&f.without, "without", nil, "answer for the cluster as it would be without this object, after --with: [NAMESPACE/]`KIND/NAME`; repeatable")
	c.Flags().StringVar(&f.plugin, "network-plugin", "", "the network plugin, where it is not recognised, by its `NAME` or by a FILE that says what it does (probe --check-enforcement measures one): "+strings.Join(pluginNames(), ", "))
	c.Flags().BoolVarP(&f.all, "all-namespaces", "A", false, "read all namespaces, not only those the question names, so that causes and rules that point elsewhere are found; the question stays the same, and -n keeps its meaning")
	c.Flags().BoolVar(&f.showRequests, "show-requests", false, "print every request to the API server on standard error")
}

func pluginNames() []string {
	var names []string
	for _, p := range policy.Profiles {
		names = append(names, p.Name)
	}
	return names
}

// bothEnds checks that a command was given a source and a destination.
func bothEnds(c *cobra.Command, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%s takes a SOURCE and a DESTINATION, such as deploy/api-gateway svc/payment:443; %d given (see --help)", c.Name(), len(args))
	}
	return nil
}

// oneEnd checks that a command was given one target at most.
func oneEnd(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s takes one TARGET, such as deploy/payment, or none for a whole namespace; %d given (see --help)", c.Name(), len(args))
	}
	return nil
}

// toOptions checks what was typed and opens the source of the cluster.
func (f *flags) toOptions(ctx context.Context, c *cobra.Command, streams Streams) (*options, error) {
	o := &options{
		streams: streams, all: f.all, who: f.who, format: f.output,
		everything: f.everything || f.readsAll(),
		waysIn:     f.waysIn,
		command:    typed(c),
		reread:     typed(c, "filename"),
		live:       len(f.files)+len(f.with)+len(f.without) == 0,
		wayIn:      wayInKind(c.Flags().Args()),
		warnings:   func() []string { return nil },
	}
	if err := f.checkFormat(c); err != nil {
		return nil, err
	}
	declared, err := networkPlugin(f.plugin)
	if err != nil {
		return nil, err
	}
	o.plugin = declared
	if err := f.takeNamespaces(o, c.Name()); err != nil {
		return nil, err
	}
	if len(f.files) == 0 {
		return o, f.openLive(ctx, o)
	}
	if name := f.clusterFlag(c.Flags()); name != "" {
		return nil, fmt.Errorf("--%s and -f exclude each other: with -f the files are the cluster", name)
	}
	return o, f.openFiles(ctx, o)
}

// findingFormats are the formats of commands that report findings.
func findingFormats() []string { return report.And(report.JUnit, report.SARIF) }

// checkFormat refuses a format that the command does not have, and says where the formats for pipelines are.
func (f *flags) checkFormat(c *cobra.Command) error {
	if f.formats == nil || slices.Contains(f.formats, f.output) {
		return nil
	}
	have := strings.Join(f.formats, ", ")
	switch f.output {
	case report.SARIF:
		return fmt.Errorf("%s has no -o sarif: that is for what stands in files (diagnose, diff, labels, namespaces, ports, rules, dns and policy have it); there is %s", c.Name(), have)
	case report.JUnit:
		return fmt.Errorf("%s has no -o junit: that is for answers that pass or fail (diagnose, diff, labels, namespaces, ports, rules, dns and policy have it, and probe for connections); there is %s", c.Name(), have)
	}
	return fmt.Errorf("unknown output format %q; there is %s", f.output, have)
}

// clusterFlag returns the first flag that was given and that only makes sense for a live cluster.
func (f *flags) clusterFlag(set *pflag.FlagSet) string {
	connection := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.config.AddFlags(connection)
	found := ""
	connection.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "namespace" && set.Changed(flag.Name) && found == "" {
			found = flag.Name
		}
	})
	if f.showRequests && found == "" {
		found = "show-requests"
	}
	return found
}

// typed rebuilds the command line of a question for a shell, so that somebody else can run it. Some flags
// can be left out.
func typed(c *cobra.Command, but ...string) string {
	words := slices.Clone(c.Flags().Args())
	c.Flags().Visit(func(flag *pflag.Flag) {
		if slices.Contains(but, flag.Name) {
			return
		}
		switch flag.Name {
		case "namespace", "context", "network-plugin", "by", "port", "outside", "fail-on":
			words = append(words, "--"+flag.Name, flag.Value.String())
		case "all-namespaces", "who", "denied", "unknown", "matrix", "check-enforcement":
			if flag.Value.String() == "true" {
				words = append(words, "--"+flag.Name)
			}
		case "filename", "with", "without", "from", "to":
			if paths, ok := flag.Value.(pflag.SliceValue); ok {
				for _, path := range paths.GetSlice() {
					words = append(words, "--"+flag.Name, path)
				}
			}
		}
	})
	line := "kubectl netpol-doctor " + c.Name()
	for _, word := range words {
		line += " " + quoted(word)
	}
	return line
}

// quoted returns a word as a POSIX shell takes it: as it is where no character in it means
// anything to a shell, else in single quotes.
func quoted(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// read reads the part of the cluster that a question touches.
func (o *options) read(ctx context.Context, scope cluster.Scope) (*cluster.Snapshot, error) {
	stop := o.streams.spin("reading")
	defer stop()
	o.lastRead = scope
	s, err := o.source.Read(ctx, scope)
	if err != nil && ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	return s, err
}

// finish prints the document and turns the result into the outcome of the run.
func (o *options) finish(d report.Document, r outcome) error {
	for _, w := range o.warnings() {
		if _, err := fmt.Fprintln(o.streams.Err, "Warning:", report.Plain(w)); err != nil {
			return err
		}
	}
	if err := report.Render(o.streams.Out, o.format, d, o.streams.style()); err != nil {
		return err
	}
	return r
}

func (o *options) document() report.Options {
	return report.Options{Command: o.command, Reread: o.reread, Version: version, Locate: o.locate, Live: o.live}
}
