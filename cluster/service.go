package cluster

import (
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Service is what reaching a Service depends on. Source: core/v1 ServiceSpec.
type Service struct {
	Namespace       string
	Name            string
	Type            corev1.ServiceType
	Headless        bool
	ClusterIPs      []netip.Addr
	OtherIPs        []netip.Addr // externalIPs and load balancer addresses
	Families        []corev1.IPFamily
	Ports           []corev1.ServicePort
	Selector        map[string]string
	ExternalName    string
	ExternalLocal   bool // externalTrafficPolicy: Local
	InternalLocal   bool // internalTrafficPolicy: Local
	PublishNotReady bool
	SourceRanges    []netip.Prefix // loadBalancerSourceRanges
	History         History        // of its spec
	Origin          Origin
}

// Ref names the Service.
func (s *Service) Ref() Ref {
	return Ref{APIVersion: "v1", Kind: "Service", Namespace: s.Namespace, Name: s.Name}
}

// NewService makes the slim Service of an API Service.
func NewService(in *corev1.Service, origin Origin) *Service {
	s := &Service{
		Namespace:       in.Namespace,
		Name:            in.Name,
		Type:            in.Spec.Type,
		Headless:        in.Spec.ClusterIP == corev1.ClusterIPNone,
		Families:        in.Spec.IPFamilies,
		Selector:        in.Spec.Selector,
		ExternalLocal:   in.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal,
		PublishNotReady: in.Spec.PublishNotReadyAddresses,
		History:         NewHistory(&in.ObjectMeta, "spec"),
		Origin:          origin,
	}
	if s.Type == "" {
		s.Type = corev1.ServiceTypeClusterIP
	}
	if s.Type == corev1.ServiceTypeExternalName {
		s.ExternalName = in.Spec.ExternalName
	}
	if p := in.Spec.InternalTrafficPolicy; p != nil {
		s.InternalLocal = *p == corev1.ServiceInternalTrafficPolicyLocal
	}
	for _, port := range in.Spec.Ports {
		if port.Protocol == "" {
			port.Protocol = corev1.ProtocolTCP
		}
		if port.TargetPort == (intstr.IntOrString{}) {
			port.TargetPort = intstr.FromInt32(port.Port)
		}
		s.Ports = append(s.Ports, port)
	}
	s.ClusterIPs = addrs(append([]string{in.Spec.ClusterIP}, in.Spec.ClusterIPs...))
	others := append([]string{}, in.Spec.ExternalIPs...)
	for _, i := range in.Status.LoadBalancer.Ingress {
		others = append(others, i.IP)
	}
	s.OtherIPs = addrs(others)
	for _, text := range in.Spec.LoadBalancerSourceRanges {
		if r, err := netip.ParsePrefix(strings.TrimSpace(text)); err == nil {
			s.SourceRanges = append(s.SourceRanges, r.Masked())
		}
	}
	return s
}

func addrs(texts []string) []netip.Addr {
	var out []netip.Addr
	seen := map[netip.Addr]bool{}
	for _, t := range texts {
		a, err := netip.ParseAddr(t)
		if err != nil {
			continue
		}
		if a = a.Unmap().WithZone(""); !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}
