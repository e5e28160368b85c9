package change

import (
	"encoding/json"
	"fmt"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Kind classifies an edit: it is what the code of a finding follows from.
type Kind string

// The kinds of edits.
const (
	PeerLabelValue      Kind = "PeerLabelValue"      // the value that a peer's podSelector wants
	PeerLabelKey        Kind = "PeerLabelKey"        // the key that a peer's podSelector wants
	NamespaceLabelValue Kind = "NamespaceLabelValue" // the value that a namespaceSelector wants
	NamespaceLabelKey   Kind = "NamespaceLabelKey"   // the key that a namespaceSelector wants
	NamespaceMissing    Kind = "NamespaceMissing"    // a podSelector alone: the namespaceSelector beside it
	SubjectLabelValue   Kind = "SubjectLabelValue"   // the value that the policy's podSelector wants
	SubjectLabelKey     Kind = "SubjectLabelKey"     // the key that the policy's podSelector wants
	SelectorOperator    Kind = "SelectorOperator"    // In for NotIn, Exists for DoesNotExist, or the reverse
	StampedLabel        Kind = "StampedLabel"        // a requirement on a label that a controller stamps, taken out
	NamespaceLabelAdded Kind = "NamespaceLabelAdded" // a label that the namespace lacks
	PodLabelAdded       Kind = "PodLabelAdded"       // a label that the pods of a workload lack
	ExtraRequirement    Kind = "ExtraRequirement"    // a requirement of a selector, taken out
	UnitedRequirements  Kind = "UnitedRequirements"  // two requirements on one label made one that takes the values of both
	PeerSplit           Kind = "PeerSplit"           // one peer with two selectors made two peers
	PortNumber          Kind = "PortNumber"          // the port of a rule
	PortRange           Kind = "PortRange"           // one end of a range of ports
	PortProtocol        Kind = "PortProtocol"        // the protocol of a rule's port
	PortName            Kind = "PortName"            // the port name of a rule
	AddedPort           Kind = "AddedPort"           // one more port in an existing rule
	PolicyTypes         Kind = "PolicyTypes"         // a direction that the policy isolates without meaning to
	UnlistedType        Kind = "UnlistedType"        // a direction that the policy has rules for and does not list
	PolicyMoved         Kind = "PolicyMoved"         // the policy in another namespace
	TargetPort          Kind = "TargetPort"          // the port of the pods that a Service's port leads to
	AddedPeer           Kind = "AddedPeer"           // one more peer in an existing rule
	AddedRule           Kind = "AddedRule"           // one more rule in an existing policy
	AddedPolicy         Kind = "AddedPolicy"         // one more policy
)

// Additions are the kinds of edits that add something to the policies and change nothing that is
// there.
var Additions = []Kind{AddedPeer, AddedRule, AddedPolicy}

// Caution is a reason to think twice before an edit is made.
type Caution struct {
	Kind CautionKind
	Rule policy.RuleRef // the place in a policy that it is about, if it is about one
	// Except is the range that is left out there.
	Except string
}

// CautionKind is what a caution is about.
type CautionKind string

// The cautions.
const (
	AgainstExcept  CautionKind = "AgainstExcept"  // an except of a rule takes out what the edit admits
	EveryAddress   CautionKind = "EveryAddress"   // the edit admits every address
	WholeNamespace CautionKind = "WholeNamespace" // the edit admits every pod of other namespaces
	Unlabelled     CautionKind = "Unlabelled"     // the other end has no labels, so its whole namespace is admitted
	// UnlabelledSubject: the pods that a policy is for have no labels, so it selects its whole namespace.
	UnlabelledSubject CautionKind = "UnlabelledSubject"
	// AllItsRules: every rule of the policy in that direction counts then, for all pods that it selects.
	AllItsRules CautionKind = "AllItsRules"
	NotIsolated CautionKind = "NotIsolated" // the edit leaves pods open to everybody in the direction
	Excluded    CautionKind = "Excluded"    // the selector leaves the other end out by name
	NodeAddress CautionKind = "NodeAddress" // the edit admits a node by its address, which changes when it is replaced
	OtherRules  CautionKind = "OtherRules"  // other rules select by the label that the edit adds
	// ListensThere: the application may listen on the port that the edit takes out, declared or not.
	ListensThere CautionKind = "ListensThere"
)

// Operation is one step of a JSON patch (RFC 6902), as `kubectl patch --type=json` takes it.
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Edit is one field of one object changed, or one object added.
type Edit struct {
	Kind   Kind
	Object cluster.Ref
	Path   string // of the field: "spec.ingress[0].ports[0].port"
	From   any
	To     any
	Patch  []Operation
	// Manifest is the whole object where one has to be added; Patch is empty then.
	Manifest *networkingv1.NetworkPolicy
	// Has is the label that the selected object carries, "key=value", under the key that an edit of a
	// key asks for. Empty for all other edits.
	Has       string
	Origin    cluster.Origin // of the object that is edited
	Direction policy.Direction
	// Rule is the place that the edit is near, and Clause what it wanted and saw there. Where
	// something is added, they are the clause that came nearest to admitting the flow, if any did.
	Rule   policy.RuleRef
	Clause *policy.Mismatch
	// Cautions are reasons to think twice before the edit is made.
	Cautions []Caution
	// Distance says how far the edit is from what is written; edits are tried nearest first.
	Distance int

	target retargeted // what the edit of a Service changes
}

// Apply returns the policy as the edit would leave it.
func (e Edit) Apply(p *cluster.Policy) (*cluster.Policy, error) {
	if e.Manifest != nil {
		return &cluster.Policy{NetworkPolicy: e.Manifest}, nil
	}
	before, err := json.Marshal(p.NetworkPolicy)
	if err != nil {
		return nil, fmt.Errorf("encoding policy %s/%s: %w", p.Namespace, p.Name, err)
	}
	operations, err := json.Marshal(e.Patch)
	if err != nil {
		return nil, fmt.Errorf("encoding patch: %w", err)
	}
	patch, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		return nil, fmt.Errorf("decoding patch: %w", err)
	}
	after, err := patch.Apply(before)
	if err != nil {
		return nil, fmt.Errorf("applying patch to policy %s/%s: %w", p.Namespace, p.Name, err)
	}
	var np networkingv1.NetworkPolicy
	if err := json.Unmarshal(after, &np); err != nil {
		return nil, fmt.Errorf("decoding patched policy %s/%s: %w", p.Namespace, p.Name, err)
	}
	return &cluster.Policy{NetworkPolicy: &np, Origin: p.Origin}, nil
}

// pointer turns a field path of a policy into a JSON pointer: "spec.ingress[0].from" becomes
// "/spec/ingress/0/from". Keys of maps are added with key.
func pointer(path string) string {
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
}

// key appends a map key to a JSON pointer. Source: RFC 6901, section 3.
func key(base, k string) string {
	return base + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(k)
}
