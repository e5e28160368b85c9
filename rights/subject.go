package rights

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Masters is the group whose members may do everything: the API server asks no authorizer about
// them. Source: "Using RBAC Authorization", default roles; PKI certificates, "system:masters".
const Masters = "system:masters"

// everybody are the groups that whoever reaches the API server is in, or every service account.
// Source: "Authenticating", "Using RBAC Authorization"; OpenShift's system:authenticated:oauth.
var everybody = []string{"system:authenticated", "system:authenticated:oauth", "system:serviceaccounts", "system:unauthenticated"}

// Everybody tells whether a subject stands for everybody, or for every service account.
func Everybody(s rbacv1.Subject) bool {
	return s.Kind == rbacv1.GroupKind && slices.Contains(everybody, s.Name) || s.Kind == rbacv1.UserKind && s.Name == "system:anonymous"
}

// System tells whether a subject is a part of Kubernetes: its name is reserved, or it is a service
// account of kube-system. Source: "Using RBAC Authorization", referring to subjects.
func System(s rbacv1.Subject) bool {
	if s.Kind == rbacv1.ServiceAccountKind {
		return s.Namespace == "kube-system"
	}
	if of, accounts := AccountsOf(s); accounts {
		return of == "kube-system"
	}
	return strings.HasPrefix(s.Name, "system:") && !Everybody(s)
}

// AccountsOf returns the namespace whose service accounts a group is. Source: "Managing Service
// Accounts", groups.
func AccountsOf(s rbacv1.Subject) (namespace string, ok bool) {
	namespace, ok = strings.CutPrefix(s.Name, "system:serviceaccounts:")
	return namespace, ok && s.Kind == rbacv1.GroupKind
}

// Is tells whether a service account is a subject, by its name or as one of all of its namespace.
func Is(s rbacv1.Subject, namespace, account string) bool {
	if of, ok := AccountsOf(s); ok {
		return of == namespace
	}
	return s.Kind == rbacv1.ServiceAccountKind && s.Namespace == namespace && s.Name == account
}
