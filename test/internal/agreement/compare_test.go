package agreement

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// made is a probe of which something is predicted, to an address of its own.
func made(i byte, verdict policy.Verdict, facts ...policy.Fact) Probe {
	return Probe{
		Dial:     Dial{From: Place{Namespace: "a", Pod: "client"}, To: "a/server", Address: netip.AddrFrom4([4]byte{10, 0, 0, i}), Port: 80, Protocol: corev1.ProtocolTCP},
		Decision: policy.Decision{Verdict: verdict, Facts: facts},
	}
}

// network is one that always does the same.
func network(does map[Dial]Outcome) Try {
	return func(dials []Dial) []Outcome {
		var out []Outcome
		for _, d := range dials {
			out = append(out, does[d])
		}
		return out
	}
}

// A prediction that is turned into its opposite is reported, whichever way it is turned.
func TestFlippedPredictionIsReported(t *testing.T) {
	t.Parallel()
	probes := []Probe{made(1, policy.Allowed), made(2, policy.Denied)}
	try := network(map[Dial]Outcome{probes[0].Dial: Connected, probes[1].Dial: Silent})
	if r := Compare(probes, try); len(r.Differences) > 0 || r.Allowed != 1 || r.Denied != 1 {
		t.Fatalf("what agrees is counted as %+v", r)
	}
	for i, opposite := range map[int]policy.Verdict{0: policy.Denied, 1: policy.Allowed} {
		flipped := []Probe{probes[0], probes[1]}
		flipped[i].Decision.Verdict = opposite
		r := Compare(flipped, try)
		if len(r.Differences) != 1 || r.Differences[0].Dial != probes[i].Dial || r.Judged() != 2 {
			t.Errorf("%s is counted as %+v", flipped[i], r)
		}
	}
}

// What is refused was neither let through nor dropped.
func TestRefusedIsNeither(t *testing.T) {
	t.Parallel()
	for _, verdict := range []policy.Verdict{policy.Allowed, policy.Denied} {
		p := made(1, verdict)
		if r := Compare([]Probe{p}, network(map[Dial]Outcome{p.Dial: "connection refused"})); len(r.Differences) != 1 {
			t.Errorf("%s: %+v", p, r)
		}
	}
}

// A lost packet is no difference; one that is lost every time is.
func TestTriedAgain(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ lost, differences, repeated int }{{0, 0, 0}, {1, 0, 1}, {Tries - 1, 0, 1}, {Tries, 1, 0}} {
		tried := 0
		r := Compare([]Probe{made(1, policy.Allowed)}, func([]Dial) []Outcome {
			if tried++; tried <= row.lost {
				return []Outcome{Silent}
			}
			return []Outcome{Connected}
		})
		if len(r.Differences) != row.differences || r.Repeated != row.repeated || r.Allowed != 1-row.differences {
			t.Errorf("lost %d times: %+v", row.lost, r)
		}
	}
}

// Of what is denied and connected, a lost packet or two are no proof that it is denied after all.
func TestSlipped(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		saw                  string // c: it connected, -: nothing came back; the last goes on
		differences, slipped int
	}{{"-", 0, 0}, {"c-", 0, 1}, {"c", 1, 0}, {"c--c--c--c", 1, 0}, {"cc-", 0, 1}} {
		tried := 0
		r := Compare([]Probe{made(1, policy.Denied)}, func([]Dial) []Outcome {
			saw := row.saw[min(tried, len(row.saw)-1)]
			tried++
			return []Outcome{map[byte]Outcome{'c': Connected, '-': Silent}[saw]}
		})
		if len(r.Differences) != row.differences || len(r.Slipped) != row.slipped || r.Denied != 1-row.differences {
			t.Errorf("%s: %+v", row.saw, r)
		}
	}
}

// Silence says nothing while what is allowed from the same place is lost, too.
func TestSilenceOfABusyPlace(t *testing.T) {
	t.Parallel()
	allowed, denied := made(1, policy.Allowed), made(2, policy.Denied)
	tried := 0
	r := Compare([]Probe{allowed, denied}, func(dials []Dial) []Outcome {
		tried++
		out := make([]Outcome, len(dials))
		for i := range dials {
			out[i] = Connected // the second is not denied at all, which shows in time
			if tried == 1 {
				out[i] = Silent
			}
		}
		return out
	})
	if r.Allowed != 1 || len(r.Differences) != 1 || r.Differences[0].Dial != denied.Dial {
		t.Errorf("%+v", r)
	}
}

// What is not predicted is excluded for the reasons that there are, whatever is seen of it, and for
// no other.
func TestExcluded(t *testing.T) {
	t.Parallel()
	unlisted := policy.Fact{Kind: policy.PluginBehaviour, Key: string(policy.UnlistedSectionsEnforced)}
	unread := policy.Fact{Kind: policy.PoliciesUnread}
	probes := []Probe{
		made(1, policy.Unknown, unlisted),
		made(2, policy.Unknown, unlisted),
		made(3, policy.Unknown, unread),
		made(4, policy.Unknown, unlisted, unread),
		made(5, policy.Unknown),
		made(6, policy.Denied, unlisted),
	}
	r := Compare(probes, network(map[Dial]Outcome{probes[0].Dial: Connected, probes[1].Dial: Silent, probes[5].Dial: Silent}))
	if len(r.Unexcused) != 3 || r.Left() != 2 || r.Judged() != 1 || r.Denied != 1 || r.Allowed != 0 || len(r.Differences) != 0 {
		t.Errorf("%+v", r)
	}
	if n := r.ExcludedConnected[reasonOf([]policy.Fact{unlisted})]; n != 1 {
		t.Errorf("%d of the excluded connected, want 1", n)
	}
}

func TestTurned(t *testing.T) {
	t.Parallel()
	before := []Probe{made(1, policy.Allowed), made(2, policy.Allowed), made(3, policy.Unknown), made(4, policy.Denied)}
	now := []Probe{made(1, policy.Denied), made(2, policy.Allowed), made(3, policy.Allowed), made(4, policy.Unknown), made(5, policy.Denied)}
	turned := Turned(before, now)
	if len(turned) != 2 || turned[0].Dial != now[0].Dial || turned[1].Dial != now[2].Dial {
		t.Errorf("%v", turned)
	}
}

// The page says how many differed, and every number adds up.
func TestPage(t *testing.T) {
	t.Parallel()
	p := made(1, policy.Denied)
	different := Compare([]Probe{p, made(2, policy.Allowed)}, network(map[Dial]Outcome{p.Dial: Connected, made(2, policy.Allowed).Dial: Connected}))
	page := Page{Plugin: "A plugin 1.0", Kubernetes: "Kubernetes v2.0", Rows: []Row{{"one", 3, different}, {"two", 4, different}}}
	text := page.String()
	for _, want := range []string{"A plugin 1.0 on Kubernetes v2.0", "| one | 3 | 2 | 2 | 1 | 0 | 0 | 1 |", "| **all** | | 4 | 4 | 2 | 0 | 0 | 2 |", "In 2 of these"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
}
