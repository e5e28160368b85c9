package check

import (
	"slices"
	"strings"
)

// Spelling is one thing that clients, libraries and proxies say in different words.
type Spelling struct {
	Said   string // in the words of the catalogue's symptoms
	Others []string
}

// spellings are what is known of that. Sources: errno(3); the errors of Go's net and context
// packages; java.net; libcurl-errors(3), which numbers the time-out 28; Envoy's reason "delayed
// connect error" with the number of Linux' errno; the phrases of RFC 9110 for status codes.
var spellings = []Spelling{
	{"connection timed out", []string{
		"i/o timeout", "ETIMEDOUT", "ERR_CONNECTION_TIMED_OUT", "operation timed out", "connect timed out", "connection timeout", "connect timeout",
		"SocketTimeoutException", "ConnectTimeoutException", "curl: (28)", "context deadline exceeded", "delayed connect error: 110",
	}},
	{"connection refused", []string{"ECONNREFUSED", "ERR_CONNECTION_REFUSED", "CONNECTION REFUSED", "delayed connect error: 111"}},
	{"connection reset", []string{"ECONNRESET"}},
	{"no route to host", []string{"EHOSTUNREACH", "NoRouteToHostException", "delayed connect error: 113"}},
	{"502", []string{"502 Bad Gateway", "Bad Gateway"}},
	{"503", []string{"503 Service Unavailable", "Service Unavailable"}},
	{"504", []string{"504 Gateway Timeout", "Gateway Timeout"}},
	{"403", []string{"403 Forbidden"}},
}

// Spellings lists what symptoms are also called.
func Spellings() []Spelling { return spellings }

// spelled puts other spellings of a symptom into the words of the catalogue.
func spelled(words []string) []string {
	for _, s := range spellings {
		said := wordsOf(s.Said)
		for _, other := range s.Others {
			run := wordsOf(other)
			for from := 0; ; {
				at := indexOf(words[from:], run)
				if at < 0 {
					break
				}
				at += from
				words = slices.Concat(words[:at], said, words[at+len(run):])
				from = at + len(said)
			}
		}
	}
	return words
}

// othersOf lists the words of all other spellings of what some words say.
func othersOf(words []string) []string {
	var out []string
	for _, s := range spellings {
		if indexOf(words, wordsOf(s.Said)) >= 0 {
			out = append(out, wordsOf(strings.ToLower(strings.Join(s.Others, " ")))...)
		}
	}
	return out
}

// IsNoRoute tells whether a text says that there is no route to the host.
func IsNoRoute(text string) bool {
	return indexOf(spelled(wordsOf(text)), wordsOf("no route to host")) >= 0
}
