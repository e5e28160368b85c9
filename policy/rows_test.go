package policy_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
)

// A row of workloads or of namespaces is the union over every pair of their pods, and partial exactly where
// two of these pairs, or the two families of one, are not treated alike.
func TestRowsAreUnionsOfPods(t *testing.T) {
	t.Parallel()
	partial, whole := 0, 0
	for seed := range uint64(worlds) {
		m := maker{dice: seeded(seed), open: seed%2 == 0}
		w := m.world()
		set := w.set()
		if seed%3 == 0 {
			set = w.crowded(m.dice)
		}
		sets, s := flows.Compile(set), set.Snapshot()
		for _, by := range []flows.By{flows.ByWorkload, flows.ByNamespace} {
			want := unions(sets, s, by)
			if err := sets.Rows(flows.Wanted{By: by, Denied: true}, func(r flows.Row) error {
				if r.Source.CIDR.IsValid() || r.Destination.CIDR.IsValid() {
					return nil
				}
				key := [2]cluster.Ref{r.Source.Ref, r.Destination.Ref}
				u := want[key]
				delete(want, key)
				if u == nil || !u.must.Equal(r.Must) || !u.may.Equal(r.May) || u.partial != r.Partial {
					t.Fatalf("seed %d by %s: %v to %v: may %v, must %v, partial %t; the pods say %+v", seed, by, r.Source.Ref, r.Destination.Ref, r.May, r.Must, r.Partial, u)
				}
				if r.Partial {
					partial++
				} else {
					whole++
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if len(want) > 0 {
				t.Fatalf("seed %d by %s: %d pairs without a row", seed, by, len(want))
			}
		}
	}
	if partial == 0 || whole == 0 {
		t.Errorf("%d rows are partial and %d are not", partial, whole)
	}
}

type joined struct {
	must, may flows.PortSet
	partial   bool
}

// unions asks about every pair of pods.
func unions(sets *flows.Sets, s *cluster.Snapshot, by flows.By) map[[2]cluster.Ref]*joined {
	out := map[[2]cluster.Ref]*joined{}
	for _, from := range s.AllNamespaces() {
		for _, a := range s.Subjects(from.Name) {
			for _, to := range s.AllNamespaces() {
				for _, b := range s.Subjects(to.Name) {
					if a == b && !a.Template {
						continue
					}
					answer, differs := sets.Any(sets.ClassOf(a), sets.ClassOf(b), flows.NearOf(a, b))
					key := [2]cluster.Ref{unitOf(s, a, by), unitOf(s, b, by)}
					u := out[key]
					if u == nil {
						out[key] = &joined{answer.Must, answer.May, differs}
						continue
					}
					u.partial = u.partial || differs || !u.must.Equal(answer.Must) || !u.may.Equal(answer.May)
					u.must, u.may = u.must.Or(answer.Must), u.may.Or(answer.May)
				}
			}
		}
	}
	return out
}

func unitOf(s *cluster.Snapshot, p *cluster.Pod, by flows.By) cluster.Ref {
	if by == flows.ByNamespace {
		return cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: p.Namespace}
	}
	if p.Template {
		return p.Owner
	}
	if w := s.WorkloadOf(p); w != nil {
		return w.Ref
	}
	return p.Ref()
}
