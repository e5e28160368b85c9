package rights_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/rights"
)

// rule reads a rule as it stands in a role.
func rule(t *testing.T, text string) []rbacv1.PolicyRule {
	t.Helper()
	var rules []rbacv1.PolicyRule
	if err := yaml.UnmarshalStrict([]byte(text), &rules); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return rules
}

// shop is a namespace with a policy, a pod and a Deployment, read as a whole.
func shop() *cluster.Snapshot {
	np := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "deny"}}
	return &cluster.Snapshot{
		Namespaces: []*cluster.Namespace{cluster.NewNamespace(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, cluster.Origin{})},
		Policies:   []*cluster.Policy{cluster.NewPolicy(np, cluster.Origin{})},
		Pods:       []*cluster.Pod{{Namespace: "shop", Name: "web-1"}},
		Workloads:  []*cluster.Workload{{Ref: cluster.Ref{Kind: "Deployment", Namespace: "shop", Name: "web"}}},
		Read:       cluster.Scope{Namespaces: []string{"shop"}, Rights: []string{"shop"}},
	}
}

var jane = []rbacv1.Subject{{Kind: "User", Name: "jane"}}

// bind adds a role with its binding in a namespace, or in the cluster.
func bind(s *cluster.Snapshot, namespace string, rules []rbacv1.PolicyRule) {
	meta := metav1.ObjectMeta{Namespace: namespace, Name: "it"}
	if namespace == "" {
		s.Roles = append(s.Roles, cluster.NewClusterRole(&rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, cluster.Origin{}))
		s.Bindings = append(s.Bindings, cluster.NewClusterRoleBinding(&rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "it"}, Subjects: jane}, cluster.Origin{}))
		return
	}
	s.Roles = append(s.Roles, cluster.NewRole(&rbacv1.Role{ObjectMeta: meta, Rules: rules}, cluster.Origin{}))
	s.Bindings = append(s.Bindings, cluster.NewRoleBinding(&rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "it"}, Subjects: jane}, cluster.Origin{}))
}

