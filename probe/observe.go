package probe

import (
	"cmp"
	"net/netip"
	"time"
)

// Run is what came back of one command that was run in the cluster.
type Run struct {
	ExitCode       int
	Stdout, Stderr string
	// Lost says why the command did not run to its end, or why what it said did not arrive. It is
	// empty where exit code and output are all there is.
	Lost string
	Took time.Duration
}

// Observation is what one try showed.
type Observation struct {
	Outcome Outcome
	// Reason is what the tool said; of an Inconclusive one, why nothing was learnt.
	Reason string
	// Addresses are what a name stands for, in the order of the answer.
	Addresses []netip.Addr
	// Truncated: the answer did not fit into a datagram, so the client has to ask again over TCP.
	Truncated bool
	Took      time.Duration
}

// inconclusive is an observation that shows nothing, and why.
func inconclusive(r Run, why string) Observation {
	return Observation{Outcome: Inconclusive, Reason: why, Took: r.Took}
}

// ran tells whether a command ran to its end with an exit code of its own; if not, why.
func ran(r Run) (why string, ok bool) {
	switch {
	case r.Lost != "":
		return cmp.Or(oneLine(r.Lost), "what the command said was lost"), false
	case r.ExitCode == exitNotExecutable || r.ExitCode == exitNotFound:
		return "the command cannot be run in this container: " + oneLine(r.Stderr), false
	case r.ExitCode > exitSignal || r.ExitCode < 0:
		return "the command was killed before it ended", false
	}
	return "", true
}

// The exit codes that say that a command did not end by itself. Source: POSIX, Shell Command
// Language, 2.8.2 Exit Status for Commands.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignal        = 128
)
