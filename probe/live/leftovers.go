package live

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
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

	uid types.UID
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
		if m.GetAnnotations()[Annotation] == "" || !strings.HasPrefix(m.GetName(), namePrefix) {
			return nil // somebody else's, whatever it is marked with
		}
		return []Leftover{{Ref: cluster.Ref{APIVersion: apiVersion, Kind: kind, Namespace: m.GetNamespace(), Name: m.GetName()}, uid: m.GetUID()}}
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

// end ends the program that an ephemeral container waits in, which is its first process. Where the pod's
// containers see each other's processes it is not, and goes on until its time is up.
var end = []string{"sh", "-c", "grep -q agnhost /proc/1/cmdline && kill -TERM 1"}

// Remove takes a leftover away, or ends it, which is all that can be done to an ephemeral container.
func (p *Prober) Remove(ctx context.Context, l Leftover) error {
	var err error
	switch {
	case l.Stays:
		return nil
	case l.Container != "":
		err = p.endContainer(ctx, l)
	case l.Ref.Kind == "Job":
		err = p.deleteJob(ctx, l.Ref.Namespace, l.Ref.Name, &l.uid)
	case l.Ref.Kind == "Namespace":
		if err = p.core.Namespaces().Delete(ctx, l.Ref.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &l.uid}}); apierrors.IsNotFound(err) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("removing %s: %w", l.Ref, err)
	}
	return nil
}

// endContainer ends an ephemeral container and waits until that is seen. What the command says is lost
// where the container ends first.
func (p *Prober) endContainer(ctx context.Context, l Leftover) error {
	r := p.Run(ctx, Place{l.Ref.Namespace, l.Ref.Name, l.Container}, end)
	err := wait.PollUntilContextTimeout(ctx, interval, ending, true, func(ctx context.Context) (bool, error) {
		pod, err := p.core.Pods(l.Ref.Namespace).Get(ctx, l.Ref.Name, metav1.GetOptions{})
		if err != nil {
			return apierrors.IsNotFound(err), nil
		}
		s := statusOf(pod, l.Container)
		return s != nil && s.State.Running == nil, nil
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("container %s goes on, for half an hour at most (%s%s, exit code %d)", l.Container, r.Lost, r.Stderr, r.ExitCode)
	}
	return err
}

// ending is how long a container may take to end.
const ending = 10 * time.Second
