package live

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// The channels of a command's stream. Source: k8s.io/kubelet, the v5.channel.k8s.io protocol.
const (
	stdoutChannel = 1
	stderrChannel = 2
	errorChannel  = 3
)

// ended is the status of a command that ended with an exit code. Source: apimachinery, the status
// that kubelets send for a non-zero exit code.
func ended(code string) metav1.Status {
	return metav1.Status{
		Status: metav1.StatusFailure, Reason: "NonZeroExitCode",
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: "ExitCode", Message: code}}},
	}
}

// session is one in a container that a fake server speaks for.
func session(t *testing.T, handle http.HandlerFunc) *Session {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	p, err := New(&rest.Config{Host: server.URL}, DefaultImage)
	if err != nil {
		t.Fatal(err)
	}
	return &Session{prober: p, at: Place{"shop", "client", namePrefix + "abcde"}}
}

// speak takes a stream and hands it to say.
func speak(t *testing.T, say func(send func(channel byte, text string))) http.HandlerFunc {
	t.Helper()
	upgrader := websocket.Upgrader{Subprotocols: []string{"v5.channel.k8s.io"}}
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("upgrading: %v", err)
			return
		}
		defer c.Close()
		say(func(channel byte, text string) {
			if err := c.WriteMessage(websocket.BinaryMessage, append([]byte{channel}, text...)); err != nil {
				t.Logf("sending: %v", err)
			}
		})
		_ = c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
	}
}

func encoded(t *testing.T, s metav1.Status) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRun(t *testing.T) {
	t.Parallel()
	success := metav1.Status{Status: metav1.StatusSuccess}
	for _, row := range []struct {
		name           string
		say            func(send func(byte, string))
		code           int
		stdout, stderr string
		lost           string
	}{
		{name: "success", say: func(send func(byte, string)) {
			send(stdoutChannel, "an ")
			send(stdoutChannel, "answer")
			send(stderrChannel, endMark+"0\n")
			send(errorChannel, encoded(t, success))
		}, stdout: "an answer"},
		{name: "an exit code", say: func(send func(byte, string)) {
			send(stderrChannel, "TIMEOUT\n")
			send(stderrChannel, endMark+"1\n")
			send(errorChannel, encoded(t, success))
		}, code: 1, stderr: "TIMEOUT\n"},
		{name: "the kubelet's stream broke off, and the API server calls that a success", say: func(send func(byte, string)) {
			send(errorChannel, encoded(t, success))
		}, lost: "before the command did"},
		{name: "the stream ends without a status", say: func(func(byte, string)) {}, lost: "before the command did"},
		{name: "half a mark", say: func(send func(byte, string)) {
			send(stderrChannel, endMark)
			send(errorChannel, encoded(t, success))
		}, lost: "before the command did"},
		{name: "the shell cannot be run", say: func(send func(byte, string)) {
			send(errorChannel, encoded(t, ended("127")))
		}, lost: "exit code 127"},
		{name: "another failure", say: func(send func(byte, string)) {
			send(errorChannel, encoded(t, metav1.Status{Status: metav1.StatusFailure, Message: "container not found"}))
		}, lost: "container not found"},
		{name: "more than anybody says", say: func(send func(byte, string)) {
			for range 3 {
				send(stdoutChannel, strings.Repeat("x", mostBytes/2))
			}
			send(errorChannel, encoded(t, success))
		}, stdout: strings.Repeat("x", mostBytes), lost: "said more than"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := session(t, speak(t, row.say)).Run(t.Context(), []string{"dig", "a"})
			if r.ExitCode != row.code || r.Stdout != row.stdout || r.Stderr != row.stderr || !strings.Contains(r.Lost, row.lost) || (r.Lost != "") != (row.lost != "") {
				t.Errorf("%d, %d bytes, %q, lost: %s", r.ExitCode, len(r.Stdout), r.Stderr, r.Lost)
			}
		})
	}
}

// TestRunAsks: what is asked for is the command, in the container of ours.
func TestRunAsks(t *testing.T) {
	t.Parallel()
	var asked string
	answer := speak(t, func(send func(byte, string)) {
		send(stderrChannel, endMark+"0\n")
		send(errorChannel, encoded(t, metav1.Status{Status: metav1.StatusSuccess}))
	})
	s := session(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RequestURI()
		answer(w, r)
	})
	if r := s.Run(t.Context(), []string{"/agnhost", "connect", "10.0.0.1:80"}); r.Lost != "" {
		t.Fatal(r.Lost)
	}
	const want = "/api/v1/namespaces/shop/pods/client/exec?command=sh&command=-c&command=%22%24%40%22%3B+echo+%22netpol-doctor%3A+the+command+ended+with+exit+code+%24%3F%22+%3E%262&command=sh&command=%2Fagnhost&command=connect&command=10.0.0.1%3A80&container=netpol-doctor-abcde&stderr=true&stdout=true"
	if asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
}

// TestRunIsLost: a server that refuses, one that hangs up and a user who gives up are no outcome.
func TestRunIsLost(t *testing.T) {
	t.Parallel()
	refuse := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }
	if r := session(t, refuse).Run(t.Context(), []string{"dig"}); r.Lost == "" {
		t.Errorf("forbidden: %+v", r)
	}
	hangUp := func(w http.ResponseWriter, r *http.Request) {
		c, err := (&websocket.Upgrader{Subprotocols: []string{"v5.channel.k8s.io"}}).Upgrade(w, r, nil)
		if err == nil {
			_ = c.WriteMessage(websocket.BinaryMessage, append([]byte{stderrChannel}, "TIMEOUT\n"...))
			c.Close()
		}
	}
	if r := session(t, hangUp).Run(t.Context(), []string{"dig"}); r.Lost == "" {
		t.Errorf("hung up: %+v", r)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	reached := make(chan struct{})
	s := session(t, speak(t, func(func(byte, string)) {
		giveUp()
		<-reached
	}))
	r := s.Run(ctx, []string{"dig"})
	close(reached)
	if r.Lost == "" {
		t.Errorf("interrupted: %+v", r)
	}
}
