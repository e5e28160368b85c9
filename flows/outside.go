package flows

import (
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Stretch is addresses outside the cluster that one direction of a class treats alike.
type Stretch struct {
	Prefixes []netip.Prefix // in order, as few as there can be
	Answer
}

var everything = [stacks]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// Outside returns what a class may send to addresses outside, or receive from them: every address
// is in one stretch, those to which everything is denied too. An address that a pod or a node has is
// not meant, even where it lies in a range.
func (s *Sets) Outside(c *Class, d policy.Direction, f int) []Stretch {
	if !c.uses[f] {
		return nil
	}
	var blocks []netip.Prefix
	for _, number := range c.rules[d] {
		if ref := s.rules[number].ref; ref.Direction == d {
			blocks = append(blocks, s.set.BlocksOf(ref)...)
		}
	}
	var out []Stretch
	index, alike := map[*Ports]int{}, map[string]*result{}
	for _, part := range ends.Cut(everything[f], blocks) {
		in := make([]byte, len(blocks))
		for i, b := range blocks {
			if b.Overlaps(part) {
				in[i] = 1
			}
		}
		r := alike[string(in)]
		if r == nil {
			r = s.judgeOutside(c, d, f, part)
			alike[string(in)] = r
		}
		i, ok := index[r.ports]
		if !ok {
			i = len(out)
			index[r.ports] = i
			out = append(out, Stretch{Answer: Answer{Ports: *r.ports}})
		}
		out[i].Prefixes = append(out[i].Prefixes, part)
		for _, fact := range r.facts {
			if !slices.Contains(out[i].Facts, fact) {
				out[i].Facts = append(out[i].Facts, fact)
			}
		}
	}
	for i := range out {
		out[i].Prefixes = ends.Join(out[i].Prefixes)
	}
	return out
}

func (s *Sets) judgeOutside(c *Class, d policy.Direction, f int, part netip.Prefix) *result {
	source, destination := policy.PodEnd(c.first()), policy.RangeEnd(part)
	if d == policy.Ingress {
		source, destination = destination, source
	}
	return s.cells(s.cuts(c.rules[d], destination.Pod), source, destination, f, c.asked[d].Judge) // policies select pods only, so no other side is asked
}
