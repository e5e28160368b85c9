package policy_test

import (
	"fmt"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
)

// Flows about some pods are those rows of the whole map of which one end has such a pod, each as it is
// there.
func TestFlowsAboutSomePods(t *testing.T) {
	t.Parallel()
	kept, left := 0, 0
	for seed := range uint64(worlds) {
		m := maker{dice: seeded(seed), open: seed%2 == 0}
		set := m.world().crowded(m)
		by := []flows.By{flows.ByWorkload, flows.ByPod, flows.ByNamespace}[seed%3]
		meant := map[*cluster.Pod]bool{}
		ends := map[string]bool{}
		for _, n := range set.Snapshot().AllNamespaces() {
			for _, p := range set.Snapshot().Subjects(n.Name) {
				if m.roll(4) == 0 {
					meant[p] = true
					ends[nameOfEnd(flows.EndOf(set.Snapshot(), p, by))] = true
				}
			}
		}
		// What an Unknown hangs on is told of one end of those that are treated alike, not always of the same.
		text := func(r flows.Row) string {
			return fmt.Sprintln(nameOfEnd(r.Source), nameOfEnd(r.Destination), r.Ports, r.Partial, r.Through, len(r.Facts) > 0)
		}
		var want, got string
		whole, _ := rowsOf(t, flows.Compile(set), by)
		for _, r := range whole {
			if ends[nameOfEnd(r.Source)] || ends[nameOfEnd(r.Destination)] {
				want += text(r)
				kept++
			} else {
				left++
			}
		}
		about, _ := rowsOf(t, flows.CompileAbout(set, by, func(p *cluster.Pod) bool { return meant[p] }), by)
		for _, r := range about {
			got += text(r)
		}
		if want != got {
			t.Fatalf("seed %d by %s, about %v:\nwant\n%s\ngot\n%s\n%s", seed, by, ends, want, got, shown(set))
		}
	}
	if kept < 1000 || left < 1000 {
		t.Errorf("only %d rows were asked for, and %d were not", kept, left)
	}
}
