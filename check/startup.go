package check

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// startUp is the finding about pods that connect as soon as they start, NPD727.
var startUp = []Check{
	{
		Code: "NPD727", Severity: Info,
		Title:    "pods of the Job failed, perhaps before its rules were in force",
		Symptoms: []string{"fails in the first seconds, then works", "the Job fails once and works when it is repeated"},
		Doc: `The source is a Job that is isolated for egress and allowed to connect, and some of its pods have
failed. The pods of Jobs are always new. A network plugin may isolate a new pod before the rules
that allow something are in force, or drop the answers to what was sent before. What objects and
network show a moment later proves nothing. Policies do not show why a pod failed; its log does.

What you see: the first connection times out and works a second later. Jobs fail, long-running pods
do not.

Verify: kubectl logs POD -n NAMESPACE for a failed pod. Let the Job's container wait a few seconds
before it connects: if that helps, this was the cause.

Fix: let the application try again, or wait in an init container until the destination answers. Some
plugins can keep new pods from starting until their rules are in force. No policy causes this.`,
		Run: func(p *Pass) {
			w := p.Source.Workload
			if w == nil || !slices.Contains([]string{"Job", "CronJob"}, w.Kind) {
				return
			}
			failed := func(pod *cluster.Pod) bool { return pod.Phase == corev1.PodFailed && p.Snapshot.Owns(w, pod) }
			i := slices.IndexFunc(p.Snapshot.PodsIn(w.Namespace), failed)
			if i < 0 {
				return
			}
			for _, d := range p.decisions() {
				if d.Egress.Isolated == policy.Yes && d.Verdict == policy.Allowed {
					p.report(Finding{
						Object: w.Ref, Origin: w.Origin, Evidence: map[string]string{"failed": p.Snapshot.PodsIn(w.Namespace)[i].Name},
						Message: fmt.Sprintf("pods of %s have failed, such as %s, although policies allow the connection: in a pod's first seconds its rules may not be in force yet", w.Ref, p.Snapshot.PodsIn(w.Namespace)[i].Name),
						Advice:  "read the log of the failed pod; if only its first seconds fail, let the Job try again or wait before it connects",
					})
				}
			}
		},
	},
}
