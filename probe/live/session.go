package live

import (
	"context"
	"fmt"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// manager is who writes, as managedFields tells it.
const manager = "kubectl-netpol_doctor"

// How long a container may take to start, and how often it is asked whether it has. The image may
// have to be pulled first.
const (
	patience = 2 * time.Minute
	interval = 500 * time.Millisecond
)

// ImpossibleError says why nothing could be tested from a pod. It is no verdict on any connection.
type ImpossibleError struct {
	Namespace, Pod string
	Doing          string // in the gerund
	Why            string
}

// Error says what was being done, to what, and why it cannot be.
func (e *ImpossibleError) Error() string {
	return fmt.Sprintf("%s in pod %s/%s: %s", e.Doing, e.Namespace, e.Pod, e.Why)
}

// Prober opens sessions in pods of one cluster.
type Prober struct {
	config *rest.Config
	core   coreclient.CoreV1Interface
	access authorizationclient.AuthorizationV1Interface
	image  string
}

// New makes a prober whose containers have that image.
func New(config *rest.Config, image string) (*Prober, error) {
	config = rest.CopyConfig(config)
	config.WarningHandler, config.WarningHandlerWithContext = rest.NoWarnings{}, nil
	core, err := coreclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	access, err := authorizationclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Prober{config: config, core: core, access: access, image: image}, nil
}

// Session is a container of ours in a pod: one that runs already, or one that Start adds.
type Session struct {
	prober    *Prober
	pod       *corev1.Pod
	container string
	// Reused: the container of an earlier probe still runs, and nothing is written.
	Reused bool
	// Add is what Start adds.
	Add Addition
}

// Prepare finds out whether a pod can be probed from. It writes nothing: the API server is asked
// what the user may do, and to try the addition out.
func (p *Prober) Prepare(ctx context.Context, namespace, name string) (*Session, error) {
	fail := func(doing, why string) (*Session, error) {
		return nil, &ImpossibleError{namespace, name, doing, why}
	}
	pod, err := p.core.Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fail("reading it before anything is tested", err.Error())
	}
	if w := unfit(pod); w != "" {
		return fail("starting a probe", w)
	}
	// Not everybody may read nodes, and what is not known of one is found out by trying.
	if node, err := p.core.Nodes().Get(ctx, pod.Spec.NodeName, metav1.GetOptions{}); err == nil {
		if w := unfitNode(node); w != "" {
			return fail("starting a probe", w)
		}
	}
	if err := p.may(ctx, namespace, name, "create", "exec"); err != nil {
		return nil, err
	}
	s := &Session{prober: p, pod: pod}
	if s.container, s.Reused = running(pod, p.image); s.Reused {
		return s, nil
	}
	if err := p.may(ctx, namespace, name, "patch", "ephemeralcontainers"); err != nil {
		return nil, err
	}
	s.container = namePrefix + rand.String(5)
	s.Add = additionTo(pod, container(s.container, p.image))
	return s, s.add(ctx, metav1.DryRunAll)
}

// may asks the API server whether the user has a right to a part of a pod.
func (p *Prober) may(ctx context.Context, namespace, name, verb, subresource string) error {
	doing := fmt.Sprintf("asking whether you may %s pods/%s", verb, subresource)
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Name: name, Verb: verb, Resource: "pods", Subresource: subresource},
	}}
	answer, err := p.access.SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	switch {
	case err != nil:
		return &ImpossibleError{namespace, name, doing, err.Error()}
	case answer.Status.Allowed:
		return nil
	}
	return &ImpossibleError{namespace, name, doing, "you may not" + why("", answer.Status.Reason) + "; docs/rbac/prober.yaml is a Role that allows it"}
}

// add sends the addition, or has it tried out.
func (s *Session) add(ctx context.Context, dryRun ...string) error {
	patch, err := s.Add.patch()
	if err != nil {
		return err
	}
	options := metav1.PatchOptions{DryRun: dryRun, FieldManager: manager, FieldValidation: metav1.FieldValidationStrict}
	_, err = s.prober.core.Pods(s.pod.Namespace).Patch(ctx, s.pod.Name, types.StrategicMergePatchType, patch, options, "ephemeralcontainers")
	if interrupted := ctx.Err(); err != nil && interrupted != nil {
		return fmt.Errorf("adding an ephemeral container to pod %s/%s: %w", s.pod.Namespace, s.pod.Name, interrupted)
	}
	if err != nil {
		return s.impossible("adding an ephemeral container", err.Error())
	}
	return nil
}

func (s *Session) impossible(doing, why string) error {
	return &ImpossibleError{s.pod.Namespace, s.pod.Name, doing, why}
}

// Start adds the container and waits until it runs. One that never will is an ImpossibleError with
// the kubelet's own words.
func (s *Session) Start(ctx context.Context) error {
	if s.Reused {
		return nil
	}
	if err := s.add(ctx); err != nil {
		return err
	}
	const doing = "waiting for the probe to start"
	last, never := s.pod, ""
	err := wait.PollUntilContextTimeout(ctx, interval, patience, true, func(ctx context.Context) (bool, error) {
		pod, err := s.prober.core.Pods(s.pod.Namespace).Get(ctx, s.pod.Name, metav1.GetOptions{})
		if err != nil {
			if apierrors.IsNotFound(err) {
				never = "the pod is gone"
			}
			return never != "", nil // anything else may pass
		}
		if pod.UID != s.pod.UID {
			never = "the pod was replaced by another of its name"
			return true, nil
		}
		last = pod
		var ok bool
		ok, never = started(pod, s.container)
		return ok || never != "", nil
	})
	switch {
	case never != "":
		return s.impossible(doing, never)
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return s.impossible(doing, fmt.Sprintf("it did not within %s; %s", patience, waiting(last, s.container)))
	}
	return nil
}

// Run runs a command in the container.
func (s *Session) Run(ctx context.Context, command []string) probe.Run {
	return s.prober.Run(ctx, Place{s.pod.Namespace, s.pod.Name, s.container}, command)
}
