package file

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// kind is a kind of object that is read. Kinds are compared by identity.
type kind struct {
	apiVersion string
	kind       string
	namespaced bool
	// always: read whatever the question, because answers can hang on any object of the kind.
	always bool
	// foreign: a policy of another layer, kept as it is.
	foreign bool
	// rights: read where the question is who may do what, see Options.Rights.
	rights bool
	// ingress: read where the source is an Ingress, see Options.Ingresses.
	ingress bool
	// gateway: read where the source is of the Gateway API, see Options.Gateways.
	gateway bool
	// only, when set, is the one object of the kind that is read, as "namespace/name".
	only string
	// make returns an empty API object to decode into; nil for a foreign kind.
	make func() metav1.Object
}

func (k *kind) group() string { return groupOf(k.apiVersion) }

func groupOf(apiVersion string) string {
	group, _, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		return ""
	}
	return group
}

// The kinds that are read, other than policies of other layers.
var kinds = []*kind{
	{apiVersion: "v1", kind: "Namespace", always: true, make: func() metav1.Object { return new(corev1.Namespace) }},
	{apiVersion: "v1", kind: "Node", always: true, make: func() metav1.Object { return new(corev1.Node) }},
	{apiVersion: "v1", kind: "Pod", namespaced: true, make: func() metav1.Object { return new(corev1.Pod) }},
	{apiVersion: "v1", kind: "Service", namespaced: true, make: func() metav1.Object { return new(corev1.Service) }},
	{apiVersion: "v1", kind: "Endpoints", namespaced: true, make: func() metav1.Object { return new(v1Endpoints) }},
	{apiVersion: "v1", kind: "ConfigMap", namespaced: true, always: true, only: "kube-system/cilium-config", make: func() metav1.Object { return new(corev1.ConfigMap) }},
	{apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespaced: true, make: func() metav1.Object { return new(discoveryv1.EndpointSlice) }},
	{apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespaced: true, make: func() metav1.Object { return new(networkingv1.NetworkPolicy) }},
	{apiVersion: "apps/v1", kind: "Deployment", namespaced: true, make: func() metav1.Object { return new(appsv1.Deployment) }},
	{apiVersion: "apps/v1", kind: "ReplicaSet", namespaced: true, make: func() metav1.Object { return new(appsv1.ReplicaSet) }},
	{apiVersion: "apps/v1", kind: "StatefulSet", namespaced: true, make: func() metav1.Object { return new(appsv1.StatefulSet) }},
	{apiVersion: "apps/v1", kind: "DaemonSet", namespaced: true, always: true, make: func() metav1.Object { return new(appsv1.DaemonSet) }},
	{apiVersion: "batch/v1", kind: "Job", namespaced: true, make: func() metav1.Object { return new(batchv1.Job) }},
	{apiVersion: "batch/v1", kind: "CronJob", namespaced: true, make: func() metav1.Object { return new(batchv1.CronJob) }},
	savedKind,
}

// successor returns the kind to use instead of one that has the name of a kind that is read but
// a version that is not, or a group that cannot have such a kind. A group that is not Kubernetes'
// own may well have one, such as the Service of serving.knative.dev. Kinds were in "extensions"
// before they had a group of their own. Source: "Deprecated API Migration Guide".
func (r *registry) successor(apiVersion, name string) *kind {
	all := r.readable()
	if !builtIn(all, groupOf(apiVersion)) {
		return nil
	}
	if i := slices.IndexFunc(all, func(k *kind) bool { return k.kind == name }); i >= 0 {
		return all[i]
	}
	// A slip in the kind would be passed over as something that nobody reads.
	if i := slices.IndexFunc(all, func(k *kind) bool {
		return k.group() == groupOf(apiVersion) && (strings.EqualFold(k.kind, name) || spelling.Distance(k.kind, name) == 1 && len(name) > 4)
	}); i >= 0 && !slices.Contains(neighbours, name) {
		return all[i]
	}
	return nil
}

// neighbours are kinds of Kubernetes that are not read and are called nearly as one that is.
var neighbours = []string{"Endpoints", "Event"}

// builtIn tells whether only Kubernetes itself can define kinds in a group: the group of a custom
// resource has a dot in its name. Source: apiextensions/v1 CustomResourceDefinitionSpec.Group.
func builtIn(all []*kind, group string) bool {
	return !strings.Contains(group, ".") || slices.ContainsFunc(all, func(k *kind) bool { return k.group() == group })
}

// listKind returns what the items of a list of that kind are, and whether the kind is a list's.
// The items of a plain List say themselves what they are.
func listKind(name string) (item string, isList bool) {
	return strings.CutSuffix(name, "List")
}
