package plugin

import (
	"errors"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
)

// TestRivals: policies of other layers are facts, NetworkPolicies that something else made are an
// error, and what could not be read is a gap if it could have opened anything.
func TestRivals(t *testing.T) {
	t.Parallel()
	s := &live.Scratch{Namespace: "a", Guests: "b"}
	made := func(annotations map[string]string) *cluster.Policy {
		return cluster.NewPolicy(&networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "generated", Annotations: annotations}}, cluster.Origin{})
	}
	open := &cluster.Foreign{Ref: cluster.Ref{APIVersion: "cilium.io/v2", Kind: "CiliumClusterwideNetworkPolicy", Name: "open"}, Spec: map[string]any{
		"endpointSelector": map[string]any{}, "ingress": []any{map[string]any{}},
	}}
	for name, row := range map[string]struct {
		snapshot cluster.Snapshot
		kind     policy.FactKind
		gaps     int
		unable   bool
	}{
		"nothing is there":          {},
		"a policy of ours":          {snapshot: cluster.Snapshot{Policies: []*cluster.Policy{made(map[string]string{live.Annotation: "x"})}}},
		"a policy of somebody else": {snapshot: cluster.Snapshot{Policies: []*cluster.Policy{made(nil)}}, unable: true},
		"another layer":             {snapshot: cluster.Snapshot{Foreign: []*cluster.Foreign{open}}, kind: policy.OtherLayer},
		"another layer, unread":     {snapshot: cluster.Snapshot{Gaps: []cluster.Gap{{Resource: "adminnetworkpolicies.policy.networking.k8s.io", Reason: cluster.Forbidden}}}, kind: policy.LayerUnread, gaps: 1},
		"policies, unread":          {snapshot: cluster.Snapshot{Gaps: []cluster.Gap{{Resource: "networkpolicies.networking.k8s.io", Namespace: "a", Reason: cluster.Forbidden}}}, kind: policy.PoliciesUnread, gaps: 1},
		"what opens nothing":        {snapshot: cluster.Snapshot{Gaps: []cluster.Gap{{Resource: "daemonsets.apps", Reason: cluster.Forbidden}}}},
	} {
		facts, gaps, err := rivals(row.snapshot.Seal(), s)
		var unable *live.UnableError
		if errors.As(err, &unable) != row.unable || len(gaps) != row.gaps || (len(facts) > 0) != (row.kind != "") || len(facts) > 0 && facts[0].Kind != row.kind {
			t.Errorf("%s: %v, %v, %v", name, facts, gaps, err)
		}
	}
}
