package ends

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// The ports on which meshes carry traffic between pods that are both in the mesh.
// Sources: Istio documentation, "Ambient and Kubernetes NetworkPolicy"; Linkerd documentation,
// "Proxy configuration"; consul-k8s, connect-inject/constants, ProxyDefaultInboundPort.
const (
	ambientPort = 15008
	linkerdPort = 4143
	consulPort  = 20000
)

var tunnelPorts = [...]int32{ambientPort, linkerdPort, consulPort}

// Tunnels tells of each mesh that tunnels connections whether a pod is in it. Only where both ends
// are in one does it carry what goes between them.
type Tunnels [len(tunnelPorts)]bool

// TunnelsOf returns the meshes that a pod is in.
func TunnelsOf(s *cluster.Snapshot, p *cluster.Pod) Tunnels {
	return Tunnels{ambient(s, p), linkerd(p), consul(p)}
}

// tunnelPort returns the port on which a mesh may carry a connection, or 0.
func tunnelPort(s *cluster.Snapshot, protocol corev1.Protocol, source, destination policy.Endpoint) int32 {
	a, b := source.Pod, destination.Pod
	if a == nil || b == nil || a == b || protocol != corev1.ProtocolTCP {
		return 0
	}
	in, out := TunnelsOf(s, a), TunnelsOf(s, b)
	for i, port := range tunnelPorts {
		if in[i] && out[i] {
			return port
		}
	}
	return 0
}

// ambient tells whether a pod is in an Istio ambient mesh: by its own label, or else its
// namespace's.
func ambient(s *cluster.Snapshot, p *cluster.Pod) bool {
	const label = "istio.io/dataplane-mode"
	if mode, ok := p.Labels.Known[label]; ok {
		return mode == "ambient"
	}
	return !p.HostNetwork && s.Namespace(p.Namespace).Labels.Known[label] == "ambient"
}

// linkerd tells whether a pod runs the Linkerd proxy, which declares its port.
func linkerd(p *cluster.Pod) bool {
	for _, number := range p.PortNamed("linkerd-proxy", corev1.ProtocolTCP) {
		if number == linkerdPort {
			return true
		}
	}
	return false
}

// consul tells whether a proxy of Consul's mesh was added to a pod. Source: consul-k8s,
// connect-inject/webhook, which labels such pods.
func consul(p *cluster.Pod) bool {
	return p.Labels.Known["consul.hashicorp.com/connect-inject-status"] == "injected"
}

// Proxied names the mesh whose proxy takes every connection that a pod opens, or is empty. Such a
// proxy completes the handshake itself, whatever becomes of the connection behind it.
// Sources: the labels and ports that the injectors of Istio, Linkerd and Consul add.
func Proxied(s *cluster.Snapshot, p *cluster.Pod) string {
	labels := p.Labels.Known
	switch {
	case ambient(s, p):
		return "Istio ambient"
	case labels["security.istio.io/tlsMode"] == "istio", len(p.PortNamed("http-envoy-prom", corev1.ProtocolTCP)) > 0:
		return "Istio"
	case linkerd(p), labels["linkerd.io/control-plane-ns"] != "" && labels["linkerd.io/control-plane-ns"] != p.Namespace:
		return "Linkerd"
	case consul(p):
		return "Consul"
	}
	return ""
}
