package check

import (
	"fmt"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// namespaces are the findings about namespaces, NPD2xx.
var namespaces = []Check{
	{
		Code: "NPD201", Severity: Error,
		Title:    "a rule selects a namespace label that the namespace does not have",
		Symptoms: []string{"no pod of the namespace gets through", "connection timed out"},
		Doc: `A namespaceSelector matches the labels of Namespace objects, never their names. The rule asks for a
label that no namespace has; the namespace that was meant has the value under another key. The usual
case is "name: monitoring": Kubernetes only sets kubernetes.io/metadata.name.

What you see: the connection times out (or is refused, on plugins that reject) from every pod of
that namespace.

Verify: kubectl get namespace NAMESPACE --show-labels

Fix: select by kubernetes.io/metadata.name, or by a label that the namespace has.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.NamespaceLabelKey}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows namespaces with %s, which no namespace has; namespace %s has %s", place(e), wanted(e), peerNamespace(c, e), seen(e)), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD202", Severity: Error,
		Title: "a rule selects a namespace label value that the namespace does not have",
		Doc: `A namespaceSelector asks for a label value that no namespace has. The namespace that is denied has
the same label with a slightly different value.

What you see: the connection times out (or is refused, on plugins that reject) from every pod of
that namespace.

Verify: kubectl get namespaces --show-labels

Fix: correct the value in the policy.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.NamespaceLabelValue}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows namespaces with %s=%v, which no namespace has; namespace %s has %s=%v", place(e), e.Clause.Key, e.From, peerNamespace(c, e), e.Clause.Key, e.To), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD203", Severity: Error,
		Title:    "a podSelector without a namespaceSelector does not match pods of other namespaces",
		Symptoms: []string{"works from the same namespace only", "connection timed out"},
		Doc: `A peer that has only a podSelector matches pods in the policy's own namespace. The pod that is
denied has the right labels, but is in another namespace.

What you see: pods with those labels can connect from the policy's own namespace, and the same pods
in another namespace cannot.

Verify: kubectl get networkpolicy NAME -n NAMESPACE -o yaml shows no namespaceSelector beside the
podSelector.

Fix: add a namespaceSelector to the same list item, without a dash of its own. A separate item would
mean "or", and would allow every pod of that namespace.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.NamespaceMissing}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s has a podSelector and no namespaceSelector, so it only matches pods of namespace %s; %s is in namespace %s", place(e), e.Object.Namespace, p.Name(peerOf(c, e)), peerNamespace(c, e)),
					map[string]string{"wanted": e.Object.Namespace, "seen": peerNamespace(c, e)})
			})
		},
	},
	{
		Code: "NPD204", Severity: Error,
		Title: "a rule asks for a namespace label that no namespace has",
		Doc: `The rule allows pods of any namespace that has a certain label, for example network/monitoring=true.
No namespace has it: the one that was meant never got the label, or was deleted and created again
without it.

What you see: the connection times out (or is refused, on plugins that reject) from every pod of
that namespace.

Verify: kubectl get namespaces --show-labels

Fix: label the namespace, or select it by kubernetes.io/metadata.name. Whoever may label namespaces
can let any namespace through such a rule.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.NamespaceLabelAdded}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows namespaces with %s=%v, a label that no namespace has yet; namespace %s needs it", place(e), e.Clause.Key, e.To, e.Object.Name), labelEvidence(e))
			})
		},
	},
	{
		Code: "NPD211", Severity: Warning,
		Title: "the labels of a namespace are not known",
		Doc: `The Namespace object is not among the files, or could not be read. Only its label
kubernetes.io/metadata.name is certain. A rule that asks for another label may or may not match.

Verify: kubectl get namespace NAMESPACE --show-labels

Fix: add the Namespace object to the files (-f), or ask somebody who may read namespaces to run the
same command.`,
		Run: func(p *Pass) {
			for _, f := range p.Facts() {
				if f.Kind == policy.NamespaceLabel {
					p.report(Finding{
						Object: f.Object, Field: "metadata.labels", Message: fmt.Sprintf("it is not known whether namespace %s has the label %s", f.Object.Name, f.Key),
						Evidence: map[string]string{"key": f.Key}, Advice: "add the Namespace object to the files (-f), or read the cluster with the right to get namespaces",
					})
				}
			}
		},
	},
}

func peerNamespace(c change.Cause, e change.Edit) string {
	end := peerOf(c, e)
	if end.Pod == nil {
		return ""
	}
	return end.Pod.Namespace
}
