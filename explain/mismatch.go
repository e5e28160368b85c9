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
func peersMissed(clauses []policy.Clause, of whom) string {
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
		if text := mismatchText(&misses[i], of); !slices.Contains(out, text) {
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

// whom names what did not match: a pod or address, and its namespace.
type whom struct{ end, namespace string }

// mismatchText says in a few words why a selector or an address block did not match.
func mismatchText(m *policy.Mismatch, of whom) string {
	want := orList(m.Want)
	switch m.Reason {
	case policy.LabelMismatch:
		if ofNamespace(*m) {
			return labelMismatch(*m, "namespaces", of.namespace)
		}
		return labelMismatch(*m, "pods", of.end)
	case policy.LabelIgnored:
		if m.Truth == policy.No {
			return fmt.Sprintf("selects by label %s, which this network plugin ignores", m.Key)
		}
		return fmt.Sprintf("selects by label %s, which this network plugin may ignore", m.Key)
	case policy.OtherNamespace:
		return fmt.Sprintf("selects pods of namespace %s only; %s is in namespace %s", want, of.end, m.Saw)
	case policy.NotAPod:
		return fmt.Sprintf("selectors only match pods; %s is not a pod", of.end)
	case policy.HostNetworkPod:
		return fmt.Sprintf("selectors do not match hostNetwork pods; %s is one", of.end)
	case policy.OutsideBlock:
		if strings.Contains(check.AddressText(m.Saw), "/") {
			return "allows " + addressIn(want) // a part of a range, which says nothing
		}
		return fmt.Sprintf("allows %s; %s is %s", addressIn(want), of.end, cmp.Or(check.AddressText(m.Saw), "not known"))
	case policy.InExcept:
		return fmt.Sprintf("%s is in its except %s", cmp.Or(check.AddressText(m.Saw), "this address"), want)
	case policy.BlockIgnoresPods:
		return fmt.Sprintf("ipBlock %s does not match pods on this network plugin", want)
	case policy.BlockIgnoresNode:
		return fmt.Sprintf("ipBlock %s does not match nodes on this network plugin", want)
	case policy.AddressUnknown:
		return fmt.Sprintf("allows %s; the address of %s is not known", addressIn(want), of.end)
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

// labelMismatch says which label a selector asks for, and which one there is.
func labelMismatch(m policy.Mismatch, what, who string) string {
	saw := fmt.Sprintf("%s has no label %s", who, m.Key)
	switch {
	case m.Truth == policy.Maybe:
		saw = fmt.Sprintf("it is not known whether %s has it", who)
	case m.Present:
		saw = fmt.Sprintf("%s has %s=%s", who, m.Key, m.Saw)
	}
	switch m.Operator {
	case "Exists":
		return fmt.Sprintf("selects %s with a label %s; %s", what, m.Key, saw)
	case "DoesNotExist":
		return fmt.Sprintf("selects %s without a label %s; %s", what, m.Key, saw)
	case "NotIn":
		return fmt.Sprintf("selects %s with a label %s other than %s; %s", what, m.Key, orList(m.Want), saw)
	}
	return fmt.Sprintf("selects %s with %s=%s; %s", what, m.Key, orList(m.Want), saw)
}

// orList joins alternatives as a sentence does.
func orList(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}
