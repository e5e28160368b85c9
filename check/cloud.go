package check

import "net/netip"

// HoldsMetadata tells whether a range holds an address at which clouds hand out identities.
func HoldsMetadata(p netip.Prefix) bool {
	for a := range identityAddresses {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
