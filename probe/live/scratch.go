package live

import (
	"cmp"
	"context"
	"fmt"
	"strings"

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
	// Context is that of kubeconfig which commands to be typed have to name; it may be empty.
	Context string
}

// kubectl begins a command to be typed.
func (o ScratchOptions) kubectl() string {
	if o.Context == "" {
		return "kubectl"
	}
	return "kubectl --context " + o.Context
}

// Scratch is two namespaces of our own, with pods in them that trials are made with.
type Scratch struct {
	Namespace, Guests string

	prober    *Prober
	policies  networkingclient.NetworkingV1Interface
	discovery discoveryclient.DiscoveryV1Interface
	options   ScratchOptions
	made      map[string]certainty // namespaces
	service   string               // the address of the server's Service
	applied   []string             // names of the policies that are there
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
	return &Scratch{Namespace: name, Guests: name + "-guests", prober: prober, policies: policies, discovery: discovery, options: o, made: map[string]certainty{}}, nil
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
	objects := []any{scratchNamespace(s.Namespace), scratchNamespace(s.Guests)}
	if name := s.options.PullSecret; name != "" { // what is in it is nobody's business
		objects = append(objects, scratchSecret(s.Namespace, name), scratchSecret(s.Guests, name))
	}
	objects = append(objects, scratchService(s.Namespace, probe.Server), scratchService(s.Guests, probe.Guest))
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
		if err := s.createNamespace(ctx, namespace); err != nil {
			return nil, err
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
		copied := scratchSecret(namespace, secret.Name)
		copied.Type, copied.Data = secret.Type, secret.Data
		_, err = s.prober.core.Secrets(namespace).Create(ctx, copied, created)
	}
	if err != nil {
		return unable(ctx, doing, err)
	}
	return nil
}
