package probe_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// TestOutcomesAreDocumented: each says what it proves and what not, under a name of its own.
func TestOutcomesAreDocumented(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, o := range probe.Outcomes {
		if o.Proves() == "" || o.ProvesNot() == "" || names[o.String()] {
			t.Errorf("%d: %s: proves %q, proves not %q", o, o, o.Proves(), o.ProvesNot())
		}
		names[o.String()] = true
	}
	if last := probe.DNSTimedOut; len(probe.Outcomes) != int(last)+1 {
		t.Errorf("%d outcomes are listed, there are %d", len(probe.Outcomes), last+1)
	}
	var zero probe.Outcome
	if zero != probe.Inconclusive || probe.Outcome(200).String() != "Inconclusive" {
		t.Error("what is not known is not Inconclusive")
	}
}
