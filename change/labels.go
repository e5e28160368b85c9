package change

import (
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// How far edits of selectors are from what is written. The distance of a value is added.
const (
	nearValue          = 10 // a value that may be a slip for the one that is there
	nearKey            = 12 // the value is there, under another key
	ownNamespace       = 14 // only the namespaceSelector is missing
	oppositeOperator   = 18 // NotIn or DoesNotExist that leaves nothing
	dnsValue           = 16 // a value unlike the one that is there, in a rule that is for DNS and nothing else
	extraRequirement   = 17 // a requirement on a label that the object does not have, in a selector that matches nothing
	unlistedType       = 9  // the rule is written down, the direction is not listed
	stampedLabel       = 13 // the value changes with every rollout or replica
	otherNamespace     = 22 // the policy is where it selects nothing
	unitedRequirements = 15 // two requirements on one label that exclude each other
	missingDash        = 20 // a peer that selects nothing, of two selectors that select something
	addedLabel         = 30 // a label that nothing carries yet
	farValue           = 60 // a value that has nothing to do with the one that is there
	notAllRead         = 8  // added when it is not certain that the clause matches nothing else
	subjectFurther     = 4  // added for the policy's own podSelector
)

// peerEdits proposes edits of the peers of a rule, none of which matches. Only a clause that
// matches nothing today is taken for a slip, or one of several values that nothing has: what
// matches something was meant for that.
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
		base := clause.Ref.Path()
		if cluster.StampedByController(m.Key) && strings.HasPrefix(m.Field, "podSelector") {
			edits = append(edits, p.unpin(clause.Ref, base+".podSelector", strings.TrimPrefix(m.Field, "podSelector."), m)...)
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
		edits = append(edits, p.uniteEdits(clause.Ref, base, m)...)
		if complete && !slip && strings.HasPrefix(m.Field, "podSelector") {
			edits = append(edits, p.withoutExtra(clause.Ref, base+".podSelector", strings.TrimPrefix(m.Field, "podSelector."), m)...)
		}
		if complete && !forDNS {
			edits = append(edits, p.splitEdits(clause)...)
			edits = append(edits, p.relabelEdits(clause)...)
		}
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
	has := func(labels cluster.Labels) bool {
		value, presence := labels.Get(m.Key)
		return presence == cluster.MaybePresent || value == want
	}
	read := p.set.Snapshot().Read
	return spelling.Near(want, m.Saw) && (read.All || read.NamespaceObjects) && !slices.ContainsFunc(p.set.Snapshot().AllNamespaces(), func(n *cluster.Namespace) bool {
		if strings.HasPrefix(m.Field, "namespaceSelector") {
			return has(n.Labels)
		}
		return slices.ContainsFunc(p.set.Snapshot().Subjects(n.Name), func(pod *cluster.Pod) bool { return has(pod.Labels) })
	})
}

// meansNamespace tells whether the namespaceSelector of a peer matches, or may match, some
// namespace, whether its pods were read or not: it was meant for that one. Of namespaces that were
// not all read, one may be among the others.
func (p proposer) meansNamespace(ref policy.RuleRef) bool {
	if read := p.set.Snapshot().Read; !read.All && !read.NamespaceObjects {
		return true
	}
	return slices.ContainsFunc(p.set.Snapshot().AllNamespaces(), func(n *cluster.Namespace) bool {
		return p.set.MatchNamespace(ref, n.Name).Truth != policy.No
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
	ref := p.of(t.Policy)
	if cluster.StampedByController(t.Mismatch.Key) {
		return p.unpin(ref, "spec.podSelector", t.Mismatch.Field, t.Mismatch)
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
	if complete {
		if edits := p.withoutExtra(ref, "spec.podSelector", t.Mismatch.Field, t.Mismatch); len(edits) > 0 {
			return edits
		}
	}
	m := *t.Mismatch
	m.Field = "podSelector." + m.Field
	if edits := p.uniteEdits(ref, "spec", &m); len(edits) > 0 {
		return edits
	}
	return p.labelEdits(ref, "spec", &m, subject.Pod.Labels.Known, [2]Kind{SubjectLabelValue, SubjectLabelKey}, doubt, farValue)
}
