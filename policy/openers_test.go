package policy_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// TestOpeners: only what may let through what NetworkPolicies deny, and may select the pod, counts.
func TestOpeners(t *testing.T) {
	t.Parallel()
	pod := &cluster.Pod{Namespace: "shop", Name: "web", Labels: cluster.Labels{Known: map[string]string{"app": "web"}}}
	cilium := func(app, field string) *cluster.Foreign {
		return &cluster.Foreign{Ref: cluster.Ref{APIVersion: "cilium.io/v2", Kind: "CiliumClusterwideNetworkPolicy", Name: "x"}, Spec: map[string]any{
			"endpointSelector": map[string]any{"matchLabels": map[string]any{"app": app}}, field: []any{map[string]any{}},
		}}
	}
	admin := func(kind, action string) *cluster.Foreign {
		return &cluster.Foreign{Ref: cluster.Ref{APIVersion: "policy.networking.k8s.io/v1alpha1", Kind: kind, Name: "x"}, Spec: map[string]any{
			"subject": map[string]any{"namespaces": map[string]any{}}, "ingress": []any{map[string]any{"action": action}},
		}}
	}
	for name, row := range map[string]struct {
		object *cluster.Foreign
		gap    string
		reason cluster.GapReason
		want   policy.FactKind
	}{
		"a rule that admits":           {object: cilium("web", "ingress"), want: policy.OtherLayer},
		"of other pods":                {object: cilium("db", "ingress")},
		"a rule that denies":           {object: cilium("web", "ingressDeny")},
		"an admin's Allow":             {object: admin("AdminNetworkPolicy", "Allow"), want: policy.OtherLayer},
		"an admin's Deny":              {object: admin("AdminNetworkPolicy", "Deny")},
		"an Allow of the baseline":     {object: admin("BaselineAdminNetworkPolicy", "Allow")},
		"what could not be read":       {gap: "globalnetworkpolicies.projectcalico.org", reason: cluster.Forbidden, want: policy.LayerUnread},
		"what is not there":            {gap: "globalnetworkpolicies.projectcalico.org", reason: cluster.NotServed},
		"a firewall, which only shuts": {gap: "egressfirewalls.k8s.ovn.org", reason: cluster.Forbidden},
		"what is no policy":            {gap: "nodes", reason: cluster.Forbidden},
	} {
		s := &cluster.Snapshot{Pods: []*cluster.Pod{pod}, Namespaces: []*cluster.Namespace{{Name: "shop"}}}
		if row.object != nil {
			s.Foreign = []*cluster.Foreign{row.object}
		} else {
			s.Gaps = []cluster.Gap{{Resource: row.gap, Reason: row.reason}}
		}
		got := policy.Compile(s.Seal(), policy.Profiles[0]).Openers(pod)
		if (len(got) == 1) != (row.want != "") || len(got) > 0 && got[0].Kind != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
