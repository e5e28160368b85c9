package change

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// How far edits of selectors are from what is written. The distance of a value is added.
const (
	nearValue      = 10 // a value that may be a slip for the one that is there
	nearKey        = 12 // the value is there, under another key
	ownNamespace   = 14 // only the namespaceSelector is missing
	dnsValue       = 16 // a value unlike the one that is there, in a rule that is for DNS and nothing else
	farValue       = 60 // a value that has nothing to do with the one that is there
	notAllRead     = 8  // added when it is not certain that the clause matches nothing else
	subjectFurther = 4  // added for the policy's own podSelector
)

// peerEdits proposes edits of the peers of a rule whose ports match. Only a clause that matches
// nothing today is taken for a slip, or one of several values that nothing has: what matches
// something was meant for that.
func (p proposer) peerEdits(r policy.RuleTrace) []Edit {
	_, peer := p.ends()
	if peer.Pod == nil {
		return nil
	}
	far, forDNS := farValue, OnlyDNS(PortsOf(r.Ref))
	if forDNS {
		far = dnsValue
	}
	var edits []Edit
	for _, clause := range r.Peers {
		m := clause.Mismatch
		if m == nil || m.Reason != policy.LabelMismatch && m.Reason != policy.OtherNamespace {
			continue
		}
		pods, complete := p.set.PeerPods(clause.Ref)
		slip := p.slip(m)
		if len(pods) > 0 && !slip {
			continue
		}
		doubt := 0
		if !complete {
			doubt = notAllRead
		}
		base := clause.Ref.Path()
		switch {
		case m.Reason == policy.OtherNamespace:
			e := p.base(NamespaceMissing, clause.Ref, base+".namespaceSelector")
			e.To = map[string]any{"matchLabels": map[string]any{cluster.MetadataName: peer.Pod.Namespace}}
			e.Patch = []Operation{{Op: "add", Path: pointer(e.Path), Value: e.To}}
			e.Clause, e.Distance = m, ownNamespace+doubt
			edits = append(edits, e)
		case strings.HasPrefix(m.Field, "namespaceSelector"):
			if !forDNS && !slip && p.meansNamespace(clause.Ref) {
				continue
			}
			n := p.set.Snapshot().Namespace(peer.Pod.Namespace)
			edits = append(edits, p.labelEdits(clause.Ref, base, m, n.Labels.Known, [2]Kind{NamespaceLabelValue, NamespaceLabelKey}, doubt, far)...)
		case complete || forDNS: // nothing elsewhere is known to be meant
			edits = append(edits, p.labelEdits(clause.Ref, base, m, peer.Pod.Labels.Known, [2]Kind{PeerLabelValue, PeerLabelKey}, doubt, far)...)
		}
	}
	return edits
}

// slip tells whether one of several values that a requirement wants is one that nothing has and
// that is near the value which is there.
func (p proposer) slip(m *policy.Mismatch) bool {
	if m.Reason != policy.LabelMismatch || m.Operator != "In" || len(m.Want) < 2 || !m.Present {
		return false
	}
	_, want := nearest(m.Want, m.Saw)
	has := func(labels cluster.Labels) bool { return labels.Known[m.Key] == want }
	return spelling.Near(want, m.Saw) && !slices.ContainsFunc(p.set.Snapshot().AllNamespaces(), func(n *cluster.Namespace) bool {
		if strings.HasPrefix(m.Field, "namespaceSelector") {
			return has(n.Labels)
		}
		return slices.ContainsFunc(p.set.Snapshot().Subjects(n.Name), func(pod *cluster.Pod) bool { return has(pod.Labels) })
	})
}

// meansNamespace tells whether the namespaceSelector of a peer matches some namespace for certain,
// whether its pods were read or not: it was meant for that one.
func (p proposer) meansNamespace(ref policy.RuleRef) bool {
	return slices.ContainsFunc(p.set.Snapshot().AllNamespaces(), func(n *cluster.Namespace) bool {
		return p.set.MatchNamespace(ref, n.Name).Truth == policy.Yes
	})
}

// OnlyDNS tells whether the ports of a rule are those of DNS and nothing else: such a rule is meant
// for a DNS server, whatever it selects.
func OnlyDNS(ports []networkingv1.NetworkPolicyPort) bool {
	other := func(p networkingv1.NetworkPolicyPort) bool {
		return p.Port == nil || p.EndPort != nil || !slices.Contains([]string{"53", "5353", "dns", "dns-tcp"}, p.Port.String())
	}
	return len(ports) > 0 && !slices.ContainsFunc(ports, other)
}

// subjectEdits proposes edits of the podSelector of a policy that selects nothing at all: such a
// policy was meant for something.
func (p proposer) subjectEdits(t policy.PolicyTrace) []Edit {
	if t.Mismatch == nil {
		return nil
	}
	pods, complete := p.set.Selected(t.Policy)
	if len(pods) > 0 {
		return nil
	}
	doubt := subjectFurther
	if !complete {
		doubt += notAllRead
	}
	subject, _ := p.ends()
	m := *t.Mismatch
	m.Field = "podSelector." + m.Field
	ref := policy.RuleRef{Policy: t.Policy, Direction: p.dir, Rule: -1, Peer: -1, Port: -1}
	return p.labelEdits(ref, "spec", &m, subject.Pod.Labels.Known, [2]Kind{SubjectLabelValue, SubjectLabelKey}, doubt, farValue)
}

// labelEdits proposes edits of one label requirement that failed: another value for its key, or
// another key for its value. kinds are those of the two, unlike is the distance of a value that is no slip.
func (p proposer) labelEdits(ref policy.RuleRef, base string, m *policy.Mismatch, labels map[string]string, kinds [2]Kind, doubt, unlike int) []Edit {
	if len(m.Want) == 0 {
		return nil
	}
	selector, index, isExpression := splitField(m.Field)
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
			e.From, e.To = m.Key, other
			e.Patch = []Operation{{Op: "replace", Path: pointer(e.Path), Value: other}}
			add(e, nearKey+keyDistance(m.Key, other))
			continue
		}
		e := p.base(kinds[1], ref, fmt.Sprintf("%s.%s.matchLabels[%s]", base, selector, m.Key))
		e.From, e.To = m.Key+": "+m.Want[0], other+": "+m.Want[0]
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
