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
		Title:    "nothing is behind the Service",
		Symptoms: slices.Concat([]string{"connection refused", "503", "no endpoints available", "no route to host"}, proxied),
		Doc: `The Service has no endpoints: its selector matches no pod, it has no selector and nobody wrote
endpoints down, or the workload behind it is scaled to zero. No policy is to blame.

What you see: connection refused at once on most clusters, a timeout on some.

Verify: kubectl get endpointslices -l kubernetes.io/service-name=NAME.

Fix: correct the Service's selector, or start the pods.`,
		Run: nothingBehind,
	},
	{
		Code: "NPD702", Severity: Error,
		Title:    "no endpoint of the Service is ready",
		Symptoms: []string{"connection refused", "503", "no endpoints available", "no route to host"},
		Doc: `Pods are behind the Service, but none is ready, so it sends no traffic to any. No policy is to
blame, unless one blocks what the readiness check depends on.

What you see: connection refused at once on most clusters, a timeout on some; by pod address
the connection may work.

Fix: see why the pods are not ready; kubectl describe pod NAME tells.`,
		Run: obstacles(func(o ends.Obstacle) string {
			if o.Kind == ends.NotReady {
				return fmt.Sprintf("not one of the %d endpoints of Service %s is ready", len(o.Detail), name(o.Object))
			}
			return ""
		}, "see why the pods are not ready: kubectl describe pod"),
	},
	{
		Code: "NPD703", Severity: Error,
		Title:    "the Service does not have that port",
		Symptoms: []string{"connection timed out"},
		Doc: `The port that is dialled is not among the Service's ports, so it is not translated.

What you see: a timeout in most clusters, which looks just like a policy.

Fix: dial a port that the Service has.`,
		Run: noSuchPort,
	},
	{
		Code: "NPD704", Severity: Error,
		Title: "a named port is not declared by the pod",
		Doc: `The Service's targetPort, or the port that was asked for, is a name that no container of the
pod declares with that protocol. Where other pods of the Service declare it, this pod alone is left
out of the endpoints, which is a warning.

Fix: declare the port name on the container, or use its number.`,
		Run: func(p *Pass) {
			obstacles(func(o ends.Obstacle) string {
				switch o.Kind {
				case ends.TargetPortMissing:
					return fmt.Sprintf("targetPort %q of the Service is no port name of %s, which declares %s", o.Port.TargetPort.StrVal, o.Object, orNone(o.Detail))
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
		Doc: `A headless Service hands out the addresses of its pods. The client dials the pod itself, so the
port it dials is the one that arrives; targetPort plays no part. It is an error where the pods
declare their ports and that one is not among them.

What you see: connection refused, because nothing listens on the Service's port, or a timeout,
because no policy allows that port.

Fix: dial the port that the pod listens on, or make port and targetPort equal.`,
		Run: func(p *Pass) {
			for _, a := range p.Answers {
				for _, o := range a.Route.Obstacles {
					if o.Kind != ends.HeadlessPort {
						continue
					}
					f := Finding{
						Object: o.Object, Advice: "dial the port that the pod listens on",
						Message: fmt.Sprintf("Service %s is headless: port %d arrives at the pod as %d, and targetPort %s plays no part", name(o.Object), o.Port.Port, o.Port.Port, o.Detail[0]),
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
		Doc: `With internalTrafficPolicy: Local a Service sends traffic only to endpoints on the client's own
node; with externalTrafficPolicy: Local a node sends what comes from outside only to its own. There
is none, so the traffic is dropped. No policy is to blame. Where the client's node or those of the
endpoints are not known, as for a template, it is a warning and the answer is unclear.

What you see: a timeout, from pods on some nodes or by some nodes only.

Fix: run an endpoint on every node, or set the traffic policy to Cluster.`,
		Run: keptOnNode,
	},
	{
		Code: "NPD707", Severity: Error,
		Title: "the Service is not reached from outside the cluster",
		Doc: `The Service is of type ClusterIP and has no external addresses: only the cluster itself reaches
it. Whether policies allow the outside plays no part.

Fix: ask for the ingress controller's Service, or expose the Service.`,
		Run: obstacles(func(o ends.Obstacle) string {
			if o.Kind == ends.NotExposed {
				return fmt.Sprintf("Service %s is of type %s: it is not reached from outside the cluster", name(o.Object), strings.Join(o.Detail, ""))
			}
			return ""
		}, "ask for the Service of the ingress controller or load balancer instead"),
	},
	{
		Code: "NPD708", Severity: Error,
		Title: "the pod has run to its end",
		Doc: `The pod is Succeeded or Failed. It no longer holds its address, which may belong to another pod
by now.

Fix: ask for a running pod, or for the workload.`,
		Run: func(p *Pass) {
			message := func(o ends.Obstacle) string {
				return fmt.Sprintf("%s has run to its end (%s)", o.Object, strings.Join(o.Detail, ""))
			}
			obstacles(func(o ends.Obstacle) string {
				if o.Kind == ends.PodFinished {
					return message(o)
				}
				return ""
			}, "ask for a running pod, or for the workload")(p)
			for _, pod := range p.Source.Pods {
				if pod.Finished() {
					p.report(Finding{Object: pod.Ref(), Origin: pod.Origin, Cause: true, Message: message(ends.Obstacle{Object: pod.Ref(), Detail: []string{string(pod.Phase)}}), Advice: "ask for a running pod, or for the workload"})
				}
			}
		},
	},
	{
		Code: "NPD709", Severity: Warning,
		Title: "the endpoints of the Service could not be read",
		Doc: `The EndpointSlices of the Service could not be read, so its selector stands for them. Which pods
really get its traffic is not known.

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
		Doc: `NetworkPolicies are enforced by the network plugin. What was seen of this cluster's plugin does
not enforce them, so policies say one thing and the network does another. What they deny is then
Unclear. Where --network-plugin none says that nothing enforces them, it works, until the day that
something does.

Verify: a connection that policies deny must fail. Objects are evidence, only a test is proof.

Fix: install a network plugin that enforces policies. Changing the policies changes nothing.`,
		Run: func(p *Pass) {
			if p.Plugin.Enforces != policy.No || len(p.Involved()) == 0 {
				return
			}
			message := "policies apply to this connection, but nothing seems to enforce them"
			if p.Plugin.Declared {
				message = "policies apply to this connection, but nothing enforces them; once a network plugin does, it is as they say"
			}
			denied := len(p.Causes) > 0 || slices.ContainsFunc(p.DNS, func(l Lookup) bool { return len(l.Causes) > 0 })
			p.report(Finding{
				Object:   cluster.Ref{Kind: "NetworkPlugin", Name: p.Plugin.Name},
				Message:  message,
				Cause:    denied,
				Voids:    denied,
				Evidence: map[string]string{"plugin": p.Plugin.Name, "evidence": strings.Join(p.Plugin.Evidence, ", ")},
				Advice:   "test a connection that policies deny; install a network plugin that enforces policies",
			})
		},
	},
	{
		Code: "NPD712", Severity: Info,
		Title:    "requests are also judged by a mesh",
		Symptoms: []string{"RBAC: access denied", "403"},
		Doc: `Authorization policies of a service mesh apply in a namespace of this connection. They decide on
requests, after the connection is made: a denial there is an HTTP 403 or a reset, not a
timeout. The verdict here is on the connection alone.

Fix: nothing, unless requests are refused; then look at the mesh's policies, not at these.`,
		Run: func(p *Pass) {
			for _, f := range p.Snapshot.Foreign {
				if k := policy.LayerKindOf(f.APIVersion, f.Kind); k != nil && k.L7 && p.touches(f.Namespace) {
					p.report(Finding{Object: f.Ref, Origin: f.Origin, Message: fmt.Sprintf("%s also decides on requests in namespace %s; the verdict here is on the connection alone", f.Ref, f.Namespace)})
				}
			}
		},
	},
	{
		Code: "NPD713", Severity: Warning,
		Title: "a workload's pods differ from its template",
		Doc: `The labels of running pods differ from those of their workload's template, other than in what
controllers stamp, and a policy selects by such a label. Policies judge the pods, so the answer
changes when they are replaced.

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
								Advice:   "roll the workload out, or put the label into the template",
							})
						}
					}
				}
			}
		},
	},
	{
		Code: "NPD714", Severity: Error,
		Title: "the two ends have no address family in common",
		Doc: `One end has only IPv4 addresses and the other only IPv6, so no packet can be sent between them.
No policy is to blame.

Fix: give both ends an address of the same family, or dial an address that the source can reach.`,
		Run: obstacles(func(o ends.Obstacle) string {
			if o.Kind == ends.NoCommonFamily {
				return fmt.Sprintf("%s and %s have no address family in common", strings.Join(o.Detail, ""), o.Object)
			}
			return ""
		}, "give both ends an address of the same family"),
	},
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
