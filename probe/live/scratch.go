package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	discoveryclient "k8s.io/client-go/kubernetes/typed/discovery/v1"
	networkingclient "k8s.io/client-go/kubernetes/typed/networking/v1"
	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// UnableError says why a cluster could not be checked. It is no verdict on its network plugin.
type UnableError struct {
	Doing string // in the gerund
	Why   string
}

// Error says what was being done, and why it cannot be.
func (e *UnableError) Error() string { return e.Doing + ": " + e.Why }

// ScratchOptions is what a check of enforcement may be told.
type ScratchOptions struct {
	Image string
	// PullSecret names a Secret of PullSecretNamespace to pull the image with; it is copied.
	PullSecret, PullSecretNamespace string
}

// Scratch is two namespaces of our own, with pods in them that trials are made with.
type Scratch struct {
	Namespace, Guests string

	prober    *Prober
	policies  networkingclient.NetworkingV1Interface
	discovery discoveryclient.DiscoveryV1Interface
	options   ScratchOptions
	service   string   // the address of the server's Service
	applied   []string // names of the policies that are there
}

// NewScratch chooses the names. It writes nothing.
func NewScratch(config *rest.Config, o ScratchOptions) (*Scratch, error) {
	prober, err := New(config, o.Image)
	if err != nil {
		return nil, err
	}
	policies, err := networkingclient.NewForConfig(prober.config)
	if err != nil {
		return nil, err
	}
	discovery, err := discoveryclient.NewForConfig(prober.config)
	if err != nil {
		return nil, err
	}
	name := namePrefix + "check-" + rand.String(5)
	return &Scratch{Namespace: name, Guests: name + "-guests", prober: prober, policies: policies, discovery: discovery, options: o}, nil
}

// namespaceOf tells where a pod of the trials is.
func (s *Scratch) namespaceOf(pod string) string {
	if pod == probe.Guest {
		return s.Guests
	}
	return s.Namespace
}

// ownerOf names the Service that owns a pod; the one that has no owner has none.
func ownerOf(pod string) string {
	switch pod {
	case probe.Guest:
		return probe.Guest
	case probe.Ownerless:
		return ""
	}
	return probe.Server
}

// Objects lists what is created before the trials, as it is sent but for owners, which are only known
// then.
func (s *Scratch) Objects() []any {
	objects := []any{
		scratchNamespace(s.Namespace), scratchNamespace(s.Guests),
		scratchService(s.Namespace, probe.Server), scratchService(s.Guests, probe.Guest),
	}
	for _, pod := range probe.TrialPods {
		objects = append(objects, scratchPod(s.namespaceOf(pod), pod, s.options.Image, s.options.PullSecret, nil))
	}
	return objects
}

// Policies lists what the trials create one after the other, for a place whose addresses are known.
func (s *Scratch) Policies(p *probe.Place) ([]*networkingv1.NetworkPolicy, error) {
	var all []*networkingv1.NetworkPolicy
	for _, t := range probe.Trials {
		specs, err := t.Specs(p)
		if err != nil {
			return nil, err
		}
		for i, spec := range specs {
			all = append(all, scratchPolicy(s.Namespace, policyName(t.Name, i), spec))
		}
	}
	return all, nil
}

func policyName(trial string, i int) string {
	return strings.ToLower(fmt.Sprintf("%s-%d", trial, i+1))
}

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
	for _, r := range rights {
		namespace := s.Namespace
		if r.resource == "namespaces" {
			namespace = ""
		}
		allowed, _, err := s.prober.ask(ctx, namespace, "", r)
		if err != nil {
			return unable(ctx, doing, err)
		}
		if !allowed {
			lacks = append(lacks, r.String())
		}
	}
	if len(lacks) > 0 {
		return &UnableError{doing, "you may not " + strings.Join(lacks, ", ") + "; docs/rbac/enforcement.yaml is a ClusterRole that allows it"}
	}
	return nil
}

// unable wraps an error, unless it is an interruption.
func unable(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	return &UnableError{doing, err.Error()}
}

// created is how everything is created.
var created = metav1.CreateOptions{FieldManager: manager, FieldValidation: metav1.FieldValidationStrict}

