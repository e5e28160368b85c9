package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// kindError says that the word where the kind of a target stands is none. It may be a namespace.
type kindError struct {
	text string // as it was typed
	word string
	name string // what comes after the word
	near string // the target with the kind that the word may be a slip for, or empty
}

// Error lists the kinds.
func (e *kindError) Error() string {
	text := fmt.Sprintf("target %q: %q is no kind that can be an end of a connection; ", e.text, e.word)
	if e.near != "" {
		return text + "did you mean " + e.near + "?"
	}
	return text + "there is pod, deploy, sts, ds, rs, job, cronjob, svc and node"
}

// kindNames are the kinds that a misspelt word is compared with. Short names are left out: the
// names of namespaces are near to those, as "prod" is to "pod".
var kindNames = []string{"deploy", "deployment", "statefulset", "daemonset", "replicaset", "cronjob", "service"}

// noKind makes the error for a target whose parts are NAMESPACE, KIND and NAME or the last two.
func noKind(text string, parts []string) error {
	last := len(parts) - 1
	if isNamespaceKind(parts[last-1]) {
		return fmt.Errorf("target %q: a namespace is no end of a connection; name what is in it, such as %s/deploy/NAME", text, parts[last])
	}
	e := &kindError{text: text, word: parts[last-1], name: parts[last]}
	if near := spelling.Nearest(strings.ToLower(e.word), kindNames, 1); len(near) > 0 {
		e.near = strings.Join(append(append(parts[:last-1:last-1], near...), e.name), "/")
	}
	return e
}

// suggest adds to an error about a target that is not there what may have been meant. Of files all
// is read for that. Of a live cluster only what is read for a connection that fails as well: the
// target's namespace and which namespaces there are; for a target that could not even be parsed,
// nothing. Where that reading fails, the error stays as it is.
func (o *options) suggest(ctx context.Context, err error) error {
	var missing *ends.NotFoundError
	var kind *kindError
	var nowhere *explain.NoNamespaceError
	switch {
	case errors.As(err, &missing):
		t := missing.Target
		if s, _ := o.around(ctx, t.Kind, t.Namespace); s != nil {
			return closer(s, missing)
		}
	case errors.As(err, &nowhere):
		if s, _ := o.around(ctx, "", nowhere.Namespace); s != nil {
			if names := ends.NearNamespaces(s, nowhere.Namespace); len(names) > 0 {
				return fmt.Errorf("%w; did you mean %s?", err, strings.Join(names, ", "))
			}
		}
	case errors.As(err, &kind) && !o.fromFiles:
		return fmt.Errorf("%w (a target in a namespace %s is %s/KIND/%s)", err, kind.word, kind.word, kind.name)
	case errors.As(err, &kind):
		if s, _ := o.around(ctx, "", kind.word); s != nil {
			return inNamespace(s, kind)
		}
	}
	return err
}

// around reads what there is beside a target that is not there.
func (o *options) around(ctx context.Context, kind, namespace string) (*cluster.Snapshot, error) {
	scope := cluster.Scope{All: o.all || o.fromFiles, NamespaceObjects: true, Nodes: kind == "Node"}
	if namespace != "" {
		scope.Namespaces = []string{namespace}
	}
	return o.read(ctx, scope)
}

// closer looks for a target again where more was read. What was known of its namespace stays
// known.
func closer(s *cluster.Snapshot, missing *ends.NotFoundError) error {
	var again *ends.NotFoundError
	if _, err := ends.Resolve(s, missing.Target); !errors.As(err, &again) {
		return missing
	}
	if missing.NoNamespace && !again.NoNamespace {
		again.NoNamespace, again.Namespaces = true, ends.NearNamespaces(s, missing.Target.Namespace)
	}
	return again
}

// inNamespace takes the word that is no kind for a namespace, if there is one of that name.
func inNamespace(s *cluster.Snapshot, kind *kindError) error {
	end, err := ends.Resolve(s, Target{Text: kind.text, Namespace: kind.word, Name: kind.name})
	var several *ends.AmbiguousError
	var none *ends.NotFoundError
	switch {
	case err == nil && end.Unread == nil:
		ref := end.Ref
		if end.Alias != nil {
			ref = end.Alias.Ref()
		}
		return fmt.Errorf("target %q: a target is [NAMESPACE/]KIND/NAME; type %s", kind.text, ends.Typed(ref))
	case errors.As(err, &several):
		return fmt.Errorf("target %q: a target is [NAMESPACE/]KIND/NAME; type %s", kind.text, ends.Typed(several.Choices...))
	case errors.As(err, &none) && !none.NoNamespace:
		return fmt.Errorf("target %q: %q is a namespace, and a target is [NAMESPACE/]KIND/NAME; %w", kind.text, kind.word, none)
	}
	return kind
}
