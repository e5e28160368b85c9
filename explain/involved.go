package explain

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// involved is everything that takes part in a connection, each object once.
type involved struct {
	policies   []*cluster.Policy
	others     []*cluster.Foreign // policies of other layers
	namespaces []*cluster.Namespace
	services   []*cluster.Service
	workloads  []*cluster.Workload
	pods       []*cluster.Pod
	bare       []*cluster.Pod // those of the pods that no workload stands for
}

func (d *Diagnosis) involved() *involved {
	in := &involved{}
	d.involvePolicies(in)
	for _, e := range []*cluster.Service{d.Destination.Service, d.Destination.Alias} {
		in.services = once(in.services, e)
	}
	pods := slices.Concat(d.Source.Pods, d.Destination.Pods)
	for _, a := range d.Answers {
		in.services = once(in.services, a.Route.Service)
		for _, j := range a.Pairs {
			for _, e := range slices.Concat(j.Sources, j.Destinations) {
				pods = append(pods, e.Pod)
			}
		}
	}
	for _, v := range in.services {
		pods = append(pods, d.Snapshot.SelectedBy(v)...)
	}
	d.involvePods(in, pods)
	names := []string{d.Source.Ref.Namespace, d.Destination.Ref.Namespace}
	for _, p := range in.pods {
		names = append(names, p.Namespace)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if d.Snapshot.HasNamespace(name) {
			in.namespaces = append(in.namespaces, d.Snapshot.Namespace(name))
		}
	}
	return in
}

// involvePolicies adds the policies that isolate, or may isolate, either end or a client of DNS,
// those that admit, those that nearly do, and those of other layers that may reverse the verdict.
func (d *Diagnosis) involvePolicies(in *involved) {
	answers, causes := slices.Concat(d.Answers, d.Upstream), slices.Clone(d.Causes)
	for _, l := range d.DNS {
		answers, causes = append(answers, l.Answers...), append(causes, l.Causes...)
	}
	eachDecision(answers, func(_ check.Judged, decision policy.Decision) {
		for _, side := range []policy.DirectionDecision{decision.Egress, decision.Ingress} {
			for _, f := range side.Others {
				in.others = once(in.others, f)
			}
			for _, np := range side.Isolating {
				in.policies = once(in.policies, np)
			}
			for _, r := range side.Admitting {
				in.policies = once(in.policies, r.Policy)
			}
			for _, t := range side.Trace {
				if t.Isolates != policy.No {
					in.policies = once(in.policies, t.Policy)
				}
			}
		}
	})
	// An edit may be of a policy that another edit changed; what counts is the one that is there.
	var near []cluster.Ref
	for _, c := range causes {
		near = append(near, refsOf(c.Edits)...)
	}
	for _, f := range d.Findings {
		if f.Cause || f.Severity == check.Error {
			near = append(near, f.Object)
		}
	}
	for _, np := range d.Snapshot.Policies {
		if slices.Contains(near, np.Ref()) {
			in.policies = once(in.policies, np)
		}
	}
}

func refsOf(edits []change.Edit) []cluster.Ref {
	var refs []cluster.Ref
	for _, e := range edits {
		if refs = append(refs, e.Object); e.Rule.Policy != nil {
			refs = append(refs, e.Rule.Policy.Ref())
		}
	}
	return refs
}

// involvePods adds pods with their workloads. Templates that stand for the pods of a workload are
// no pods.
func (d *Diagnosis) involvePods(in *involved, pods []*cluster.Pod) {
	seen := map[*cluster.Pod]bool{nil: true}
	for _, p := range pods {
		if seen[p] {
			continue
		}
		seen[p] = true
		w := d.Snapshot.WorkloadOf(p)
		in.workloads = once(in.workloads, w)
		if !p.Template {
			in.pods = append(in.pods, p)
		}
		if w == nil && !p.Template {
			in.bare = append(in.bare, p)
		}
	}
}

// once adds an object that is not nil and not there yet.
func once[T any](list []*T, one *T) []*T {
	if one == nil || slices.Contains(list, one) {
		return list
	}
	return append(list, one)
}

func eachDecision(answers []check.Answer, do func(check.Judged, policy.Decision)) {
	for _, a := range answers {
		for _, j := range a.Pairs {
			for _, decision := range j.Decisions {
				do(j, decision)
			}
		}
	}
}

// newestReplicaSet returns the ReplicaSet with the newest pod template that a Deployment had, or
// nil. When it goes back to an older template, it uses the ReplicaSet that it had for that.
// Source: concept page "Deployments".
func (d *Diagnosis) newestReplicaSet(w *cluster.Workload) *cluster.Workload {
	if w.Kind != "Deployment" {
		return nil
	}
	var newest *cluster.Workload
	for _, rs := range d.Snapshot.Workloads {
		owned := rs.Kind == "ReplicaSet" && rs.Namespace == w.Namespace && rs.Owner.Kind == w.Kind && rs.Owner.Name == w.Name
		if owned && (newest == nil || rs.History.Created.After(newest.History.Created)) {
			newest = rs
		}
	}
	return newest
}

// timeNotes says what the times explain: why what is denied may still be seen to work, and why a
// pod that has only just started may fare otherwise than policies say.
func (d *Diagnosis) timeNotes(in *involved, observed time.Time) []string {
	var notes []string
	if np := d.newerThanPods(); np != nil {
		notes = append(notes, fmt.Sprintf("%s/%s was written after the pods of both ends had started: a connection that was open before may go on working", np.Namespace, np.Name))
	}
	if observed.IsZero() {
		return notes
	}
	var youngest *cluster.Pod
	for _, p := range in.pods {
		if !p.Started.IsZero() && (youngest == nil || p.Started.After(youngest.Started)) {
			youngest = p
		}
	}
	if youngest != nil && observed.Sub(youngest.Started) <= startUp {
		ago := duration.HumanDuration(max(0, observed.Sub(youngest.Started)))
		notes = append(notes, fmt.Sprintf("%s started %s ago: network plugins may take seconds until they enforce policies on a new pod; until then all or nothing may be let through", youngest.Ref(), ago))
	}
	return notes
}

// startUp is how young a pod is while what happens to it need not be what policies say; no number
// is specified. Source: concept page "Network Policies", pod lifecycle: what rules allow may follow
// after the isolation, and a pod can start before a policy has been handled.
const startUp = 30 * time.Second

// newerThanPods returns the newest policy that isolates in a direction that is denied and was
// written after both ends had started, or nil. Network plugins need not close connections that are
// open when a policy comes. Source: concept page "Network Policies", impact on existing connections:
// implementation defined.
func (d *Diagnosis) newerThanPods() *cluster.Policy {
	var newest *cluster.Policy
	var at time.Time
	eachDecision(d.Answers, func(j check.Judged, decision policy.Decision) {
		for _, side := range []policy.DirectionDecision{decision.Egress, decision.Ingress} {
			if side.Verdict != policy.Denied {
				continue
			}
			for _, np := range side.Isolating {
				w, ok := np.History.Last("")
				if ok && w.Time.After(at) && startedBefore(j.Sources, w.Time) && startedBefore(j.Destinations, w.Time) {
					newest, at = np, w.Time
				}
			}
		}
	})
	return newest
}

// startedBefore tells whether some of the ends were there before a time. Of what is no pod it is not
// known and taken to be so.
func startedBefore(ends []policy.Endpoint, t time.Time) bool {
	return slices.ContainsFunc(ends, func(e policy.Endpoint) bool {
		return e.Pod == nil || !e.Pod.Started.IsZero() && e.Pod.Started.Before(t)
	})
}
