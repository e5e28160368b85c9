package plugin

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/probe/live"
)

// TestOutside: an address that cannot be read is said before anything is asked or created.
func TestOutside(t *testing.T) {
	t.Parallel()
	o := &options{config: &rest.Config{Host: "http://127.0.0.1:1"}}
	for _, typed := range []string{"example.com:80", "192.0.2.1", "2001:db8::1:80:x", ":80"} {
		err := o.checkEnforcement(t.Context(), &probing{image: live.DefaultImage}, &enforcing{outside: typed})
		if err == nil || !strings.Contains(err.Error(), "ADDRESS:PORT") || untestable(err) {
			t.Errorf("%s: %v", typed, err)
		}
	}
	err := o.checkEnforcement(t.Context(), &probing{image: live.DefaultImage, yes: true}, &enforcing{outside: "[2001:db8::1]:80"})
	if !untestable(err) {
		t.Errorf("no API server: %v", err)
	}
}

// TestConfirmCheck: where nobody can be asked, nothing is created.
func TestConfirmCheck(t *testing.T) {
	t.Parallel()
	o := &options{streams: Streams{In: strings.NewReader("y\n"), Err: &bytes.Buffer{}}}
	s := &live.Scratch{Namespace: "a", Guests: "b"}
	if err := o.confirmCheck(s, &probing{}); err == nil || errors.Is(err, errUnconfirmed) || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("nobody can be asked: %v", err)
	}
	if err := o.confirmCheck(s, &probing{yes: true}); err != nil {
		t.Error(err)
	}
}
