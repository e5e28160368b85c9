package pipelines

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// comment is one on a request, as either forge has it.
type comment struct {
	ID     int     `json:"id"`
	Body   string  `json:"body"`
	User   account `json:"user"`   // GitHub
	Author account `json:"author"` // GitLab
}

type account struct {
	ID    int    `json:"id"`
	Login string `json:"login"`
}

// ours is who the token of the tests belongs to, on both forges.
var ours = account{ID: 7, Login: "github-actions[bot]"}

// forge is a server that answers like GitHub and GitLab as far as comments go. Handlers run in goroutines of
// their own: everything behind the mutex.
type forge struct {
	*httptest.Server

	mutex    sync.Mutex
	comments []comment
	requests []string
	tokens   map[string]bool
	refuse   map[string]int // by method, the status that it is refused with
}

func newForge(t *testing.T) *forge {
	t.Helper()
	f := &forge{comments: []comment{}, tokens: map[string]bool{}, refuse: map[string]int{}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *forge) serve(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Body string `json:"body"`
	}
	if r.Method != http.MethodGet {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	f.mutex.Lock()
	status, answer := f.answer(r, sent.Body)
	f.mutex.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // who hung up does not hear it
}

// answer is called with the mutex held.
func (f *forge) answer(r *http.Request, body string) (status int, answer any) {
	f.requests = append(f.requests, r.Method+" "+r.URL.RequestURI())
	f.tokens[cmp.Or(r.Header.Get("PRIVATE-TOKEN"), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))] = true
	if status, refused := f.refuse[r.Method]; refused {
		return status, map[string]string{"message": "Resource not accessible by integration"}
	}
	path := r.URL.Path
	list := slices.Contains([]string{"/repos/o/r/issues/5/comments", "/projects/9/merge_requests/5/notes"}, path)
	switch {
	case path == "/user" && r.Method == http.MethodGet:
		return http.StatusOK, ours
	case list && r.Method == http.MethodGet:
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
		if page < 1 || size < 1 || size > 100 {
			return http.StatusBadRequest, map[string]string{"message": "no such page"}
		}
		return http.StatusOK, slices.Clone(f.comments[min((page-1)*size, len(f.comments)):min(page*size, len(f.comments))])
	case list && r.Method == http.MethodPost:
		c := comment{ID: 1000 + len(f.comments), Body: body, User: ours, Author: ours}
		f.comments = append(f.comments, c)
		return http.StatusCreated, c
	case r.Method == http.MethodPatch && strings.HasPrefix(path, "/repos/o/r/issues/comments/"), r.Method == http.MethodPut && strings.HasPrefix(path, "/projects/9/merge_requests/5/notes/"):
		for i := range f.comments {
			if strings.HasSuffix(path, fmt.Sprintf("/%d", f.comments[i].ID)) {
				f.comments[i].Body = body
				return http.StatusOK, f.comments[i]
			}
		}
	}
	return http.StatusNotFound, map[string]string{"message": "Not Found"}
}

// add puts a comment there before a test.
func (f *forge) add(c comment) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.comments = append(f.comments, c)
}

// refuses makes the forge refuse a method from now on.
func (f *forge) refuses(method string, status int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.refuse[method] = status
}

// said returns copies of the comments and of what was asked so far.
func (f *forge) said() (comments []comment, requests []string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.Clone(f.comments), slices.Clone(f.requests)
}

// saw tells whether a token came with some request.
func (f *forge) saw(token string) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.tokens[token]
}
