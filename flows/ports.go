package flows

import (
	"encoding/binary"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Protocols are those that policies know, in the order of every list.
var Protocols = [...]corev1.Protocol{corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP}

// LastPort is the highest port there is; the lowest is 1.
const LastPort = 65535

// Range is ports from the first to the last.
type Range struct{ From, To int32 }

// PortSet is ports by protocol, in the order of Protocols: ranges in order that do not touch.
type PortSet [len(Protocols)][]Range

// Ports are the ports of some flows: those that are allowed for certain, and those that are or may
// be. Must is part of May; what is in neither is denied.
type Ports struct{ Must, May PortSet }

// EveryPort is every port of every protocol.
func EveryPort() PortSet {
	var all PortSet
	for i := range all {
		all[i] = []Range{{1, LastPort}}
	}
	return all
}

// Empty tells whether there is no port in the set.
func (s PortSet) Empty() bool {
	for _, ranges := range s {
		if len(ranges) > 0 {
			return false
		}
	}
	return true
}

// Has tells whether a port is in the set.
func (s PortSet) Has(protocol corev1.Protocol, port int32) bool {
	i := slices.Index(Protocols[:], protocol)
	return i >= 0 && slices.ContainsFunc(s[i], func(r Range) bool { return r.From <= port && port <= r.To })
}

// And returns what is in both sets.
func (s PortSet) And(o PortSet) PortSet { return s.with(o, func(a, b bool) bool { return a && b }) }

// Or returns what is in either set.
func (s PortSet) Or(o PortSet) PortSet { return s.with(o, func(a, b bool) bool { return a || b }) }

// Minus returns what is in the set and not in the other.
func (s PortSet) Minus(o PortSet) PortSet { return s.with(o, func(a, b bool) bool { return a && !b }) }

// Equal tells whether two sets are the same.
func (s PortSet) Equal(o PortSet) bool {
	for i := range s {
		if !slices.Equal(s[i], o[i]) {
			return false
		}
	}
	return true
}

func (s PortSet) with(o PortSet, keep func(a, b bool) bool) (out PortSet) {
	for i := range s {
		out[i] = sweep(s[i], o[i], keep)
	}
	return out
}

// sweep goes through the ends of the ranges of two lists and keeps the stretches between them that
// are wanted.
func sweep(a, b []Range, keep func(a, b bool) bool) (out []Range) {
	next := int32(1)
	for next <= LastPort {
		inA, endA := stretch(a, next)
		inB, endB := stretch(b, next)
		end := min(endA, endB)
		if keep(inA, inB) {
			out = add(out, Range{next, end})
		}
		next = end + 1
	}
	return out
}

// stretch tells whether a port is in a list, and up to where that stays so.
func stretch(list []Range, port int32) (in bool, end int32) {
	for _, r := range list {
		switch {
		case port < r.From:
			return false, r.From - 1
		case port <= r.To:
			return true, r.To
		}
	}
	return false, LastPort
}

// add appends a range to a list, and merges it with the last where they touch.
func add(list []Range, r Range) []Range {
	if n := len(list); n > 0 && list[n-1].To+1 >= r.From {
		list[n-1].To = max(list[n-1].To, r.To)
		return list
	}
	return append(list, r)
}

func (p Ports) equal(o Ports) bool { return p.Must.Equal(o.Must) && p.May.Equal(o.May) }

func (p Ports) or(o Ports) Ports { return Ports{p.Must.Or(o.Must), p.May.Or(o.May)} }

// key is a text that only equal sets share.
func (p Ports) key() string {
	var b []byte
	for _, set := range []PortSet{p.Must, p.May} {
		for _, ranges := range set {
			b = binary.AppendUvarint(b, uint64(len(ranges)))
			for _, r := range ranges {
				b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(r.From)), uint64(r.To))
			}
		}
	}
	return string(b)
}
