package live

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// purpose is what the annotation of everything says that a check of enforcement creates.
const purpose = "check-enforcement"

// scratchLifetime is how many seconds the pods may run, should nobody delete them.
const scratchLifetime = 900

// meta names an object of ours. The namespace is empty for those that have none.
func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Annotations: map[string]string{Annotation: purpose}}
}

// scratchNamespace is one of the namespaces. It has no labels but those that every namespace has.
func scratchNamespace(name string) *corev1.Namespace {
	return &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: meta("", name)}
}

// scratchSecret is the copy of the Secret that images are pulled with, without what is in it.
func scratchSecret(namespace, name string) *corev1.Secret {
	return &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: meta(namespace, name), Type: corev1.SecretTypeDockerConfigJson}
}

// scratchService leads to the pod of its name, at another port than the pod's.
func scratchService(namespace, pod string) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: meta(namespace, pod),
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{probe.TrialLabel: pod},
			Ports:    []corev1.ServicePort{{Port: probe.TrialServicePort, TargetPort: intstr.FromInt32(8080)}},
		},
	}
}

// portNames are the names that pods give their ports. Two pods give one name different numbers.
var portNames = map[string]map[int32]string{
	probe.Server:   {8080: "web", 8081: "mixed"},
	probe.Stranger: {8082: "mixed"},
	probe.Guest:    {8081: "web"},
}

// serve is the command of the pods: every port is served by a process of its own.
func serve() []string {
	var b strings.Builder
	for _, port := range probe.TrialPorts {
		fmt.Fprintf(&b, "/agnhost serve-hostname --port=%d & ", port)
	}
	fmt.Fprintf(&b, "/agnhost serve-hostname --http=false --udp --port=%d & wait", probe.TrialDatagrams)
	return []string{"sh", "-c", b.String()}
}

// scratchPod is one of the pods. It passes the Pod Security Standard "restricted". An owner, which may
// be nil, is there because some network plugins do not enforce policies on pods without one, and takes
// the pod along when it goes; the name has no dash, since the Amazon VPC CNI takes what is before it
// for the name of the workload. Sources: Amazon EKS documentation, "Limit Pod traffic with Kubernetes
// network policies"; aws/aws-network-policy-agent#616.
func scratchPod(namespace, name, image, pullSecret string, owner *corev1.Service) *corev1.Pod {
	main := container("main", image, scratchLifetime*time.Second)
	main.Command = serve()
	main.Resources = corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("256Mi")},
	}
	for _, port := range probe.TrialPorts {
		main.Ports = append(main.Ports, corev1.ContainerPort{ContainerPort: port, Name: portNames[name][port]})
	}
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: meta(namespace, name),
		Spec: corev1.PodSpec{
			Containers:                    []corev1.Container{main},
			RestartPolicy:                 corev1.RestartPolicyNever,
			ActiveDeadlineSeconds:         ptr.To[int64](scratchLifetime),
			TerminationGracePeriodSeconds: ptr.To[int64](1),
			AutomountServiceAccountToken:  ptr.To(false),
			EnableServiceLinks:            ptr.To(false),
			NodeSelector:                  map[string]string{corev1.LabelOSStable: string(corev1.Linux)},
			// Over several nodes, where there are several.
			TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.ScheduleAnyway,
				LabelSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: probe.TrialLabel, Operator: metav1.LabelSelectorOpExists}}},
			}},
		},
	}
	pod.Labels = map[string]string{probe.TrialLabel: name}
	if name == probe.Client { // as controllers stamp their pods
		pod.Labels["pod-template-hash"] = "trial"
	}
	if pullSecret != "" {
		pod.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: pullSecret}}
	}
	if owner != nil {
		pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, corev1.SchemeGroupVersion.WithKind("Service"))}
		pod.OwnerReferences[0].BlockOwnerDeletion = nil // which takes a right to the owner
	}
	if name == probe.Flanked {
		side := main
		side.Name, side.Command, side.RestartPolicy = "side", []string{"/agnhost", "pause"}, ptr.To(corev1.ContainerRestartPolicyAlways)
		side.Ports = []corev1.ContainerPort{{Name: "side", ContainerPort: 8083}}
		pod.Spec.InitContainers = []corev1.Container{side}
	}
	return pod
}

// scratchPolicy is a policy of a trial.
func scratchPolicy(namespace, name string, spec networkingv1.NetworkPolicySpec) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: meta(namespace, name),
		Spec:       spec,
	}
}
