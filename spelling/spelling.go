// Package spelling tells which words may be slips for one another. It knows nothing of clusters.
package spelling

import (
	"cmp"
	"slices"
)

// Distance is how many characters have to be inserted, deleted, replaced or swapped with their
// neighbour to make one word of another (optimal string alignment).
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := [3][]int{make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, above, row := rows[(i+2)%3], rows[i%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return rows[(len(x)+1)%3][len(y)]
}

// Near tells whether one word may well be a slip for the other: a third of it at most differs.
func Near(a, b string) bool {
	longest := max(len(a), len(b))
	return longest > 2 && Distance(a, b) <= max(1, longest/3)
}

// Nearest returns those of some words that a word may well be a slip for, the nearest first, at
// most so many.
func Nearest(word string, words []string, most int) []string {
	var near []string
	for _, w := range words {
		if w != word && Near(word, w) {
			near = append(near, w)
		}
	}
	slices.SortFunc(near, func(a, b string) int {
		return cmp.Or(cmp.Compare(Distance(word, a), Distance(word, b)), cmp.Compare(a, b))
	})
	near = slices.Compact(near)
	return near[:min(most, len(near))]
}
