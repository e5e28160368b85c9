package explain

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// FixText says in one sentence what an edit does.
func FixText(e change.Edit) string {
	object := e.Object.Name
	if e.Object.Namespace != "" {
		object = e.Object.Namespace + "/" + object
	}
	switch to := e.To.(type) {
	case networkingv1.NetworkPolicyPeer:
		return fmt.Sprintf("%s: add %s to %s", object, PeerText(to, e.Object.Namespace), e.Path)
	case networkingv1.NetworkPolicyIngressRule:
		return fmt.Sprintf("%s: add a rule from %s on %s", object, PeersText(to.From, e.Object.Namespace), PortsText(to.Ports))
	case networkingv1.NetworkPolicyEgressRule:
		return fmt.Sprintf("%s: add a rule to %s on %s", object, PeersText(to.To, e.Object.Namespace), PortsText(to.Ports))
	}
	switch e.Kind {
	case change.AddedPolicy:
		return fmt.Sprintf("add the policy %s: %s", object, manifestText(e))
	case change.PolicyMoved:
		return fmt.Sprintf("create the policy %s in namespace %v, and delete it from %v", e.Object.Name, e.To, e.From)
	case change.PeerSplit:
		return fmt.Sprintf("%s: make two peers of %s, one for each selector", object, e.Path)
	case change.UnitedRequirements:
		values, _ := e.To.([]string)
		return fmt.Sprintf("%s: make one requirement of two on %s: In (%s) at %s", object, e.Clause.Key, strings.Join(values, ", "), e.Path)
	case change.NamespaceMissing:
		return fmt.Sprintf("%s: add namespaceSelector %s=%s beside the podSelector of %s", object, cluster.MetadataName, e.Clause.Saw, strings.TrimSuffix(e.Path, ".namespaceSelector"))
	case change.StampedLabel, change.ExtraRequirement:
		return fmt.Sprintf("%s: remove %s", object, e.Path)
	case change.NamespaceLabelAdded:
		return fmt.Sprintf("label namespace %s with %s=%v", e.Object.Name, e.Clause.Key, e.To)
	case change.PodLabelAdded:
		return fmt.Sprintf("%s: add the label %s=%v to %s", object, e.Clause.Key, e.To, strings.TrimSuffix(e.Path, "["+e.Clause.Key+"]"))
	case change.AddedPort:
		to, _ := e.To.(map[string]any)
		return fmt.Sprintf("%s: add %v/%v to %s", object, to["port"], to["protocol"], e.Path)
	}
	if keys := []change.Kind{change.PeerLabelKey, change.NamespaceLabelKey, change.SubjectLabelKey}; slices.Contains(keys, e.Kind) {
		label := func(v any) string { return strings.Replace(fmt.Sprint(v), ": ", "=", 1) }
		selector, _, _ := strings.Cut(e.Path, ".match")
		return fmt.Sprintf("%s %s: %s → %s", object, selector, label(e.From), label(e.To))
	}
	if e.From == nil {
		return fmt.Sprintf("%s: add %s to %s", object, valueText(e.To), e.Path)
	}
	return fmt.Sprintf("%s %s: %s → %s", object, e.Path, valueText(e.From), valueText(e.To))
}

// manifestText says what a policy that is added does.
func manifestText(e change.Edit) string {
	spec := e.Manifest.Spec
	who := "pods " + SelectorText(&spec.PodSelector)
	if e.Direction == policy.Egress {
		return fmt.Sprintf("%s may reach %s on %s", who, PeersText(spec.Egress[0].To, e.Object.Namespace), PortsText(spec.Egress[0].Ports))
	}
	return fmt.Sprintf("%s may be reached from %s on %s", who, PeersText(spec.Ingress[0].From, e.Object.Namespace), PortsText(spec.Ingress[0].Ports))
}

func valueText(v any) string {
	switch v := v.(type) {
	case []networkingv1.PolicyType:
		var out []string
		for _, t := range v {
			out = append(out, string(t))
		}
		return "[" + strings.Join(out, ", ") + "]"
	case metav1.LabelSelector:
		if len(v.MatchLabels)+len(v.MatchExpressions) == 0 {
			return "{} (every pod)"
		}
		return SelectorText(&v)
	case map[string]any:
		if text, err := json.Marshal(v); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v)
}

// CautionText says why to think twice before an edit is made.
func CautionText(c change.Caution) string {
	switch c.Kind {
	case change.AgainstExcept:
		return fmt.Sprintf("%s %s leaves out %s, perhaps on purpose: ask why before you allow it", c.Rule.PolicyName(), c.Rule.Path(), check.AddressText(c.Except))
	case change.EveryAddress:
		return "this allows every address, inside the cluster and outside"
	case change.WholeNamespace:
		return "this allows every pod of the namespaces that are selected"
	case change.Unlabelled:
		return "the pods to be allowed carry no labels, so this allows every pod of the namespace: give them a label first"
	case change.UnlabelledSubject:
		return "the pods that it is for carry no labels, so it selects every pod of the namespace: give them a label first"
	case change.AllItsRules:
		return "every " + c.Rule.Direction.String() + " rule of the policy counts then, for every pod that it selects, and not only for this connection: read them first"
	case change.NotIsolated:
		return "no policy isolates these pods in this direction then: everybody reaches them, or they reach everything"
	case change.Excluded:
		return "the selector leaves this out by name, perhaps on purpose: ask why before you allow it"
	case change.OtherRules:
		return "every rule that selects by this label applies then, wherever it is written"
	}
	return ""
}
