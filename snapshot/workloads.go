package snapshot

import (
	"regexp"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// workloadOf makes the API object of a slim workload; for a DaemonSet with what it tells of the
// network.
func workloadOf(s *cluster.Snapshot, w *cluster.Workload, agent *cluster.Agent) any {
	meta := metaOf(w.Namespace, w.Name, w.Labels)
	remember(&meta, w.History)
	ownedBy(&meta, w.Owner)
	kind, template, replicas := typeOf(w.Ref), templateOf(s, w.Template, agent), &w.Replicas
	var manual *bool
	if w.Template.Labels.Sure == nil {
		yes := true
		manual = &yes
	}
	switch w.Kind {
	case "Deployment":
		return &appsv1.Deployment{TypeMeta: kind, ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Replicas: replicas, Selector: w.Selector, Template: template}}
	case "StatefulSet":
		return &appsv1.StatefulSet{TypeMeta: kind, ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: replicas, Selector: w.Selector, Template: template}}
	case "ReplicaSet":
		return &appsv1.ReplicaSet{TypeMeta: kind, ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Replicas: replicas, Selector: w.Selector, Template: template}}
	case "DaemonSet":
		return &appsv1.DaemonSet{TypeMeta: kind, ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{Selector: w.Selector, Template: template}}
	case "Job":
		return &batchv1.Job{TypeMeta: kind, ObjectMeta: meta, Spec: batchv1.JobSpec{Selector: w.Selector, Template: template, ManualSelector: manual}}
	}
	jobs := batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template, ManualSelector: manual}}
	return &batchv1.CronJob{TypeMeta: kind, ObjectMeta: meta, Spec: batchv1.CronJobSpec{JobTemplate: jobs}}
}

// agentOf makes a DaemonSet of what it tells of the network, and nothing else.
func agentOf(s *cluster.Snapshot, a *cluster.Agent) any {
	unknown := &cluster.Pod{
		Labels:      cluster.Labels{Known: map[string]string{agentLabel: "daemonset"}},
		HostNetwork: a.HostNetwork,
		Declared:    &cluster.Declared{},
	}
	return &appsv1.DaemonSet{
		TypeMeta:   typeOf(a.Ref),
		ObjectMeta: metaOf(a.Namespace, a.Name, a.Labels),
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: unknown.Labels.Known},
			Template: templateOf(s, unknown, a),
		},
	}
}

// agentLabel is the label of the pods of a DaemonSet that is there as an agent only: every DaemonSet
// has to select some.
const agentLabel = "netpol-doctor.dev/agent"

// telling is what is read of the arguments of an agent. With arguments may come secrets, so nothing
// else of them is kept.
// They are read by policy.Recognise, by the check of Service addresses and where DNS caches are
// looked for.
var telling = regexp.MustCompile(`--(run-firewall|enable-network-policy|run-service-proxy)=(true|false)|--service-cluster-ip-range=[0-9a-fA-F.:/,]+|-?-localip=[0-9a-fA-F.:,]+`)

// tellingArgs keeps those arguments.
func tellingArgs(args []string) []string {
	var kept []string
	for i, arg := range args {
		kept = append(kept, telling.FindAllString(arg, -1)...)
		if i > 0 && (args[i-1] == "-localip" || args[i-1] == "--localip") {
			kept = append(kept, telling.FindAllString("-localip="+arg, -1)...)
		}
	}
	return kept
}
