package file

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// addressSet is a set of addresses to look for, and of ranges to look for pods in.
type addressSet struct {
	addrs  map[netip.Addr]bool
	ranges []netip.Prefix
	texts  [][]byte // of the IPv4 addresses; of ranges, what a pod in them has in its text
	six    bool     // there is an IPv6 address
}

func newAddressSet(addresses []netip.Addr, ranges []netip.Prefix) addressSet {
	s := addressSet{addrs: map[netip.Addr]bool{}, ranges: ranges}
	for _, p := range ranges {
		s.texts = append(s.texts, beginning(p))
	}
	for _, a := range addresses {
		a = a.Unmap().WithZone("")
		s.addrs[a] = true
		if a.Is4() {
			s.texts = append(s.texts, []byte(a.String()))
		} else {
			s.six = true
		}
	}
	return s
}

// beginning returns a text that every pod with an address in a range has: the numbers that all IPv4
// addresses of the range begin with, or else the field that its address is in.
func beginning(p netip.Prefix) []byte {
	same := p.Bits() / 8
	if !p.Addr().Is4() || same == 0 {
		return []byte("podIP")
	}
	numbers := strings.SplitAfter(p.Addr().String(), ".")
	return []byte(strings.Join(numbers[:same], ""))
}

// mayBeIn tells whether one of the addresses may be in the text of an object. IPv4 has one
// spelling, unless it is written as IPv6; IPv6 has many, so that every text that could be an
// address is read. An escape may hide anything.
func (s addressSet) mayBeIn(text []byte) bool {
	for _, t := range s.texts {
		if bytes.Contains(text, t) {
			return true
		}
	}
	if s.six || bytes.Contains(text, []byte("fff:")) || bytes.Contains(text, []byte("FFF:")) {
		if s.spelledIn(text) {
			return true
		}
	}
	return bytes.Contains(text, []byte(`\u00`)) || bytes.Contains(text, []byte(`\x`))
}

// spelledIn tells whether some spelling of one of the addresses is in a text.
func (s addressSet) spelledIn(text []byte) bool {
	for len(text) > 0 {
		k := bytes.IndexByte(text, ':')
		if k < 0 {
			return false
		}
		start, end := k, k
		for start > 0 && addressByte(text[start-1]) {
			start--
		}
		for end < len(text) && addressByte(text[end]) {
			end++
		}
		// A colon that ends a key is no part of an address, one that starts it is.
		if a, err := netip.ParseAddr(string(text[start:end])); err == nil && s.addrs[a.Unmap().WithZone("")] {
			return true
		}
		text = text[max(end, k+1):]
	}
	return false
}

func addressByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == ':' || c == '.'
}

// heldBy tells whether an object holds one of the addresses.
func (s addressSet) heldBy(o *object) bool {
	holds := func(addrs []netip.Addr) bool {
		return slices.ContainsFunc(addrs, func(a netip.Addr) bool { return s.addrs[a] })
	}
	inSlice := func(e *cluster.EndpointSlice) bool {
		return slices.ContainsFunc(e.Endpoints, func(b cluster.SliceEndpoint) bool { return holds(b.Addresses) })
	}
	switch v := o.slim.(type) {
	case *cluster.Pod:
		return holds(v.IPs) || slices.ContainsFunc(s.ranges, func(p netip.Prefix) bool { return slices.ContainsFunc(v.IPs, p.Contains) })
	case *cluster.Service:
		return holds(v.ClusterIPs) || holds(v.OtherIPs)
	case *cluster.EndpointSlice:
		return inSlice(v)
	case endpoints:
		return slices.ContainsFunc(v, inSlice)
	}
	return false
}
