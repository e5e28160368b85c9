package apiserver

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestNamespaceReaderAndDNS: whether the cluster's DNS server lets queries in hangs on the policies of its
// namespace, so whoever may read one other namespace only is never told that names can be looked up.
func TestNamespaceReaderAndDNS(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Apply(t, Manifests(t, "testdata/corners")...)
	s.Apply(t,
		parse[unstructured.Unstructured](t, `{apiVersion: v1, kind: Service, metadata: {name: ready, namespace: corners}, spec: {ports: [{name: http, port: 80, targetPort: 8080}]}}`),
		parse[unstructured.Unstructured](t, `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: ready-1, namespace: corners, labels: {kubernetes.io/service-name: ready}},
			addressType: IPv4, ports: [{name: http, port: 8080}], endpoints: [{addresses: [10.245.0.2], targetRef: {kind: Pod, namespace: corners, name: web-ready}}]}`),
	)
	rules := rulesOf(t, "../../docs/rbac/namespace-reader.yaml")
	policies := []rbacv1.PolicyRule{{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}, Verbs: []string{"list"}}}
	own := Grant{Namespace: "corners", Rules: rules}
	askers := map[string]asking{
		"administrator":                   {Kubeconfig(t, s.Admin(), "corners")},
		"reader":                          asUser(t, s, "reader of corners", own),
		"reader of the server's policies": asUser(t, s, "reader of corners and policies", own, Grant{Namespace: "kube-system", Rules: policies}),
	}
	const rights = "list endpointslices, pods and networkpolicies in namespace kube-system"
	check := func(state string, codes map[string]int) {
		t.Helper()
		for name, code := range codes {
			for _, question := range []string{"dns pod/client", "diagnose pod/client svc/ready:80"} {
				got := askers[name].ask(t, question)
				if got.code != code {
					t.Errorf("%s, %s: %s: exit code %d, want %d: %s", state, name, question, got.code, code, got.stdout)
				}
				if asksFor := strings.Contains(got.stdout, rights); asksFor != (code == 3) {
					t.Errorf("%s, %s: %s: says which rights it takes: %v: %s", state, name, question, asksFor, got.stdout)
				}
				if name != "administrator" && !strings.Contains(got.requests, "/namespaces/kube-system/networkpolicies?") {
					t.Errorf("%s, %s: %s: policies of kube-system are not asked for: %s", state, name, question, got.requests)
				}
			}
		}
	}
	check("open", map[string]int{"administrator": 0, "reader": 3, "reader of the server's policies": 0})
	s.Apply(t, parse[unstructured.Unstructured](t, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: kube-system}, spec: {podSelector: {}, policyTypes: [Ingress]}}`))
	check("closed", map[string]int{"administrator": 1, "reader": 3, "reader of the server's policies": 3})
}
