package live

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/pager"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Leftover is something that a probe made and that is still there.
type Leftover struct {
	Ref cluster.Ref
	// Container is the ephemeral container in the pod Ref; empty for an object of its own.
	Container string
	// Stays: nothing can take it out. An ephemeral container that has ended is an entry in its pod's
	// specification, and nothing more, until the pod is replaced.
	Stays bool
}

// Leftovers looks for what probes left in a namespace, or with "" in all of them, with the namespaces
// that were made for tests. Unread says what could not be looked for.
func (p *Prober) Leftovers(ctx context.Context, namespace string) (found []Leftover, unread []error) {
	look := func(what string, list pager.ListPageFunc, of func(runtime.Object) []Leftover) {
		err := pager.New(list).EachListItem(ctx, metav1.ListOptions{}, func(o runtime.Object) error {
			found = append(found, of(o)...)
			return nil
		})
		if err != nil {
			unread = append(unread, fmt.Errorf("looking for %s of probes: %w", what, err))
		}
	}
	look("Jobs", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return p.all.BatchV1().Jobs(namespace).List(ctx, o)
	}, marked("batch/v1", "Job"))
	look("ephemeral containers", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return p.core.Pods(namespace).List(ctx, o)
	}, added)
	if namespace == "" {
		look("namespaces", func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return p.core.Namespaces().List(ctx, o)
		}, marked("v1", "Namespace"))
	}
	return found, unread
}

// marked finds objects of a kind that have the annotation.
func marked(apiVersion, kind string) func(runtime.Object) []Leftover {
	return func(o runtime.Object) []Leftover {
		m, ok := o.(metav1.Object)
		if !ok || m.GetDeletionTimestamp() != nil {
			return nil
		}
		if _, ours := m.GetAnnotations()[Annotation]; !ours {
			return nil
		}
		return []Leftover{{Ref: cluster.Ref{APIVersion: apiVersion, Kind: kind, Namespace: m.GetNamespace(), Name: m.GetName()}}}
	}
}

// added finds the ephemeral containers of probes in a pod.
func added(o runtime.Object) []Leftover {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return nil
	}
	var out []Leftover
	for _, c := range pod.Spec.EphemeralContainers {
		if ours(c) {
			s := statusOf(pod, c.Name)
			out = append(out, Leftover{
				Ref:       cluster.Ref{APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name},
				Container: c.Name, Stays: s == nil || s.State.Running == nil,
			})
		}
	}
	return out
}

// end ends the program that an ephemeral container waits in. Where the pod's containers see each
// other's processes, only those of the same user can be ended.
var end = []string{"pkill", "-TERM", "-f", "/agnhost pause$"}

// Remove takes a leftover away, or ends it, which is all that can be done to an ephemeral container.
func (p *Prober) Remove(ctx context.Context, l Leftover) error {
	var err error
	switch {
	case l.Stays:
		return nil
	case l.Container != "":
		// The container may end before it can say how its command ended.
		if r := p.Run(ctx, Place{l.Ref.Namespace, l.Ref.Name, l.Container}, end); r.Lost == "" && r.ExitCode != 0 && r.ExitCode != exitTerminated {
			err = fmt.Errorf("%s: exit code %d: %s", end[0], r.ExitCode, r.Stderr)
		}
	case l.Ref.Kind == "Job":
		err = p.deleteJob(ctx, l.Ref.Namespace, l.Ref.Name)
	case l.Ref.Kind == "Namespace":
		if err = p.core.Namespaces().Delete(ctx, l.Ref.Name, metav1.DeleteOptions{}); apierrors.IsNotFound(err) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("removing %s: %w", l.Ref, err)
	}
	return nil
}

// exitTerminated is the exit code of a command that SIGTERM ended with its container.
const exitTerminated = 143
