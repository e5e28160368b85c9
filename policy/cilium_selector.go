package policy

import (
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// ciliumSelector is an endpointSelector, taken apart by whose labels it asks for. All parts must
// match.
type ciliumSelector struct {
	pod, namespace *selector
	// names are what it asks of the name of the pod's namespace.
	names []requirement
	// own: the policy has a namespace of its own, which Cilium puts in place of another name.
	own bool
	// unclear: it asks for a label whose value is Cilium's, not the cluster's.
	unclear bool
}

// The labels that Cilium gives endpoints by itself, of which the value is known here.
// Source: Cilium documentation, "Endpoints Lifecycle" and "Layer 3 Policies", "Namespaces".
const (
	ciliumNamespaceName   = "io.kubernetes.pod.namespace"
	ciliumNamespaceLabels = "io.cilium.k8s.namespace.labels."
)

// ciliumSelector reads an endpointSelector of a policy in a namespace, or in none. It returns nil
// when it makes no sense.
func (s *Set) ciliumSelector(raw any, namespace string) *ciliumSelector {
	all := s.labelSelector(raw)
	if all == nil {
		return nil
	}
	c := &ciliumSelector{pod: &selector{}, namespace: &selector{}, own: namespace != ""}
	for _, r := range all.requirements {
		switch source, key := cutSource(r.key); {
		case source != "k8s" && source != "any":
			c.unclear = true
		case key == ciliumNamespaceName:
			c.names = append(c.names, r)
		case strings.HasPrefix(key, ciliumNamespaceLabels):
			r.key = strings.TrimPrefix(key, ciliumNamespaceLabels)
			c.namespace.requirements = append(c.namespace.requirements, r)
		case ciliumLabel(key):
			c.unclear = true
		default:
			r.key = key
			c.pod.requirements = append(c.pod.requirements, r)
		}
	}
	s.remember(c.pod)
	s.remember(c.namespace)
	return c
}

// cutSource takes the source off a label key. A key without one is of any source.
// Source: Cilium documentation, "Terminology", "Label Source".
func cutSource(key string) (source, rest string) {
	if source, rest, found := strings.Cut(key, ":"); found {
		return source, rest
	}
	return "any", key
}

// ciliumLabel tells whether a label without its source is one that Cilium gives its endpoints by
// itself: what it means is Cilium's, not the pod's.
// Source: Cilium documentation, "Endpoint Selectors" and "Identity-Relevant Labels".
func ciliumLabel(key string) bool {
	return strings.HasPrefix(key, "io.kubernetes.") || strings.HasPrefix(key, "io.cilium.") || strings.HasPrefix(key, "reserved.")
}

// selectsEndpoint tells whether the selector may select a pod.
func (s *Set) selectsEndpoint(w *world, c *ciliumSelector, p *cluster.Pod) Truth {
	result := Yes
	if c.unclear {
		result = Maybe
	}
	if slices.ContainsFunc(c.names, func(r requirement) bool { return !r.holds(p.Namespace, true) }) {
		result = No
		if c.own {
			// Source: Cilium's k8s.ParseToCiliumRule, which puts the policy's namespace in its place.
			result = Maybe
		}
	}
	result = and(result, s.matchOrMaybe(w, c.pod, labelledPod(p)))
	return and(result, s.matchOrMaybe(w, c.namespace, labelledNamespace(s.snapshot.Namespace(p.Namespace))))
}
