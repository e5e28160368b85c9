package policy

import (
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// With returns a set in which one policy is replaced, or added if there is none of its name. The
// receiver is not changed.
func (s *Set) With(p *cluster.Policy) *Set {
	next := s.clone()
	list := slices.DeleteFunc(slices.Clone(s.policies[p.Namespace]), func(c *compiled) bool { return c.policy.Name == p.Name })
	next.policies[p.Namespace] = append(list, next.compile(p))
	slices.SortFunc(next.policies[p.Namespace], func(a, b *compiled) int { return a.policy.Ref().Compare(b.policy.Ref()) })
	next.finish()
	return next
}

// clone returns a copy to which policies can be added.
func (s *Set) clone() *Set {
	next := *s
	next.policies = maps.Clone(s.policies)
	next.labelValues = make(map[string][]string, len(s.labelValues))
	for key, values := range s.labelValues {
		next.labelValues[key] = slices.Clone(values)
	}
	next.blocks = slices.Clone(s.blocks)
	return &next
}

// Over returns the same policies over another picture of the cluster, in which pods or namespaces
// may have other labels. The receiver is not changed.
func (s *Set) Over(snapshot *cluster.Snapshot) *Set {
	next := s.clone()
	next.snapshot, next.layers, next.selected = snapshot, nil, &selections{}
	next.residents = residentsOf(snapshot)
	for _, f := range snapshot.Foreign {
		if l := next.compileLayer(f); l != nil {
			next.layers = append(next.layers, l)
		}
	}
	next.finish()
	return next
}

// Policies returns the policies of a namespace that the set judges by, sorted by name.
func (s *Set) Policies(namespace string) []*cluster.Policy {
	var out []*cluster.Policy
	for _, c := range s.policies[namespace] {
		out = append(out, c.policy)
	}
	return out
}

func (s *Set) find(p *cluster.Policy) *compiled {
	for _, c := range s.policies[p.Namespace] {
		if c.policy.Name == p.Name {
			return c
		}
	}
	return nil
}

// Selected returns the subjects that a policy's podSelector matches for certain. Complete is
// false when there may be more of them than were read.
func (s *Set) Selected(p *cluster.Policy) (pods []*cluster.Pod, complete bool) {
	return s.selected.of(s, s.find(p))
}

// selections remembers what the policies of a Set select, which searches ask for again and again.
// Sets that differ in policies only share it.
type selections struct {
	mu    sync.Mutex
	known map[*compiled]selected
}

type selected struct {
	pods     []*cluster.Pod
	complete bool
}

func (m *selections) of(s *Set, c *compiled) ([]*cluster.Pod, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[c]; !ok {
		if m.known == nil {
			m.known = map[*compiled]selected{}
		}
		pods, complete := s.selects(c)
		m.known[c] = selected{slices.Clip(pods), complete}
	}
	return m.known[c].pods, m.known[c].complete
}

func (s *Set) selects(c *compiled) (pods []*cluster.Pod, complete bool) {
	p := c.policy
	complete = s.snapshot.Read.Whole(p.Namespace)
	for _, pod := range s.snapshot.Subjects(p.Namespace) {
		switch t, _ := s.match(&world{}, c.subject, labelledPod(pod)); t {
		case Yes:
			pods = append(pods, pod)
		case Maybe:
			complete = false
		}
	}
	return pods, complete
}

// PeerPods returns the pods that one peer of a rule selects for certain; none for an ipBlock.
// Complete is false when there may be more of them than were read.
func (s *Set) PeerPods(ref RuleRef) (pods []*cluster.Pod, complete bool) {
	p := s.find(ref.Policy).rules[ref.Direction][ref.Rule].peers[ref.Peer]
	if p.block != nil {
		return nil, false
	}
	own := ref.Policy.Namespace
	namespaces := []string{own}
	complete = true
	if p.namespace != nil {
		namespaces = namespaces[:0]
		complete = s.snapshot.Read.All || s.snapshot.Read.NamespaceObjects
		for _, n := range s.snapshot.AllNamespaces() {
			switch t, _ := s.match(&world{}, p.namespace, labelledNamespace(n)); t {
			case Yes:
				namespaces = append(namespaces, n.Name)
			case Maybe:
				complete = false
			}
		}
	}
	for _, n := range namespaces {
		complete = complete && s.snapshot.Read.Whole(n)
		for _, pod := range s.snapshot.Subjects(n) {
			switch t, _ := s.matchPeer(&world{}, p, view{end: PodEnd(pod)}); t {
			case Yes:
				pods = append(pods, pod)
			case Maybe:
				complete = false
			}
		}
	}
	return pods, complete
}

// Selection is whether a policy selects a pod, and the first reason why not.
type Selection struct {
	Policy   *cluster.Policy
	Selects  Truth
	Mismatch *Mismatch
}

// Selections holds every policy of a pod's namespace against the pod.
func (s *Set) Selections(p *cluster.Pod) []Selection {
	var out []Selection
	for _, c := range s.policies[p.Namespace] {
		t, why := s.match(&world{}, c.subject, labelledPod(p))
		out = append(out, Selection{Policy: c.policy, Selects: t, Mismatch: why})
	}
	return out
}

// MatchNamespace holds the namespaceSelector of a peer against a namespace. It returns nil for a
// peer without one; the Truth of what it returns says whether it matches.
func (s *Set) MatchNamespace(ref RuleRef, namespace string) *Mismatch {
	p := s.find(ref.Policy).rules[ref.Direction][ref.Rule].peers[ref.Peer]
	if p.namespace == nil {
		return nil
	}
	t, why := s.match(&world{}, p.namespace, labelledNamespace(s.snapshot.Namespace(namespace)))
	if why == nil {
		why = &Mismatch{}
	}
	why.Truth = t
	return why
}

// MatchPort holds the ports of a rule against a port that a pod declares.
func (s *Set) MatchPort(ref RuleRef, pod *cluster.Pod, c cluster.ContainerPort) Truth {
	t, _ := s.matchPorts(&world{}, s.whole(ref), Flow{Destination: PodEnd(pod), Protocol: c.Protocol}, c.Number)
	return t
}

// MatchPod holds one peer of a rule against a pod at one of its own addresses.
func (s *Set) MatchPod(ref RuleRef, pod *cluster.Pod, family corev1.IPFamily) Truth {
	t, _ := s.matchPeer(&world{}, s.whole(ref).peers[ref.Peer], view{end: PodEnd(pod), flow: Flow{Family: family}})
	return t
}
