package policy_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// atlas is a map in which every address outside that two maps tell apart is an entry of its own.
type atlas map[[2]string]said

type said struct {
	must, may flows.PortSet
	partial   bool
}

func (s said) String() string {
	return fmt.Sprintf("must %v may %v partial %v", s.must, s.may, s.partial)
}

func nameOfEnd(e flows.End) string {
	if e.CIDR.IsValid() {
		return e.CIDR.String()
	}
	return e.Ref.String()
}

// atoms cuts an end where it is outside.
func atoms(e flows.End, cuts []netip.Prefix) []string {
	if !e.CIDR.IsValid() {
		return []string{nameOfEnd(e)}
	}
	var out []string
	for _, p := range cuts {
		if e.CIDR.Overlaps(p) && e.CIDR.Bits() <= p.Bits() {
			out = append(out, p.String())
		}
	}
	return out
}

func (a atlas) each(source, destination flows.End, cuts []netip.Prefix, do func(key [2]string, s said) said) {
	for _, from := range atoms(source, cuts) {
		for _, to := range atoms(destination, cuts) {
			key := [2]string{from, to}
			if s := do(key, a[key]); s.may.Empty() {
				delete(a, key)
			} else {
				a[key] = s
			}
		}
	}
}

// ranges are the parts of all address space that the rows and the changes have in common.
func ranges(lists ...[]flows.End) []netip.Prefix {
	var all []netip.Prefix
	for _, e := range slices.Concat(lists...) {
		if e.CIDR.IsValid() {
			all = append(all, e.CIDR)
		}
	}
	var out []netip.Prefix
	for _, whole := range []string{"0.0.0.0/0", "::/0"} {
		out = append(out, cutAll(netip.MustParsePrefix(whole), all)...)
	}
	return out
}

