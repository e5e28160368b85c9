package apiserver

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// dice makes objects out of values that are drawn at random, always the same ones for a number. An
// object has at most one fault, so that nobody refuses it for another reason than the one at hand.
type dice struct {
	*rand.Rand
	draws    int
	fault    fault   // the one that the object is to have
	possible []fault // those that it could have had
}

// fault is a bad value for one of the fields of an object.
type fault struct {
	name string // the field and the value
	draw int    // which of the object's draws it replaces, from 1
	bad  any
}

// values are what a field may hold, and what it may not. Whether the API server sees it that way is
// what tests are for; the division only makes sure that there is enough of both.
type values struct{ good, bad []any }

// absent as a value leaves the field out.
type absent struct{}

// draw returns one of the good values, or the bad one whose turn it is.
func (d *dice) draw(field string, v values) any {
	d.draws++
	for _, bad := range v.bad {
		d.possible = append(d.possible, fault{fmt.Sprintf("%s: %s", field, shortened(bad)), d.draws, bad})
	}
	good := v.good[d.IntN(len(v.good))]
	if d.draws == d.fault.draw {
		return d.fault.bad
	}
	return good
}

// shortened is a value in a few words.
func shortened(value any) string {
	text := fmt.Sprintf("%+v", value)
	return text[:min(len(text), 80)]
}

// chance is true once in n times.
func (d *dice) chance(n int) bool { return d.IntN(n) == 0 }

// list makes a list of up to n items.
func (d *dice) list(n int, item func() any) []any {
	items := []any{}
	for range d.IntN(n + 1) {
		items = append(items, item())
	}
	return items
}

// object makes an object of fields and values, without those that are absent.
func object(fieldsAndValues ...any) map[string]any {
	fields := map[string]any{}
	for i := 0; i < len(fieldsAndValues); i += 2 {
		if _, left := fieldsAndValues[i+1].(absent); !left {
			fields[fieldsAndValues[i].(string)] = fieldsAndValues[i+1]
		}
	}
	return fields
}

// generated is an object and its fault, if it has one.
type generated struct {
	object map[string]any
	fault  string
}

// generate makes n objects of a kind. Every other one has a fault: of those that it can have, the
// one that was there least often. There have to be enough objects for each fault to be there.
func generate(t *testing.T, n int, one func(*dice) map[string]any) []generated {
	t.Helper()
	var all []generated
	used := map[string]int{}
	for i := range n {
		roll := func(f fault) generated {
			return generated{one(&dice{Rand: rand.New(rand.NewPCG(1, uint64(i))), fault: f}), f.name}
		}
		if i%2 == 0 {
			all = append(all, roll(fault{}))
			continue
		}
		trial := &dice{Rand: rand.New(rand.NewPCG(1, uint64(i)))}
		one(trial)
		for _, f := range trial.possible {
			used[f.name] += 0
		}
		rarest := slices.MinFunc(trial.possible, func(a, b fault) int { return cmp.Compare(used[a.name], used[b.name]) })
		used[rarest.name]++
		all = append(all, roll(rarest))
	}
	for name, times := range used {
		if times == 0 {
			t.Errorf("none of %d objects has the fault %s", n, name)
		}
	}
	return all
}

// What names, labels and ports may be, in every kind of object.
var (
	names = values{
		good: []any{"a", "web-1", "a.b.c", "0", strings.Repeat("a", 253)},
		bad:  []any{"", "A", "a_b", "-a", "a-", "a..b", "a/b", "a b", "ä", strings.Repeat("a", 254)},
	}
	labelSets = values{
		good: []any{
			absent{},
			map[string]any{},
			map[string]any{"app": "web"},
			map[string]any{"app": ""},
			map[string]any{"example.com/App_1.x": "V1.2_3-x", "tier": "t"},
			map[string]any{"a": strings.Repeat("a", 63)},
		},
		bad: []any{
			map[string]any{"": "a"},
			map[string]any{"-a": "a"},
			map[string]any{"a b": "a"},
			map[string]any{"a/b/c": "a"},
			map[string]any{"Example.com/a": "a"},
			map[string]any{"/a": "a"},
			map[string]any{"a/": "a"},
			map[string]any{strings.Repeat("a", 64): "a"},
			map[string]any{strings.Repeat("a", 254) + "/a": "a"},
			map[string]any{"a": "b c"},
			map[string]any{"a": "-b"},
			map[string]any{"a": "b/c"},
			map[string]any{"a": strings.Repeat("a", 64)},
			map[string]any{"a": 5},
			map[string]any{"a": true},
			[]any{"a"},
			"a",
		},
	}
	portNumbers = values{
		good: []any{1, 80, 8080, 65535},
		bad:  []any{0, -1, 65536, 1 << 40, 80.5, "80", true},
	}
	portNames = values{
		good: []any{"http", "a", "a-1", "web-8080", strings.Repeat("a", 15)},
		bad:  []any{"HTTP", "-a", "a-", "a--b", "a_b", "a.b", "a b", "8080", strings.Repeat("a", 16)},
	}
	protocols = values{
		good: []any{absent{}, nil, "TCP", "UDP", "SCTP"},
		bad:  []any{"tcp", "ICMP", "TCP ", 6},
	}
)

// metadata makes the names and labels of an object.
func (d *dice) metadata(names values) map[string]any {
	name := "name"
	if d.chance(8) {
		name, names = "generateName", values{good: []any{"web-"}, bad: []any{"A-", "-", "a_"}}
	}
	return object(
		name, d.draw(name, names),
		"namespace", d.draw("namespace", values{
			good: []any{absent{}, "", "default"},
			bad:  []any{"Default", "a.b", "a_b", "-a", "a/b", strings.Repeat("a", 64)},
		}),
		"labels", d.draw("labels", labelSets),
	)
}
