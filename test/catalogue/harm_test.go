package catalogue

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/file"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// connection is one pod, or the template of a workload, that may talk to another on a port that
// the latter declares, or that a Service leads to.
type connection struct {
	from, to ref
	port     int32
	protocol corev1.Protocol
}

// town is a whole cluster as policies see it: who may talk to whom, and what each pod belongs to.
type town struct {
	verdicts map[connection]policy.Verdict
	owners   map[ref]ref
}

// townOf judges every pair of pods of a cluster on every port that is declared or that a Service
// leads to.
func townOf(t *testing.T, q *question, objects []object) town {
	t.Helper()
	source, err := file.Open(t.Context(), []string{folderOf(t, objects)}, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := source.Read(t.Context(), cluster.Scope{All: true})
	if err != nil {
		t.Fatal(err)
	}
	var declared *policy.Profile
	if p, ok := policy.ProfileNamed(q.flag("--network-plugin")); ok {
		declared = &p
	}
	_, profile := policy.Recognise(s, declared)
	set := policy.Compile(s, profile)
	out := town{verdicts: map[connection]policy.Verdict{}, owners: map[ref]ref{}}
	var pods []*cluster.Pod
	for _, n := range s.AllNamespaces() {
		pods = append(pods, s.Subjects(n.Name)...)
	}
	for _, pod := range pods {
		out.owners[refOf(pod.Ref())] = refOf(pod.Ref())
		if w := s.WorkloadOf(pod); w != nil {
			out.owners[refOf(pod.Ref())] = refOf(w.Ref)
		}
	}
	for _, from := range pods {
		for _, to := range pods {
			for _, port := range portsOf(s, to) {
				if from == to {
					continue
				}
				f := policy.Flow{
					Source: policy.PodEnd(from), Destination: policy.PodEnd(to), Protocol: port.Protocol, Family: corev1.IPv4Protocol,
					Dialled: policy.Tuple{Port: port.Number}, Arriving: policy.Tuple{Port: port.Number},
				}
				for _, ip := range to.IPs {
					if ip.Is4() {
						f.Dialled.Address, f.Arriving.Address = ip, ip
					}
				}
				out.verdicts[connection{refOf(from.Ref()), refOf(to.Ref()), port.Number, port.Protocol}] = set.Evaluate(f).Verdict
			}
		}
	}
	return out
}

// portsOf are the ports that a pod declares, and those that Services send to by number.
func portsOf(s *cluster.Snapshot, pod *cluster.Pod) []cluster.ContainerPort {
	out := slices.Clone(pod.Ports)
	for _, v := range s.Services {
		if !slices.Contains(s.SelectedBy(v), pod) {
			continue
		}
		for _, p := range v.Ports {
			number := p.TargetPort.IntVal
			if number == 0 && p.TargetPort.StrVal == "" {
				number = p.Port
			}
			same := func(c cluster.ContainerPort) bool { return c.Number == number && c.Protocol == p.Protocol }
			if number != 0 && !slices.ContainsFunc(out, same) {
				out = append(out, cluster.ContainerPort{Number: number, Protocol: p.Protocol})
			}
		}
	}
	return out
}

// testKept: no connection of a question that was allowed before the fixes is denied after them.
func testKept(t *testing.T, q *question, got, after answer, fixes []fix) {
	t.Helper()
	for _, was := range got.Pairs {
		lost := func(is pair) bool {
			return is.Verdict == "Denied" && is.Flow == was.Flow && overlap(was.Sources, is.Sources) && overlap(was.Destinations, is.Destinations)
		}
		if was.Verdict == "Allowed" && slices.ContainsFunc(after.Pairs, lost) {
			t.Errorf("line %d: %s\nthe fix takes away what the question found allowed: %+v\n%v", q.line, q.text, was, fixes)
		}
	}
	for _, f := range after.Findings {
		for _, protocol := range []string{"udp", "tcp"} {
			if f.Evidence[protocol] == "Denied" && !slices.ContainsFunc(got.Findings, func(was finding) bool { return was.Evidence[protocol] == "Denied" }) {
				t.Errorf("line %d: %s\nthe fix takes DNS over %s away: %s\n%v", q.line, q.text, protocol, f.Message, fixes)
			}
		}
	}
}

func overlap(a, b []ref) bool {
	return slices.ContainsFunc(a, func(r ref) bool { return slices.Contains(b, r) })
}

// refOf leaves the version out, as documents do where they name an end.
func refOf(r cluster.Ref) ref { return ref{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name} }

// flag returns the value of a flag of the command line.
func (q *question) flag(name string) string {
	words := q.words()
	if i := slices.Index(words, name); i >= 0 && i+1 < len(words) {
		return words[i+1]
	}
	return ""
}

// testHarm: what was allowed before the fixes is allowed after them. Where a rule was missing,
// nothing is allowed after them that was not before, but what was asked about, for all pods of the
// same workloads.
func (a *archive) testHarm(t *testing.T, q *question, got answer, fixes []fix) {
	t.Helper()
	objects := a.objects(t, q)
	before := townOf(t, q, objects)
	after := townOf(t, q, repaired(t, objects, forms["as stored"], fixes))
	missing := !q.wider
	for _, f := range got.Findings {
		missing = missing && (len(f.Fix) == 0 || f.Code == "NPD401" || f.Code == "NPD402")
	}
	asked := func(c connection) bool {
		return slices.ContainsFunc(got.Pairs, func(p pair) bool {
			return p.Flow.Arriving == c.port && p.Flow.Protocol == c.protocol && before.alike(p.Sources, c.from) && before.alike(p.Destinations, c.to)
		})
	}
	for c, verdict := range before.verdicts {
		switch now := after.verdicts[c]; {
		case verdict == policy.Allowed && now != policy.Allowed:
			t.Errorf("line %d: %s\nthe fix takes away what was allowed: %v becomes %s\n%v", q.line, q.text, c, now, fixes)
		case verdict != policy.Allowed && now == policy.Allowed && missing && !asked(c):
			t.Errorf("line %d: %s\nthe fix opens more than was asked about: %v\n%v", q.line, q.text, c, fixes)
		}
	}
}

// alike tells whether an end belongs to the workload of one that was asked about.
func (w town) alike(asked []ref, end ref) bool {
	return slices.ContainsFunc(asked, func(r ref) bool { return w.owners[r] == w.owners[end] })
}

// String prints a connection as it is asked for.
func (c connection) String() string {
	end := func(r ref) string { return fmt.Sprintf("%s %s/%s", r.Kind, r.Namespace, r.Name) }
	return fmt.Sprintf("%s → %s:%d/%s", end(c.from), end(c.to), c.port, c.protocol)
}
