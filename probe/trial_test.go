package probe_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/profile"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// everywhere is a place in which nothing is missing.
func everywhere() *probe.Place {
	at := netip.MustParseAddr
	p := &probe.Place{
		Guests: "guests", Pods: map[string]netip.Addr{}, Service: at("10.96.0.9"), OwnNode: at("192.0.2.1"), OtherNode: at("192.0.2.2"),
		Outside: netip.MustParseAddrPort("198.51.100.7:443"),
	}
	address := at("10.244.0.4")
	for _, pod := range probe.TrialPods {
		p.Pods[pod], address = address, address.Next()
	}
	return p
}

// TestTrials: each is a question of its own, whose policies are valid, whose lines lead somewhere, and
// which needs nothing that comes after it.
func TestTrials(t *testing.T) {
	t.Parallel()
	place := everywhere()
	seen := map[string]bool{}
	for _, trial := range probe.Trials {
		if seen[trial.Name] || trial.Asks == "" || trial.Source == "" || len(trial.Lines) == 0 {
			t.Errorf("%s: %+v", trial.Name, trial)
		}
		for _, n := range trial.Needs {
			if !seen[n.Trial] || n.Answer == policy.Maybe || n.Else == "" {
				t.Errorf("%s needs %+v", trial.Name, n)
			}
		}
		seen[trial.Name] = true
		if trial.Deviation && (trial.Spec != policy.Yes || trial.Behaviour == "") {
			t.Errorf("%s: a deviation is from something", trial.Name)
		}
		if trial.Behaviour != "" && trial.Spec == policy.Maybe && trial.Behaviour.OnlyIfCertain() {
			t.Errorf("%s: the specification decides %s", trial.Name, trial.Behaviour)
		}
		specs, err := trial.Specs(place)
		if err != nil || len(specs) == 0 {
			t.Errorf("%s: %v, %d policies", trial.Name, err, len(specs))
		}
		for _, spec := range specs {
			text, err := json.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsRune(string(text), '@') || len(spec.PolicyTypes) == 0 {
				t.Errorf("%s: %s", trial.Name, text)
			}
		}
		for _, l := range slices.Concat(trial.Guards, trial.Lines) {
			if _, why := place.Dials(l); why != "" {
				t.Errorf("%s: %s: %s", trial.Name, l.Key(), why)
			}
		}
		for _, want := range []bool{true, false} {
			if len(trial.Guards) > 0 && !slices.ContainsFunc(trial.Guards, func(l probe.Line) bool { return l.Connects == want }) {
				t.Errorf("%s: no guard shows that its policy is in force (connects: %v)", trial.Name, want)
			}
		}
		if len(trial.Guards) == 0 && trial.Name != probe.IngressTrial && trial.Name != probe.EgressTrial {
			t.Errorf("%s has no guards", trial.Name)
		}
	}
	// Every behaviour is measured, or it is said why not.
	for _, b := range policy.Behaviours {
		measured := slices.ContainsFunc(probe.Trials, func(t probe.Trial) bool { return t.Behaviour == b }) || b == policy.HairpinExempt || b == policy.HairpinNeedsBoth
		excused := false
		for _, u := range probe.Unmeasured {
			excused = excused || u.Behaviour == b && u.Why != ""
		}
		if measured == excused {
			t.Errorf("%s: measured %v, excused %v", b, measured, excused)
		}
	}
}

// TestBlocks: what stands for addresses is the address itself, and the blocks around it, which an
// except has to lie strictly within.
func TestBlocks(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"blocks-of-pods-ingress": `"cidr":"10.244.0.4/32"`,
		"excepts-of-pods":        `"cidr":"10.244.0.4/31","except":["10.244.0.4/32"]`,
		"shared-excepts-outside": `"cidr":"198.51.100.4/30"`,
		"blocks-of-services":     `"cidr":"10.96.0.9/32"`,
		"blocks-of-own-node":     `"cidr":"192.0.2.1/32"`,
		"namespaces-ingress":     `"kubernetes.io/metadata.name":"guests"`,
	} {
		specs, err := trialNamed(t, name).Specs(everywhere())
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := json.Marshal(specs); !strings.Contains(string(text), want) {
			t.Errorf("%s: %s", name, text)
		}
	}
	six := everywhere()
	six.Pods[probe.Client] = netip.MustParseAddr("2001:db8::5")
	specs, err := trialNamed(t, "excepts-of-pods").Specs(six)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(specs); !strings.Contains(string(text), `"cidr":"2001:db8::4/127","except":["2001:db8::5/128"]`) {
		t.Errorf("%s", text)
	}
}

