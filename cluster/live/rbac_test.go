package live_test

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

func rightsOfShop() []runtime.Object {
	return []runtime.Object{
		namespace("shop"),
		&rbacv1.Role{ObjectMeta: about("shop/a", "")}, &rbacv1.Role{ObjectMeta: about("shop/b", "")}, &rbacv1.Role{ObjectMeta: about("shop/editor", "")},
		&rbacv1.RoleBinding{ObjectMeta: about("shop/ci", ""), RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "editor"}, Subjects: []rbacv1.Subject{{Kind: "User", Name: "jane"}}},
		&rbacv1.RoleBinding{ObjectMeta: about("other/ci", ""), RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "editor"}},
		&rbacv1.ClusterRole{ObjectMeta: about("a", "")},
		&rbacv1.ClusterRoleBinding{ObjectMeta: about("a", ""), RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "a"}},
	}
}

// Rights are read by four lists, paged, in protobuf, and only where they are asked for.
func TestRights(t *testing.T) {
	server := livetest.New(t, rightsOfShop()...)
	source := open(t, server, live.Options{PageSize: 2})
	if s := read(t, source, cluster.Scope{Namespaces: []string{"shop"}}); len(s.Roles)+len(s.Bindings) > 0 {
		t.Errorf("rights were not asked for: %v %v", s.Roles, s.Bindings)
	}
	isRBAC := func(r livetest.Request) bool { return strings.Contains(r.Path, "rbac.authorization.k8s.io") }
	if slices.ContainsFunc(server.Requests(), isRBAC) {
		t.Errorf("requests: %v", server.Requests())
	}
	s := read(t, source, cluster.Scope{Namespaces: []string{"shop"}, Rights: []string{"shop"}})
	var got []string
	for _, r := range s.Roles {
		got = append(got, r.String())
	}
	for _, b := range s.Bindings {
		got = append(got, b.String()+" to "+b.Role.String())
	}
	equal(t, "rights", got, []string{"a (ClusterRole)", "shop/a (Role)", "shop/b (Role)", "shop/editor (Role)", "a (ClusterRoleBinding) to a (ClusterRole)", "shop/ci (RoleBinding) to shop/editor (Role)"})
	equal(t, "read", s.Read.Rights, []string{"shop"})
	requests := slices.DeleteFunc(server.Requests(), func(r livetest.Request) bool { return !isRBAC(r) })
	if len(requests) != 5 { // the Roles are two pages
		t.Errorf("requests: %v", requests)
	}
	for _, r := range requests {
		if !strings.Contains(r.ContentType, "protobuf") {
			t.Errorf("%s came as %s", r, r.ContentType)
		}
	}
}

func TestRightsForbidden(t *testing.T) {
	for resource, want := range map[string]string{
		"roles.rbac.authorization.k8s.io":               "roles.rbac.authorization.k8s.io in namespace shop: Forbidden",
		"clusterrolebindings.rbac.authorization.k8s.io": "clusterrolebindings.rbac.authorization.k8s.io: Forbidden",
	} {
		server := livetest.New(t, rightsOfShop()...)
		server.Deny(resource, "")
		s := readOnce(t, server, cluster.Scope{Rights: []string{"shop"}})
		equal(t, "gaps", gaps(s), []string{want})
		if len(s.Read.Rights) > 0 || len(s.Bindings) == 0 {
			t.Errorf("without %s: read %v, bindings %v", resource, s.Read.Rights, s.Bindings)
		}
	}
}
