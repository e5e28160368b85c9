package apiserver

import (
	"context"
	"fmt"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Grant is what a user may do in one namespace or, where Namespace is empty, in
// the whole cluster.
type Grant struct {
	Namespace string
	Rules     []rbacv1.PolicyRule
}

// User returns the configuration of a client that may do what is granted and,
// but for what Kubernetes lets every authenticated user do, nothing else. The
// grants are in force when User returns and are withdrawn when the test ends.
func (s *Server) User(tb testing.TB, name string, grants ...Grant) *rest.Config {
	tb.Helper()
	config, err := s.config(name)
	if err != nil {
		tb.Fatal(err)
	}
	admin, err := kubernetes.NewForConfig(s.admin)
	if err != nil {
		tb.Fatal(err)
	}
	for _, grant := range grants {
		s.Apply(tb, grant.objects(name)...)
		if err := grant.await(tb.Context(), admin, name); err != nil {
			tb.Fatal(err)
		}
	}
	return config
}

// Member returns the configuration of a client that may do what Kubernetes
// grants to that name and those groups of its own accord. Nodes and the parts of
// the control plane are such users.
func (s *Server) Member(tb testing.TB, name string, groups ...string) *rest.Config {
	tb.Helper()
	config, err := s.config(name, groups...)
	if err != nil {
		tb.Fatal(err)
	}
	return config
}

// objects are the role that holds the rules, and the binding of the user to it.
func (g Grant) objects(user string) []runtime.Object {
	meta := metav1.ObjectMeta{Name: "test-" + rand.String(10)}
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}}

	var binding runtime.Object = &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: role, Subjects: subjects}
	if g.Namespace != "" {
		meta := metav1.ObjectMeta{Name: meta.Name, Namespace: g.Namespace}
		binding = &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: role, Subjects: subjects}
	}
	return []runtime.Object{&rbacv1.ClusterRole{ObjectMeta: meta, Rules: g.Rules}, binding}
}

// await returns when the API server, which learns of roles by watching, goes by
// every rule of the grant. One request that the rule allows stands for all.
func (g Grant) await(ctx context.Context, admin kubernetes.Interface, user string) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for _, rule := range g.Rules {
		review := &authorizationv1.SubjectAccessReview{Spec: g.example(rule, user)}
		err := wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
			answer, err := admin.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
			return err == nil && answer.Status.Allowed, err
		})
		if err != nil {
			return fmt.Errorf("waiting until %s may %v in namespace %q: %w", user, rule, g.Namespace, err)
		}
	}
	return nil
}

// example is a request that the rule allows.
func (g Grant) example(rule rbacv1.PolicyRule, user string) authorizationv1.SubjectAccessReviewSpec {
	first := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return list[0]
	}
	if len(rule.NonResourceURLs) > 0 {
		return authorizationv1.SubjectAccessReviewSpec{
			User:                  user,
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: first(rule.Verbs), Path: first(rule.NonResourceURLs)},
		}
	}
	resource, subresource, _ := strings.Cut(first(rule.Resources), "/")
	return authorizationv1.SubjectAccessReviewSpec{
		User: user,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace:   g.Namespace,
			Verb:        first(rule.Verbs),
			Group:       first(rule.APIGroups),
			Resource:    resource,
			Subresource: subresource,
			Name:        first(rule.ResourceNames),
		},
	}
}
