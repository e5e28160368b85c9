package probe

import (
	"net/netip"
	"strconv"
	"strings"
)

// This file reads what tools say that a container happens to have. There are several of each name, so
// an exit code alone proves nothing but success, and an unknown text proves nothing at all.

// outcomeIn finds the first of the texts of system errors that a tool said, in whatever case.
func outcomeIn(text string) Outcome {
	text = strings.ToLower(text)
	for _, e := range toolErrors {
		if strings.Contains(text, e.text) {
			return e.outcome
		}
	}
	return Inconclusive
}

// toolErrors are parts of what tools print, in lower case.
// Sources: strerror(3); nmap.org/ncat, which says TIMEOUT; netcat-openbsd, "timed out".
var toolErrors = []struct {
	text    string
	outcome Outcome
}{
	{"connection refused", Refused},
	{"connection reset", Reset},
	{"no route to host", Unreachable},
	{"host is unreachable", Unreachable},
	{"network is unreachable", Unreachable},
	{"network unreachable", Unreachable},
	{"host is down", Unreachable},
	{"timed out", TimedOut},
	{"timeout.", TimedOut},
}

// failed is the observation of a run that did not succeed, by what the tool said.
func failed(r Run, tool string) Observation {
	text := oneLine(r.Stdout + " " + r.Stderr)
	o := outcomeIn(text)
	if o == Inconclusive {
		return inconclusive(r, tool+" ended with exit code "+strconv.Itoa(r.ExitCode)+"; it said "+orNothing(text))
	}
	return Observation{Outcome: o, Reason: text, Took: r.Took}
}

// ParseNetcat reads what `nc -z -v` came to: OpenBSD's, the traditional one, BusyBox's or Nmap's. All
// exit with 0 only where they connected, and some without -z print how they are used.
func ParseNetcat(r Run) Observation {
	if why, ok := ran(r); !ok {
		return inconclusive(r, why)
	}
	if r.ExitCode == 0 {
		return Observation{Outcome: Connected, Took: r.Took}
	}
	if o := failed(r, "nc"); o.Outcome != Inconclusive || strings.TrimSpace(r.Stdout+r.Stderr) != "" {
		return o
	}
	return inconclusive(r, "nc failed and did not say why")
}

// The exit codes of timeout(1) when the time was up: coreutils', and BusyBox's, which passes on that the
// command was ended.
const (
	exitTimedOut   = 124
	exitTerminated = 143
)

// ParseBash reads what `timeout N bash -c 'exec 3<>/dev/tcp/…'` came to.
func ParseBash(r Run) Observation {
	silent := r.Lost == "" && strings.TrimSpace(r.Stdout+r.Stderr) == ""
	if silent && (r.ExitCode == exitTimedOut || r.ExitCode == exitTerminated && r.Took >= Timeout) {
		return Observation{Outcome: TimedOut, Reason: "timeout ended it", Took: r.Took}
	}
	if why, ok := ran(r); !ok {
		return inconclusive(r, why)
	}
	if r.ExitCode == 0 {
		return Observation{Outcome: Connected, Took: r.Took}
	}
	return failed(r, "bash")
}

// curlTime comes before the seconds that the connection took, which are 0 where there was none.
const curlTime = "time_connect="

// The exit codes of curl that say something of the connection. Source: curl(1), Exit codes.
const (
	curlCouldNotConnect = 7
	curlTimedOut        = 28
)

// ParseCurl reads what `curl telnet://…` came to.
func ParseCurl(r Run) Observation {
	if why, ok := ran(r); !ok {
		return inconclusive(r, why)
	}
	_, after, ok := strings.Cut(r.Stdout, curlTime)
	if !ok {
		return inconclusive(r, "curl did not say whether it connected; it said "+orNothing(oneLine(r.Stdout+" "+r.Stderr)))
	}
	took, err := strconv.ParseFloat(strings.TrimSpace(strings.ReplaceAll(after, ",", ".")), 64)
	switch {
	case err != nil:
		return inconclusive(r, "curl gave no time: "+oneLine(after))
	case took > 0:
		return Observation{Outcome: Connected, Took: r.Took}
	case r.ExitCode == curlTimedOut:
		return Observation{Outcome: TimedOut, Reason: oneLine(lastLine(r.Stderr)), Took: r.Took}
	case r.ExitCode == curlCouldNotConnect:
		return failed(r, "curl")
	}
	return inconclusive(r, "curl ended with exit code "+strconv.Itoa(r.ExitCode)+"; it said "+orNothing(oneLine(lastLine(r.Stderr))))
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// ParseGetent reads what `getent ahostsv4` came to. It finds names as the application does, and where
// it does not, it keeps to itself whether the server was reached.
func ParseGetent(r Run) Observation {
	if why, ok := ran(r); !ok {
		return inconclusive(r, why)
	}
	o := Observation{Outcome: Connected, Took: r.Took}
	seen := map[netip.Addr]bool{}
	for line := range strings.Lines(r.Stdout) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if a, err := netip.ParseAddr(fields[0]); err == nil && !seen[a] && !a.Is4In6() && a.Zone() == "" {
			seen[a] = true
			o.Addresses = append(o.Addresses, a)
		}
	}
	if r.ExitCode != 0 || len(o.Addresses) == 0 {
		return inconclusive(r, "getent found no address, and does not tell whether DNS was reached")
	}
	return o
}