func trialNamed(t *testing.T, name string) probe.Trial {
	t.Helper()
	i := slices.IndexFunc(probe.Trials, func(t probe.Trial) bool { return t.Name == name })
	if i < 0 {
		t.Fatalf("there is no trial %s", name)
	}
	return probe.Trials[i]
}

// saw makes sightings: each line is as wanted, but for those that change is told about.
func saw(lines []probe.Line, change func(i int, s *probe.Sighting)) []probe.Sighting {
	works := probe.Observation{Outcome: probe.Connected}
	var all []probe.Sighting
	for i, l := range lines {
		s := probe.Sighting{Line: l, Before: works, Under: works}
		if !l.Connects {
			s.Under, s.After = probe.Observation{Outcome: probe.TimedOut}, works
		}
		if change != nil {
			change(i, &s)
		}
		all = append(all, s)
	}
	return all
}

// turned is the opposite of what is wanted.
func turned(s *probe.Sighting) {
	s.Under, s.After = probe.Observation{Outcome: probe.Connected}, probe.Observation{}
	if s.Connects {
		s.Under, s.After = probe.Observation{Outcome: probe.Refused}, probe.Observation{Outcome: probe.Connected}
	}
}

// TestDecide: of every trial, what each outcome means.
func TestDecide(t *testing.T) {
	t.Parallel()
	for _, trial := range probe.Trials {
		check := func(name string, got probe.Answered, answer policy.Truth, skipped bool, why string) {
			t.Helper()
			if got.Answer != answer || got.Skipped != skipped || !strings.Contains(got.Why, why) || (answer == policy.Maybe) != (got.Why != "") {
				t.Errorf("%s, %s: %s, skipped %v, %q; want %s, %v, %q", trial.Name, name, got.Answer, got.Skipped, got.Why, answer, skipped, why)
			}
		}
		guards := saw(trial.Guards, nil)
		check("all as wanted", trial.Decide(guards, saw(trial.Lines, nil)), policy.Yes, false, "")
		for n, l := range trial.Lines {
			only := func(do func(*probe.Sighting)) []probe.Sighting {
				return saw(trial.Lines, func(i int, s *probe.Sighting) {
					if i == n {
						do(s)
					}
				})
			}
			check(l.Key()+" otherwise", trial.Decide(guards, only(turned)), policy.No, false, "")
			lost := only(func(s *probe.Sighting) { s.Under = probe.Observation{Reason: "the stream was cut off"} })
			check(l.Key()+" is lost", trial.Decide(guards, lost), policy.Maybe, false, "the stream was cut off")
			never := only(func(s *probe.Sighting) { s.Before = probe.Observation{Outcome: probe.TimedOut} })
			aside := l.To == probe.ToOwnNode || l.To == probe.ToOtherNode || l.To == probe.ToOutside || l.From == probe.Server && l.To == probe.ToService
			check(l.Key()+" never works", trial.Decide(guards, never), policy.Maybe, aside, "does not work without any policy")
			unknown := only(func(s *probe.Sighting) { s.Before = probe.Observation{Reason: "no container"} })
			check(l.Key()+" could not be tried", trial.Decide(guards, unknown), policy.Maybe, false, "no container")
			stuck := only(func(s *probe.Sighting) {
				s.Under, s.After = probe.Observation{Outcome: probe.TimedOut}, probe.Observation{Outcome: probe.TimedOut}
			})
			check(l.Key()+" stays shut", trial.Decide(guards, stuck), policy.Maybe, false, "still is without the policy")
		}
		for n, l := range trial.Guards {
			off := saw(trial.Guards, func(i int, s *probe.Sighting) {
				if i == n {
					turned(s)
				}
			})
			check("guard "+l.Key()+" otherwise", trial.Decide(off, saw(trial.Lines, nil)), policy.Maybe, false, "did not come into force")
		}
	}
}

