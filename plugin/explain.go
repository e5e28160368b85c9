package plugin

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
)

const groupMeaning = "meaning"

// newExplain makes the command that says what something means.
func newExplain(streams Streams) *cobra.Command {
	f := &flags{}
	c := &cobra.Command{
		Use:     "explain TARGET|POLICY|CODE|SYMPTOM",
		Short:   "Explain what applies to pods, a policy, a finding or a symptom",
		GroupID: groupMeaning,
		Long: `Explain in plain sentences
  a TARGET   [NAMESPACE/]KIND/NAME or NAME of a pod, a workload or a Service:
             everything that policies let in and out, and which rule does
  a POLICY   [NAMESPACE/]netpol/NAME: whom it selects now, what it isolates,
             whom its rules mean now, and what is easily overlooked in it
  a CODE     of a finding, as NPD301: what it is, how to verify and to mend it
  a SYMPTOM  as clients and logs have it: the findings that show it, likeliest
             first

For a TARGET or a POLICY it ends with 0 when everything that is needed was read
and with 3 when not. Findings and symptoms need no cluster.`,
		Example: `  kubectl netpol-doctor explain netpol/payment-ingress -n production
  kubectl netpol-doctor explain deploy/payment -n production

  # in a folder of manifests, no cluster needed
  kubectl netpol-doctor explain netpol/payment-ingress -n production -f ./manifests

  kubectl netpol-doctor explain NPD301
  kubectl netpol-doctor explain 'context deadline exceeded'`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("explain takes a TARGET (deploy/api), a POLICY (netpol/NAME), a CODE (NPD301) or a SYMPTOM (see --help)")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.explain(c, strings.Join(args, " "), streams) },
	}
	f.register(c)
	return c
}

func (f *flags) explain(c *cobra.Command, text string, streams Streams) error {
	if err := f.checkFormat(c); err != nil {
		return err
	}
	offline := &options{streams: streams, format: f.output, command: typed(c), warnings: func() []string { return nil }}
	switch {
	case explain.IsCode(text):
		e, err := explain.AboutCode(text)
		return offline.explained(e, err)
	case isSymptom(text):
		e, err := explain.AboutSymptom(text)
		return offline.explained(e, err)
	}
	e, o, err := f.explainObject(c, text, streams)
	// A single word may be the name of an object or a part of a symptom. Objects come first.
	if s, none := explain.AboutSymptom(text); none == nil && !strings.Contains(text, "/") && noSuchObject(err) {
		var missing *ends.NotFoundError
		if errors.As(err, &missing) { // that there is no cluster is no matter of a symptom
			offline.warnings = func() []string { return []string{err.Error() + "; this is about the symptom"} }
		}
		return offline.explained(s, nil)
	}
	if err != nil && o != nil {
		err = o.suggest(c.Context(), err)
	}
	if o == nil {
		o = offline
	}
	return o.explained(e, err)
}

// isSymptom tells whether a text cannot be an object, or is a symptom as the catalogue has it.
func isSymptom(text string) bool {
	if strings.ContainsFunc(text, unicode.IsSpace) {
		return true
	}
	found := check.BySymptom(text)
	if slices.ContainsFunc(found, func(s check.Shown) bool { return s.Whole }) {
		return true
	}
	if _, isPolicy, err := parsePolicy(text, "default"); isPolicy || err != nil {
		return false
	}
	_, err := parseOne(text, "default")
	return err != nil && (len(found) > 0 || !strings.Contains(text, "/"))
}

// noSuchObject tells whether an error says that there is no object, or no cluster to have one.
func noSuchObject(err error) bool {
	var missing *ends.NotFoundError
	var unreachable *live.Unreachable
	return errors.As(err, &missing) || errors.As(err, &unreachable)
}

func (o *options) explained(e *explain.Explanation, err error) error {
	if err != nil {
		return err
	}
	return o.finish(report.NewExplanation(e, o.document()), outcome{e.Result()})
}

// explainObject explains a policy or a target. The options are nil where those are what is wrong.
func (f *flags) explainObject(c *cobra.Command, text string, streams Streams) (*explain.Explanation, *options, error) {
	o, err := f.toOptions(c.Context(), c, streams)
	if err != nil {
		return nil, nil, err
	}
	p, isPolicy, err := parsePolicy(text, o.namespace)
	if err != nil {
		return nil, o, err
	}
	if isPolicy {
		e, err := o.explainPolicy(c.Context(), p)
		return e, o, err
	}
	t, err := parseOne(text, o.namespace)
	if err != nil {
		return nil, o, err
	}
	if t.Kind == "Namespace" {
		return nil, o, fmt.Errorf("target %q: explain takes one pod, workload, Service or policy; `policy %s` sums up a namespace", text, text)
	}
	e, err := o.explainTarget(c.Context(), t)
	return e, o, err
}

