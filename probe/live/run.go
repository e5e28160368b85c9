package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// The bounds of one command: how long it may take, beyond its own timeout, and how much it may say.
const (
	allowance = 8 * time.Second
	mostBytes = 64 << 10
)

// Place is a container that takes commands.
type Place struct{ Namespace, Pod, Container string }

// Run runs a command in a container. Whatever keeps its result from arriving makes it lost.
func (p *Prober) Run(ctx context.Context, at Place, command []string) probe.Run {
	return p.run(ctx, at, command, probe.Timeout+allowance)
}

// A stream that breaks off without a word looks to the client like a command that ended well: the API
// server itself says so where its own stream to the kubelet breaks off. So the command's exit code is
// told at the end of what it says. Source: k8s.io/apiserver, pkg/util/proxy, streamtranslator.go.
const endMark = "netpol-doctor: the command ended with exit code "

// withMark has a shell run a command and say how it ended. The command's words are the shell's arguments,
// and no part of what it reads.
func withMark(command []string) []string {
	return append([]string{"sh", "-c", `"$@"; echo "` + endMark + `$?" >&2`, "sh"}, command...)
}

// cutMark takes the mark off again; ok is false where there is none.
func cutMark(stderr string) (said string, code int, ok bool) {
	i := strings.LastIndex(stderr, endMark)
	if i < 0 {
		return stderr, 0, false
	}
	code, err := strconv.Atoi(strings.TrimSuffix(stderr[i+len(endMark):], "\n"))
	return stderr[:i], code, err == nil
}

// run is Run with a time limit of its own.
func (p *Prober) run(ctx context.Context, at Place, command []string, limit time.Duration) probe.Run {
	// What the client logs of a broken stream would come between what the user reads.
	limited, cancel := context.WithTimeout(klog.NewContext(ctx, logr.Discard()), limit)
	defer cancel()
	var stdout, stderr limitedBuffer
	begun := time.Now()
	executor, err := p.executor(at, withMark(command))
	if err == nil {
		err = executor.StreamWithContext(limited, remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr})
	}
	said, cutOut := stdout.read()
	complained, cutErr := stderr.read()
	r := probe.Run{Stdout: said, Stderr: complained, Took: time.Since(begun)}
	var ended utilexec.CodeExitError
	switch {
	case cutOut || cutErr:
		r.Lost = fmt.Sprintf("%s said more than %d bytes", command[0], mostBytes)
	case err == nil:
		var whole bool
		if r.Stderr, r.ExitCode, whole = cutMark(complained); !whole {
			r.Lost = fmt.Sprintf("running %s in container %s: the stream ended before the command did", command[0], at.Container)
		}
	case errors.As(err, &ended):
		r.Lost = fmt.Sprintf("running %s in container %s: the shell ended with exit code %d", command[0], at.Container, ended.Code)
	case limited.Err() != nil && ctx.Err() == nil:
		r.Lost = fmt.Sprintf("running %s in container %s: no result within %s", command[0], at.Container, limit)
	default:
		r.Lost = fmt.Sprintf("running %s in container %s: %s", command[0], at.Container, strings.TrimSpace(err.Error()))
	}
	return r
}

// executor is the way of kubectl exec: over a WebSocket, and where a server or a proxy on the way
// cannot do that, over SPDY.
func (p *Prober) executor(at Place, command []string) (remotecommand.Executor, error) {
	request := p.core.RESTClient().Post().Resource("pods").Namespace(at.Namespace).Name(at.Pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: at.Container, Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	first, err := remotecommand.NewWebSocketExecutor(p.config, http.MethodGet, request.URL().String())
	if err != nil {
		return nil, err
	}
	second, err := remotecommand.NewSPDYExecutor(p.config, http.MethodPost, request.URL())
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(first, second, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}

// limitedBuffer keeps the beginning of what is written to it. A stream that is given up may still
// write while it is read.
type limitedBuffer struct {
	mutex sync.Mutex
	kept  []byte
	cut   bool
}

// Write implements io.Writer. It never fails: the command is to go on to its end.
func (b *limitedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	room := mostBytes - len(b.kept)
	b.cut = b.cut || len(p) > room
	b.kept = append(b.kept, p[:min(room, len(p))]...)
	return len(p), nil
}

// read returns what was kept, and whether that is not all.
func (b *limitedBuffer) read() (text string, cut bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return string(b.kept), b.cut
}