// TestUnmet: a trial is not made after an answer that takes its sense.
func TestUnmet(t *testing.T) {
	t.Parallel()
	answered := func(name string, answer policy.Truth) probe.Answered {
		if answer == policy.No {
			return otherwise(trialNamed(t, name))
		}
		return probe.Answered{Trial: trialNamed(t, name), Answer: answer}
	}
	for _, row := range []struct {
		trial   string
		earlier []probe.Answered
		want    string
	}{
		{"ports", []probe.Answered{answered("ingress", policy.Yes)}, ""},
		{"ports", []probe.Answered{answered("ingress", policy.No)}, "ingress is not enforced"},
		{"ports", []probe.Answered{answered("ingress", policy.Maybe)}, "it hangs on the trial ingress"},
		{"ports", nil, "it hangs on the trial ingress"},
		{"blocks-of-own-node", []probe.Answered{answered("egress", policy.Yes), answered("own-node", policy.Yes)}, "reaches its own node anyway"},
		{"blocks-of-own-node", []probe.Answered{answered("egress", policy.Yes), answered("own-node", policy.No)}, ""},
		{"excepts-of-pods", []probe.Answered{answered("ingress", policy.Yes), answered("blocks-of-pods-ingress", policy.No)}, "do not match pods"},
	} {
		if got := trialNamed(t, row.trial).Unmet(row.earlier); !strings.Contains(got, row.want) || (got == "") != (row.want == "") {
			t.Errorf("%s: %q, want %q", row.trial, got, row.want)
		}
	}
}

// otherwise is a trial in which everything gets through that is to be kept out; if nothing is, all is
// kept out.
func otherwise(trial probe.Trial) probe.Answered {
	shut := slices.ContainsFunc(trial.Lines, func(l probe.Line) bool { return !l.Connects })
	return trial.Decide(saw(trial.Guards, nil), saw(trial.Lines, func(_ int, s *probe.Sighting) {
		if s.Connects != shut {
			turned(s)
		}
	}))
}

// checked is a cluster in which every trial has the answer yes, but for those that are given.
func checked(t *testing.T, other map[string]policy.Truth) *probe.Check {
	t.Helper()
	c := &probe.Check{Nodes: map[string]string{probe.Client: "n1", probe.Server: "n2"}, Connection: probe.Kept}
	for _, trial := range probe.Trials {
		if why := trial.Unmet(c.Answers); why != "" {
			c.Answers = append(c.Answers, trial.Skip(why))
			continue
		}
		answer, ok := other[trial.Name]
		switch {
		case ok && answer == policy.Maybe:
			c.Answers = append(c.Answers, trial.ShowsNothing("the stream was cut off"))
			continue
		case ok && answer > policy.Yes:
			c.Answers = append(c.Answers, trial.Decide(nil, saw(trial.Lines, func(i int, s *probe.Sighting) {
				if i == 1 {
					turned(s)
				}
			})))
		case ok && answer == policy.No:
			c.Answers = append(c.Answers, otherwise(trial))
		default:
			c.Answers = append(c.Answers, trial.Decide(saw(trial.Guards, nil), saw(trial.Lines, nil)))
		}
		if trial.Name == probe.IngressTrial {
			c.Answers[0].Bites, c.Answers[0].Opens = 120*time.Millisecond, 80*time.Millisecond
		}
	}
	return c
}

