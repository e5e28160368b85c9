package check

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// noNames is what a client says that cannot look up names at all.
var noNames = []string{
	"UnknownHostException", "EAI_AGAIN", "lookup ... i/o timeout", "lookup ... read udp ... i/o timeout", "Temporary failure in name resolution",
	"Could not resolve host", "works by address, not by name",
}

// Shown is a check and the symptom by which it was found.
type Shown struct {
	Check
	Symptom string
	// Whole: the text was that symptom and nothing else.
	Whole bool
}

// BySymptom finds the checks whose symptom a text contains, as a line of a log does, or is a part
// of. Letters, whether great or small, and what stands between words do not matter. What was
// recognised by more words comes first; of those alike, the check that it is more typical of.
func BySymptom(text string) []Shown {
	asked := wordsOf(text)
	type hit struct {
		Shown
		words, rank int
	}
	var hits []hit
	for _, c := range All {
		best := hit{}
		for rank, symptom := range c.Symptoms {
			words, whole := recognised(asked, symptom)
			if words > best.words {
				best = hit{Shown{c, symptom, whole}, words, rank}
			}
		}
		if best.words > 0 {
			hits = append(hits, best)
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.words, a.words), cmp.Compare(a.rank, b.rank))
	})
	var out []Shown
	for _, h := range hits {
		out = append(out, h.Shown)
	}
	return out
}

// recognised counts the words that a question and a symptom have in common, where one contains the
// other; else it is 0.
func recognised(asked []string, symptom string) (words int, whole bool) {
	var all []string
	rest, contained := asked, true
	for part := range strings.SplitSeq(symptom, "...") {
		of := wordsOf(part)
		all = append(all, of...)
		at := indexOf(rest, of)
		if contained = contained && at >= 0; contained {
			rest = rest[at+len(of):]
		}
	}
	switch {
	case contained:
		return len(all), len(all) == len(asked)
	case len(asked) > 0 && !slices.ContainsFunc(asked, func(w string) bool { return !hasWord(all, w) }):
		return len(asked), false
	}
	return 0, false
}

// indexOf finds a run of words, or returns -1.
func indexOf(in, run []string) int {
	for i := 0; i+len(run) <= len(in); i++ {
		if slices.Equal(in[i:i+len(run)], run) {
			return i
		}
	}
	return -1
}

// shortestPart is how long a part of a word has to be to mean that word.
const shortestPart = 5

// hasWord tells whether a word is there, or one that it is a good part of.
func hasWord(words []string, word string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		return w == word || len(word) >= shortestPart && strings.Contains(w, word)
	})
}

// wordsOf takes a text apart, in small letters. To time out is one word, however it is written.
func wordsOf(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
	})
	var out []string
	for _, w := range words {
		if n := len(out); w == "out" && n > 0 && slices.Contains([]string{"time", "times", "timed"}, out[n-1]) {
			out[n-1] = "timeout"
			continue
		}
		if w == "timeouts" {
			w = "timeout"
		}
		out = append(out, w)
	}
	return out
}
