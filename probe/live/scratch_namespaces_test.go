package live

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// apiServer answers as it is told, or else with success, and remembers what it was asked.
type apiServer struct {
	mutex   sync.Mutex
	asked   []string
	denies  string // a resource that nobody has a right to
	answers func(asked string, n int) int
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.Method + " " + r.URL.Path
	if r.URL.Query().Has("dryRun") {
		asked += " dry"
	}
	a.mutex.Lock()
	a.asked = append(a.asked, asked)
	n := a.count(asked)
	a.mutex.Unlock()
	w.Header().Set("Content-Type", "application/json")
	var answer any = metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess}
	code := http.StatusOK
	if a.answers != nil {
		code = a.answers(asked, n)
	}
	if code >= 400 {
		reason := map[int]metav1.StatusReason{404: metav1.StatusReasonNotFound, 409: metav1.StatusReasonAlreadyExists, 500: metav1.StatusReasonInternalError}[code]
		answer = metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Reason: reason, Code: int32(code), Message: "in its words"}
	} else if strings.HasSuffix(r.URL.Path, "selfsubjectaccessreviews") {
		var review authorizationv1.SelfSubjectAccessReview
		_ = json.NewDecoder(r.Body).Decode(&review)
		review.Status.Allowed = review.Spec.ResourceAttributes.Resource != a.denies
		answer = review
	}
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer)
}

func (a *apiServer) count(asked string) (n int) {
	for _, other := range a.asked {
		if other == asked {
			n++
		}
	}
	return n
}

func scratchAt(t *testing.T, a *apiServer, o ScratchOptions) *Scratch {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	o.Image = DefaultImage
	s, err := NewScratch(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDelete: what was made is deleted, what may still be made is waited for, and what is somebody
// else's is left alone.
func TestDelete(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		creation int // what comes of it; 0: it is interrupted
		appears  int // which deletion finds it
		deletes  int // how many there are
	}{
		"it was made":                             {200, 1, 1},
		"it was made, and somebody deleted it":    {200, 99, 1},
		"there is one of that name":               {409, 1, 0},
		"it was not allowed":                      {403, 1, 0},
		"the server failed, and may have made it": {500, 1, 1},
		"it was made after the interruption":      {0, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			a := &apiServer{answers: func(asked string, n int) int {
				switch {
				case strings.HasPrefix(asked, "POST"):
					if row.creation == 0 {
						interrupt()
						return 500
					}
					return row.creation
				case strings.HasPrefix(asked, "DELETE") && n >= row.appears:
					return 200
				}
				return 404
			}}
			s := scratchAt(t, a, ScratchOptions{})
			if err := s.createNamespace(ctx, s.Namespace); (err == nil) != (row.creation == 200) {
				t.Error(err)
			}
			if remains := s.Delete(t.Context()); len(remains) > 0 {
				t.Errorf("remains: %v", remains)
			}
			a.mutex.Lock()
			defer a.mutex.Unlock()
			if n := a.count("DELETE /api/v1/namespaces/" + s.Namespace); n != row.deletes {
				t.Errorf("%d deletions, want %d: %v", n, row.deletes, a.asked)
			}
			if n := a.count("DELETE /api/v1/namespaces/" + s.Guests); n > 0 {
				t.Errorf("what was never asked for was deleted: %v", a.asked)
			}
		})
	}
}

// TestRemains: what could not be deleted is told as a command for the cluster that was meant.
func TestRemains(t *testing.T) {
	t.Parallel()
	for context, want := range map[string]string{"": "kubectl delete namespace ", "'team (eu)'": "kubectl --context 'team (eu)' delete namespace "} {
		a := &apiServer{answers: func(asked string, _ int) int {
			if strings.HasPrefix(asked, "DELETE") {
				return 403
			}
			return 200
		}}
		s := scratchAt(t, a, ScratchOptions{Context: context})
		if err := s.createNamespace(t.Context(), s.Namespace); err != nil {
			t.Fatal(err)
		}
		if got := s.Delete(t.Context()); !slices.Equal(got, []string{want + s.Namespace}) {
			t.Errorf("%v", got)
		}
	}
}

// TestTryOut: both namespaces are tried out, and nothing else is written.
func TestTryOut(t *testing.T) {
	t.Parallel()
	a := &apiServer{}
	if err := scratchAt(t, a, ScratchOptions{}).TryOut(t.Context()); err != nil || !slices.Equal(a.asked, []string{"POST /api/v1/namespaces dry", "POST /api/v1/namespaces dry"}) {
		t.Errorf("%v, %v", err, a.asked)
	}
	a = &apiServer{answers: func(string, int) int { return 422 }}
	if err := scratchAt(t, a, ScratchOptions{}).TryOut(t.Context()); err == nil || !strings.Contains(err.Error(), "in its words") {
		t.Error(err)
	}
}

// TestAllowedSecrets: the rights to a Secret are asked for where one is copied, and only there.
func TestAllowedSecrets(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{"": "", "mirror": "you may not get secrets, create secrets;"} {
		err := scratchAt(t, &apiServer{denies: "secrets"}, ScratchOptions{PullSecret: secret, PullSecretNamespace: "default"}).Allowed(t.Context())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", secret, err)
		}
	}
	s := scratchAt(t, &apiServer{}, ScratchOptions{PullSecret: "mirror"})
	if err := s.Allowed(t.Context()); err != nil {
		t.Error(err)
	}
	text, err := json.Marshal(s.Objects())
	if n := strings.Count(string(text), `"kind":"Secret"`); err != nil || n != 2 || strings.Contains(string(text), `"data"`) {
		t.Errorf("%v, %d Secrets: %s", err, n, text)
	}
}

// TestClear: a policy that could not be deleted is deleted the next time, and so is one whose creation
// failed.
func TestClear(t *testing.T) {
	t.Parallel()
	a := &apiServer{}
	a.answers = func(asked string, n int) int {
		if strings.HasPrefix(asked, "DELETE") && strings.HasSuffix(asked, "/ports-1") && n == 1 || strings.HasPrefix(asked, "POST") && n == 2 {
			return 500
		}
		return 200
	}
	s := scratchAt(t, a, ScratchOptions{})
	if err := s.apply(t.Context(), "ports", []networkingv1.NetworkPolicySpec{{}, {}, {}}); err == nil || !slices.Equal(s.applied, []string{"ports-1", "ports-2"}) {
		t.Errorf("%v, %v", err, s.applied)
	}
	if err := s.clear(t.Context()); err == nil || !slices.Equal(s.applied, []string{"ports-1"}) {
		t.Errorf("%v, %v", err, s.applied)
	}
	if err := s.clear(t.Context()); err != nil || len(s.applied) > 0 {
		t.Errorf("%v, %v", err, s.applied)
	}
}

// TestStuckPolicy: while a policy of an earlier trial cannot be deleted, no trial is made.
func TestStuckPolicy(t *testing.T) {
	t.Parallel()
	b := &bench{}
	b.stuck = true
	checkOn(t, b, func(t *testing.T, c *probe.Check) {
		if a := c.Of(probe.IngressTrial); b.applied > 0 || !strings.Contains(a.Why, "it is stuck") {
			t.Errorf("%d policies; %s", b.applied, a.Why)
		}
	})
}
