package cluster

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Role is a Role, or a ClusterRole when it has no namespace.
type Role struct {
	Ref
	Rules []rbacv1.PolicyRule
	// Labels and Aggregates say which ClusterRoles a controller puts together. What it has put
	// into the rules is in Rules already.
	Labels     map[string]string
	Aggregates []metav1.LabelSelector
	Origin     Origin
}

// Binding is a RoleBinding, or a ClusterRoleBinding when it has no namespace.
type Binding struct {
	Ref
	Role     Ref // of a Role with the namespace of the binding
	Subjects []rbacv1.Subject
	Origin   Origin
}

// NewRole makes the slim role of an API Role.
func NewRole(in *rbacv1.Role, origin Origin) *Role {
	return &Role{Ref: rbacRef("Role", in.Namespace, in.Name), Rules: in.Rules, Origin: origin}
}

// NewClusterRole makes the slim role of an API ClusterRole.
func NewClusterRole(in *rbacv1.ClusterRole, origin Origin) *Role {
	r := &Role{Ref: rbacRef("ClusterRole", "", in.Name), Rules: in.Rules, Labels: in.Labels, Origin: origin}
	if in.AggregationRule != nil {
		r.Aggregates = in.AggregationRule.ClusterRoleSelectors
	}
	return r
}

// NewRoleBinding makes the slim binding of an API RoleBinding.
func NewRoleBinding(in *rbacv1.RoleBinding, origin Origin) *Binding {
	return newBinding(rbacRef("RoleBinding", in.Namespace, in.Name), in.RoleRef, in.Subjects, origin)
}

// NewClusterRoleBinding makes the slim binding of an API ClusterRoleBinding.
func NewClusterRoleBinding(in *rbacv1.ClusterRoleBinding, origin Origin) *Binding {
	return newBinding(rbacRef("ClusterRoleBinding", "", in.Name), in.RoleRef, in.Subjects, origin)
}

func newBinding(ref Ref, role rbacv1.RoleRef, subjects []rbacv1.Subject, origin Origin) *Binding {
	b := &Binding{Ref: ref, Role: rbacRef(role.Kind, "", role.Name), Origin: origin}
	if role.Kind == "Role" {
		b.Role.Namespace = ref.Namespace
	}
	for _, s := range subjects {
		b.Subjects = append(b.Subjects, asServiceAccount(s))
	}
	return b
}

// asServiceAccount names a service account that is written as the user that it is to RBAC by what
// it is. Source: "Using RBAC Authorization", referring to subjects.
func asServiceAccount(s rbacv1.Subject) rbacv1.Subject {
	full, ok := strings.CutPrefix(s.Name, "system:serviceaccount:")
	namespace, name, whole := strings.Cut(full, ":")
	if s.Kind != rbacv1.UserKind || !ok || !whole {
		return s
	}
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}
}

func rbacRef(kind, namespace, name string) Ref {
	return Ref{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind, Namespace: namespace, Name: name}
}