// told prints grants: "right: act, act", or "right" where it is whole.
func told(a *rights.Answer) string {
	var out []string
	for _, g := range a.Grants {
		text := string(g.Right)
		if !g.Whole {
			var acts []string
			for _, act := range g.Acts {
				acts = append(acts, act.String())
			}
			text += ": " + strings.Join(acts, ", ")
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

const all = "policies; namespaceLabels; podLabels; workloads; become; delegate"

// What rules of a role amount to.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		rules, inNamespace, inCluster string
	}{
		{`[{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}]`, all, all},
		{`[{verbs: ["get", "list", "watch"], apiGroups: ["*"], resources: ["*"]}]`, "", ""},
		{`[{verbs: ["*"], nonResourceURLs: ["*"]}]`, "", ""},
		// Policies.
		{`[{verbs: [create, update, patch, delete], apiGroups: [networking.k8s.io], resources: [networkpolicies]}]`, "policies", "policies"},
		{`[{verbs: [delete], apiGroups: [networking.k8s.io], resources: [networkpolicies]}]`, "policies: delete networkpolicies", "policies: delete networkpolicies"},
		{`[{verbs: [deletecollection], apiGroups: ["*"], resources: [networkpolicies]}]`, "policies: deletecollection networkpolicies", "policies: deletecollection networkpolicies"},
		{`[{verbs: ["*"], apiGroups: [extensions, ""], resources: [networkpolicies]}]`, "", ""},
		{`[{verbs: ["*"], apiGroups: [networking.k8s.io], resources: [networkpolicies/status, ingresses]}]`, "", ""},
		// Names: objects that there are; a request to create has none.
		{`[{verbs: ["*"], apiGroups: [networking.k8s.io], resources: [networkpolicies], resourceNames: [deny, gone]}]`, "policies: update networkpolicies deny, patch networkpolicies deny, delete networkpolicies deny", "policies: update networkpolicies deny, patch networkpolicies deny, delete networkpolicies deny"},
		{`[{verbs: ["*"], apiGroups: [networking.k8s.io], resources: [networkpolicies], resourceNames: [gone]}]`, "", ""},
		{`[{verbs: [patch], apiGroups: [""], resources: [pods], resourceNames: [web-1]}, {verbs: [update], apiGroups: [""], resources: [pods], resourceNames: [web-2]}]`, "podLabels: patch pods web-1", "podLabels: patch pods web-1"},
		{`[{verbs: [patch, create], apiGroups: [apps], resources: [deployments, statefulsets], resourceNames: [web]}]`, "workloads: patch deployments web", "workloads: patch deployments web"},
		{`[{verbs: [create], apiGroups: [""], resources: [serviceaccounts/token], resourceNames: [ci]}]`, "become: create serviceaccounts/token ci", "become: create serviceaccounts/token ci"},
		// Labels, also by way of the status.
		{`[{verbs: [update, patch], apiGroups: [""], resources: [namespaces]}]`, "namespaceLabels", "namespaceLabels"},
		{`[{verbs: [patch], apiGroups: [""], resources: [namespaces], resourceNames: [shop, other]}]`, "namespaceLabels: patch namespaces shop", "namespaceLabels: patch namespaces shop"},
		{`[{verbs: [patch], apiGroups: [""], resources: [namespaces], resourceNames: [other]}]`, "", ""},
		{`[{verbs: [patch], apiGroups: [""], resources: ["*/status"]}]`, "namespaceLabels: patch namespaces/status; podLabels: patch pods/status", "namespaceLabels: patch namespaces/status; podLabels: patch pods/status"},
		{`[{verbs: ["*"], apiGroups: [""], resources: [pods/log, pods/ephemeralcontainers, pods/exec, "pods/*"]}]`, "", ""},
		// Pods of one's own.
		{`[{verbs: [create], apiGroups: [""], resources: [pods]}]`, "workloads: create pods", "workloads: create pods"},
		{`[{verbs: [update], apiGroups: [batch], resources: [jobs]}]`, "", ""},
		{`[{verbs: [create], apiGroups: [apps], resources: [deployments/scale]}]`, "", ""},
		// More rights. What has no namespace takes a binding in the cluster.
		{`[{verbs: [impersonate], apiGroups: [""], resources: [users, groups]}]`, "", "become: impersonate users, impersonate groups"},
		{`[{verbs: ["impersonate:serviceaccount", "impersonate:user-info"], apiGroups: [authentication.k8s.io], resources: [serviceaccounts, users]}]`, "become: impersonate:serviceaccount serviceaccounts", "become: impersonate:serviceaccount serviceaccounts, impersonate:user-info users"},
		{`[{verbs: [impersonate], apiGroups: [authentication.k8s.io], resources: [userextras/scopes, serviceaccounts]}]`, "", ""},
		{`[{verbs: [impersonate], apiGroups: [""], resources: [serviceaccounts]}]`, "become: impersonate serviceaccounts", "become: impersonate serviceaccounts"},
		{`[{verbs: [bind, escalate], apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles]}]`, "become: bind clusterroles", "become: bind clusterroles, escalate clusterroles"},
		{`[{verbs: [create], apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings, clusterrolebindings]}]`, "delegate: create rolebindings", "delegate: create rolebindings, create clusterrolebindings"},
	} {
		for namespace, want := range map[string]string{"shop": row.inNamespace, "": row.inCluster, "other": ""} {
			s := shop()
			bind(s, namespace, rule(t, row.rules))
			if got := told(rights.Of(s.Seal(), "shop")); got != want {
				t.Errorf("%s\nbound in %q: %q, want %q", row.rules, namespace, got, want)
			}
		}
	}
}

// Where objects could not be read, there may be one of a name.
func TestNamesThatMayExist(t *testing.T) {
	t.Parallel()
	s := shop()
	s.Read = cluster.Scope{}
	s.Gaps = []cluster.Gap{{Resource: "networkpolicies.networking.k8s.io", Namespace: "shop", Reason: cluster.Forbidden}}
	bind(s, "shop", rule(t, `[{verbs: [patch], apiGroups: [networking.k8s.io, "", apps], resources: [networkpolicies, pods, deployments], resourceNames: [x]}]`))
	if got, want := told(rights.Of(s.Seal(), "shop")), "policies: patch networkpolicies x; podLabels: patch pods x; workloads: patch deployments x"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is known of a role that a binding names, and is not there.
func TestRolesThatAreNotThere(t *testing.T) {
	t.Parallel()
	forbidden := []cluster.Gap{{Resource: "clusterroles.rbac.authorization.k8s.io", Reason: cluster.Forbidden}}
	for _, row := range []struct {
		name, kind string
		files      bool
		gaps       []cluster.Gap
		want       string
	}{
		// It does not exist: it grants nothing.
		{"gone", "ClusterRole", false, nil, ""},
		{"edit", "ClusterRole", false, nil, ""},
		// It was not read.
		{"gone", "ClusterRole", false, forbidden, "open"},
		{"gone", "ClusterRole", true, nil, "open"},
		{"edit", "Role", true, nil, "open"},
		{"gone", "Role", false, forbidden, ""},
		// It was not read, and is what Kubernetes makes.
		{"cluster-admin", "ClusterRole", false, forbidden, "default " + all},
		{"admin", "ClusterRole", true, nil, "default policies; podLabels; workloads; become: impersonate serviceaccounts, create serviceaccounts/token; delegate"},
		{"edit", "ClusterRole", true, nil, "default policies; podLabels; workloads; become: impersonate serviceaccounts, create serviceaccounts/token"},
		{"view", "ClusterRole", true, nil, ""},
	} {
		s := shop()
		s.FromFiles, s.Gaps = row.files, row.gaps
		s.Bindings = []*cluster.Binding{cluster.NewRoleBinding(&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "it"}, RoleRef: rbacv1.RoleRef{Kind: row.kind, Name: row.name}, Subjects: jane,
		}, cluster.Origin{})}
		a := rights.Of(s.Seal(), "shop")
		got := told(a)
		if len(a.Open) > 0 {
			got += "open"
		}
		if len(a.Grants) > 0 && a.Grants[0].Default {
			got = "default " + got
		}
		if got != row.want {
			t.Errorf("%+v: %q, want %q", row, got, row.want)
		}
		if len(a.Unread) != len(row.gaps) {
			t.Errorf("%+v: unread %v", row, a.Unread)
		}
	}
}

