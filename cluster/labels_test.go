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
