package live

import (
	"cmp"
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// DefaultContainer is the annotation that names the container of a pod which is meant where none is.
// Source: Well-Known Labels, Annotations and Taints, kubectl.kubernetes.io/default-container.
const DefaultContainer = "kubectl.kubernetes.io/default-container"

// proxies are containers of meshes, by name. What runs in them as the proxy's user is let past the
// proxy, so it tells nothing of the application's connections. Sources: the injectors of Istio,
// Linkerd, Consul, Kuma, Open Service Mesh and App Mesh.
var proxies = []string{"istio-proxy", "linkerd-proxy", "consul-dataplane", "envoy-sidecar", "kuma-sidecar", "envoy"}

// proxyIn names the container of a mesh in a pod, or returns "".
func proxyIn(pod *corev1.Pod) string {
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if slices.Contains(proxies, c.Name) {
			return c.Name
		}
	}
	return ""
}

// PrepareExec finds out whether a pod can be probed from with what its containers already have. It
// makes nothing, and neither does what it returns.
func (p *Prober) PrepareExec(ctx context.Context, namespace, name string) (*Session, error) {
	pod, err := p.fit(ctx, namespace, name, unfit)
	if err != nil {
		return nil, err
	}
	if err := p.may(ctx, namespace, name, "exec-prober.yaml", right{"create", "", "pods", "exec"}); err != nil {
		return nil, err
	}
	var reasons []string
	for _, container := range candidates(pod) {
		at := Place{namespace, name, container}
		tools, why := probe.Found(p.Run(ctx, at, probe.Search()))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if why == "" {
			return &Session{prober: p, at: at, Node: pod.Spec.NodeName, UID: string(pod.UID), Proxy: proxyIn(pod), Tools: tools}, nil
		}
		reasons = append(reasons, container+": "+why)
	}
	return nil, &ImpossibleError{namespace, name, "looking for tools", cmp.Or(strings.Join(reasons, "; "), "no container of it runs") + "; without --exec a container that has them is added"}
}

// candidates are the containers of a pod that run, the one that is meant first; the proxies of meshes
// are not among them.
func candidates(pod *corev1.Pod) []string {
	var names []string
	for _, s := range pod.Status.ContainerStatuses {
		if s.State.Running != nil && !slices.Contains(proxies, s.Name) {
			names = append(names, s.Name)
		}
	}
	order := []string{pod.Annotations[DefaultContainer]}
	for _, c := range pod.Spec.Containers {
		order = append(order, c.Name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(slices.Index(order, a), slices.Index(order, b)) })
	return names
}
