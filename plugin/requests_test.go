package plugin

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/explain"
)

// TestVerdictForTwoPodsTakesSixRequests, however they are named, apart from what recognises the
// network plugin and its policies. It is six because nothing isolates the pods: a connection that
// fails has its cause looked for.
func TestVerdictForTwoPodsTakesSixRequests(t *testing.T) {
	t.Parallel()
	pod := func(namespace, name, ip string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}},
		}
	}
	for _, ask := range [][2]string{
		{"front/pod/a", "back/pod/b:80"},
		{"10.244.0.6", "10.244.1.7:80"},
		{"front/pod/a", "10.244.1.7:80"},
	} {
		server := livetest.New(
			t,
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "front"}}, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "back"}},
			pod("front", "a", "10.244.0.6"), pod("back", "b", "10.244.1.7"), pod("back", "other", "10.244.1.8"),
		)
		from, err := live.Open(server.Config(), live.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := (&options{source: from, namespace: "default"}).diagnose(t.Context(), ask[0], ask[1])
		if err != nil || d.Result != explain.Works {
			t.Fatalf("%v: %v, %v", ask, d, err)
		}
		var asked []string
		for _, r := range server.Requests() {
			recognises := r.Path == "/api" || r.Path == "/apis" || strings.Contains(r.Path, "/daemonsets") || strings.Contains(r.Path, "/nodes?limit=1")
			if !recognises {
				asked = append(asked, r.Path)
			}
		}
		if len(asked) != 6 {
			t.Errorf("%v: %d requests: %q", ask, len(asked), asked)
		}
	}
}

// TestRequestLine: a request is told with its answer, or without one, in a single harmless line.
func TestRequestLine(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]live.Request{
		"GET /api/v1/pods 200, 3 objects, 120 bytes, 4ms":                {Verb: "GET", Path: "/api/v1/pods", Status: 200, Items: 3, Bytes: 120, Duration: 4 * time.Millisecond},
		"POST /apis/batch/v1/namespaces/shop/jobs 201, 1024 bytes, 12ms": {Verb: "POST", Path: "/apis/batch/v1/namespaces/shop/jobs", Status: 201, Items: -1, Bytes: 1024, Duration: 12 * time.Millisecond},
		"GET /api no answer, 0 objects, 0 bytes, 30000ms":                {Verb: "GET", Path: "/api", Duration: 30 * time.Second},
	} {
		if got := requestLine(r); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	var out strings.Builder
	(&requestLog{out: &out}).tell(live.Request{Verb: "GET", Path: "/api\x1b[2J\n"})
	if got := out.String(); strings.Count(got, "\n") != 1 || strings.ContainsRune(got, '\x1b') {
		t.Errorf("%q", got)
	}
}
