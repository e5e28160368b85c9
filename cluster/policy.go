package cluster

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// Policy is a NetworkPolicy as the API server stores it (defaulted), and where it is from.
type Policy struct {
	*networkingv1.NetworkPolicy
	// TypesDefaulted: whoever wrote the policy left policyTypes out, so that a direction may be
	// isolated that nobody thought of.
	TypesDefaulted bool
	// EmptyEgress: whoever wrote the policy wrote "egress: []", which an API server does not keep.
	EmptyEgress bool
	History     History // of its spec
	Origin      Origin
}

// NewPolicy defaults a NetworkPolicy as the API server does and keeps whether policyTypes was
// left out: in the object itself, or in what kubectl says was applied last. Who wrote which field
// is kept as its History; it is no part of the policy.
func NewPolicy(np *networkingv1.NetworkPolicy, origin Origin) *Policy {
	p := &Policy{NetworkPolicy: np, History: NewHistory(&np.ObjectMeta, "spec"), Origin: origin, TypesDefaulted: len(np.Spec.PolicyTypes) == 0}
	np.ManagedFields = nil
	p.EmptyEgress = np.Spec.Egress != nil && len(np.Spec.Egress) == 0
	if applied, ok := np.Annotations[corev1.LastAppliedConfigAnnotation]; ok {
		p.TypesDefaulted = p.TypesDefaulted || !strings.Contains(applied, `"policyTypes"`)
		p.EmptyEgress = p.EmptyEgress || len(np.Spec.Egress) == 0 && appliedEgress(applied)
	}
	if saved, ok := np.Annotations[WrittenAnnotation]; ok {
		w := readWritten(saved)
		p.TypesDefaulted, p.EmptyEgress = w.TypesDefaulted, w.EmptyEgress
	}
	DefaultPolicy(np)
	return p
}

// appliedEgress tells whether what kubectl applied last has egress rules, or an empty list of them.
func appliedEgress(applied string) bool {
	var object struct {
		Spec map[string]json.RawMessage `json:"spec"`
	}
	if json.Unmarshal([]byte(applied), &object) != nil {
		return false
	}
	_, there := object.Spec["egress"]
	return there
}

// Ref names the policy.
func (p *Policy) Ref() Ref {
	return Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: p.Namespace, Name: p.Name}
}

// Foreign is a policy object of another layer (an admin tier, a network plugin's own kind, a
// mesh), kept as it was found: policy reads from Spec what it needs to know of it.
type Foreign struct {
	Ref
	Spec    map[string]any
	History History // of its spec
	Origin  Origin
}
