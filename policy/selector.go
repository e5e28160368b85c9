package policy

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// selector is a compiled label selector: all requirements must hold.
// Source: meta/v1 LabelSelector.
type selector struct {
	requirements []requirement
}

// requirement is one line of a selector. Field is its path below the selector.
type requirement struct {
	field  string
	key    string
	op     metav1.LabelSelectorOperator
	values []string
}

func compileSelector(s *metav1.LabelSelector) *selector {
	c := &selector{}
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		c.requirements = append(c.requirements, requirement{
			field: "matchLabels[" + key + "]", key: key, op: metav1.LabelSelectorOpIn, values: []string{s.MatchLabels[key]},
		})
	}
	for i, e := range s.MatchExpressions {
		c.requirements = append(c.requirements, requirement{
			field: "matchExpressions[" + itoa(i) + "]", key: e.Key, op: e.Operator, values: e.Values,
		})
	}
	return c
}

// holds tells whether one requirement holds for a label that is present with a value, or absent.
// NotIn and DoesNotExist hold for objects without the key.
// Source: concept page "Labels and Selectors"; apimachinery labels.Requirement.Matches.
func (r requirement) holds(value string, present bool) bool {
	switch r.op {
	case metav1.LabelSelectorOpIn:
		return present && slices.Contains(r.values, value)
	case metav1.LabelSelectorOpNotIn:
		return !present || !slices.Contains(r.values, value)
	case metav1.LabelSelectorOpExists:
		return present
	case metav1.LabelSelectorOpDoesNotExist:
		return !present
	}
	return false
}

// Answers to a fact about a label that is not known.
const (
	answerAbsent = "absent"
	answerOther  = "present with another value"
	answerValue  = "=" // followed by the value
)

// labelled is an object with labels that a selector is held against.
type labelled struct {
	labels cluster.Labels
	kind   FactKind
	ref    cluster.Ref
}

func labelledPod(p *cluster.Pod) labelled { return labelled{p.Labels, PodLabel, p.Ref()} }

func labelledNamespace(n *cluster.Namespace) labelled {
	return labelled{n.Labels, NamespaceLabel, cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: n.Name}}
}

// match holds a selector against an object. The mismatch is the first requirement that fails,
// or else the first whose label is not known.
func (s *Set) match(w *world, c *selector, o labelled) (Truth, *Mismatch) {
	result := Yes
	var why *Mismatch
	for _, r := range c.requirements {
		value, presence := o.labels.Get(r.key)
		t, byPlugin := Maybe, false
		stamped := o.labels.Stamped(r.key)
		if presence != cluster.MaybePresent {
			t, byPlugin = s.require(w, r, o, value, presence == cluster.Present)
		} else if stamped && r.anyValue() {
			t, byPlugin = s.require(w, r, o, "", true)
		} else if answer, ok := w.ask(Fact{o.kind, o.ref, r.key}, s.labelAnswers(r.key, stamped)); ok {
			value, present := answer, answer != answerAbsent
			if present && answer != answerOther {
				value = answer[len(answerValue):]
			}
			t, byPlugin = s.require(w, r, o, value, present)
		}
		if t < result {
			result = t
			m := &Mismatch{Reason: LabelMismatch, Field: r.field, Key: r.key, Operator: string(r.op), Want: r.values, Truth: t}
			if presence == cluster.Present {
				m.Saw, m.Present = value, true
			}
			if byPlugin {
				m.Reason = LabelIgnored
			}
			why = m
		}
		if result == No {
			break
		}
	}
	return result, why
}

// anyValue tells whether only the presence of the label counts.
func (r requirement) anyValue() bool {
	return r.op == metav1.LabelSelectorOpExists || r.op == metav1.LabelSelectorOpDoesNotExist
}

// labelAnswers lists the ways a label can be that selectors of this set can tell apart. One that is
// stamped on the pod for certain is not absent.
func (s *Set) labelAnswers(key string, stamped bool) []string {
	var answers []string
	if !stamped {
		answers = append(answers, answerAbsent)
	}
	for _, v := range s.labelValues[key] {
		answers = append(answers, answerValue+v)
	}
	return append(answers, answerOther)
}
