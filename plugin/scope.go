package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// namespacesFlag is -n as it is typed: one name, several with commas, or the flag again. It is a
// pflag.Value.
type namespacesFlag struct {
	names []string
	first *string // what kubeconfig goes by, and every question about one namespace
}

// Set implements pflag.Value. Whether the names are any is checked with the rest of what was typed.
func (n *namespacesFlag) Set(text string) error {
	for name := range strings.SplitSeq(text, ",") {
		if !slices.Contains(n.names, name) {
			n.names = append(n.names, name)
		}
	}
	*n.first = n.names[0]
	return nil
}

// String implements pflag.Value.
func (n *namespacesFlag) String() string { return strings.Join(n.names, ",") }

// Type implements pflag.Value.
func (n *namespacesFlag) Type() string { return "string" }

// registerNamespaces lets -n take several names, so that it can be said which commands take one.
func (f *flags) registerNamespaces(c *cobra.Command) {
	f.namespaces = &namespacesFlag{first: f.config.Namespace}
	c.Flags().Lookup("namespace").Value = f.namespaces
}

// takeNamespaces checks the names that were typed.
func (f *flags) takeNamespaces(o *options, command string) error {
	names := f.namespaces.names
	if len(names) == 0 || len(names) == 1 && names[0] == "" {
		return nil
	}
	for _, name := range names {
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			return fmt.Errorf("--namespace %q is no name of a namespace: %s", name, problems[0])
		}
	}
	if len(names) > 1 && !f.several {
		return fmt.Errorf("--namespace %s: %s takes one namespace, that of targets which do not name theirs; a target in another one is written NAMESPACE/KIND/NAME (map, diff and snapshot take several)", f.namespaces, command)
	}
	o.named, o.namespaces = true, names
	return nil
}

// scope returns the namespaces that a map, a comparison or a snapshot is of, sorted; nil stands for
// all of them. A snapshot in a file that was taken of some is of those.
func (o *options) scope() []string {
	var names []string
	switch {
	case o.all:
		return nil
	case len(o.namespaces) > 0:
		names = o.namespaces
	case len(o.changed) > 0:
		names = o.changed
	case o.held() != nil:
		names = o.held()
	case !o.fromFiles:
		names = []string{o.namespace}
	default:
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// held returns the namespaces that a snapshot in a file was taken of; nil stands for all of them.
func (o *options) held() []string {
	if o.saved == nil || o.saved.Spec.AllNamespaces {
		return nil
	}
	return append([]string{}, o.saved.Spec.Namespaces...)
}

// heldNote says that a snapshot is of some namespaces only, where nobody asked for these.
func (o *options) heldNote(what string) string {
	if o.all || o.named || o.held() == nil {
		return ""
	}
	return fmt.Sprintf("The snapshot was taken of %s only, and so %s is of those.", report.NamespacesText(o.scope()), what)
}

// inScope tells whether a namespace is among some; nil stands for all of them.
func inScope(names []string) func(namespace string) bool {
	if names == nil {
		return nil
	}
	return func(namespace string) bool { return slices.Contains(names, namespace) }
}

// scopeExists is an error where a namespace that was asked for is in none of the clusters, as far as that is
// known: nothing in it would read as if nothing might talk.
func (o *options) scopeExists(clusters ...*cluster.Snapshot) error {
	if !o.named && (o.fromFiles || len(o.changed) > 0) {
		return nil
	}
	for _, name := range o.scope() {
		there := slices.ContainsFunc(clusters, func(s *cluster.Snapshot) bool { return ends.NamespaceMayExist(s, name) })
		if !there {
			s := clusters[len(clusters)-1]
			return &ends.NotFoundError{Target: Target{Namespace: name}, NoNamespace: true, Namespaces: ends.NearNamespaces(s, name), FromFiles: s.FromFiles}
		}
	}
	return nil
}

// unplaced is an error where something names no namespace and -n names several.
func (o *options) unplaced(what string, refs []cluster.Ref) error {
	if len(o.namespaces) < 2 || len(refs) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s %s names no namespace, and --namespace names several (%s); write it into the object", what, refs[0].Kind, refs[0].Name, strings.Join(o.namespaces, ", "))
}

// inSeveral is an error where an object that was typed names no namespace and -n names several.
func (o *options) inSeveral(flag, text string) error {
	if len(o.namespaces) < 2 || strings.Count(text, "/") > 1 {
		return nil
	}
	if !strings.Contains(text, "/") {
		text = "KIND/" + text
	}
	return fmt.Errorf("%s %s: --namespace names several (%s); write NAMESPACE/%s", flag, text, strings.Join(o.namespaces, ", "), text)
}

// readMap reads all namespaces. Somebody who may not, and asks for some of them, gets the flows within
// these, and a snapshot in a file has what it was taken of: that the others are missing is a gap of the
// map, not of what is known about it.
func (o *options) readMap(ctx context.Context) (*cluster.Snapshot, []cluster.Gap, error) {
	waysIn := cluster.Scope{Nodes: true, Ingresses: []string{""}, Gateways: cluster.RouteKinds()}
	whole, names := waysIn, o.held()
	whole.All = true
	s, err := o.read(ctx, whole)
	if names == nil && !o.manifests {
		names = o.scope()
	}
	if err != nil || names == nil || s.Read.All {
		return s, gapsOf(s), err
	}
	some := waysIn
	some.Namespaces, some.NamespaceObjects, some.Ingresses = names, true, names
	own, err := o.read(ctx, some)
	if err != nil {
		return nil, nil, err
	}
	gaps := gapsOf(own)
	for _, g := range gapsOf(s) {
		if !slices.Contains(gaps, g) {
			gaps = append(gaps, g)
		}
	}
	return own, gaps, nil
}

// gapsOf returns what is missing from a map. A cluster that does not serve the Gateway API has no
// objects of it: that is nothing missing.
func gapsOf(s *cluster.Snapshot) []cluster.Gap {
	if s == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Gaps), func(g cluster.Gap) bool {
		return g.Reason == cluster.NotServed && cluster.GatewayKindOf(g.Resource).Kind != ""
	})
}
