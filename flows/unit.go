package flows

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// By is what the ends of rows are.
type By string

// The ways to put pods together.
const (
	ByWorkload  By = "workload"
	ByPod       By = "pod"
	ByNamespace By = "namespace"
)

// ByNamed finds one of them.
func ByNamed(name string) (By, error) {
	for _, by := range []By{ByWorkload, ByPod, ByNamespace} {
		if name == string(by) {
			return by, nil
		}
	}
	return "", fmt.Errorf("--by %q is not known; there is %s, %s and %s", name, ByWorkload, ByPod, ByNamespace)
}

// End is one end of a row: an object of the cluster, or addresses outside.
type End struct {
	Ref  cluster.Ref
	CIDR netip.Prefix // valid for addresses outside
}

// Compare orders ends: objects by namespace, kind and name, then addresses.
func (e End) Compare(o End) int {
	if e.CIDR.IsValid() != o.CIDR.IsValid() {
		if o.CIDR.IsValid() {
			return -1
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(e.Ref.Namespace, o.Ref.Namespace), cmp.Compare(e.Ref.Kind, o.Ref.Kind), cmp.Compare(e.Ref.Name, o.Ref.Name),
		comparePrefix(e.CIDR, o.CIDR),
	)
}

func comparePrefix(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// unit is the pods that one end of a row stands for, by class.
type unit struct {
	End
	number int
	parts  []unitPart
}

type unitPart struct {
	class *Class
	pods  []*cluster.Pod
}

// units puts pods together. Pods of no workload that was read are units by themselves.
func (s *Sets) units(by By) []*unit {
	snapshot := s.set.Snapshot()
	index := map[cluster.Ref]*unit{}
	var out []*unit
	for _, c := range s.Classes {
		for _, p := range c.Pods {
			ref := refOf(snapshot, p, by)
			u := index[ref]
			if u == nil {
				u = &unit{End: End{Ref: ref}}
				index[ref] = u
				out = append(out, u)
			}
			u.add(c, p)
		}
	}
	slices.SortFunc(out, func(a, b *unit) int { return a.Compare(b.End) })
	for i, u := range out {
		u.number = i
	}
	return out
}

func (u *unit) add(c *Class, p *cluster.Pod) {
	if n := len(u.parts); n > 0 && u.parts[n-1].class == c {
		u.parts[n-1].pods = append(u.parts[n-1].pods, p)
		return
	}
	u.parts = append(u.parts, unitPart{c, []*cluster.Pod{p}})
}

// EndOf returns the end that a pod is part of.
func EndOf(s *cluster.Snapshot, p *cluster.Pod, by By) End { return End{Ref: refOf(s, p, by)} }

func refOf(s *cluster.Snapshot, p *cluster.Pod, by By) cluster.Ref {
	switch by {
	case ByNamespace:
		return cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: p.Namespace}
	case ByWorkload:
		if p.Template {
			return p.Owner
		}
		if w := s.WorkloadOf(p); w != nil {
			return w.Ref
		}
	}
	return p.Ref()
}

// pods counts the pods of a unit; a template counts as one.
func (u *unit) pods() int {
	n := 0
	for _, p := range u.parts {
		n += len(p.pods)
	}
	return n
}
