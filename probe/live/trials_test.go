package live

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// bench is a laboratory that does what the specification says, some time after it was told; flaws
// change that. Its clock is the bubble's.
type bench struct {
	mutex   sync.Mutex
	trial   string // whose policies are there; empty: none
	since   time.Time
	lag     time.Duration
	applied int
	flaws   func(trial string, l probe.Line) (probe.Observation, bool)
	failure error
	stuck   bool // nothing can be deleted
}

// slow is how long a connection takes that is kept out.
const slow = time.Second

func (b *bench) try(_ context.Context, _ *probe.Place, l probe.Line, timeout time.Duration) probe.Observation {
	b.mutex.Lock()
	trial, in := b.trial, time.Since(b.since) >= b.lag
	b.mutex.Unlock()
	if b.flaws != nil {
		if o, ok := b.flaws(trial, l); ok {
			return o
		}
	}
	if trial == "" || !in || !keptOut(trial, l) {
		time.Sleep(5 * time.Millisecond)
		return probe.Observation{Outcome: probe.Connected}
	}
	time.Sleep(min(timeout, slow))
	return probe.Observation{Outcome: probe.TimedOut}
}

// keptOut tells whether a trial wants a line kept out.
func keptOut(trial string, l probe.Line) bool {
	if trial == "connection" {
		trial = probe.IngressTrial
	}
	for _, t := range probe.Trials {
		for _, other := range slices.Concat(t.Guards, t.Lines) {
			if t.Name == trial && other.Key() == l.Key() {
				return !other.Connects
			}
		}
	}
	return false
}

func (b *bench) talk(context.Context, *probe.Place) probe.Run {
	time.Sleep(probe.Requests * time.Second)
	return probe.Run{Stdout: strings.Repeat("HTTP/1.1 200 OK\r\n", probe.Requests)}
}

func (b *bench) apply(_ context.Context, trial string, _ []networkingv1.NetworkPolicySpec) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.trial, b.since, b.applied = trial, time.Now(), b.applied+1
	return b.failure
}

func (b *bench) clear(context.Context) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.stuck {
		return errors.New("it is stuck")
	}
	b.trial = ""
	return nil
}

func somewhere() *probe.Place {
	p := &probe.Place{Guests: "guests", Pods: map[string]netip.Addr{}, Service: netip.MustParseAddr("10.96.0.9"), OwnNode: netip.MustParseAddr("192.0.2.1"), Missing: map[string]string{
		probe.ToOtherNode: "all pods of the trials are on one node", probe.ToOutside: "none is known",
	}}
	for _, pod := range probe.TrialPods {
		p.Pods[pod] = netip.MustParseAddr("10.244.0.4")
	}
	return p
}

// checkOn makes all trials on a bench, in no time.
func checkOn(t *testing.T, b *bench, then func(t *testing.T, c *probe.Check)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, err := check(t.Context(), b, somewhere(), func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		then(t, c)
	})
}

// TestCheckOfThatWhichEnforces: where all is as it should be, that is what comes out, however long
// policies take within reason; what cannot be tried is skipped.
func TestCheckOfThatWhichEnforces(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 300 * time.Millisecond, 3 * time.Second} {
		checkOn(t, &bench{lag: lag}, func(t *testing.T, c *probe.Check) {
			for _, a := range c.Answers {
				if aside := strings.Contains(a.Name, "outside") || a.Name == "other-node" || a.Name == "blocks-of-nodes"; a.Skipped != aside && a.Needs[len(a.Needs)-1].Answer != policy.No || !aside && !a.Skipped && a.Answer != policy.Yes {
					t.Errorf("after %s, %s: %s, skipped %v: %s", lag, a.Name, a.Answer, a.Skipped, a.Why)
				}
			}
			if bites := c.Of(probe.IngressTrial).Bites; bites < lag || bites > lag+time.Second {
				t.Errorf("policies bite after %s, seen after %s", lag, bites)
			}
			if c.Connection != probe.Kept {
				t.Errorf("the connection was kept: %s, %s", c.Connection, c.ConnectionWhy)
			}
		})
	}
}

// TestCheckOfThatWhichDoesNot: where policies do nothing, that is said after some time, and no more
// trials are made.
func TestCheckOfThatWhichDoesNot(t *testing.T) {
	t.Parallel()
	b := &bench{lag: time.Hour}
	checkOn(t, b, func(t *testing.T, c *probe.Check) {
		if c.Enforces() != policy.No || b.applied != 2 {
			t.Errorf("enforces %s after %d policies", c.Enforces(), b.applied)
		}
		if old := time.Since(b.since); old < probe.Patience {
			t.Errorf("it was said when the policy was %s old", old)
		}
	})
}

