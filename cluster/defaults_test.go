package cluster_test

import (
	"fmt"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// What the API server fills in.
func TestDefaultPolicy(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ spec, types, protocols string }{
		{`{podSelector: {}}`, "[Ingress]", ""},
		{`{podSelector: {}, policyTypes: []}`, "[Ingress]", ""},
		{`{podSelector: {}, ingress: []}`, "[Ingress]", ""},
		{`{podSelector: {}, egress: []}`, "[Ingress]", ""},
		{`{podSelector: {}, egress: null}`, "[Ingress]", ""},
		{`{podSelector: {}, ingress: [{}]}`, "[Ingress]", ""},
		{`{podSelector: {}, egress: [{}]}`, "[Ingress Egress]", ""},
		{`{podSelector: {}, ingress: [{}], egress: [{}]}`, "[Ingress Egress]", ""},
		{`{podSelector: {}, policyTypes: [Egress]}`, "[Egress]", ""},
		{`{podSelector: {}, policyTypes: [Egress], ingress: [{}]}`, "[Egress]", ""},
		{`{podSelector: {}, policyTypes: [Ingress], egress: [{}]}`, "[Ingress]", ""},
		{`{podSelector: {}, policyTypes: [Egress, Ingress]}`, "[Egress Ingress]", ""},
		{`{podSelector: {}, ingress: [{ports: [{port: 80}, {}, {port: dns, protocol: UDP}]}]}`, "[Ingress]", "TCP TCP UDP "},
		{`{podSelector: {}, egress: [{ports: [{protocol: SCTP}]}, {ports: [{port: 1, endPort: 2}]}]}`, "[Ingress Egress]", "SCTP TCP "},
	} {
		np := &networkingv1.NetworkPolicy{Spec: *read[networkingv1.NetworkPolicySpec](t, row.spec)}
		for range 2 { // once more changes nothing
			cluster.DefaultPolicy(np)
			protocols := ""
			for _, r := range np.Spec.Ingress {
				for _, p := range r.Ports {
					protocols += string(*p.Protocol) + " "
				}
			}
			for _, r := range np.Spec.Egress {
				for _, p := range r.Ports {
					protocols += string(*p.Protocol) + " "
				}
			}
			if got := show(np.Spec.PolicyTypes); got != row.types || protocols != row.protocols {
				t.Errorf("%s: types %s, protocols %q; want %s, %q", row.spec, got, protocols, row.types, row.protocols)
			}
		}
	}
}

// Whether somebody thought of the types can be seen from the object, or from what was applied.
func TestNewPolicyRemembersWhetherTypesWereDefaulted(t *testing.T) {
	t.Parallel()
	const stored = `{metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: '%s'}}, spec: {podSelector: {}, policyTypes: [Ingress]}}`
	for _, row := range []struct {
		text string
		want bool
	}{
		{`{spec: {podSelector: {}}}`, true},
		{`{spec: {podSelector: {}, policyTypes: []}}`, true},
		{`{spec: {podSelector: {}, policyTypes: [Ingress]}}`, false},
		{fmt.Sprintf(stored, `{"spec":{"podSelector":{}}}`), true},
		{fmt.Sprintf(stored, `{"spec":{"podSelector":{},"policyTypes":["Ingress"]}}`), false},
	} {
		p := cluster.NewPolicy(read[networkingv1.NetworkPolicy](t, row.text), cluster.Origin{})
		if p.TypesDefaulted != row.want || len(p.Spec.PolicyTypes) == 0 {
			t.Errorf("%s: defaulted %v, types %v; want %v", row.text, p.TypesDefaulted, p.Spec.PolicyTypes, row.want)
		}
	}
}
