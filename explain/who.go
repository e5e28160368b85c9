package explain

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Who is whom a peer of a rule means: by what it says, and as far as it was read, who that is now.
type Who struct {
	Means string // what the peer says
	Now   string // who that is; empty where Means says it already
	// Objects are the workloads that it selects now for certain, or the pods themselves that have
	// none; Namespaces those of which it selects every pod.
	Objects    []cluster.Ref
	Namespaces []string
	// Pods are those that it selects for certain; not filled where it selects whole namespaces.
	Pods []*cluster.Pod
	// Open says why it may mean others, too. Facts is what that hangs on.
	Open  string
	Facts []policy.Fact
	// Elsewhere: it may mean pods of namespaces that were not looked into. Unread: it may mean
	// others, and what would tell could not be read.
	Elsewhere, Unread bool
	home              string // the policy's own namespace
	// Nobody: it is certain that it means nobody now.
	Nobody bool
}

// mostNames is how many names a sentence has before the rest is counted.
const mostNames = 5

// folded joins names, and counts those that are too many.
func folded(names []string) string {
	if len(names) > mostNames+1 {
		return strings.Join(names[:mostNames], ", ") + fmt.Sprintf(" and %d more", len(names)-mostNames)
	}
	return strings.Join(names, ", ")
}

// owners returns the workloads of pods, and the pods themselves that have none, in the order of
// the pods; and how many pods of each there are, templates left out.
func owners(s *cluster.Snapshot, pods []*cluster.Pod) (refs []cluster.Ref, counts map[cluster.Ref]int) {
	counts = map[cluster.Ref]int{}
	for _, p := range pods {
		ref := p.Ref()
		if w := s.WorkloadOf(p); w != nil {
			ref = w.Ref
		}
		if !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
		if !p.Template {
			counts[ref]++
		}
	}
	return refs, counts
}

// namesOf names pods by their workloads, as targets are typed; those of a home namespace without
// it.
func namesOf(s *cluster.Snapshot, pods []*cluster.Pod, home string) (names []string, refs []cluster.Ref) {
	refs, counts := owners(s, pods)
	for _, r := range refs {
		short := r
		if r.Namespace == home {
			short.Namespace = ""
		}
		name := ends.Typed(short)
		n, of := counts[r], 0
		if w := s.Workload(r.Kind, r.Namespace, r.Name); w != nil {
			of = len(s.PodsOf(w))
		}
		switch {
		case n > 0 && n < of:
			name += fmt.Sprintf(" (%d of its %d pods)", n, of)
		case n > 1:
			name += fmt.Sprintf(" (%d pods)", n)
		}
		names = append(names, name)
	}
	return names, refs
}

// everybody is whom a rule means that names nobody.
// Source: networking/v1 NetworkPolicyIngressRule.From, NetworkPolicyEgressRule.To.
var everybody = Who{Means: "anywhere, inside the cluster and outside"}

// whoOf says whom one peer of a rule means.
func whoOf(set *policy.Set, ref policy.RuleRef) Who {
	peer := change.PeersOf(ref)[ref.Peer]
	home := ref.Policy.Namespace
	who := Who{Means: PeerText(peer, home), home: home}
	switch {
	case peer.IPBlock != nil:
	case peer.NamespaceSelector == nil:
		who.pods(set, ref, []string{home})
	case noRequirement(peer):
		in, open := who.namespaces(set, ref)
		if len(open) > 0 {
			who.Unread = true
			who.also("not known for namespaces whose labels are not known: " + folded(open))
			for _, n := range open {
				key := set.MatchNamespace(ref, n).Key
				who.Facts = append(who.Facts, policy.Fact{Kind: policy.NamespaceLabel, Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: n}, Key: key})
			}
		}
		who.whole(peer, in)
	default:
		in, open := who.namespaces(set, ref)
		who.pods(set, ref, slices.Sorted(slices.Values(slices.Concat(in, open))))
	}
	return who
}

// noRequirement tells whether a peer asks nothing of pods.
func noRequirement(p networkingv1.NetworkPolicyPeer) bool {
	return p.PodSelector == nil || len(p.PodSelector.MatchLabels)+len(p.PodSelector.MatchExpressions) == 0
}

// namespaces returns those that the namespaceSelector of a peer matches for certain, and those that
// it may match, and notes that not all are known.
func (w *Who) namespaces(set *policy.Set, ref policy.RuleRef) (in, open []string) {
	s := set.Snapshot()
	for _, n := range s.AllNamespaces() {
		switch set.MatchNamespace(ref, n.Name).Truth {
		case policy.Yes:
			in = append(in, n.Name)
		case policy.Maybe:
			open = append(open, n.Name)
		}
	}
	if !s.Read.All && !s.Read.NamespaceObjects {
		w.Unread = true
		w.also("there may be other namespaces: they could not be read")
	}
	return in, open
}

