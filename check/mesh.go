package check

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// meshes are the findings about service meshes, NPD715 and NPD716. What a mesh decides on requests is
// NPD712.
var meshes = []Check{
	{
		Code: "NPD715", Severity: Warning,
		Title:    "a service mesh may carry the connection on a port that the rules do not allow",
		Symptoms: slices.Concat([]string{"connection reset", "connects, then nothing", "maybe a NetworkPolicy is blocking HBONE port 15008", "TLS handshake timeout", "EOF"}, proxied),
		Doc: `Both ends are in a service mesh that carries traffic between its pods on a port of its own: 15008 in
Istio's ambient mode, 4143 with Linkerd, 20000 with Consul. Policies see that port. The rules allow
the application's port and not the mesh's, or the other way round. The objects do not show for
certain whether the mesh carries this connection.

What you see: the client connects (to its own proxy) and then gets nothing, or a reset. The log of
the proxy names the port.

Verify: send a request, not only a connection, from one pod to the other, and read the proxy's log.

Fix: allow the mesh's port in addition to the application's, between the pods of the mesh, in both
directions if both ends are isolated. All application ports then use the mesh's port: use the mesh's
authorization policies to restrict them.`,
		Run: func(p *Pass) {
			for _, f := range p.Facts() {
				if f.Kind == policy.MeshTunnel {
					p.report(Finding{
						Object: f.Object, Evidence: map[string]string{"port": f.Key},
						Message: fmt.Sprintf("the mesh may carry the traffic to %s on port %s, and the rules treat that port differently from the application's", f.Object, f.Key),
						Advice:  fmt.Sprintf("allow TCP %s in addition to the application's port, and restrict ports by the mesh's own policies", f.Key),
					})
				}
			}
		},
	},
	{
		Code: "NPD716", Severity: Error,
		Title:    "a sidecar cannot reach the control plane of its mesh",
		Symptoms: slices.Concat([]string{"pod stays at 1/2", "readiness probe failed 15021", "config sources not ready", "503", "TLS handshake timeout", "EOF"}, proxied),
		Doc: `A pod of the connection has a mesh's proxy as a sidecar, and no egress rule allows the pod to reach
the mesh's control plane: istiod on 15012; with Linkerd its destination service on 8086 and identity
on 8080. A proxy that never got its certificate and configuration lets nothing through, whatever
policies allow between the applications. A proxy that got them works until it restarts or they
expire, so for a ready pod this is a warning.

What you see: the pod stays at 1/2 ready, and the proxy's readiness probe fails. New pods of a
workload do not become ready while the old ones work.

Verify: kubectl logs POD -n NAMESPACE -c istio-proxy (linkerd-proxy with Linkerd) names the address
that the proxy cannot reach.

Fix: allow egress to the control plane's pods, for every pod of the namespace that is in the mesh.`,
		Run: func(p *Pass) { p.sidecars() },
	},
}

// control is one server of a mesh's control plane.
type control struct {
	mesh      string
	namespace string
	name      string // of the Service, and in sentences
	label     string // key=value, of its pods
	port      int32
}

// The servers that proxies cannot do without. Sources: Istio documentation, "Application Requirements",
// ports used by Istio; Linkerd's control plane manifests.
var istiod = control{"Istio", "istio-system", "istiod", "app=istiod", 15012}

func linkerdControl(namespace string) []control {
	return []control{
		{"Linkerd", namespace, "linkerd-dst", "linkerd.io/control-plane-component=destination", 8086},
		{"Linkerd", namespace, "linkerd-identity", "linkerd.io/control-plane-component=identity", 8080},
	}
}

// controls lists what the proxy of a pod needs. What a webhook adds to pods is not in their templates,
// so a template counts where its namespace says that proxies are added.
func (p *Pass) controls(pod *cluster.Pod) []control {
	labels, namespace := pod.Labels.Known, p.Snapshot.Namespace(pod.Namespace).Labels.Known
	injected := func(key, value string) bool { return pod.Template && namespace[key] == value }
	_, revision := namespace["istio.io/rev"]
	switch {
	case pod.HostNetwork:
	case labels["sidecar.istio.io/inject"] == "false":
	case labels["security.istio.io/tlsMode"] == "istio", len(pod.PortNamed("http-envoy-prom", corev1.ProtocolTCP)) > 0,
		injected("istio-injection", "enabled"), pod.Template && revision && namespace["istio.io/dataplane-mode"] == "":
		if pod.Namespace != istiod.namespace {
			return []control{istiod}
		}
	case labels["linkerd.io/control-plane-ns"] != "" && pod.Namespace != labels["linkerd.io/control-plane-ns"]:
		return linkerdControl(labels["linkerd.io/control-plane-ns"])
	}
	return nil
}

