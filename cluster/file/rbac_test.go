package file

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// rightsOf are roles and bindings of two namespaces and of the cluster.
const rightsOf = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: editor, namespace: shop}
rules: [{apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ci, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: editor}
subjects: [{kind: ServiceAccount, name: ci, namespace: build}, {kind: User, apiGroup: rbac.authorization.k8s.io, name: "system:serviceaccount:build:cd"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: others, namespace: other}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
---
apiVersion: v1
kind: List
items:
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRole
  metadata: {name: all, labels: {a: b}}
  aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: all}}]}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: all}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}
  subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: admins}]
`

func readRights(t *testing.T, text string, rights bool, scope cluster.Scope) (*cluster.Snapshot, error) {
	t.Helper()
	options := testOptions()
	options.Rights = rights
	source, err := Open(context.Background(), []string{folder(t, "a.yaml", text)}, options)
	if err != nil {
		return nil, err
	}
	return source.Read(context.Background(), scope)
}

// TestRights: roles and bindings are read for the namespaces they are asked for, and only where the
// options say so.
func TestRights(t *testing.T) {
	for _, row := range []struct {
		name  string
		asked bool
		scope cluster.Scope
		want  []string
	}{
		{"of a namespace", true, cluster.Scope{Rights: []string{"shop"}}, []string{"all (ClusterRole)", "shop/editor (Role)", "all (ClusterRoleBinding)", "shop/ci (RoleBinding)"}},
		{"of another", true, cluster.Scope{Rights: []string{"other"}}, []string{"all (ClusterRole)", "all (ClusterRoleBinding)", "other/others (RoleBinding)"}},
		{"of all", true, cluster.Scope{All: true}, []string{"all (ClusterRole)", "shop/editor (Role)", "all (ClusterRoleBinding)", "other/others (RoleBinding)", "shop/ci (RoleBinding)"}},
		{"not asked for", false, cluster.Scope{All: true}, nil},
	} {
		s, err := readRights(t, rightsOf, row.asked, row.scope)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		var got []string
		for _, r := range s.Roles {
			got = append(got, r.String())
		}
		for _, b := range s.Bindings {
			got = append(got, b.String())
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
		if len(s.Gaps) > 0 {
			t.Errorf("%s: gaps %v", row.name, s.Gaps)
		}
	}
}

// A user with the name of a service account is that service account.
func TestRightsOfServiceAccounts(t *testing.T) {
	s, err := readRights(t, rightsOf, true, cluster.Scope{Rights: []string{"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	subjects := s.Bindings[1].Subjects
	if len(subjects) != 2 || subjects[0].Name != "ci" || subjects[1].Kind != "ServiceAccount" || subjects[1].Namespace != "build" || subjects[1].Name != "cd" {
		t.Errorf("subjects: %+v", subjects)
	}
}

// Files without any binding say nothing of rights, which is a gap; to other questions it is none.
func TestRightsThatAreNotThere(t *testing.T) {
	for rights, want := range map[string]int{"shop": 2, "": 0} {
		scope := cluster.Scope{Namespaces: []string{"shop"}}
		if rights != "" {
			scope.Rights = []string{rights}
		}
		s, err := readRights(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", true, scope)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Gaps) != want {
			t.Errorf("rights of %q: gaps %v", rights, s.Gaps)
		}
	}
}

// What the API server would refuse is an error with its field, and none where rights are not asked
// for: other questions do not look at it.
func TestWrongRights(t *testing.T) {
	for _, row := range []struct{ from, to, want string }{
		{"kind: ServiceAccount, name: ci, namespace: build", "kind: ServiceAccount, name: ci", "subjects[0].namespace"},
		{"kind: Role, name: editor", "kind: Rolle, name: editor", "roleRef.kind"},
		{`, verbs: ["*"]`, "", "rules[0].verbs"},
		{"rbac.authorization.k8s.io/v1\nkind: Role\n", "rbac.authorization.k8s.io/v1beta1\nkind: Role\n", "write it as rbac.authorization.k8s.io/v1"},
	} {
		text := strings.Replace(rightsOf, row.from, row.to, 1)
		if _, err := readRights(t, text, true, cluster.Scope{Rights: []string{"shop"}}); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", row.to, err)
		}
		if _, err := readRights(t, text, false, cluster.Scope{All: true}); err != nil {
			t.Errorf("%s, not asked for: %v", row.to, err)
		}
	}
}
