package flows

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Class is pods that policies cannot tell apart, but for the node they are on.
type Class struct {
	Pods []*cluster.Pod

	number  int
	known   bool            // some address is known
	uses    [stacks]bool    // the families that its addresses are of
	tunnels ends.Tunnels    // the meshes that may carry its traffic
	asked   [3]*policy.Side // by direction: who judges
	rules   [3][]int        // by direction: numbers of the rules that its verdicts can depend on
	sides   [stacks][3]*side
}

// families are the address families; much is kept for each, by its place here.
var families = [...]corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}

const stacks = len(families)

// first stands for the class where it is asked about.
func (c *Class) first() *cluster.Pod { return c.Pods[0] }

// another is a second pod of the class, or nil where there is none. A template stands for any
// number of pods.
func (c *Class) another() *cluster.Pod {
	switch {
	case len(c.Pods) > 1:
		return c.Pods[1]
	case c.first().Template:
		twin := *c.first()
		return &twin
	}
	return nil
}

// may tells whether pods of the class can have an address of a family.
func (c *Class) may(f int) bool { return c.uses[f] || !c.known }

// common lists the families that two classes can talk in. One that has no address yet may get one
// that the other needs.
func common(a, b *Class) []int {
	var out []int
	for f := range families {
		if a.uses[f] && b.uses[f] {
			out = append(out, f)
		}
	}
	if len(out) == 0 && !(a.known && b.known) {
		for f := range families {
			if a.may(f) && b.may(f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// classify groups everything that policies can select. Classes of a namespace come one after the
// other.
func (s *Sets) classify() {
	snapshot := s.set.Snapshot()
	v4, v6 := snapshot.Families()
	index := map[string]*Class{}
	for _, n := range snapshot.AllNamespaces() {
		start := len(s.Classes)
		for _, p := range snapshot.Subjects(n.Name) {
			key := s.set.Class(p)
			c := index[key]
			if c == nil {
				c = &Class{number: len(s.Classes), known: len(p.IPs) > 0, tunnels: ends.TunnelsOf(snapshot, p)}
				if !c.known {
					c.uses = [stacks]bool{v4, v6}
				}
				for _, ip := range p.IPs {
					c.uses[stackOf(ip)] = true
				}
				index[key] = c
				s.Classes = append(s.Classes, c)
			}
			c.Pods = append(c.Pods, p)
			s.of[p] = c
		}
		s.namespaces = append(s.namespaces, span{n.Name, start, len(s.Classes)})
	}
	if s.about != nil {
		s.about.note(s.Classes)
	}
}

// span is the classes of a namespace.
type span struct {
	namespace  string
	start, end int
}

func stackOf(ip netip.Addr) int {
	if ip.Is4() {
		return 0
	}
	return 1
}

// Near is what is known of whether two ends are on one node. It matters only where one of them
// has the address of its node.
type Near uint8

// The ways two ends can be near. The zero value is for ends of which neither is on the host network.
const (
	Anywhere Near = iota
	SameNode
	OtherNode
	MaybeSameNode
)

// NearOf tells how near two pods are, where it matters.
func NearOf(a, b *cluster.Pod) Near {
	switch {
	case !a.HostNetwork && !b.HostNetwork:
		return Anywhere
	case a.Node == "" || b.Node == "":
		return MaybeSameNode
	case a.Node == b.Node:
		return SameNode
	}
	return OtherNode
}

// examples finds two different pods of two lists for each way in which pods of them are near.
func examples(a, b []*cluster.Pod) map[Near][2]*cluster.Pod {
	out := map[Near][2]*cluster.Pod{}
	ways := 1
	if a[0].HostNetwork || b[0].HostNetwork {
		nowhere := func(p *cluster.Pod) bool { return p.Node == "" }
		ways = 2
		if slices.ContainsFunc(a, nowhere) || slices.ContainsFunc(b, nowhere) {
			ways = 3
		}
	}
	for _, p := range a {
		for _, q := range b {
			if p == q {
				if !p.Template {
					continue
				}
				twin := *p
				q = &twin
			}
			if n := NearOf(p, q); out[n][0] == nil {
				out[n] = [2]*cluster.Pod{p, q}
			}
			if len(out) == ways {
				return out
			}
		}
	}
	return out
}
