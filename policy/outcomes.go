package policy

import (
	"maps"
	"slices"
)

// Answer is one way in which a fact may turn out.
type Answer struct {
	Fact Fact
	// Value is "yes" or "no", or one of the answers that the kind of the fact has: for a label "absent",
	// "=VALUE" or OtherValue, for SourceSeen one of the addresses below.
	Value string
}

// Answers that are not yes or no.
const (
	Absent      = answerAbsent
	OtherValue  = answerOther
	ClientSeen  = "client"
	NodeSeen    = "node"
	OwnNodeSeen = "own node"
)

// Outcome is what becomes of a flow whose verdict is not known once some facts turn out in some way: no
// more of them than settle it.
type Outcome struct {
	When     []Answer
	Decision Decision
}

// maxOutcomes bounds the ways that are told. With more, nobody would read them.
const maxOutcomes = 12

// Outcomes lists the verdicts that a flow may have, and when it has them. It is empty for a flow whose
// verdict is certain, where a fact cannot be worked out by cases, and where there are too many of them.
func (s *Set) Outcomes(f Flow) []Outcome {
	d := s.Evaluate(f)
	asked, ways := map[Fact][]string{}, 1
	s.under(f, nil, asked)
	for _, fact := range d.Facts {
		ways *= len(asked[fact])
	}
	if len(d.Facts) == 0 || ways == 0 || ways > maxOutcomes {
		return nil
	}
	var out []Outcome
	for _, way := range everyWay(d.Facts, asked) {
		verdict := s.under(f, way, nil)
		for i := 0; i < len(way) && len(way) > 1 && verdict != Unknown; {
			fewer := slices.Delete(slices.Clone(way), i, i+1)
			if s.under(f, fewer, nil) != verdict {
				i++
				continue
			}
			way = fewer
		}
		if !slices.ContainsFunc(out, func(o Outcome) bool { return slices.Equal(o.When, way) }) {
			out = append(out, Outcome{When: way, Decision: s.decided(f, way, verdict)})
		}
	}
	return out
}

// everyWay combines every answer to some facts.
func everyWay(facts []Fact, asked map[Fact][]string) [][]Answer {
	ways := [][]Answer{nil}
	for _, f := range facts {
		var next [][]Answer
		for _, way := range ways {
			for _, value := range asked[f] {
				next = append(next, append(slices.Clone(way), Answer{f, value}))
			}
		}
		ways = next
	}
	return ways
}

// under settles a flow where some facts are assumed to be known.
func (s *Set) under(f Flow, way []Answer, asked map[Fact][]string) Verdict {
	v, _ := settling{asked: asked, assumed: assumption(way), evaluate: func(w *world) Verdict {
		return s.combine(f, s.direction(w, f, Egress).Verdict, s.direction(w, f, Ingress).Verdict)
	}}.settle()
	return v
}

func assumption(way []Answer) map[Fact]string {
	out := map[Fact]string{}
	for _, a := range way {
		out[a.Fact] = a.Value
	}
	return out
}

// decided is the decision under an assumption. What isolates and admits is what is certain then.
func (s *Set) decided(f Flow, way []Answer, verdict Verdict) Decision {
	assumed := assumption(way)
	side := func(dir Direction) DirectionDecision {
		d := s.direction(&world{assumed: maps.Clone(assumed)}, f, dir)
		d.Verdict, d.Facts = settling{assumed: maps.Clone(assumed), evaluate: func(w *world) Verdict { return s.direction(w, f, dir).Verdict }}.settle()
		return d
	}
	return Decision{Flow: f, Verdict: verdict, Egress: side(Egress), Ingress: side(Ingress)}
}
