package snapshot

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// typeOf is the version and kind of an object.
func typeOf(r cluster.Ref) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: r.APIVersion, Kind: r.Kind}
}

// metaOf names an object.
func metaOf(namespace, name string, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}
}

// remember writes who made an object and who changed it.
func remember(m *metav1.ObjectMeta, h cluster.History) {
	if !h.Created.IsZero() {
		m.CreationTimestamp = metav1.NewTime(h.Created)
	}
	m.ManagedFields = h.Entries()
}

// ownedBy writes the controller of an object. Which one it is its name says; its uid is not kept.
func ownedBy(m *metav1.ObjectMeta, owner cluster.Ref) {
	if owner.Kind == "" {
		return
	}
	yes := true
	m.OwnerReferences = []metav1.OwnerReference{{APIVersion: owner.APIVersion, Kind: owner.Kind, Name: owner.Name, UID: types.UID("none"), Controller: &yes}}
}

// annotate writes an annotation, unless it is empty.
func annotate(m *metav1.ObjectMeta, key, value string) {
	if value == "" {
		return
	}
	if m.Annotations == nil {
		m.Annotations = map[string]string{}
	}
	m.Annotations[key] = value
}
