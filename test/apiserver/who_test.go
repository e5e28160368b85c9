package apiserver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/netpol-doctor/netpol-doctor/report"
)

// who asks who may undo the policies of a namespace.
func who(t *testing.T, namespace, kubeconfig string) (report.StepReport, run) {
	t.Helper()
	r := doctor(t.Context(), "policy", "ns/"+namespace, "--who", "-o", "json", "--kubeconfig", kubeconfig)
	var d report.StepReport
	if err := json.Unmarshal([]byte(r.stdout), &d); err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	return d, r
}

// The role of rights-reader.yaml, besides that of reader.yaml, is what it takes to tell who may undo
// policies, and no more.
func TestRightsReader(t *testing.T) {
	s := Shared(t)
	s.Apply(t, Manifests(t, "testdata/rights")...)
	base, more := rulesOf(t, "../../docs/rbac/reader.yaml"), rulesOf(t, "../../docs/rbac/rights-reader.yaml")
	ask := func(name string, rules []rbacv1.PolicyRule) (report.StepReport, run) {
		return who(t, "ours", Kubeconfig(t, s.User(t, name, Grant{Rules: rules}), ""))
	}
	_, want := who(t, "ours", Kubeconfig(t, s.Admin(), ""))
	if d, got := ask("rights-reader", slices.Concat(base, more)); got.code != want.code || len(d.Gaps) > 0 || d.Rights == nil || len(d.Rights.Grants) == 0 || len(d.Rights.Open) > 0 {
		t.Errorf("an administrator gets\n%s\nand the reader\n%s", want.stdout, got.stdout)
	}
	for _, l := range lesser(more) {
		if d, got := ask("without "+l.right, slices.Concat(base, l.rest)); len(d.Gaps) != 1 || got.code != 3 {
			t.Errorf("without %s: %s", l.right, got.stdout)
		}
	}
	d, got := ask("reader of no rights", base)
	if len(d.Gaps) != 4 || got.code != 3 || len(d.Rights.Grants) > 0 {
		t.Errorf("without any: %s", got.stdout)
	}
	for _, g := range d.Gaps {
		if !strings.Contains(g.Resource, "rbac.authorization.k8s.io") {
			t.Errorf("gap %+v", g)
		}
	}
}

// bound are rules of roles that somebody is bound to, each in the namespace and in the cluster.
var bound = map[string]string{
	"policies":   `{apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: [create, delete]}`,
	"named":      `{apiGroups: [networking.k8s.io, ""], resources: [networkpolicies, namespaces], resourceNames: [none], verbs: ["*"]}`,
	"status":     `{apiGroups: [""], resources: ["*/status"], verbs: [patch]}`,
	"everything": `{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`,
	"reading":    `{apiGroups: ["*"], resources: ["*"], verbs: [get, list, watch]}`,
	"groups":     `{apiGroups: [extensions, apps], resources: [networkpolicies, pods, deployments], verbs: [patch]}`,
	"others":     `{apiGroups: [""], resources: [users, groups, serviceaccounts], verbs: [impersonate]}`,
	"roles":      `{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles, rolebindings], verbs: [bind, escalate, create]}`,
	"batch":      `{apiGroups: [batch, apps], resources: [cronjobs, jobs, "jobs/*"], verbs: [create, update]}`,
}

// What is said of rights is what the API server's own authorizer says of the same requests.
func TestRightsAreTheServers(t *testing.T) {
	s := Shared(t)
	s.Apply(t, Manifests(t, "testdata/rights")...)
	var users []string
	for name, text := range bound {
		rules := parse[rbacv1.Role](t, "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules: ["+text+"]").Rules
		for _, namespace := range []string{"ours", ""} {
			user := fmt.Sprintf("who-%s-%t", name, namespace == "")
			s.User(t, user, Grant{Namespace: namespace, Rules: rules})
			users = append(users, user)
		}
	}
	server, err := kubernetes.NewForConfig(s.Admin())
	if err != nil {
		t.Fatal(err)
	}
	d, r := who(t, "ours", Kubeconfig(t, s.Admin(), ""))
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	said := map[string][]report.Act{} // by user
	acts := map[string]report.Act{}
	for _, g := range d.Rights.Grants {
		for _, act := range g.Acts {
			for _, subject := range g.Subjects {
				said[subject.Name] = append(said[subject.Name], act)
			}
			act.Names = nil
			acts[fmt.Sprint(act)] = act
		}
	}
	for _, user := range users {
		for _, act := range acts {
			resource, subresource, _ := strings.Cut(act.Resource, "/")
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: user,
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: "ours", Verb: act.Verb, Group: act.APIGroup, Resource: resource, Subresource: subresource,
				},
			}}
			if slices.Contains([]string{"users", "groups", "clusterrolebindings"}, resource) || resource == "clusterroles" && act.Verb != "bind" {
				review.Spec.ResourceAttributes.Namespace = "" // it is in none
			}
			answer, err := server.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			has := slices.ContainsFunc(said[user], func(a report.Act) bool {
				return a.Verb == act.Verb && a.APIGroup == act.APIGroup && a.Resource == act.Resource && len(a.Names) == 0
			})
			if has != answer.Status.Allowed {
				t.Errorf("%s: %s %s.%s: said %t, the server says %t", user, act.Verb, act.Resource, act.APIGroup, has, answer.Status.Allowed)
			}
		}
	}
	if len(acts) < 40 {
		t.Errorf("only %d kinds of requests were compared: %v", len(acts), acts)
	}
}