// TestCheck: what all answers come to, as a result and as a profile.
func TestCheck(t *testing.T) {
	t.Parallel()
	const no, maybe = policy.No, policy.Maybe
	const partly policy.Truth = 2 // no, but some of what is to be kept out is
	for _, row := range []struct {
		name     string
		answers  map[string]policy.Truth
		result   explain.Result
		summary  string
		enforces policy.Truth
		has      map[policy.Behaviour]string // - where it is left out
	}{
		{"all is enforced", nil, explain.Works, "in everything that was tried", policy.Yes, map[policy.Behaviour]string{
			policy.IPBlockMatchesPods: "yes", policy.NamedPortsBroken: "no", policy.BlocksShareExcepts: "no", policy.HairpinExempt: "yes", policy.HairpinNeedsBoth: "-",
			policy.UnselectedIsolated: "no", policy.OwnNodeEgressExempt: "yes", policy.SelectorsMatchHostNetwork: "-",
		}},
		{"nothing is", map[string]policy.Truth{"ingress": no, "egress": no}, explain.Fails, "nothing enforces NetworkPolicies", policy.No, map[policy.Behaviour]string{policy.IPBlockMatchesPods: "-"}},
		{"ingress only", map[string]policy.Truth{"egress": no}, explain.Fails, "not as the specification says: egress", maybe, map[policy.Behaviour]string{policy.UnselectedIsolated: "no", policy.OwnNodeEgressExempt: "-"}},
		{"ports are ignored", map[string]policy.Truth{"ingress": partly, "egress": partly}, explain.Fails, "not as the specification says: ingress, egress", maybe, map[policy.Behaviour]string{policy.IPBlockMatchesPods: "-"}},
		{"it is not known", map[string]policy.Truth{"ingress": maybe}, explain.Unclear, "ingress shows nothing: the stream was cut off", maybe, nil},
		{"one trial is lost", map[string]policy.Truth{"endPort": maybe}, explain.Unclear, "endPort shows nothing", policy.Yes, nil},
		{"what is left open is no failure", map[string]policy.Truth{"blocks-of-pods-ingress": no, "blocks-of-pods-egress": no, "own-node": no, "blocks-of-services": no}, explain.Works, "", policy.Yes, map[policy.Behaviour]string{policy.IPBlockMatchesPods: "no", policy.OwnNodeEgressExempt: "no", policy.IPBlockMatchesServices: "no"}},
		{"blocks match in one direction", map[string]policy.Truth{"blocks-of-pods-egress": no}, explain.Works, "", policy.Yes, map[policy.Behaviour]string{policy.IPBlockMatchesPods: "maybe"}},
		{"a deviation in one place is one", map[string]policy.Truth{"shared-excepts-outside": no, "named-ports-egress": no}, explain.Fails, "named-ports-egress, shared-excepts-outside", policy.Yes, map[policy.Behaviour]string{policy.BlocksShareExcepts: "yes", policy.NamedPortsBroken: "yes"}},
		{"and in the other", map[string]policy.Truth{"shared-excepts-of-pods": no}, explain.Fails, "", policy.Yes, map[policy.Behaviour]string{policy.BlocksShareExcepts: "yes"}},
		{"hairpins are judged in one go", map[string]policy.Truth{"hairpin": no}, explain.Works, "", policy.Yes, map[policy.Behaviour]string{policy.HairpinExempt: "no", policy.HairpinNeedsBoth: "yes"}},
		{"hairpins are judged twice", map[string]policy.Truth{"hairpin": no, "hairpin-ingress": no, "hairpin-egress": no}, explain.Works, "", policy.Yes, map[policy.Behaviour]string{policy.HairpinExempt: "no", policy.HairpinNeedsBoth: "no"}},
		{"hairpins are judged by egress", map[string]policy.Truth{"hairpin": no, "hairpin-egress": no}, explain.Works, "", policy.Yes, map[policy.Behaviour]string{policy.HairpinExempt: "maybe", policy.HairpinNeedsBoth: "-"}},
		{"hairpins are not known", map[string]policy.Truth{"hairpin": no, "hairpin-egress": maybe}, explain.Unclear, "", policy.Yes, map[policy.Behaviour]string{policy.HairpinExempt: "-", policy.HairpinNeedsBoth: "-"}},
	} {
		c := checked(t, row.answers)
		if c.Result() != row.result || !strings.Contains(c.Summary(), row.summary) || c.Enforces() != row.enforces {
			t.Errorf("%s: %s, %q, enforces %s", row.name, c.Result(), c.Summary(), c.Enforces())
		}
		d := c.Profile("")
		for b, want := range row.has {
			got := "-"
			if e, ok := d.Behaviours[b]; ok {
				got = e.Answer.String()
			}
			if got != want {
				t.Errorf("%s: %s is %s, want %s", row.name, b, got, want)
			}
		}
	}
	if c := (&probe.Check{}); c.Result() != explain.Unclear || c.Enforces() != policy.Maybe {
		t.Error("where nothing was tried, nothing is known")
	}
}

// TestRejects: one refusal is enough, since kernels limit how many they send.
func TestRejects(t *testing.T) {
	t.Parallel()
	c := checked(t, nil)
	if got := c.Rejects(); got != policy.No {
		t.Errorf("all is dropped: %s", got)
	}
	trial := trialNamed(t, "ingress")
	c.Answers[0] = trial.Decide(nil, saw(trial.Lines, func(i int, s *probe.Sighting) {
		if i == 1 {
			s.Under.Outcome = probe.Refused
		}
	}))
	if got := c.Rejects(); got != policy.Yes {
		t.Errorf("one is refused: %s", got)
	}
	if got := (&probe.Check{}).Rejects(); got != policy.Maybe {
		t.Errorf("nothing was tried: %s", got)
	}
}

