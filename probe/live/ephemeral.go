package live

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
)

// How long a container may take to start, and how often it is asked whether it has. The image may
// have to be pulled first.
const (
	patience = 2 * time.Minute
	interval = 500 * time.Millisecond
)

// ephemeral is a container that is added to a pod that runs.
type ephemeral struct {
	*Session
	pod *corev1.Pod
	add Addition
}

// Prepare finds out whether a pod can be probed from by an ephemeral container. It writes nothing: the
// API server is asked what the user may do, and to try the addition out.
func (p *Prober) Prepare(ctx context.Context, namespace, name string) (*Session, error) {
	const role = "prober.yaml"
	pod, err := p.fit(ctx, namespace, name, unfitForMore)
	if err != nil {
		return nil, err
	}
	if err := p.may(ctx, namespace, name, role, right{"create", "", "pods", "exec"}); err != nil {
		return nil, err
	}
	e := &ephemeral{Session: &Session{prober: p, at: Place{namespace, name, ""}, Node: pod.Spec.NodeName, UID: string(pod.UID), Proxy: proxyIn(pod)}, pod: pod}
	if e.at.Container, e.Reused = running(pod, p.image); e.Reused {
		return e.Session, nil
	}
	if err := p.may(ctx, namespace, name, role, right{"patch", "", "pods", "ephemeralcontainers"}); err != nil {
		return nil, err
	}
	e.at.Container = namePrefix + rand.String(5)
	e.add = additionTo(pod, ephemeralContainer(e.at.Container, p.image))
	e.Adds, e.start = []any{e.add}, e.run
	return e.Session, e.send(ctx, metav1.DryRunAll)
}

// fit reads a pod and finds out whether anything can be run in it, as unfit tells of it.
func (p *Prober) fit(ctx context.Context, namespace, name string, unfit func(*corev1.Pod) string) (*corev1.Pod, error) {
	pod, err := p.core.Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, &ImpossibleError{namespace, name, "reading it before anything is tested", err.Error()}
	}
	w := unfit(pod)
	if w == "" {
		// Not everybody may read nodes, and what is not known of one is found out by trying.
		if node, err := p.core.Nodes().Get(ctx, pod.Spec.NodeName, metav1.GetOptions{}); err == nil {
			w = unfitNode(node)
		}
	}
	if w != "" {
		return nil, &ImpossibleError{namespace, name, "starting a probe", w}
	}
	return pod, nil
}

// send sends the addition, or has it tried out.
func (e *ephemeral) send(ctx context.Context, dryRun ...string) error {
	patch, err := e.add.patch()
	if err != nil {
		return err
	}
	options := metav1.PatchOptions{DryRun: dryRun, FieldManager: manager, FieldValidation: metav1.FieldValidationStrict}
	_, err = e.prober.core.Pods(e.pod.Namespace).Patch(ctx, e.pod.Name, types.StrategicMergePatchType, patch, options, "ephemeralcontainers")
	if interrupted := ctx.Err(); err != nil && interrupted != nil {
		return fmt.Errorf("adding an ephemeral container to pod %s/%s: %w", e.pod.Namespace, e.pod.Name, interrupted)
	}
	if err != nil {
		return e.impossible("adding an ephemeral container", err.Error())
	}
	return nil
}

func (e *ephemeral) impossible(doing, why string) error {
	return &ImpossibleError{e.pod.Namespace, e.pod.Name, doing, why}
}

// run adds the container and waits until it runs.
func (e *ephemeral) run(ctx context.Context) error {
	if err := e.send(ctx); err != nil {
		return err
	}
	const doing = "waiting for the probe to start"
	last, never := e.pod, ""
	err := wait.PollUntilContextTimeout(ctx, interval, patience, true, func(ctx context.Context) (bool, error) {
		pod, err := e.prober.core.Pods(e.pod.Namespace).Get(ctx, e.pod.Name, metav1.GetOptions{})
		if err != nil {
			if apierrors.IsNotFound(err) {
				never = "the pod is gone"
			}
			return never != "", nil // anything else may pass
		}
		if pod.UID != e.pod.UID {
			never = "the pod was replaced by another of its name"
			return true, nil
		}
		last = pod
		var ok bool
		ok, never = started(pod, statusOf(pod, e.at.Container))
		return ok || never != "", nil
	})
	return awaited(ctx, err, never, func() string { return waiting(statusOf(last, e.at.Container)) }, func(why string) error { return e.impossible(doing, why) })
}

// awaited is what waiting for a container came to: nothing where it runs. Never says why it never will,
// delay what it waits for.
func awaited(ctx context.Context, err error, never string, delay func() string, impossible func(why string) error) error {
	switch {
	case never != "":
		return impossible(never)
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return impossible(fmt.Sprintf("it did not within %s; %s", patience, delay()))
	}
	return nil
}
