package flows

import (
	"runtime"
	"slices"
	"sync"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Sets is every flow of a snapshot under the policies of a Set, worked out by classes. It is safe
// for concurrent use once compiled.
type Sets struct {
	// Classes are all pods, and templates without pods, grouped; those of a namespace side by side.
	Classes []*Class

	set        *policy.Set
	of         map[*cluster.Pod]*Class
	namespaces []span
	hosts      []int          // the classes on the host network
	using      [stacks]bitset // the classes that can have an address of a family
	rules      []rule
	clauses    []*clause
	about      *about // nil: all pods

	mutex    sync.Mutex
	interned map[string]*Ports
	met      map[[2]*Ports]*Ports
}

var directions = []policy.Direction{policy.Egress, policy.Ingress}

// Compile works out both sides of every class.
func Compile(set *policy.Set) *Sets {
	s := prepare(set, nil)
	each(s.Classes, func(c *Class) {
		for f := range families {
			for _, d := range directions {
				s.lookAt(c, d, f)
			}
		}
	})
	return s
}

// prepare groups pods and finds the rules that each group depends on.
func prepare(set *policy.Set, some *about) *Sets {
	s := &Sets{set: set, about: some, of: map[*cluster.Pod]*Class{}, interned: map[string]*Ports{}, met: map[[2]*Ports]*Ports{}}
	s.classify()
	for f := range families {
		s.using[f] = newBitset(len(s.Classes))
	}
	for _, c := range s.Classes {
		if c.first().HostNetwork {
			s.hosts = append(s.hosts, c.number)
		}
		for f := range families {
			if c.may(f) {
				s.using[f].add(c.number)
			}
		}
	}
	s.compileRules()
	return s
}

// lookAt works one side of a class out where it may have an address of a family.
func (s *Sets) lookAt(c *Class, d policy.Direction, f int) {
	if s.used(f) && c.may(f) {
		c.sides[f][d] = s.look(c, d, f)
	}
}

// used tells whether any two classes may talk in a family.
func (s *Sets) used(f int) bool {
	return slices.ContainsFunc(s.Classes, func(c *Class) bool { return c.uses[f] })
}

// ClassOf returns the class of a pod that has not finished, or of a template.
func (s *Sets) ClassOf(p *cluster.Pod) *Class { return s.of[p] }

// Answer is what is said of the flows between two classes in one family.
type Answer struct {
	Ports
	Facts []policy.Fact // what the ports that are in May only hang on
}

// Between returns the ports of the flows from a pod of one class to another pod of another class in
// an address family, given by its place: 0 is IPv4, 1 is IPv6. Nothing is said of a pod and itself.
func (s *Sets) Between(a, b *Class, near Near, f int) Answer {
	out, in := a.sides[f][policy.Egress], b.sides[f][policy.Ingress]
	if out == nil || in == nil {
		return Answer{}
	}
	egress, ingress := out.of(b, near), in.of(a, near)
	if egress == nil || ingress == nil {
		return Answer{}
	}
	both := s.meet(egress.ports, ingress.ports)
	open := egress.ports.May.Minus(egress.ports.Must).And(ingress.ports.May.Minus(ingress.ports.Must))
	if !open.Empty() {
		return s.together(a, b, near, f)
	}
	answer := Answer{Ports: *both}
	if !both.May.Equal(both.Must) {
		answer.Facts = slices.Concat(egress.facts, ingress.facts)
	}
	return answer
}

// Any returns what Between says in any of the families that two classes can talk in. Differs is true
// where they do not say the same.
func (s *Sets) Any(a, b *Class, near Near) (answer Answer, differs bool) {
	for i, f := range common(a, b) {
		one := s.Between(a, b, near, f)
		if i == 0 {
			answer = one
			continue
		}
		differs = differs || !one.equal(answer.Ports)
		answer = Answer{answer.or(one.Ports), slices.Concat(answer.Facts, one.Facts)}
	}
	return answer, differs
}

// together judges the pair itself where neither direction is certain: what they hang on may be the
// same.
func (s *Sets) together(a, b *Class, near Near, f int) Answer {
	pods, ok := examples(a.Pods, b.Pods)[near]
	if !ok {
		return Answer{}
	}
	cuts := s.cuts(slices.Concat(a.rules[policy.Egress], b.rules[policy.Ingress]), pods[1])
	r := s.cells(cuts, policy.PodEnd(pods[0]), policy.PodEnd(pods[1]), f, func(flow policy.Flow) (policy.Verdict, []policy.Fact) {
		d := s.set.Evaluate(flow)
		return d.Verdict, d.Facts
	})
	return Answer{*r.ports, r.facts}
}

// meet returns what both of two directions let through. There are few different sets of ports.
func (s *Sets) meet(a, b *Ports) *Ports {
	if a == b {
		return a
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	key := [2]*Ports{a, b}
	p := s.met[key]
	if p == nil {
		p = &Ports{Must: a.Must.And(b.Must), May: a.May.And(b.May)}
		s.met[key] = p
	}
	return p
}

// intern returns the one copy that is kept of a set of ports.
func (s *Sets) intern(p Ports) *Ports {
	key := p.key()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if known := s.interned[key]; known != nil {
		return known
	}
	s.interned[key] = &p
	return &p
}

// each calls a function for every item, on all processors.
func each[T any](items []T, do func(T)) {
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(items); i += workers {
				do(items[i])
			}
		})
	}
	group.Wait()
}