// Create makes the namespaces, Services and pods. What it made when it fails is deleted by Delete. A
// pod that only one trial needs may be missing: Missing says why.
func (s *Scratch) Create(ctx context.Context) (missing map[string]string, err error) {
	for _, namespace := range []string{s.Namespace, s.Guests} {
		if _, err := s.prober.core.Namespaces().Create(ctx, scratchNamespace(namespace), created); err != nil {
			return nil, unable(ctx, "creating namespace "+namespace, err)
		}
		if err := s.copySecret(ctx, namespace); err != nil {
			return nil, err
		}
	}
	owners := map[string]*corev1.Service{}
	for _, name := range []string{probe.Server, probe.Guest} {
		namespace := s.namespaceOf(name)
		service, err := s.prober.core.Services(namespace).Create(ctx, scratchService(namespace, name), created)
		if err != nil {
			return nil, unable(ctx, "creating a Service in namespace "+namespace, err)
		}
		owners[name] = service
	}
	s.service = owners[probe.Server].Spec.ClusterIP
	missing = map[string]string{}
	for _, name := range probe.TrialPods {
		err := s.createPod(ctx, scratchPod(s.namespaceOf(name), name, s.options.Image, s.options.PullSecret, owners[ownerOf(name)]))
		switch {
		case err == nil:
		case needed(name) || ctx.Err() != nil:
			return nil, unable(ctx, fmt.Sprintf("creating pod %s/%s", s.namespaceOf(name), name), err)
		default:
			missing[name] = "its pod could not be created: " + err.Error()
		}
	}
	return missing, nil
}

// needed tells whether no trial can be made without a pod.
func needed(pod string) bool { return pod != probe.Ownerless && pod != probe.Flanked }

// createPod creates a pod. The namespace's ServiceAccount, without which none is taken, is made by a
// controller a moment after the namespace.
func (s *Scratch) createPod(ctx context.Context, pod *corev1.Pod) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, interval, probe.Patience, true, func(ctx context.Context) (bool, error) {
		_, last = s.prober.core.Pods(pod.Namespace).Create(ctx, pod, created)
		if apierrors.IsForbidden(last) && strings.Contains(last.Error(), "serviceaccount") {
			return false, nil
		}
		return true, last
	})
	return cmp.Or(last, err)
}

// copySecret copies the Secret that the image is pulled with.
func (s *Scratch) copySecret(ctx context.Context, namespace string) error {
	if s.options.PullSecret == "" {
		return nil
	}
	doing := fmt.Sprintf("copying Secret %s/%s to namespace %s", s.options.PullSecretNamespace, s.options.PullSecret, namespace)
	secret, err := s.prober.core.Secrets(s.options.PullSecretNamespace).Get(ctx, s.options.PullSecret, metav1.GetOptions{})
	if err == nil {
		copied := &corev1.Secret{ObjectMeta: meta(namespace, secret.Name), Type: secret.Type, Data: secret.Data}
		_, err = s.prober.core.Secrets(namespace).Create(ctx, copied, created)
	}
	if err != nil {
		return unable(ctx, doing, err)
	}
	return nil
}

// Delete deletes the namespaces and all in them, and waits until they are gone. It returns what
// remains, as commands.
func (s *Scratch) Delete(ctx context.Context) (remains []string) {
	var gone []string
	for _, namespace := range []string{s.Namespace, s.Guests} {
		err := s.prober.core.Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			remains = append(remains, "kubectl delete namespace "+namespace)
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
			remains = append(remains, "kubectl get namespace "+namespace)
		}
	}
	return remains
}

// try makes one try of a line.
func (s *Scratch) try(ctx context.Context, p *probe.Place, l probe.Line, timeout time.Duration) probe.Observation {
	address, why := p.Dials(l)
	if why != "" {
		return probe.Observation{Reason: why}
	}
	return probe.ParseConnect(s.prober.Run(ctx, Place{s.namespaceOf(l.From), l.From, "main"}, l.Command(address, timeout)))
}

// talk sends requests over one connection from the client to the server.
func (s *Scratch) talk(ctx context.Context, p *probe.Place) probe.Run {
	address, _ := p.Dials(probe.Line{From: probe.Client, To: probe.Server, Port: 8080})
	return s.prober.run(ctx, Place{s.Namespace, probe.Client, "main"}, probe.Talk(address), 2*probe.Requests*time.Second)
}

// apply creates the policies of a trial.
func (s *Scratch) apply(ctx context.Context, trial string, specs []networkingv1.NetworkPolicySpec) error {
	for i, spec := range specs {
		name := policyName(trial, i)
		if _, err := s.policies.NetworkPolicies(s.Namespace).Create(ctx, scratchPolicy(s.Namespace, name, spec), created); err != nil {
			return fmt.Errorf("creating NetworkPolicy %s/%s: %w", s.Namespace, name, err)
		}
		s.applied = append(s.applied, name)
	}
	return nil
}

// clear deletes the policies that are there.
func (s *Scratch) clear(ctx context.Context) error {
	var failed []error
	for _, name := range s.applied {
		if err := s.policies.NetworkPolicies(s.Namespace).Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			failed = append(failed, fmt.Errorf("deleting NetworkPolicy %s/%s: %w", s.Namespace, name, err))
		}
	}
	s.applied = nil
	return errors.Join(failed...)
}