// TestDecideConnection: what the answers over one connection say.
func TestDecideConnection(t *testing.T) {
	t.Parallel()
	answers := func(n int) probe.Run {
		return probe.Run{Stdout: strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nserver", n)}
	}
	for _, row := range []struct {
		name   string
		run    probe.Run
		denied time.Duration
		want   probe.Connection
		why    string
	}{
		{"all requests are answered", answers(probe.Requests), 2300 * time.Millisecond, probe.Kept, ""},
		{"it ended long before the policy bites", answers(1), 6 * time.Second, probe.ConnectionUnknown, "ended before the policy"},
		{"it ended when the policy bites, which takes a while", answers(5), 6 * time.Second, probe.Cut, ""},
		{"until the policy bites", answers(2), 2300 * time.Millisecond, probe.Cut, ""},
		{"a little longer", answers(4), 2300 * time.Millisecond, probe.Cut, ""},
		{"the policy comes late", answers(12), 11 * time.Second, probe.ConnectionUnknown, "too late"},
		{"the policy never comes", answers(probe.Requests), 0, probe.ConnectionUnknown, "did not come into force"},
		{"no connection", probe.Run{Stderr: "nc: not found"}, 2300 * time.Millisecond, probe.ConnectionUnknown, "nc: not found"},
		{"the command is lost", probe.Run{Lost: "the stream was cut off"}, 2300 * time.Millisecond, probe.ConnectionUnknown, "cut off"},
	} {
		got, why := probe.DecideConnection(row.run, row.denied)
		if got != row.want || !strings.Contains(why, row.why) || (got == probe.ConnectionUnknown) != (why != "") {
			t.Errorf("%s: %s, %q", row.name, got, why)
		}
	}
}

// TestEnforcementDocuments: what is printed of a check fits its schema, in YAML it is a profile that
// the flag takes, and every format says what was seen.
func TestEnforcementDocuments(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t, "enforcementreport")
	for _, row := range []struct {
		answers map[string]policy.Truth
		says    string
	}{
		{nil, "enforced as the specification says"},
		{map[string]policy.Truth{"ingress": policy.No, "egress": policy.No}, "nothing enforces"},
		{map[string]policy.Truth{"endPort": policy.No}, "server:8083/TCP Connected"},
		{map[string]policy.Truth{"endPort": policy.Maybe}, "the stream was cut off"},
	} {
		c := checked(t, row.answers)
		c.Remains = []string{"kubectl get namespace x"}
		d := report.NewEnforcementReport(c, "cilium", "doctor")
		for _, format := range report.Formats() {
			var out bytes.Buffer
			if err := report.Render(&out, format, d, report.Style{Width: 1000}); err != nil {
				t.Fatal(err)
			}
			switch format {
			case "yaml":
				if p, err := profile.Parse("x", out.Bytes()); err != nil || p.Name != "measured" || policy.Truth(*d.Profile.Enforces) != p.Enforces {
					t.Errorf("%v: %+v\n%s", err, p, out.String())
				}
			case "json":
				decoded, err := jsonschema.UnmarshalJSON(&out)
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(decoded); err != nil {
					t.Error(err)
				}
			default:
				if text := strings.ReplaceAll(out.String(), `\`, ""); !strings.Contains(text, row.says) || !strings.Contains(text, "kubectl get namespace x") || !strings.Contains(text, "n1, n2") {
					t.Errorf("%s: %q is not in\n%s", format, row.says, text)
				}
			}
		}
	}
}

// TestIsolates: that nothing is enforced is only said where nothing is kept out.
func TestIsolates(t *testing.T) {
	t.Parallel()
	trial := trialNamed(t, probe.IngressTrial)
	for name, row := range map[string]struct {
		turn func(i int, l probe.Line) bool
		want policy.Truth
		why  string // a trial that needs this one is not made
	}{
		"all is kept out":                     {func(int, probe.Line) bool { return false }, policy.Yes, ""},
		"nothing is":                          {func(_ int, l probe.Line) bool { return !l.Connects }, policy.No, "ingress is not enforced"},
		"ports are ignored":                   {func(i int, _ probe.Line) bool { return i == 1 }, policy.Maybe, "enforced in part"},
		"who is at the other end is ignored":  {func(i int, _ probe.Line) bool { return i == 0 }, policy.Maybe, "enforced in part"},
		"what is opened is kept out, as well": {func(_ int, l probe.Line) bool { return l.Connects }, policy.Yes, "enforced in part"},
		"all is the other way round":          {func(int, probe.Line) bool { return true }, policy.Maybe, "enforced in part"},
	} {
		a := trial.Decide(nil, saw(trial.Lines, func(i int, s *probe.Sighting) {
			if row.turn(i, s.Line) {
				turned(s)
			}
		}))
		why := trialNamed(t, "ports").Unmet([]probe.Answered{a})
		if got := a.Isolates(); got != row.want || !strings.Contains(why, row.why) || (why == "") != (row.why == "") {
			t.Errorf("%s: %s, %q", name, got, why)
		}
	}
}

// TestOwnerless: only what gets through to a pod without an owner says that it is not protected.
func TestOwnerless(t *testing.T) {
	t.Parallel()
	trial := trialNamed(t, "ownerless")
	guards := saw(trial.Guards, func(_ int, s *probe.Sighting) {
		if s.Connects && s.To == probe.Ownerless {
			turned(s)
		}
	})
	if a := trial.Decide(guards, saw(trial.Lines, nil)); a.Has() != policy.Maybe {
		t.Errorf("a client that is kept out although it is allowed: %s, unenforced %s", a.Answer, a.Has())
	}
	open := saw(trial.Lines, func(_ int, s *probe.Sighting) { turned(s) })
	if a := trial.Decide(saw(trial.Guards, nil), open); a.Has() != policy.Yes {
		t.Errorf("a stranger gets through: %s, unenforced %s", a.Answer, a.Has())
	}
}

// TestProfileLeavesOut: what trials do not show stays as it is in the profile that is extended; that
// the directions differ, or that something is enforced in part, is shown.
func TestProfileLeavesOut(t *testing.T) {
	t.Parallel()
	const no, maybe = policy.No, policy.Maybe
	parsed := func(c *probe.Check) policy.Profile {
		text, err := json.Marshal(c.Profile("kube-router"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := profile.Parse("x", text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	base, _ := policy.ProfileNamed("kube-router")
	if p := parsed(&probe.Check{}); p.Enforces != base.Enforces || p.Rejects != base.Rejects || base.Enforces != policy.Yes {
		t.Errorf("nothing was tried: enforces %s, rejects %s", p.Enforces, p.Rejects)
	}
	if p := parsed(checked(t, map[string]policy.Truth{"ingress": maybe, "egress": maybe})); p.Enforces != base.Enforces || p.Rejects != base.Rejects {
		t.Errorf("nothing was shown: enforces %s, rejects %s", p.Enforces, p.Rejects)
	}
	for name, answers := range map[string]map[string]policy.Truth{
		"one direction":              {"egress": no},
		"one direction, as it seems": {"ingress": no, "egress": maybe},
		"in part":                    {"ingress": 2, "egress": 2},
	} {
		if p := parsed(checked(t, answers)); p.Enforces != maybe {
			t.Errorf("%s: enforces %s", name, p.Enforces)
		}
	}
	if p := parsed(checked(t, map[string]policy.Truth{"ingress": no, "egress": no})); p.Enforces != no {
		t.Errorf("neither direction: enforces %s", p.Enforces)
	}
	if p := parsed(checked(t, nil)); p.Enforces != policy.Yes || p.Rejects != no {
		t.Errorf("both directions: enforces %s, rejects %s", p.Enforces, p.Rejects)
	}
}

// TestFamily: a report says which IP family was tried, and that the other one was not.
func TestFamily(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"10.0.0.1": "IPv4", "::ffff:10.0.0.1": "IPv4", "2001:db8::1": "IPv6", "": ""} {
		p := everywhere()
		p.Pods[probe.Server], _ = netip.ParseAddr(address)
		c := checked(t, nil)
		c.Family = p.Family()
		d := report.NewEnforcementReport(c, "", "")
		var out bytes.Buffer
		if err := report.Render(&out, "table", d, report.Style{Width: 1000}); err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(out.String(), "seen over "+want+" between pods on n1, n2; of other nodes, and of the other IP family, it shows nothing")
		if d.IPFamily != want || said != (want != "") {
			t.Errorf("%s: %q\n%s", address, d.IPFamily, out.String())
		}
	}
}
