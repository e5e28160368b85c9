package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// show prints a world and a flow so that a failure can be understood.
func (w world) show(f policy.Flow) string {
	var b strings.Builder
	fmt.Fprintf(&b, "plugin %s\n", w.profile.Name)
	for k, e := range w.profile.Entries {
		fmt.Fprintf(&b, "  %s: %v\n", k, e.Answer)
	}
	for _, n := range w.snapshot.Namespaces {
		fmt.Fprintf(&b, "namespace %s %v\n", n.Name, n.Labels.Known)
	}
	for _, p := range w.snapshot.Pods {
		fmt.Fprintf(&b, "pod %+v\n", *p)
	}
	for _, k := range w.snapshot.Workloads {
		fmt.Fprintf(&b, "template %+v\n", *k.Template)
	}
	for _, p := range w.snapshot.Policies {
		text, _ := yaml.Marshal(p.Spec)
		fmt.Fprintf(&b, "policy %s/%s\n%s", p.Namespace, p.Name, text)
	}
	for _, e := range []struct {
		name string
		end  policy.Endpoint
	}{{"source", f.Source}, {"destination", f.Destination}} {
		switch {
		case e.end.Pod != nil:
			fmt.Fprintf(&b, "%s pod %s\n", e.name, e.end.Pod.Ref())
		case e.end.Node != nil:
			fmt.Fprintf(&b, "%s node %s %v\n", e.name, e.end.Node.Name, e.end.Node.IPs)
		default:
			fmt.Fprintf(&b, "%s outside %v\n", e.name, *e.end.Outside)
		}
	}
	fmt.Fprintf(&b, "%s %s dialled %v arriving %v rewritten %v", f.Protocol, f.Family, f.Dialled, f.Arriving, f.SourceRewritten)
	if f.Service != nil {
		fmt.Fprintf(&b, " service %s headless %v", f.Service.Name, f.Service.Headless)
	}
	return b.String()
}

// agree holds the engine against the oracle in one world and returns what is wrong.
func (w world) agree(f policy.Flow, tally *tally) string {
	d := policy.Compile(w.snapshot, w.profile).Evaluate(f)
	cases, complete := everyWay(&oracle{s: w.snapshot, profile: w.profile}, f, 4000)
	if !complete && agreed(cases) == policy.Unknown {
		complete = true // they disagree already, whatever else there is
		tally.cut++
		if d.Verdict != policy.Unknown {
			return fmt.Sprintf("the engine says %s, the cases disagree", says(d))
		}
		return ""
	}
	if !complete {
		tally.skipped++
		return ""
	}
	tally.judged++
	want := agreed(cases)
	switch {
	case d.Verdict != policy.Unknown && d.Verdict != want:
		return fmt.Sprintf("the engine says %s, the oracle %s in %d cases", says(d), want, len(cases))
	case d.Verdict == policy.Unknown && want != policy.Unknown:
		tally.overcautious++
		if severalBlocks(d.Facts) {
			return ""
		}
		return "overcautious: the engine says " + says(d) + ", the oracle " + want.String()
	case d.Verdict == policy.Unknown && len(d.Facts) == 0:
		return "the engine does not say what it does not know: " + says(d)
	case d.Verdict == policy.Unknown:
		tally.unknown++
		return tally.sameFacts(d.Facts, decisive(cases))
	}
	if len(cases) > 1 {
		return ""
	}
	for _, side := range []struct {
		got  policy.DirectionDecision
		want side
	}{{d.Egress, cases[0].result.egress}, {d.Ingress, cases[0].result.ingress}} {
		if text := differs(side.got, side.want); text != "" {
			return side.got.Direction.String() + ": " + text
		}
	}
	return ""
}

// severalBlocks is the one limit of working out by cases: whether an address that is not known lies
// in one block and whether it lies in another are taken for two facts, although blocks may be
// nested or complete each other. That makes an answer Unknown that need not be, three times in
// half a million flows.
func severalBlocks(facts []policy.Fact) bool {
	blocks := 0
	for _, f := range facts {
		switch f.Kind {
		case policy.PodAddress, policy.NodeAddress, policy.NameAddress, policy.ServiceAddress:
			blocks++
		}
	}
	return blocks > 1
}

// differs compares one direction in a fully known world.
func differs(got policy.DirectionDecision, want side) string {
	var isolating, admitting []string
	for _, p := range got.Isolating {
		isolating = append(isolating, p.Namespace+"/"+p.Name)
	}
	for _, r := range got.Admitting {
		admitting = append(admitting, r.PolicyName()+" "+r.Path())
	}
	allowed := got.Verdict == policy.Allowed
	switch {
	case allowed != want.allowed && got.Exempt != policy.Hairpin:
		return fmt.Sprintf("allowed %v, the oracle says %v", allowed, want.allowed)
	case want.notAskedAt && (len(isolating) > 0 || len(admitting) > 0):
		return "no policy is asked here"
	case !slices.Equal(isolating, want.isolating):
		return fmt.Sprintf("isolated by %v, the oracle says %v", isolating, want.isolating)
	case !slices.Equal(admitting, want.admitting) && !slices.Contains(want.admitting, "the other direction"):
		return fmt.Sprintf("admitted by %v, the oracle says %v", admitting, want.admitting)
	}
	return ""
}

