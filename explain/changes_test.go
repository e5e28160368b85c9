package explain

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// writes is a history in which each manager wrote to the fields so long after noon; the object was
// made at noon.
func writes(parts []string, each ...metav1.ManagedFieldsEntry) cluster.History {
	return cluster.NewHistory(&metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(noon), ManagedFields: each}, parts...)
}

func wrote(manager string, after time.Duration, fields string) metav1.ManagedFieldsEntry {
	at := metav1.NewTime(noon.Add(after))
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: "Update", Time: &at, FieldsV1: metav1.NewFieldsV1(fields)}
}

func TestChangeOfAPodTemplate(t *testing.T) {
	t.Parallel()
	const (
		template = `{"f:spec":{"f:template":{"f:spec":{}}}}`
		replicas = `{"f:spec":{"f:replicas":{}}}`
	)
	set := func(after time.Duration) *cluster.Workload {
		return &cluster.Workload{Ref: cluster.Ref{Kind: "ReplicaSet", Name: "new"}, History: cluster.History{Created: noon.Add(after)}}
	}
	for _, row := range []struct {
		name     string
		replicas int32
		entries  []metav1.ManagedFieldsEntry
		newest   *cluster.Workload
		want     string // when and what; empty: nothing is told
	}{
		{"made and left alone", 1, []metav1.ManagedFieldsEntry{wrote("helm", 0, template)}, set(time.Second), "12:00:00 UTC: w (Deployment), created, by helm"},
		{"written and rolled out", 1, []metav1.ManagedFieldsEntry{wrote("helm", time.Hour, template)}, set(time.Hour + time.Second), "13:00:01 UTC: w (Deployment), new pod template in ReplicaSet new, by helm"},
		{"rolled out by somebody of whom no field is left", 1, []metav1.ManagedFieldsEntry{wrote("helm", 0, template)}, set(time.Hour), "13:00:00 UTC: w (Deployment), new pod template in ReplicaSet new"},
		{"back to an older template", 1, []metav1.ManagedFieldsEntry{wrote("undo", 2*time.Hour, template)}, set(time.Hour), "14:00:00 UTC: w (Deployment), by undo, which owns spec.template.spec"},
		{"ReplicaSets were not read", 1, []metav1.ManagedFieldsEntry{wrote("helm", time.Hour, template)}, nil, "13:00:00 UTC: w (Deployment), by helm, which owns spec.template.spec"},
		{"scaled, but not to zero", 3, []metav1.ManagedFieldsEntry{wrote("helm", 0, template), wrote("hpa", time.Hour, replicas)}, nil, "12:00:00 UTC: w (Deployment), created, by helm"},
		{"scaled to zero", 0, []metav1.ManagedFieldsEntry{wrote("helm", 0, template), wrote("hpa", time.Hour, replicas)}, set(0), "13:00:00 UTC: w (Deployment), by hpa, which owns spec.replicas"},
		{"nobody tells", 1, nil, set(time.Hour), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var c Changes
			w := &cluster.Workload{Ref: cluster.Ref{Kind: "Deployment", Name: "w"}, Replicas: row.replicas, History: writes([]string{"spec.template", "spec.replicas"}, row.entries...)}
			c.addWorkload(w, row.newest)
			got := ""
			for _, line := range c.Lines(9) {
				got += line
			}
			want := row.want
			if want != "" {
				want = "2026-03-01 " + want
			}
			if got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if untold := len(c.Untold) == 1; untold != (row.want == "") {
				t.Errorf("not told by %v", c.Untold)
			}
		})
	}
}

func TestFieldsAreSummarised(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ fields, want []string }{
		{[]string{"spec.egress", "spec.ingress"}, []string{"spec.egress", "spec.ingress"}},
		{[]string{"spec.egress", "spec.ingress", "spec.podSelector"}, []string{"spec"}},
		{[]string{"metadata.labels[a.example/b]", "metadata.labels[c]", "metadata.labels[d]"}, []string{"metadata.labels"}},
		{[]string{"metadata.labels[kubernetes.io/metadata.name]", "metadata.labels[team]"}, []string{"metadata.labels[team]"}},
		{[]string{"metadata.labels[kubernetes.io/metadata.name]"}, []string{"metadata.labels[kubernetes.io/metadata.name]"}},
		{[]string{"spec.replicas", "spec.template.metadata", "spec.template.spec"}, []string{"spec", "spec.template"}},
		{[]string{"endpoints", "ports"}, []string{"endpoints", "ports"}},
	} {
		if diff := cmp.Diff(row.want, summarised(row.fields)); diff != "" {
			t.Errorf("%v: %s", row.fields, diff)
		}
	}
}

func TestWhatDoesNotTellIsNamedOnce(t *testing.T) {
	t.Parallel()
	silent := cluster.History{Created: noon}
	var c Changes
	for _, name := range []string{"a", "b", "c"} {
		c.add(cluster.Ref{Kind: "NetworkPolicy", Namespace: "shop", Name: name}, silent)
	}
	c.add(cluster.Ref{Kind: "NetworkPolicy", Namespace: "shop", Name: "manifest"}, cluster.History{}) // never stored
	if lines := c.Lines(4); len(lines) > 0 {
		t.Errorf("without any change it says %q", lines)
	}
	c.add(cluster.Ref{Kind: "Namespace", Name: "shop"}, writes([]string{"metadata.labels"}, wrote("label", time.Hour, `{"f:metadata":{"f:labels":{"f:team":{}}}}`)))
	want := []string{
		"2026-03-01 13:00:00 UTC: shop (Namespace), by label, which owns metadata.labels[team]",
		"not told by shop/a (NetworkPolicy) and 2 other objects",
	}
	if diff := cmp.Diff(want, c.Lines(4)); diff != "" {
		t.Error(diff)
	}
}

func TestAgesAreNeverNegative(t *testing.T) {
	t.Parallel()
	c := Changes{Observed: noon}
	if got := c.When(Change{At: noon.Add(time.Minute)}); got != "0s ago" {
		t.Errorf("a change after the reading, by another clock, was made %q", got)
	}
}
