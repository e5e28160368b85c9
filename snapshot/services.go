package snapshot

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// serviceOf makes the Service of a slim one. Addresses of load balancers and external addresses are
// not told apart.
func serviceOf(v *cluster.Service) *corev1.Service {
	out := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metaOf(v.Namespace, v.Name, nil),
		Spec: corev1.ServiceSpec{
			Type:                     v.Type,
			Selector:                 v.Selector,
			Ports:                    v.Ports,
			IPFamilies:               v.Families,
			ExternalIPs:              texts(v.OtherIPs),
			ExternalName:             v.ExternalName,
			PublishNotReadyAddresses: v.PublishNotReady,
		},
	}
	remember(&out.ObjectMeta, v.History)
	if ips := texts(v.ClusterIPs); len(ips) > 0 {
		out.Spec.ClusterIP, out.Spec.ClusterIPs = ips[0], ips
	}
	if v.Headless {
		out.Spec.ClusterIP, out.Spec.ClusterIPs = corev1.ClusterIPNone, []string{corev1.ClusterIPNone}
	}
	if v.ExternalLocal {
		out.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	}
	if v.InternalLocal {
		local := corev1.ServiceInternalTrafficPolicyLocal
		out.Spec.InternalTrafficPolicy = &local
	}
	for _, r := range v.SourceRanges {
		out.Spec.LoadBalancerSourceRanges = append(out.Spec.LoadBalancerSourceRanges, r.String())
	}
	return out
}

// slicesOf makes EndpointSlices. One is of a single family, which those that were made of v1
// Endpoints need not be; and their names may be taken.
func slicesOf(slim []*cluster.EndpointSlice) []*discoveryv1.EndpointSlice {
	taken := map[[2]string]bool{}
	for _, e := range slim {
		taken[[2]string{e.Namespace, e.Name}] = true
	}
	var all []*discoveryv1.EndpointSlice
	seen := map[[2]string]bool{}
	for _, e := range slim {
		for i, part := range partsOf(e) {
			name := e.Name
			for n := 2; i > 0 && taken[[2]string{e.Namespace, name}] || seen[[2]string{e.Namespace, name}]; n++ {
				name = fmt.Sprintf("%s-%d", e.Name, n)
			}
			seen[[2]string{e.Namespace, name}] = true
			part.Name = name
			all = append(all, part)
		}
	}
	return all
}

// families are the types of addresses in the order they are written.
var families = []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6, discoveryv1.AddressTypeFQDN}

// noAddress stands for what is no IP address, which is not kept.
const noAddress = "not-kept.invalid"

// partsOf makes a slice for each family that the endpoints of one have.
func partsOf(e *cluster.EndpointSlice) []*discoveryv1.EndpointSlice {
	grouped := map[discoveryv1.AddressType][]discoveryv1.Endpoint{}
	for _, b := range e.Endpoints {
		out := backendOf(b, e.Namespace)
		family := discoveryv1.AddressTypeFQDN
		switch {
		case len(b.Addresses) == 0:
			out.Addresses = []string{noAddress}
		case b.Addresses[0].Is4():
			family = discoveryv1.AddressTypeIPv4
		default:
			family = discoveryv1.AddressTypeIPv6
		}
		grouped[family] = append(grouped[family], out)
	}
	var parts []*discoveryv1.EndpointSlice
	for _, family := range families {
		if len(grouped[family]) == 0 && (len(e.Endpoints) > 0 || family != discoveryv1.AddressTypeIPv4) {
			continue
		}
		labels := map[string]string{}
		if e.Service != "" {
			labels[discoveryv1.LabelServiceName] = e.Service
		}
		if e.Managed {
			labels[discoveryv1.LabelManagedBy] = "endpointslice-controller.k8s.io"
		}
		part := &discoveryv1.EndpointSlice{
			TypeMeta:    metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
			ObjectMeta:  metaOf(e.Namespace, "", labels),
			AddressType: family,
			Ports:       e.Ports,
			Endpoints:   grouped[family],
		}
		remember(&part.ObjectMeta, e.History)
		parts = append(parts, part)
	}
	return parts
}

func backendOf(b cluster.SliceEndpoint, namespace string) discoveryv1.Endpoint {
	out := discoveryv1.Endpoint{
		Addresses:  texts(b.Addresses),
		Conditions: discoveryv1.EndpointConditions{Ready: &b.Ready, Serving: &b.Serving, Terminating: &b.Terminating},
	}
	if b.Node != "" {
		out.NodeName = &b.Node
	}
	if b.Pod != "" {
		out.TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: b.Pod}
	}
	return out
}
