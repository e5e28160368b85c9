package live_test

import (
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

func TestForbidden(t *testing.T) {
	for _, c := range []struct {
		resource, namespace string
		want                []string
	}{
		{"networkpolicies.networking.k8s.io", "back", []string{"networkpolicies.networking.k8s.io in namespace back: Forbidden"}},
		{"pods", "back", []string{"pods back/b: Forbidden"}},
		{"namespaces", "", []string{"namespaces back: Forbidden", "namespaces front: Forbidden"}},
		{"namespaces", "back", []string{"namespaces back: Forbidden"}},
		{"nodes", "", []string{"nodes: Forbidden"}},
		{"daemonsets.apps", livetest.Across, []string{"daemonsets.apps in all namespaces: Forbidden"}},
	} {
		server := livetest.New(t, twoPods()...)
		server.Deny(c.resource, c.namespace)
		snapshot := readOnce(t, server, twoPodsScope)
		equal(t, "gaps without "+c.resource, gaps(snapshot), c.want)
		if snapshot.Pod("front", "a") == nil || len(snapshot.PoliciesIn("front")) != 1 {
			t.Errorf("without %s the rest is missing: %v", c.resource, listing(snapshot))
		}
		for _, g := range snapshot.Gaps {
			if !strings.Contains(g.Detail, `User "test" cannot`) {
				t.Errorf("not the server's words: %q", g.Detail)
			}
		}
	}
}

func TestForbiddenLists(t *testing.T) {
	server := livetest.New(t, namespace("shop"), deployment("shop/web", "app=web"), service("shop/web", "app=web"), pod("shop/web-1", "app=web"))
	server.Deny("pods", "shop")
	server.Deny("endpointslices.discovery.k8s.io", "shop")
	snapshot := readOnce(t, server, objects("Deployment shop/web", "Service shop/web"))
	equal(t, "gaps", gaps(snapshot), []string{"endpointslices.discovery.k8s.io in namespace shop: Forbidden", "pods in namespace shop: Forbidden"})
	equal(t, "snapshot", listing(snapshot), []string{"Namespace shop", "Deployment shop/web", "Service shop/web"})
}

// Everything forbidden is still an answer: the server was reached and said no.
func TestEverythingForbidden(t *testing.T) {
	server := livetest.New(t)
	server.Hook(func(w http.ResponseWriter, r *http.Request) bool {
		livetest.Fail(w, apierrors.NewForbidden(corev1Resource, "", errNo))
		return true
	})
	snapshot := read(t, open(t, server, live.Options{Foreign: foreignKinds}), twoPodsScope)
	if len(snapshot.Gaps) != 6+3+len(foreignKinds) {
		t.Errorf("gaps: %v", gaps(snapshot))
	}
}

func TestOtherAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   cluster.GapReason
	}{
		"not served": {http.NotFound, cluster.NotServed},
		"too slow": {func(w http.ResponseWriter, r *http.Request) {
			livetest.Fail(w, apierrors.NewTimeoutError("the list took too long", 0))
		}, cluster.TimedOut},
		"broken": {func(w http.ResponseWriter, r *http.Request) {
			livetest.Fail(w, apierrors.NewInternalError(errNo))
		}, cluster.Unreadable},
		"nonsense": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("<html>log in</html>"))
		}, cluster.Unreadable},
		"of another kind": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"apiVersion":"v1","kind":"PodList","items":[{}]}`))
		}, cluster.Unreadable},
		"no answer in time": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, cluster.TimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := livetest.New(t, twoPods()...)
			server.Hook(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "back/networkpolicies") {
					return false
				}
				c.answer(w, r)
				return true
			})
			config := server.Config()
			config.Timeout = patience(name)
			source, err := live.Open(config, live.Options{})
			if err != nil {
				t.Fatal(err)
			}
			snapshot := read(t, source, twoPodsScope)
			equal(t, "gaps", gaps(snapshot), []string{"networkpolicies.networking.k8s.io in namespace back: " + string(c.want)})
			if snapshot.Pod("back", "b") == nil || len(snapshot.PoliciesIn("front")) != 1 {
				t.Errorf("the rest is missing: %v", listing(snapshot))
			}
		})
	}
}
