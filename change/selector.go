package change

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// labelEdits proposes edits of one label requirement that failed: another value for its key, or
// another key for its value. kinds are those of the two, unlike is the distance of a value that is no slip.
func (p proposer) labelEdits(ref policy.RuleRef, base string, m *policy.Mismatch, labels map[string]string, kinds [2]Kind, doubt, unlike int) []Edit {
	selector, index, isExpression := splitField(m.Field)
	if opposite, ok := opposites[metav1.LabelSelectorOperator(m.Operator)]; ok && isExpression {
		e := p.base(SelectorOperator, ref, fmt.Sprintf("%s.%s.matchExpressions[%d].operator", base, selector, index))
		e.From, e.To, e.Clause, e.Distance = m.Operator, string(opposite), m, oppositeOperator+doubt
		e.Patch = []Operation{{Op: "replace", Path: pointer(e.Path), Value: e.To}}
		e.Cautions = []Caution{{Kind: Excluded, Rule: ref}}
		return []Edit{e}
	}
	if len(m.Want) == 0 {
		return nil
	}
	var edits []Edit
	add := func(e Edit, distance int) {
		e.Clause, e.Distance = m, distance+doubt
		edits = append(edits, e)
	}
	if m.Present {
		i, want := nearest(m.Want, m.Saw)
		far := nearValue + spelling.Distance(want, m.Saw)
		if !spelling.Near(want, m.Saw) {
			far = unlike
		}
		path := fmt.Sprintf("%s.%s.matchLabels[%s]", base, selector, m.Key)
		at := key(pointer(base+"."+selector+".matchLabels"), m.Key)
		if isExpression {
			path = fmt.Sprintf("%s.%s.matchExpressions[%d].values[%d]", base, selector, index, i)
			at = pointer(path)
		}
		e := p.base(kinds[0], ref, path)
		e.From, e.To = want, m.Saw
		e.Patch = []Operation{{Op: "replace", Path: at, Value: m.Saw}}
		add(e, far)
	}
	for _, other := range sameValue(labels, m) {
		if len(m.Want) > 1 && m.Present {
			break // the key is right, and other values go with it
		}
		if isExpression {
			e := p.base(kinds[1], ref, fmt.Sprintf("%s.%s.matchExpressions[%d].key", base, selector, index))
			e.From, e.To, e.Has = m.Key, other, other+"="+labels[other]
			e.Patch = []Operation{{Op: "replace", Path: pointer(e.Path), Value: other}}
			add(e, nearKey+keyDistance(m.Key, other))
			continue
		}
		e := p.base(kinds[1], ref, fmt.Sprintf("%s.%s.matchLabels[%s]", base, selector, m.Key))
		e.From, e.To, e.Has = m.Key+": "+m.Want[0], other+": "+m.Want[0], other+"="+m.Want[0]
		in := pointer(base + "." + selector + ".matchLabels")
		e.Patch = []Operation{{Op: "remove", Path: key(in, m.Key)}, {Op: "add", Path: key(in, other), Value: m.Want[0]}}
		add(e, nearKey+keyDistance(m.Key, other))
	}
	return edits
}

// splitField takes the field of a mismatch apart: "podSelector.matchExpressions[1]" is the
// selector, the index, and that it is an expression.
func splitField(field string) (selector string, index int, isExpression bool) {
	selector, rest, _ := strings.Cut(field, ".")
	_, err := fmt.Sscanf(rest, "matchExpressions[%d]", &index)
	return selector, index, err == nil
}

// nearest returns the word that is nearest to another, and its index.
func nearest(words []string, to string) (int, string) {
	best := 0
	for i, w := range words {
		if spelling.Distance(w, to) < spelling.Distance(words[best], to) {
			best = i
		}
	}
	return best, words[best]
}

