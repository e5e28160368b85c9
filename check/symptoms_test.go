package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/check"
)

func TestBySymptom(t *testing.T) {
	t.Parallel()
	const (
		timeouts = "NPD401 NPD402 NPD703 NPD101 NPD201"
		names    = "NPD501 NPD502 NPD504 NPD505 NPD506 NPD509 NPD508 NPD510"
	)
	for _, c := range []struct{ text, first string }{ // the codes that must come first, in this order
		{"UnknownHostException", "NPD501 NPD502 NPD504 NPD505 NPD506"},
		{"java.net.UnknownHostException: payment.production.svc: Temporary failure in name resolution", "NPD501 NPD502"},
		{"unknownhost", "NPD501"},
		{"getaddrinfo EAI_AGAIN payment", "NPD501"},
		{"lookup payment on 10.96.0.10:53: read udp 10.0.0.1:4242->10.96.0.10:53: i/o timeout", "NPD501 NPD502"},
		{"SERVFAIL", "NPD508"},
		{"504", "NPD401 NPD402 NPD408 NPD301"},
		{"HTTP/1.1 504 Gateway Time-out", "NPD401 NPD402 NPD408 NPD301"},
		{"Context  Deadline\nexceeded", timeouts},
		{"deadline", timeouts},
		{"failed calling webhook \"v.example.com\": context deadline exceeded", "NPD401"},
		{"dial tcp 10.96.0.1:443: i/o timeout", timeouts},
		{"connect ETIMEDOUT 10.96.0.1:443", timeouts},
		{"Operation timed out", timeouts},
		{"java.net.SocketTimeoutException: Connect timed out", timeouts},
		{"curl: (28) Failed to connect to payment port 443 after 130000 ms", timeouts},
		{"upstream connect error or disconnect/reset before headers. reset reason: connection timeout", "NPD401 NPD402 NPD701 NPD715 NPD716"},
		{"upstream request timeout", "NPD401 NPD402 NPD701 NPD715 NPD716"},
		{"no route to host", "NPD701 NPD702 NPD402 NPD401"},
		{"connect EHOSTUNREACH 10.1.2.3:80", "NPD701 NPD702"},
		{"delayed connect error: 113", "NPD701 NPD702"},
		{"net/http: TLS handshake timeout", "NPD715 NPD716"},
		{"EOF", "NPD715 NPD716"},
		{"HTTP 502 Bad Gateway", "NPD307 NPD401"},
		{"502", "NPD307 NPD720 NPD401"},
		{"timeout", "NPD401 NPD402 NPD601 NPD703"},
		{"it times out", ""}, // "it" is in no symptom
		{"connection times out", "NPD401 NPD402 NPD703"},
		{"refused", "NPD701 NPD702 NPD705 NPD307 NPD308 NPD402 NPD401"},
		{"connect ECONNREFUSED 10.96.0.1:80", "NPD701 NPD702 NPD705 NPD307 NPD308"},
		{"REFUSED", "NPD509"},
		{"getaddrinfo ENOTFOUND payment", names},
		{"wget: bad address 'payment'", names},
		{"lookup payment on 10.96.0.10:53: server misbehaving", names},
		{"EAI_AGAIN", names},
		{"Temporary failure in name resolution", names},
		{"curl: (7) Failed to connect: Connection refused", "NPD701 NPD702"},
		{"has no effect", "NPD604 NPD605 NPD607 NPD711"},
		{"RBAC: access denied", "NPD712"},
		{"403", "NPD712"},
		{"5040", ""},
		{"web", ""}, // a part of a word that short means nothing
		{"no such symptom", ""},
		{"", ""},
		{"...", ""},
		{" \x1b[31m ", ""},
	} {
		var codes []string
		for _, s := range check.BySymptom(c.text) {
			codes = append(codes, s.Code)
		}
		got := strings.Join(codes, " ")
		if !strings.HasPrefix(got, c.first) || c.first == "" && got != "" {
			t.Errorf("%q: %s, want %s first", c.text, got, c.first)
		}
	}
}

func TestEverySymptomLeadsToItsFindings(t *testing.T) {
	t.Parallel()
	for _, c := range check.All {
		for _, symptom := range c.Symptoms {
			found := check.BySymptom(symptom)
			if i := slices.IndexFunc(found, func(s check.Shown) bool { return s.Code == c.Code }); i < 0 || !found[i].Whole {
				t.Errorf("%s is not found by its symptom %q: %v", c.Code, symptom, found)
			}
		}
		if len(slices.Compact(slices.Sorted(slices.Values(c.Symptoms)))) != len(c.Symptoms) {
			t.Errorf("%s has a symptom twice: %q", c.Code, c.Symptoms)
		}
	}
}
