package explain_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

func labelled(labels ...string) *metav1.LabelSelector {
	s := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for i := 0; i < len(labels); i += 2 {
		s.MatchLabels[labels[i]] = labels[i+1]
	}
	return s
}

func TestFixText(t *testing.T) {
	t.Parallel()
	udp, port := corev1.ProtocolUDP, intstr.FromInt32(8080)
	np := cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: "shop", Name: "api"}
	in := []networkingv1.NetworkPolicyPeer{{PodSelector: labelled("app", "web")}}
	ports := []networkingv1.NetworkPolicyPort{{Port: &port}, {Protocol: &udp}}
	for want, e := range map[string]change.Edit{
		"shop/api spec.ingress[0].ports[0].port: 443 → 8443": {Kind: change.PortNumber, Object: np, Path: "spec.ingress[0].ports[0].port", From: int32(443), To: int32(8443)},
		"shop/api spec.ingress[0].from[0].namespaceSelector: name=web → kubernetes.io/metadata.name=web": {
			Kind: change.NamespaceLabelKey, Object: np, Path: "spec.ingress[0].from[0].namespaceSelector.matchLabels[name]", From: "name: web", To: "kubernetes.io/metadata.name: web",
		},
		"shop/api: add pods app=web of namespace shop to spec.ingress[0].from": {Kind: change.AddedPeer, Object: np, Path: "spec.ingress[0].from", To: in[0]},
		"shop/api: add an ingress rule that allows traffic from pods app=web of namespace shop on 8080/TCP and every UDP port": {
			Kind: change.AddedRule, Object: np, Path: "spec.ingress", To: networkingv1.NetworkPolicyIngressRule{From: in, Ports: ports},
		},
		"shop/api: add an egress rule that allows traffic to anywhere on every port": {Kind: change.AddedRule, Object: np, Path: "spec.egress", To: networkingv1.NetworkPolicyEgressRule{}},
		"create the policy shop/api, by which pods app=api accept connections from pods app=web of namespace shop on 8080/TCP and every UDP port": {
			Kind: change.AddedPolicy, Object: np, Direction: policy.Ingress, Manifest: &networkingv1.NetworkPolicy{
				Spec: networkingv1.NetworkPolicySpec{PodSelector: *labelled("app", "api"), Ingress: []networkingv1.NetworkPolicyIngressRule{{From: in, Ports: ports}}},
			},
		},
		"create the policy api in namespace shop, and delete it from namespace default": {Kind: change.PolicyMoved, Object: np, From: "default", To: "shop"},
		"shop/api: split spec.ingress[0].from[0] into two peers, one for each selector": {
			Kind: change.PeerSplit, Object: np, Path: "spec.ingress[0].from[0]", To: []networkingv1.NetworkPolicyPeer{},
		},
		"label namespace web with team=a": {
			Kind: change.NamespaceLabelAdded, Object: cluster.Ref{Kind: "Namespace", Name: "web"}, Clause: &policy.Mismatch{Key: "team"}, To: "a",
		},
		"shop/web: add the label ticket=true to spec.template.metadata.labels": {
			Kind: change.PodLabelAdded, Object: cluster.Ref{Kind: "Deployment", Namespace: "shop", Name: "web"}, Path: "spec.template.metadata.labels[ticket]", Clause: &policy.Mismatch{Key: "ticket"}, To: "true",
		},
		"shop/api: remove spec.podSelector.matchLabels[pod-template-hash]": {Kind: change.StampedLabel, Object: np, Path: "spec.podSelector.matchLabels[pod-template-hash]", From: "pod-template-hash"},
		"shop/api spec.podSelector: app=web → {} (every pod)":              {Kind: change.SubjectLabelValue, Object: np, Path: "spec.podSelector", From: *labelled("app", "web"), To: metav1.LabelSelector{}},
	} {
		if got := explain.FixText(e); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", e.Kind, got, want)
		}
	}
}

func TestPeerText(t *testing.T) {
	t.Parallel()
	for want, peer := range map[string]networkingv1.NetworkPolicyPeer{
		"every pod of namespace shop":                        {PodSelector: &metav1.LabelSelector{}},
		"every pod of every namespace":                       {NamespaceSelector: &metav1.LabelSelector{}},
		"every pod of namespace web":                         {NamespaceSelector: labelled(cluster.MetadataName, "web")},
		"pods a=1,b=2 of namespaces team=x":                  {NamespaceSelector: labelled("team", "x"), PodSelector: labelled("b", "2", "a", "1")},
		"address 192.0.2.1":                                  {IPBlock: &networkingv1.IPBlock{CIDR: "192.0.2.1/32"}},
		"addresses 192.0.2.0/24 except 192.0.2.1/32":         {IPBlock: &networkingv1.IPBlock{CIDR: "192.0.2.0/24", Except: []string{"192.0.2.1/32"}}},
		"pods a in (1,2),b notin (3),c,!d of namespace shop": {PodSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "In", Values: []string{"1", "2"}}, {Key: "b", Operator: "NotIn", Values: []string{"3"}}, {Key: "c", Operator: "Exists"}, {Key: "d", Operator: "DoesNotExist"}}}},
	} {
		if got := explain.PeerText(peer, "shop"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// Every kind of caution has words.
func TestCautionText(t *testing.T) {
	t.Parallel()
	ref := policy.RuleRef{Policy: &cluster.Policy{NetworkPolicy: &networkingv1.NetworkPolicy{}}}
	for _, kind := range []change.CautionKind{change.AgainstExcept, change.EveryAddress, change.WholeNamespace, change.Unlabelled, change.UnlabelledSubject, change.AllItsRules, change.NotIsolated, change.Excluded, change.OtherRules} {
		if explain.CautionText(change.Caution{Kind: kind, Rule: ref, Except: "192.0.2.0/24"}) == "" {
			t.Errorf("%s has no words", kind)
		}
	}
}
