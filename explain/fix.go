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
		return fmt.Sprintf("%s: add %s to %s%s", object, PeerText(to, e.Object.Namespace), e.Path, sharedPorts(e))
	case networkingv1.NetworkPolicyIngressRule:
		return fmt.Sprintf("%s: add an ingress rule that allows traffic from %s on %s", object, allPeers(to.From, e.Object.Namespace), allPorts(to.Ports))
	case networkingv1.NetworkPolicyEgressRule:
		return fmt.Sprintf("%s: add an egress rule that allows traffic to %s on %s", object, allPeers(to.To, e.Object.Namespace), allPorts(to.Ports))
	}
	switch e.Kind {
	case change.AddedPolicy:
		return fmt.Sprintf("create the policy %s, by which %s", object, manifestText(e))
	case change.PolicyMoved:
		return fmt.Sprintf("create the policy %s in namespace %v, and delete it from namespace %v", e.Object.Name, e.To, e.From)
	case change.PeerSplit:
		return fmt.Sprintf("%s: split %s into two peers, one for each selector", object, e.Path)
	case change.UnitedRequirements:
		values, _ := e.To.([]string)
		return fmt.Sprintf("%s: merge the two requirements on %s into one: In (%s) at %s", object, e.Clause.Key, strings.Join(values, ", "), e.Path)
	case change.NamespaceMissing:
		return fmt.Sprintf("%s: add namespaceSelector %s=%s next to the podSelector of %s", object, cluster.MetadataName, e.Clause.Saw, strings.TrimSuffix(e.Path, ".namespaceSelector"))
	case change.StampedLabel, change.ExtraRequirement:
		return fmt.Sprintf("%s: remove %s", object, e.Path)
	case change.NamespaceLabelAdded:
		return fmt.Sprintf("label namespace %s with %s=%v", e.Object.Name, e.Clause.Key, e.To)
	case change.PodLabelAdded:
		return fmt.Sprintf("%s: add the label %s=%v to %s", object, e.Clause.Key, e.To, strings.TrimSuffix(e.Path, "["+e.Clause.Key+"]"))
	case change.TargetPort:
		return fmt.Sprintf("Service %s %s: %v → %v", object, e.Path, e.From, e.To)
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

// sharedPorts says what else a peer gets that is added to a rule: every port of it.
func sharedPorts(e change.Edit) string {
	ref := e.Rule
	ref.Peer, ref.Port = -1, -1
	if ref.Policy == nil || !strings.HasPrefix(e.Path, ref.Path()+".") {
		return ""
	}
	return ", a rule for " + allPorts(change.PortsOf(ref))
}

// allPeers lists peers of a rule that all get what it allows.
func allPeers(peers []networkingv1.NetworkPolicyPeer, namespace string) string {
	return strings.ReplaceAll(PeersText(peers, namespace), " or ", " and ")
}

// allPorts lists the ports that a rule allows.
func allPorts(ports []networkingv1.NetworkPolicyPort) string {
	list := strings.Split(PortsText(ports), ", ")
	if last := len(list) - 1; last > 0 {
		return strings.Join(list[:last], ", ") + " and " + list[last]
	}
	return list[0]
}

// manifestText says what a policy that is added does.
func manifestText(e change.Edit) string {
	spec := e.Manifest.Spec
	who := "pods " + SelectorText(&spec.PodSelector)
	if len(spec.PodSelector.MatchLabels)+len(spec.PodSelector.MatchExpressions) == 0 {
		who = "all pods of namespace " + e.Object.Namespace
	}
	if e.Direction == policy.Egress {
		return fmt.Sprintf("%s may connect to %s on %s", who, allPeers(spec.Egress[0].To, e.Object.Namespace), allPorts(spec.Egress[0].Ports))
	}
	return fmt.Sprintf("%s accept connections from %s on %s", who, allPeers(spec.Ingress[0].From, e.Object.Namespace), allPorts(spec.Ingress[0].Ports))
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
		return fmt.Sprintf("%s %s excludes %s, perhaps on purpose: ask why before you allow it", c.Rule.PolicyName(), c.Rule.Path(), check.AddressText(c.Except))
	case change.EveryAddress:
		return "this allows every address, inside and outside the cluster"
	case change.WholeNamespace:
		return "this allows every pod of the selected namespaces"
	case change.Unlabelled:
		return "the pods to be allowed have no labels, so this allows every pod of their namespace: give them a label first"
	case change.UnlabelledSubject:
		return "the pods it is meant for have no labels, so it selects every pod of the namespace: give them a label first"
	case change.AllItsRules:
		return "every " + c.Rule.Direction.String() + " rule of the policy then applies, to every pod that it selects, not only to this connection: read them first"
	case change.NotIsolated:
		return "then no policy isolates these pods in this direction, and every connection in this direction is allowed"
	case change.Excluded:
		return "the selector excludes exactly this, perhaps on purpose: ask why before you allow it"
	case change.NodeAddress:
		return "a node that is replaced or added has another address: where you know the range of all nodes, allow that"
	case change.ListensThere:
		return "if the application does listen on the port that the Service has now, leave the Service alone: declare that port on the container, and allow it in the rules"
	case change.OtherRules:
		return "then every rule that selects by this label applies too, in any policy"
	}
	return ""
}
