package live

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// What the client of a Source is told to write never leaves the process, in whatever way it is told.
func TestReadingClientCannotWrite(t *testing.T) {
	var reached atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	c, err := newClient(&rest.Config{Host: server.URL}, func(Request) {})
	if err != nil {
		t.Fatal(err)
	}
	core := c.builtin[corev1.SchemeGroupVersion]
	policies := c.custom.Resource(schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}).Namespace("shop")
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": map[string]any{"name": "p"}}}
	for name, write := range map[string]func(context.Context) error{
		"DELETE of a typed client": func(ctx context.Context) error {
			return core.Delete().Namespace("shop").Resource("pods").Name("a").Do(ctx).Error()
		},
		"PATCH of a typed client": func(ctx context.Context) error {
			return core.Patch("application/json-patch+json").Namespace("shop").Resource("pods").Name("a").Body([]byte("[]")).Do(ctx).Error()
		},
		"POST of a typed client": func(ctx context.Context) error {
			return core.Post().Namespace("shop").Resource("pods").Name("a").SubResource("eviction").Body([]byte("{}")).Do(ctx).Error()
		},
		"PUT of a typed client": func(ctx context.Context) error {
			return core.Put().Resource("nodes").Name("a").Body([]byte("{}")).Do(ctx).Error()
		},
		"POST of the dynamic client": func(ctx context.Context) error {
			_, err := policies.Create(ctx, object, metav1.CreateOptions{})
			return err
		},
		"DELETE of the dynamic client": func(ctx context.Context) error {
			return policies.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
		},
		"POST of discovery": func(ctx context.Context) error {
			return c.discovery.RESTClient().Post().AbsPath("/apis").Do(ctx).Error()
		},
		"GET of a command": func(ctx context.Context) error {
			return core.Get().Namespace("shop").Resource("pods").Name("a").SubResource("exec").Do(ctx).Error()
		},
		"GET of a way through": func(ctx context.Context) error {
			return core.Get().Namespace("shop").Resource("services").Name("a").SubResource("proxy").Suffix("admin").Do(ctx).Error()
		},
		"GET of a Secret": func(ctx context.Context) error {
			return core.Get().Namespace("shop").Resource("secrets").Name("a").Do(ctx).Error()
		},
		"GET of all Secrets": func(ctx context.Context) error { return core.Get().Resource("secrets").Do(ctx).Error() },
		"GET of all ConfigMaps": func(ctx context.Context) error {
			return core.Get().Namespace(systemNamespace).Resource("configmaps").Do(ctx).Error()
		},
	} {
		err := write(t.Context())
		var refused *RefusedError
		method, _, _ := strings.Cut(name, " ")
		if !errors.As(err, &refused) || refused.Redirected || refused.Method != method || !strings.Contains(err.Error(), " was not sent: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d of them reached the server", n)
	}
	if err := core.Get().Namespace("shop").Resource("pods").Do(t.Context()).Error(); err != nil || reached.Load() != 1 {
		t.Errorf("what reads does not reach the server: %v", err)
	}
}

