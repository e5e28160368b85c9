package probe

import (
	"fmt"
	"strings"
)

// ParseConnect reads what `agnhost connect` came to. It is silent and exits with 0 where it
// connected; every failure exits with 1 and one line on standard error that starts with a fixed
// word. Source: kubernetes/kubernetes, test/images/agnhost/connect.
func ParseConnect(r Run) Observation {
	if why, ok := ran(r); !ok {
		return inconclusive(r, why)
	}
	said := oneLine(r.Stderr)
	if r.ExitCode == 0 {
		if extra := strings.TrimSpace(r.Stdout + r.Stderr); extra != "" {
			return inconclusive(r, "the command ended well but is not the one that was meant; it said "+oneLine(extra))
		}
		return Observation{Outcome: Connected, Took: r.Took}
	}
	word, rest := said, ""
	if before, after, ok := strings.Cut(said, ":"); ok {
		word, rest = before, strings.TrimSpace(after)
	}
	if r.ExitCode != 1 {
		return inconclusive(r, fmt.Sprintf("the command ended with exit code %d; it said %s", r.ExitCode, orNothing(said)))
	}
	outcome := Inconclusive
	switch word {
	case "TIMEOUT":
		outcome = TimedOut
	case "REFUSED":
		outcome = Refused
	case "DNS":
		outcome = ofLookup(rest)
	case "OTHER", "UNKNOWN":
		outcome = ofSocket(rest)
	}
	if outcome == Inconclusive {
		return inconclusive(r, "the command failed; it said "+orNothing(said))
	}
	return Observation{Outcome: outcome, Reason: said, Took: r.Took}
}

// socketErrors are the texts of system errors, as Go prints them, and what they mean. That an own
// packet was not permitted is not among them: it says nothing of the way. Source: package syscall,
// the table of errors for Linux.
var socketErrors = []struct {
	text    string
	outcome Outcome
}{
	{"connection refused", Refused},
	{"connection reset by peer", Reset},
	{"broken pipe", Reset},
	{"no route to host", Unreachable},
	{"network is unreachable", Unreachable},
	{"host is down", Unreachable},
	{"connection timed out", TimedOut},
	{"i/o timeout", TimedOut},
}

func ofSocket(text string) Outcome {
	for _, e := range socketErrors {
		if strings.HasSuffix(text, e.text) {
			return e.outcome
		}
	}
	return Inconclusive
}

// lookupErrors are how errors of Go's resolver end. Source: package net, DNSError.
var lookupErrors = []struct {
	text    string
	outcome Outcome
}{
	{"no such host", NameNotFound},
	{"server misbehaving", ServerFailure},
	{"i/o timeout", DNSTimedOut},
}

func ofLookup(text string) Outcome {
	for _, e := range lookupErrors {
		if strings.HasSuffix(text, e.text) {
			return e.outcome
		}
	}
	return Inconclusive
}

// maxSaid bounds how much of what a command said is passed on.
const maxSaid = 300

// oneLine puts what a command said into one line of bounded length.
func oneLine(text string) string {
	line := strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if runes := []rune(line); len(runes) > maxSaid {
		return string(runes[:maxSaid]) + "…"
	}
	return line
}

func orNothing(said string) string {
	if said == "" {
		return "nothing"
	}
	return said
}
