package live

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// resource is what a request asks for.
type resource struct {
	schema.GroupVersionResource
	// custom: the server speaks only JSON for it, and no Go type stands for it.
	custom bool
	// everywhere: every reading lists it across all namespaces, so that nothing narrower needs
	// to be asked for as long as that is allowed.
	everywhere bool
	keep       func(runtime.Object) (record, error)
}

// record is what is kept of an object: the slim value and what lists are filtered by.
type record struct {
	namespace string
	name      string
	labels    labels.Set
	value     any
}

// kind is a resource whose objects are kept as a T.
type kind[T any] struct{ resource }

// The built-in kinds that are read. Secrets are not among them, and must never be.
var (
	namespaceKind     = builtin(corev1.SchemeGroupVersion, "namespaces", cluster.NewNamespace)
	nodeKind          = builtin(corev1.SchemeGroupVersion, "nodes", cluster.NewNode)
	podKind           = builtin(corev1.SchemeGroupVersion, "pods", cluster.NewPod)
	serviceKind       = builtin(corev1.SchemeGroupVersion, "services", cluster.NewService)
	configMapKind     = builtin(corev1.SchemeGroupVersion, "configmaps", newSettings)
	endpointSliceKind = builtin(discoveryv1.SchemeGroupVersion, "endpointslices", cluster.NewEndpointSlice)
	policyKind        = builtin(networkingv1.SchemeGroupVersion, "networkpolicies", newPolicy)
	deploymentKind    = builtin(appsv1.SchemeGroupVersion, "deployments", newWorkload[*appsv1.Deployment])
	statefulSetKind   = builtin(appsv1.SchemeGroupVersion, "statefulsets", newWorkload[*appsv1.StatefulSet])
	replicaSetKind    = builtin(appsv1.SchemeGroupVersion, "replicasets", newWorkload[*appsv1.ReplicaSet])
	daemonSetKind     = everywhere(builtin(appsv1.SchemeGroupVersion, "daemonsets", newDaemonSet))
	jobKind           = builtin(batchv1.SchemeGroupVersion, "jobs", newJob)
	cronJobKind       = builtin(batchv1.SchemeGroupVersion, "cronjobs", newWorkload[*batchv1.CronJob])

	roleKind               = builtin(rbacv1.SchemeGroupVersion, "roles", cluster.NewRole)
	roleBindingKind        = builtin(rbacv1.SchemeGroupVersion, "rolebindings", cluster.NewRoleBinding)
	clusterRoleKind        = builtin(rbacv1.SchemeGroupVersion, "clusterroles", cluster.NewClusterRole)
	clusterRoleBindingKind = builtin(rbacv1.SchemeGroupVersion, "clusterrolebindings", cluster.NewClusterRoleBinding)
)

// The kinds of ways in, which are read where the source is an Ingress.
var (
	ingressKind      = builtin(networkingv1.SchemeGroupVersion, "ingresses", cluster.NewIngress)
	ingressClassKind = builtin(networkingv1.SchemeGroupVersion, "ingressclasses", cluster.NewIngressClass)
)

// builtinVersions are the groups and versions of the built-in kinds.
var builtinVersions = []schema.GroupVersion{
	corev1.SchemeGroupVersion, discoveryv1.SchemeGroupVersion, networkingv1.SchemeGroupVersion,
	appsv1.SchemeGroupVersion, batchv1.SchemeGroupVersion, rbacv1.SchemeGroupVersion,
}

// workloadKinds are the kinds with a pod template, by the name the API gives the kind.
var workloadKinds = map[string]kind[*workload]{
	"Deployment": deploymentKind, "StatefulSet": statefulSetKind, "DaemonSet": daemonSetKind,
	"ReplicaSet": replicaSetKind, "Job": jobKind, "CronJob": cronJobKind,
}

func builtin[O runtime.Object, T any](version schema.GroupVersion, plural string, slim func(O, cluster.Origin) T) kind[T] {
	return kind[T]{resource{GroupVersionResource: version.WithResource(plural), keep: keeper(slim)}}
}

func everywhere[T any](k kind[T]) kind[T] {
	k.everywhere = true
	return k
}

// keeper makes records of objects. That a server answers with another type than the one that
// was asked for is an error like any other.
func keeper[O runtime.Object, T any](slim func(O, cluster.Origin) T) func(runtime.Object) (record, error) {
	return func(object runtime.Object) (record, error) {
		o, ok := object.(O)
		if !ok {
			return record{}, fmt.Errorf("the answer is a %T", object)
		}
		about, err := meta.Accessor(o)
		if err != nil {
			return record{}, err
		}
		return record{
			namespace: about.GetNamespace(),
			name:      about.GetName(),
			labels:    about.GetLabels(),
			value:     slim(o, cluster.Origin{UID: string(about.GetUID())}),
		}, nil
	}
}

// name is the resource as RBAC and gaps name it.
func (r resource) name() string { return r.GroupResource().String() }
