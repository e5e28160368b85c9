package live

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// workload is a workload and what else has to be known of it while reading.
type workload struct {
	*cluster.Workload
	finished bool           // a Job that has run to its end: its pods have, too
	agent    *cluster.Agent // what a DaemonSet tells about the network
}

func newWorkload[O any](in O, from cluster.Origin) *workload {
	return &workload{Workload: cluster.NewWorkload(in, from)}
}

// newJob also tells whether the Job is over. Source: batch/v1 JobStatus.Conditions.
func newJob(in *batchv1.Job, from cluster.Origin) *workload {
	w := newWorkload(in, from)
	for _, c := range in.Status.Conditions {
		over := c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed
		w.finished = w.finished || over && c.Status == corev1.ConditionTrue
	}
	return w
}

func newDaemonSet(in *appsv1.DaemonSet, from cluster.Origin) *workload {
	w := newWorkload(in, from)
	w.agent = cluster.NewAgent(in, from)
	return w
}

// newPolicy keeps the policy whole, as it would look in a manifest: lists leave the kind out.
func newPolicy(in *networkingv1.NetworkPolicy, from cluster.Origin) *cluster.Policy {
	in.SetGroupVersionKind(networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"))
	return cluster.NewPolicy(in, from)
}

func newSettings(in *corev1.ConfigMap, _ cluster.Origin) map[string]string { return in.Data }
