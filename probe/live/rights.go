package live

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// right is one thing that somebody may be allowed to do.
type right struct {
	verb, group, resource, subresource string
}

// String is how kubectl auth can-i takes it.
func (r right) String() string {
	text := r.verb + " " + r.resource
	if r.group != "" {
		text += "." + r.group
	}
	if r.subresource != "" {
		text += "/" + r.subresource
	}
	return text
}

// ask asks the API server whether the user has a right to an object of a namespace, or with an empty
// name to all of them. Reason is the server's word on it, if it has any.
func (p *Prober) ask(ctx context.Context, namespace, name string, r right) (allowed bool, reason string, err error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Name: name, Verb: r.verb, Group: r.group, Resource: r.resource, Subresource: r.subresource},
	}}
	answer, err := p.access.SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, "", err
	}
	return answer.Status.Allowed, answer.Status.Reason, nil
}

// may is an error unless the user has all of some rights. Role is the file that has a Role which allows
// them.
func (p *Prober) may(ctx context.Context, namespace, name, role string, rights ...right) error {
	for _, r := range rights {
		doing := fmt.Sprintf("asking whether you may %s", r)
		allowed, reason, err := p.ask(ctx, namespace, name, r)
		switch {
		case err != nil:
			return &ImpossibleError{namespace, name, doing, err.Error()}
		case !allowed:
			return &ImpossibleError{namespace, name, doing, "you may not" + why("", reason) + "; docs/rbac/" + role + " is a Role that allows it"}
		}
	}
	return nil
}