// A ClusterRole that is put together from others allows what they allow, round and round.
func TestAggregation(t *testing.T) {
	t.Parallel()
	s := shop()
	s.FromFiles = true
	add := func(name, label, from string, rules []rbacv1.PolicyRule) {
		r := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{label: "true"}}, Rules: rules}
		if from != "" {
			r.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{from: "true"}}}}
		}
		s.Roles = append(s.Roles, cluster.NewClusterRole(r, cluster.Origin{}))
	}
	add("top", "top", "middle", nil)
	add("middle", "middle", "bottom", nil)
	add("bottom", "bottom", "middle", rule(t, `[{verbs: [patch], apiGroups: [""], resources: [namespaces]}]`))
	add("more", "rbac.authorization.k8s.io/aggregate-to-edit", "", rule(t, `[{verbs: [update], apiGroups: [""], resources: [namespaces]}]`))
	for role, want := range map[string]string{"top": "namespaceLabels: patch namespaces", "more": "namespaceLabels: update namespaces", "view": ""} {
		s.Bindings = []*cluster.Binding{cluster.NewClusterRoleBinding(&rbacv1.ClusterRoleBinding{RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: role}, Subjects: jane}, cluster.Origin{})}
		if got := told(rights.Of(s.Seal(), "shop")); got != want {
			t.Errorf("%s: %q, want %q", role, got, want)
		}
	}
	s.Bindings = []*cluster.Binding{cluster.NewClusterRoleBinding(&rbacv1.ClusterRoleBinding{RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "admin"}, Subjects: jane}, cluster.Origin{})}
	if got := told(rights.Of(s.Seal(), "shop")); !strings.Contains(got, "namespaceLabels: update namespaces") {
		t.Errorf("what is added to edit is not in admin: %q", got)
	}
}

// A binding without subjects, and one of another namespace, grant nothing here.
func TestBindingsOfNobody(t *testing.T) {
	t.Parallel()
	s := shop()
	bind(s, "shop", rule(t, `[{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}]`))
	s.Bindings[0].Subjects = nil
	if got := told(rights.Of(s.Seal(), "shop")); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestPodSecurity(t *testing.T) {
	t.Parallel()
	for level, forbids := range map[string]bool{"": false, "privileged": false, "baseline": true, "restricted": true, "wrong": true} {
		s := shop()
		if level != "" {
			s.Namespaces[0].Labels.Known[rights.EnforceLabel] = level
		}
		if got := rights.Of(s.Seal(), "shop").Security; got.Forbids() != forbids || got.Labelled == cluster.MaybePresent {
			t.Errorf("%q: %+v", level, got)
		}
	}
	s := shop()
	s.Namespaces = nil
	if got := rights.Of(s.Seal(), "shop").Security; got.Forbids() || got.Labelled != cluster.MaybePresent {
		t.Errorf("not read: %+v", got)
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Group/system:authenticated":               "everybody",
		"Group/system:serviceaccounts":             "everybody",
		"User/system:anonymous":                    "everybody",
		"User/system:authenticated":                "system", // a name is not a group
		"Group/system:masters":                     "system",
		"Group/system:nodes":                       "system",
		"User/system:kube-controller-manager":      "system",
		"ServiceAccount/kube-system/coredns":       "system",
		"ServiceAccount/shop/system":               "",
		"Group/system:serviceaccounts:kube-system": "system",
		"Group/system:serviceaccounts:shop":        "shop",
		"User/system:serviceaccounts:shop":         "system",
		"ServiceAccount/shop/ci":                   "shop",
		"ServiceAccount/build/ci":                  "",
		"User/jane":                                "",
	} {
		parts := strings.Split(text, "/")
		s := rbacv1.Subject{Kind: parts[0], Name: parts[len(parts)-1]}
		if len(parts) == 3 {
			s.Namespace = parts[1]
		}
		var got []string
		for word, is := range map[string]bool{"everybody": rights.Everybody(s), "system": rights.System(s), "shop": rights.Is(s, "shop", "ci")} {
			if is {
				got = append(got, word)
			}
		}
		slices.Sort(got)
		if fmt.Sprint(strings.Join(got, " ")) != want {
			t.Errorf("%s: %v, want %q", text, got, want)
		}
	}
}
