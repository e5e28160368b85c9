package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// mapLive asks a server for a map and returns its flows, what it lacks and its result.
func mapLive(t *testing.T, server *livetest.Server, all bool) (flows, gaps []string, result explain.Result) {
	t.Helper()
	source, err := live.Open(server.Config(), live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cilium, _ := policy.ProfileNamed("cilium")
	var out bytes.Buffer
	o := &options{
		source: source, namespace: "front", all: all, format: "json", warnings: func() []string { return nil }, plugin: &cilium,
		streams: Streams{Out: &out, Err: &out, Getenv: func(string) string { return "" }},
	}
	var done outcome
	if err := o.answerMap(t.Context(), &mapFlags{by: "workload", port: "80"}); !errors.As(err, &done) {
		t.Fatal(err)
	}
	var m struct {
		Flows []struct {
			Source, Destination struct{ Namespace, Name, CIDR string }
			Verdict             string
		}
		Gaps []struct{ Resource, Reason string }
	}
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		t.Fatalf("%v\n%s", err, out.Bytes())
	}
	for _, f := range m.Flows {
		flows = append(flows, fmt.Sprintf("%s%s %s%s %s", f.Source.Name, f.Source.CIDR, f.Destination.Name, f.Destination.CIDR, f.Verdict))
	}
	for _, g := range m.Gaps {
		gaps = append(gaps, g.Resource+" "+g.Reason)
	}
	return flows, gaps, done.result
}

// TestMapOfALiveCluster: the namespace of the context with what crosses its border, all of it with
// -A, and for who may read one namespace only what is in it, with what is missing.
func TestMapOfALiveCluster(t *testing.T) {
	t.Parallel()
	pod := func(namespace, name, ip string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}},
		}
	}
	closed := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "front", Name: "closed"}}
	closed.Spec.PodSelector.MatchLabels = map[string]string{"app": "a"}
	closed.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	objects := func() []runtime.Object {
		return []runtime.Object{
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "front"}}, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "back"}},
			pod("front", "a", "10.244.0.6"), pod("front", "b", "10.244.0.7"), pod("back", "c", "10.244.1.7"), pod("back", "d", "10.244.1.8"),
			closed.DeepCopy(),
		}
	}
	own := []string{"c b Allowed", "d b Allowed", "a c Allowed", "a d Allowed", "a b Allowed", "a 0.0.0.0/0 Allowed", "b c Allowed", "b d Allowed", "b 0.0.0.0/0 Allowed", "0.0.0.0/0 b Allowed"}
	others := []string{"c d Allowed", "d c Allowed", "c 0.0.0.0/0 Allowed", "d 0.0.0.0/0 Allowed", "0.0.0.0/0 c Allowed", "0.0.0.0/0 d Allowed"}
	within := []string{"a b Allowed", "a 0.0.0.0/0 Allowed", "b 0.0.0.0/0 Allowed", "0.0.0.0/0 b Allowed"}
	for _, row := range []struct {
		name   string
		all    bool
		denied bool
		want   []string
		result explain.Result
	}{
		{"one namespace", false, false, own, explain.Works},
		{"all", true, false, slices.Concat(own, others), explain.Works},
		{"one namespace, no rights beyond it", false, true, within, explain.Unclear},
	} {
		server := livetest.New(t, objects()...)
		if row.denied {
			server.Deny("pods", livetest.Across)
		}
		flows, gaps, result := mapLive(t, server, row.all)
		slices.Sort(flows)
		slices.Sort(row.want)
		if !slices.Equal(flows, row.want) || result != row.result {
			t.Errorf("%s: %s, %q, want %q", row.name, result, flows, row.want)
		}
		if row.denied != slices.Contains(gaps, "pods Forbidden") {
			t.Errorf("%s: gaps %q", row.name, gaps)
		}
	}
}

// TestPageOfALiveCluster: a page says when the cluster was read.
func TestPageOfALiveCluster(t *testing.T) {
	t.Parallel()
	source, err := live.Open(livetest.New(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "front"}}).Config(), live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cilium, _ := policy.ProfileNamed("cilium")
	var out bytes.Buffer
	o := &options{
		source: source, namespace: "front", format: "html", warnings: func() []string { return nil }, plugin: &cilium,
		streams: Streams{Out: &out, Err: &out, Getenv: func(string) string { return "" }, Now: func() time.Time { return time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC) }},
	}
	var done outcome
	if err := o.answerMap(t.Context(), &mapFlags{by: "workload"}); !errors.As(err, &done) {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"scope":"namespace front","by":"workload","observedAt":"2026-05-04T03:02:01Z"`) {
		t.Error("it is not said what was read, and when")
	}
}

// TestMapByPodIsBounded: a map that nobody can read is refused with its size and the flag that
// forces it, unless something narrows it.
func TestMapByPodIsBounded(t *testing.T) {
	t.Parallel()
	var manifests strings.Builder
	for i := range 460 {
		fmt.Fprintf(&manifests, "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"p%d\", \"namespace\": \"a\"}, \"spec\": {\"containers\": [{\"name\": \"c\", \"image\": \"i\"}]}}\n---\n", i)
	}
	file := filepath.Join(t.TempDir(), "pods.yaml")
	if err := os.WriteFile(file, []byte(manifests.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		args []string
		code int
		says string
	}{
		{nil, exitUsage, "a map by pod of this cluster has about 2"},
		{[]string{"--from", "a/pod/p7"}, exitWorks, ""},
		{[]string{"--no-limit"}, exitWorks, ""},
	} {
		var out, errs bytes.Buffer
		args := slices.Concat([]string{"map", "--by", "pod", "-f", file, "-o", "csv"}, row.args)
		code := Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
		if code != row.code || !strings.Contains(errs.String(), row.says) || (row.says != "") != strings.Contains(errs.String(), "--no-limit") {
			t.Errorf("%q: exit code %d, %s", row.args, code, errs.String())
		}
	}
}