// TestCheckIsNotFooled: what does not work anyway, commands that are lost, and a server that ends in
// the middle are no proof of anything.
func TestCheckIsNotFooled(t *testing.T) {
	t.Parallel()
	dead, lost := probe.Observation{Outcome: probe.TimedOut}, probe.Observation{Reason: "the stream was cut off"}
	for _, row := range []struct {
		name   string
		flaws  func(trial string, l probe.Line) (probe.Observation, bool)
		answer policy.Truth
		why    string
	}{
		{"nothing ever connects", func(string, probe.Line) (probe.Observation, bool) { return dead, true }, policy.Maybe, "does not work without any policy"},
		{"every command is lost", func(string, probe.Line) (probe.Observation, bool) { return lost, true }, policy.Maybe, "the stream was cut off"},
		{"commands are lost under policies", func(trial string, _ probe.Line) (probe.Observation, bool) { return lost, trial != "" }, policy.Maybe, "the stream was cut off"},
	} {
		checkOn(t, &bench{flaws: row.flaws}, func(t *testing.T, c *probe.Check) {
			if a := c.Of(probe.IngressTrial); a.Answer != row.answer || !strings.Contains(a.Why, row.why) || c.Enforces() != policy.Maybe {
				t.Errorf("%s: %s, %q", row.name, a.Answer, a.Why)
			}
		})
	}
	// The server ends while the policy is there, wholly or at the ports that are to be shut.
	for why, ends := range map[string]func(probe.Line) bool{
		"at the same time":            func(probe.Line) bool { return true },
		"still is without the policy": func(l probe.Line) bool { return l.From == probe.Stranger || l.Port != 7070 },
	} {
		b := &bench{lag: time.Hour}
		ended := false
		b.flaws = func(trial string, l probe.Line) (probe.Observation, bool) {
			b.mutex.Lock()
			defer b.mutex.Unlock()
			ended = ended || trial != ""
			return dead, ended && ends(l)
		}
		checkOn(t, b, func(t *testing.T, c *probe.Check) {
			if a := c.Of(probe.IngressTrial); a.Answer != policy.Maybe || !strings.Contains(a.Why, why) {
				t.Errorf("%s, %q, want %q", a.Answer, a.Why, why)
			}
		})
	}
}

// TestCheckOfOneLostPacket: a single try that comes to nothing is none.
func TestCheckOfOneLostPacket(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	tries := map[string]int{}
	b := &bench{lag: time.Hour, flaws: func(_ string, l probe.Line) (probe.Observation, bool) {
		mutex.Lock()
		defer mutex.Unlock()
		tries[l.Key()]++
		return probe.Observation{Outcome: probe.TimedOut}, tries[l.Key()]%3 == 0
	}}
	checkOn(t, b, func(t *testing.T, c *probe.Check) {
		if c.Enforces() != policy.No {
			t.Errorf("enforces %s", c.Enforces())
		}
	})
}

// TestCheckWithoutPolicies: a policy that cannot be created shows nothing.
func TestCheckWithoutPolicies(t *testing.T) {
	t.Parallel()
	checkOn(t, &bench{failure: errors.New("exceeded quota")}, func(t *testing.T, c *probe.Check) {
		if a := c.Of(probe.IngressTrial); a.Answer != policy.Maybe || a.Why != "exceeded quota" {
			t.Errorf("%s, %q", a.Answer, a.Why)
		}
	})
}

// TestCheckInterrupted ends at once.
func TestCheckInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		begun := time.Now()
		_, err := check(ctx, &bench{}, somewhere(), func(trial string) {
			if trial == "endPort" {
				interrupt()
			}
		})
		if !errors.Is(err, context.Canceled) || time.Since(begun) > time.Minute {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
	})
}

// TestCheckOfLateBlocks: a block that is programmed after the rules of the guards is waited for, and
// one that never matches is said not to.
func TestCheckOfLateBlocks(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]policy.Truth{5 * time.Second: policy.Yes, time.Hour: policy.No} {
		b := &bench{}
		b.flaws = func(trial string, l probe.Line) (probe.Observation, bool) {
			b.mutex.Lock()
			late := time.Since(b.since) < after
			b.mutex.Unlock()
			if !late || trial != "blocks-of-pods-ingress" || l.Port != 8080 {
				return probe.Observation{}, false
			}
			time.Sleep(slow)
			return probe.Observation{Outcome: probe.TimedOut}, true
		}
		checkOn(t, b, func(t *testing.T, c *probe.Check) {
			if a := c.Of("blocks-of-pods-ingress"); a.Answer != want {
				t.Errorf("after %s: %s, %s", after, a.Answer, a.Why)
			}
		})
	}
}
