package policy

import "slices"

// world is one way the open facts could be. Predicates ask it; what it does not answer is Maybe,
// and the question is kept.
type world struct {
	assumed map[Fact]string
	open    []question
	// twins: the flow goes between two pods of one template, so that a fact about a pod does not
	// say of which of them.
	twins bool
	// policies, if not nil, are those of the subject's namespace that may select it, and no trace
	// of the others is asked for.
	policies []*compiled
}

// question is a fact and every answer it could have that predicates can tell apart.
type question struct {
	fact    Fact
	answers []string
}

// Answers to yes-or-no facts. A fact with no answers at all cannot be worked out by cases.
const (
	answerYes = "yes"
	answerNo  = "no"
)

var yesOrNo = []string{answerYes, answerNo}

// ask returns the assumed answer to a fact, or notes that it is open.
func (w *world) ask(f Fact, answers []string) (string, bool) {
	if a, ok := w.assumed[f]; ok {
		return a, true
	}
	for _, q := range w.open {
		if q.fact == f {
			return "", false
		}
	}
	if w.twins && (f.Kind == PodLabel || f.Kind == PodAddress) {
		answers = nil
	}
	w.open = append(w.open, question{f, answers})
	return "", false
}

// is asks a yes-or-no fact.
func (w *world) is(f Fact) Truth {
	a, ok := w.ask(f, yesOrNo)
	if !ok {
		return Maybe
	}
	return truth(a == answerYes)
}

// maxCases bounds the work of one settle. Beyond it the answer stays Unknown, which is never
// wrong.
const maxCases = 2048

// settle works out a verdict for every way the facts it hangs on could be. It returns the
// verdict they all agree on, or Unknown and the facts that make a difference: those for which
// there are two ways that differ in nothing else and come out differently, and those that cannot
// be worked out by cases.
func settle(evaluate func(*world) Verdict) (Verdict, []Fact) {
	return settling{evaluate: evaluate, assumed: map[Fact]string{}}.settle()
}

func (s settling) settle() (Verdict, []Fact) {
	s.budget, s.decisive = maxCases, map[Fact]bool{}
	s.split()
	verdict := s.cases[0].verdict
	for _, c := range s.cases {
		if c.verdict != verdict {
			verdict = Unknown
		}
	}
	if verdict != Unknown {
		return verdict, nil
	}
	s.compare()
	return Unknown, sortedFacts(s.decisive)
}

// settling is the state of one settle.
type settling struct {
	evaluate func(*world) Verdict
	budget   int
	assumed  map[Fact]string
	facts    []Fact // those that were assumed so far; their place is their number
	answers  []int  // what is assumed of each by number, counted from 1; 0: nothing
	cases    []oneCase
	decisive map[Fact]bool
	// asked, if not nil, is told every question that was split on.
	asked map[Fact][]string
}

// oneCase is a verdict and the answers that led to it, by number of the fact.
type oneCase struct {
	answers []int
	verdict Verdict
}

// split judges under what is assumed, and if that is not enough, under every answer to one more
// question.
func (s *settling) split() {
	s.budget--
	w := &world{assumed: s.assumed}
	v := s.evaluate(w)
	q, ok := w.splittable()
	if v != Unknown || !ok || s.budget <= 0 {
		s.cases = append(s.cases, oneCase{slices.Clone(s.answers), v})
		for _, q := range w.open {
			if v == Unknown {
				s.decisive[q.fact] = true
			}
		}
		return
	}
	if s.asked != nil {
		s.asked[q.fact] = q.answers
	}
	number := s.number(q.fact)
	for i, answer := range q.answers {
		s.assumed[q.fact], s.answers[number] = answer, i+1
		s.split()
	}
	delete(s.assumed, q.fact)
	s.answers[number] = 0
}

func (s *settling) number(f Fact) int {
	i := slices.Index(s.facts, f)
	if i < 0 {
		i = len(s.facts)
		s.facts, s.answers = append(s.facts, f), append(s.answers, 0)
	}
	return i
}

// compare finds the pairs of cases that differ in one answer and in the verdict.
func (s *settling) compare() {
	for i, a := range s.cases {
		for _, b := range s.cases[:i] {
			if a.verdict == b.verdict {
				continue
			}
			if number, one := differInOne(a.answers, b.answers); one {
				s.decisive[s.facts[number]] = true
			}
		}
	}
}

// differInOne tells whether exactly one fact that both cases assume is answered differently.
func differInOne(a, b []int) (number int, one bool) {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] || a[i] == 0 || b[i] == 0 {
			continue
		}
		if one {
			return 0, false
		}
		number, one = i, true
	}
	return number, one
}

// splittable returns the first open question that has answers to go through.
func (w *world) splittable() (question, bool) {
	for _, q := range w.open {
		if len(q.answers) > 0 {
			return q, true
		}
	}
	return question{}, false
}

func sortedFacts(set map[Fact]bool) []Fact {
	facts := make([]Fact, 0, len(set))
	for f := range set {
		facts = append(facts, f)
	}
	slices.SortFunc(facts, Fact.Compare)
	return facts
}
