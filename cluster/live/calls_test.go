package live_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

func twoPods() []runtime.Object {
	return []runtime.Object{
		namespace("front"), namespace("back"), node("node-1"), node("node-2"),
		pod("front/a", "app=a"), pod("back/b", "app=b"), pod("back/other", "app=other"),
		policy("front/p"), policy("back/p"), policy("back/q"),
	}
}

var twoPodsScope = objects("Pod front/a", "Pod back/b")

func TestTwoPodsTakeSixCalls(t *testing.T) {
	server := livetest.New(t, twoPods()...)
	snapshot := readOnce(t, server, twoPodsScope)
	equal(t, "calls", asked(server), []string{
		"/api/v1/namespaces/front",
		"/api/v1/namespaces/back",
		"/api/v1/namespaces/front/pods/a",
		"/api/v1/namespaces/back/pods/b",
		"/apis/networking.k8s.io/v1/namespaces/front/networkpolicies?limit=500",
		"/apis/networking.k8s.io/v1/namespaces/back/networkpolicies?limit=500",
	})
	equal(t, "snapshot", listing(snapshot), []string{
		"Namespace back", "Namespace front", "Pod back/b", "Pod front/a",
		"NetworkPolicy back/p", "NetworkPolicy back/q", "NetworkPolicy front/p",
	})
	equal(t, "gaps", gaps(snapshot), nil)
	if len(server.Requests()) != 8 {
		t.Errorf("with what every reading asks for: %v", server.Requests())
	}
	if snapshot.FromFiles || snapshot.Read.All || len(snapshot.Read.Namespaces) > 0 || snapshot.Read.Nodes {
		t.Errorf("Read says more than was read: %+v", snapshot.Read)
	}
}

func TestTwoPodsOfOneNamespaceTakeFourCalls(t *testing.T) {
	server := livetest.New(t, twoPods()...)
	readOnce(t, server, objects("Pod back/b", "Pod back/other"))
	if calls := asked(server); len(calls) != 4 {
		t.Errorf("calls: %v", calls)
	}
}

func TestCallsDoNotGrowWithTheCluster(t *testing.T) {
	small := livetest.New(t, twoPods()...)
	readOnce(t, small, twoPodsScope)
	large := livetest.New(t, append(twoPods(), crowd(20, 100)...)...)
	snapshot := readOnce(t, large, twoPodsScope)
	equal(t, "calls", asked(large), asked(small))
	if len(large.Requests()) != len(small.Requests()) {
		t.Errorf("%d requests in a large cluster, %d in a small one", len(large.Requests()), len(small.Requests()))
	}
	if got := len(snapshot.Pods) + len(snapshot.Policies) + len(snapshot.Namespaces); got != 7 {
		t.Errorf("read %d objects", got)
	}
}

func TestNothingIsAskedTwice(t *testing.T) {
	server := livetest.New(t, append(twoPods(), deployment("back/web", "app=b"), service("back/svc", "app=b"))...)
	source := open(t, server, live.Options{})
	scope := objects("Pod front/a", "Pod back/b", "Deployment back/web", "Service back/svc", "back/b")
	first := read(t, source, scope)
	scope.Namespaces = []string{"back"}
	scope.DNS = true
	second := read(t, source, scope)
	third := read(t, source, scope)

	var paths []string
	for _, r := range server.Requests() {
		if slices.Contains(paths, r.Path) {
			t.Errorf("asked twice: %s", r.Path)
		}
		paths = append(paths, r.Path)
	}
	equal(t, "the same reading again", listing(third), listing(second))
	if first.Pod("back", "b") != second.Pod("back", "b") {
		t.Errorf("an object changed between two readings")
	}
	if second.Pod("back", "other") == nil || !second.Read.Whole("back") {
		t.Errorf("the second reading is not wider: %+v", second.Read)
	}
}

// An object keeps the version it was first seen in.
func TestReadingsSeeTheSameCluster(t *testing.T) {
	server := livetest.New(t, twoPods()...)
	source := open(t, server, live.Options{})
	read(t, source, twoPodsScope)
	server.Add(pod("back/b", "app=changed"))
	snapshot := read(t, source, cluster.Scope{Objects: twoPodsScope.Objects, Namespaces: []string{"back"}})
	if label, _ := snapshot.Pod("back", "b").Labels.Get("app"); label != "b" {
		t.Errorf("label app changed to %q", label)
	}
}

// What is named is found in the lists of a namespace that is read as a whole.
func TestWholeNamespacesSpareSingleCalls(t *testing.T) {
	server := livetest.New(t, append(twoPods(), deployment("back/web", "app=b"), service("back/svc", "app=b"), slice("back/svc-1", "svc"))...)
	scope := objects("Deployment back/web", "Service back/svc", "Pod back/b")
	scope.Namespaces = []string{"back"}
	snapshot := readOnce(t, server, scope)
	for _, path := range asked(server) {
		if path != "/api/v1/namespaces/back" && !strings.HasSuffix(path, "?limit=500") {
			t.Errorf("not a list of the namespace: %s", path)
		}
	}
	if snapshot.Service("back", "svc") == nil || len(snapshot.SlicesOf(snapshot.Service("back", "svc"))) != 1 {
		t.Errorf("snapshot: %v", listing(snapshot))
	}
}

func TestBuiltinKindsTravelAsProtobuf(t *testing.T) {
	server := livetest.New(t, append(twoPods(), custom("cilium.io/v2", "CiliumNetworkPolicy", "back/c", nil))...)
	read(t, open(t, server, live.Options{Foreign: foreignKinds}), twoPodsScope)
	for _, r := range server.Requests() {
		want := "application/vnd.kubernetes.protobuf"
		if strings.Contains(r.Path, "cilium") || r.Path == "/api" || r.Path == "/apis" {
			want = "application/json"
		}
		if got, _, _ := strings.Cut(r.ContentType, ";"); got != want {
			t.Errorf("%s: %s", r, r.ContentType)
		}
	}
}

func TestLogTellsEveryRequest(t *testing.T) {
	server := livetest.New(t, twoPods()...)
	var told []string
	items := 0
	source := open(t, server, live.Options{Log: func(r live.Request) {
		told = append(told, fmt.Sprintf("%s %s %d bytes", r.Verb, r.Path, r.Bytes))
		if strings.Contains(r.Path, "back/networkpolicies") {
			items = r.Items
		}
		if r.Status != 200 || r.Duration <= 0 {
			t.Errorf("%+v", r)
		}
	}, Foreign: foreignKinds})
	read(t, source, twoPodsScope)
	var made []string
	for _, r := range server.Requests() {
		made = append(made, fmt.Sprintf("%s %d bytes", r, r.Bytes))
	}
	equal(t, "log", told, made)
	if items != 2 {
		t.Errorf("%d items in a list of 2", items)
	}
}
