package plugin

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// showRequests makes what prints requests on standard error, a line each, one at a time.
func (s Streams) showRequests() func(live.Request) {
	var mutex sync.Mutex
	return func(r live.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		_, _ = fmt.Fprintln(s.Err, report.Plain(requestLine(r)))
	}
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
