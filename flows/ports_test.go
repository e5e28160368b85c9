package flows

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// generated makes a set of ports out of few numbers, the lowest and the highest among them, and
// tells of each which of them are in it.
func generated(r *rand.Rand) (set PortSet, in [len(Protocols)][]int32) {
	edges := []int32{1, 2, 3, 80, 81, 443, LastPort - 1, LastPort}
	for i := range set {
		for _, p := range edges {
			if r.IntN(2) == 0 {
				in[i] = append(in[i], p)
				set[i] = add(set[i], Range{p, p})
			}
		}
	}
	return set, in
}

// Sets of ports are what sets are, in the one form in which ranges are in order and do not touch.
func TestPortSets(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		a, inA := generated(r)
		b, inB := generated(r)
		for i, protocol := range Protocols {
			for _, p := range []int32{1, 2, 3, 4, 79, 80, 81, 82, 443, LastPort - 1, LastPort} {
				x, y := slices.Contains(inA[i], p), slices.Contains(inB[i], p)
				if a.And(b).Has(protocol, p) != (x && y) || a.Or(b).Has(protocol, p) != (x || y) || a.Minus(b).Has(protocol, p) != (x && !y) {
					t.Fatalf("%v and %v at %d/%s", a, b, p, protocol)
				}
			}
		}
		for _, set := range []PortSet{a, a.And(b), a.Or(b), a.Minus(b), EveryPort().Minus(a)} {
			for _, ranges := range set {
				for i, one := range ranges {
					if one.From < 1 || one.To > LastPort || one.From > one.To || i > 0 && ranges[i-1].To+1 >= one.From {
						t.Fatalf("%v of %v and %v", ranges, a, b)
					}
				}
			}
		}
		if !a.Minus(a).Empty() || !EveryPort().Minus(a).Or(a).Equal(EveryPort()) || a.Equal(b) != (Ports{Must: a}.key() == Ports{Must: b}.key()) {
			t.Fatalf("%v and %v", a, b)
		}
	}
}
