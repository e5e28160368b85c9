package probe_test

import (
	"slices"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

var (
	verdicts = []policy.Verdict{policy.Allowed, policy.Denied, policy.Unknown}
	truths   = []policy.Truth{policy.Yes, policy.No, policy.Maybe}
)

// possible tells whether an exchange can come to an outcome: only lookups have those of DNS.
func possible(e probe.Exchange, o probe.Outcome) bool {
	ofDNS := slices.Contains([]probe.Outcome{probe.NameNotFound, probe.QueryRefused, probe.ServerFailure, probe.DNSTimedOut}, o)
	return o != probe.Inconclusive && (e == probe.Lookup || !ofDNS)
}

// TestTableIsComplete: whatever can happen has one row, and only one.
func TestTableIsComplete(t *testing.T) {
	t.Parallel()
	for _, e := range probe.Exchanges {
		for _, v := range verdicts {
			for _, o := range probe.Outcomes {
				for _, rejects := range truths {
					n := 0
					for _, r := range probe.Table {
						if r.Exchange == e && r.Predicted == v && slices.Contains(r.Outcomes, o) && (r.Rejects == nil || slices.Contains(r.Rejects, rejects)) {
							n++
						}
					}
					if want := map[bool]int{true: 1}[possible(e, o)]; n != want {
						t.Errorf("%s, %s, %s, rejects %s: %d rows, want %d", e, v, o, rejects, n, want)
					}
				}
			}
		}
	}
}

// TestNothingIsConcludedFromTooLittle: what a test cannot show, no row claims.
func TestNothingIsConcludedFromTooLittle(t *testing.T) {
	t.Parallel()
	for _, e := range probe.Exchanges {
		for _, v := range verdicts {
			for _, rejects := range truths {
				for _, o := range probe.Outcomes {
					r := probe.RowOf(e, v, o, rejects)
					bad := ""
					switch {
					case o == probe.Inconclusive && (r.Agreement != probe.SaysNothing || r.Code != ""):
						bad = "a test that shows nothing"
					case v == policy.Unknown && r.Agreement != probe.SaysNothing:
						bad = "a prediction that there is not"
					case e == probe.Reply && o == probe.TimedOut && (r.Agreement != probe.SaysNothing || r.Code != ""):
						bad = "the silence of a datagram"
					case e == probe.Proxied && (r.Agreement != probe.SaysNothing || r.Code != ""):
						bad = "the answer of a proxy"
					case o == probe.Refused && v == policy.Allowed && r.Agreement != probe.SaysNothing:
						bad = "a refusal, which a plugin may have made"
					case o == probe.Refused && v == policy.Denied && rejects != policy.Yes && r.Agreement != probe.SaysNothing:
						bad = "a refusal on a plugin that is not known to reject"
					}
					if bad != "" {
						t.Errorf("%s, %s, %s: %s %s of %s", e, v, o, r.Agreement, r.Code, bad)
					}
				}
			}
		}
	}
}

// TestRows: a contradiction is a finding that is documented, and has suspects that are.
func TestRows(t *testing.T) {
	t.Parallel()
	documented := map[probe.Suspect]bool{}
	for _, s := range probe.Suspects {
		if s.Text == "" || s.Verify == "" || documented[s.Suspect] {
			t.Errorf("%+v", s)
		}
		documented[s.Suspect] = true
	}
	used := map[probe.Suspect]bool{}
	for _, r := range probe.Table {
		if r.Why == "" || r.Agreement == probe.Contradicts && (r.Code == "" || len(r.Suspects) == 0) {
			t.Errorf("%+v", r)
		}
		if _, ok := check.ByCode(r.Code); r.Code != "" && !ok {
			t.Errorf("there is no %s", r.Code)
		}
		for _, s := range r.Suspects {
			used[s] = true
			if !documented[s] {
				t.Errorf("%s is not documented", s)
			}
		}
	}
	for s := range documented {
		if !used[s] {
			t.Errorf("%s is never suspected", s)
		}
	}
}
