package flows

import (
	"iter"
	"math/bits"
)

// bitset is a set of numbers of classes.
type bitset []uint64

const wordBits = 64

func newBitset(size int) bitset { return make(bitset, (size+wordBits-1)/wordBits) }

func (b bitset) add(i int) { b[i/wordBits] |= 1 << (i % wordBits) }

func (b bitset) has(i int) bool { return b[i/wordBits]>>(i%wordBits)&1 == 1 }

// split returns what of a set is in another and what is not.
func (b bitset) split(by bitset) (in, out bitset) {
	in, out = make(bitset, len(b)), make(bitset, len(b))
	for i, w := range b {
		in[i], out[i] = w&by[i], w&^by[i]
	}
	return in, out
}

// touches tells whether two sets have something in common, and whether the first is part of the
// second.
func (b bitset) touches(o bitset) (some, all bool) {
	all = true
	for i, w := range b {
		some = some || w&o[i] != 0
		all = all && w&^o[i] == 0
	}
	return some, all
}

// join adds what another set holds.
func (b bitset) join(o bitset) {
	for i, w := range o {
		b[i] |= w
	}
}

// all goes through the numbers in order.
func (b bitset) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range b {
			for w != 0 {
				if !yield(i*wordBits + bits.TrailingZeros64(w)) {
					return
				}
				w &= w - 1
			}
		}
	}
}
