package check

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// labels are the findings about pod labels, NPD1xx.
var labels = []Check{
	{
		Code: "NPD101", Severity: Error,
		Title:    "a rule wants a pod label value that the pod does not have",
		Symptoms: []string{"every other client works", "connection timed out"},
		Doc: `A peer of a rule selects pods by a label value that no pod has, and the pod that is
denied has a value that differs by a slip: a missing letter, another case, a hyphen.

What you see: the connection times out (or is refused, on plugins that reject), while every
other client that the policy names works.

Verify: kubectl get pods --show-labels, and compare with the peer that is named.

Fix: correct the value in the policy. Changing the pod's label instead would restart it and
may detach it from its Deployment or Service.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PeerLabelValue}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows pods with %s=%v, which no pod has; %s has %s=%v", place(e), e.Clause.Key, e.From, p.Name(peerOf(c, e)), e.Clause.Key, e.To), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD102", Severity: Error,
		Title: "a rule wants a pod label under another key",
		Doc: `A peer of a rule selects pods by a label key that the pod does not have, while the pod
carries the wanted value under another key, such as app.kubernetes.io/name instead of app.

What you see: the connection times out (or is refused, on plugins that reject).

Verify: kubectl get pods --show-labels

Fix: use the key that the pods have.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PeerLabelKey}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows pods with %s, which %s does not have; it has %s", place(e), wanted(e), p.Name(peerOf(c, e)), seen(e)), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD103", Severity: Error,
		Title: "a policy selects no pod because of its own podSelector",
		Doc: `The policy whose rules would allow the connection does not select the pod, nor any other:
its own podSelector differs from the pod's labels by a slip. Other policies isolate the pod,
so nothing allows the connection.

Verify: kubectl get pods -l with the labels of the policy's podSelector finds nothing.

Fix: correct the podSelector.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.SubjectLabelValue, change.SubjectLabelKey}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("policy %s would allow it but selects no pod: its podSelector wants %s; %s has %s", e.Object.Name, wanted(e), p.Name(subjectEnd(c, e)), seen(e)), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD104", Severity: Error,
		Title: "a rule asks clients for a label that nothing carries",
		Doc: `A rule lets in pods that carry a label as a ticket, such as my-redis-client=true. Charts ship such
policies; the client has to be given the label, and no pod has it.

What you see: no client outside of the chart gets through.

Verify: kubectl get pods -A -l with the label finds nothing.

Fix: add the label to the pod template of the client. The policy belongs to whoever ships it: a
change there would be undone by the next upgrade.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PodLabelAdded}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows pods with %s=%v, which no pod has; give that label to %s", place(e), e.Clause.Key, e.To, p.Name(peerOf(c, e))), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD105", Severity: Error,
		Title: "a selector leaves out what it was meant for",
		Doc: `A requirement with the operator NotIn or DoesNotExist leaves nothing over: the selector matches no
pod at all. With the opposite operator it would match the pod that is denied.

Verify: kubectl get pods with the selector as it is written finds nothing.

Fix: use In or Exists.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.SelectorOperator}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s leaves out what its label %s names (operator %v), so it matches nothing; %s is among what it leaves out", place(e), e.Clause.Key, e.From, p.Name(peerOf(c, e))), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD106", Severity: Error,
		Title:    "a policy is pinned to a label that controllers stamp",
		Symptoms: []string{"works on the old replica only", "broke after a rollout"},
		Doc: `A selector names pod-template-hash, controller-revision-hash, a pod index or the name of a pod or
Job. Controllers stamp those: the value changes with every rollout, or differs from replica to
replica, so the policy holds for the pods of the day it was written.

What you see: an old replica works, a new one does not; or the first replica alone.

Verify: kubectl get pods --show-labels

