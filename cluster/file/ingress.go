package file

import (
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// The kinds that are read under Options.Ingresses, as those of RBAC are under Options.Rights.
var ingressKinds = []*kind{
	{apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespaced: true, ingress: true, make: func() metav1.Object { return new(networkingv1.Ingress) }},
	{apiVersion: "networking.k8s.io/v1", kind: "IngressClass", ingress: true, make: func() metav1.Object { return new(networkingv1.IngressClass) }},
}

// slimIngress keeps of an Ingress or its class what a snapshot needs, and returns nil for other
// objects.
func slimIngress(object metav1.Object, origin cluster.Origin) any {
	switch o := object.(type) {
	case *networkingv1.Ingress:
		return cluster.NewIngress(o, origin)
	case *networkingv1.IngressClass:
		return cluster.NewIngressClass(o, origin)
	}
	return nil
}

// validateIngress returns what the API server would refuse about the name of an Ingress or a
// class, and nothing for other objects.
func validateIngress(object metav1.Object) field.ErrorList {
	switch o := object.(type) {
	case *networkingv1.Ingress:
		return validateNames(&o.ObjectMeta, subdomainName)
	case *networkingv1.IngressClass:
		return validateNames(&o.ObjectMeta, subdomainName)
	}
	return nil
}
