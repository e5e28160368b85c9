package rights

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Act is a kind of request that the API server authorizes.
type Act struct {
	Verb     string
	Group    string
	Resource string // with the subresource, as RBAC writes it: "pods/status"
	// Names are the objects that it is limited to; empty: any.
	Names []string
}

// means are requests that amount to a right.
type means struct {
	group     string
	resources []string
	verbs     []string
	// clustered: the resource has no namespace, so that only a ClusterRoleBinding grants it.
	clustered bool
	// aside: who has all others of the right is not short of anything without this one.
	aside bool
}

const rbacGroup = rbacv1.GroupName

var write = []string{"create", "update", "patch"}

// ways are the requests that amount to each right.
//
// Labels of pods and namespaces can be written through their status, and those of namespaces through
// their finalizers, too: the API server keeps only the spec from being changed there. Source:
// PrepareForUpdate of podStatusStrategy, namespaceStatusStrategy and namespaceFinalizeStrategy. Who
// may update a namespace by a RoleBinding in it may do so: the namespace of the request is its own.
//
// escalate, bind and impersonate: "Using RBAC Authorization", privilege escalation prevention, and
// "User Impersonation", also constrained. A ClusterRole may be bound in one namespace by who has
// bind there.
var ways = map[Right][]means{
	Policies: {
		{group: "networking.k8s.io", resources: []string{"networkpolicies"}, verbs: []string{"create", "update", "patch", "delete"}},
		{group: "networking.k8s.io", resources: []string{"networkpolicies"}, verbs: []string{"deletecollection"}, aside: true},
	},
	NamespaceLabels: {
		{resources: []string{"namespaces"}, verbs: []string{"update", "patch"}},
		{resources: []string{"namespaces/status"}, verbs: []string{"update", "patch"}, aside: true},
		{resources: []string{"namespaces/finalize"}, verbs: []string{"update"}, aside: true},
	},
	PodLabels: {
		{resources: []string{"pods"}, verbs: []string{"update", "patch"}},
		{resources: []string{"pods/status"}, verbs: []string{"update", "patch"}, aside: true},
	},
	Workloads: {
		{resources: []string{"pods"}, verbs: []string{"create"}},
		{resources: []string{"replicationcontrollers"}, verbs: write, aside: true},
		{group: "apps", resources: []string{"daemonsets", "deployments", "statefulsets"}, verbs: write},
		{group: "apps", resources: []string{"replicasets"}, verbs: write, aside: true},
		{group: "batch", resources: []string{"cronjobs"}, verbs: write},
		{group: "batch", resources: []string{"jobs"}, verbs: []string{"create"}}, // a Job's template cannot be changed
	},
	Become: {
		{resources: []string{"serviceaccounts"}, verbs: []string{"impersonate"}},
		{resources: []string{"serviceaccounts/token"}, verbs: []string{"create"}},
		{resources: []string{"users", "groups"}, verbs: []string{"impersonate"}, clustered: true, aside: true},
		{group: "authentication.k8s.io", resources: []string{"serviceaccounts"}, verbs: []string{"impersonate:serviceaccount"}, aside: true},
		{group: "authentication.k8s.io", resources: []string{"users", "groups"}, verbs: []string{"impersonate:user-info"}, clustered: true, aside: true},
		{group: rbacGroup, resources: []string{"roles"}, verbs: []string{"escalate", "bind"}},
		{group: rbacGroup, resources: []string{"clusterroles"}, verbs: []string{"bind"}},
		{group: rbacGroup, resources: []string{"clusterroles"}, verbs: []string{"escalate"}, clustered: true, aside: true},
	},
	Delegate: {
		{group: rbacGroup, resources: []string{"roles", "rolebindings"}, verbs: write},
		{group: rbacGroup, resources: []string{"clusterroles", "clusterrolebindings"}, verbs: write, clustered: true, aside: true},
	},
}

// scope is what a binding reaches: a namespace of a cluster, by a binding of that namespace or of
// the whole cluster.
type scope struct {
	snapshot    *cluster.Snapshot
	namespace   string
	clusterWide bool
}

// allowed returns the acts of a right that rules allow, and whether nothing that matters is missing.
func allowed(rules []rbacv1.PolicyRule, right Right, in scope) (acts []Act, whole bool) {
	whole = true
	for _, m := range ways[right] {
		for _, resource := range m.resources {
			for _, verb := range m.verbs {
				act, ok := in.allows(rules, Act{Verb: verb, Group: m.group, Resource: resource}, m.clustered)
				if ok {
					acts = append(acts, act)
				}
				whole = whole && (m.aside || ok && len(act.Names) == 0)
			}
		}
	}
	return acts, whole
}

// allows tells whether rules allow an act, on all objects or on some that there are.
func (in scope) allows(rules []rbacv1.PolicyRule, act Act, clustered bool) (Act, bool) {
	if clustered && !in.clusterWide {
		return act, false
	}
	covered := func(names ...string) bool {
		ok, _ := validation.Covers(rules, []rbacv1.PolicyRule{{Verbs: []string{act.Verb}, APIGroups: []string{act.Group}, Resources: []string{act.Resource}, ResourceNames: names}})
		return ok
	}
	if covered() {
		return act, true
	}
	if nameless(act) {
		return act, false
	}
	for _, r := range rules {
		for _, name := range r.ResourceNames {
			if !slices.Contains(act.Names, name) && covered(name) && in.mayExist(act.Resource, name) {
				act.Names = append(act.Names, name)
			}
		}
	}
	slices.Sort(act.Names)
	return act, len(act.Names) > 0
}

// nameless tells whether a request has no name of an object yet, so that a rule with resourceNames
// never allows it. A subresource is of a named object. Source: "Using RBAC Authorization", referring
// to resources.
func nameless(a Act) bool {
	return a.Verb == "deletecollection" || a.Verb == "create" && !strings.Contains(a.Resource, "/")
}

// kinds are the kinds of workloads by their resource.
var kinds = map[string]string{
	"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet",
	"replicasets": "ReplicaSet", "cronjobs": "CronJob", "jobs": "Job",
}

// mayExist tells whether there may be an object of that name: what does not exist cannot be changed.
func (in scope) mayExist(resource, name string) bool {
	resource, _, _ = strings.Cut(resource, "/")
	s := in.snapshot
	switch kind := kinds[resource]; {
	case resource == "namespaces":
		return name == in.namespace
	case resource == "networkpolicies":
		named := func(p *cluster.Policy) bool { return p.Name == name }
		return slices.ContainsFunc(s.PoliciesIn(in.namespace), named) || len(s.GapsFor("networkpolicies.networking.k8s.io", in.namespace)) > 0
	case resource == "pods":
		return s.Pod(in.namespace, name) != nil || !s.Read.Whole(in.namespace)
	case kind != "":
		return s.Workload(kind, in.namespace, name) != nil || !s.Read.Whole(in.namespace)
	}
	return true
}

// String prints the act as RBAC names things.
func (a Act) String() string {
	text := a.Verb + " " + a.Resource
	if len(a.Names) > 0 {
		text += " " + strings.Join(a.Names, ", ")
	}
	return text
}
