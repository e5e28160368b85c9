package cluster

import (
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
	History        History // of its spec
	Origin         Origin
}

// NewPolicy defaults a NetworkPolicy as the API server does and keeps whether policyTypes was
// left out: in the object itself, or in what kubectl says was applied last. Who wrote which field
// is kept as its History; it is no part of the policy.
func NewPolicy(np *networkingv1.NetworkPolicy, origin Origin) *Policy {
	p := &Policy{NetworkPolicy: np, History: NewHistory(&np.ObjectMeta, "spec"), Origin: origin, TypesDefaulted: len(np.Spec.PolicyTypes) == 0}
	np.ManagedFields = nil
	if applied, ok := np.Annotations[corev1.LastAppliedConfigAnnotation]; ok {
		p.TypesDefaulted = p.TypesDefaulted || !strings.Contains(applied, `"policyTypes"`)
	}
	DefaultPolicy(np)
	return p
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
