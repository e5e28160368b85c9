package file

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// gatewayVersions are those of the Gateway API, as there have been. What is read of an object is
// the same in all of them. Source: "API Reference" and "Versioning" of the Gateway API.
var gatewayVersions = []string{"v1", "v1beta1", "v1alpha3", "v1alpha2"}

// The kinds that are read under Options.Gateways, as those of RBAC are under Options.Rights.
var gatewayKinds = func() []*kind {
	var all []*kind
	for _, k := range cluster.GatewayKinds {
		for _, version := range gatewayVersions {
			all = append(all, &kind{
				apiVersion: cluster.GatewayGroup + "/" + version, kind: k.Kind, namespaced: k.Namespaced, gateway: true,
				make: func() metav1.Object { return new(cluster.GatewayObject) },
			})
		}
	}
	return all
}()
