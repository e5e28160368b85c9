package snapshot

import (
	"fmt"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// podOf makes the pod of a slim one.
func podOf(s *cluster.Snapshot, p *cluster.Pod) *corev1.Pod {
	out := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metaOf(p.Namespace, p.Name, p.Labels.Known),
		Spec:       specOf(p, nil),
		Status:     corev1.PodStatus{Phase: p.Phase},
	}
	ownedBy(&out.ObjectMeta, p.Owner)
	annotate(&out.ObjectMeta, cluster.DeclaredAnnotation, declaredText(s, p))
	if p.Deleting {
		begun := metav1.NewTime(time.Unix(0, 0).UTC()) // when is not kept
		out.DeletionTimestamp = &begun
	}
	for _, ip := range p.IPs {
		out.Status.PodIPs = append(out.Status.PodIPs, corev1.PodIP{IP: ip.String()})
	}
	if len(p.IPs) > 0 {
		out.Status.PodIP = p.IPs[0].String()
	}
	if p.Phase != "" || !p.Ready { // else a manifest, which nothing has run yet
		status := corev1.ConditionFalse
		if p.Ready {
			status = corev1.ConditionTrue
		}
		out.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}
	}
	if !p.Started.IsZero() {
		started := metav1.NewTime(p.Started)
		out.Status.StartTime = &started
	}
	return out
}

// templateOf makes the template that a slim pod stands for.
func templateOf(s *cluster.Snapshot, p *cluster.Pod, agent *cluster.Agent) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: p.Labels.Known}, Spec: specOf(p, agent)}
	annotate(&t.ObjectMeta, cluster.DeclaredAnnotation, declaredText(s, p))
	return t
}

// targetedGate is a readiness gate by which load balancers tell that they know the pod.
const targetedGate = "cloud.google.com/load-balancer-neg-ready"

// specOf makes the specification that a slim pod was made of. Which container a port belongs to is
// not kept; those of sidecars are told apart.
func specOf(p *cluster.Pod, agent *cluster.Agent) corev1.PodSpec {
	spec := corev1.PodSpec{
		HostNetwork:        p.HostNetwork,
		NodeName:           p.Node,
		ServiceAccountName: p.ServiceAccount,
		DNSPolicy:          p.DNSPolicy,
	}
	if len(p.Nameservers) > 0 {
		spec.DNSConfig = &corev1.PodDNSConfig{Nameservers: p.Nameservers}
	}
	if p.DirectTarget {
		spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: targetedGate}}
	}
	if agent != nil {
		for _, name := range agent.Containers {
			spec.Containers = append(spec.Containers, corev1.Container{Name: name})
		}
		if len(spec.Containers) > 0 {
			spec.Containers[0].Args = tellingArgs(agent.Args)
		}
	}
	always := corev1.ContainerRestartPolicyAlways
	sidecar := 0
	for _, port := range p.Ports {
		if port.Sidecar {
			place(&spec.InitContainers, &sidecar, "sidecar", port)
		}
	}
	for i := range spec.InitContainers {
		spec.InitContainers[i].RestartPolicy = &always
	}
	plain := 0
	for _, port := range p.Ports {
		if !port.Sidecar {
			place(&spec.Containers, &plain, "container", port)
		}
	}
	if len(spec.Containers) == 0 {
		spec.Containers = []corev1.Container{{Name: "container"}}
	}
	return spec
}

// place adds a port to the container whose turn it is, or to the next where that has a port of the
// same name: a name is there once in a container. The order of the ports stays.
func place(containers *[]corev1.Container, at *int, name string, port cluster.ContainerPort) {
	taken := func(c *corev1.Container) bool {
		for _, other := range c.Ports {
			if other.Name == port.Name && port.Name != "" {
				return true
			}
		}
		return false
	}
	if *at < len(*containers) && taken(&(*containers)[*at]) {
		*at++
	}
	if *at == len(*containers) {
		if *at > 0 {
			name = fmt.Sprintf("%s-%d", name, *at+1)
		}
		*containers = append(*containers, corev1.Container{Name: name})
	}
	c := &(*containers)[*at]
	c.Ports = append(c.Ports, corev1.ContainerPort{Name: port.Name, ContainerPort: port.Number, HostPort: port.HostPort, Protocol: port.Protocol})
}

func texts(addrs []netip.Addr) []string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}
