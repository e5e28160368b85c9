package flows

import (
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// about is the pods that flows are asked for: those that begin or end at one of them.
type about struct {
	pods    map[*cluster.Pod]bool
	classes bitset // those that have such pods
}

// CompileAbout is Compile for questions about some pods only: Rows has the rows between an end that
// has one of them and any other, each as in the rows of everything, and no others. Where few pods are
// meant it takes little more than to look at every pod once. By is what the ends of the rows are, and
// has to be what they are asked for by.
func CompileAbout(set *policy.Set, by By, pods func(*cluster.Pod) bool) *Sets {
	snapshot := set.Snapshot()
	some := &about{pods: map[*cluster.Pod]bool{}}
	ends, members := map[cluster.Ref]bool{}, map[cluster.Ref][]*cluster.Pod{}
	for _, n := range snapshot.AllNamespaces() {
		for _, p := range snapshot.Subjects(n.Name) {
			ref := refOf(snapshot, p, by)
			members[ref] = append(members[ref], p)
			ends[ref] = ends[ref] || pods(p)
		}
	}
	for ref, meant := range ends {
		for _, p := range members[ref] {
			if meant {
				some.pods[p] = true
			}
		}
	}
	s := prepare(set, some)
	var own, others []*Class
	for _, c := range s.Classes {
		if some.classes.has(c.number) {
			own = append(own, c)
		} else {
			others = append(others, c)
		}
	}
	each(own, func(c *Class) {
		for f := range families {
			for _, d := range directions {
				s.lookAt(c, d, f)
			}
		}
	})
	// What one direction denies is denied, so the other one of it is not asked.
	for f := range families {
		for _, d := range directions {
			let := newBitset(len(s.Classes))
			for _, c := range own {
				if side := c.sides[f][opposite(d)]; side != nil {
					let.join(side.admits)
				}
			}
			each(others, func(c *Class) {
				if let.has(c.number) {
					s.lookAt(c, d, f)
				}
			})
		}
	}
	return s
}

func opposite(d policy.Direction) policy.Direction {
	if d == policy.Egress {
		return policy.Ingress
	}
	return policy.Egress
}

// note tells a class which pods are asked for.
func (a *about) note(classes []*Class) {
	a.classes = newBitset(len(classes))
	for _, c := range classes {
		for _, p := range c.Pods {
			if a.pods[p] {
				a.classes.add(c.number)
				break
			}
		}
	}
}

// isAbout tells whether flows that begin or end at a class are asked for.
func (s *Sets) isAbout(class int) bool { return s.about == nil || s.about.classes.has(class) }

// wants tells whether rows of a unit with any other are asked for.
func (s *Sets) wants(u *unit) bool {
	return s.about == nil || len(u.parts) > 0 && s.about.pods[u.parts[0].pods[0]]
}
