package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// moreKinds are the kinds that can be left out and are no end of a connection, with their groups.
var moreKinds = []struct {
	names       []string
	kind, group string
	clusterWide bool
}{
	{[]string{"ns", "namespace", "namespaces"}, "Namespace", "", true},
	{policyNames, "NetworkPolicy", "networking.k8s.io", false},
	{[]string{"endpointslice", "endpointslices"}, "EndpointSlice", "discovery.k8s.io", false},
	{[]string{"cm", "configmap", "configmaps"}, "ConfigMap", "", false},
	{[]string{"ingressclass", "ingressclasses"}, "IngressClass", "networking.k8s.io", true},
	{[]string{"gc", "gatewayclass", "gatewayclasses"}, "GatewayClass", cluster.GatewayGroup, true},
	{[]string{"refgrant", "referencegrant", "referencegrants"}, "ReferenceGrant", cluster.GatewayGroup, false},
	{[]string{"role", "roles"}, "Role", rbacGroup, false},
	{[]string{"rolebinding", "rolebindings"}, "RoleBinding", rbacGroup, false},
	{[]string{"clusterrole", "clusterroles"}, "ClusterRole", rbacGroup, true},
	{[]string{"clusterrolebinding", "clusterrolebindings"}, "ClusterRoleBinding", rbacGroup, true},
}

const rbacGroup = "rbac.authorization.k8s.io"

// withoutKind finds the kind that a word stands for, its group, and whether its objects are in no
// namespace. A policy of another layer is named by its kind, its resource or its short name, with
// the group where that says which.
func withoutKind(word string) (kind, group string, clusterWide, known bool) {
	name, of, hasGroup := strings.Cut(strings.ToLower(word), ".")
	if kind, group := kindNamed(name); kind != "" && (!hasGroup || strings.TrimPrefix(of, "v1.") == group) {
		return kind, group, kind == "Node", true
	}
	for _, k := range moreKinds {
		if slices.Contains(k.names, name) && (!hasGroup || of == k.group) {
			return k.kind, k.group, k.clusterWide, true
		}
	}
	if k := layerKindNamed(name, of); k != nil {
		return k.Kind, k.Group, !k.Namespaced, true
	}
	return "", "", false, false
}

// parseWithout parses [NAMESPACE/]KIND/NAME. Of the reference the version is the group.
func parseWithout(text, namespace string) (cluster.Ref, error) {
	parts := strings.Split(text, "/")
	if len(parts) < 2 || len(parts) > 3 {
		return cluster.Ref{}, fmt.Errorf("--without %q: it takes the form [NAMESPACE/]KIND/NAME, such as netpol/default-deny", text)
	}
	word, name := parts[len(parts)-2], parts[len(parts)-1]
	kind, group, clusterWide, known := withoutKind(word)
	if !known {
		return cluster.Ref{}, fmt.Errorf("--without %q: %q is no kind that is read%s", text, word, nearKind(word))
	}
	ref := cluster.Ref{APIVersion: group, Kind: kind, Namespace: namespace, Name: name}
	if len(parts) == 3 {
		if clusterWide {
			return ref, fmt.Errorf("--without %q: a %s is in no namespace; write %s/%s", text, kind, word, name)
		}
		if problems := validation.IsDNS1123Label(parts[0]); len(problems) > 0 {
			return ref, fmt.Errorf("--without %q: %q is no name of a namespace: %s", text, parts[0], problems[0])
		}
		ref.Namespace = parts[0]
	}
	if clusterWide {
		ref.Namespace = ""
	}
	if name == "" {
		return ref, fmt.Errorf("--without %q: the name is missing; it takes the form [NAMESPACE/]KIND/NAME", text)
	}
	return ref, nil
}

// nearKind suggests the kind that a word may be a slip for.
func nearKind(word string) string {
	names := slices.Clone(kindNames)
	for _, k := range moreKinds {
		names = append(names, k.names...)
	}
	if near := spelling.Nearest(strings.ToLower(word), names, 1); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return "; there is pod, deploy, sts, ds, rs, job, cronjob, svc, netpol, ns and node, among others"
}

// reduced is a source whose every answer lacks some objects.
type reduced struct {
	cluster.Source
	refs []cluster.Ref
}

