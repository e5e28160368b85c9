package live

import (
	"context"
	"strings"
)

// rights are what a check cannot do without. What else docs/rbac/enforcement.yaml grants makes it say
// more.
var rights = []right{
	{"create", "", "namespaces", ""},
	{"delete", "", "namespaces", ""},
	{"create", "", "services", ""},
	{"create", "", "pods", ""},
	{"list", "", "pods", ""},
	{"create", "", "pods", "exec"},
	{"create", "networking.k8s.io", "networkpolicies", ""},
	{"delete", "networking.k8s.io", "networkpolicies", ""},
}

// Allowed asks the API server whether the user may do all of it. It writes nothing.
func (s *Scratch) Allowed(ctx context.Context) error {
	const doing = "asking whether you may check enforcement"
	var lacks []string
	lacking := func(namespace, name string, r right) error {
		allowed, _, err := s.prober.ask(ctx, namespace, name, r)
		if err != nil {
			return unable(ctx, doing, err)
		}
		if !allowed {
			lacks = append(lacks, r.String())
		}
		return nil
	}
	for _, r := range rights {
		namespace := s.Namespace
		if r.resource == "namespaces" {
			namespace = ""
		}
		if err := lacking(namespace, "", r); err != nil {
			return err
		}
	}
	if secret := s.options.PullSecret; secret != "" {
		if err := lacking(s.options.PullSecretNamespace, secret, right{"get", "", "secrets", ""}); err != nil {
			return err
		}
		if err := lacking(s.Namespace, "", right{"create", "", "secrets", ""}); err != nil {
			return err
		}
	}
	if len(lacks) > 0 {
		return &UnableError{doing, "you may not " + strings.Join(lacks, ", ") + "; docs/rbac/enforcement.yaml is a ClusterRole that allows it"}
	}
	return nil
}
