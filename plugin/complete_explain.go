package plugin

import (
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
)

// explainWords are targets and policies, codes of findings once their first letter is typed, and the
// words of symptoms, one after the other.
func explainWords(t *tab) []word {
	if len(t.args) > 0 {
		return symptomWords(strings.Join(t.args, " ")+" ", t.typed)
	}
	all := explainGrammar.words(t)
	if t.typed == "" {
		return all
	}
	for _, c := range check.Documented {
		code := c.Code
		if strings.HasPrefix(t.typed, strings.ToLower(code[:1])) {
			code = strings.ToLower(code) // a shell takes only what begins with what was typed
		}
		all = append(all, word{code, c.Title})
	}
	return append(all, symptomWords("", t.typed)...)
}

// symptomWords are the next words of the symptoms that begin with some words and what was typed of the
// next one. What a shell would take for something else is left out.
func symptomWords(before, typed string) []word {
	var symptoms []string
	for _, c := range check.Documented {
		symptoms = append(symptoms, c.Symptoms...)
	}
	for _, s := range check.Spellings() {
		symptoms = append(append(symptoms, s.Said), s.Others...)
	}
	var all []word
	for _, s := range symptoms {
		if len(s) < len(before) || !strings.EqualFold(s[:len(before)], before) {
			continue
		}
		next, _, more := strings.Cut(s[len(before):], " ")
		seen := slices.ContainsFunc(all, func(w word) bool { return strings.EqualFold(w.text, next) })
		if seen || !strings.HasPrefix(next, typed) || quoted(next) != next || strings.Trim(next, ".") == "" {
			continue
		}
		about := "symptom"
		if more {
			about = "symptom: " + s
		}
		all = append(all, word{next, about})
	}
	return all
}
