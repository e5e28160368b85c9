package cluster

import (
	"fmt"
	"slices"
)

// GapReason is why something could not be read.
type GapReason string

// The reasons a part of the cluster is missing from a Snapshot.
const (
	Forbidden   GapReason = "Forbidden"   // the API server said 403
	NotServed   GapReason = "NotServed"   // the API server does not have that resource
	TimedOut    GapReason = "TimedOut"    // no answer in time
	Unreadable  GapReason = "Unreadable"  // an answer or a document that made no sense
	NotRendered GapReason = "NotRendered" // a template that nobody filled in; it takes nothing away from what is there
	NotProvided GapReason = "NotProvided" // named by something that was read, but not among the files

	NotInSnapshot GapReason = "NotInSnapshot" // a snapshot in a file was taken of other namespaces
)

// Gap is a part of the cluster that could not be read. What depends on it is unknown, never
// fine. Namespace is empty when the gap is cluster-wide.
type Gap struct {
	Resource  string // plural with group, as in RBAC: "networkpolicies.networking.k8s.io"
	Namespace string
	Name      string // one object, when the gap is that small
	Reason    GapReason
	Detail    string // the server's own words
}

// String prints the gap in one line.
func (g Gap) String() string {
	where := g.Where()
	if g.Namespace != "" && g.Name != "" {
		where = g.Namespace + "/" + g.Name
	} else if g.Name != "" {
		where = g.Name
	}
	if where == "" {
		return fmt.Sprintf("%s: %s", g.Resource, g.Reason)
	}
	return fmt.Sprintf("%s %s: %s", g.Resource, where, g.Reason)
}

// Where says in which namespaces the gap is; empty for what is in none.
func (g Gap) Where() string {
	switch {
	case g.Namespace != "":
		return "in namespace " + g.Namespace
	case g.Name != "" || slices.Contains(inNoNamespace, g.Resource):
		return ""
	}
	return "in all namespaces"
}

// inNoNamespace are the resources of Kubernetes itself and of the Gateway API that are read and that
// are not in a namespace.
var inNoNamespace = []string{
	"namespaces", "nodes", "clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io",
	"ingressclasses.networking.k8s.io", "gatewayclasses.gateway.networking.k8s.io",
}
