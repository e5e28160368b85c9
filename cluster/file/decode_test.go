package file

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// TestDecodingErrors: a value of the wrong type is an error that names the field, and its line.
func TestDecodingErrors(t *testing.T) {
	rows := []struct{ name, text, want string }{
		{"a label", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels:\n    app: a\n    on.example/x: yes\n", "a.yaml:7: default/a (Pod): metadata.labels[on.example/x]: must be a text, not true or false; put it in quotes"},
		{"a port", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\nspec:\n  podSelector: {}\n  ingress:\n  - ports:\n    - port: 80\n    - port: 80\n      endPort: many\n", "a.yaml:11: default/a (NetworkPolicy): spec.ingress[0].ports[1].endPort: must be a whole number, not a text"},
		{"a port of two types", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\nspec:\n  podSelector: {}\n  ingress:\n  - ports:\n    - port: [80]\n", "a.yaml:9: default/a (NetworkPolicy): spec.ingress[0].ports[0].port: must be"},
		{"too large a number", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports:\n  - port: 99999999999\n", "a.yaml:7: default/a (Service): spec.ports[0].port: must be a whole number, not the number 99999999999"},
		{"an object", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec: text\n", "a.yaml:5: default/a (Pod): spec: must be an object, not a text"},
		{"an item of a list", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: b\n  spec:\n    hostNetwork: \"x\"\n", "a.yaml:13: default/b (Pod): spec.hostNetwork: must be true or false, not a text"},
		{"an item of a list with anchors", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: &v v1\n  kind: Pod\n  metadata:\n    name: a\n- apiVersion: *v\n  kind: Pod\n  metadata:\n    name: b\n  spec:\n    hostNetwork: \"x\"\n", "a.yaml:13: default/b (Pod): spec.hostNetwork: must be true or false"},
		{"JSON", "{\n\"apiVersion\":\"v1\",\n\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"},\n\"spec\":{\n\"hostNetwork\":1}}", "a.yaml:5: default/a (Pod): spec.hostNetwork: must be true or false, not a number"},
		{"a key twice", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  hostNetwork: true\n  hostNetwork: false\n", "a.yaml:7: default/a (Pod): spec.hostNetwork: this field is there twice"},
		{"a key twice in JSON", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"},\n\"spec\":{\"hostNetwork\":true,\n\"hostNetwork\":false}}", "default/a (Pod): spec.hostNetwork: this field is there twice"},
		{"broken further down", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  a: b\n   c: d\n", "a.yaml:7: default/a (Pod): this YAML cannot be parsed: "},
		{"a policy of another layer", "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: a\nspec: 7\n", "a.yaml:5: a (CiliumNetworkPolicy): spec: must be an object, not a number"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := failure(t, folder(t, "a.yaml", row.text))
			if !strings.HasPrefix(got, "reading "+row.want) && !strings.Contains(got, row.want) || strings.Contains(got, "\n") {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

// TestUnknownFields: what a policy says is an error where it is written in a field that the API
// does not know. Elsewhere it is nothing that an answer hangs on.
func TestUnknownFields(t *testing.T) {
	const head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\n"
	for _, row := range []struct{ text, want string }{
		{"spec:\n  podselector: {}\n", "6: default/a (NetworkPolicy): spec.podselector: unknown field, which kubectl refuses to apply; did you mean podSelector?"},
		{"spec:\n  podSelector: {}\n  ingress:\n  - form: []\n", "8: default/a (NetworkPolicy): spec.ingress[0].form: unknown field, which kubectl refuses to apply; did you mean from?"},
		{"spec:\n  podSelector: {}\n  egress:\n  - to: []\n    port: []\n", "9: default/a (NetworkPolicy): spec.egress[0].port: unknown field, which kubectl refuses to apply; did you mean ports?"},
		{"spec:\n  podSelector: {}\n  ingress:\n  - ports:\n    - portEnd: 90\n", "9: default/a (NetworkPolicy): spec.ingress[0].ports[0].portEnd: unknown field, which kubectl refuses to apply; there is protocol, port, endPort"},
		{"spec:\n  podSelector: {matchlabels: {app: a}}\n", "6: default/a (NetworkPolicy): spec.podSelector.matchlabels: unknown field, which kubectl refuses to apply; did you mean matchLabels?"},
		{"spec: {podSelector: {}}\n\"\": 1\n", "1: default/a (NetworkPolicy): unknown field, which kubectl refuses to apply"},
		{"spec:\n  podSelector: {}\n  \"[.\": 1\n", "5: default/a (NetworkPolicy): spec.[.: unknown field, which kubectl refuses to apply; there is podSelector, ingress, egress, policyTypes"},
		{"spce:\n  podSelector: {}\n", "5: default/a (NetworkPolicy): spce: unknown field, which kubectl refuses to apply; did you mean spec?"},
	} {
		dir := folder(t, "a.yaml", head+row.text)
		if got, want := failure(t, dir), "reading a.yaml:"+row.want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestUnknownFieldsOutsidePolicies: the objects that policies are about say something else than what
// is written, too.
func TestUnknownFieldsOutsidePolicies(t *testing.T) {
	for text, want := range map[string]string{
		pod("ns", "p") + "spec:\n  hostNetwrk: true\n": "7: ns/p (Pod): spec.hostNetwrk: unknown field, which kubectl refuses to apply; did you mean hostNetwork?",
		pod("ns", "p") + "  lables: {app: a}\n":        "6: ns/p (Pod): metadata.lables: unknown field, which kubectl refuses to apply; did you mean labels?",
		"apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  ports:\n  - port: 80\n    targetport: 8080\n":                                                               "8: default/s (Service): spec.ports[0].targetport: unknown field, which kubectl refuses to apply; did you mean targetPort?",
		"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata:\n      labels: {a: b}\n    specs: {}\n": "10: default/d (Deployment): spec.template.specs: unknown field, which kubectl refuses to apply; did you mean spec?",
	} {
		if got, want := failure(t, folder(t, "a.yaml", text)), "reading a.yaml:"+want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestUnknownFieldsThatAreNoError: what a server has stored, what says nothing, and other kinds.
func TestUnknownFieldsThatAreNoError(t *testing.T) {
	policy := func(meta, rest string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\n" + meta + "spec:\n  podSelector: {}\n" + rest
	}
	for name, row := range map[string]struct{ text, want string }{
		"of a newer server": {policy("  uid: 1f0c\n", "  newer: true\n"), "8: default/a (NetworkPolicy): spec.newer: unknown field; what it means is not taken into account"},
		"a status":          {policy("", "status: {}\n"), "7: default/a (NetworkPolicy): status: unknown field; the API server refuses or ignores it"},
		"metadata":          {policy("  lables: {}\n", ""), "5: default/a (NetworkPolicy): metadata.lables: unknown field; the API server refuses or ignores it"},
		"a stored pod":      {pod("ns", "p") + "  uid: 1f0c\nspec:\n  newer: true\n", ""},
		"a pod's status":    {pod("ns", "p") + "status:\n  newer: true\n", ""},
		"a node":            {"apiVersion: v1\nkind: Node\nmetadata:\n  name: a\nspec:\n  newer: true\n", ""},
	} {
		dir := folder(t, "a.yaml", row.text)
		s := open(t, dir)
		read(t, s, cluster.Scope{All: true})
		read(t, s, cluster.Scope{All: true}) // they are not given twice
		var want []string
		if row.want != "" {
			want = []string{dir + "/a.yaml:" + row.want}
		}
		if got := s.Warnings(); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestForeign: what is kept of a policy of another layer.
func TestForeign(t *testing.T) {
	rows := map[string]map[string]any{
		"spec: {a: 1}\n":                  {"a": int64(1)},
		"specs: [{a: 1}]\n":               {"specs": []any{map[string]any{"a": int64(1)}}},
		"spec: {b: 2}\nspecs: [{a: 1}]\n": {"spec": map[string]any{"b": int64(2)}, "specs": []any{map[string]any{"a": int64(1)}}},
		"spec:\n":                         {},
		"":                                {},
	}
	for text, want := range rows {
		snapshot := readAll(t, folder(t, "a.yaml", "apiVersion: cilium.io/v2\nkind: C\nmetadata:\n  name: a\n  namespace: b\n"+text))
		f := snapshot.Foreign[0]
		if !reflect.DeepEqual(f.Spec, want) || f.Ref != (cluster.Ref{APIVersion: "cilium.io/v2", Kind: "C", Namespace: "b", Name: "a"}) {
			t.Errorf("%q: %+v", text, f)
		}
	}
}

// TestSlim: what of an object the snapshot has.
func TestSlim(t *testing.T) {
	snapshot := readAll(t, folder(t, "a.yaml", `apiVersion: v1
kind: Pod
metadata:
  name: a
  namespace: ns
  labels:
    app: x
  ownerReferences:
  - apiVersion: apps/v1
    kind: ReplicaSet
    name: r
    controller: true
spec:
  nodeName: node
  containers:
  - name: c
    ports:
    - name: http
      containerPort: 8080
    - containerPort: 53
      protocol: UDP
status:
  phase: Running
  conditions:
  - type: Ready
    status: "True"
  podIP: 10.0.0.1
  podIPs:
  - ip: 10.0.0.1
  - ip: fd00::1
`))
	p := snapshot.Pods[0]
	if p.Labels.Known["app"] != "x" || p.Owner.Name != "r" || p.Node != "node" || !p.Ready || p.Phase != corev1.PodRunning {
		t.Errorf("%+v", p)
	}
	if len(p.IPs) != 2 || p.IPs[0].String() != "10.0.0.1" || p.IPs[1].String() != "fd00::1" {
		t.Errorf("addresses %v", p.IPs)
	}
	want := []cluster.ContainerPort{{Name: "http", Protocol: "TCP", Number: 8080}, {Protocol: "UDP", Number: 53}}
	if !slices.Equal(p.Ports, want) {
		t.Errorf("ports %v", p.Ports)
	}
}

// TestEndpoints: what was written before there were EndpointSlices is read where there are none.
func TestEndpoints(t *testing.T) {
	const text = "apiVersion: v1\nkind: Endpoints\nmetadata:\n  name: s\n  namespace: ns\n  labels:\n    endpoints.kubernetes.io/managed-by: endpoint-controller\nsubsets:\n- addresses:\n  - ip: 10.0.0.1\n    targetRef:\n      kind: Pod\n      name: p\n  notReadyAddresses:\n  - ip: 10.0.0.2\n  ports:\n  - name: http\n    port: 8080\n"
	const slice = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nmetadata:\n  name: s-1\n  namespace: NS\n  labels:\n    kubernetes.io/service-name: s\nendpoints: []\n"
	e := readAll(t, folder(t, "a.yaml", text)).EndpointSlices[0]
	if e.Service != "s" || !e.Managed || len(e.Endpoints) != 2 || !e.Endpoints[0].Ready || e.Endpoints[1].Ready || e.Endpoints[0].Pod != "p" || *e.Ports[0].Port != 8080 || *e.Ports[0].Protocol != "TCP" {
		t.Errorf("%+v", e)
	}
	if got := names(readAll(t, folder(t, "a.yaml", pods(text, strings.ReplaceAll(slice, "NS", "ns"))))); !slices.Equal(got, []string{"EndpointSlice ns/s-1 of s"}) {
		t.Errorf("with a slice: %v", got)
	}
	if got := names(readAll(t, folder(t, "a.yaml", pods(text, strings.ReplaceAll(slice, "NS", "other"))))); len(got) != 2 {
		t.Errorf("with a slice of another namespace: %v", got)
	}
}

// TestGeneratedNames: a name that the API server makes up is stood for by one that it could be.
func TestGeneratedNames(t *testing.T) {
	snapshot := readAll(t, folder(t, "a.yaml", "apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: migrate-\nspec:\n  template: {}\n"))
	if got := names(snapshot); !slices.Equal(got, []string{"Job default/migrate-xxxxx"}) {
		t.Errorf("got %v", got)
	}
}

// TestTemplatesInside: a template whose header is whole is skipped when it cannot be decoded.
func TestTemplatesInside(t *testing.T) {
	dir := folder(t, "a.yaml", pods(pod("ns", "a"), "apiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n  namespace: ns\nspec:\n  {{- toYaml .Values.spec | nindent 2 }}\n"))
	s := open(t, dir)
	snapshot, err := s.Read(context.Background(), cluster.Scope{All: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(snapshot); !slices.Equal(got, []string{"Pod ns/a"}) || len(s.Warnings()) != 1 {
		t.Errorf("got %v, %v", got, s.Warnings())
	}
}
