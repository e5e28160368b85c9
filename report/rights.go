package report

import (
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/rights"
)

// Rights says who may undo the policies of a namespace.
type Rights struct {
	Namespace string  `json:"namespace"`
	Grants    []Grant `json:"grants"`
	// Open are bindings of which it is not known what they grant.
	Open []OpenBinding `json:"open"`
	// HostNetwork is whether those who may start pods may start hostNetwork pods: yes, no or unknown.
	HostNetwork string `json:"hostNetwork"`
}

// Grant is what one binding gives its subjects of one right.
type Grant struct {
	Right    string    `json:"right"`
	Subjects []Subject `json:"subjects"`
	Binding  Object    `json:"binding"`
	Role     Object    `json:"role"`
	Acts     []Act     `json:"acts"`
	Whole    bool      `json:"whole"`
	// Default: the role was not read; it is taken to be what Kubernetes makes it.
	Default bool `json:"default,omitempty"`
}

// OpenBinding is a binding whose role was not read.
type OpenBinding struct {
	Subjects []Subject `json:"subjects"`
	Binding  Object    `json:"binding"`
	Role     Object    `json:"role"`
}

// Subject is a user, a group or a service account. System: it is a part of Kubernetes.
type Subject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	System    bool   `json:"system,omitempty"`
}

// Act is a kind of request, of any object or of some.
type Act struct {
	Verb     string   `json:"verb"`
	APIGroup string   `json:"apiGroup"`
	Resource string   `json:"resource"`
	Names    []string `json:"names,omitempty"`
}

func rightsOf(a *rights.Answer) *Rights {
	if a == nil {
		return nil
	}
	out := &Rights{Namespace: a.Namespace, Grants: []Grant{}, Open: []OpenBinding{}, HostNetwork: hostNetwork(a.Security)}
	for _, g := range a.Grants {
		grant := Grant{
			Right: string(g.Right), Subjects: subjectsOf(g.Binding), Binding: objectOf(g.Binding.Ref), Role: objectOf(g.Binding.Role),
			Whole: g.Whole, Default: g.Default,
		}
		for _, act := range g.Acts {
			grant.Acts = append(grant.Acts, Act{Verb: act.Verb, APIGroup: act.Group, Resource: act.Resource, Names: act.Names})
		}
		out.Grants = append(out.Grants, grant)
	}
	for _, b := range a.Open {
		out.Open = append(out.Open, OpenBinding{Subjects: subjectsOf(b), Binding: objectOf(b.Ref), Role: objectOf(b.Role)})
	}
	return out
}

func hostNetwork(s rights.PodSecurity) string {
	switch {
	case s.Labelled == cluster.MaybePresent:
		return "unknown"
	case s.Forbids():
		return "no"
	}
	return "yes"
}

func subjectsOf(b *cluster.Binding) []Subject {
	out := []Subject{}
	for _, s := range b.Subjects {
		out = append(out, Subject{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name, System: rights.System(s)})
	}
	return out
}
