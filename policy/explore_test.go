package policy_test

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// outcome is one way the open questions could be answered, and what follows.
type outcome struct {
	answers map[policy.Fact]string
	verdict policy.Verdict
	result  result
}

// everyWay lets the oracle judge a flow under every combination of answers to what is open; ok is
// false when there are more than most of them.
func everyWay(o *oracle, f policy.Flow, most int) (cases []outcome, ok bool) {
	type choice struct {
		fact    policy.Fact
		answers []string
		index   int
	}
	var path []choice
	for {
		answers := map[policy.Fact]string{}
		for _, c := range path {
			answers[c.fact] = c.answers[c.index]
		}
		o.pick = func(fact policy.Fact, all ...string) string {
			if a, ok := answers[fact]; ok {
				return a
			}
			path = append(path, choice{fact: fact, answers: all})
			answers[fact] = all[0]
			return all[0]
		}
		r := o.judge(f)
		v := o.verdict(f, r)
		cases = append(cases, outcome{answers, v, r})
		if len(cases) > most {
			return cases, false
		}
		for len(path) > 0 && path[len(path)-1].index+1 == len(path[len(path)-1].answers) {
			path = path[:len(path)-1]
		}
		if len(path) == 0 {
			return cases, true
		}
		path[len(path)-1].index++
	}
}

// agreed returns the verdict of all cases, or Unknown.
func agreed(cases []outcome) policy.Verdict {
	for _, c := range cases {
		if c.verdict != cases[0].verdict {
			return policy.Unknown
		}
	}
	return cases[0].verdict
}

// decisive returns the facts that make a difference: there are two worlds which differ in nothing
// else and in their verdict.
func decisive(cases []outcome) []policy.Fact {
	set := map[policy.Fact]bool{}
	for i, a := range cases {
		for _, b := range cases[:i] {
			if a.verdict == b.verdict {
				continue
			}
			var differ []policy.Fact
			for f, v := range a.answers {
				if w, ok := b.answers[f]; ok && v != w {
					differ = append(differ, f)
				}
			}
			if len(differ) == 1 {
				set[differ[0]] = true
			}
		}
	}
	return factsOf(set)
}

func factsOf(set map[policy.Fact]bool) (facts []policy.Fact) {
	for f := range set {
		facts = append(facts, f)
	}
	slices.SortFunc(facts, func(a, b policy.Fact) int {
		switch {
		case saysFact(a) < saysFact(b):
			return -1
		case saysFact(a) > saysFact(b):
			return 1
		}
		return 0
	})
	return facts
}
