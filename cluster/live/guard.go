package live

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"k8s.io/client-go/rest"
)

// guard is the last that a request passes before it leaves the process: what its rule refuses is never
// sent, whoever asked for it, and wherever a redirect led it.
type guard struct {
	next http.RoundTripper
	rule func(*http.Request) error
}

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.rule(r); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	return g.next.RoundTrip(r)
}

// RefusedError says why a request was not sent.
type RefusedError struct {
	Method string
	URL    string // without what is asked of it
	Why    string
	// Redirected: an answer led there. Otherwise it is a mistake of this program.
	Redirected bool
}

// Error says in one line what was refused, and why.
func (e *RefusedError) Error() string {
	if e.Redirected {
		return fmt.Sprintf("the answer leads to %s, which is not followed: %s", e.URL, e.Why)
	}
	return fmt.Sprintf("%s %s was not sent: %s", e.Method, e.URL, e.Why)
}

func refused(r *http.Request, why string) error {
	at := url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: r.URL.Path}
	return &RefusedError{r.Method, at.String(), why, r.Response != nil}
}

// ServerOnly returns a config whose requests go to the API server and to no other host, whatever an
// answer redirects them to. A proxy that kubeconfig or the environment names is on the way there, and
// no other host.
func ServerOnly(config *rest.Config) (*rest.Config, error) {
	server, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, err
	}
	return guarded(config, func(r *http.Request) error { return toServer(server, r) }), nil
}

// readOnly is ServerOnly for a client that gets and lists, and never Secrets.
func readOnly(config *rest.Config) (*rest.Config, error) {
	server, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, err
	}
	return guarded(config, func(r *http.Request) error {
		if err := toServer(server, r); err != nil {
			return err
		}
		return onlyReads(server, r)
	}), nil
}

func guarded(config *rest.Config, rule func(*http.Request) error) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return guard{next, rule} })
	return config
}

func toServer(server *url.URL, r *http.Request) error {
	switch {
	case r.URL.Host != server.Host:
		return refused(r, "the API server is "+server.Host)
	case server.Scheme == "https" && (r.URL.Scheme == "http" || r.URL.Scheme == "ws"): // credentials for anybody to read
		return refused(r, "the API server is asked with TLS only")
	}
	return nil
}

// onlyReads refuses what is more than to get or list objects, or to ask which kinds there are. A GET of
// a part of an object may run commands in it (pods/exec) or pass through it (services/proxy).
func onlyReads(server *url.URL, r *http.Request) error {
	if r.Method != http.MethodGet {
		return refused(r, "this command only reads")
	}
	if r.Header.Get("Upgrade") != "" {
		return refused(r, "this command only reads, and opens no stream")
	}
	if r.URL.Query().Has("watch") {
		return refused(r, "this command only reads, and watches nothing")
	}
	q, ok := asked(server, r.URL.Path)
	switch {
	case !ok:
		return refused(r, "this command only gets and lists objects")
	case q.resource.Group == "" && q.resource.Resource == "secrets":
		return refused(r, "Secrets are never read")
	case q.resource.Group == "" && q.resource.Resource == configMapKind.Resource && (q.namespace != systemNamespace || q.name != ciliumConfig):
		return refused(r, "of ConfigMaps, only "+systemNamespace+"/"+ciliumConfig+" is read")
	}
	return nil
}

// asked takes the path of a request apart; it is ok for lists, for objects as a whole and for what the
// server says of its API. Source: "Kubernetes API Concepts", resource URIs.
func asked(server *url.URL, p string) (q question, ok bool) {
	p, ok = strings.CutPrefix(p, strings.TrimSuffix(server.Path, "/"))
	if p = strings.TrimSuffix(p, "/"); !ok || !path.IsAbs(p) || path.Clean(p) != p {
		return q, false
	}
	words := strings.Split(p[1:], "/")
	switch {
	case p == "/version":
		return q, true
	case words[0] == "api":
		words = words[min(len(words), 2):]
	case words[0] == "apis" && len(words) > 3:
		q.resource.Group, words = words[1], words[3:]
	case words[0] == "apis":
		words = nil
	default:
		return q, false
	}
	if len(words) > 2 && words[0] == "namespaces" {
		q.namespace, words = words[1], words[2:]
	}
	if len(words) > 0 {
		q.resource.Resource = words[0]
	}
	if len(words) > 1 {
		q.name = words[1]
	}
	return q, len(words) <= 2 && q.resource.Resource != "watch" // as older paths say it: api/v1/watch/secrets
}
