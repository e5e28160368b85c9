package live

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// mirror marks static pods, which only their kubelet changes. Source: core/v1 well-known labels,
// annotations and taints, kubernetes.io/config.mirror.
const mirror = "kubernetes.io/config.mirror"

// mostEntries is how many containers of ours a pod may collect. They stay until it goes.
const mostEntries = 5

// unfit tells why nothing can be run in a pod, or returns "".
func unfit(pod *corev1.Pod) string {
	switch {
	case pod.DeletionTimestamp != nil:
		return "it is being deleted"
	case pod.Status.Phase != corev1.PodRunning:
		return fmt.Sprintf("it is not running but %s%s", phase(pod), why(pod.Status.Reason, pod.Status.Message))
	case pod.Spec.OS != nil && pod.Spec.OS.Name == corev1.Windows, pod.Spec.NodeSelector[corev1.LabelOSStable] == "windows":
		return "it runs on Windows, for which there is no probe"
	}
	return ""
}

// unfitForMore tells why no ephemeral container would start in a pod, or returns "".
// Source: concept page "Ephemeral Containers".
func unfitForMore(pod *corev1.Pod) string {
	if w := unfit(pod); w != "" {
		return w
	}
	if _, static := pod.Annotations[mirror]; static {
		return "it is a static pod, which takes no ephemeral containers"
	}
	entries := 0
	for _, c := range pod.Spec.EphemeralContainers {
		if ours(c) {
			entries++
		}
	}
	if entries >= mostEntries {
		return fmt.Sprintf("it has %d ephemeral containers of earlier probes, and they stay until the pod is replaced", entries)
	}
	return ""
}

func phase(pod *corev1.Pod) string {
	if pod.Status.Phase == "" {
		return "not started"
	}
	return string(pod.Status.Phase)
}

// virtual are labels of nodes that run no ephemeral containers for certain: they stand for somebody
// else's machines. Sources: Virtual Kubelet; Amazon EKS documentation, AWS Fargate.
var virtual = map[string]string{"type": "virtual-kubelet", "eks.amazonaws.com/compute-type": "fargate"}

// unfitNode tells why a node would not start one, or returns "".
func unfitNode(node *corev1.Node) string {
	if node.Labels[corev1.LabelOSStable] == "windows" {
		return "its node runs Windows, for which there is no probe"
	}
	for key, value := range virtual {
		if node.Labels[key] == value {
			return "its node is not a machine of the cluster (" + key + "=" + value + ")"
		}
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			return "its node is not ready" + why(c.Reason, c.Message)
		}
	}
	return ""
}

// hopeless are the reasons of a waiting container that no waiting mends.
// Source: kubernetes/kubernetes, pkg/kubelet/images and pkg/kubelet/kuberuntime.
var hopeless = map[string]bool{
	"ErrImagePull": true, "ImagePullBackOff": true, "InvalidImageName": true, "ErrImageNeverPull": true, "ImageInspectError": true,
	"RegistryUnavailable": true, "CreateContainerConfigError": true, "CreateContainerError": true, "RunContainerError": true,
}

// started tells whether a container of a pod runs, by its status, or why it never will.
func started(pod *corev1.Pod, s *corev1.ContainerStatus) (ok bool, never string) {
	switch {
	case pod.DeletionTimestamp != nil:
		return false, "the pod is being deleted"
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return false, "the pod has ended meanwhile: " + string(pod.Status.Phase) + why(pod.Status.Reason, pod.Status.Message)
	case s == nil:
		return false, ""
	case s.State.Running != nil:
		return true, ""
	case s.State.Terminated != nil:
		t := s.State.Terminated
		return false, fmt.Sprintf("the container ended at once with exit code %d%s", t.ExitCode, why(t.Reason, t.Message))
	case s.State.Waiting != nil && hopeless[s.State.Waiting.Reason]:
		return false, "the container does not start" + why(s.State.Waiting.Reason, s.State.Waiting.Message)
	}
	return false, ""
}

// waiting says what a container waits for, by its status.
func waiting(s *corev1.ContainerStatus) string {
	if s != nil && s.State.Waiting != nil {
		return "it is waiting" + why(s.State.Waiting.Reason, s.State.Waiting.Message)
	}
	return "its kubelet has not said anything of it"
}

// why puts a reason and a message behind a sentence.
func why(reason, message string) string {
	switch {
	case reason == "" && message == "":
		return ""
	case reason == "":
		return ": " + message
	case message == "":
		return ": " + reason
	}
	return ": " + reason + ": " + message
}
