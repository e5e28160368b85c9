package cluster

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

func entry(manager, subresource string, n int, fields string) metav1.ManagedFieldsEntry {
	at := metav1.NewTime(day(n))
	return metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, Subresource: subresource,
		Time: &at, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	written := func(manager string, n int, fields ...string) Write { return Write{manager, "Update", day(n), fields} }
	for _, row := range []struct {
		name    string
		parts   []string
		entries []metav1.ManagedFieldsEntry
		want    []Write
	}{
		{"no managedFields", []string{"spec"}, nil, nil},
		{
			"one level below a part",
			[]string{"spec"},
			[]metav1.ManagedFieldsEntry{entry("edit", "", 2, `{"f:metadata":{"f:annotations":{}},"f:spec":{".":{},"f:podSelector":{"f:matchLabels":{}},"f:ingress":{}}}`)},
			[]Write{written("edit", 2, "spec.ingress", "spec.podSelector")},
		},
		{
			"labels have dots in their keys",
			[]string{"metadata.labels"},
			[]metav1.ManagedFieldsEntry{entry("label", "", 2, `{"f:metadata":{"f:labels":{".":{},"f:a.example/b":{}}}}`)},
			[]Write{written("label", 2, "metadata.labels[a.example/b]")},
		},
		{
			"the part alone",
			[]string{"endpoints", "ports"},
			[]metav1.ManagedFieldsEntry{entry("controller", "", 2, `{"f:endpoints":{},"f:ports":{}}`)},
			[]Write{written("controller", 2, "endpoints", "ports")},
		},
		{
			"other parts and the status are left out",
			[]string{"spec"},
			[]metav1.ManagedFieldsEntry{
				entry("annotate", "", 3, `{"f:metadata":{"f:annotations":{"f:spec":{}}}}`),
				entry("controller", "status", 4, `{"f:spec":{"f:x":{}},"f:status":{}}`),
			},
			nil,
		},
		{"fields that make no sense", []string{"spec"}, []metav1.ManagedFieldsEntry{entry("x", "", 2, `[]`), entry("x", "", 2, `{"f:spec":3}`)}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := NewHistory(&metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(day(1)), ManagedFields: row.entries}, row.parts...)
			if diff := cmp.Diff(row.want, h.Writes()); diff != "" || !h.Created.Equal(day(1)) {
				t.Errorf("created %s, %s", h.Created, diff)
			}
		})
	}
}

func TestHistoryWithoutTimes(t *testing.T) {
	t.Parallel()
	timeless := entry("x", "", 1, `{"f:spec":{"f:a":{}}}`)
	timeless.Time = nil
	h := NewHistory(&metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{timeless, {Manager: "empty"}}}, "spec")
	if !h.Created.IsZero() || len(h.Writes()) > 0 {
		t.Errorf("%+v", h)
	}
}

func TestLastWrite(t *testing.T) {
	t.Parallel()
	h := NewHistory(&metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{
		entry("first", "", 1, `{"f:spec":{"f:template":{}}}`),
		entry("z", "scale", 3, `{"f:spec":{"f:replicas":{}}}`),
		entry("b", "", 2, `{"f:spec":{"f:template":{"f:spec":{}}}}`),
		entry("a", "", 2, `{"f:spec":{"f:template":{"f:spec":{}}}}`),
		entry("controller", "status", 4, `{"f:spec":{"f:template":{"f:spec":{}}}}`),
	}}, "spec.template", "spec.replicas")
	for part, want := range map[string]string{"": "z", "spec.template": "a", "spec.replicas": "z", "spec.temp": "", "status": ""} {
		if got, ok := h.Last(part); got.Manager != want || ok != (want != "") {
			t.Errorf("last write to %q is %q, want %q", part, got.Manager, want)
		}
	}
}

// What a policy is written out as must not hold what only the server may say of it.
func TestPolicyKeepsItsHistoryApart(t *testing.T) {
	t.Parallel()
	np := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{entry("edit", "", 2, `{"f:spec":{"f:ingress":{}}}`)}}}
	p := NewPolicy(np, Origin{})
	if len(p.ManagedFields) > 0 || len(p.History.Writes()) != 1 {
		t.Errorf("managedFields %v, history %v", p.ManagedFields, p.History.Writes())
	}
}
