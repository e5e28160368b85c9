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

// may asks the API server whether the user has rights to an object of a namespace, or with an empty
// name to all of them. Role is the file that has a Role which allows it.
func (p *Prober) may(ctx context.Context, namespace, name, role string, rights ...right) error {
	for _, r := range rights {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Name: name, Verb: r.verb, Group: r.group, Resource: r.resource, Subresource: r.subresource},
		}}
		doing := fmt.Sprintf("asking whether you may %s", r)
		answer, err := p.access.SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		switch {
		case err != nil:
			return &ImpossibleError{namespace, name, doing, err.Error()}
		case !answer.Status.Allowed:
			return &ImpossibleError{namespace, name, doing, "you may not" + why("", answer.Status.Reason) + "; docs/rbac/" + role + " is a Role that allows it"}
		}
	}
	return nil
}
