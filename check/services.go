package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// services are the findings about what is behind a Service, about the pods themselves and about
// the network plugin, NPD7xx. Policies are innocent of most of them.
var services = []Check{
	{
		Code: "NPD701", Severity: Error,
		Title:    "the Service has no endpoints",
		Symptoms: slices.Concat([]string{"connection refused", "503", "no endpoints available", "no route to host"}, proxied),
		Doc: `The Service has no endpoints: its selector matches no pod, or it has no selector and nobody wrote
endpoints for it, or the workload behind it is scaled to zero. No policy causes this.

What you see: connection refused at once on most clusters, a timeout on some.

Verify: kubectl get endpointslices -n NAMESPACE -l kubernetes.io/service-name=NAME

Fix: correct the Service's selector, or start the pods.`,
		Run: nothingBehind,
	},
	{
		Code: "NPD702", Severity: Error,
		Title:    "no endpoint of the Service is ready",
		Symptoms: []string{"connection refused", "503", "no endpoints available", "no route to host"},
		Doc: `There are pods behind the Service, but none is ready, so the Service sends no traffic to them. No
policy causes this, unless one blocks something that the readiness check depends on.

What you see: connection refused at once on most clusters, a timeout on some. By the pod's address
the connection may work.

Verify: kubectl describe pod POD -n NAMESPACE shows why the pod is not ready.

Fix: make the pods ready.`,
		Run: obstacles(func(o ends.Obstacle) string {
			if o.Kind == ends.NotReady {
				if n := len(o.Detail); n > 1 {
					return fmt.Sprintf("none of the %d endpoints of Service %s is ready", n, name(o.Object))
				}
				return fmt.Sprintf("the only endpoint of Service %s is not ready", name(o.Object))
			}
			return ""
		}, "find out why the pods are not ready: kubectl describe pod POD -n NAMESPACE"),
	},
	{
		Code: "NPD703", Severity: Error,
		Title:    "the Service does not have that port",
		Symptoms: []string{"connection timed out"},
		Doc: `The port that the client connects to is not a port of the Service, so the Service does not translate
it.

What you see: a timeout in most clusters, which looks just like a policy.

Verify: kubectl get service NAME -n NAMESPACE shows the ports.

Fix: connect to a port that the Service has.`,
		Run: noSuchPort,
	},
	{
		Code: "NPD704", Severity: Error,
		Title: "the pod does not declare the named port",
		Doc: `The Service's targetPort, or the port that was asked for, is a name that no container of the pod
declares with that protocol. If other pods of the Service declare it, only this pod is left out of
the endpoints, and the finding is a warning.

What you see: connection refused or a timeout, because the pod is not an endpoint of the Service.

Verify: kubectl get pod POD -n NAMESPACE -o jsonpath='{.spec.containers[*].ports}'

Fix: declare the port name on the container, or use the port number.`,
		Run: func(p *Pass) {
			obstacles(func(o ends.Obstacle) string {
				switch o.Kind {
				case ends.TargetPortMissing:
					return fmt.Sprintf("%s has no port named %q, which is the Service's targetPort; it declares %s", o.Object, o.Port.TargetPort.StrVal, orNone(o.Detail))
				case ends.NoPodPort:
					return fmt.Sprintf("%s declares no port of that name; it declares %s", o.Object, orNone(o.Detail))
				}
				return ""
			}, "declare the port name on the container, or use its number")(p)
			p.leftOut()
		},
	},
	{
		Code: "NPD705", Severity: Warning,
		Title:    "a headless Service does not translate ports",
		Symptoms: []string{"connection refused", "connection timed out"},
		Doc: `A headless Service resolves to the addresses of its pods. The client connects to the pod directly,
so the port it uses is the port that arrives; targetPort has no effect. The finding is an error if
the pods declare ports and this one is not among them.

What you see: connection refused, because nothing listens on the Service's port; or a timeout,
because no policy allows that port.

Verify: kubectl get service NAME -n NAMESPACE -o yaml shows clusterIP: None, port and targetPort.

Fix: connect to the port that the pod listens on, or make port and targetPort equal.`,
		Run: func(p *Pass) {
			for _, a := range p.Answers {
				for _, o := range a.Route.Obstacles {
					if o.Kind != ends.HeadlessPort {
						continue
					}
					f := Finding{
						Object: o.Object, Advice: "connect to the port that the pod listens on",
						Message: fmt.Sprintf("Service %s is headless: port %d arrives at the pod as %d, and targetPort %s has no effect", name(o.Object), o.Port.Port, o.Port.Port, o.Detail[0]),
					}
					if a.misdialled() || a.deniedUnheard() {
						f.Severity, f.Cause = Error, true
					}
					p.report(f)
				}
			}
		},
	},
	{
		Code: "NPD706", Severity: Error,
		Title:    "traffic policy Local, and no endpoint on the node",
		Symptoms: []string{"works from some nodes only", "connection timed out"},
		Doc: `With internalTrafficPolicy: Local, a Service only sends traffic to endpoints on the client's own
node. With externalTrafficPolicy: Local, a node only sends traffic from outside to its own
endpoints. There is none on that node, so the traffic is dropped. No policy causes this. If the
client's node or the endpoints' nodes are not known, as for a pod template, the finding is a warning
and the answer is Unclear.

What you see: a timeout, from pods on some nodes or through some nodes only.

Verify: kubectl get endpointslices -n NAMESPACE -l kubernetes.io/service-name=NAME -o yaml shows the
node of each endpoint.

Fix: run an endpoint on every node, or set the traffic policy to Cluster.`,
		Run: keptOnNode,
	},
	{
		Code: "NPD707", Severity: Error,
		Title: "the Service cannot be reached from outside the cluster",
		Doc: `The Service is of type ClusterIP and has no external addresses, so only the cluster itself can reach
it. Whether policies allow addresses outside does not matter.

What you see: there is no address that a client outside could connect to.

Verify: kubectl get service NAME -n NAMESPACE shows TYPE and EXTERNAL-IP.

Fix: ask for the ingress controller's Service, or expose the Service.`,
		Run: obstacles(func(o ends.Obstacle) string {
			if o.Kind == ends.NotExposed {
				return fmt.Sprintf("Service %s is of type %s: it cannot be reached from outside the cluster", name(o.Object), strings.Join(o.Detail, ""))
			}
			return ""
		}, "ask for the Service of the ingress controller or load balancer instead"),
	},
	{
		Code: "NPD708", Severity: Error,
		Title: "the pod has completed",
		Doc: `The pod's phase is Succeeded or Failed: all its containers have ended. It no longer has its address,
which may belong to another pod by now.

What you see: nothing connects from or to this pod any more.

Verify: kubectl get pod POD -n NAMESPACE

Fix: ask for a running pod, or for the workload.`,
		Run: func(p *Pass) {
			message := func(o ends.Obstacle) string {
				return fmt.Sprintf("%s has completed (phase %s)", o.Object, strings.Join(o.Detail, ""))
			}
			obstacles(func(o ends.Obstacle) string {
				if o.Kind == ends.PodFinished {
					return message(o)
				}
				return ""
			}, askForAnother(""))(p)
			for _, pod := range p.Source.Pods {
				if pod.Finished() {
					p.report(Finding{Object: pod.Ref(), Origin: pod.Origin, Cause: true, Message: message(ends.Obstacle{Object: pod.Ref(), Detail: []string{string(pod.Phase)}}), Advice: askForAnother(p.typedOwner(pod))})
				}
			}
		},
	},
	{
		Code: "NPD709", Severity: Warning,
		Title: "the endpoints of the Service could not be read",
		Doc: `The EndpointSlices of the Service could not be read, so the pods that its selector matches were used
instead. Which pods really get its traffic is not known.

Verify: kubectl auth can-i list endpointslices.discovery.k8s.io -n NAMESPACE

Fix: ask somebody who may list endpointslices in that namespace.`,
		Run: obstacles(func(o ends.Obstacle) string {
			if o.Kind == ends.BackendsUnreadable {
				return fmt.Sprintf("the endpoints of Service %s could not be read (%s)", name(o.Object), strings.Join(o.Detail, ""))
			}
			return ""
		}, "ask somebody who may list endpointslices in that namespace"),
	},
	{
		Code: "NPD711", Severity: Warning,
		Title:    "nothing seems to enforce NetworkPolicies in this cluster",
		Symptoms: []string{"policy has no effect"},
		Doc: `It is the network plugin that enforces NetworkPolicies. The plugin that was seen in this cluster
does not, so policies say one thing and the network does another. If policies deny the connection,
the result is therefore Unclear. With --network-plugin none, which says that nothing enforces them,
the result is Works, until a plugin does enforce them.

What you see: connections that policies deny work.

Verify: a connection that policies deny must fail. Objects are only evidence; a test is proof.

Fix: install a network plugin that enforces policies. Changing the policies does not help.`,
		Run: func(p *Pass) {
			if p.Plugin.Enforces != policy.No || len(p.Involved()) == 0 {
				return
			}
			message := "policies apply to this connection, but nothing seems to enforce them"
			if p.Plugin.Declared {
				message = "policies apply to this connection, but nothing enforces them; once a network plugin does, they decide"
			}
			denied := len(p.Causes) > 0 || slices.ContainsFunc(p.DNS, func(l Lookup) bool { return len(l.Causes) > 0 })
			p.report(Finding{
				Object:   cluster.Ref{Kind: "NetworkPlugin", Name: p.Plugin.Name},
				Message:  message,
				Cause:    denied,
				Voids:    denied,
				Evidence: map[string]string{"plugin": p.Plugin.Name, "evidence": strings.Join(p.Plugin.Evidence, ", ")},
				Advice:   "test a connection that policies deny; if it works, install a network plugin that enforces policies",
			})
		},
	},
	{
		Code: "NPD712", Severity: Info,
		Title:    "a service mesh also decides about requests",
		Symptoms: []string{"RBAC: access denied", "403"},
		Doc: `Authorization policies of a service mesh apply in a namespace of this connection. They decide about
requests, after the connection is made: if they deny, the client sees an HTTP 403 or a reset, not a
timeout. The verdict here is about the connection only.

What you see: if the mesh denies, HTTP 403, "RBAC: access denied", or a reset.

Verify: kubectl get authorizationpolicies.security.istio.io -n NAMESPACE, or for Linkerd kubectl get
authorizationpolicies.policy.linkerd.io -n NAMESPACE

Fix: if requests are refused, look at the mesh's policies. If not, nothing.`,
		Run: func(p *Pass) {
			for _, f := range p.Snapshot.Foreign {
				if k := policy.LayerKindOf(f.APIVersion, f.Kind); k != nil && k.L7 && p.touches(f.Namespace) {
					p.report(Finding{Object: f.Ref, Origin: f.Origin, Message: fmt.Sprintf("%s also decides about requests in namespace %s; the verdict here is about the connection only", f.Ref, f.Namespace)})
				}
			}
		},
	},
	{
		Code: "NPD713", Severity: Warning,
		Title: "running pods have other labels than their workload's template",
		Doc: `Running pods have labels that differ from their workload's pod template, besides the labels that
controllers set, and a policy selects by such a label. Policies apply to the pods as they are, so
the answer changes when the pods are replaced.

What you see: some pods of a workload can connect and others cannot, or it breaks after a rollout.

Verify: kubectl get pods -n NAMESPACE --show-labels, and compare with spec.template.metadata.labels.

Fix: roll the workload out, or put the labels into the template.`,
		Run: func(p *Pass) {
			for _, end := range []ends.End{p.Source, p.Destination} {
				if w := end.Workload; w != nil {
					for _, pod := range end.Pods {
						if key := p.drift(w, pod); key != "" {
							p.report(Finding{
								Object: w.Ref, Field: "spec.template.metadata.labels", Origin: w.Origin,
								Message:  fmt.Sprintf("label %s of %s differs from the template of %s", key, pod.Ref(), w.Ref),
								Evidence: map[string]string{"key": key, "pod": pod.Labels.Known[key], "template": w.Template.Labels.Known[key]},
								Advice:   "put the label into the template if the pods should keep it, or roll the workload out",
							})
						}
					}
				}
			}
		},
	},
	{
		Code: "NPD714", Severity: Error,
		Title: "the two ends have no IP family in common",
		Doc: `One end has only IPv4 addresses and the other only IPv6, so no packet can be sent between them. No
policy causes this.

What you see: "no route to host" or "network is unreachable", or the name has no address of the
client's family.

Verify: kubectl get pod POD -n NAMESPACE -o jsonpath='{.status.podIPs}'

Fix: the cluster's network gives pods their addresses. See whether it is set up for both families on
both nodes, and make the pod anew after that is mended; or use an address that the source can reach.`,
		Run: obstacles(func(o ends.Obstacle) string {
			if o.Kind == ends.NoCommonFamily {
				if holds := o.Detail[1]; holds != "" {
					return fmt.Sprintf("%s and %s%s: they have no IP family in common, so no packet can be sent between them", o.Detail[0], o.Object, holds)
				}
				return fmt.Sprintf("%s and %s have no IP family in common, so no packet can be sent between them", o.Detail[0], o.Object)
			}
			return ""
		}, "the cluster's network gives pods their addresses: see whether both nodes have ranges of both families, and make the pod anew after that is mended"),
	},
}

