package live

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// DefaultImage has connect and dig, is built for every architecture, and belongs to the Kubernetes
// project. Source: kubernetes/kubernetes, test/images/agnhost.
const DefaultImage = "registry.k8s.io/e2e-test-images/agnhost:2.56"

// namePrefix marks ephemeral containers as ours. They have no annotations, and a label on the pod
// might change what policies say of it.
const namePrefix = "netpol-doctor-"

// lifetime is how long an ephemeral container waits for commands before it ends by itself.
const lifetime = 30 * time.Minute

// reserve is how much of that has to be left for a container to be used again.
const reserve = 5 * time.Minute

// user is nobody in particular: a number, as kubelets want it where root is not allowed, that is no
// mesh's own, since meshes let those pass. Sources: core/v1 SecurityContext.RunAsNonRoot; Istio,
// pilot-agent istio-iptables --proxy-uid 1337; Linkerd, proxy UID 2102.
const user = 65532

// container waits for commands. It passes the Pod Security Standard "restricted", and ends on SIGTERM,
// so that it delays no pod that goes away. Source: Pod Security Standards.
func container(name, image string, lifetime time.Duration) corev1.Container {
	return corev1.Container{
		Name:            name,
		Image:           image,
		ImagePullPolicy: corev1.PullIfNotPresent,
		Command:         []string{"timeout", strconv.Itoa(int(lifetime.Seconds())), "/agnhost", "pause"},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false),
			ReadOnlyRootFilesystem:   ptr.To(true),
			RunAsNonRoot:             ptr.To(true),
			RunAsUser:                ptr.To[int64](user),
			RunAsGroup:               ptr.To[int64](user),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
}

// ephemeralContainer is what is added to a pod. It asks for no resources, which ephemeral containers
// cannot have. Source: core/v1 EphemeralContainer.
func ephemeralContainer(name, image string) corev1.EphemeralContainer {
	return corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon(container(name, image, lifetime))}
}

// Addition is a pod with nothing but what is added to it: what is sent as a patch.
type Addition struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        Name         `json:"metadata"`
	Spec            AdditionSpec `json:"spec"`
}

// Name names the pod.
type Name struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// AdditionSpec holds the added container.
type AdditionSpec struct {
	EphemeralContainers []corev1.EphemeralContainer `json:"ephemeralContainers"`
}

func additionTo(pod *corev1.Pod, c corev1.EphemeralContainer) Addition {
	return Addition{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		Metadata: Name{pod.Name, pod.Namespace},
		Spec:     AdditionSpec{[]corev1.EphemeralContainer{c}},
	}
}

// patch is the strategic merge patch of the addition: containers are merged by their name.
func (a Addition) patch() ([]byte, error) {
	return json.Marshal(map[string]any{"spec": a.Spec})
}

// running finds a container of ours, with that image, that still takes commands.
func running(pod *corev1.Pod, image string) (name string, ok bool) {
	for _, c := range pod.Spec.EphemeralContainers {
		if s := statusOf(pod, c.Name); ours(c) && c.Image == image && s != nil && s.State.Running != nil && time.Since(s.State.Running.StartedAt.Time) < lifetime-reserve {
			return c.Name, true
		}
	}
	return "", false
}

func ours(c corev1.EphemeralContainer) bool { return strings.HasPrefix(c.Name, namePrefix) }

func statusOf(pod *corev1.Pod, name string) *corev1.ContainerStatus {
	for i := range pod.Status.EphemeralContainerStatuses {
		if s := &pod.Status.EphemeralContainerStatuses[i]; s.Name == name {
			return s
		}
	}
	return nil
}
