package policy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// What is said to decide the flows of a row is what decides each of them, and rows are the same
// whether that is asked for or not.
func TestWhyAgreesWithFlows(t *testing.T) {
	t.Parallel()
	rules := 0
	for seed := range uint64(worlds / 4) {
		m := maker{dice: seeded(seed), open: seed%2 == 0}
		if seed%3 == 0 {
			m.plugin = &policy.Profiles[seed%uint64(len(policy.Profiles))]
		}
		set := m.world().set()
		sets, s := flows.Compile(set), set.Snapshot()
		pods := map[cluster.Ref]*cluster.Pod{}
		for _, n := range s.AllNamespaces() {
			for _, p := range s.Subjects(n.Name) {
				pods[p.Ref()] = p
			}
		}
		rows := func(why bool) (out []flows.Row) {
			if err := sets.Rows(flows.Wanted{By: flows.ByPod, Denied: true, Why: why}, func(r flows.Row) error {
				out = append(out, r)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		plain := rows(false)
		for i, r := range rows(true) {
			if plain[i].Why != nil || plain[i].Source != r.Source || plain[i].Destination != r.Destination || !plain[i].Must.Equal(r.Must) || !plain[i].May.Equal(r.May) {
				t.Fatalf("seed %d: %v is another row without what decides it", seed, r)
			}
			from, to := pods[r.Source.Ref], pods[r.Destination.Ref]
			if from == nil || to == nil || from == to || from.Template || to.Template {
				continue
			}
			wrong, n := sameCauses(set, r, from, to)
			if wrong != "" {
				t.Fatalf("seed %d: %s", seed, wrong)
			}
			rules += n
		}
	}
	if rules == 0 {
		t.Error("no rule admits anything in any world")
	}
}

// sameCauses holds what a row says to decide against the evaluation of its flows, and counts the
// rules.
func sameCauses(set *policy.Set, r flows.Row, from, to *cluster.Pod) (wrong string, rules int) {
	for _, family := range places {
		if !talks(from, family) || !talks(to, family) || len(from.IPs) == 0 || len(to.IPs) == 0 {
			continue
		}
		for _, protocol := range flows.Protocols {
			for _, port := range []int32{1, 53, 79, 80, 81, 8080, 65535} {
				d := set.Evaluate(ends.Direct(set.Snapshot(), policy.PodEnd(from), policy.PodEnd(to), protocol, port, family))
				why := r.Why[d.Verdict]
				for _, one := range []struct {
					direction policy.DirectionDecision
					cause     flows.Reason
				}{{d.Egress, why.Egress}, {d.Ingress, why.Ingress}} {
					at := fmt.Sprintf("%s to %s %d/%s is %s, %s", from.Ref(), to.Ref(), port, protocol, d.Verdict, one.direction.Direction)
					for _, p := range one.direction.Isolating {
						if !slices.Contains(one.cause.Isolating, p) {
							return at + ": isolated by " + p.Name + ", of which is not spoken", 0
						}
					}
					for _, rule := range one.direction.Admitting {
						rules++
						if !slices.ContainsFunc(one.cause.Admitting, func(c policy.RuleRef) bool {
							return c.Policy == rule.Policy && c.Direction == rule.Direction && c.Rule == rule.Rule
						}) {
							return at + ": admitted by " + rule.PolicyName() + " " + rule.Path() + ", of which is not spoken", 0
						}
					}
					if (one.direction.Verdict == policy.Denied) && !one.cause.Denies {
						return at + ": denied, which is not said", 0
					}
				}
			}
		}
	}
	return "", rules
}