// cutAll is written for this test: it halves a range until no other lies within a part.
func cutAll(p netip.Prefix, others []netip.Prefix) []netip.Prefix {
	if !slices.ContainsFunc(others, func(o netip.Prefix) bool { return o.Bits() > p.Bits() && p.Contains(o.Addr()) }) {
		return []netip.Prefix{p}
	}
	low := netip.PrefixFrom(p.Addr(), p.Bits()+1)
	bytes := p.Addr().AsSlice()
	bytes[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	high, _ := netip.AddrFromSlice(bytes)
	return append(cutAll(low, others), cutAll(netip.PrefixFrom(high, p.Bits()+1), others)...)
}

func rowsOf(t testing.TB, s *flows.Sets, by flows.By) (rows []flows.Row, touched []flows.End) {
	t.Helper()
	if err := s.Rows(flows.Wanted{By: by}, func(r flows.Row) error {
		rows, touched = append(rows, r), append(touched, r.Source, r.Destination)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rows, touched
}

func atlasOf(rows []flows.Row, cuts []netip.Prefix) atlas {
	a := atlas{}
	for _, r := range rows {
		a.each(r.Source, r.Destination, cuts, func([2]string, said) said { return said{r.Must, r.May, r.Partial} })
	}
	return a
}

// apply makes the changes. What a change says was there before must be there.
func (a atlas) apply(changes []flows.Change, cuts []netip.Prefix) (wrong string) {
	for _, c := range changes {
		a.each(c.Source, c.Destination, cuts, func(key [2]string, s said) said {
			was := map[policy.Verdict]flows.PortSet{policy.Allowed: s.must, policy.Unknown: s.may.Minus(s.must), policy.Denied: flows.EveryPort().Minus(s.may)}
			if !c.Ports.Minus(was[c.Before]).Empty() {
				wrong = fmt.Sprintf("%v: %v is said to have been %s; it was %s", key, c.Ports, c.Before, s)
			}
			s.must, s.may, s.partial = s.must.Minus(c.Ports), s.may.Minus(c.Ports), c.PartialAfter
			if c.After == policy.Allowed {
				s.must = s.must.Or(c.Ports)
			}
			if c.After != policy.Denied {
				s.may = s.may.Or(c.Ports)
			}
			return s
		})
	}
	return wrong
}

func (a atlas) equal(b atlas) bool {
	return maps.EqualFunc(a, b, func(x, y said) bool {
		return x.must.Equal(y.must) && x.may.Equal(y.may) && x.partial == y.partial
	})
}

// changed makes another cluster of a generated one: policies are gone, new or others, or pods and their
// labels are, too.
func (w world) changed(m maker) (set *policy.Set, policiesOnly bool) {
	other := maker{dice: m.dice, open: m.open, plugin: m.plugin}.another()
	how := m.roll(4)
	set = w.remade(func(s *cluster.Snapshot) {
		switch how {
		case 0:
			s.Policies = s.Policies[1:]
		case 1:
			s.Policies = append(s.Policies, &cluster.Policy{NetworkPolicy: other.Policies[0].NetworkPolicy.DeepCopy()})
			s.Policies[len(s.Policies)-1].Name = "new"
		case 2:
			s.Policies = other.Policies
			s.Pods = slices.Concat(s.Pods[1:], other.Pods[:1])
		default:
			i := m.roll(len(s.Pods))
			p := *s.Pods[i]
			p.Labels = other.Pods[0].Labels
			s.Pods[i] = &p
		}
	}, func(np *networkingv1.NetworkPolicy) {
		if m.roll(3) == 0 {
			np.Spec.Ingress = nil
		}
	})
	return set, how < 2
}

func (m maker) another() *cluster.Snapshot {
	s := m.world().snapshot
	for _, p := range s.Pods {
		p.Name = "other-" + p.Name
	}
	return s
}

// What a comparison says of two clusters is what their maps differ in: made to the map of the first,
// the changes give the map of the second. Asked the other way around, it says the opposite.
func TestChangesAreTheDifferenceOfMaps(t *testing.T) {
	t.Parallel()
	kinds := map[flows.Kind]int{}
	for seed := range uint64(worlds) {
		m := maker{dice: seeded(seed), open: seed%2 == 0}
		w := m.world()
		a := w.set()
		b, policiesOnly := w.changed(m)
		by := []flows.By{flows.ByWorkload, flows.ByPod, flows.ByNamespace}[seed%3]
		before, after := flows.Compile(a), flows.Compile(b)
		compared := flows.Compare(before, after, by)
		changes, err := compared.Changes(flows.Wanted{}, flows.Wanted{})
		if err != nil {
			t.Fatal(err)
		}
		fail := func(what string) {
			t.Helper()
			t.Fatalf("seed %d by %s: %s\nbefore:\n%s\nafter:\n%s", seed, by, what, shown(a), shown(b))
		}

		rowsA, endsA := rowsOf(t, before, by)
		rowsB, endsB := rowsOf(t, after, by)
		var touched []flows.End
		for _, c := range changes {
			kinds[c.Kind()]++
			touched = append(touched, c.Source, c.Destination)
		}
		cuts := ranges(endsA, endsB, touched)
		one, other := atlasOf(rowsA, cuts), atlasOf(rowsB, cuts)
		if wrong := one.apply(changes, cuts); wrong != "" {
			fail(wrong)
		}
		if !one.equal(other) {
			fail(fmt.Sprintf("the changes lead to\n%v\nthe map is\n%v", one, other))
		}

		back, err := flows.Compare(after, before, by).Changes(flows.Wanted{}, flows.Wanted{})
		if err != nil {
			t.Fatal(err)
		}
		if wrong := mirror(changes, back); wrong != "" {
			fail(wrong)
		}
		for _, c := range changes {
			causes := compared.Causes(c)
			if len(causes) == 0 || policiesOnly && slices.ContainsFunc(causes, func(c flows.Cause) bool { return c.Kind == flows.Elsewhere }) {
				fail(fmt.Sprintf("no policy is a cause of %+v: %+v", c, causes))
			}
		}
	}
	for _, kind := range []flows.Kind{flows.Opened, flows.Closed, flows.Changed} {
		if kinds[kind] < 100 {
			t.Errorf("only %d %s flows in all worlds", kinds[kind], kind)
		}
	}
}

func shown(s *policy.Set) string {
	any := policy.Flow{Source: policy.NameEnd("any"), Destination: policy.NameEnd("any")}
	return world{snapshot: s.Snapshot(), profile: s.Profile()}.show(any)
}

// mirror tells in what the second list is not the opposite of the first.
func mirror(changes, back []flows.Change) string {
	lines := func(list []flows.Change, turned bool) (out []string) {
		presence := map[flows.Presence]flows.Presence{flows.InBoth: flows.InBoth, flows.OnlyBefore: flows.OnlyAfter, flows.OnlyAfter: flows.OnlyBefore}
		kinds := map[flows.Kind]flows.Kind{flows.Opened: flows.Closed, flows.Closed: flows.Opened, flows.Changed: flows.Changed}
		for _, c := range list {
			kind, open, closes := c.Kind(), c.MayOpen(), c.MayClose()
			if turned {
				c.Before, c.After = c.After, c.Before
				c.PartialBefore, c.PartialAfter = c.PartialAfter, c.PartialBefore
				c.FactsBefore, c.FactsAfter = c.FactsAfter, c.FactsBefore
				c.SourceIn, c.DestinationIn = presence[c.SourceIn], presence[c.DestinationIn]
				kind, open, closes = kinds[kind], closes, open
			}
			out = append(out, fmt.Sprintln(nameOfEnd(c.Source), nameOfEnd(c.Destination), c.Ports, c.Before, c.After, c.Stays, c.PartialBefore, c.PartialAfter, c.FactsBefore, c.FactsAfter, c.SourceIn, c.DestinationIn, kind, open, closes))
		}
		slices.Sort(out)
		return out
	}
	if forth, back := lines(changes, false), lines(back, true); !slices.Equal(forth, back) {
		return fmt.Sprintf("forth\n%s\nback, turned around\n%s", forth, back)
	}
	return ""
}
