package cluster

import (
	"cmp"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Pod is what a verdict needs of a pod. A workload that has no pods is represented by one Pod
// made from its template (Template is then true): such a pod has no name, address or node, and
// controllers may still add labels to it.
type Pod struct {
	Namespace   string
	Name        string
	Labels      Labels
	IPs         []netip.Addr
	Ports       []ContainerPort
	Phase       corev1.PodPhase
	Ready       bool
	Deleting    bool
	Node        string // empty: not scheduled or, for a template, unknown
	HostNetwork bool
	DNSPolicy   corev1.DNSPolicy
	Nameservers []string  // spec.dnsConfig.nameservers
	Owner       Ref       // the controller, when there is one
	Declared    *Declared // nil for a pod whose owner's template says it
	Template    bool
	Started     time.Time // when its node took it on; zero where that is not known
	Origin      Origin

	// ServiceAccount is the one that the pod runs as, of its namespace.
	ServiceAccount string
	// DirectTarget: a load balancer sends traffic to the pod by its own address.
	DirectTarget bool
}

// ContainerPort is one declared port. Source: core/v1 ContainerPort.
type ContainerPort struct {
	Name     string
	Protocol corev1.Protocol
	Number   int32
	HostPort int32 // the node's port that leads here, or 0
	Sidecar  bool  // declared by a restartable init container
}

// Ref names the pod, or for a template the workload it stands for.
func (p *Pod) Ref() Ref {
	if p.Template {
		return p.Owner
	}
	return Ref{APIVersion: "v1", Kind: "Pod", Namespace: p.Namespace, Name: p.Name}
}

// Finished tells whether the pod has run to its end. Its address may belong to another pod by
// now, so nothing may be looked up by it. Source: core/v1 PodPhase.
func (p *Pod) Finished() bool {
	return p.Phase == corev1.PodSucceeded || p.Phase == corev1.PodFailed
}

// PortNamed returns the numbers a port name stands for on this pod with that protocol. More
// than one number means two containers share the name.
func (p *Pod) PortNamed(name string, protocol corev1.Protocol) []int32 {
	var numbers []int32
	for _, c := range p.Ports {
		if c.Name == name && c.Protocol == protocol {
			numbers = append(numbers, c.Number)
		}
	}
	return numbers
}

// FromSpec fills in what a Pod takes from a pod's specification: a pod's own or a template's.
// Containers are read before init containers; only restartable init containers (sidecars) keep
// running and so keep their ports. Source: core/v1 Container.RestartPolicy.
func (p *Pod) FromSpec(spec *corev1.PodSpec) {
	p.HostNetwork = spec.HostNetwork
	p.DirectTarget = directTarget(spec)
	p.Node = spec.NodeName
	p.ServiceAccount = cmp.Or(spec.ServiceAccountName, spec.DeprecatedServiceAccount, "default")
	p.DNSPolicy = spec.DNSPolicy
	if p.DNSPolicy == "" {
		p.DNSPolicy = corev1.DNSClusterFirst
	}
	if spec.DNSConfig != nil {
		p.Nameservers = spec.DNSConfig.Nameservers
	}
	for i := range spec.Containers {
		p.addPorts(spec.Containers[i].Ports, false)
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			p.addPorts(c.Ports, true)
		}
	}
}

func (p *Pod) addPorts(ports []corev1.ContainerPort, sidecar bool) {
	for _, port := range ports {
		protocol := port.Protocol
		if protocol == "" {
			protocol = corev1.ProtocolTCP
		}
		p.Ports = append(p.Ports, ContainerPort{Name: port.Name, Protocol: protocol, Number: port.ContainerPort, HostPort: port.HostPort, Sidecar: sidecar})
	}
}

// NewPod makes the slim pod of an API pod.
func NewPod(in *corev1.Pod, origin Origin) *Pod {
	p := &Pod{
		Namespace: in.Namespace,
		Name:      in.Name,
		Labels:    Labels{Known: in.Labels},
		Phase:     in.Status.Phase,
		Deleting:  in.DeletionTimestamp != nil,
		Origin:    origin,
	}
	p.FromSpec(&in.Spec)
	p.Owner = controllerOf(in.Namespace, in.OwnerReferences)
	if ownDeclaration(p.Owner) {
		p.Declared = declaredBy(&in.Spec, in.Annotations)
	}
	if in.Status.Phase == "" {
		p.Ready = true // a manifest, which nothing has run yet
	}
	for _, c := range in.Status.Conditions {
		if c.Type == corev1.PodReady {
			p.Ready = c.Status == corev1.ConditionTrue
		}
	}
	for _, ip := range in.Status.PodIPs {
		p.addIP(ip.IP)
	}
	p.addIP(in.Status.PodIP)
	if t := in.Status.StartTime; t != nil {
		p.Started = t.UTC()
	}
	return p
}

func (p *Pod) addIP(text string) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return
	}
	addr = addr.Unmap().WithZone("")
	for _, known := range p.IPs {
		if known == addr {
			return
		}
	}
	p.IPs = append(p.IPs, addr)
}
