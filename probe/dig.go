package probe

import (
	"net/netip"
	"regexp"
	"strings"
)

// The exit codes of dig. Source: dig(1), Return Codes.
const (
	digAnswered = 0
	digNoReply  = 9
)

// digStatus is the line of dig's output that gives the response code, digFlags the one after it.
var (
	digStatus = regexp.MustCompile(`(?m)^;; ->>HEADER<<- opcode: QUERY, status: ([A-Z0-9]+), id: \d+\s*$`)
	digFlags  = regexp.MustCompile(`(?m)^;; flags: ([a-z ]*);`)
)

// ParseDig reads what `dig +noall +comments +answer` came to. Where dig had to search several
// domains, the last answer counts: it is the one that the search ended with.
func ParseDig(r Run) Observation {
	if why, ok := ran(r); !ok {
		return inconclusive(r, why)
	}
	said := oneLine(r.Stdout + " " + r.Stderr)
	switch r.ExitCode {
	case digNoReply:
		return noReply(r, said)
	case digAnswered:
	default:
		return inconclusive(r, "dig failed; it said "+orNothing(said))
	}
	statuses := digStatus.FindAllStringSubmatchIndex(r.Stdout, -1)
	if len(statuses) == 0 {
		return inconclusive(r, "dig ended well without an answer; it said "+orNothing(said))
	}
	last := statuses[len(statuses)-1]
	code, answer := r.Stdout[last[2]:last[3]], r.Stdout[last[1]:]
	o := Observation{Reason: code, Took: r.Took}
	if flags := digFlags.FindStringSubmatch(answer); flags != nil {
		for _, f := range strings.Fields(flags[1]) {
			o.Truncated = o.Truncated || f == "tc"
		}
	}
	switch code {
	case "NOERROR":
		o.Addresses = addressesIn(answer)
		if o.Outcome = Connected; len(o.Addresses) == 0 && !o.Truncated {
			o.Outcome, o.Reason = NameNotFound, "the name has no address of that family"
		}
	case "NXDOMAIN":
		o.Outcome = NameNotFound
	case "REFUSED":
		o.Outcome = QueryRefused
	case "SERVFAIL":
		o.Outcome = ServerFailure
	default:
		return inconclusive(r, "the DNS server answered "+code)
	}
	return o
}

// ParseReply reads what a query to a certain server came to, where it only matters whether anything came
// back.
func ParseReply(r Run) Observation {
	if why, ok := ran(r); !ok {
		return inconclusive(r, why)
	}
	if status := digStatus.FindStringSubmatch(r.Stdout); status != nil && r.ExitCode == digAnswered {
		return Observation{Outcome: Connected, Reason: status[1], Took: r.Took}
	}
	o := ParseDig(r)
	if o.Outcome == DNSTimedOut {
		o.Outcome = TimedOut
	}
	return o
}

// noReply tells apart why no server replied. Of several servers the silent one counts: what the
// others refused does not tell why it is silent.
func noReply(r Run, said string) Observation {
	o := Observation{Reason: said, Took: r.Took}
	for _, e := range []struct {
		text    string
		outcome Outcome
	}{
		{"timed out", DNSTimedOut},
		{"connection refused", Refused},
		{"connection reset", Reset},
		{"end of file", Reset},
		{"host unreachable", Unreachable},
		{"network unreachable", Unreachable},
	} {
		if strings.Contains(said, e.text) {
			o.Outcome = e.outcome
			return o
		}
	}
	return inconclusive(r, "dig got no reply; it said "+orNothing(said))
}

// addressesIn returns the addresses of the A and AAAA records in an answer section, each once.
func addressesIn(answer string) []netip.Addr {
	const kind, data, columns = 3, 4, 5 // of: name, TTL, class, kind, data
	var out []netip.Addr
	seen := map[netip.Addr]bool{}
	for line := range strings.Lines(answer) {
		f := strings.Fields(line)
		if len(f) != columns || strings.HasPrefix(line, ";") || f[kind] != "A" && f[kind] != "AAAA" {
			continue
		}
		if a, err := netip.ParseAddr(f[data]); err == nil && !seen[a] && a.Zone() == "" {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}
