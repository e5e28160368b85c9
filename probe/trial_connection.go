package probe

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Connection is what becomes of a connection that is open when a policy begins to deny it. The
// specification leaves that to the plugin. Source: concept page "Network Policies", Pod lifecycle.
type Connection uint8

// The zero value is not known.
const (
	ConnectionUnknown Connection = iota
	Kept
	Cut
)

// String returns it as it is written in documents; of what is not known, nothing.
func (c Connection) String() string {
	switch c {
	case Kept:
		return "Kept"
	case Cut:
		return "Cut"
	}
	return ""
}

// Requests is how many requests are sent over the connection, one each second, and Lead how many
// seconds pass before the policy is created.
const (
	Requests = 14
	Lead     = 2 * time.Second
)

// margin is how many seconds the clock of the pod and the own one may be apart: a command takes a
// while to start.
const margin = 2

// Talk is the command that sends requests over one connection and prints the answers.
func Talk(address netip.AddrPort) []string {
	const script = `i=0; while [ $i -lt %d ]; do printf 'GET / HTTP/1.1\r\nHost: netpol-doctor\r\n\r\n'; i=$((i+1)); sleep 1; done | nc -w 3 %s %d`
	return []string{"sh", "-c", fmt.Sprintf(script, Requests, address.Addr(), address.Port())}
}

// DecideConnection counts the answers. DeniedAfter is how long after the command had been started a
// new connection was denied for the first time; zero: none was.
func DecideConnection(r Run, deniedAfter time.Duration) (Connection, string) {
	answers := strings.Count(r.Stdout, "HTTP/1.1 200")
	second := int(deniedAfter.Seconds()) + 1
	switch {
	case r.Lost != "":
		return ConnectionUnknown, oneLine(r.Lost)
	case deniedAfter == 0:
		return ConnectionUnknown, "the policy did not come into force while the connection was open"
	case answers == 0:
		return ConnectionUnknown, "the connection was never open: " + orNothing(oneLine(r.Stderr))
	case answers > second+margin:
		return Kept, ""
	case answers < second-margin:
		return ConnectionUnknown, "the connection ended before the policy did anything"
	case second+2*margin < Requests:
		return Cut, ""
	}
	return ConnectionUnknown, "the policy came into force too late to tell"
}