// sidecars reports the proxies of either end that are cut off. Of pods that no policy tells apart one
// stands for all that are as ready.
func (p *Pass) sidecars() {
	type alike struct {
		class string
		up    bool
		control
	}
	seen := map[alike]bool{}
	for _, end := range []ends.End{p.Source, p.Destination} {
		pods := end.Pods
		if end.Service != nil {
			pods = p.Snapshot.SelectedBy(end.Service)
		}
		for _, pod := range pods {
			if pod.Finished() {
				continue
			}
			for _, c := range p.controls(pod) {
				if one := (alike{p.owner(policy.PodEnd(pod)).String() + " " + p.Set.Class(pod), up(pod), c}); !seen[one] {
					seen[one] = true
					p.sidecar(pod, c)
				}
			}
		}
	}
}

// up tells whether a pod is seen to work.
func up(pod *cluster.Pod) bool { return pod.Phase == corev1.PodRunning && pod.Ready }

// sidecar reports that the proxy of a pod cannot reach a server of its control plane. Egress alone is
// judged: what the control plane lets in was not read.
func (p *Pass) sidecar(pod *cluster.Pod, c control) {
	server := p.serverOf(c)
	d := p.Set.Evaluate(policy.Flow{
		Source: policy.PodEnd(pod), Destination: policy.PodEnd(server), Protocol: corev1.ProtocolTCP, Family: corev1.IPv4Protocol,
		Dialled: policy.Tuple{Port: c.port}, Arriving: policy.Tuple{Port: c.port},
	})
	switch d.Egress.Verdict {
	case policy.Allowed:
		return
	case policy.Unknown:
		p.report(Finding{
			Object: p.owner(policy.PodEnd(pod)), Severity: Info,
			Message: fmt.Sprintf("it is not known whether the %s proxy of %s can reach %s/%s on %d/TCP", c.mesh, p.Name(policy.PodEnd(pod)), c.namespace, c.name, c.port),
			Advice:  fmt.Sprintf("read namespace %s as well: with -A, or its objects with -f", c.namespace),
		})
		return
	}
	f := Finding{
		Object: p.owner(policy.PodEnd(pod)), Severity: p.severityOfDenied(), Cause: true,
		Message: fmt.Sprintf("the %s proxy of %s cannot reach %s/%s on %d/TCP: no egress rule allows it; the pod is isolated by %s",
			c.mesh, p.Name(policy.PodEnd(pod)), c.namespace, c.name, c.port, named(policyNames(d.Egress.Isolating))),
		Evidence: map[string]string{"controlPlane": c.namespace + "/" + c.name, "port": fmt.Sprint(c.port)},
		Advice:   fmt.Sprintf("allow egress to the pods of %s in namespace %s on TCP %d", c.name, c.namespace, c.port),
	}
	if up(pod) {
		// Nothing fails now, so not enough of the namespace may have been read for a fix.
		f.Severity, f.Cause = Warning, false
		p.report(f)
		return
	}
	d.Ingress.Verdict, d.Verdict = policy.Allowed, policy.Denied
	causes, _ := change.Search(change.Start(p.Set).Keep(p.Flows()), []policy.Decision{d})
	for _, cause := range causes {
		f.Fix = append(f.Fix, cause.Edits...)
	}
	p.report(f)
}

// serverOf finds a pod of the control plane, or makes the one that there usually is.
func (p *Pass) serverOf(c control) *cluster.Pod {
	if v := p.Snapshot.Service(c.namespace, c.name); v != nil {
		for _, pod := range p.Snapshot.SelectedBy(v) {
			return pod
		}
	}
	key, value, _ := strings.Cut(c.label, "=")
	return &cluster.Pod{
		Namespace: c.namespace, Labels: cluster.Labels{Known: map[string]string{key: value}, Open: cluster.AllKeys}, Template: true, Ready: true,
		Owner: cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: c.namespace, Name: c.name},
		Ports: []cluster.ContainerPort{{Protocol: corev1.ProtocolTCP, Number: c.port}},
	}
}
