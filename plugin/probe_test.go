package plugin

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
)

// TestAsk: anything but yes is no.
func TestAsk(t *testing.T) {
	t.Parallel()
	for answer, yes := range map[string]bool{"y\n": true, "YES\n": true, " y \n": true, "n\n": false, "\n": false, "": false, "yes please\n": false, "y": true} {
		var said bytes.Buffer
		err := ask(Streams{In: strings.NewReader(answer), Err: &said}, "Go on?")
		if (err == nil) != yes || err != nil && !errors.Is(err, errUnconfirmed) || said.String() != "Go on?" {
			t.Errorf("%q: %v, said %q", answer, err, said.String())
		}
	}
}

// TestConfirm: nothing is added where nobody can be asked, unless --yes was given or nothing has to
// be.
func TestConfirm(t *testing.T) {
	t.Parallel()
	o := &options{streams: Streams{In: strings.NewReader("y\n"), Err: &bytes.Buffer{}}}
	pod := cluster.Ref{Kind: "Pod", Namespace: "shop", Name: "client"}
	added, reused := []prepared{{pod, &live.Session{}}}, []prepared{{pod, &live.Session{Reused: true}}}
	if err := o.confirm(added, &probing{}); err == nil || errors.Is(err, errUnconfirmed) || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("nobody can be asked: %v", err)
	}
	if err := o.confirm(added, &probing{yes: true}); err != nil {
		t.Error(err)
	}
	if err := o.confirm(reused, &probing{}); err != nil {
		t.Error(err)
	}
}
