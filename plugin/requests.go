package plugin

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"

	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// requestLog is told every request to the API server. It prints them, keeps them, or both.
type requestLog struct {
	mu   sync.Mutex
	out  io.Writer // nil: they are not printed
	keep bool
	kept []string
}

// tell notes a request.
func (l *requestLog) tell(r live.Request) {
	line := report.Plain(requestLine(r)) + "\n"
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out != nil {
		_, _ = io.WriteString(l.out, line)
	}
	if l.keep {
		l.kept = append(l.kept, line)
	}
}

// lines are the requests that were kept, in the order of their answers.
func (l *requestLog) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept)
}

// requestLine is a request as --show-requests prints it.
func requestLine(r live.Request) string {
	status, objects := "no answer", ""
	if r.Status != 0 {
		status = strconv.Itoa(r.Status)
	}
	if r.Items >= 0 {
		objects = fmt.Sprintf(", %d objects", r.Items)
	}
	return fmt.Sprintf("%s %s %s%s, %d bytes, %dms", r.Verb, r.Path, status, objects, r.Bytes, r.Duration.Milliseconds())
}
