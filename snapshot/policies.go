package snapshot

import (
	rbacv1 "k8s.io/api/rbac/v1"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// writerAnnotations are the annotations by which the checks tell who writes a policy.
var writerAnnotations = []string{"argocd.argoproj.io/tracking-id", "meta.helm.sh/release-name"}

func namespaceOf(n *cluster.Namespace) *corev1.Namespace {
	out := &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metaOf("", n.Name, n.Labels.Known)}
	remember(&out.ObjectMeta, n.History)
	return out
}

func nodeOf(n *cluster.Node) *corev1.Node {
	out := &corev1.Node{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: metaOf("", n.Name, n.Labels)}
	out.Status.NodeInfo.KubeletVersion = n.KubeletVersion
	for _, ip := range n.IPs {
		out.Status.Addresses = append(out.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: ip.String()})
	}
	for i, r := range n.PodCIDRs { // the first is there twice where the API server wrote it
		if i == 0 {
			out.Spec.PodCIDR = r.String()
			continue
		}
		out.Spec.PodCIDRs = append(out.Spec.PodCIDRs, r.String())
	}
	return out
}

// settings are the ConfigMaps with the settings that are read of them.
func settings(s *cluster.Snapshot) map[string]map[string]string {
	const name = "kube-system/cilium-config"
	data, ok := s.ConfigMaps[name]
	if !ok {
		return nil
	}
	kept := map[string]string{}
	for _, key := range policy.CiliumSettings {
		if value, ok := data[key]; ok {
			kept[key] = value
		}
	}
	return map[string]map[string]string{name: kept}
}

func configMapOf(_ string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metaOf("kube-system", "cilium-config", nil), Data: data}
}

// policyOf makes the NetworkPolicy of one that was read: its spec as it is, of the rest what is read.
func policyOf(p *cluster.Policy) *networkingv1.NetworkPolicy {
	out := &networkingv1.NetworkPolicy{TypeMeta: typeOf(p.Ref()), ObjectMeta: metaOf(p.Namespace, p.Name, p.Labels), Spec: p.Spec}
	for _, key := range writerAnnotations {
		annotate(&out.ObjectMeta, key, p.Annotations[key])
	}
	annotate(&out.ObjectMeta, cluster.WrittenAnnotation, p.WrittenText())
	for _, o := range p.OwnerReferences {
		if o.Controller != nil && *o.Controller {
			ownedBy(&out.ObjectMeta, cluster.Ref{APIVersion: o.APIVersion, Kind: o.Kind, Name: o.Name})
		}
	}
	remember(&out.ObjectMeta, p.History)
	return out
}

// foreignOf makes a policy of another layer, with all that its spec says.
func foreignOf(f *cluster.Foreign) object {
	meta := metaOf(f.Namespace, f.Name, nil)
	remember(&meta, f.History)
	about, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&meta)
	if err != nil { // of times and texts
		about = object{"name": f.Name, "namespace": f.Namespace}
	}
	out := object{"apiVersion": f.APIVersion, "kind": f.Kind, "metadata": tidy(about)}
	if specs, several := f.Spec["specs"]; several {
		out["specs"] = specs
		if spec, also := f.Spec["spec"]; also {
			out["spec"] = spec
		}
		return out
	}
	out["spec"] = f.Spec
	return out
}

func roleOf(r *cluster.Role) any {
	if r.Kind == "Role" {
		return &rbacv1.Role{TypeMeta: typeOf(r.Ref), ObjectMeta: metaOf(r.Namespace, r.Name, nil), Rules: r.Rules}
	}
	out := &rbacv1.ClusterRole{TypeMeta: typeOf(r.Ref), ObjectMeta: metaOf("", r.Name, r.Labels), Rules: r.Rules}
	if r.Aggregates != nil {
		out.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: r.Aggregates}
	}
	return out
}

func bindingOf(b *cluster.Binding) any {
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: b.Role.Kind, Name: b.Role.Name}
	meta := metaOf(b.Namespace, b.Name, nil)
	if b.Kind == "RoleBinding" {
		return &rbacv1.RoleBinding{TypeMeta: typeOf(b.Ref), ObjectMeta: meta, Subjects: b.Subjects, RoleRef: role}
	}
	return &rbacv1.ClusterRoleBinding{TypeMeta: typeOf(b.Ref), ObjectMeta: meta, Subjects: b.Subjects, RoleRef: role}
}
