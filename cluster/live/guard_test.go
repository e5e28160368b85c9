package live_test

import (
	"io"
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

// TestShow: every request is told once its answer was read, or when there was none.
func TestShow(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("12345"))
	}))
	defer server.Close()
	var told []live.Request
	config := &rest.Config{Host: server.URL}
	live.Show(config, func(r live.Request) { told = append(told, r) })
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Post(server.URL+"/api/v1/pods?dryRun=All", "application/json", strings.NewReader("{}"))
	if err != nil || len(told) != 0 {
		t.Fatalf("%v, told %v before the answer was read", err, told)
	}
	if _, err := io.ReadAll(answer.Body); err != nil {
		t.Fatal(err)
	}
	for range 2 { // closing it again is no other request
		_ = answer.Body.Close()
	}
	if len(told) != 1 || told[0].Verb != "POST" || told[0].Path != "/api/v1/pods?dryRun=All" || told[0].Status != 201 || told[0].Bytes != 5 || told[0].Items != -1 || told[0].Duration <= 0 {
		t.Errorf("told %+v", told)
	}
	server.Close()
	if _, err := client.Get(server.URL + "/api"); err == nil || len(told) != 2 || told[1].Status != 0 {
		t.Errorf("without an answer: %v, told %+v", err, told)
	}
}