// askForAnother says what to ask for instead of a pod that has completed.
func askForAnother(workload string) string {
	if workload == "" {
		return "ask for a running pod, or for the workload"
	}
	return "ask for a running pod, or for the workload: " + workload
}

// typedOwner is the workload of a pod as it is typed, or empty for a pod without one.
func (p *Pass) typedOwner(pod *cluster.Pod) string {
	if w := p.Snapshot.WorkloadOf(pod); w != nil {
		return ends.Typed(w.Ref)
	}
	return ""
}

// obstacles makes a check of the obstacles on the routes, for those that it has a message for.
func obstacles(message func(ends.Obstacle) string, advice string) func(*Pass) {
	return func(p *Pass) {
		for _, a := range p.Answers {
			for _, o := range a.Route.Obstacles {
				if text := message(o); text != "" {
					p.report(Finding{Object: o.Object, Message: text, Advice: advice, Cause: p.current.Severity == Error})
				}
			}
		}
	}
}

// name is an object in a sentence that says its kind.
func name(r cluster.Ref) string { return r.Namespace + "/" + r.Name }

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// touches tells whether an end of the question is in a namespace.
func (p *Pass) touches(namespace string) bool {
	return p.Source.Ref.Namespace == namespace || p.Destination.Ref.Namespace == namespace
}

// drift returns the first label, in order, that some policy selects by and in which a pod differs
// from its template, or "".
func (p *Pass) drift(w *cluster.Workload, pod *cluster.Pod) string {
	if pod.Template {
		return ""
	}
	first := ""
	differ := func(a, b map[string]string) {
		for k, v := range a {
			if other, ok := b[k]; (!ok || other != v) && p.Set.SelectsBy(k) && !cluster.StampedByController(k) && (first == "" || k < first) {
				first = k
			}
		}
	}
	differ(pod.Labels.Known, w.Template.Labels.Known)
	differ(w.Template.Labels.Known, pod.Labels.Known)
	return first
}
