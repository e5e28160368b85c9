package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

// TestDiffOfALiveCluster: a cluster against itself with some objects takes no more requests than its
// map, and none that writes. Who may read only one namespace is told what is missing.
func TestDiffOfALiveCluster(t *testing.T) {
	t.Parallel()
	with := filepath.Join(t.TempDir(), "with.yaml")
	if err := os.WriteFile(with, []byte(`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: front}, spec: {podSelector: {matchLabels: {app: a}}, policyTypes: [Ingress]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	pod := func(namespace, name, ip string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}},
		}
	}
	server := livetest.New(
		t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "front"}}, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "back"}},
		pod("front", "a", "10.244.0.6"), pod("front", "b", "10.244.0.7"), pod("back", "c", "10.244.1.7"),
	)
	kubeconfig := server.Kubeconfig()
	ask := func(args ...string) (code int, out string, requests int) {
		t.Helper()
		server.Forget()
		var stdout, stderr bytes.Buffer
		args = append(args, "-n", "front", "--network-plugin", "cilium", "-o", "csv", "--kubeconfig", kubeconfig)
		code = Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Getenv: func(string) string { return "" }})
		if stderr.Len() > 0 {
			t.Errorf("%q: %s", args, stderr.String())
		}
		return code, stdout.String(), len(server.Requests())
	}
	_, _, forMap := ask("map")
	code, out, requests := ask("diff", "--with", with, "--fail-on", "closed")
	if code != exitFails || strings.Count(out, "closed,Pod") != 6 || strings.Count(out, "closed,CIDR") != 3 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if requests != forMap {
		t.Errorf("%d requests; a map takes %d", requests, forMap)
	}
	server.Deny("pods", livetest.Across)
	if code, out, _ := ask("diff", "--with", with); code != exitUnclear || strings.Count(out, "closed,Pod") != 3 {
		t.Errorf("no rights beyond the namespace: exit code %d\n%s", code, out)
	}
}
