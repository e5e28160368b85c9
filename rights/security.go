package rights

import "github.com/netpol-doctor/netpol-doctor/cluster"

// EnforceLabel is the label that says what Pod Security forbids in a namespace. Source: "Pod
// Security Admission".
const EnforceLabel = "pod-security.kubernetes.io/enforce"

// PodSecurity is whether hostNetwork pods, to which policies do not apply, can be started in a
// namespace.
type PodSecurity struct {
	Level    string // the value of the label
	Labelled cluster.Presence
}

func securityOf(n *cluster.Namespace) PodSecurity {
	level, labelled := n.Labels.Get(EnforceLabel)
	return PodSecurity{level, labelled}
}

// Forbids tells whether hostNetwork pods are refused for certain: the levels baseline and restricted
// do that, and a level that there is not counts as restricted. Source: "Pod Security Standards",
// host namespaces; ParseLevel of pod-security-admission.
func (p PodSecurity) Forbids() bool { return p.Labelled == cluster.Present && p.Level != "privileged" }