// What may be asked, with and without something in front of the API server.
func TestWhatReads(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		method, path string
		refused      string // empty: it is sent
	}{
		{"GET", "/api", ""},
		{"GET", "/apis", ""},
		{"GET", "/api/v1", ""},
		{"GET", "/apis/apps/v1", ""},
		{"GET", "/api/v1/nodes", ""},
		{"GET", "/api/v1/nodes/a", ""},
		{"GET", "/api/v1/namespaces", ""},
		{"GET", "/api/v1/namespaces/shop", ""},
		{"GET", "/api/v1/namespaces/shop/pods", ""},
		{"GET", "/api/v1/namespaces/shop/pods/a", ""},
		{"GET", "/apis/apps/v1/deployments", ""},
		{"GET", "/apis/apps/v1/namespaces/shop/deployments/a", ""},
		{"GET", "/apis/example.com/v1/namespaces/shop/secrets/a", ""}, // somebody's own kind
		{"GET", "/api/v1/namespaces/kube-system/configmaps/cilium-config", ""},

		{"HEAD", "/api/v1/pods", "only reads"},
		{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "only reads"},
		{"DELETE", "/api/v1/namespaces/shop", "only reads"},
		{"CONNECT", "/api/v1/pods", "only reads"},
		{"", "/api/v1/pods", "only reads"}, // http.NewRequest makes no such request
		{"GET", "/", "only gets and lists"},
		{"GET", "", "only gets and lists"},
		{"GET", "/metrics", "only gets and lists"},
		{"GET", "/apiserver", "only gets and lists"},
		{"GET", "/api/v1/nodes/a/proxy", "only gets and lists"},
		{"GET", "/api/v1/nodes/a/proxy/pods", "only gets and lists"},
		{"GET", "/api/v1/namespaces/shop/pods/a/exec", "only gets and lists"},
		{"GET", "/api/v1/namespaces/shop/pods/a/log", "only gets and lists"},
		{"GET", "/api/v1/namespaces/shop/pods/../secrets/a", "only gets and lists"},
		{"GET", "/api/v1//namespaces/shop/pods", "only gets and lists"},
		{"GET", "/api/v1/secrets", "Secrets are never read"},
		{"GET", "/api/v1/secrets/", "Secrets are never read"},
		{"GET", "/api/v1/namespaces/shop/secrets", "Secrets are never read"},
		{"GET", "/api/v1/namespaces/shop/secrets/a", "Secrets are never read"},
		{"GET", "/api/v1/watch/secrets", "only gets and lists"},
		{"GET", "/api/v1/watch/pods", "only gets and lists"},
		{"GET", "/apis/apps/v1/watch/deployments", "only gets and lists"},
		{"GET", "/api/v1/pods?limit=500", ""},
		{"GET", "/api/v1/pods?watch=true", "watches nothing"},
		{"GET", "/api/v1/namespaces/shop/pods?limit=1&watch", "watches nothing"},
		{"GET", "/api/v1/configmaps", "only kube-system/cilium-config"},
		{"GET", "/api/v1/namespaces/kube-system/configmaps", "only kube-system/cilium-config"},
		{"GET", "/api/v1/namespaces/shop/configmaps/cilium-config", "only kube-system/cilium-config"},
	} {
		for _, prefix := range []string{"", "/k8s/clusters/c-1"} {
			config := &rest.Config{Host: "https://api.example.com:6443" + prefix}
			server, _, err := rest.DefaultServerUrlFor(config)
			if err != nil {
				t.Fatal(err)
			}
			r := &http.Request{Method: row.method, URL: server.JoinPath()}
			r.URL.Path, r.URL.RawQuery, _ = strings.Cut(prefix+row.path, "?")
			if err := onlyReads(server, r); (err == nil) != (row.refused == "") || err != nil && !strings.Contains(err.Error(), row.refused) {
				t.Errorf("%s %s%s: %v, want %q", row.method, prefix, row.path, err, row.refused)
			}
		}
	}
	server, _, _ := rest.DefaultServerUrlFor(&rest.Config{Host: "https://api.example.com/prefix"})
	elsewhere := &http.Request{Method: "GET", URL: server.ResolveReference(server)}
	for _, outside := range []string{"/api/v1/pods", "/prefixed/api/v1/pods", "/prefix"} {
		if elsewhere.URL.Path = outside; onlyReads(server, elsewhere) == nil {
			t.Errorf("%s: it is no path of that server's API, and asked for", outside)
		}
	}
	stream := &http.Request{Method: "GET", URL: server.JoinPath("api/v1/pods"), Header: http.Header{"Upgrade": {"websocket"}}}
	if err := onlyReads(server, stream); err == nil || !strings.Contains(err.Error(), "opens no stream") {
		t.Errorf("a stream: %v", err)
	}
}

// Credentials for a server that is asked with TLS never go without it, whatever an answer redirects to.
func TestTLSStaysTLS(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		server, asked string
		refused       bool
	}{
		{"https://api.example.com", "https://api.example.com/api", false},
		{"https://api.example.com", "wss://api.example.com/api", false},
		{"https://api.example.com", "http://api.example.com/api", true},
		{"https://api.example.com:6443", "http://api.example.com:6443/api", true},
		{"https://api.example.com", "ws://api.example.com/api", true},
		{"http://127.0.0.1:8001", "http://127.0.0.1:8001/api", false},
		{"https://api.example.com", "https://other.example.com/api", true},
	} {
		server, _, err := rest.DefaultServerUrlFor(&rest.Config{Host: row.server})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, row.asked, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if err := toServer(server, r); (err != nil) != row.refused {
			t.Errorf("%s, asked %s: %v", row.server, row.asked, err)
		}
	}
}
