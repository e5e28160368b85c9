package cluster

import "fmt"

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
	where := "in all namespaces"
	switch {
	case g.Namespace != "" && g.Name != "":
		where = fmt.Sprintf("%s/%s", g.Namespace, g.Name)
	case g.Name != "":
		where = g.Name
	case g.Namespace != "":
		where = "in namespace " + g.Namespace
	}
	return fmt.Sprintf("%s %s: %s", g.Resource, where, g.Reason)
}