// tally counts what was compared.
type tally struct{ judged, unknown, overcautious, cut, skipped, missing, extra int }

// sameFacts compares the facts that an Unknown names with those that make a difference. The
// address of an end is one fact of the world, whatever block it may lie in.
func (x *tally) sameFacts(got, want []policy.Fact) string {
	short := func(facts []policy.Fact) (out []string) {
		for _, f := range facts {
			switch f.Kind {
			case policy.PluginBehaviour:
				if f.Key == string(policy.BlocksShareExcepts) {
					continue // of an address that is not known, a tie is one more thing that is not
				}
				out = append(out, string(f.Kind)+" "+f.Key)
			case policy.NamespaceLabel, policy.PodLabel:
				out = append(out, string(f.Kind)+" "+f.Object.String()+" "+f.Key)
			case policy.PodLabelIgnored:
				out = append(out, string(f.Kind)+" "+f.Key)
			case policy.SourceSeen, policy.MeshTunnel:
				out = append(out, string(f.Kind))
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	g, w := short(got), short(want)
	for _, f := range got {
		if f.Key == string(policy.NamedPortsBroken) || f.Key == string(policy.MixedNamesLeak) || f.Key == string(policy.NamespaceSelectorsMatchHosts) || f.Key == string(policy.BlocksShareExcepts) {
			return "" // cannot be worked out by cases, so what lies behind it is not looked into
		}
	}
	for _, f := range w {
		if !slices.Contains(g, f) {
			x.missing++
			return fmt.Sprintf("the facts are %v, those that make a difference %v", g, w)
		}
	}
	for _, f := range g {
		if !slices.Contains(w, f) {
			x.extra++
			return fmt.Sprintf("the facts are %v, those that make a difference %v", g, w)
		}
	}
	return ""
}

// worlds is how many generated clusters a test looks at; a fuzzer looks at more.
const worlds = 600

// each runs a property over generated worlds and their flows; what it returns is what is wrong.
func each(t *testing.T, seeds uint64, m maker, property func(w world, f policy.Flow) string) {
	t.Helper()
	for seed := range seeds {
		made := m
		made.dice = seeded(seed)
		w := made.world()
		for _, f := range w.flows {
			if wrong := property(w, f); wrong != "" {
				t.Fatalf("seed %d: %s\n%s", seed, wrong, w.show(f))
			}
		}
	}
}

// In a fully known world, under a plugin that decides everything, the engine says what the oracle
// says, and names the same isolating policies and admitting rules.
func TestOracleKnownWorlds(t *testing.T) {
	t.Parallel()
	x := &tally{}
	each(t, worlds, maker{}, func(w world, f policy.Flow) string { return w.agree(f, x) })
	if x.unknown > 0 || x.judged < worlds {
		t.Errorf("nothing is open here: %+v", *x)
	}
}

// Where something is open, a verdict holds in every way it could be, and Unknown means that these
// disagree and names exactly the facts that make a difference.
func TestOracleOpenWorlds(t *testing.T) {
	t.Parallel()
	x := &tally{}
	each(t, worlds, maker{open: true}, func(w world, f policy.Flow) string { return w.agree(f, x) })
	if x.unknown == 0 || x.skipped > 0 {
		t.Errorf("too little is open here: %+v", *x)
	}
}

// The same for every plugin that ships.
func TestOraclePlugins(t *testing.T) {
	t.Parallel()
	for _, p := range policy.Profiles {
		for _, open := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s open=%v", p.Name, open), func(t *testing.T) {
				t.Parallel()
				x := &tally{}
				each(t, worlds/5, maker{open: open, plugin: &p}, func(w world, f policy.Flow) string { return w.agree(f, x) })
			})
		}
	}
}

// Deviations that need several things to come together have a plugin of their own, or too few
// worlds would show them.
func TestOracleRareDeviations(t *testing.T) {
	t.Parallel()
	for _, b := range []policy.Behaviour{policy.SidecarNamesIgnored, policy.PodLabelsIgnored, policy.OwnNodePodsFiltered, policy.ServicePortJudged, policy.UnlistedSectionsEnforced} {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			p := policy.Profile{Name: "deviating", Entries: maps.Clone(pinned.Entries)}
			p.Entries[b] = policy.Entry{Answer: policy.Yes}
			x := &tally{}
			each(t, 4*worlds, maker{plugin: &p}, func(w world, f policy.Flow) string { return w.agree(f, x) })
		})
	}
}
