package file

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// validate returns what the API server would refuse about an object that has its defaults. For
// policies that is all it checks; for other kinds, what an answer can hang on.
func validate(object metav1.Object) field.ErrorList {
	switch o := object.(type) {
	case *networkingv1.NetworkPolicy:
		return validatePolicy(o)
	case *corev1.Pod:
		return validatePod(o)
	case *corev1.Service:
		return validateService(o)
	case *discoveryv1.EndpointSlice:
		return validateEndpointSlice(o)
	case *v1Endpoints:
		return validateEndpoints(o)
	case *cluster.Saved:
		return validateSaved(o)
	case *corev1.Namespace:
		return validateNames(&o.ObjectMeta, labelName)
	case *appsv1.Deployment:
		return validateWorkload(&o.ObjectMeta, o.Spec.Selector, &o.Spec.Template)
	case *appsv1.ReplicaSet:
		return validateWorkload(&o.ObjectMeta, o.Spec.Selector, &o.Spec.Template)
	case *appsv1.StatefulSet:
		return validateWorkload(&o.ObjectMeta, o.Spec.Selector, &o.Spec.Template)
	case *appsv1.DaemonSet:
		return validateWorkload(&o.ObjectMeta, o.Spec.Selector, &o.Spec.Template)
	case *batchv1.Job:
		return append(validateNames(&o.ObjectMeta, subdomainName), validateTemplate(&o.Spec.Template, field.NewPath("spec", "template"))...)
	case *batchv1.CronJob:
		return append(validateNames(&o.ObjectMeta, subdomainName), validateTemplate(&o.Spec.JobTemplate.Spec.Template, field.NewPath("spec", "jobTemplate", "spec", "template"))...)
	case *cluster.GatewayObject:
		return validateNames(&o.ObjectMeta, subdomainName)
	case *corev1.Node:
		return validateNames(&o.ObjectMeta, subdomainName)
	}
	return append(validateRights(object), validateIngress(object)...)
}
