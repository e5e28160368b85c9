package check

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

var (
	// notFound is what clients say of a name for which they got no address, for whatever reason.
	notFound = []string{
		"UnknownHostException", "ENOTFOUND", "EAI_AGAIN", "Temporary failure in name resolution", "bad address", "server misbehaving",
		"Could not resolve host",
	}
	// noNames is what a client says that cannot look up names at all.
	noNames = slices.Concat(notFound, []string{"lookup ... i/o timeout", "lookup ... read udp ... i/o timeout", "works by address, not by name"})

	// proxied is what Envoy answers its client when it does not get through to where it forwards to.
	proxied = []string{"upstream connect error", "upstream request timeout", "reset reason"}

	// rejected is what a missing rule looks like where the network plugin answers what it denies.
	rejected = []string{"connection refused on plugins that reject", "no route to host on plugins that reject"}
)

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
	asked := spelled(wordsOf(text))
	type hit struct {
		Shown
		words, rank int
	}
	var hits []hit
	for _, c := range All {
		best := hit{}
		for rank, symptom := range c.Symptoms {
			words, whole := recognised(asked, symptom)
			if words > best.words || words == best.words && whole && !best.Whole {
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
		of := spelled(wordsOf(part))
		all = append(all, of...)
		at := indexOf(rest, of)
		if contained = contained && at >= 0; contained {
			rest = rest[at+len(of):]
		}
	}
	switch {
	case contained:
		return len(all), len(all) == len(asked)
	case len(asked) > 0 && !slices.ContainsFunc(asked, func(w string) bool { return !hasWord(all, w) && !hasWord(othersOf(all), w) }):
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

// wordsOf takes a text apart, in small letters. To time out is one word, however it is written. The
// answer code REFUSED of DNS is another word than "refused".
func wordsOf(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
	})
	var out []string
	for _, w := range words {
		if w != "REFUSED" {
			w = strings.ToLower(w)
		}
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
