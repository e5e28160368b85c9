package cluster_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

func ofKind(t *testing.T, kind, text string) *cluster.Workload {
	t.Helper()
	var object any
	switch kind {
	case "Deployment":
		object = read[appsv1.Deployment](t, text)
	case "StatefulSet":
		object = read[appsv1.StatefulSet](t, text)
	case "DaemonSet":
		object = read[appsv1.DaemonSet](t, text)
	case "ReplicaSet":
		object = read[appsv1.ReplicaSet](t, text)
	case "Job":
		object = read[batchv1.Job](t, text)
	case "CronJob":
		object = read[batchv1.CronJob](t, text)
	}
	return cluster.NewWorkload(object, cluster.Origin{})
}

func TestNewWorkload(t *testing.T) {
	t.Parallel()
	const template = `template: {metadata: {labels: {app: x}}, spec: {hostNetwork: true, containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}}`
	for _, row := range []struct{ kind, spec, want string }{
		{"Deployment", `{replicas: 3, ` + template + `}`, "apps/v1 ns/w (Deployment) 3"},
		{"Deployment", `{` + template + `}`, "apps/v1 ns/w (Deployment) 1"},
		{"Deployment", `{replicas: 0, ` + template + `}`, "apps/v1 ns/w (Deployment) 0"},
		{"StatefulSet", `{replicas: 2, ` + template + `}`, "apps/v1 ns/w (StatefulSet) 2"},
		{"ReplicaSet", `{replicas: 2, ` + template + `}`, "apps/v1 ns/w (ReplicaSet) 2"},
		{"DaemonSet", `{` + template + `}`, "apps/v1 ns/w (DaemonSet) 1"},
		{"Job", `{` + template + `}`, "batch/v1 ns/w (Job) 1"},
		{"CronJob", `{jobTemplate: {spec: {` + template + `}}}`, "batch/v1 ns/w (CronJob) 1"},
	} {
		w := ofKind(t, row.kind, `{metadata: {namespace: ns, name: w}, spec: `+row.spec+`}`)
		if got := show(w.APIVersion, w.Ref, w.Replicas); got != row.want {
			t.Errorf("%s: %s, want %s", row.kind, got, row.want)
		}
		p := w.Template
		if got, want := show(p.Ref(), p.Template, p.HostNetwork, p.Labels.Known, p.Labels.Open, ports(p), p.IPs, p.Namespace), "ns/w ("+row.kind+") true true map[app:x] 1 http 80/TCP,  [] ns"; got != want {
			t.Errorf("%s: template %s, want %s", row.kind, got, want)
		}
	}
	if cluster.NewWorkload(&corev1.Pod{}, cluster.Origin{}) != nil {
		t.Error("a Pod has no template")
	}
}

// A pod belongs to a workload directly, through what stands between them, or by the names that
// controllers give.
func TestOwns(t *testing.T) {
	t.Parallel()
	deployment, cron := ofKind(t, "Deployment", `{metadata: {namespace: ns, name: web}}`), ofKind(t, "CronJob", `{metadata: {namespace: ns, name: tick}}`)
	rs := ofKind(t, "ReplicaSet", `{metadata: {namespace: ns, name: odd, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]}}`)
	foreign := ofKind(t, "ReplicaSet", `{metadata: {namespace: ns, name: web-abc, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: other, uid: u, controller: true}]}}`)
	pod := func(namespace, owner, name, hash string) *cluster.Pod {
		return &cluster.Pod{Namespace: namespace, Labels: cluster.Labels{Known: map[string]string{"pod-template-hash": hash}}, Owner: cluster.Ref{Kind: owner, Namespace: namespace, Name: name}}
	}
	read := (&cluster.Snapshot{Workloads: []*cluster.Workload{deployment, cron, rs, foreign}}).Seal()
	unread := (&cluster.Snapshot{Workloads: []*cluster.Workload{deployment, cron}}).Seal()
	for _, row := range []struct {
		name string
		s    *cluster.Snapshot
		w    *cluster.Workload
		p    *cluster.Pod
		want bool
	}{
		{"directly", read, rs, pod("ns", "ReplicaSet", "odd", "x"), true},
		{"through a ReplicaSet that was read, whatever its name", read, deployment, pod("ns", "ReplicaSet", "odd", "x"), true},
		{"through one that is another's, whatever its name", read, deployment, pod("ns", "ReplicaSet", "web-abc", "abc"), false},
		{"through one that was not read, by its name", unread, deployment, pod("ns", "ReplicaSet", "web-abc", "abc"), true},
		{"by a name that does not fit the hash", unread, deployment, pod("ns", "ReplicaSet", "web-abc", "abd"), false},
		{"by the name of another Deployment", unread, deployment, pod("ns", "ReplicaSet", "web-api-abc", "abc"), false},
		{"without a hash", unread, deployment, pod("ns", "ReplicaSet", "web-", ""), false},
		{"in another namespace", unread, deployment, pod("m", "ReplicaSet", "web-abc", "abc"), false},
		{"a Job of a CronJob", unread, cron, pod("ns", "Job", "tick-29000000", ""), true},
		{"a Job that was made by hand", unread, cron, pod("ns", "Job", "tick-manual", ""), false},
		{"a Job of another CronJob", unread, cron, pod("ns", "Job", "tick-tock-29000000", ""), false},
		{"nobody's", unread, deployment, &cluster.Pod{Namespace: "ns"}, false},
	} {
		if got := row.s.Owns(row.w, row.p); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

func TestWorkloadOf(t *testing.T) {
	t.Parallel()
	s := (&cluster.Snapshot{Workloads: []*cluster.Workload{
		ofKind(t, "Deployment", `{metadata: {namespace: ns, name: web}}`),
		ofKind(t, "ReplicaSet", `{metadata: {namespace: ns, name: web-1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]}}`),
		ofKind(t, "ReplicaSet", `{metadata: {namespace: ns, name: roll-1, ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: roll, uid: u, controller: true}]}}`),
		// Owners in a circle: no controller makes that, a manifest can say it.
		ofKind(t, "ReplicaSet", `{metadata: {namespace: ns, name: round, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: round, uid: u, controller: true}]}}`),
	}}).Seal()
	for name, want := range map[string]string{"web-1": "ns/web (Deployment)", "roll-1": "ns/roll-1 (ReplicaSet)", "round": "ns/round (ReplicaSet)", "gone": "none"} {
		got := "none"
		if w := s.WorkloadOf(&cluster.Pod{Namespace: "ns", Owner: cluster.Ref{Kind: "ReplicaSet", Namespace: "ns", Name: name}}); w != nil {
			got = w.Ref.String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
