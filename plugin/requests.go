package plugin

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/netpol-doctor/netpol-doctor/cluster/live"
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
	line := fmt.Sprintf("%s %s %d, %d objects, %dms\n", r.Verb, r.Path, r.Status, r.Items, r.Duration.Milliseconds())
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
