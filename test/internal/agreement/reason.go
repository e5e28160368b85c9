package agreement

import "github.com/netpol-doctor/netpol-doctor/policy"

// Reason is why nothing can be predicted of a flow.
type Reason struct {
	kind policy.FactKind
	key  string
	// Text says what is open, Source where one can read that it is.
	Text, Source string
}

// Reasons are all that a flow may be excluded for: what the specification leaves to the network
// plugin, or what versions of the plugin do in different ways, and the profile of the plugin leaves
// open for that. An unknown of any other sort has no excuse here: everything was read.
var Reasons = []*Reason{
	{
		policy.PluginBehaviour, string(policy.UnlistedSectionsEnforced),
		"The policy has rules of a direction that its `policyTypes` does not list. The specification has them ignored; some versions of the plugin enforce them.",
		"[cilium/cilium#48703](https://github.com/cilium/cilium/issues/48703)",
	},
}

// reasonOf returns the first reason that excuses a verdict from hanging on the facts. All of them
// have to be excused.
func reasonOf(facts []policy.Fact) *Reason {
	var first *Reason
	for _, f := range facts {
		found := excuse(f)
		if found == nil {
			return nil
		}
		if first == nil {
			first = found
		}
	}
	return first
}

func excuse(f policy.Fact) *Reason {
	for _, r := range Reasons {
		if r.kind == f.Kind && r.key == f.Key {
			return r
		}
	}
	return nil
}
