package snapshot

import (
	"fmt"
	"io"
	"slices"
	"time"

	yaml "go.yaml.in/yaml/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Taken is what was read to be written.
type Taken struct {
	Snapshot *cluster.Snapshot
	// Wide are the gaps of reading all namespaces at once, where each was read for itself after
	// that.
	Wide []cluster.Gap
	// All namespaces were asked for at once. Namespaces are those that were asked for one by one.
	All        bool
	Namespaces []string
	Observed   time.Time // when the cluster was read; zero where that is not known
	Plugin     policy.Plugin
	Redaction  *Redaction // nil: names stay
}

// Write writes what was taken as YAML documents: a cluster.Saved, then the objects. The same input
// gives the same bytes.
func Write(w io.Writer, t Taken) error {
	all, err := objects(t.Snapshot)
	if err != nil {
		return err
	}
	saved, err := runtime.DefaultUnstructuredConverter.ToUnstructured(t.saved())
	if err != nil {
		return fmt.Errorf("writing what the snapshot is of: %w", err)
	}
	all = slices.Insert(all, 0, tidy(saved).(object))
	if t.Redaction != nil {
		if err := t.Redaction.rename(all); err != nil {
			return err
		}
	}
	for i, o := range all {
		text, err := yaml.Marshal(o)
		if err != nil {
			return fmt.Errorf("writing object %d of the snapshot: %w", i, err)
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := w.Write(text); err != nil {
			return fmt.Errorf("writing the snapshot: %w", err)
		}
	}
	return nil
}

// saved says what the snapshot is of.
func (t *Taken) saved() *cluster.Saved {
	s := t.Snapshot
	out := &cluster.Saved{
		TypeMeta:   metav1.TypeMeta{APIVersion: cluster.SavedAPIVersion, Kind: cluster.SavedKind},
		ObjectMeta: metav1.ObjectMeta{Name: "snapshot"},
		Spec: cluster.SavedSpec{
			Source:        cluster.SavedCluster,
			AllNamespaces: t.All,
			Complete: cluster.SavedRead{
				AllNamespaces:    s.Read.All,
				NamespaceObjects: s.Read.NamespaceObjects,
				Nodes:            s.Read.Nodes,
				Rights:           sorted(s.Read.Rights),
			},
			Mentioned:  sorted(slices.DeleteFunc(slices.Clone(s.Mentioned), s.HasNamespace)),
			Controlled: s.Controlled,
			Redacted:   t.Redaction != nil,
			Gaps:       t.gaps(),
		},
	}
	if s.FromFiles {
		out.Spec.Source = cluster.SavedFiles
	}
	if !t.Observed.IsZero() {
		at := metav1.NewTime(t.Observed.UTC().Truncate(time.Second))
		out.Spec.ObservedAt = &at
	}
	out.Spec.Namespaces = sorted(t.Namespaces)
	if !s.Read.All {
		out.Spec.Complete.Namespaces = sorted(s.Read.Namespaces)
	}
	for key := range s.Derived {
		out.Spec.Derived = append(out.Spec.Derived, cluster.SavedName{Namespace: key[0], Name: key[1]})
	}
	slices.SortFunc(out.Spec.Derived, func(a, b cluster.SavedName) int {
		return cluster.Ref{Namespace: a.Namespace, Name: a.Name}.Compare(cluster.Ref{Namespace: b.Namespace, Name: b.Name})
	})
	if p := t.Plugin; p.Declared || len(p.Evidence) > 0 {
		out.Spec.NetworkPlugin = &cluster.SavedPlugin{Name: p.Name, Declared: p.Declared, Evidence: p.Evidence}
	}
	return out
}

// gaps lists what could not be read. Of files, what is not among them follows from what is; only
// templates do not.
func (t *Taken) gaps() []cluster.SavedGap {
	var all []cluster.SavedGap
	add := func(g cluster.Gap, wide bool) {
		if t.Snapshot.FromFiles && g.Reason == cluster.NotProvided {
			return
		}
		all = append(all, cluster.SavedGap{Resource: g.Resource, Namespace: g.Namespace, Name: g.Name, Reason: g.Reason, Detail: g.Detail, Wide: wide})
	}
	for _, g := range t.Snapshot.Gaps {
		add(g, false)
	}
	for _, g := range t.Wide {
		if !slices.Contains(t.Snapshot.Gaps, g) {
			add(g, true)
		}
	}
	return all
}

func sorted(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return slices.Compact(out)
}