func (o *options) explainPolicy(ctx context.Context, p Target) (*explain.Explanation, error) {
	s, err := o.readAround(ctx, cluster.Scope{}, p.Namespace)
	if err != nil {
		return nil, err
	}
	return explain.AboutPolicy(explain.PolicyQuestion{Snapshot: s, Namespace: p.Namespace, Name: p.Name, Plugin: o.plugin})
}

// explainTarget explains pods. A bare name that no pod, workload or Service has may be a policy's.
func (o *options) explainTarget(ctx context.Context, t Target) (*explain.Explanation, error) {
	s, err := o.readAround(ctx, t.Scope(), t.Namespace)
	if err != nil {
		return nil, err
	}
	isPolicy := t.Kind == "" && t.Name != "" && explain.HasPolicy(s, t.Namespace, t.Name)
	e, err := explain.AboutPods(explain.One{Snapshot: s, Namespace: t.Namespace, Target: &t, Plugin: o.plugin})
	var missing *ends.NotFoundError
	switch {
	case isPolicy && errors.As(err, &missing):
		return explain.AboutPolicy(explain.PolicyQuestion{Snapshot: s, Namespace: t.Namespace, Name: t.Name, Plugin: o.plugin})
	case isPolicy && err == nil:
		return nil, fmt.Errorf("%q means more than one object in namespace %q; say which: %s, or netpol/%s", t.Name, t.Namespace, ends.Typed(cluster.Ref{Kind: e.Object.Kind, Name: e.Object.Name}), t.Name)
	}
	return e, err
}

// readAround reads a namespace as a whole, and which namespaces there are. Files are read in full:
// that costs no requests, and whom a peer means in other namespaces is known then.
func (o *options) readAround(ctx context.Context, scope cluster.Scope, namespace string) (*cluster.Snapshot, error) {
	scope.All, scope.NamespaceObjects = o.all || o.manifests, true
	if namespace != "" {
		scope.Namespaces = append(scope.Namespaces, namespace)
	}
	return o.read(ctx, scope)
}

// policyNames are what a NetworkPolicy is called where the kind of an object stands.
var policyNames = []string{"netpol", "networkpolicy", "networkpolicies"}

// versionForm is what the version of an API group looks like.
var versionForm = regexp.MustCompile(`^v\d+((alpha|beta)\d+)?$`)

// parsePolicy parses [NAMESPACE/]netpol/NAME. Policies of other layers are known and not explained.
func parsePolicy(text, namespace string) (t Target, isPolicy bool, err error) {
	parts := strings.Split(text, "/")
	if len(parts) < 2 || len(parts) > 3 {
		return t, false, nil
	}
	name, group, hasGroup := strings.Cut(strings.ToLower(parts[len(parts)-2]), ".")
	if version, rest, ok := strings.Cut(group, "."); ok && versionForm.MatchString(version) {
		group = rest
	}
	if !slices.Contains(policyNames, name) || hasGroup && group != "networking.k8s.io" {
		if k := layerKindNamed(name, group); k != nil {
			return t, false, fmt.Errorf("target %q: a %s (%s) is not explained, only a NetworkPolicy of networking.k8s.io is; explain a pod or workload to see whether one may apply to it", text, k.Kind, k.Group)
		}
		return t, false, nil
	}
	t = Target{Text: text, Kind: "NetworkPolicy", Namespace: namespace, Name: parts[len(parts)-1]}
	if len(parts) == 3 {
		t.Namespace = parts[0]
		if problems := validation.IsDNS1123Label(t.Namespace); len(problems) > 0 {
			return t, false, fmt.Errorf("target %q: %q is no name of a namespace: %s", text, t.Namespace, problems[0])
		}
	}
	if problems := validation.IsDNS1123Subdomain(t.Name); len(problems) > 0 {
		return t, false, fmt.Errorf("target %q: %q is no name of an object: %s", text, t.Name, problems[0])
	}
	return t, true, nil
}

// layerShortNames are the short names of kinds of other layers, as their definitions have them.
var layerShortNames = map[string]string{
	"anp": "AdminNetworkPolicy", "banp": "BaselineAdminNetworkPolicy",
	"cnp": "CiliumNetworkPolicy", "ciliumnp": "CiliumNetworkPolicy", "ccnp": "CiliumClusterwideNetworkPolicy",
	"annp": "NetworkPolicy", "acnp": "ClusterNetworkPolicy",
}

// layerKindNamed finds a kind of another layer by its kind, resource or short name, and its group
// where that is given; without one, the first of that name.
func layerKindNamed(name, group string) *policy.LayerKind {
	for i := range policy.LayerKinds {
		k := &policy.LayerKinds[i]
		named := name == strings.ToLower(k.Kind) || name == k.Resource || layerShortNames[name] == k.Kind
		if named && (group == "" || group == k.Group) {
			return k
		}
	}
	return nil
}
