package flows

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// side is what one direction says of the flows between a class and the others: egress where it is
// the source, ingress where it is the destination. What is in no group is denied.
type side struct {
	groups []group
	single map[single]*result
	admits bitset // the classes of which some port is not denied
}

// group is classes that one direction treats alike.
type group struct {
	classes bitset
	*result
}

// single is a class that is looked at by itself: one on the host network, or the class itself
// where it is a template.
type single struct {
	class int
	near  Near
}

// result is what one direction says, and what it hangs on where that is not known.
type result struct {
	ports *Ports
	facts []policy.Fact
}

// of returns what the side says of a class; nil where everything is denied.
func (d *side) of(c *Class, near Near) *result {
	if r, ok := d.single[single{c.number, near}]; ok {
		return r
	}
	for _, g := range d.groups {
		if g.classes.has(c.number) {
			return g.result
		}
	}
	return nil
}

// part is a set of classes on the way to a group, and the rules that may match there.
type part struct {
	classes bitset
	live    []int
}

// look works out one side of a class.
func (s *Sets) look(c *Class, d policy.Direction, f int) *side {
	out := &side{single: map[single]*result{}, admits: newBitset(len(s.Classes))}
	apart := s.apart(c, d)
	for _, g := range s.partition(c, d, f, apart) {
		peer := s.peerIn(c, g.classes)
		if peer == nil {
			continue // the only pod of the group is the subject itself
		}
		if r := s.judge(c, c.first(), peer, d, f, g.live); !r.ports.May.Empty() {
			out.groups = append(out.groups, group{g.classes, r})
			out.admits.join(g.classes)
		}
	}
	for _, number := range apart {
		other := s.Classes[number]
		if !other.may(f) {
			continue
		}
		live := s.live(c, other, d, f)
		for near, pods := range examples(c.Pods, other.Pods) {
			r := s.judge(c, pods[0], pods[1], d, f, live)
			out.single[single{number, near}] = r
			if !r.ports.May.Empty() {
				out.admits.add(number)
			}
		}
	}
	return out
}

// live lists the rules that may match a class which is looked at by itself.
func (s *Sets) live(c, other *Class, d policy.Direction, f int) []int {
	var out []int
	for _, number := range c.rules[d] {
		r := &s.rules[number]
		if r.anywhere || r.ref.Direction != d || slices.ContainsFunc(r.clauses, func(k *clause) bool { return k.reaches(f, other.number) }) {
			out = append(out, number)
		}
	}
	return out
}

// apart lists the classes that a class is held against one by one: those with the address of their
// node, its own where it is a template, and those of its namespace where the plugin lets rules of
// the other direction count.
func (s *Sets) apart(c *Class, d policy.Direction) []int {
	out := slices.Clone(s.hosts)
	if c.first().Template && !c.first().HostNetwork {
		out = append(out, c.number)
	}
	if s.set.Entangled() && len(c.rules[d]) > 0 {
		for _, n := range s.namespaces {
			for number := n.start; number < n.end && n.namespace == c.first().Namespace; number++ {
				if !slices.Contains(out, number) {
					out = append(out, number)
				}
			}
		}
	}
	if !s.isAbout(c.number) {
		out = slices.DeleteFunc(out, func(number int) bool { return !s.isAbout(number) })
	}
	return out
}

// partition splits the classes that are not apart into groups of which every rule says the same.
func (s *Sets) partition(c *Class, d policy.Direction, f int, apart []int) []part {
	all := slices.Clone(s.using[f])
	for _, number := range apart {
		all[number/wordBits] &^= 1 << (number % wordBits)
	}
	if !s.isAbout(c.number) {
		all, _ = all.split(s.about.classes)
	}
	parts := []part{{classes: all}}
	for _, number := range c.rules[d] {
		r := &s.rules[number]
		if r.ref.Direction != d {
			continue // it counts for classes of the namespace only, which are apart
		}
		parts = splitByRule(parts, number, r, f)
	}
	if c.tunnels != (ends.Tunnels{}) {
		parts = s.splitBy(parts, func(p part, o *Class) string { return tunnelKey(o.tunnels) })
	}
	if d == policy.Egress {
		parts = s.splitBy(parts, s.namesKey)
	}
	return parts
}

// splitByRule splits parts by what the clauses of a rule say. The rule is live in those of which
// one says something else than never.
func splitByRule(parts []part, number int, r *rule, f int) []part {
	type half struct {
		part
		live bool
	}
	now := make([]half, 0, len(parts))
	for _, p := range parts {
		now = append(now, half{p, r.anywhere})
	}
	for _, c := range r.clauses {
		for _, h := range c.held[f] {
			for i := range now {
				some, all := now[i].classes.touches(h.classes)
				switch {
				case all && some:
					now[i].live = true
				case some:
					in, out := now[i].classes.split(h.classes)
					now = append(now, half{part{in, now[i].part.live}, true})
					now[i].classes = out
				}
			}
		}
	}
	out := make([]part, 0, len(now))
	for _, h := range now {
		if h.live {
			h.part.live = append(slices.Clip(h.part.live), number)
		}
		out = append(out, h.part)
	}
	return out
}

