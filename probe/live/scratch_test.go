package live

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// TestRuns: what keeps a pod from being tried with is told in the kubelet's or the scheduler's words,
// and whether it is worth to wait.
func TestRuns(t *testing.T) {
	t.Parallel()
	pod := func(change func(*corev1.Pod)) *corev1.Pod {
		p := scratchPod("scratch", probe.Server, DefaultImage, "", nil)
		p.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.1"}
		change(p)
		return p
	}
	waits := func(reason string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Status = corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "in its words"}}}}}
		}
	}
	for _, row := range []struct {
		name  string
		pod   *corev1.Pod
		text  string
		never bool
	}{
		{"it runs", pod(func(*corev1.Pod) {}), "", false},
		{"it is not there", nil, "is not there", false},
		{"no address yet", pod(func(p *corev1.Pod) { p.Status.PodIP = "" }), "is not running", false},
		{"it is being created", pod(waits("ContainerCreating")), "ContainerCreating: in its words", false},
		{"no image", pod(waits("ErrImagePull")), "ErrImagePull: in its words", true},
		{"no node", pod(func(p *corev1.Pod) {
			p.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available"}}}
		}), "is on no node: Unschedulable: 0/3 nodes", false},
		{"a mesh", pod(func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "istio-proxy"})
		}), "istio-proxy", true},
		{"a mesh, as a sidecar", pod(func(p *corev1.Pod) { p.Spec.InitContainers = []corev1.Container{{Name: "linkerd-proxy"}} }), "linkerd-proxy", true},
		{"its time is over", pod(func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodFailed, Reason: "DeadlineExceeded"} }), "has ended: Failed: DeadlineExceeded", true},
		{"somebody deletes it", pod(func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }), "has ended", true},
	} {
		text, never, ok := runs(row.pod)
		if ok != (row.text == "") || never != row.never || !strings.Contains(text, row.text) {
			t.Errorf("%s: %q, never %v, ok %v", row.name, text, never, ok)
		}
	}
}

// TestScratchPods: each listens on what trials dial, gives ports the names that they rest on, and is
// owned but for one.
func TestScratchPods(t *testing.T) {
	t.Parallel()
	owner := scratchService("scratch", probe.Server)
	names := map[string]int32{}
	for _, name := range probe.TrialPods {
		p := scratchPod("scratch", name, DefaultImage, "mirror", owner)
		for _, c := range p.Spec.Containers {
			for _, port := range c.Ports {
				if port.Name != "" {
					names[name+" "+port.Name] = port.ContainerPort
				}
			}
		}
		if strings.ContainsRune(name, '-') || p.Annotations[Annotation] == "" || p.Labels[probe.TrialLabel] != name || p.Spec.ImagePullSecrets[0].Name != "mirror" || len(p.OwnerReferences) != 1 {
			t.Errorf("%+v", p)
		}
		if (len(p.Spec.InitContainers) > 0) != (name == probe.Flanked) {
			t.Errorf("%s: sidecars %v", name, p.Spec.InitContainers)
		}
	}
	if len(scratchPod("scratch", probe.Ownerless, DefaultImage, "", nil).OwnerReferences) > 0 || ownerOf(probe.Ownerless) != "" {
		t.Error("the pod without an owner has one")
	}
	for port, number := range map[string]int32{"server web": 8080, "server mixed": 8081, "stranger mixed": 8082, "guest web": 8081} {
		if names[port] != number {
			t.Errorf("%s is %d, want %d", port, names[port], number)
		}
	}
}
