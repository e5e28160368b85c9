package live_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

// TestRedirectsAreNotFollowed: neither the question nor the token goes to where an answer leads.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var reached atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer other.Close()
	for name, to := range map[string]string{"another host": other.URL + "/api/v1/login?token=abc", "another path": "/login?token=abc"} {
		server := livetest.New(t)
		server.Hook(func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, to, http.StatusFound)
			return true
		})
		config := server.Config()
		config.BearerToken = "credential"
		u := unreachable(t, config)
		if text := u.Error(); !strings.Contains(text, "the answer leads to http://") || !strings.Contains(text, "/login, which is not followed") || !strings.Contains(text, "wants to be logged in to") || strings.Contains(text, "token") {
			t.Errorf("%s: %q", name, text)
		}
		for _, r := range server.Requests() {
			if strings.HasPrefix(r.Path, "/login") {
				t.Errorf("%s: followed to %s", name, r.Path)
			}
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests to another host", n)
	}
}

// TestServerOnly: what tests may write, and talks to the API server alone.
func TestServerOnly(t *testing.T) {
	var there, elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if there.Add(1); r.Method == http.MethodGet {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	config, err := live.ServerOnly(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Post(server.URL+"/api/v1/namespaces/shop/pods", "application/json", strings.NewReader("{}"))
	if err != nil || there.Load() != 1 {
		t.Fatalf("a write did not reach the server: %v", err)
	}
	_ = answer.Body.Close()
	if answer, err := client.Get(server.URL); err == nil || !strings.Contains(err.Error(), "which is not followed: the API server is ") {
		t.Errorf("a redirect was followed: %v, %v", answer, err)
	}
	if _, err := client.Post(other.URL, "text/plain", strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "was not sent: the API server is ") {
		t.Errorf("another host: %v", err)
	}
	if elsewhere.Load() != 0 {
		t.Error("another host was reached")
	}
	if _, err := live.ServerOnly(&rest.Config{Host: "http://%zz"}); err == nil {
		t.Error("a server that has no address")
	}
}
