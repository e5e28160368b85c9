package pipelines

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

// clusterOf is an API server that has some manifests.
func clusterOf(t *testing.T, manifests ...string) *livetest.Server {
	t.Helper()
	var objects []runtime.Object
	for _, document := range strings.Split(strings.Join(manifests, "---\n"), "---\n") {
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode([]byte(document), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return livetest.New(t, objects...)
}

// TestActionOnACluster: the branch needs only its policies, the cluster knows the rest. It is read and never
// written to.
func TestActionOnACluster(t *testing.T) {
	t.Parallel()
	server, f := clusterOf(t, workloads, closed), newForge(t)
	r := newRepository(t, map[string]string{"README.md": "x"})
	r.git("checkout", "--quiet", "-b", "branch")
	r.commit(map[string]string{"manifests/policy.yaml": open})
	got := runAction(t, r, f, map[string]string{"manifests": "manifests", "kubeconfig": server.Kubeconfig(), "fail-on": "opened", "binary": program(t)})
	if got["Result"].code != 1 || !strings.Contains(got["Compare"].out, "now allowed by a/web spec.ingress") {
		t.Fatalf("%+v", got)
	}
	if comments, _ := f.said(); len(comments) != 1 || !strings.Contains(comments[0].Body, "1 opened") {
		t.Errorf("%+v", comments)
	}
	if sarif := read(t, got["output sarif"].out); !strings.Contains(sarif, `"uri": "manifests/policy.yaml"`) {
		t.Errorf("%s", sarif)
	}
	requests := server.Requests()
	for _, request := range requests {
		if request.Method != http.MethodGet || strings.Contains(request.Path, "secrets") {
			t.Errorf("asked for %s", request)
		}
	}
	if len(requests) == 0 {
		t.Error("the cluster was not read")
	}
}

// TestClusterThatCannotBeRead: what may not be read makes it unclear and is named; a cluster that is not there is no
// answer, and where it would be is not in the comment.
func TestClusterThatCannotBeRead(t *testing.T) {
	t.Parallel()
	r := newRepository(t, map[string]string{"manifests/policy.yaml": open})
	server := clusterOf(t, workloads, closed)
	server.Deny("networkpolicies.networking.k8s.io", "")
	out := filepath.Join(t.TempDir(), "out")
	got := r.diff(map[string]string{"KUBECONFIG": server.Kubeconfig()}, "--live", "--manifests", "manifests", "--fail-on", "closed", "--out", out)
	if got.code != 3 || !strings.Contains(got.out, "As far as is known, no flow changes") || !strings.Contains(got.out, "What could not be read") || !strings.Contains(read(t, filepath.Join(out, "junit.xml")), "Forbidden") {
		t.Errorf("%+v", got)
	}
	kubeconfig := server.Kubeconfig()
	gone := filepath.Join(t.TempDir(), "kubeconfig")
	r.write(map[string]string{"kubeconfig": strings.ReplaceAll(read(t, kubeconfig), "http://127.0.0.1", "http://127.0.0.1:1/secret-host-")})
	got = r.diff(map[string]string{"KUBECONFIG": filepath.Join(r.dir, "kubeconfig")}, "--live", "--after", "manifests", "--out", out)
	if got.code != 3 || !strings.Contains(got.out, "**Not compared** (exit code 3)") || strings.Contains(got.out, "127.0.0.1") {
		t.Errorf("%+v", got)
	}
	got = r.diff(map[string]string{"KUBECONFIG": gone}, "--live", "--after", "manifests", "--out", out)
	if got.code == 0 || strings.Contains(got.out, gone) {
		t.Errorf("%+v", got)
	}
}

// TestKubeconfigStaysTheOneThatWasNamed: one of the same name among the manifests of a stranger, which may name
// programs to run, is not read. A flag that would be looked up there is refused.
func TestKubeconfigStaysTheOneThatWasNamed(t *testing.T) {
	t.Parallel()
	pwned := filepath.Join(t.TempDir(), "pwned")
	r := newRepository(t, map[string]string{"manifests/policy.yaml": open, "kubeconfig": `apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: x, user: x}}]
clusters: [{name: x, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: x, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: touch, args: ["` + pwned + `"], interactiveMode: Never}}}]
`})
	server := clusterOf(t, workloads, closed)
	r.write(map[string]string{"kubeconfig": read(t, server.Kubeconfig())})
	for _, list := range []string{"kubeconfig", "nowhere:kubeconfig"} {
		got := r.diff(map[string]string{"KUBECONFIG": list}, "--live", "--manifests", "manifests", "--fail-on", "opened")
		if got.code != 1 || !strings.Contains(got.out, "1 opened") {
			t.Errorf("KUBECONFIG=%s: %+v", list, got)
		}
	}
	for _, flag := range [][]string{{"--kubeconfig", "kubeconfig"}, {"--kubeconfig=kubeconfig"}} {
		got := r.diff(nil, append([]string{"--live", "--manifests", "manifests", "--"}, flag...)...)
		if got.code != 2 || !strings.Contains(got.errors, "by the variable KUBECONFIG") {
			t.Errorf("%q: %+v", flag, got)
		}
	}
	if _, err := os.Stat(pwned); err == nil {
		t.Error("what a stranger wrote was run")
	}
}
