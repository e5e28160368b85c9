package policy

import (
	"strconv"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// RuleRef points into a policy. Rule, Peer and Port are indexes, -1 when the reference is to
// something wider.
type RuleRef struct {
	Policy    *cluster.Policy
	Direction Direction
	Rule      int
	Peer      int
	Port      int
}

// PolicyName returns "namespace/name".
func (r RuleRef) PolicyName() string { return r.Policy.Namespace + "/" + r.Policy.Name }

// Path prints the place inside the policy: "spec.ingress[1].from[0]".
func (r RuleRef) Path() string {
	var b strings.Builder
	b.WriteString("spec")
	if r.Rule < 0 {
		return b.String()
	}
	b.WriteString("." + r.Direction.String() + "[" + itoa(r.Rule) + "]")
	switch {
	case r.Peer >= 0 && r.Direction == Egress:
		b.WriteString(".to[" + itoa(r.Peer) + "]")
	case r.Peer >= 0:
		b.WriteString(".from[" + itoa(r.Peer) + "]")
	case r.Port >= 0:
		b.WriteString(".ports[" + itoa(r.Port) + "]")
	}
	return b.String()
}

// Reason is why a clause did not match.
type Reason string

// The reasons.
const (
	LabelMismatch    Reason = "Label"          // a label requirement failed: Key, Operator, Want, Saw
	LabelIgnored     Reason = "LabelIgnored"   // the plugin does not, or may not, look at the label: Key, Operator, Want, Saw
	OtherNamespace   Reason = "OtherNamespace" // a podSelector alone means the policy's own namespace: Want, Saw
	NotAPod          Reason = "NotAPod"        // a selector cannot match an address: Saw
	HostNetworkPod   Reason = "HostNetworkPod" // selectors do not match a hostNetwork pod
	OutsideBlock     Reason = "OutsideBlock"   // the address is not in the cidr: Want, Saw
	InExcept         Reason = "InExcept"       // the address is in an except: Want, Saw
	BlockIgnoresPods Reason = "BlockIgnoresPods"
	BlockIgnoresNode Reason = "BlockIgnoresNodes"
	AddressUnknown   Reason = "AddressUnknown" // Want
	PortMismatch     Reason = "Port"           // Want, Saw
	ProtocolMismatch Reason = "Protocol"       // Want, Saw
	NameMismatch     Reason = "PortName"       // the pod has no such port name, or it is another number: Want, Saw
	PluginDecides    Reason = "PluginDecides"  // Key is the Behaviour
)

// Mismatch is the first reason why a clause did not match, with what it wanted and what it saw.
// Field is the path below the clause, such as "namespaceSelector.matchLabels[team]". Truth is
// Maybe when the clause might match after all.
type Mismatch struct {
	Reason   Reason
	Field    string
	Key      string
	Operator string
	Want     []string
	Saw      string
	Present  bool // for labels: the key is there
	Truth    Truth
}

// Clause is the outcome of one peer or one port entry.
type Clause struct {
	Ref      RuleRef
	Match    Truth
	Mismatch *Mismatch // nil when it matched
}

// RuleTrace is the outcome of one rule: Peers and Ports are empty where the rule lists none,
// which matches everything.
type RuleTrace struct {
	Ref   RuleRef
	Match Truth
	// PeersMatch and PortsMatch are the two halves that Match combines.
	PeersMatch Truth
	PortsMatch Truth
	Peers      []Clause
	Ports      []Clause
	// Ignored: the rule's direction is not in policyTypes, so it counts only where a plugin
	// enforces such rules.
	Ignored bool
	// By is the behaviour of the plugin that made the rule match, or "".
	By Behaviour
}

// PolicyTrace is the outcome of one policy of the subject's namespace.
type PolicyTrace struct {
	Policy *cluster.Policy
	// Selects: the policy's podSelector matches the subject.
	Selects  Truth
	Mismatch *Mismatch // why not
	// Isolates: it selects the subject and lists the direction in policyTypes.
	Isolates Truth
	Rules    []RuleTrace
}

func itoa(i int) string { return strconv.Itoa(i) }