// Read implements cluster.Source. What belongs to the objects is read as well: whose pods are gone is
// seen among all of their namespace.
func (s reduced) Read(ctx context.Context, scope cluster.Scope) (*cluster.Snapshot, error) {
	for _, r := range s.refs {
		if slices.Contains(widenedBy, r.Kind) && !slices.Contains(scope.Namespaces, r.Namespace) {
			scope.Namespaces = append(slices.Clone(scope.Namespaces), r.Namespace)
		}
	}
	out, err := s.Source.Read(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, r := range s.refs {
		out, _ = change.Without(out, r)
	}
	return out, nil
}

// widenedBy are the kinds whose objects change which pods are behind a Service.
var widenedBy = []string{"Pod", "Service", "EndpointSlice", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"}

// existence is what has to be read to know whether an object is there.
func existence(r cluster.Ref) cluster.Scope {
	var scope cluster.Scope
	switch {
	case r.Kind == "Namespace":
		scope.Namespaces, scope.NamespaceObjects = []string{r.Name}, true
	case r.Kind == "Node":
		scope.Nodes = true
	case r.Namespace != "":
		scope.Namespaces = []string{r.Namespace}
	}
	where := r.Namespace // "" is everywhere
	switch r.APIVersion {
	case rbacGroup:
		scope.Rights = []string{where}
	case cluster.GatewayGroup:
		scope.Gateways = cluster.RouteKinds()
	}
	if r.Kind == "Ingress" || r.Kind == "IngressClass" {
		scope.Ingresses = []string{where}
	}
	return scope
}

// leftOut parses what is to be left out.
func (o *options) leftOut(text string) (cluster.Ref, error) {
	ref, err := parseWithout(text, o.namespace)
	if err == nil && ref.Namespace != "" {
		err = o.inSeveral("--without", text)
	}
	return ref, err
}

// leaveOut takes the objects of --without out of the source.
func (f *flags) leaveOut(ctx context.Context, o *options) error {
	var refs []cluster.Ref
	for _, text := range f.without {
		ref, err := o.leftOut(text)
		if err != nil {
			return err
		}
		s, err := o.read(ctx, existence(ref))
		if err != nil {
			return err
		}
		if _, there := change.Without(s, ref); !there {
			if o.fromFiles { // it costs nothing to look everywhere
				if s, err = o.read(ctx, join(existence(ref), cluster.Scope{All: true})); err != nil {
					return err
				}
			}
			return notThere(s, text, ref)
		}
		refs = append(refs, ref)
	}
	if len(refs) > 0 {
		o.source = reduced{o.source, refs}
	}
	return nil
}

// readsAll tells whether objects are to be left out that only some questions read.
func (f *flags) readsAll() bool {
	return slices.ContainsFunc(f.without, func(text string) bool {
		r, err := parseWithout(text, "")
		return err == nil && (r.APIVersion == rbacGroup || r.APIVersion == cluster.GatewayGroup || r.Kind == "Ingress" || r.Kind == "IngressClass")
	})
}

// notThere says that an object that is to be left out is not there, or is not known to be, and
// which one may have been meant.
func notThere(s *cluster.Snapshot, text string, ref cluster.Ref) error {
	where := ""
	if ref.Namespace != "" {
		where = fmt.Sprintf(" in namespace %q", ref.Namespace)
	}
	for _, g := range s.Gaps {
		covers := (g.Namespace == "" || g.Namespace == ref.Namespace) && (g.Name == "" || g.Name == ref.Name)
		if covers && g.Reason != cluster.NotServed && g.Reason != cluster.NotProvided && resourceOf(g.Resource) == ref.Kind {
			return fmt.Errorf("--without %q: it is not known whether there is a %s named %q%s: %s", text, ref.Kind, ref.Name, where, g)
		}
	}
	message := fmt.Sprintf("--without %q: no %s named %q%s", text, ref.Kind, ref.Name, where)
	var names []string
	for _, r := range change.Objects(s) {
		if r.Kind != ref.Kind || !change.OfGroup(ref.APIVersion, r.APIVersion) {
			continue
		}
		if r.Name == ref.Name && r.Namespace != ref.Namespace {
			return fmt.Errorf("%s; there is one in namespace %s", message, r.Namespace)
		}
		if r.Namespace == ref.Namespace {
			names = append(names, r.Name)
		}
	}
	if near := spelling.Nearest(ref.Name, names, 3); len(near) > 0 {
		return fmt.Errorf("%s; did you mean %s?", message, strings.Join(near, ", "))
	}
	return errors.New(message)
}

// resourceOf is the kind that a gap is about.
func resourceOf(resource string) string {
	kind, _, _, _ := withoutKind(resource)
	return kind
}
