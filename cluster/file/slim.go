package file

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// object is what is kept of an object that was decoded.
type object struct {
	namespace string
	// slim is a *cluster.Pod, *cluster.Policy and so on, or one of the types below.
	slim any
}

// daemonSet is a DaemonSet: always an agent, and a workload where its namespace is read.
type daemonSet struct {
	agent    *cluster.Agent
	workload *cluster.Workload
}

// endpoints are v1 Endpoints, as slices.
type endpoints []*cluster.EndpointSlice

// configMap is the data of a ConfigMap.
type configMap struct {
	name string // with its namespace
	data map[string]string
}

// setDefaults fills in what the API server fills in and the snapshot's own types do not.
func setDefaults(object metav1.Object) {
	if o, ok := object.(*corev1.Service); ok {
		for i := range o.Spec.Ports {
			if target := &o.Spec.Ports[i].TargetPort; *target == intstr.FromString("") {
				*target = intstr.FromInt32(0) // as if it were missing
			}
		}
	}
}

// slimmed keeps of an API object what a snapshot needs.
func slimmed(object metav1.Object, origin cluster.Origin) any {
	switch o := object.(type) {
	case *cluster.Saved:
		return o
	case *corev1.Namespace:
		return cluster.NewNamespace(o, origin)
	case *corev1.Node:
		return cluster.NewNode(o, origin)
	case *corev1.Pod:
		return cluster.NewPod(o, origin)
	case *corev1.Service:
		return cluster.NewService(o, origin)
	case *discoveryv1.EndpointSlice:
		return cluster.NewEndpointSlice(o, origin)
	case *v1Endpoints:
		return endpoints(slicesOf(o, origin))
	case *corev1.ConfigMap:
		return configMap{o.Namespace + "/" + o.Name, o.Data}
	case *networkingv1.NetworkPolicy:
		return cluster.NewPolicy(o, origin)
	case *appsv1.DaemonSet:
		return daemonSet{cluster.NewAgent(o, origin), cluster.NewWorkload(o, origin)}
	}
	if kept := slimRights(object, origin); kept != nil {
		return kept
	}
	if o, ok := object.(*cluster.GatewayObject); ok {
		return cluster.NewGatewayObject(o, origin)
	}
	if kept := slimIngress(object, origin); kept != nil {
		return kept
	}
	return cluster.NewWorkload(object, origin)
}
