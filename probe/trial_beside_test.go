package probe_test

import (
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// TestBeside: where a policy of another layer may have opened what got through, only answers stand that
// rest on what was kept out.
func TestBeside(t *testing.T) {
	t.Parallel()
	const no, maybe, yes = policy.No, policy.Maybe, policy.Yes
	open := []policy.Fact{{Kind: policy.OtherLayer, Object: cluster.Ref{APIVersion: "cilium.io/v2", Kind: "CiliumClusterwideNetworkPolicy", Name: "open-all"}}}
	gap := cluster.Gap{Resource: "globalnetworkpolicies.projectcalico.org", Reason: cluster.Forbidden}
	unread := []policy.Fact{{Kind: policy.LayerUnread, Object: cluster.Ref{Kind: "GlobalNetworkPolicy", Name: gap.Resource}}}
	for _, row := range []struct {
		name     string
		answers  map[string]policy.Truth
		facts    []policy.Fact
		result   explain.Result
		enforces policy.Truth
		says     string
		want     map[string]policy.Truth
	}{
		{"nothing is beside", map[string]policy.Truth{"ingress": no, "egress": no}, nil, explain.Fails, no, "nothing enforces", map[string]policy.Truth{"ingress": no}},
		{"all is opened", map[string]policy.Truth{"ingress": no, "egress": no}, open, explain.Unclear, maybe, "it is not known whether open-all (CiliumClusterwideNetworkPolicy)", map[string]policy.Truth{"ingress": maybe}},
		{"or may be", map[string]policy.Truth{"ingress": no, "egress": no}, unread, explain.Unclear, maybe, "it is not known which globalnetworkpolicies.projectcalico.org", map[string]policy.Truth{"ingress": maybe}},
		{"in part", map[string]policy.Truth{"ingress": 2}, open, explain.Unclear, maybe, "got through", map[string]policy.Truth{"ingress": maybe, "ports": maybe, "egress": yes}},
		{"all is enforced", nil, open, explain.Unclear, yes, "", map[string]policy.Truth{"ingress": yes, "ports": yes, "endPort": yes, "own-node": maybe, "blocks-of-pods-ingress": maybe, "excepts-of-pods": maybe}},
		{"what is kept out was kept out", map[string]policy.Truth{"blocks-of-pods-ingress": no, "endPort": no, "own-node": no}, open, explain.Unclear, yes, "", map[string]policy.Truth{"blocks-of-pods-ingress": no, "own-node": no, "endPort": maybe}},
	} {
		c := checked(t, row.answers)
		c.Beside(row.facts, []cluster.Gap{gap})
		if c.Result() != row.result || c.Enforces() != row.enforces || !strings.Contains(c.Summary(), row.says) {
			t.Errorf("%s: %s, enforces %s: %s", row.name, c.Result(), c.Enforces(), c.Summary())
		}
		for name, want := range row.want {
			if a := c.Of(name); a.Answer != want || (want == maybe) != (a.Why != "") {
				t.Errorf("%s: %s is %s, want %s: %s", row.name, name, a.Answer, want, a.Why)
			}
		}
		d := report.NewEnforcementReport(c, "", "doctor")
		if len(d.Facts) != len(row.facts) || len(d.Gaps) != 1 || d.Gaps[0].Command != "doctor" {
			t.Errorf("%s: %+v, %+v", row.name, d.Facts, d.Gaps)
		}
	}
}
