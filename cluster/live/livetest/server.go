package livetest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Server is an API server for one test.
type Server struct {
	tb   testing.TB
	http *httptest.Server

	mu       sync.Mutex
	kinds    []*kind
	denied   map[grant]bool
	requests []Request
	hook     func(http.ResponseWriter, *http.Request) bool
	expired  int  // how often continue tokens were made invalid
	old      bool // discovery as it used to be
	stale    map[string]bool
}

// Request is one request that reached the server.
type Request struct {
	Method      string
	Path        string // with the query
	Accept      string
	ContentType string // of the answer
	Status      int
	Bytes       int // of the answer
}

// String prints the method and the path.
func (r Request) String() string { return r.Method + " " + r.Path }

// New starts a server with these objects; it is closed when the test ends. Objects are built-in
// types, or *unstructured.Unstructured for custom resources, whose kinds are then served, too.
// Namespaces exist only when they are among the objects, but nothing else depends on that.
func New(tb testing.TB, objects ...runtime.Object) *Server {
	tb.Helper()
	s := &Server{tb: tb, kinds: builtinKinds(), denied: map[grant]bool{}, stale: map[string]bool{}}
	s.Add(objects...)
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	tb.Cleanup(s.http.Close)
	return s
}

// Add adds objects, for instance between two readings.
func (s *Server) Add(objects ...runtime.Object) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, object := range objects {
		if err := s.add(object); err != nil {
			s.tb.Fatalf("adding an object to the server: %v", err)
		}
	}
}

// Hook sees every request first and answers it if it returns true. It may be called by several
// goroutines at once.
func (s *Server) Hook(hook func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// ExpireContinue makes every continue token that was given out so far invalid.
func (s *Server) ExpireContinue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired++
}

// Requests returns what was asked so far, in the order of the answers.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Forget empties the list of requests.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Config leads to the server.
func (s *Server) Config() *rest.Config { return &rest.Config{Host: s.http.URL} }

// Kubeconfig writes a kubeconfig whose current context "test" leads to the server, and returns
// its path.
func (s *Server) Kubeconfig() string {
	s.tb.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: s.http.URL}
	config.AuthInfos["test"] = &clientcmdapi.AuthInfo{}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	config.CurrentContext = "test"
	path := filepath.Join(s.tb.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		s.tb.Fatalf("writing kubeconfig: %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		s.tb.Fatalf("writing kubeconfig: %v", err)
	}
	return path
}

// serve answers a request and notes it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	seen := &witness{ResponseWriter: w, status: http.StatusOK}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, Request{
			Method:      r.Method,
			Path:        r.URL.RequestURI(),
			Accept:      r.Header.Get("Accept"),
			ContentType: seen.Header().Get("Content-Type"),
			Status:      seen.status,
			Bytes:       seen.bytes,
		})
	}()
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook != nil && hook(seen, r) {
		return
	}
	if r.Method != http.MethodGet {
		s.tb.Errorf("the server was asked to %s %s", r.Method, r.URL.Path)
		Fail(seen, apierrors.NewGenericServerResponse(http.StatusMethodNotAllowed, r.Method, schema.GroupResource{}, "", "this server only reads", 0, false))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	group, isGroup := strings.CutPrefix(r.URL.Path, "/apis/")
	isGroup = isGroup && !strings.Contains(group, "/")
	switch a, ok := parse(r.URL.Path); {
	case isGroup:
		s.discoverGroup(seen, r, group)
	case r.URL.Path == "/api" || r.URL.Path == "/apis":
		s.discover(seen, r)
	case !ok:
		http.NotFound(seen, r)
	default:
		s.answer(seen, r, a)
	}
}

// witness remembers the status and the length of an answer.
type witness struct {
	http.ResponseWriter
	status, bytes int
}

// Write implements http.ResponseWriter.
func (w *witness) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += n
	return n, err
}

// WriteHeader implements http.ResponseWriter.
func (w *witness) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
