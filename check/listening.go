package check

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

// listening are the findings about whether anything listens where a connection arrives, NPD307 and
// NPD308. Only a test can tell; objects give hints.
var listening = []Check{
	{
		Code: "NPD307", Severity: Info,
		Title:    "the Service sends traffic to a port that no container declares",
		Symptoms: []string{"502", "connection refused"},
		Doc: `The targetPort of the Service is a number that no container of the pods behind it declares; they
declare other ports. Containers do not have to declare the ports they listen on, so this may be
right. Often it is a mistake, or the application moved to another port. It is said as the cause
where policies deny that port, no rule lets anybody in there, and they allow one that the pods do
declare.

What you see: if it is wrong, connection refused at once, from everywhere, including from inside the
pod; or a timeout, where policies deny that port. An application that listens on 127.0.0.1 only
looks the same from outside, but answers inside the pod.

Verify: in the pod (kubectl exec, or kubectl debug with an image that has the tools), connect to
127.0.0.1 and to the pod's own address on that port. If both are refused, nothing listens there. If
only the pod's address is refused, the application listens on the loopback address only.

Fix: set targetPort to the port that the application listens on, or make the application listen on
all addresses. No policy causes this. If the application does listen on that port, declare it, and
allow it in the rules.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.TargetPort}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("Service %s sends its port %d to port %v/%s, which no container of %s declares and no rule allows; at %v, which it declares, policies allow the connection", name(e.Object), c.Flow.Dialled.Port, e.From, c.Flow.Protocol, p.Name(c.Flow.Destination), e.To),
					map[string]string{"targetPort": fmt.Sprint(e.From), "declared": fmt.Sprint(e.To)})
			})
			for i := range p.Answers {
				r := &p.Answers[i].Route
				if r.Service == nil || r.Service.Headless || p.edits(r.Service.Ref()) {
					continue
				}
				for _, b := range slices.Concat(r.Backends, r.Unready) {
					if number, undeclared := undeclared(b, r); undeclared {
						p.report(Finding{
							Object: r.Service.Ref(), Field: "spec.ports", Origin: r.Service.Origin,
							Message:  fmt.Sprintf("Service %s sends traffic to port %d/%s, which no container of %s declares; declared: %s", name(r.Service.Ref()), number, r.Protocol, p.Name(b.End), declaredPorts(b.End.Pod)),
							Evidence: map[string]string{"targetPort": fmt.Sprint(number)},
							Advice:   fmt.Sprintf("if connections are refused, test inside the pod whether anything listens on 127.0.0.1:%d or on the pod's own address", number),
						})
					}
				}
			}
		},
	},
	{
		Code: "NPD308", Severity: Warning,
		Title:    "the application is configured to listen on the loopback address only",
		Symptoms: []string{"kubectl port-forward works, clients do not get through", "connection refused"},
		Doc: `A flag or environment variable of the container, for example --metrics-bind-address, tells it to
listen on 127.0.0.1 at the port where the connection arrives. Nothing outside the pod can connect to
that. It is intended where a proxy in the same pod, such as kube-rbac-proxy or a mesh sidecar,
passes the traffic on. The policy verdict stands, but the answer is Unclear: only a test can tell.

What you see: connection refused at once, except from inside the pod. kubectl port-forward works,
because it connects inside the pod, so it proves nothing here.

Verify: inside the pod, connect to 127.0.0.1 and to the pod's own address on that port. If only the
pod's address is refused, the application listens on the loopback address only.

Fix: where a proxy in the same pod is meant to be used, connect to its port. Otherwise make the
application listen on all addresses (0.0.0.0 or [::]), which lets everybody in whom policies let in.
No policy causes this.`,
		Run: func(p *Pass) {
			for i := range p.Answers {
				r := &p.Answers[i].Route
				for _, b := range slices.Concat(r.Backends, r.Unready) {
					if r.Protocol == corev1.ProtocolTCP && b.End.Pod != nil && slices.Contains(p.loopback(b.End.Pod), b.Port) {
						p.report(Finding{
							Object: p.owner(b.End), Doubt: true,
							Message:  fmt.Sprintf("%s seems to be configured to listen on 127.0.0.1:%d only, which nothing outside the pod could reach", p.Name(b.End), b.Port),
							Evidence: map[string]string{"port": fmt.Sprint(b.Port)},
							Advice:   fmt.Sprintf("test inside the pod whether its own address answers on port %d (probe --probe-destination does); if not, see whether a proxy in the pod is meant to be used, on a port of its own, before you make the application listen on all addresses", b.Port),
						})
					}
				}
			}
		},
	},
}

// loopback returns the ports on which a pod is told to listen at the loopback alone.
func (p *Pass) loopback(pod *cluster.Pod) []int32 {
	if pod.Declared != nil {
		return pod.Declared.Loopback
	}
	if w := p.Snapshot.WorkloadOf(pod); w != nil && w.Template.Declared != nil {
		return w.Template.Declared.Loopback
	}
	return nil
}

// undeclared returns the port of a backend where its pod declares ports and not that one. A pod
// that a Service finds by a name has declared it.
func undeclared(b ends.Backend, r *ends.Route) (int32, bool) {
	if b.End.Pod == nil || len(b.End.Pod.Ports) == 0 {
		return 0, false
	}
	byNumber := slices.ContainsFunc(r.Service.Ports, func(sp corev1.ServicePort) bool {
		return sp.Port == r.Port && sp.Protocol == r.Protocol && sp.TargetPort.Type == intstr.Int
	})
	declares := slices.ContainsFunc(b.End.Pod.Ports, func(c cluster.ContainerPort) bool { return c.Number == b.Port && c.Protocol == r.Protocol })
	return b.Port, byNumber && !declares
}

func declaredPorts(p *cluster.Pod) string {
	var out []string
	for _, c := range p.Ports {
		if text := fmt.Sprintf("%d/%s", c.Number, c.Protocol); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}
