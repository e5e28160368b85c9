package live

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// manager is who writes, as managedFields tells it.
const manager = "kubectl-netpol_doctor"

// ImpossibleError says why nothing could be tested from a pod. It is no verdict on any connection.
type ImpossibleError struct {
	Namespace, Pod string
	Doing          string // in the gerund
	Why            string
}

// Error says what was being done, to what, and why it cannot be.
func (e *ImpossibleError) Error() string {
	if e.Pod == "" {
		return fmt.Sprintf("%s in namespace %s: %s", e.Doing, e.Namespace, e.Why)
	}
	return fmt.Sprintf("%s in pod %s/%s: %s", e.Doing, e.Namespace, e.Pod, e.Why)
}

// Prober opens sessions in one cluster.
type Prober struct {
	config  *rest.Config
	all     kubernetes.Interface
	dynamic dynamic.Interface
	core    coreclient.CoreV1Interface
	access  authorizationclient.AuthorizationV1Interface
	image   string
}

// New makes a prober whose containers have that image.
func New(config *rest.Config, image string) (*Prober, error) {
	config = rest.CopyConfig(config)
	config.WarningHandler, config.WarningHandlerWithContext = rest.NoWarnings{}, nil
	all, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	unstructured, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Prober{config: config, all: all, dynamic: unstructured, core: all.CoreV1(), access: all.AuthorizationV1(), image: image}, nil
}

// Session is a container in which tests are made. What it takes to have one is prepared first, which
// writes nothing, and then started.
type Session struct {
	prober *Prober
	at     Place
	// Node is where the container runs, and Since when its pod does, once it is started.
	Node  string
	Since time.Time
	// UID is that of the pod, where it was there before.
	UID string
	// Proxy is the container of a mesh that takes the pod's connections, if there is one.
	Proxy string
	// Reused: the container of an earlier probe still runs, and nothing is written.
	Reused bool
	// Adds are the objects that Start sends to the API server; none where nothing is written.
	Adds []any
	// Tools are what the container has to test with; nil: those of the agnhost image.
	Tools []probe.Tool

	start func(context.Context) error
	stop  func(context.Context) error
}

// Start makes what was prepared and waits until it takes commands. Where it never will, that is an
// ImpossibleError with the kubelet's own words.
func (s *Session) Start(ctx context.Context) error {
	if s.start == nil {
		return nil
	}
	return s.start(ctx)
}

// Stop takes away what Start made and what can be taken away, also where Start failed.
func (s *Session) Stop(ctx context.Context) error {
	if s.stop == nil {
		return nil
	}
	return s.stop(ctx)
}

// Pod names the pod that the container is in, once that is known.
func (s *Session) Pod() cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Pod", Namespace: s.at.Namespace, Name: s.at.Pod}
}

// Run runs a command in the container.
func (s *Session) Run(ctx context.Context, command []string) probe.Run {
	return s.prober.Run(ctx, s.at, command)
}
