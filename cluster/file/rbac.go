package file

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// The kinds that are read under Options.Rights. For all other questions their objects are passed
// over by their header.
var rightsKinds = []*kind{
	{apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", namespaced: true, rights: true, make: func() metav1.Object { return new(rbacv1.Role) }},
	{apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", namespaced: true, rights: true, make: func() metav1.Object { return new(rbacv1.RoleBinding) }},
	{apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", rights: true, make: func() metav1.Object { return new(rbacv1.ClusterRole) }},
	{apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", rights: true, make: func() metav1.Object { return new(rbacv1.ClusterRoleBinding) }},
}

// readable are the kinds that are read under the options.
func (r *registry) readable() []*kind {
	all := kinds
	if r.options.Rights {
		all = slices.Concat(all, rightsKinds)
	}
	if r.options.Ingresses {
		all = slices.Concat(all, ingressKinds)
	}
	if r.options.Gateways {
		all = slices.Concat(all, gatewayKinds)
	}
	return all
}

// addUnknownRights notes that nothing is known of rights where the files bind nobody to any role:
// every cluster has bindings, and most folders of manifests leave them out.
func (f *filler) addUnknownRights(namespaces []string) {
	if len(namespaces) > 0 && len(f.Bindings) == 0 {
		for _, resource := range []string{"clusterrolebindings", "rolebindings"} {
			f.Gaps = append(f.Gaps, cluster.Gap{Resource: resource + ".rbac.authorization.k8s.io", Reason: cluster.NotProvided})
		}
	}
}

// slimRights keeps of an object of RBAC what a snapshot needs, and returns nil for other objects.
func slimRights(object metav1.Object, origin cluster.Origin) any {
	switch o := object.(type) {
	case *rbacv1.Role:
		return cluster.NewRole(o, origin)
	case *rbacv1.ClusterRole:
		return cluster.NewClusterRole(o, origin)
	case *rbacv1.RoleBinding:
		return cluster.NewRoleBinding(o, origin)
	case *rbacv1.ClusterRoleBinding:
		return cluster.NewClusterRoleBinding(o, origin)
	}
	return nil
}

// validateRights returns what the API server would refuse about an object of RBAC, and nothing for
// other objects. Source: the API server's validation of rbac.authorization.k8s.io.
func validateRights(object metav1.Object) field.ErrorList {
	switch o := object.(type) {
	case *rbacv1.Role:
		return append(validateNames(&o.ObjectMeta, segmentName), validateRules(o.Rules)...)
	case *rbacv1.ClusterRole:
		return append(validateNames(&o.ObjectMeta, segmentName), validateRules(o.Rules)...)
	case *rbacv1.RoleBinding:
		return append(validateNames(&o.ObjectMeta, segmentName), validateBinding(o.RoleRef, o.Subjects, "Role", "ClusterRole")...)
	case *rbacv1.ClusterRoleBinding:
		return append(validateNames(&o.ObjectMeta, segmentName), validateBinding(o.RoleRef, o.Subjects, "ClusterRole")...)
	}
	return nil
}

// segmentName is how names of RBAC are formed: as a part of a path.
func segmentName(name string, _ bool) []string { return content.IsPathSegmentName(name) }

func validateRules(rules []rbacv1.PolicyRule) field.ErrorList {
	var errs field.ErrorList
	for i, r := range rules {
		at := field.NewPath("rules").Index(i)
		if len(r.Verbs) == 0 {
			errs = append(errs, field.Required(at.Child("verbs"), "a rule without verbs grants nothing"))
		}
		if len(r.NonResourceURLs) > 0 {
			continue
		}
		if len(r.APIGroups) == 0 {
			errs = append(errs, field.Required(at.Child("apiGroups"), `write [""] for the core group`))
		}
		if len(r.Resources) == 0 {
			errs = append(errs, field.Required(at.Child("resources"), "a rule is about some resource"))
		}
	}
	return errs
}

func validateBinding(role rbacv1.RoleRef, subjects []rbacv1.Subject, kinds ...string) field.ErrorList {
	var errs field.ErrorList
	if !slices.Contains(kinds, role.Kind) {
		errs = append(errs, field.NotSupported(field.NewPath("roleRef", "kind"), role.Kind, kinds))
	}
	if role.Name == "" {
		errs = append(errs, field.Required(field.NewPath("roleRef", "name"), "a binding is to some role"))
	}
	for i, s := range subjects {
		at := field.NewPath("subjects").Index(i)
		switch s.Kind {
		case rbacv1.ServiceAccountKind:
			if s.Namespace == "" {
				errs = append(errs, field.Required(at.Child("namespace"), "a service account is in a namespace"))
			}
		case rbacv1.UserKind, rbacv1.GroupKind:
		default:
			errs = append(errs, field.NotSupported(at.Child("kind"), s.Kind, []string{rbacv1.ServiceAccountKind, rbacv1.UserKind, rbacv1.GroupKind}))
		}
		if s.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), "a subject has a name"))
		}
	}
	return errs
}
