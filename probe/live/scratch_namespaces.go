package live

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// TryOut asks the API server whether it would create the namespaces, without creating them. What goes
// into them cannot be tried out before they exist.
func (s *Scratch) TryOut(ctx context.Context) error {
	dry := created
	dry.DryRun = []string{metav1.DryRunAll}
	for _, namespace := range []string{s.Namespace, s.Guests} {
		if _, err := s.prober.core.Namespaces().Create(ctx, scratchNamespace(namespace), dry); err != nil {
			return unable(ctx, "trying out whether namespace "+namespace+" could be created", err)
		}
	}
	return nil
}

// createNamespace creates one of the namespaces, and remembers that it did, or that it may have done: an
// interruption does not keep the API server from finishing.
func (s *Scratch) createNamespace(ctx context.Context, name string) error {
	s.made[name] = perhaps
	_, err := s.prober.core.Namespaces().Create(ctx, scratchNamespace(name), created)
	var status apierrors.APIStatus
	switch {
	case err == nil:
		s.made[name] = certainly
	case errors.As(err, &status) && status.Status().Code/100 == 4: // refused; if there is one, it is not ours
		delete(s.made, name)
	}
	if err != nil {
		return unable(ctx, "creating namespace "+name, err)
	}
	return nil
}

// certainty is how sure it is that a namespace was created.
type certainty uint8

const (
	perhaps certainty = iota + 1
	certainly
)

// belated is how long a namespace may appear after its creation was interrupted.
const belated = 5 * time.Second

// Delete deletes the namespaces that Create made and all in them, and waits until they are gone. It
// returns what remains, as commands.
func (s *Scratch) Delete(ctx context.Context) (remains []string) {
	var gone []string
	for _, namespace := range []string{s.Namespace, s.Guests} {
		if s.made[namespace] == 0 {
			continue
		}
		if err := s.deleteNamespace(ctx, namespace); err != nil {
			remains = append(remains, s.options.kubectl()+" delete namespace "+namespace)
			continue
		}
		gone = append(gone, namespace)
	}
	for _, namespace := range gone {
		// Who may not read it cannot wait; what is being deleted needs nobody to.
		err := wait.PollUntilContextCancel(ctx, interval, true, func(ctx context.Context) (bool, error) {
			_, err := s.prober.core.Namespaces().Get(ctx, namespace, metav1.GetOptions{})
			return apierrors.IsNotFound(err) || apierrors.IsForbidden(err), nil
		})
		if err != nil {
			remains = append(remains, s.options.kubectl()+" get namespace "+namespace)
		}
	}
	return remains
}

// deleteNamespace deletes a namespace. That there is none is believed at once only if it had been there.
func (s *Scratch) deleteNamespace(ctx context.Context, name string) error {
	begun := time.Now()
	return wait.PollUntilContextCancel(ctx, interval, true, func(ctx context.Context) (bool, error) {
		err := s.prober.core.Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return s.made[name] == certainly || time.Since(begun) > belated, nil
		}
		return err == nil, err
	})
}
