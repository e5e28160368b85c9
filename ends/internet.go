package ends

import (
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// special are the ranges that are not the public internet.
// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, t := range texts {
		out = append(out, netip.MustParsePrefix(t))
	}
	return out
}

// Internet returns the public addresses of the families that a cluster uses, in ranges.
func Internet(s *cluster.Snapshot) []netip.Prefix { return internet(s) }

// internet returns the public addresses of the families that the cluster uses, in ranges.
func internet(s *cluster.Snapshot) []netip.Prefix {
	v4, v6 := s.Families()
	var out []netip.Prefix
	if v4 {
		out = append(out, Subtract(netip.MustParsePrefix("0.0.0.0/0"), special)...)
	}
	if v6 {
		out = append(out, Subtract(netip.MustParsePrefix("2000::/3"), special)...)
	}
	return out
}

// Subtract returns the parts of a range that lie in none of the others.
func Subtract(p netip.Prefix, others []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, part := range Cut(p, others) {
		inside := func(o netip.Prefix) bool { return o.Overlaps(part) }
		if !slices.ContainsFunc(others, inside) {
			out = append(out, part)
		}
	}
	return out
}

// Cut splits a range so that each of the others either contains a part or does not touch it. The
// parts are in order and as large as can be.
func Cut(p netip.Prefix, others []netip.Prefix) []netip.Prefix {
	narrower := func(o netip.Prefix) bool { return o.Bits() > p.Bits() && p.Overlaps(o) }
	if !slices.ContainsFunc(others, narrower) {
		return []netip.Prefix{p}
	}
	low, high := halves(p)
	return append(Cut(low, others), Cut(high, others)...)
}

func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits()
	bytes := p.Addr().AsSlice()
	low = netip.PrefixFrom(p.Addr(), bits+1)
	bytes[bits/8] |= 1 << (7 - bits%8)
	upper, _ := netip.AddrFromSlice(bytes)
	return low, netip.PrefixFrom(upper, bits+1)
}

// Join merges neighbouring halves, so that a list of ranges reads as it would be written.
func Join(parts []netip.Prefix) []netip.Prefix {
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	for i := 0; i+1 < len(parts); {
		a, b := parts[i], parts[i+1]
		if a.Bits() != b.Bits() || a.Bits() == 0 || a.Addr().Is4() != b.Addr().Is4() {
			i++
			continue
		}
		whole := netip.PrefixFrom(a.Addr(), a.Bits()-1).Masked()
		if low, high := halves(whole); low != a || high != b {
			i++
			continue
		}
		parts = slices.Replace(parts, i, i+2, whole)
		if i > 0 {
			i--
		}
	}
	return parts
}
