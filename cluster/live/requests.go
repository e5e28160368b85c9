package live

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
)

// witness notes every request in the trail of its context. It sits at the transport because only
// there a retry can be seen.
type witness struct{ next http.RoundTripper }

// trail is the requests that one call took, oldest first.
type trail struct {
	mu       sync.Mutex
	requests []*sighting
}

// sighting is a request whose answer may still be being read.
type sighting struct {
	Request
	started time.Time
	bytes   atomic.Int64
}

type trailKey struct{}

func witnessed(ctx context.Context) (context.Context, *trail) {
	t := &trail{}
	return context.WithValue(ctx, trailKey{}, t), t
}

// see makes a request. Where its answer has a body, what is read of it is counted, and closed is called
// at its end.
func see(next http.RoundTripper, request *http.Request, closed func(*sighting)) (*sighting, *http.Response, error) {
	seen := &sighting{started: time.Now()}
	response, err := next.RoundTrip(request)
	seen.Request = Request{Verb: request.Method, Path: request.URL.RequestURI(), Items: -1, Duration: time.Since(seen.started)}
	if response != nil {
		seen.Status = response.StatusCode
		if response.StatusCode != http.StatusSwitchingProtocols { // there it is the stream
			response.Body = &counted{response.Body, seen, sync.OnceFunc(func() { closed(seen) })}
		}
	}
	return seen, response, err
}

// RoundTrip implements http.RoundTripper.
func (w witness) RoundTrip(request *http.Request) (*http.Response, error) {
	seen, response, err := see(w.next, request, func(*sighting) {})
	if t, ok := request.Context().Value(trailKey{}).(*trail); ok {
		t.mu.Lock()
		t.requests = append(t.requests, seen)
		t.mu.Unlock()
	}
	return response, err
}

// tell hands the requests on. The last one lasted until its answer had been read.
func (t *trail) tell(log func(Request), items int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, seen := range t.requests {
		r := seen.now()
		if i == len(t.requests)-1 {
			r.Items, r.Duration = items, time.Since(seen.started)
		} else {
			r.Items = 0
		}
		log(r)
	}
}

// now is what is known of the request by now.
func (s *sighting) now() Request {
	r := s.Request
	r.Bytes = s.bytes.Load()
	return r
}

// counted counts what is read of an answer.
type counted struct {
	io.ReadCloser
	seen   *sighting
	closed func()
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.seen.bytes.Add(int64(n))
	return n, err
}

// Close implements io.Closer.
func (c *counted) Close() error {
	defer c.closed()
	return c.ReadCloser.Close()
}

// Show makes a config tell log about every request: when its answer was read, when it became a stream,
// or when there was none. Log is called by several goroutines at once.
func Show(config *rest.Config, log func(Request)) {
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return shown{next, log} })
}

// shown is a way to the API server whose requests are told.
type shown struct {
	next http.RoundTripper
	log  func(Request)
}

// RoundTrip implements http.RoundTripper.
func (s shown) RoundTrip(request *http.Request) (*http.Response, error) {
	seen, response, err := see(s.next, request, func(seen *sighting) {
		r := seen.now()
		r.Duration = time.Since(seen.started)
		s.log(r)
	})
	if response == nil || response.StatusCode == http.StatusSwitchingProtocols {
		s.log(seen.now())
	}
	return response, err
}