// splitBy splits parts by a text that is the same for classes that are alike.
func (s *Sets) splitBy(parts []part, key func(part, *Class) string) []part {
	var out []part
	for _, p := range parts {
		if len(p.live) == 0 {
			out = append(out, p)
			continue
		}
		index := map[string]int{}
		for number := range p.classes.all() {
			k := key(p, s.Classes[number])
			i, ok := index[k]
			if !ok {
				i = len(out)
				index[k] = i
				out = append(out, part{newBitset(len(s.Classes)), p.live})
			}
			out[i].classes.add(number)
		}
	}
	return out
}

// namesKey tells classes apart on which the port names of the live rules mean something else.
func (s *Sets) namesKey(p part, o *Class) string {
	var b strings.Builder
	for _, number := range p.live {
		b.WriteString(s.set.NamesOn(s.rules[number].ref, o.first()))
	}
	return b.String()
}

func tunnelKey(t ends.Tunnels) string {
	var b strings.Builder
	for _, in := range t {
		if in {
			b.WriteByte('x')
		} else {
			b.WriteByte('-')
		}
	}
	return b.String()
}

// peerIn returns a pod of a group other than the one that stands for the subject.
func (s *Sets) peerIn(c *Class, classes bitset) *cluster.Pod {
	for number := range classes.all() {
		if o := s.Classes[number]; o != c {
			return o.first()
		}
		if another := c.another(); another != nil {
			return another
		}
	}
	return nil
}

// judge asks for one flow in each cell of ports. The rules are those that can make a difference.
func (s *Sets) judge(c *Class, subject, peer *cluster.Pod, d policy.Direction, f int, live []int) *result {
	source, destination := subject, peer
	if d == policy.Ingress {
		source, destination = peer, subject
	}
	return s.cells(s.cuts(live, destination), policy.PodEnd(source), policy.PodEnd(destination), f, c.asked[d].Judge)
}

// cells asks for a verdict in each cell that the cuts make, and puts the answers together. Ports
// that are in no range are alike, and so are protocols without one.
func (s *Sets) cells(cuts []policy.PortRange, source, destination policy.Endpoint, f int, ask func(policy.Flow) (policy.Verdict, []policy.Fact)) *result {
	out, ports := &result{}, Ports{}
	judge := func(protocol corev1.Protocol, port int32) policy.Verdict {
		v, facts := ask(ends.Direct(s.set.Snapshot(), source, destination, protocol, port, families[f]))
		for _, fact := range facts {
			if v == policy.Unknown && !slices.Contains(out.facts, fact) {
				out.facts = append(out.facts, fact)
			}
		}
		return v
	}
	rest, asked := policy.Unknown, false
	for i, protocol := range Protocols {
		cells, free := cut(cuts, protocol)
		tunnelled := protocol == corev1.ProtocolTCP && ends.Direct(s.set.Snapshot(), source, destination, protocol, 1, families[f]).TunnelPort != 0
		var outside policy.Verdict
		switch {
		case free == 0:
		case len(cells) > 0 || tunnelled:
			outside = judge(protocol, free)
		default:
			if !asked {
				rest, asked = judge(protocol, free), true
			}
			outside = rest
		}
		next := int32(1)
		keep := func(r Range, v policy.Verdict) {
			if r.From > r.To || v == policy.Denied {
				return
			}
			ports.May[i] = add(ports.May[i], r)
			if v == policy.Allowed {
				ports.Must[i] = add(ports.Must[i], r)
			}
		}
		for _, r := range cells {
			keep(Range{next, r.From - 1}, outside)
			keep(r, judge(protocol, r.From))
			next = r.To + 1
		}
		keep(Range{next, LastPort}, outside)
	}
	out.ports = s.intern(ports)
	return out
}

// cut returns the cells of a protocol that some range covers, in order, and a port that none does,
// or 0.
func cut(cuts []policy.PortRange, protocol corev1.Protocol) (cells []Range, free int32) {
	edges := []int32{1}
	for _, c := range cuts {
		if c.Protocol == protocol {
			edges = append(edges, max(c.From, 1), c.To+1)
		}
	}
	edges = append(edges, LastPort+1)
	slices.Sort(edges)
	edges = slices.Compact(edges)
	for i, from := range edges[:len(edges)-1] {
		covered := slices.ContainsFunc(cuts, func(c policy.PortRange) bool {
			return c.Protocol == protocol && c.From <= from && from <= c.To
		})
		if covered {
			cells = append(cells, Range{from, edges[i+1] - 1})
		} else {
			free = from
		}
	}
	return cells, free
}
