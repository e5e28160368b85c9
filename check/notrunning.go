package check

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

// notRunning is the finding about a destination of which nothing runs, NPD728.
var notRunning = []Check{
	{
		Code: "NPD728", Severity: Error,
		Title:    "no pod of the destination is running",
		Symptoms: []string{"FailedScheduling", "ContainerCreating"},
		Doc: `The destination is a workload that is scaled to zero, or all of its pods are Pending and have no
address yet. Nothing can connect to it. The policy verdict is shown as well. Pods in manifests,
which have no status, count as running.

What you see: kubectl get pods shows no pod, or Pending or ContainerCreating. An address that a pod
had before times out, or belongs to another pod by now.

Verify: kubectl get pods -n NAMESPACE -o wide shows no pod of it with an address.

Fix: start pods (kubectl scale), or find out why they do not start (kubectl describe pod). No policy
causes this.`,
		Run: func(p *Pass) {
			for _, a := range p.Answers {
				if f, ok := p.standsStill(a.Route.Backends); ok {
					p.report(f)
				}
			}
		},
	},
}

// standsStill makes the finding about backends of which not one runs. Some must be there: of none
// at all others speak.
func (p *Pass) standsStill(backends []ends.Backend) (Finding, bool) {
	waiting := 0
	for _, b := range backends {
		switch {
		case b.End.Pod == nil:
			return Finding{}, false
		case unaddressed(b.End.Pod):
			waiting++
		case !p.scaledToZero(b.End.Pod):
			return Finding{}, false
		}
	}
	if len(backends) == 0 {
		return Finding{}, false
	}
	first := backends[0].End
	f := Finding{Object: p.owner(first), Cause: true}
	switch {
	case waiting == 0:
		f.Message = fmt.Sprintf("%s is scaled to zero: there is no pod to connect to", f.Object)
		f.Advice = fmt.Sprintf("start pods: kubectl scale %s/%s -n %s --replicas=1", strings.ToLower(f.Object.Kind), f.Object.Name, f.Object.Namespace)
	case len(backends) == 1:
		f.Message = fmt.Sprintf("%s is Pending and has no address yet: nothing can connect to it", first.Ref())
		f.Advice = fmt.Sprintf("find out why it does not start: kubectl describe pod %s -n %s", first.Pod.Name, first.Pod.Namespace)
	default:
		f.Message = fmt.Sprintf("none of the %d pods has an address; those that exist, such as %s, are Pending", len(backends), p.Name(first))
		f.Advice = fmt.Sprintf("find out why they do not start: kubectl describe pod -n %s", first.Pod.Namespace)
	}
	return f, true
}

// unaddressed tells whether a pod was accepted and nothing has given it an address yet.
// Source: core/v1 PodStatus.Phase, PodStatus.PodIPs.
func unaddressed(pod *cluster.Pod) bool {
	return !pod.Template && pod.Phase == corev1.PodPending && len(pod.IPs) == 0
}

// scaledToZero tells whether a pod is the template of a workload that has no replicas.
func (p *Pass) scaledToZero(pod *cluster.Pod) bool {
	w := p.Snapshot.WorkloadOf(pod)
	return pod.Template && w != nil && w.Replicas == 0
}
