package policy_test

import (
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// crowded adds to a generated world what its flows do not look at: more pods that are alike, meshes,
// policies of other layers, and what could not be read.
func (w world) crowded(d dice) *policy.Set {
	return w.remade(func(s *cluster.Snapshot) {
		for i, p := range s.Pods {
			if d.roll(4) == 0 {
				twin := *p
				twin.Name = fmt.Sprintf("twin-%d", i)
				if d.roll(2) == 0 {
					twin.Node = oneOf(d, "n1", "n2")
				}
				s.Pods = append(s.Pods, &twin)
			}
		}
		if d.roll(4) == 0 {
			for _, p := range s.Pods {
				if d.roll(2) == 0 {
					p.Labels.Known["consul.hashicorp.com/connect-inject-status"] = "injected"
				}
			}
		}
		if d.roll(4) == 0 {
			s.Foreign = append(s.Foreign, &cluster.Foreign{
				Ref:  cluster.Ref{APIVersion: "cilium.io/v2", Kind: "CiliumNetworkPolicy", Namespace: oneOf(d, "a", "b"), Name: "other"},
				Spec: map[string]any{"endpointSelector": map[string]any{"matchLabels": map[string]any{"app": "web"}}, oneOf(d, "egress", "ingress"): []any{}},
			})
		}
		if d.roll(8) == 0 {
			s.Gaps = append(s.Gaps, cluster.Gap{Resource: oneOf(d, policy.PoliciesResource, "egressfirewalls.k8s.ovn.org"), Namespace: oneOf(d, "a", ""), Reason: cluster.Forbidden})
		}
	}, asIs)
}

// places are the families as package flows numbers them.
var places = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}

// everyFlow holds the sets against the evaluator of one flow, for every pair of subjects and for
// addresses outside, and returns what is wrong.
func everyFlow(set *policy.Set) (wrong string, unknown int) {
	sets, s := flows.Compile(set), set.Snapshot()
	var subjects []*cluster.Pod
	for _, n := range s.AllNamespaces() {
		subjects = append(subjects, s.Subjects(n.Name)...)
	}
	v4, v6 := s.Families()
	used := [2]bool{v4, v6}
	for _, a := range subjects {
		for _, b := range subjects {
			from, to := policy.PodEnd(a), policy.PodEnd(b)
			if a == b {
				if !a.Template {
					continue
				}
				twin := *b
				to = policy.PodEnd(&twin)
			}
			for place, family := range places {
				if !talks(a, family) || !talks(b, family) || len(a.IPs)+len(b.IPs) == 0 && !used[place] {
					continue
				}
				answer := sets.Between(sets.ClassOf(a), sets.ClassOf(b), flows.NearOf(a, b), place)
				if wrong = sameFlows(set, answer, from, to, family, &unknown); wrong != "" {
					return wrong, unknown
				}
			}
		}
		for place, family := range places {
			if !talks(a, family) || len(a.IPs) == 0 && !used[place] {
				continue
			}
			for _, d := range []policy.Direction{policy.Egress, policy.Ingress} {
				stretches := sets.Outside(sets.ClassOf(a), d, place)
				for _, ip := range addresses("203.0.113.9", "203.0.113.10", "203.0.113.200", "8.8.8.8", "10.1.1.77", "10.1.2.3", "10.96.0.1", "10.97.0.1", "192.168.0.1", "2001:db8:5::5", "2001:db8:1::1", "fd00::1") {
					if ip.Is4() != (family == corev1.IPv4Protocol) {
						continue
					}
					var answer flows.Answer
					for _, stretch := range stretches {
						for _, p := range stretch.Prefixes {
							if p.Contains(ip) {
								answer = stretch.Answer
							}
						}
					}
					from, to := policy.PodEnd(a), policy.RangeEnd(netip.PrefixFrom(ip, ip.BitLen()))
					if d == policy.Ingress {
						from, to = to, from
					}
					if wrong = sameFlows(set, answer, from, to, family, &unknown); wrong != "" {
						return wrong, unknown
					}
				}
			}
		}
	}
	return "", unknown
}

// sameFlows holds what is said of the ports between two ends against the evaluator.
func sameFlows(set *policy.Set, answer flows.Answer, from, to policy.Endpoint, family corev1.IPFamily, unknown *int) string {
	for _, protocol := range flows.Protocols {
		for _, port := range []int32{1, 53, 79, 80, 81, 8079, 8080, 15008, 65535} {
			want := set.Evaluate(ends.Direct(set.Snapshot(), from, to, protocol, port, family))
			got := policy.Denied
			switch {
			case answer.Must.Has(protocol, port):
				got = policy.Allowed
			case answer.May.Has(protocol, port):
				got = policy.Unknown
				*unknown++
			}
			if got != want.Verdict {
				return fmt.Sprintf("%s to %s %s:%d/%s: the sets say %s, the evaluator %s", from.Ref(), to.Ref(), family, port, protocol, got, says(want))
			}
			if got == policy.Unknown && len(answer.Facts) == 0 {
				return fmt.Sprintf("%s to %s: nothing that %d/%s hangs on", from.Ref(), to.Ref(), port, protocol)
			}
		}
	}
	return ""
}

func talks(p *cluster.Pod, f corev1.IPFamily) bool {
	return len(p.IPs) == 0 || addressOf(policy.PodEnd(p), f).IsValid()
}

// Whole sets of flows are judged as each flow by itself, whatever is open and whatever the plugin.
func TestSetsAgreeWithFlows(t *testing.T) {
	t.Parallel()
	plugins := []*policy.Profile{nil, nil, nil}
	for i := range policy.Profiles {
		plugins = append(plugins, &policy.Profiles[i])
	}
	unknown := 0
	for seed := range uint64(worlds) {
		m := maker{dice: seeded(seed), open: seed%2 == 0, plugin: plugins[seed%uint64(len(plugins))]}
		w := m.world()
		set := w.set()
		if seed%3 == 0 {
			set = w.crowded(m.dice)
		}
		wrong, open := everyFlow(set)
		if wrong != "" {
			t.Fatalf("seed %d: %s\n%s", seed, wrong, world{snapshot: set.Snapshot(), profile: w.profile}.show(policy.Flow{Source: policy.NameEnd("any"), Destination: policy.NameEnd("any")}))
		}
		unknown += open
	}
	if unknown == 0 {
		t.Error("nothing is unknown in any world")
	}
}

// FuzzSets lets a fuzzer make the world.
func FuzzSets(f *testing.F) {
	for seed := range uint64(20) {
		d := seeded(seed)
		bytes := make([]byte, 200)
		for i := range bytes {
			bytes[i] = byte(d.roll(256))
		}
		f.Add(seed%2 == 0, seed%3 == 0, bytes)
	}
	f.Fuzz(func(t *testing.T, open, crowded bool, bytes []byte) {
		m := &maker{dice: &byteDice{bytes}, open: open}
		w := m.world()
		set := w.set()
		if crowded {
			set = w.crowded(m.dice)
		}
		if wrong, _ := everyFlow(set); wrong != "" {
			t.Fatalf("%s\n%s", wrong, world{snapshot: set.Snapshot(), profile: w.profile}.show(policy.Flow{Source: policy.NameEnd("any"), Destination: policy.NameEnd("any")}))
		}
	})
}
