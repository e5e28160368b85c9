package plugin

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/probe/live"
)

// TestOutside: an address that cannot be read is said before anything is asked or created.
func TestOutside(t *testing.T) {
	t.Parallel()
	o := &options{network: &rest.Config{Host: "http://127.0.0.1:1"}}
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

// TestCopies: that a credential is copied is said before anything is created, and only where it is.
func TestCopies(t *testing.T) {
	t.Parallel()
	if text := copies("default", "mirror"); !strings.Contains(text, "Secret default/mirror, a credential") || !strings.Contains(text, "both namespaces") {
		t.Error(text)
	}
	if text := copies("default", ""); text != "" {
		t.Error(text)
	}
}

// TestCleanUpSays: whoever interrupts learns at once why that takes a while, and nobody else.
func TestCleanUpSays(t *testing.T) {
	t.Parallel()
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	for ctx, want := range map[context.Context]string{t.Context(): "", interrupted: "please wait (30s at most)"} {
		var said bytes.Buffer
		o := &options{streams: Streams{Err: &said}}
		o.cleanUp(ctx, &live.Scratch{})
		if (want == "") != (said.Len() == 0) || !strings.Contains(said.String(), want) {
			t.Errorf("%q", said.String())
		}
	}
}

// TestTypedCheck: somebody else is told to make the same check.
func TestTypedCheck(t *testing.T) {
	t.Parallel()
	c := newProbe(Streams{})
	if err := c.ParseFlags([]string{"--check-enforcement", "--outside", "192.0.2.1:80", "--yes", "--context", "x"}); err != nil {
		t.Fatal(err)
	}
	if got := typed(c); got != "kubectl netpol-doctor probe --check-enforcement --context x --outside 192.0.2.1:80" {
		t.Error(got)
	}
}
