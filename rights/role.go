package rights

import (
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// roles finds what a role allows.
type roles struct {
	*cluster.Snapshot
	byRef map[cluster.Ref]*cluster.Role
}

// knowledge is how it is known what a role allows.
type knowledge struct {
	read     bool
	standard bool // it is one that Kubernetes makes, and was not read
}

func rolesOf(s *cluster.Snapshot) roles {
	r := roles{s, map[cluster.Ref]*cluster.Role{}}
	for _, role := range s.Roles {
		r.byRef[role.Ref] = role
	}
	return r
}

// rules returns what a role allows. A role that does not exist allows nothing; whether it exists is
// not known where roles could not be read, and of files, which seldom hold all roles of a cluster.
func (r roles) rules(ref cluster.Ref) ([]rbacv1.PolicyRule, knowledge) {
	if role := r.byRef[ref]; role != nil {
		return r.whole(role, map[*cluster.Role]bool{}), knowledge{read: true}
	}
	resource := "roles.rbac.authorization.k8s.io"
	if ref.Kind == "ClusterRole" {
		resource = "clusterroles.rbac.authorization.k8s.io"
	}
	if !r.FromFiles && len(r.GapsFor(resource, ref.Namespace)) == 0 {
		return nil, knowledge{read: true}
	}
	if role := standard[ref.Name]; role != nil && ref.Kind == "ClusterRole" {
		return r.whole(role, map[*cluster.Role]bool{}), knowledge{standard: true}
	}
	return nil, knowledge{}
}

// whole returns the rules of a role with those of the ClusterRoles that it is put together from. In
// a cluster a controller has done that already; nobody does it for manifests and for what is
// laid over a cluster. Source: "Using RBAC Authorization", aggregated ClusterRoles.
func (r roles) whole(role *cluster.Role, seen map[*cluster.Role]bool) []rbacv1.PolicyRule {
	rules := append([]rbacv1.PolicyRule{}, role.Rules...)
	if seen[role] {
		return rules
	}
	seen[role] = true
	for _, other := range r.Roles {
		if other.Kind == "ClusterRole" && aggregates(role, other) {
			rules = append(rules, r.whole(other, seen)...)
		}
	}
	return rules
}

func aggregates(role, other *cluster.Role) bool {
	for i := range role.Aggregates {
		selector, err := metav1.LabelSelectorAsSelector(&role.Aggregates[i])
		if err == nil && selector.Matches(labels.Set(other.Labels)) {
			return true
		}
	}
	return false
}

// standard are the ClusterRoles for users that every API server makes at its start, as far as the
// rights here go. Source: "Using RBAC Authorization", user-facing roles; editRules and
// clusterRoles of the API server's bootstrap policy.
var standard = map[string]*cluster.Role{
	"cluster-admin": {Rules: []rbacv1.PolicyRule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}}},
	"admin": {
		Rules: append([]rbacv1.PolicyRule{
			{Verbs: everyWrite, APIGroups: []string{rbacGroup}, Resources: []string{"roles", "rolebindings"}},
		}, editing...),
		Aggregates: []metav1.LabelSelector{aggregate("admin"), aggregate("edit"), aggregate("view")},
	},
	"edit": {Rules: editing, Aggregates: []metav1.LabelSelector{aggregate("edit"), aggregate("view")}},
	"view": {Aggregates: []metav1.LabelSelector{aggregate("view")}},
}

var everyWrite = []string{"create", "delete", "deletecollection", "patch", "update"}

var editing = []rbacv1.PolicyRule{
	{Verbs: everyWrite, APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}},
	{Verbs: everyWrite, APIGroups: []string{""}, Resources: []string{"pods", "replicationcontrollers"}},
	{Verbs: everyWrite, APIGroups: []string{"apps"}, Resources: []string{"daemonsets", "deployments", "replicasets", "statefulsets"}},
	{Verbs: everyWrite, APIGroups: []string{"batch"}, Resources: []string{"cronjobs", "jobs"}},
	{Verbs: []string{"impersonate"}, APIGroups: []string{""}, Resources: []string{"serviceaccounts"}},
	{Verbs: []string{"create"}, APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"}},
}

func aggregate(to string) metav1.LabelSelector {
	return metav1.LabelSelector{MatchLabels: map[string]string{"rbac.authorization.k8s.io/aggregate-to-" + to: "true"}}
}