// sameValue lists the keys under which an object carries a value that a requirement wants, in
// order. Labels that controllers stamp are never proposed.
func sameValue(labels map[string]string, m *policy.Mismatch) []string {
	if m.Operator != "In" {
		return nil
	}
	var keys []string
	for k, v := range labels {
		if k != m.Key && slices.Contains(m.Want, v) && !cluster.StampedByController(k) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// keyDistance keeps well-known pairs of keys apart from coincidences: the same name with another
// prefix, or a slip, is nearest; the namespace's own name is next.
func keyDistance(a, b string) int {
	switch {
	case suffix(a) == suffix(b) || spelling.Near(a, b):
		return 0
	case b == cluster.MetadataName:
		return 1
	}
	return 10
}

// suffix is a label key without its prefix.
func suffix(label string) string { return label[strings.LastIndex(label, "/")+1:] }

// opposites are the operators that exclude what was perhaps meant to be included. In is not among
// them: what it leaves out is everything else.
// Source: meta/v1 LabelSelectorOperator.
var opposites = map[metav1.LabelSelectorOperator]metav1.LabelSelectorOperator{
	metav1.LabelSelectorOpNotIn:        metav1.LabelSelectorOpIn,
	metav1.LabelSelectorOpDoesNotExist: metav1.LabelSelectorOpExists,
}

// unpin proposes to take a requirement out of a selector that is about a label which controllers
// stamp: its value changes with every rollout, or from replica to replica. What is left of the
// selector must still say something.
func (p proposer) unpin(ref policy.RuleRef, selector, field string, m *policy.Mismatch) []Edit {
	return p.withoutRequirement(StampedLabel, ref, selector, field, m, stampedLabel)
}

// withoutExtra proposes to take a requirement out of a selector that matches nothing, where the
// object has no such label at all and no other key has the value.
func (p proposer) withoutExtra(ref policy.RuleRef, selector, field string, m *policy.Mismatch) []Edit {
	end, peer := p.ends()
	if ref.Peer >= 0 {
		end = peer
	}
	if m.Operator != "In" || m.Present || len(sameValue(end.Pod.Labels.Known, m)) > 0 || slices.Contains(optIn, m.Want[0]) {
		return nil
	}
	return p.withoutRequirement(ExtraRequirement, ref, selector, field, m, extraRequirement)
}

func (p proposer) withoutRequirement(kind Kind, ref policy.RuleRef, selector, field string, m *policy.Mismatch, far int) []Edit {
	if m.Truth != policy.No || p.requirements(ref) < 2 {
		return nil
	}
	e := p.base(kind, ref, selector+"."+field)
	at := pointer(e.Path)
	if strings.HasPrefix(field, "matchLabels") {
		at = key(pointer(selector+".matchLabels"), m.Key)
	}
	e.From, e.Clause, e.Distance = m.Key, m, far
	e.Patch = []Operation{{Op: "remove", Path: at}}
	return []Edit{e}
}

// requirements counts what the podSelector of a policy or of a peer asks for.
func (p proposer) requirements(ref policy.RuleRef) int {
	selector := &ref.Policy.Spec.PodSelector
	if ref.Peer >= 0 {
		selector = PeersOf(ref)[ref.Peer].PodSelector
	}
	return len(selector.MatchLabels) + len(selector.MatchExpressions)
}

// uniteEdits proposes to make one requirement of two that want different values of the same label:
// all requirements of a selector have to hold, so the two together match nothing, and each was
// probably meant as "or". Source: meta/v1 LabelSelector, "The requirements are ANDed".
func (p proposer) uniteEdits(ref policy.RuleRef, base string, m *policy.Mismatch) []Edit {
	name, failed, isExpression := splitField(m.Field)
	if m.Operator != "In" || !m.Present || !isExpression {
		return nil
	}
	selector := &ref.Policy.Spec.PodSelector
	if ref.Peer >= 0 {
		if selector = PeersOf(ref)[ref.Peer].PodSelector; name == "namespaceSelector" {
			selector = PeersOf(ref)[ref.Peer].NamespaceSelector
		}
	}
	var edits []Edit
	for i, r := range selector.MatchExpressions {
		shared := func(v string) bool { return slices.Contains(r.Values, v) }
		if i == failed || r.Key != m.Key || r.Operator != metav1.LabelSelectorOpIn || !shared(m.Saw) || slices.ContainsFunc(m.Want, shared) {
			continue
		}
		list := base + "." + name + ".matchExpressions"
		e := p.base(UnitedRequirements, ref, fmt.Sprintf("%s[%d].values", list, i))
		both := slices.Concat(r.Values, m.Want)
		e.From, e.To, e.Clause, e.Distance = r.Values, both, m, unitedRequirements
		e.Patch = []Operation{{Op: "replace", Path: pointer(e.Path), Value: both}, {Op: "remove", Path: pointer(fmt.Sprintf("%s[%d]", list, failed))}}
		edits = append(edits, e)
	}
	return edits
}
