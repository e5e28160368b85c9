package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// split says in what the pairs of an answer differ.
type split struct{ self, sources, destinations bool }

func splitOf(pairs []check.Judged) split {
	var s split
	for _, j := range pairs {
		for _, o := range pairs {
			s.self = s.self || j.Self != o.Self
			if j.Self || o.Self {
				continue
			}
			s.sources = s.sources || !isRange(j.Sources) && !slices.Equal(names(j.Sources), names(o.Sources))
			s.destinations = s.destinations || !isRange(j.Destinations) && !slices.Equal(names(j.Destinations), names(o.Destinations))
		}
	}
	return s
}

func names(list []policy.Endpoint) []string {
	var out []string
	for _, e := range list {
		out = append(out, check.AddressText(e.Ref().Name))
	}
	return out
}

// caseOf names the case that a decision is about, by what distinguishes it from others of its answer.
func (d *Diagnosis) caseOf(s split, j check.Judged, a check.Answer, decision policy.Decision) string {
	var parts []string
	if ranged := rangeLabel(j, a); ranged != "" {
		parts = append(parts, "for "+ranged)
	}
	switch {
	case s.self && j.Self:
		return "from a pod to itself"
	case s.self && !s.sources && !s.destinations:
		parts = append(parts, "from a pod to another")
	}
	if s.sources {
		parts = append(parts, "from "+few(names(j.Sources)))
	}
	if s.destinations {
		parts = append(parts, "to "+few(names(j.Destinations)))
	}
	if slices.ContainsFunc(j.Decisions, func(o policy.Decision) bool { return o.Flow.Family != decision.Flow.Family }) {
		parts = append(parts, "over "+string(decision.Flow.Family))
	}
	return strings.Join(parts, " ")
}

// few lists names, no more than a sentence bears.
func few(names []string) string {
	const most = 2
	if n := len(names); n > most+1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	}
	return strings.Join(names, ", ")
}

// trait is something by which connections can be told apart: how it is said, and its value for each.
type trait struct {
	words  string // with the value for %s
	values map[policy.Verdict][]string
}

// parts says which of the connections in question are allowed and which are denied, where one trait tells
// them apart.
func (d *Diagnosis) parts() (allowed, denied string, ok bool) {
	traits := []trait{{words: "on %s"}, {words: "from a pod to %s"}, {words: "over %s"}, {words: "from %s"}, {words: "to %s"}}
	for i := range traits {
		traits[i].values = map[policy.Verdict][]string{}
	}
	add := func(i int, v policy.Verdict, values ...string) {
		for _, value := range values {
			if !slices.Contains(traits[i].values[v], value) {
				traits[i].values[v] = append(traits[i].values[v], value)
			}
		}
	}
	for _, a := range d.Answers {
		for _, j := range a.Pairs {
			for _, decision := range j.Decisions {
				v, to := decision.Verdict, "another pod"
				if j.Self {
					to = "itself"
				}
				add(0, v, fmt.Sprintf("%d/%s", a.Route.Port, a.Route.Protocol))
				add(1, v, to)
				add(2, v, string(decision.Flow.Family))
				add(3, v, names(j.Sources)...)
				add(4, v, names(j.Destinations)...)
			}
		}
	}
	for _, t := range traits {
		yes, no := t.values[policy.Allowed], t.values[policy.Denied]
		if len(yes) > 0 && len(no) > 0 && !slices.ContainsFunc(yes, func(v string) bool { return slices.Contains(no, v) }) {
			return fmt.Sprintf(t.words, few(yes)), fmt.Sprintf(t.words, few(no)), true
		}
	}
	return "", "", false
}
