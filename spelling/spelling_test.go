package spelling

import (
	"slices"
	"testing"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"api-gatway", "api-gateway", 1},
		{"form", "from", 1},
		{"kitten", "sitting", 3},
		{"frontend", "frontned", 1},
		{"a", "b", 1},
		{"Frontend", "frontend", 1},
	} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestNearKeepsUnrelatedWordsApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"api-gatway", "api-gateway", true},
		{"front-end", "frontend", true},
		{"frontend", "monitoring", false},
		{"a", "b", false},
		{"dev", "prod", false},
	} {
		if got := Near(c.a, c.b); got != c.want {
			t.Errorf("Near(%q, %q) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"payments", "order", "payment-db", "pay", "paymnet", "payment", "payments"}
	for _, c := range []struct {
		word string
		most int
		want []string
	}{
		{"payment", 5, []string{"payments", "paymnet", "payment-db"}},
		{"payment", 1, []string{"payments"}},
		{"pament", 1, []string{"payment"}},
		{"redis", 5, nil},
		{"", 5, nil},
	} {
		if got := Nearest(c.word, words, c.most); !slices.Equal(got, c.want) {
			t.Errorf("Nearest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}
