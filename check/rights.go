package check

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/rights"
)

// undoing are the findings about rights that make policies worth little, NPD65x. They are looked
// for where the question is who may undo the policies.
var undoing = []Check{
	{
		Code: "NPD651", Severity: Warning,
		Title: "everybody may change what the policies of the namespace depend on",
		Doc: `A binding gives a right over the policies, or over labels that they select by, to a group that
everybody is in: system:authenticated, system:unauthenticated, system:serviceaccounts, or to the
user system:anonymous. A right of all service accounts can be used from any pod of the cluster. A
policy does not stop anybody who can change it.

What you see: nothing fails.

Verify: kubectl auth can-i VERB RESOURCE -n NAMESPACE --as=nobody --as-group=GROUP with the verb and
the resource that the finding's role names: patch networkpolicies, patch pods, patch
namespaces/NAMESPACE, create pods, impersonate serviceaccounts or create rolebindings.

Fix: remove the group from the binding, and bind those who need the role.`,
		Symptoms: []string{"system:authenticated may change network policies", "everybody can edit NetworkPolicies"},
		Run: func(p *Pass) {
			for _, b := range p.undoers() {
				for _, s := range b.binding.Subjects {
					if !rights.Everybody(s) {
						continue
					}
					p.report(Finding{
						Object: b.binding.Ref, Field: "subjects", Origin: b.binding.Origin,
						Message:  fmt.Sprintf("in namespace %s, %s may %s (%s)", p.Rights.Namespace, whoever(s), b.words(rights.All), b),
						Evidence: map[string]string{"subject": s.Kind + " " + s.Name, "role": b.binding.Role.String()},
						Advice:   fmt.Sprintf("remove %s from %s, and bind those who need the role", s.Name, b),
					})
				}
			}
		},
	},
	{
		Code: "NPD652", Severity: Warning,
		Title: "pods may change the policies that restrict them",
		Doc: `Pods run as a service account that may change the NetworkPolicies of their own namespace, the labels
of the namespace, or the labels of pods. An attacker in such a pod can first open the connection and
then use it. Operators sometimes need such rights; then they are safer in a namespace of their own.

What you see: nothing fails.

Verify: kubectl auth can-i VERB RESOURCE -n NAMESPACE --as=system:serviceaccount:NAMESPACE:NAME with
patch networkpolicies, patch pods or patch namespaces/NAMESPACE, as the finding says.

Fix: remove the right from the service account, or run the pods as another one.`,
		Symptoms: []string{"a pod can delete the NetworkPolicy that isolates it"},
		Run: func(p *Pass) {
			own := []rights.Right{rights.Policies, rights.NamespaceLabels, rights.PodLabels}
			for _, b := range p.undoers() {
				words := b.words(own)
				if words == "" {
					continue
				}
				for _, account := range p.accounts(b.binding) {
					p.report(Finding{
						Object: b.binding.Ref, Field: "subjects", Origin: b.binding.Origin,
						Message:  fmt.Sprintf("in namespace %s, pods of %s run as service account %s, which may %s (%s)", p.Rights.Namespace, p.typed(p.runAs(account)), account, words, b),
						Evidence: map[string]string{"subject": "ServiceAccount " + p.Rights.Namespace + "/" + account, "role": b.binding.Role.String()},
						Advice:   fmt.Sprintf("remove these rights from service account %s, or run the pods as another", account),
					})
				}
			}
		},
	},
}

// undoer is a binding with what it lets its subjects do.
type undoer struct {
	binding *cluster.Binding
	rights  []rights.Right
}

// undoers are the bindings of which it is certain that they grant rights over the policies.
func (p *Pass) undoers() []undoer {
	if p.Rights == nil {
		return nil
	}
	var out []undoer
	for _, g := range p.Rights.Grants {
		if g.Default && !p.Snapshot.FromFiles {
			continue
		}
		i := slices.IndexFunc(out, func(u undoer) bool { return u.binding == g.Binding })
		if i < 0 {
			i = len(out)
			out = append(out, undoer{binding: g.Binding})
		}
		out[i].rights = append(out[i].rights, g.Right)
	}
	return out
}

// deeds says what each right lets somebody do.
var deeds = map[rights.Right]string{
	rights.Policies:        "change NetworkPolicies",
	rights.NamespaceLabels: "change the labels of the namespace",
	rights.PodLabels:       "change the labels of pods",
	rights.Workloads:       "start pods",
	rights.Become:          "impersonate others or escalate",
	rights.Delegate:        "grant roles",
}

// words says which of some rights a binding grants; it is empty for none.
func (u undoer) words(of []rights.Right) string {
	var out []string
	for _, r := range of {
		if slices.Contains(u.rights, r) {
			out = append(out, deeds[r])
		}
	}
	if last := len(out) - 1; last > 0 {
		return strings.Join(out[:last], ", ") + " and " + out[last]
	}
	return strings.Join(out, "")
}

// String names the binding as a person would.
func (u undoer) String() string {
	if u.binding.Namespace == "" {
		return u.binding.Kind + " " + u.binding.Name
	}
	return u.binding.Kind + " " + u.binding.Namespace + "/" + u.binding.Name
}

// whoever names a subject that stands for everybody, and says for whom.
func whoever(s rbacv1.Subject) string {
	switch s.Name {
	case "system:serviceaccounts":
		return "every service account of the cluster (group " + s.Name + ")"
	case "system:anonymous", "system:unauthenticated":
		return "whoever reaches the API server without logging in (" + strings.ToLower(s.Kind) + " " + s.Name + ")"
	}
	return "everybody who can log in (group " + s.Name + ")"
}

// accounts are the service accounts that pods of the namespace run as and that are subjects of a
// binding, by name or as all of the namespace; those of everybody are another finding.
func (p *Pass) accounts(b *cluster.Binding) []string {
	var out []string
	for _, pod := range p.Snapshot.Subjects(p.Rights.Namespace) {
		for _, s := range b.Subjects {
			if rights.Is(s, pod.Namespace, pod.ServiceAccount) && !slices.Contains(out, pod.ServiceAccount) {
				out = append(out, pod.ServiceAccount)
			}
		}
	}
	slices.Sort(out)
	return out
}

// typed names the workloads of some ends of the namespace as they are typed: "deploy/operator".
func (p *Pass) typed(of []policy.Endpoint) string {
	var names []string
	for _, o := range p.owners(of) {
		names = append(names, ends.Typed(cluster.Ref{Kind: o.Kind, Name: o.Name}))
	}
	return list(names)
}

// runAs are the pods of the namespace that run as a service account.
func (p *Pass) runAs(account string) []policy.Endpoint {
	var out []policy.Endpoint
	for _, pod := range p.Snapshot.Subjects(p.Rights.Namespace) {
		if pod.ServiceAccount == account {
			out = append(out, policy.PodEnd(pod))
		}
	}
	return out
}
