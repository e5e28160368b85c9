package rights

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Right is a way to undo the policies of a namespace.
type Right string

// The rights.
const (
	// Policies: to write the NetworkPolicies of the namespace.
	Policies Right = "policies"
	// NamespaceLabels: to change the labels that namespaceSelectors and Pod Security go by.
	NamespaceLabels Right = "namespaceLabels"
	// PodLabels: to change the labels of running pods, which podSelectors go by.
	PodLabels Right = "podLabels"
	// Workloads: to start pods with any labels.
	Workloads Right = "workloads"
	// Become: to act as somebody else, or to take or hand out rights that one does not have.
	Become Right = "become"
	// Delegate: to write roles and bindings, which hands on the rights that one has.
	Delegate Right = "delegate"
)

// All are the rights in the order in which they are shown.
var All = []Right{Policies, NamespaceLabels, PodLabels, Workloads, Become, Delegate}

// Answer says who has which of the rights over a namespace.
type Answer struct {
	Namespace string
	// Grants are in the order of All, then of the bindings.
	Grants []Grant
	// Open are the bindings of whose role is not known what it allows.
	Open []*cluster.Binding
	// Unread is what could not be read: there may be more grants than those.
	Unread []cluster.Gap
	// Security is what Pod Security forbids in the namespace.
	Security PodSecurity
}

// Grant is what one binding gives its subjects of one right.
type Grant struct {
	Right   Right
	Binding *cluster.Binding
	// Acts are the requests that the role allows out of those that amount to the right.
	Acts []Act
	// Whole: nothing that matters of the right is missing.
	Whole bool
	// Default: the role was not read; it is taken to be what Kubernetes makes it.
	Default bool
}

// Of reads from the bindings of a namespace and of the cluster who has which right over that
// namespace. Of what RBAC does not say it knows nothing: other authorizers, admission control, and
// the group system:masters, which no authorizer is asked about.
//
// Source: "Using RBAC Authorization". A RoleBinding grants within its namespace, also what a
// ClusterRole allows; a ClusterRoleBinding grants everywhere, and alone what has no namespace.
func Of(s *cluster.Snapshot, namespace string) *Answer {
	a := &Answer{Namespace: namespace, Unread: unread(s, namespace), Security: securityOf(s.Namespace(namespace))}
	roles := rolesOf(s)
	for _, b := range s.Bindings {
		if b.Namespace != "" && b.Namespace != namespace || len(b.Subjects) == 0 {
			continue
		}
		rules, known := roles.rules(b.Role)
		if !known.read && !known.standard {
			a.Open = append(a.Open, b)
			continue
		}
		for _, right := range All {
			acts, whole := allowed(rules, right, scope{s, namespace, b.Namespace == ""})
			if len(acts) > 0 {
				a.Grants = append(a.Grants, Grant{Right: right, Binding: b, Acts: acts, Whole: whole, Default: !known.read})
			}
		}
	}
	slices.SortStableFunc(a.Grants, func(x, y Grant) int { return slices.Index(All, x.Right) - slices.Index(All, y.Right) })
	return a
}

// Nothing tells whether nothing at all is known: no binding was read.
func (a *Answer) Nothing() bool { return len(a.Grants) == 0 && len(a.Open) == 0 && len(a.Unread) > 0 }

// Resources are what has to be read of RBAC, as gaps name it.
var Resources = []string{
	"clusterrolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
	"rolebindings.rbac.authorization.k8s.io", "roles.rbac.authorization.k8s.io",
}

func unread(s *cluster.Snapshot, namespace string) []cluster.Gap {
	var gaps []cluster.Gap
	for _, resource := range Resources {
		gaps = append(gaps, s.GapsFor(resource, namespace)...)
	}
	return gaps
}
