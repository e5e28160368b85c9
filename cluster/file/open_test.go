package file

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// TestForms: however an object is written, it is the same object.
func TestForms(t *testing.T) {
	const item = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: b}}"
	rows := map[string]string{
		"block":            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: b\n",
		"separator":        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: b\n---\n",
		"document end":     "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: b\n...\n",
		"shuffled":         "metadata:\n  namespace: b\n  labels: {x: z}\n  name: a\nspec: {}\nkind: Pod\napiVersion: v1\n",
		"comments":         "# c\napiVersion: v1 # c\n# c\nkind: Pod\n\nmetadata: # c\n  # c\n  name: a # c\n  namespace: b\n",
		"windows":          "apiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: a\r\n  namespace: b\r\n",
		"byte order mark":  "\uFEFFapiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: b\n",
		"quotes":           "\"apiVersion\": 'v1'\n'kind': \"Pod\"\nmetadata:\n  \"name\": 'a'\n  namespace: \"b\"\n",
		"directive":        "%YAML 1.1\n# c\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: b\n",
		"no newline":       "apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: b\n  name: a",
		"indented":         "  apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    namespace: b\n",
		"flow":             item,
		"flow like JSON":   `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"},"spec":{hostNetwork: false}}`,
		"flow, some JSON":  `{"apiVersion":"v1","kind":Pod,"metadata":{"name":"a","namespace":"b"}}`,
		"flow metadata":    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n",
		"anchors":          "apiVersion: v1\nkind: Pod\nmetadata:\n  name: &n a\n  namespace: b\n  labels:\n    app: *n\n",
		"merge":            "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations: &m {name: a}\n  <<: *m\n  namespace: b\n",
		"tags":             "apiVersion: !!str v1\nkind: Pod\nmetadata:\n  name: !!str a\n  namespace: b\n",
		"block scalar":     "apiVersion: v1\nkind: |-\n  Pod\nmetadata:\n  name: a\n  namespace: b\n",
		"tab":              "apiVersion:\tv1\nkind: Pod\nmetadata:\n  name: a\n  namespace: b\n",
		"list":             "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    namespace: b\n",
		"list, kind last":  "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    namespace: b\nkind: List\nmetadata:\n  resourceVersion: \"\"\n",
		"list, indented":   "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Pod\n    metadata:\n      name: a\n      namespace: b\n",
		"list of flow":     "apiVersion: v1\nkind: List\nitems:\n- " + item + "\n",
		"list in list":     "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - " + item + "\n",
		"list, anchors":    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: &v v1\n  kind: Pod\n  metadata:\n    name: a\n    namespace: b\n- apiVersion: *v\n  kind: Secret\n",
		"typed list":       "apiVersion: v1\nkind: PodList\nitems:\n- metadata:\n    name: a\n    namespace: b\n",
		"JSON":             `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"}}`,
		"JSON, shuffled":   `{"metadata":{"labels":{"kind":"x"},"namespace":"b","name":"a"},"kind":"Pod","apiVersion":"v1"}`,
		"JSON, escapes":    `{"apiVersion":"v1","k\u0069nd":"P\u006fd","metadata":{"name":"a","namespace":"b"}}`,
		"JSON, stream":     `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"}}{"apiVersion":"v1","kind":"Event"}` + "\n" + `{"apiVersion":"v1","kind":"Secret"}`,
		"JSON list":        `{"apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"}}],"kind":"List"}`,
		"JSON typed list":  `{"apiVersion":"v1","items":[{"metadata":{"name":"a","namespace":"b"}}],"kind":"PodList"}`,
		"JSON, list in it": `{"apiVersion":"v1","items":[{"kind":"List","apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"}}]}],"kind":"List"}`,
		"other documents":  "a: b\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: b\n---\n- x\n",
		"after a template": "{{ if .Values.x }}\nkind: {{ .x }}\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: b\n",
	}
	for name, text := range rows {
		t.Run(name, func(t *testing.T) {
			snapshot := readAll(t, folder(t, "a.yaml", text))
			if got := names(snapshot); !slices.Equal(got, []string{"Pod b/a"}) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestLines: the origin of an object is the line that it starts in.
func TestLines(t *testing.T) {
	rows := []struct {
		name, text string
		want       []int
	}{
		{"documents", "# c\n---\n# c\n" + pod("ns", "a") + "---\n\n" + pod("ns", "b"), []int{4, 11}},
		{"list", "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: b\nkind: List\n", []int{3, 7}},
		{"list with anchors", "apiVersion: v1\nitems:\n- apiVersion: &x v1\n  kind: Pod\n  metadata:\n    name: a\n- apiVersion: *x\n  kind: Pod\n  metadata:\n    name: b\nkind: List\n", []int{3, 7}},
		{"anchors", "\n# c\napiVersion: &x v1\nkind: Pod\nmetadata: {name: a}\n---\n# d\napiVersion: &x v1\nkind: Pod\nmetadata: {name: b}\n", []int{3, 8}},
		{"JSON", "\n{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}},\n\n {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"b\"}}]}", []int{3, 5}},
		{"JSON stream", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}\n\n{\"apiVersion\":\"v1\",\"k\\u0069nd\":\"Pod\",\"metadata\":{\"name\":\"b\"}}\n", []int{1, 3}},
		{"windows", "a: b\r\n---\r\napiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: a\r\n", []int{3}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got []int
			for _, p := range readAll(t, folder(t, "a.yaml", row.text)).Pods {
				got = append(got, p.Origin.Line)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

// TestKinds: every kind that is read, and the kinds that are not.
func TestKinds(t *testing.T) {
	template := "  template:\n    metadata:\n      labels: {app: x}\n    spec:\n      containers:\n      - name: c\n"
	workload := func(apiVersion, kind string) string {
		return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata:\n  name: x\n  namespace: ns\nspec:\n  selector:\n    matchLabels: {app: x}\n" + template
	}
	dir := folder(t,
		"a.yaml", pods(
			workload("apps/v1", "Deployment"), workload("apps/v1", "StatefulSet"), workload("apps/v1", "DaemonSet"), workload("apps/v1", "ReplicaSet"),
			"apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: x\n  namespace: ns\nspec:\n"+template,
			"apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: x\n  namespace: ns\nspec:\n  jobTemplate:\n    spec:\n"+strings.ReplaceAll("    "+template, "\n", "\n    ")+"\n",
		),
		"b.yaml", pods(
			pod("ns", "p"),
			"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns\n",
			"apiVersion: v1\nkind: Node\nmetadata:\n  name: node\n",
			"apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  namespace: ns\nspec:\n  ports:\n  - port: 80\n    targetPort: \"\"\n",
			"apiVersion: v1\nkind: Endpoints\nmetadata:\n  name: s\n  namespace: ns\nsubsets:\n- addresses:\n  - ip: 10.0.0.1\n  ports:\n  - port: 8080\n- notReadyAddresses:\n  - ip: 10.0.0.2\n",
			"apiVersion: v1\nkind: Endpoints\nmetadata:\n  name: t\n  namespace: ns\n",
			"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nmetadata:\n  name: t-1\n  namespace: ns\n  labels:\n    kubernetes.io/service-name: t\nendpoints: []\n",
			"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: np\n  namespace: ns\nspec:\n  podSelector: {}\n",
			"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: c\n  namespace: ns\nspec:\n  endpointSelector: {}\n",
			"apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata:\n  name: c\nspec:\n  tier: Admin\n",
			"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cilium-config\n  namespace: kube-system\ndata:\n  enable-policy: always\n",
			"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n  namespace: kube-system\ndata: 7\n",
			"apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata: not what a Secret has\n",
			"apiVersion: example.com/v1\nkind: Pod\nmetadata: 3\n",
		),
	)
	s := open(t, dir)
	snapshot := read(t, s, cluster.Scope{All: true})
	want := []string{
		"Namespace ns", "Node node", "Pod ns/p",
		"CronJob ns/x", "DaemonSet ns/x", "Deployment ns/x", "Job ns/x", "ReplicaSet ns/x", "StatefulSet ns/x",
		"Service ns/s",
		"EndpointSlice ns/s of s", "EndpointSlice ns/s-2 of s", "EndpointSlice ns/t-1 of t",
		"NetworkPolicy ns/np", "CiliumNetworkPolicy ns/c", "ClusterNetworkPolicy /c", "agent ns/x",
	}
	if got := names(snapshot); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := snapshot.ConfigMaps["kube-system/cilium-config"]["enable-policy"]; got != "always" || len(snapshot.ConfigMaps) != 1 {
		t.Errorf("ConfigMaps: %v", snapshot.ConfigMaps)
	}
	if got := snapshot.Services[0].Ports[0].TargetPort.IntValue(); got != 80 {
		t.Errorf("targetPort: %d", got)
	}
	if got := s.Warnings(); got != nil {
		t.Errorf("warnings: %v", got)
	}
	if !snapshot.FromFiles || !snapshot.Read.All || !snapshot.Read.Nodes {
		t.Errorf("read: %+v", snapshot.Read)
	}
}

// TestNamespaces: objects that name no namespace are in the one of the options, if they are in
// one at all.
func TestNamespaces(t *testing.T) {
	dir := folder(t, "a.yaml", pods(
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: q\n  namespace: \"\"\n",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: r\n  namespace:\n",
		"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n",
		"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: c\nspec: {}\n",
		"apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata:\n  name: c\nspec: {}\n",
	))
	options := testOptions()
	options.Namespace = "team"
	options.Namespaced = func(_, kind string) bool { return kind == "CiliumNetworkPolicy" }
	s, err := Open(context.Background(), []string{dir}, options)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := read(t, s, cluster.Scope{All: true})
	want := []string{"Namespace x", "Pod team/p", "Pod team/q", "Pod team/r", "CiliumClusterwideNetworkPolicy /c", "CiliumNetworkPolicy team/c"}
	if got := names(snapshot); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestStandardInput: it can be read only once, and yet Read sees all of it.
func TestStandardInput(t *testing.T) {
	var text bytes.Buffer
	for i := range 20000 {
		text.WriteString(pod("ns", fmt.Sprintf("p%d", i)) + "---\n")
	}
	s, err := Open(context.Background(), []string{"-"}, Options{Stdin: &text})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, cluster.Scope{Namespaces: []string{"ns"}}); len(got.Pods) != 20000 || got.Pods[0].Origin.File != "stdin" {
		t.Errorf("%d pods from %s", len(got.Pods), got.Pods[0].Origin.File)
	}
	if _, err := Open(context.Background(), []string{"-"}, Options{}); err == nil || !strings.Contains(err.Error(), "stdin: nothing came in") {
		t.Errorf("nothing at all: %v", err)
	}
	if _, err := Open(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader("# a comment\n")}); err == nil || !strings.Contains(err.Error(), "stdin: no Kubernetes objects") {
		t.Errorf("a comment: %v", err)
	}
}

// TestPaths: which files of folders are read, and how often.
func TestPaths(t *testing.T) {
	dir := folder(t, "a.yaml", pod("ns", "a"), "sub/b.yml", pod("ns", "b"), "sub/deep/c.json", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"c","namespace":"ns"}}`, "d.txt", pod("ns", "d"), "README", "x")
	if err := os.Symlink(filepath.Join(dir, "a.yaml"), filepath.Join(dir, "link.yaml")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "sub", "loop.yaml")); err != nil {
		t.Skip(err)
	}
	all := []string{"Pod ns/a", "Pod ns/b", "Pod ns/c"}
	if got := names(readAll(t, dir, dir, filepath.Join(dir, "a.yaml"), filepath.Join(dir, "sub"))); !slices.Equal(got, all) {
		t.Errorf("got %v", got)
	}
	if got := names(readAll(t, filepath.Join(dir, "d.txt"))); !slices.Equal(got, []string{"Pod ns/d"}) {
		t.Errorf("a file that is named: %v", got)
	}
}

// TestSkipped: what is no Kubernetes object is counted, not refused.
func TestSkipped(t *testing.T) {
	dir := folder(t,
		"chart/Chart.yaml", "apiVersion: v2\nname: x\n",
		"chart/templates/a.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n",
		"chart/templates/b.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"{{ .Release.Name }}\"\n",
		"chart/templates/c.yaml", "{{- range .Values.list }}\napiVersion: v1\nkind: Pod\n{{- end }}\n",
		"chart/values.yaml", "a: 1\n---\n# nothing\n---\nb: [\n",
		"data.json", "[1, 2]",
		"image.yaml", "\x89PNG\x00\x01",
		"x.yaml", pod("ns", "a"),
	)
	s := open(t, dir)
	want := []string{
		"3 documents look like Helm templates: chart/templates/a.yaml:1 of a Pod, chart/templates/b.yaml:1 of a Pod, chart/templates/c.yaml:1 of a Pod, and the answer is about the objects that are there; " + rendered,
		"skipped 5 documents that are not Kubernetes objects (first: chart/Chart.yaml:1)",
	}
	got := s.Warnings()
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], dir+"/", "")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := names(read(t, s, cluster.Scope{All: true})); !slices.Equal(got, []string{"Pod ns/a"}) {
		t.Errorf("got %v", got)
	}
}

// TestRefused: what cannot be the cluster is an error of one line that says where.
func TestRefused(t *testing.T) {
	const np = "kind: NetworkPolicy\nmetadata:\n  name: np\nspec:\n  podSelector: {}\n"
	rows := []struct {
		name  string
		files []string
		want  string
	}{
		{"twice", []string{"a.yaml", pods(pod("ns", "a"), pod("ns", "b")), "b.yaml", "# c\n" + pod("ns", "a")}, "reading b.yaml:2: ns/a (Pod): the same object is at a.yaml:1 too; leave one of them out"},
		{"twice by default", []string{"a.yaml", pods(pod("default", "a"), "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n")}, "reading a.yaml:7: default/a (Pod): the same object is at a.yaml:1 too; leave one of them out"},
		{"twice in two versions", []string{"a.yaml", pods("apiVersion: cilium.io/v2\nkind: C\nmetadata:\n  name: a\n", "apiVersion: cilium.io/v3\nkind: C\nmetadata:\n  name: a\n")}, "reading a.yaml:6: a (C): the same object is at a.yaml:1 too; leave one of them out"},
		{"old version", []string{"a.yaml", "apiVersion: extensions/v1beta1\n" + np}, "reading a.yaml:1: extensions/v1beta1 NetworkPolicy is not read; write it as networking.k8s.io/v1"},
		{"older version", []string{"a.yaml", "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata:\n  name: a\n"}, "reading a.yaml:1: apps/v1beta1 Deployment is not read; write it as apps/v1"},
		{"no name", []string{"a.yaml", "a: b\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {}\n"}, "reading a.yaml:3: metadata.name: this NetworkPolicy has no name"},
		{"a number for a name", []string{"a.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: 123\n"}, "reading a.yaml:4: metadata.name: must be a text; put it in quotes"},
		{"broken", []string{"a.yaml", pod("ns", "a") + "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n   namespace: c\n"}, "reading a.yaml:11: this YAML cannot be parsed: mapping values are not allowed in this context"},
		{"broken JSON", []string{"a.json", `{"apiVersion":"v1","kind":"Pod"`}, "reading a.json:1: this JSON cannot be parsed"},
		{"a key twice", []string{"a.yaml", "apiVersion: v1\nkind: Pod\nkind: Pod\nmetadata:\n  name: a\n"}, `reading a.yaml:3: this YAML cannot be parsed: key "kind" is there twice`},
		{"a tab", []string{"a.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n"}, "reading a.yaml:4: this YAML cannot be parsed: a tab, or another character that YAML does not allow here"},
		{"JSON without a comma", []string{"a.json", "{\"apiVersion\":\"v1\",\n\"kind\":\"Pod\"\n\"metadata\":{}}"}, `reading a.json:3: this JSON cannot be parsed: '"' where a comma or } belongs`},
		{"JSON that ends too early", []string{"a.json", "{\"apiVersion\":\"v1\",\n\"kind\":\n"}, "reading a.json:2: this JSON cannot be parsed: it ends too early"},
		{"nothing", nil, "no Kubernetes objects found; give manifests"},
		{"nothing of Kubernetes", []string{"a.yaml", "a: b\n"}, "no Kubernetes objects found; give manifests"},
		{"only an empty list", []string{"a.yaml", "apiVersion: v1\nkind: List\nitems: []\n"}, ""},
		{"only other kinds", []string{"a.yaml", "apiVersion: v1\nkind: Secret\n"}, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := failure(t, folder(t, row.files...))
			if row.want == "" && got != "" || !strings.Contains(got, row.want) || strings.Contains(got, "\n") {
				t.Errorf("got  %q\nwant %q", got, row.want)
			}
		})
	}
}

// TestNamedFilesMustBeReadable: what cannot be read at all is an error when it is asked for. What can,
// and holds no object, is only counted beside what does.
func TestNamedFilesMustBeReadable(t *testing.T) {
	dir := folder(t, "a.yaml", pod("ns", "a"), "values.yaml", "a: b\n", "image.png", "\x89PNG\x00\x01", "empty.yaml", "", "sub/x", "")
	rows := map[string]string{
		"image.png":    "image.png: this is a binary file; give YAML or JSON",
		"empty.yaml":   "empty.yaml: the file is empty",
		"missing.yaml": "missing.yaml: no such file or folder",
		"sub":          "sub: no Kubernetes objects found",
	}
	for name, want := range rows {
		_, err := Open(context.Background(), []string{filepath.Join(dir, "a.yaml"), filepath.Join(dir, name)}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	values := filepath.Join(dir, "values.yaml")
	s, err := Open(context.Background(), []string{filepath.Join(dir, "a.yaml"), values}, Options{})
	if err != nil || !strings.Contains(strings.Join(s.Warnings(), ""), "skipped 1 document that is not a Kubernetes object") {
		t.Errorf("values beside an object: %v", err)
	}
	if _, err := Open(context.Background(), []string{values}, Options{}); err == nil || !strings.Contains(err.Error(), "values.yaml: no Kubernetes objects found") {
		t.Errorf("values alone: %v", err)
	}
}
