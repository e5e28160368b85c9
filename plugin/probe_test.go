package plugin

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	source "github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
)

// TestAsk: anything but yes is no.
func TestAsk(t *testing.T) {
	t.Parallel()
	for answer, yes := range map[string]bool{"y\n": true, "YES\n": true, " y \n": true, "n\n": false, "\n": false, "": false, "yes please\n": false, "y": true} {
		var said bytes.Buffer
		err := ask(Streams{In: strings.NewReader(answer), Err: &said, Getenv: func(string) string { return "" }}, "This and "+strings.Repeat("that ", 20))
		if (err == nil) != yes || err != nil && !errors.Is(err, errUnconfirmed) || !strings.HasSuffix(said.String(), "that\nGo on? [y/N] ") || strings.Count(said.String(), "\n") != 2 {
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
	added, reused := []prepared{{pod, &live.Session{Adds: []any{pod}}}}, []prepared{{pod, &live.Session{Reused: true}}}
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

// TestProbeInterrupted: what is interrupted has no answer; what cannot be tested keeps the one that
// there is.
func TestProbeInterrupted(t *testing.T) {
	t.Parallel()
	pod := func(name, ip string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Annotations: map[string]string{"kubernetes.io/config.mirror": "x"}},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}},
		}
	}
	server := livetest.New(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, pod("a", "10.244.0.6"), pod("b", "10.244.0.7"))
	from, err := source.Open(server.Config(), source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &options{source: from, network: server.Config(), namespace: "shop"}
	d, err := o.diagnose(t.Context(), "pod/a", "pod/b:80")
	if err != nil {
		t.Fatal(err)
	}
	// Static pods take no ephemeral containers.
	document, err := o.probed(t.Context(), d, &probing{image: live.DefaultImage})
	if err != nil || !strings.Contains(document.Unable, "static pod") || d.Result != explain.Works {
		t.Errorf("cannot be tested: %v, %q, %s", err, document.Unable, d.Result)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	_, err = o.probed(ctx, d, &probing{image: live.DefaultImage})
	if code, show := codeOf(ctx, err); !errors.Is(err, context.Canceled) || code != exitInterrupted || show {
		t.Errorf("interrupted: %v, code %d", err, code)
	}
}
