package policy

import (
	"cmp"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// FactKind is a sort of thing that an Unknown can hang on.
type FactKind string

// The kinds of facts.
const (
	// NamespaceLabel: the labels of a namespace were not read. Key is the label key.
	NamespaceLabel FactKind = "NamespaceLabel"
	// PodLabel: a controller may stamp that label on the pods of a template. Key is the label key.
	PodLabel FactKind = "PodLabel"
	// PodAddress: the pod has no address yet. Key is the block it may lie in.
	PodAddress FactKind = "PodAddress"
	// NodeAddress: the address of a node was not read. Key is the block it may lie in.
	NodeAddress FactKind = "NodeAddress"
	// ServiceAddress: the cluster address of a Service is not known. Key is the block it may lie in.
	ServiceAddress FactKind = "ServiceAddress"
	// NameAddress: a DNS name that the cluster does not know. Key is the block its address may
	// lie in; empty where it may be that of any end which a rule admits.
	NameAddress FactKind = "NameAddress"
	// SameNode: whether both ends are on one node is not known.
	SameNode FactKind = "SameNode"
	// SourceSeen: which address a client has once a node port or load balancer has passed its
	// traffic on.
	SourceSeen FactKind = "SourceSeen"
	// PluginBehaviour: the specification leaves it to the plugin. Key is the Behaviour.
	PluginBehaviour FactKind = "PluginBehaviour"
	// PodLabelIgnored: the plugin may not look at a label of pods. Key is the label key.
	PodLabelIgnored FactKind = "PodLabelIgnored"
	// PoliciesUnread: the NetworkPolicies of a namespace could not be read.
	PoliciesUnread FactKind = "PoliciesUnread"
	// LayerUnread: policies of another layer exist as a kind but could not be read.
	LayerUnread FactKind = "LayerUnread"
	// OtherLayer: a policy of another layer may decide otherwise.
	OtherLayer FactKind = "OtherLayer"
	// EndUnread: an object that is needed to know the end of a flow could not be read.
	EndUnread FactKind = "EndUnread"
	// IngressController: which pods serve an Ingress is not known. Key says why.
	IngressController FactKind = "IngressController"
	// GatewayPods: what carries the requests of a Gateway or a route is not known. Key says why.
	GatewayPods FactKind = "GatewayPods"
	// DNSServer: which pods answer DNS is not known. Key is the resource that could not be read; empty
	// where none of the objects says.
	DNSServer FactKind = "DNSServer"
	// MeshTunnel: a mesh may carry the traffic on a port of its own. Key is that port.
	MeshTunnel FactKind = "MeshTunnel"
	// NoEndpoint: there is no pod to judge.
	NoEndpoint FactKind = "NoEndpoint"
)

// Fact is one thing that is not known and that a verdict hangs on. It is a value: two questions
// about the same thing are the same Fact.
type Fact struct {
	Kind   FactKind
	Object cluster.Ref
	Key    string
}

// Compare orders facts by kind, object and key.
func (f Fact) Compare(o Fact) int {
	return cmp.Or(cmp.Compare(f.Kind, o.Kind), f.Object.Compare(o.Object), cmp.Compare(f.Key, o.Key))
}
