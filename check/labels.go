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
		Title:    "a rule selects a pod label value that the pod does not have",
		Symptoms: []string{"every other client works", "connection timed out"},
		Doc: `A peer of the rule selects pods by a label value that no pod has. The pod that is denied has the
same label with a slightly different value: a missing letter, another case, a hyphen.

What you see: the connection times out (or is refused, on plugins that reject). Every other client
that the policy names works.

Verify: kubectl get pods -n NAMESPACE --show-labels, and compare the labels with the peer of the
rule.

Fix: correct the value in the policy. Do not change the pod's label instead: that restarts the pod
and may detach it from its Deployment or Service.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PeerLabelValue}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows pods with %s=%v, which no pod has; %s has %s=%v", place(e), e.Clause.Key, e.From, p.Name(peerOf(c, e)), e.Clause.Key, e.To), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD102", Severity: Error,
		Title: "a rule selects a pod label key that the pod does not have",
		Doc: `A peer of the rule selects pods by a label key that the pod does not have. The pod has the wanted
value under another key, for example app.kubernetes.io/name instead of app.

What you see: the connection times out (or is refused, on plugins that reject).

Verify: kubectl get pods -n NAMESPACE --show-labels

Fix: use the key that the pods have.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PeerLabelKey}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows pods with %s, which %s does not have; it has %s", place(e), wanted(e), p.Name(peerOf(c, e)), seen(e)), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD103", Severity: Error,
		Title: "a policy selects no pod because of a mistake in its own podSelector",
		Doc: `The rules of the policy would allow the connection, but the policy selects neither this pod nor any
other: its own podSelector (spec.podSelector) differs slightly from the pod's labels. Other policies
isolate the pod, so nothing allows the connection.

What you see: the policy has no effect; the connection is denied as if the policy did not exist.

Verify: kubectl get pods -n NAMESPACE -l KEY=VALUE with the labels of spec.podSelector finds
nothing.

Fix: correct spec.podSelector.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.SubjectLabelValue, change.SubjectLabelKey}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("policy %s would allow it but selects no pod: its podSelector asks for %s; %s has %s", e.Object.Name, wanted(e), p.Name(subjectEnd(c, e)), seen(e)), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD104", Severity: Error,
		Title: "a rule asks clients for a label that no pod has",
		Doc: `The rule allows any pod that has a certain label, for example my-redis-client=true. Charts often
ship such policies: a client is allowed once somebody gives it the label. No pod has it yet.

What you see: no client from outside the chart can connect.

Verify: kubectl get pods -A -l KEY=VALUE with the label of the rule finds nothing.

Fix: add the label to the client's pod template. Do not change the policy if a chart writes it: the
next upgrade would undo the change.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PodLabelAdded}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows pods with %s=%v, a label that no pod has yet; %s needs it", place(e), e.Clause.Key, e.To, p.Name(peerOf(c, e))), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD105", Severity: Error,
		Title: "a selector with NotIn or DoesNotExist excludes the pod it should select",
		Doc: `A requirement with the operator NotIn or DoesNotExist excludes every pod there is, so the selector
matches nothing. With the opposite operator (In or Exists) it would match the pod that is denied.

What you see: the rule allows nobody.

Verify: kubectl get pods -n NAMESPACE -l 'KEY notin (VALUE)' with the requirement of the selector
finds nothing.

Fix: use In or Exists, unless the pod is excluded on purpose.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.SelectorOperator}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s excludes by label %s (operator %v) and so matches nothing; %s is excluded, too", place(e), e.Clause.Key, e.From, p.Name(peerOf(c, e))), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD106", Severity: Error,
		Title:    "a policy selects by a label that changes with every rollout or replica",
		Symptoms: []string{"works on the old replica only", "broke after a rollout"},
		Doc: `A selector uses pod-template-hash, controller-revision-hash, a pod index, or the name of a pod or
Job. Controllers set these labels. The value changes with every rollout, or differs from replica to
replica, so the policy only matches the pods that existed when it was written.

What you see: an old replica works and a new one does not, or only the first replica works.

Verify: kubectl get pods -n NAMESPACE --show-labels

Fix: select by labels that are in the pod template.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.StampedLabel}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s asks for %s, a label that changes with every rollout or replica", place(e), asked(e.Clause)), labelEvidence(e))
			})
			p.eachEdit(change.Additions, func(c change.Cause, e change.Edit) {
				if e.Clause != nil && cluster.StampedByController(e.Clause.Key) {
					p.cause(c, e, fmt.Sprintf("%s asks for %s, a label that changes with every rollout or replica, and for nothing else", place(e), asked(e.Clause)),
						map[string]string{"key": e.Clause.Key, "wanted": strings.Join(e.Clause.Want, ","), "seen": e.Clause.Saw})
				}
			})
		},
	},
	{
		Code: "NPD107", Severity: Error,
		Title:    "a rule allows the workload but not its Jobs",
		Symptoms: []string{"the application works, its Job does not"},
		Doc: `The client is a pod of a Job or CronJob, for example a migration or a backup. The rule selects other
pods, by a label that the Job's pod does not have.

What you see: the application works, its migration or backup does not.

Verify: kubectl get pods -n NAMESPACE --show-labels, and compare the Job's pod with the others.

Fix: allow the Job's labels as one more peer. Do not give the Job the application's labels: a
Service may then send traffic to it.`,
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
		Title: "a selector asks for one label too many",
		Doc: `The selector asks for a label that the pod does not have, besides others that it has. Together they
match no pod: usually a version, tier or release label that the pods lost or never had.

What you see: the rule allows nobody, or the policy selects no pod.

Verify: kubectl get pods -n NAMESPACE -l KEY=VALUE,KEY2=VALUE2 with the whole selector finds
nothing; without the one label it finds the pod.

Fix: remove that label from the selector.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.ExtraRequirement}, func(c change.Cause, e change.Edit) {
				who, what := peerOf(c, e), place(e)+" allows "
				if e.Rule.Rule < 0 {
					who, what = subjectEnd(c, e), "policy "+e.Object.Name+" would allow it but selects "
				}
				p.cause(c, e, fmt.Sprintf("%spods %s; no pod has all of these labels: %s has no label %s", what, selectorOf(e), p.Name(who), e.Clause.Key), labelEvidence(e))
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

// place names the rule that an edit is near, or the selector of the policy: its name and the path.
func place(e change.Edit) string {
	rule := e.Rule
	if rule.Rule < 0 {
		return rule.Policy.Name + " spec.podSelector"
	}
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
func wanted(e change.Edit) string {
	if e.Has != "" {
		return e.Clause.Key + "=" + strings.Join(e.Clause.Want, " or ")
	}
	return inWords(e, e.From)
}

// seen prints what there is instead of what a clause wants.
func seen(e change.Edit) string {
	if e.Has != "" {
		return e.Has
	}
	return inWords(e, e.To)
}

func inWords(e change.Edit, value any) string {
	text := fmt.Sprint(value)
	switch {
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
