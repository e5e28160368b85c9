package cluster_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

func TestLabels(t *testing.T) {
	t.Parallel()
	known := map[string]string{"app": "web", "empty": ""}
	for _, row := range []struct {
		open     cluster.Openness
		key      string
		value    string
		presence cluster.Presence
	}{
		{cluster.Closed, "app", "web", cluster.Present},
		{cluster.Closed, "empty", "", cluster.Present},
		{cluster.Closed, "tier", "", cluster.Absent},
		{cluster.Closed, "pod-template-hash", "", cluster.Absent},
		{cluster.ControllerKeys, "app", "web", cluster.Present},
		{cluster.ControllerKeys, "tier", "", cluster.Absent},
		{cluster.ControllerKeys, "pod-template-hash", "", cluster.MaybePresent},
		{cluster.ControllerKeys, "apps.kubernetes.io/pod-index", "", cluster.MaybePresent},
		{cluster.ControllerKeys, "job-name", "", cluster.MaybePresent},
		{cluster.AllKeys, "app", "web", cluster.Present},
		{cluster.AllKeys, "tier", "", cluster.MaybePresent},
	} {
		value, presence := cluster.Labels{Known: known, Open: row.open}.Get(row.key)
		if value != row.value || presence != row.presence {
			t.Errorf("%v %s: %q, %v; want %q, %v", row.open, row.key, value, presence, row.value, row.presence)
		}
	}
	if _, presence := (cluster.Labels{}).Get("app"); presence != cluster.Absent {
		t.Error("the zero value is a known, empty set")
	}
}

// TestStamped: which labels are there for certain on the pods of a workload, whatever their value.
func TestStamped(t *testing.T) {
	t.Parallel()
	const (
		template = `template: {metadata: {labels: {app: x}}}`
		manual   = `manualSelector: true, ` + template
	)
	for _, row := range []struct {
		kind, spec, key string
		want            bool
	}{
		{"Deployment", template, "pod-template-hash", true},
		{"Deployment", template, "controller-revision-hash", false},
		{"Deployment", template, "app", false},
		{"Deployment", `template: {metadata: {labels: {pod-template-hash: h}}}`, "pod-template-hash", false},
		{"ReplicaSet", template, "pod-template-hash", false},
		{"DaemonSet", template, "controller-revision-hash", true},
		{"StatefulSet", template, "statefulset.kubernetes.io/pod-name", true},
		{"StatefulSet", template, "apps.kubernetes.io/pod-index", false}, // since 1.28
		{"Job", template, "job-name", true},
		{"Job", template, "batch.kubernetes.io/controller-uid", true},
		{"Job", template, "batch.kubernetes.io/job-completion-index", false},
		{"Job", manual, "job-name", false},
		{"CronJob", `jobTemplate: {spec: {` + template + `}}`, "job-name", true},
		{"CronJob", `jobTemplate: {spec: {` + manual + `}}`, "job-name", false},
	} {
		w := ofKind(t, row.kind, `{metadata: {namespace: ns, name: w}, spec: {`+row.spec+`}}`)
		if got := w.Template.Labels.Stamped(row.key); got != row.want {
			t.Errorf("%s {%s} %s: %v", row.kind, row.spec, row.key, got)
		}
	}
}

// Kubernetes.io/metadata.name is always the name, and of a namespace that was not read it is
// all that is certain.
func TestNamespaceLabels(t *testing.T) {
	t.Parallel()
	lying := cluster.NewNamespace(read[corev1.Namespace](t, `{metadata: {name: a, labels: {kubernetes.io/metadata.name: b, team: red}}}`), cluster.Origin{})
	bare := cluster.NewNamespace(read[corev1.Namespace](t, `{metadata: {name: a}}`), cluster.Origin{})
	for _, row := range []struct {
		n        *cluster.Namespace
		key      string
		value    string
		presence cluster.Presence
	}{
		{lying, cluster.MetadataName, "a", cluster.Present},
		{lying, "team", "red", cluster.Present},
		{bare, cluster.MetadataName, "a", cluster.Present},
		{bare, "team", "", cluster.Absent},
		{cluster.UnknownNamespace("a"), cluster.MetadataName, "a", cluster.Present},
		{cluster.UnknownNamespace("a"), "team", "", cluster.MaybePresent},
	} {
		if value, presence := row.n.Labels.Get(row.key); value != row.value || presence != row.presence {
			t.Errorf("%v %s: %q, %v; want %q, %v", row.n.Labels, row.key, value, presence, row.value, row.presence)
		}
	}
}
