package live

import (
	"crypto/tls"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Unreachable is the error of a Read that could not talk to the API server at all: no
// connection, no trust, no valid credentials, or no API server at that address.
type Unreachable struct {
	Server string // empty: nobody said where it is
	Advice string // what to try
	Err    error
}

// Error says in one line what was asked, what came back and what to try.
func (u *Unreachable) Error() string {
	if u.Server == "" {
		return fmt.Sprintf("reading the cluster: %s; %s", u.Err, u.Advice)
	}
	words := wordsOf(u.Err)
	if apierrors.IsUnauthorized(u.Err) {
		words = "Unauthorized" // client-go words it differently from request to request
	}
	return fmt.Sprintf("reading the cluster at %s: %s (%s)", u.Server, words, u.Advice)
}

// Unwrap returns what went wrong.
func (u *Unreachable) Unwrap() error { return u.Err }

func (s *Source) unreachable(err error) error {
	return &Unreachable{Server: s.client.server, Advice: advice(err), Err: err}
}

func advice(err error) string {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, status := errors.AsType[*apierrors.StatusError](err)
	refused, stopped := errors.AsType[*RefusedError](err)
	switch {
	case stopped && refused.Redirected:
		return "something that wants to be logged in to, or another server, answers there: check --context, --server and any proxy in between"
	case stopped:
		return "that is a mistake of netpol-doctor: please report it"
	case apierrors.IsUnauthorized(err):
		return "the credentials of this kubeconfig context are missing, expired or for another server: log in again, or choose another --context"
	case untrusted:
		return "the server is not the one this kubeconfig context trusts: check --context, --certificate-authority and any proxy in between"
	case status:
		return "something answers there, but not as a Kubernetes API that works: check --context, --server and any proxy in between"
	case timedOut(err):
		return "no answer in time: try again with a longer --request-timeout"
	}
	return "check --context and --server, and that the API server can be reached from here: kubectl cluster-info"
}

// failed remembers an answer that was none. It only counts when the server never said anything
// better: then there is no Kubernetes API at that address, or none that works. Of several it is
// the one whose words come first in order, whichever came first in time.
func (s *Source) failed(err error) {
	s.talk.Lock()
	defer s.talk.Unlock()
	if s.failure == nil || wordsOf(err) < wordsOf(s.failure) {
		s.failure = err
	}
}

// answered remembers that there is a Kubernetes API.
func (s *Source) answered() {
	s.talk.Lock()
	defer s.talk.Unlock()
	s.spoken = true
}

// silent is the error of a server that never gave an answer as Kubernetes does.
func (s *Source) silent() error {
	s.talk.Lock()
	defer s.talk.Unlock()
	if s.failure == nil || s.spoken {
		return nil
	}
	return s.unreachable(s.failure)
}