Fix: select by the labels of the pod template.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.StampedLabel}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s wants %s, a label that changes with every rollout or replica", place(e), asked(e.Clause)), labelEvidence(e))
			})
			p.eachEdit(change.Additions, func(c change.Cause, e change.Edit) {
				if e.Clause != nil && cluster.StampedByController(e.Clause.Key) {
					p.cause(c, e, fmt.Sprintf("%s wants %s, a label that changes with every rollout or replica, and nothing else", place(e), asked(e.Clause)),
						map[string]string{"key": e.Clause.Key, "wanted": strings.Join(e.Clause.Want, ","), "seen": e.Clause.Saw})
				}
			})
		},
	},
	{
		Code: "NPD107", Severity: Error,
		Title:    "a rule allows the workload, and not its Jobs",
		Symptoms: []string{"the application works, its Job does not"},
		Doc: `The client is a pod of a Job or CronJob, such as a migration. The rule selects other pods by a
label that this one does not carry.

What you see: the application works, its migration or backup does not.

Verify: kubectl get pods --show-labels, and compare the Job's with the others.

Fix: allow the Job's labels as one more peer. To give the Job the labels of the application
instead may let a Service send traffic to it.`,
		Run: func(p *Pass) {
			p.eachNear([]policy.Reason{policy.LabelMismatch}, func(c change.Cause, e change.Edit) {
				if cluster.StampedByController(e.Clause.Key) {
					return
				}
				has := "has no such label"
				if e.Clause.Present {
					has = "has " + e.Clause.Key + "=" + e.Clause.Saw
				}
				p.cause(c, e, fmt.Sprintf("%s allows pods with %s=%s; %s %s", place(e), e.Clause.Key, strings.Join(e.Clause.Want, ","), p.Name(peerOf(c, e)), has),
					map[string]string{"key": e.Clause.Key, "wanted": strings.Join(e.Clause.Want, ","), "seen": e.Clause.Saw})
			})
		},
	},
	{
		Code: "NPD108", Severity: Error,
		Title: "a selector asks for a label too many",
		Doc: `The selector asks for a label that the pod does not have, besides others that it has, and matches
no pod at all: a version, a tier or a release that the pods never carried or lost.

Verify: kubectl get pods -l with the selector finds nothing, without the one label it finds the pod.

Fix: take the requirement out of the selector.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.ExtraRequirement}, func(c change.Cause, e change.Edit) {
				who, what := peerOf(c, e), place(e)+" allows "
				if e.Rule.Rule < 0 {
					who, what = subjectEnd(c, e), "policy "+e.Object.Name+" would allow it but selects "
				}
				p.cause(c, e, fmt.Sprintf("%spods %s; no pod has all of that: %s has no label %s", what, selectorOf(e), p.Name(who), e.Clause.Key), labelEvidence(e))
			})
		},
	},
}

// selectorOf is the podSelector that an edit is in, as kubectl writes one.
func selectorOf(e change.Edit) string {
	selector := &e.Rule.Policy.Spec.PodSelector
	if e.Rule.Rule >= 0 {
		selector = change.PeersOf(e.Rule)[e.Rule.Peer].PodSelector
	}
	return metav1.FormatLabelSelector(selector)
}

// place names the rule that an edit is near: the policy and the path of the rule.
func place(e change.Edit) string {
	rule := e.Rule
	rule.Peer, rule.Port = -1, -1
	return rule.Policy.Name + " " + rule.Path()
}

// asked says what a line of a selector asks of its label.
func asked(m *policy.Mismatch) string {
	values := strings.Join(m.Want, ",")
	switch metav1.LabelSelectorOperator(m.Operator) {
	case metav1.LabelSelectorOpExists:
		return "any " + m.Key
	case metav1.LabelSelectorOpDoesNotExist:
		return "no " + m.Key
	case metav1.LabelSelectorOpNotIn:
		return m.Key + " other than " + values
	}
	return m.Key + "=" + values
}

// peerOf is the end that the clause of an edit is about.
func peerOf(c change.Cause, e change.Edit) policy.Endpoint {
	if e.Direction == policy.Egress {
		return c.Flow.Destination
	}
	return c.Flow.Source
}

// subjectEnd is the end that the policy of an edit is about.
func subjectEnd(c change.Cause, e change.Edit) policy.Endpoint {
	if e.Direction == policy.Egress {
		return c.Flow.Source
	}
	return c.Flow.Destination
}

// wanted prints what a clause wants: a label as kubectl writes it, or a port.
func wanted(e change.Edit) string { return inWords(e, e.From) }

// seen prints what there is instead of what a clause wants.
func seen(e change.Edit) string { return inWords(e, e.To) }

func inWords(e change.Edit, value any) string {
	text := fmt.Sprint(value)
	switch key, label, whole := strings.Cut(text, ": "); {
	case whole:
		return key + "=" + label
	case e.Clause == nil:
		return text
	case e.Clause.Reason == policy.LabelMismatch:
		return e.Clause.Key + "=" + text
	}
	return "port " + text
}

func labelEvidence(e change.Edit) map[string]string {
	m := map[string]string{"wanted": fmt.Sprint(e.From), "seen": fmt.Sprint(e.To)}
	if e.Clause != nil {
		m["key"] = e.Clause.Key
	}
	return m
}