// whole is for a peer that means every pod of its namespaces.
func (w *Who) whole(peer networkingv1.NetworkPolicyPeer, in []string) {
	w.Namespaces = in
	labels := peer.NamespaceSelector.MatchLabels
	byName := len(labels) == 1 && labels[cluster.MetadataName] != "" && len(peer.NamespaceSelector.MatchExpressions) == 0
	all := len(labels)+len(peer.NamespaceSelector.MatchExpressions) == 0
	switch {
	case len(in) == 0 && w.Open == "":
		w.Now, w.Nobody = "nobody: no namespace matches", true
	case len(in) > 0 && !byName && !all:
		w.Now = "namespaces " + folded(in)
		if len(in) == 1 {
			w.Now = "namespace " + in[0]
		}
	}
}

// pods fills in which pods of some namespaces a peer selects.
func (w *Who) pods(set *policy.Set, ref policy.RuleRef, in []string) {
	s := set.Snapshot()
	var open []*cluster.Pod
	var why *policy.Mismatch
	for _, n := range in {
		looked, unread := lookedInto(s, n, ref.Policy.Namespace)
		w.Elsewhere = w.Elsewhere || !looked
		if unread {
			w.Unread = true
			w.also("not every pod of namespace " + n + " could be read")
		}
		for _, p := range s.Subjects(n) {
			switch t, m := set.MatchPeer(ref, p); t {
			case policy.Yes:
				w.Pods = append(w.Pods, p)
			case policy.Maybe:
				open, why = append(open, p), m
			}
		}
	}
	names, refs := namesOf(s, w.Pods, ref.Policy.Namespace)
	w.Objects = refs
	if len(open) > 0 {
		maybe, _ := namesOf(s, open, ref.Policy.Namespace)
		w.also("not known for " + folded(maybe) + ": " + maybeText(why))
		w.Facts = append(w.Facts, factOf(set, why, open[0])...)
		w.Unread = w.Unread || ofNamespace(*why)
	}
	switch {
	case len(names) > 0:
		w.Now = folded(names)
	case w.Open == "" && !w.Elsewhere:
		w.Now, w.Nobody = "nobody now", true
	}
}

// subjectResources are what a pod, or a workload without pods, is known by.
var subjectResources = []string{
	"pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch", "cronjobs.batch",
}

// lookedInto tells whether the pods of a namespace were asked for, as those of the home namespace
// always are, and whether some of them could not be read.
func lookedInto(s *cluster.Snapshot, namespace, home string) (looked, unread bool) {
	gap := func(resource string) bool { return len(s.GapsFor(resource, namespace)) > 0 }
	if slices.ContainsFunc(subjectResources, gap) {
		return true, true
	}
	beside := slices.ContainsFunc([]string{"services", "endpointslices.discovery.k8s.io", policy.PoliciesResource}, gap)
	return namespace == home || s.Read.Whole(namespace) || beside, false
}

func (w *Who) also(open string) {
	if w.Open != "" {
		open = w.Open + "; " + open
	}
	w.Open = open
}

// maybeText says why a selector may match.
func maybeText(m *policy.Mismatch) string {
	if m.Reason == policy.HostNetworkPod || m.Reason == policy.PluginDecides {
		return behaviourText(policy.Behaviour(m.Key))
	}
	return mismatchText(m, whom{"this one", "its namespace"})
}

// behaviourFact is that it is not known how the network plugin behaves.
func behaviourFact(set *policy.Set, b policy.Behaviour) policy.Fact {
	return policy.Fact{Kind: policy.PluginBehaviour, Object: cluster.Ref{Kind: "NetworkPlugin", Name: set.Profile().Name}, Key: string(b)}
}

// factOf is what a selector that may match a pod hangs on.
func factOf(set *policy.Set, m *policy.Mismatch, p *cluster.Pod) []policy.Fact {
	switch m.Reason {
	case policy.LabelMismatch:
		if ofNamespace(*m) {
			return []policy.Fact{{Kind: policy.NamespaceLabel, Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: p.Namespace}, Key: m.Key}}
		}
		return []policy.Fact{{Kind: policy.PodLabel, Object: p.Ref(), Key: m.Key}}
	case policy.LabelIgnored:
		return []policy.Fact{{Kind: policy.PodLabelIgnored, Object: cluster.Ref{Kind: "NetworkPlugin", Name: set.Profile().Name}, Key: m.Key}}
	case policy.HostNetworkPod, policy.PluginDecides:
		return []policy.Fact{behaviourFact(set, policy.Behaviour(m.Key))}
	}
	return nil
}

// Text puts it in one line: who it is now, and by what. Names without a namespace are those of the
// policy's own, so that need not be said again.
func (w Who) Text() string {
	text := w.Means
	if w.Now != "" {
		text = fmt.Sprintf("%s (%s)", w.Now, w.short())
	}
	if w.Open != "" {
		text += "; " + w.Open
	}
	return text
}

func (w Who) short() string {
	if w.Nobody {
		return w.Means
	}
	return strings.TrimSuffix(w.Means, " of namespace "+w.home)
}
