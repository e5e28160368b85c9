package flows

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// rule is a rule of a policy and the clauses that it holds against the other end.
type rule struct {
	ref      policy.RuleRef
	clauses  []*clause
	anywhere bool // it has no peers: it matches every end
	fixed    bool // ports are the same for every destination
	ports    []policy.PortRange
}

// clause is a peer of one rule or of several that say the same, and the classes of which it says
// something else than never.
type clause struct {
	ref  policy.RuleRef
	held [stacks][]held
	// wide: it is held against every class, not only against those that are asked about.
	wide bool
}

// held is the classes of which a clause says one thing.
type held struct {
	what    policy.Held
	classes bitset
}

// compileRules finds the rules that each class depends on, and their clauses, each once.
func (s *Sets) compileRules() {
	rules, clauses := map[policy.RuleRef]int{}, map[string]*clause{}
	for _, c := range s.Classes {
		for _, d := range directions {
			c.asked[d] = s.set.SideOf(c.first(), d)
			for _, ref := range c.asked[d].Rules() {
				number, ok := rules[ref]
				if !ok {
					number = len(s.rules)
					rules[ref] = number
					s.rules = append(s.rules, s.compileRule(ref, clauses))
				}
				for _, part := range s.rules[number].clauses {
					part.wide = part.wide || s.isAbout(c.number)
				}
				c.rules[d] = append(c.rules[d], number)
			}
		}
	}
	each(s.clauses, s.hold)
	numbers := make([]int, len(s.rules))
	for i := range numbers {
		numbers[i] = i
	}
	each(numbers, func(i int) {
		if r := &s.rules[i]; s.set.PortsFixed(r.ref) {
			r.fixed, r.ports = true, s.set.PortsOf(r.ref, nil)
		}
	})
}

func (s *Sets) compileRule(ref policy.RuleRef, known map[string]*clause) rule {
	r := rule{ref: ref}
	for _, part := range s.set.ClausesOf(ref) {
		key := s.set.ClauseKey(part)
		c := known[key]
		if c == nil {
			c = &clause{ref: part}
			known[key] = c
			s.clauses = append(s.clauses, c)
		}
		r.clauses = append(r.clauses, c)
	}
	r.anywhere = len(r.clauses) == 0
	return r
}

// hold holds a clause against every class that it can be asked of.
func (s *Sets) hold(c *clause) {
	asked := func(class *Class) bool { return c.wide || s.isAbout(class.number) }
	for _, n := range s.namespaces {
		classes := s.Classes[n.start:n.end]
		if !slices.ContainsFunc(classes, asked) || !s.set.ClauseReaches(c.ref, n.namespace) {
			continue
		}
		for _, class := range classes {
			if !asked(class) {
				continue
			}
			for f, family := range families {
				if !class.may(f) {
					continue
				}
				if what := s.set.Hold(c.ref, policy.PodEnd(class.first()), family); what != policy.HeldNever {
					c.add(f, what, class, len(s.Classes))
				}
			}
		}
	}
}

func (c *clause) add(f int, what policy.Held, class *Class, size int) {
	for _, h := range c.held[f] {
		if h.what == what {
			h.classes.add(class.number)
			return
		}
	}
	h := held{what, newBitset(size)}
	h.classes.add(class.number)
	c.held[f] = append(c.held[f], h)
}

// reaches tells whether the clause says something else than never of a class.
func (c *clause) reaches(f int, class int) bool {
	return slices.ContainsFunc(c.held[f], func(h held) bool { return h.classes.has(class) })
}

// cuts returns the ports at which the answers of some rules may change, for a destination.
func (s *Sets) cuts(rules []int, destination *cluster.Pod) []policy.PortRange {
	var out []policy.PortRange
	for _, number := range rules {
		r := &s.rules[number]
		if r.fixed {
			out = append(out, r.ports...)
		} else {
			out = append(out, s.set.PortsOf(r.ref, destination)...)
		}
	}
	return out
}
