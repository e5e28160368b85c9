package change

import "github.com/netpol-doctor/netpol-doctor/policy"

// Made makes edits, and returns how flows are judged then and whether they could be made.
func Made(set *policy.Set, edits []Edit) (evaluate func(policy.Flow) policy.Decision, ok bool) {
	after, ok := world{set: set}.make(edits)
	return after.evaluate, ok
}
