package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// portsMissed says which ports a rule allows and on which one the traffic arrives.
func portsMissed(rule policy.RuleRef, f policy.Flow) string {
	var allowed []string
	for _, p := range change.PortsOf(rule) {
		allowed = append(allowed, portText(p))
	}
	where := "arrives"
	if f.Destination.Pod != nil {
		where = "arrives at the pod"
	}
	return fmt.Sprintf("allows %s; the traffic %s on %d/%s", orList(allowed), where, f.Arriving.Port, f.Protocol)
}

// portText prints a port of a rule, which is TCP where it does not say.
// Source: networking/v1 NetworkPolicyPort.
func portText(p networkingv1.NetworkPolicyPort) string {
	protocol := corev1.ProtocolTCP
	if p.Protocol != nil {
		protocol = *p.Protocol
	}
	switch {
	case p.Port == nil:
		return fmt.Sprintf("every %s port", protocol)
	case p.EndPort != nil:
		return fmt.Sprintf("%s-%d/%s", p.Port, *p.EndPort, protocol)
	case p.Port.StrVal != "":
		return fmt.Sprintf("the port named %q (%s)", p.Port.StrVal, protocol)
	}
	return fmt.Sprintf("%s/%s", p.Port, protocol)
}

// peersMissed says why none of the peers of a rule matches. Peers that want another value of the
// same label are told together.
func peersMissed(clauses []policy.Clause) string {
	var misses []policy.Mismatch
	for _, c := range clauses {
		m := c.Mismatch
		if m == nil {
			continue
		}
		i := slices.IndexFunc(misses, func(o policy.Mismatch) bool { return sameLabel(o, *m) })
		if i < 0 {
			misses = append(misses, *m)
			continue
		}
		misses[i].Want = slices.Concat(misses[i].Want, m.Want)
	}
	var out []string
	for i := range misses {
		if text := MismatchText(&misses[i]); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	const most = 3
	if len(out) > most {
		return fmt.Sprintf("%s; and %d more", strings.Join(out[:most], "; "), len(out)-most)
	}
	return strings.Join(out, "; ")
}

// sameLabel tells whether two clauses want a value of the same label, each another.
func sameLabel(a, b policy.Mismatch) bool {
	return a.Reason == policy.LabelMismatch && b.Reason == a.Reason && a.Operator == "In" && b.Operator == a.Operator &&
		a.Key == b.Key && a.Truth == b.Truth && ofNamespace(a) == ofNamespace(b)
}

func ofNamespace(m policy.Mismatch) bool { return strings.HasPrefix(m.Field, "namespaceSelector") }

// MismatchText says in a few words why a selector or an address block did not match.
func MismatchText(m *policy.Mismatch) string {
	want := orList(m.Want)
	switch m.Reason {
	case policy.LabelMismatch:
		if ofNamespace(*m) {
			return labelMismatch(*m, "namespaces")
		}
		return labelMismatch(*m, "pods")
	case policy.LabelIgnored:
		if m.Truth == policy.No {
			return fmt.Sprintf("selects by label %s, at which this network plugin does not look", m.Key)
		}
		return fmt.Sprintf("selects by label %s, at which this network plugin may not look", m.Key)
	case policy.OtherNamespace:
		return fmt.Sprintf("means pods of namespace %s only; this one is in %s", want, m.Saw)
	case policy.NotAPod:
		return "selectors match pods only; this end is not a pod"
	case policy.HostNetworkPod:
		return "selectors do not match hostNetwork pods"
	case policy.OutsideBlock:
		if strings.Contains(check.AddressText(m.Saw), "/") {
			return "wants " + addressIn(want) // a part of a range, which says nothing
		}
		return fmt.Sprintf("wants %s; this one is %s", addressIn(want), cmp.Or(check.AddressText(m.Saw), "not known"))
	case policy.InExcept:
		return fmt.Sprintf("%s is in its except %s", cmp.Or(check.AddressText(m.Saw), "this address"), want)
	case policy.BlockIgnoresPods:
		return fmt.Sprintf("ipBlock %s does not match pods on this network plugin", want)
	case policy.BlockIgnoresNode:
		return fmt.Sprintf("ipBlock %s does not match nodes on this network plugin", want)
	case policy.AddressUnknown:
		return fmt.Sprintf("wants %s; this one is not known", addressIn(want))
	}
	return "the network plugin decides"
}

// addressIn is an address in a block, which may be of one address.
func addressIn(block string) string {
	if single := check.AddressText(block); !strings.Contains(single, "/") {
		return "the address " + single
	}
	return "an address in " + block
}

// labelMismatch says which label a selector wants of whom, and which one there is.
func labelMismatch(m policy.Mismatch, who string) string {
	saw := "this one has no label " + m.Key
	switch {
	case m.Truth == policy.Maybe:
		saw = "of this one it is not known"
	case m.Present:
		saw = fmt.Sprintf("this one has %s=%s", m.Key, m.Saw)
	}
	switch m.Operator {
	case "Exists":
		return fmt.Sprintf("wants %s with a label %s; %s", who, m.Key, saw)
	case "DoesNotExist":
		return fmt.Sprintf("wants %s without a label %s; %s", who, m.Key, saw)
	case "NotIn":
		return fmt.Sprintf("wants %s with a label %s other than %s; %s", who, m.Key, orList(m.Want), saw)
	}
	return fmt.Sprintf("wants %s with %s=%s; %s", who, m.Key, orList(m.Want), saw)
}

// orList joins alternatives as a sentence does.
func orList(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}
