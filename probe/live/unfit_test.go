package live

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func alive() *corev1.Pod {
	return &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodRunning}}
}

func TestUnfit(t *testing.T) {
	t.Parallel()
	now := metav1.Now()
	for _, row := range []struct {
		name string
		edit func(*corev1.Pod)
		want string
	}{
		{"runs", func(*corev1.Pod) {}, ""},
		{"on Linux", func(p *corev1.Pod) { p.Spec.OS = &corev1.PodOS{Name: corev1.Linux} }, ""},
		{"on Windows", func(p *corev1.Pod) { p.Spec.OS = &corev1.PodOS{Name: corev1.Windows} }, "Windows"},
		{"meant for Windows", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{corev1.LabelOSStable: "windows"} }, "Windows"},
		{"static", func(p *corev1.Pod) { p.Annotations = map[string]string{mirror: "x"} }, "static pod"},
		{"pending", func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodPending, Reason: "Unschedulable"} }, "Pending: Unschedulable"},
		{"ended", func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodFailed, Message: "evicted"} }, "Failed: evicted"},
		{"not seen by a kubelet", func(p *corev1.Pod) { p.Status.Phase = "" }, "not started"},
		{"going", func(p *corev1.Pod) { p.DeletionTimestamp = &now }, "being deleted"},
		{"probed often", func(p *corev1.Pod) { p.Spec.EphemeralContainers = entries(namePrefix, mostEntries) }, "5 ephemeral containers"},
		{"probed before", func(p *corev1.Pod) { p.Spec.EphemeralContainers = entries(namePrefix, mostEntries-1) }, ""},
		{"debugged often", func(p *corev1.Pod) { p.Spec.EphemeralContainers = entries("debugger-", mostEntries) }, ""},
	} {
		pod := alive()
		row.edit(pod)
		if got := unfitForMore(pod); got == "" != (row.want == "") || !strings.Contains(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func entries(prefix string, n int) []corev1.EphemeralContainer {
	var all []corev1.EphemeralContainer
	for i := range n {
		all = append(all, ephemeralContainer(fmt.Sprint(prefix, i), DefaultImage))
	}
	return all
}

func TestUnfitNode(t *testing.T) {
	t.Parallel()
	ready := func(s corev1.ConditionStatus) []corev1.NodeCondition {
		return []corev1.NodeCondition{{Type: corev1.NodeReady, Status: s, Reason: "KubeletNotReady"}}
	}
	for _, row := range []struct {
		name string
		node corev1.Node
		want string
	}{
		{"ready", corev1.Node{Status: corev1.NodeStatus{Conditions: ready(corev1.ConditionTrue)}}, ""},
		{"not ready", corev1.Node{Status: corev1.NodeStatus{Conditions: ready(corev1.ConditionUnknown)}}, "not ready: KubeletNotReady"},
		{"Windows", corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{corev1.LabelOSStable: "windows"}}}, "Windows"},
		{"virtual", corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"type": "virtual-kubelet"}}}, "virtual-kubelet"},
	} {
		if got := unfitNode(&row.node); got == "" != (row.want == "") || !strings.Contains(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestStarted(t *testing.T) {
	t.Parallel()
	const name = namePrefix + "abcde"
	state := func(s corev1.ContainerState) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Status.EphemeralContainerStatuses = []corev1.ContainerStatus{{Name: "debugger", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}, {Name: name, State: s}}
		}
	}
	pull := state(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "dial tcp: i/o timeout"}})
	for _, row := range []struct {
		name  string
		edit  func(*corev1.Pod)
		ok    bool
		never string
	}{
		{"nobody has said anything", func(*corev1.Pod) {}, false, ""},
		{"it is being made", state(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}), false, ""},
		{"it runs", state(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}), true, ""},
		{"the image cannot be had", pull, false, "ErrImagePull: dial tcp: i/o timeout"},
		{"root is not allowed", state(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CreateContainerConfigError"}}), false, "CreateContainerConfigError"},
		{"it ended", state(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 128, Reason: "StartError"}}), false, "exit code 128: StartError"},
		{"the pod ended", func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }, false, "Succeeded"},
	} {
		pod := alive()
		row.edit(pod)
		ok, never := started(pod, statusOf(pod, name))
		if ok != row.ok || never == "" != (row.never == "") || !strings.Contains(never, row.never) {
			t.Errorf("%s: %v %q", row.name, ok, never)
		}
	}
	pod := alive()
	if got := waiting(statusOf(pod, name)); !strings.Contains(got, "has not said anything") {
		t.Error(got)
	}
	pull(pod)
	if got := waiting(statusOf(pod, name)); !strings.Contains(got, "ErrImagePull") {
		t.Error(got)
	}
}

// TestRunning: a container is used again only while it runs and is what is asked for.
func TestRunning(t *testing.T) {
	t.Parallel()
	const name = namePrefix + "abcde"
	up := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
	old := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(time.Now().Add(reserve - lifetime))}}
	pod := alive()
	if _, ok := running(pod, DefaultImage); ok {
		t.Error("there is none")
	}
	pod.Spec.EphemeralContainers = []corev1.EphemeralContainer{ephemeralContainer("debugger", DefaultImage), ephemeralContainer(name, DefaultImage)}
	pod.Status.EphemeralContainerStatuses = []corev1.ContainerStatus{{Name: "debugger", State: up}}
	if got, ok := running(pod, DefaultImage); ok {
		t.Errorf("%s is not ours", got)
	}
	pod.Status.EphemeralContainerStatuses = append(pod.Status.EphemeralContainerStatuses, corev1.ContainerStatus{Name: name, State: up})
	if got, ok := running(pod, DefaultImage); !ok || got != name {
		t.Errorf("%s, %v", got, ok)
	}
	if _, ok := running(pod, "mirror/agnhost:2.56"); ok {
		t.Error("another image was asked for")
	}
	pod.Status.EphemeralContainerStatuses[1].State = old
	if _, ok := running(pod, DefaultImage); ok {
		t.Error("it is about to end")
	}
}

// TestJoined: a container that something else put into a stand-in is told, by its name.
func TestJoined(t *testing.T) {
	t.Parallel()
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: standInName}}}}
	if got := joined(pod); got != "" {
		t.Error(got)
	}
	for _, edit := range []func(*corev1.PodSpec){
		func(s *corev1.PodSpec) { s.Containers = append(s.Containers, corev1.Container{Name: "kuma-sidecar"}) },
		func(s *corev1.PodSpec) { s.InitContainers = []corev1.Container{{Name: "kuma-sidecar"}} },
	} {
		given := pod.DeepCopy()
		edit(&given.Spec)
		if got := joined(given); !strings.Contains(got, "kuma-sidecar") {
			t.Errorf("%q", got)
		}
		if proxyIn(given) != "kuma-sidecar" {
			t.Error("it is a mesh's proxy")
		}
	}
}

// TestMarked: only what has both the mark and the name of what probes make is theirs to remove.
func TestMarked(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		mark map[string]string
		want int
	}{
		{"netpol-doctor-check-abcde", map[string]string{Annotation: manager}, 1},
		{"production", map[string]string{Annotation: manager}, 0},
		{"production", map[string]string{Annotation: ""}, 0},
		{"netpol-doctor-tools", nil, 0},
	} {
		n := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: row.name, Annotations: row.mark}}
		if got := marked("v1", "Namespace")(n); len(got) != row.want {
			t.Errorf("%s %v: %v", row.name, row.mark, got)
		}
	}
}
