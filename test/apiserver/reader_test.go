package apiserver

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// readerQuestions need, between them, every right of the documented roles. They are asked in
// namespace corners.
var readerQuestions = []string{
	"diagnose pod/client internet:8080",
	"labels",
	"dns pod/client",
	"diagnose pod/client node/corner-1:8080",
	"diagnose deploy/plain internet:8080",
	"diagnose sts/store internet:8080",
	"diagnose ds/shipper internet:8080",
	"diagnose rs/loose internet:8080",
	"diagnose job/once internet:8080",
	"diagnose cronjob/nightly internet:8080",
	"diagnose pod/client svc/web",
	"diagnose 10.245.0.1 198.51.100.7:80",
	"diagnose bare/pod/client svc/web -A",
	"namespaces", "policy pod/client", "ports pod/client svc/web", "rules pod/client svc/web:80",
	"map",
}

// The roles of docs/rbac are what it takes, and no more.
func TestReaders(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Apply(t, Manifests(t, "testdata/corners")...)
	t.Run("of a namespace", func(t *testing.T) { testNamespaceReader(t, s) })
	t.Run("of the cluster", func(t *testing.T) { testReader(t, s) })
}

// Whoever has the ClusterRole of reader.yaml gets the answers that an administrator gets, whatever
// other layers there are.
func testReader(t *testing.T, s *Server) {
	s.Apply(t, layerKinds(func(policy.LayerKind) bool { return true })...)
	s.Apply(t, ciliumAgent(t))
	for _, k := range cluster.GatewayKinds {
		s.Apply(t, definition(cluster.GatewayGroup, "v1", k.Kind, k.Resource, k.Namespaced))
	}
	rules := rulesOf(t, "../../docs/rbac/reader.yaml")
	reader := asUser(t, s, "reader", Grant{Rules: rules})
	admin := asking{Kubeconfig(t, s.Admin(), "corners")}
	for _, question := range readerQuestions {
		got, want := reader.ask(t, question), admin.ask(t, question)
		if got.run != want.run || len(got.Gaps) > 0 {
			t.Errorf("%s: an administrator gets\n%s\nand the reader\n%s", question, want.stdout, got.stdout)
		}
	}
	noneIdle(t, s, Grant{Rules: rules})
}

// Whoever has the Role of namespace-reader.yaml gets definite answers about connections within that
// namespace: what is not read is elsewhere.
func testNamespaceReader(t *testing.T, s *Server) {
	s.Apply(t, layerKinds(func(k policy.LayerKind) bool { return k.Namespaced })...)
	grant := Grant{Namespace: "corners", Rules: rulesOf(t, "../../docs/rbac/namespace-reader.yaml")}
	reader := asUser(t, s, "namespace-reader", grant)
	for question, code := range map[string]int{
		"diagnose pod/client pod/web-ready:8080":   0,
		"diagnose pod/client pod/web-ready:9090":   1,
		"diagnose pod/client sts/store:5432":       1,
		"diagnose sts/store deploy/plain:8080":     0,
		"diagnose ds/shipper rs/loose:8080":        0,
		"diagnose cronjob/nightly job/once:8080":   0,
		"labels":                                   0,
		"policy pod/client":                        0,
		"rules pod/client pod/web-ready:9090":      1,
		"ports pod/client pod/web-ready:http":      0,
		"diagnose pod/client bare/pod/client:8080": 3,
	} {
		got := reader.ask(t, question)
		if got.code != code {
			t.Errorf("%s: exit code %d, want %d: %s", question, got.code, code, got.stdout)
		}
		for _, gap := range gapsOf(got.document) {
			if strings.Contains(gap, "corners") {
				t.Errorf("%s: gap %s", question, gap)
			}
		}
	}
	noneIdle(t, s, grant)
}

// noneIdle fails the test when a right is granted that makes no answer better: without any of them,
// some answer has more gaps, or takes more requests.
func noneIdle(t *testing.T, s *Server, grant Grant) {
	t.Helper()
	full := asUser(t, s, "full", grant)
	var best []answered
	for _, question := range readerQuestions {
		best = append(best, full.ask(t, question))
	}
	for _, l := range lesser(grant.Rules) {
		t.Run("without "+l.right, func(t *testing.T) {
			t.Parallel()
			user := asUser(t, s, "without "+l.right, Grant{Namespace: grant.Namespace, Rules: l.rest})
			for i, question := range readerQuestions {
				if !strings.Contains(best[i].requests, l.sign) {
					continue // it makes no use of the right
				}
				if got := user.ask(t, question); len(got.Gaps) > len(best[i].Gaps) || got.count() > best[i].count() {
					return
				}
			}
			t.Error("no answer is the worse for it")
		})
	}
}

// asking is a user who asks questions in namespace corners.
type asking struct{ kubeconfig string }

// answered is an answer, and the requests it took, one in a line.
type answered struct {
	document
	requests string
}

func (a answered) count() int { return strings.Count(a.requests, "\n") }

func asUser(t *testing.T, s *Server, name string, grants ...Grant) asking {
	t.Helper()
	return asking{Kubeconfig(t, s.User(t, name, grants...), "corners")}
}

func (a asking) ask(t *testing.T, question string) answered {
	t.Helper()
	arguments := append(strings.Fields(question), "-o", "json", "--kubeconfig", a.kubeconfig)
	var r answered
	r.run = doctor(t.Context(), append(arguments, "--show-requests")...)
	r.requests, r.stderr = r.stderr, "" // it has durations in it
	if err := json.Unmarshal([]byte(r.stdout), &r.Diagnosis); err != nil {
		t.Fatalf("%s: %v: %+v", question, err, r.run)
	}
	return r
}

// lack is a right, what the path of a request has in it that makes use of it, and rules that grant
// everything else.
type lack struct {
	right string
	sign  string
	rest  []rbacv1.PolicyRule
}

// lesser returns, for every right that rules grant, the rules that lack it.
func lesser(rules []rbacv1.PolicyRule) []lack {
	var all []lack
	for i, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					all = append(all, lack{
						sign:  "/" + resource + map[string]string{"get": "/", "list": "?"}[verb],
						right: verb + " " + schema.GroupResource{Group: group, Resource: resource}.String(),
						rest:  slices.Concat(rules[:i], without(rule, group, resource, verb), rules[i+1:]),
					})
				}
			}
		}
	}
	return all
}

// without splits a rule into those that grant all of it but one right.
func without(rule rbacv1.PolicyRule, group, resource, verb string) []rbacv1.PolicyRule {
	var rest []rbacv1.PolicyRule
	grant := func(groups, resources, verbs []string) {
		if len(groups) > 0 && len(resources) > 0 && len(verbs) > 0 {
			rest = append(rest, rbacv1.PolicyRule{APIGroups: groups, Resources: resources, Verbs: verbs, ResourceNames: rule.ResourceNames})
		}
	}
	but := func(list []string, one string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == one })
	}
	grant(but(rule.APIGroups, group), rule.Resources, rule.Verbs)
	grant([]string{group}, but(rule.Resources, resource), rule.Verbs)
	grant([]string{group}, []string{resource}, but(rule.Verbs, verb))
	return rest
}

// rulesOf reads the rules of the one role in a file.
func rulesOf(t *testing.T, path string) []rbacv1.PolicyRule {
	t.Helper()
	objects, err := appendManifest(nil, path)
	if err != nil || len(objects) != 1 {
		t.Fatalf("%s holds %d objects: %v", path, len(objects), err)
	}
	text, err := objects[0].(*unstructured.Unstructured).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return parse[rbacv1.ClusterRole](t, string(text)).Rules
}
