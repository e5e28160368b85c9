package apiserver

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// probeWorld is a namespace in which pods have to be "restricted", with a pod that is.
func probeWorld(t *testing.T, s *Server, namespace string) *kubernetes.Clientset {
	t.Helper()
	s.Apply(t, &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}},
	}, restricted(namespace, "client"))
	admin, err := kubernetes.NewForConfig(s.Admin())
	if err != nil {
		t.Fatal(err)
	}
	return admin
}

func restricted(namespace, name string) *corev1.Pod {
	yes, no := true, false
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PodSpec{
			NodeName:        "nowhere",
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{{Name: "app", Image: "app", SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			}}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.1", PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}}},
	}
}

// kubelet says of the ephemeral containers of a pod what a kubelet would, once there are any.
func kubelet(ctx context.Context, t *testing.T, admin kubernetes.Interface, pod *corev1.Pod, state corev1.ContainerState) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	events, err := admin.CoreV1().Pods(pod.Namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + pod.Name})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(done)
		defer events.Stop()
		for e := range events.ResultChan() {
			p, ok := e.Object.(*corev1.Pod)
			if !ok || len(p.Spec.EphemeralContainers) == 0 {
				continue
			}
			for _, c := range p.Spec.EphemeralContainers {
				p.Status.EphemeralContainerStatuses = append(p.Status.EphemeralContainerStatuses, corev1.ContainerStatus{Name: c.Name, Image: c.Image, State: state})
			}
			if _, err := admin.CoreV1().Pods(p.Namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{}); err != nil {
				t.Errorf("writing the status: %v", err)
			}
			return
		}
	}()
	return done
}

func prober(t *testing.T, config *rest.Config) *live.Prober {
	t.Helper()
	p, err := live.New(config, live.DefaultImage)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func podOf(t *testing.T, admin kubernetes.Interface, namespace, name string) *corev1.Pod {
	t.Helper()
	pod, err := admin.CoreV1().Pods(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

// impossible fails the test unless nothing could be tested, for that reason.
func impossible(t *testing.T, err error, why ...string) {
	t.Helper()
	var e *live.ImpossibleError
	if !errors.As(err, &e) {
		t.Errorf("%v, want an ImpossibleError", err)
		return
	}
	for _, w := range why {
		if !strings.Contains(e.Error(), w) {
			t.Errorf("%q is not in: %v", w, e)
		}
	}
}

// A probe with the documented Role adds one container, which a namespace takes that is "restricted",
// after it was tried out; it changes nothing else, and is used again while it runs.
func TestProbe(t *testing.T) {
	s := Shared(t)
	admin := probeWorld(t, s, "probe-restricted")
	p := prober(t, s.User(t, "prober", Grant{Namespace: "probe-restricted", Rules: rulesOf(t, "../../docs/rbac/prober.yaml")}))
	before := podOf(t, admin, "probe-restricted", "client")

	session, err := p.Prepare(t.Context(), "probe-restricted", "client")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, podOf(t, admin, "probe-restricted", "client")); diff != "" {
		t.Errorf("trying it out changed the pod:\n%s", diff)
	}

	done := kubelet(t.Context(), t, admin, before, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}})
	if err := session.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-done
	after := podOf(t, admin, "probe-restricted", "client")
	if len(after.Spec.EphemeralContainers) != 1 || !strings.HasPrefix(after.Spec.EphemeralContainers[0].Name, "netpol-doctor-") {
		t.Fatalf("%+v", after.Spec.EphemeralContainers)
	}
	spec := *after.Spec.DeepCopy()
	spec.EphemeralContainers = nil
	if diff := cmp.Diff(before.Spec, spec); diff != "" {
		t.Errorf("more was changed than one container:\n%s", diff)
	}
	if diff := cmp.Diff([]any{before.Labels, before.Annotations}, []any{after.Labels, after.Annotations}); diff != "" {
		t.Errorf("metadata was changed:\n%s", diff)
	}
	// No kubelet is there to run anything: that is no outcome.
	if r := session.Run(t.Context(), []string{"dig", "a"}); r.Lost == "" {
		t.Errorf("a command ran without a kubelet: %+v", r)
	}

	again, err := p.Prepare(t.Context(), "probe-restricted", "client")
	if err != nil || !again.Reused {
		t.Fatalf("%+v, %v", again, err)
	}
	if err := again.Start(t.Context()); err != nil {
		t.Error(err)
	}
	if now := podOf(t, admin, "probe-restricted", "client"); now.ResourceVersion != after.ResourceVersion {
		t.Error("a container that runs was not used again")
	}
}

// What keeps a container from starting is told in the kubelet's words.
func TestProbeThatNeverStarts(t *testing.T) {
	s := Shared(t)
	admin := probeWorld(t, s, "probe-stuck")
	pod := podOf(t, admin, "probe-stuck", "client")
	session, err := prober(t, s.Admin()).Prepare(t.Context(), "probe-stuck", "client")
	if err != nil {
		t.Fatal(err)
	}
	done := kubelet(t.Context(), t, admin, pod, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "no such host registry.example"}})
	impossible(t, session.Start(t.Context()), "waiting for the probe to start", "ErrImagePull", "no such host registry.example")
	<-done
}

// Interrupted, waiting ends at once.
func TestProbeInterrupted(t *testing.T) {
	s := Shared(t)
	probeWorld(t, s, "probe-interrupted")
	session, err := prober(t, s.Admin()).Prepare(t.Context(), "probe-interrupted", "client")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := kubernetes.NewForConfig(s.Admin())
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		defer interrupt()
		events, err := admin.CoreV1().Pods("probe-interrupted").Watch(ctx, metav1.ListOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		defer events.Stop()
		for e := range events.ResultChan() {
			if p, ok := e.Object.(*corev1.Pod); ok && len(p.Spec.EphemeralContainers) > 0 {
				return
			}
		}
	}()
	if err := session.Start(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was interrupted", err)
	}
}

// What Pod Security says is passed on word by word: it judges the whole pod, so that one earlier
// container that is not "restricted" keeps every later one out.
func TestProbeRefusedByAdmission(t *testing.T) {
	s := Shared(t)
	admin := probeWorld(t, s, "probe-refused")
	relabel := func(level string) {
		patch := []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"` + level + `"}}}`)
		if _, err := admin.CoreV1().Namespaces().Patch(t.Context(), "probe-refused", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	relabel("privileged")
	earlier := []byte(`{"spec":{"ephemeralContainers":[{"name":"debugger","image":"busybox"}]}}`)
	// Admission learns of labels by watching.
	until := func(what string, done func(ctx context.Context) bool) {
		err := wait.PollUntilContextTimeout(t.Context(), pollInterval, settleTimeout, true, func(ctx context.Context) (bool, error) { return done(ctx), nil })
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	until("adding what is not restricted", func(ctx context.Context) bool {
		_, err := admin.CoreV1().Pods("probe-refused").Patch(ctx, "client", types.StrategicMergePatchType, earlier, metav1.PatchOptions{}, "ephemeralcontainers")
		return err == nil
	})
	relabel("restricted")
	var err error
	until("being refused", func(ctx context.Context) bool {
		_, err = prober(t, s.Admin()).Prepare(ctx, "probe-refused", "client")
		return err != nil
	})
	impossible(t, err, "adding an ephemeral container", `violates PodSecurity "restricted`, "debugger")
}

// Who lacks a right learns which, before anything is written.
func TestProbeForbidden(t *testing.T) {
	s := Shared(t)
	admin := probeWorld(t, s, "probe-forbidden")
	before := podOf(t, admin, "probe-forbidden", "client")
	for _, l := range lesser(rulesOf(t, "../../docs/rbac/prober.yaml")) {
		if l.right == "get pods/exec" {
			continue // saves a request
		}
		verb, resource, _ := strings.Cut(l.right, " ")
		user := s.User(t, "prober without "+l.right, Grant{Namespace: "probe-forbidden", Rules: slices.DeleteFunc(l.rest, func(r rbacv1.PolicyRule) bool { return len(r.Verbs) == 0 })})
		_, err := prober(t, user).Prepare(t.Context(), "probe-forbidden", "client")
		want := []string{verb + " " + resource, "you may not", "prober.yaml"}
		if resource == "pods" {
			want = []string{"cannot get resource"}
		}
		impossible(t, err, want...)
	}
	_, err := prober(t, s.User(t, "nobody")).Prepare(t.Context(), "probe-forbidden", "client")
	impossible(t, err, "cannot get resource")
	if after := podOf(t, admin, "probe-forbidden", "client"); after.ResourceVersion != before.ResourceVersion {
		t.Error("the pod was changed")
	}
}

// A pod in which nothing can run is told so.
func TestProbeUnfit(t *testing.T) {
	s := Shared(t)
	probeWorld(t, s, "probe-unfit")
	done := restricted("probe-unfit", "done")
	done.Status.Phase = corev1.PodSucceeded
	s.Apply(t, done)
	_, err := prober(t, s.Admin()).Prepare(t.Context(), "probe-unfit", "done")
	impossible(t, err, "not running but Succeeded")
	_, err = prober(t, s.Admin()).Prepare(t.Context(), "probe-unfit", "nobody")
	impossible(t, err, "not found")
}

// The command line prints what it would add, adds nothing where nobody can say yes, and has no
// verdict where nothing can be tested.
func TestProbeCommand(t *testing.T) {
	s := Shared(t)
	admin := probeWorld(t, s, "probe-command")
	s.Apply(t, restricted("probe-command", "server"))
	before := podOf(t, admin, "probe-command", "client")
	kubeconfig := Kubeconfig(t, s.Admin(), "probe-command")
	ask := func(line string) run {
		return doctor(t.Context(), append(strings.Fields(line), "--kubeconfig", kubeconfig)...)
	}

	r := ask("probe pod/client pod/server:80 --dry-run --probe-image mirror.example/agnhost:2.56")
	var added corev1.Pod
	if err := yaml.UnmarshalStrict([]byte(r.stdout), &added); err != nil || r.code != 0 || added.Name != "client" || len(added.Spec.EphemeralContainers) != 1 {
		t.Fatalf("%v: %+v", err, r)
	}
	if c := added.Spec.EphemeralContainers[0]; c.Image != "mirror.example/agnhost:2.56" || c.SecurityContext.RunAsUser == nil {
		t.Errorf("%+v", c)
	}
	if r := ask("probe pod/client pod/server:80 --dry-run --probe-destination"); strings.Count(r.stdout, "kind: Pod") != 2 {
		t.Errorf("%+v", r)
	}
	if r := ask("probe pod/client pod/server:80"); r.code != 2 || r.stdout != "" || !strings.Contains(r.stderr, "--yes") {
		t.Errorf("nobody said yes: %+v", r)
	}
	if r := ask("probe 192.0.2.1 pod/server:80 --yes"); r.code != 3 || r.stdout != "" || !strings.Contains(r.stderr, "nothing can be tested") {
		t.Errorf("from outside: %+v", r)
	}
	// What cannot be tested leaves the answer as it is, and is said.
	r = ask("diagnose 192.0.2.1 pod/server:80 --probe --yes -o json")
	var d report.Diagnosis
	if err := json.Unmarshal([]byte(r.stdout), &d); err != nil || r.code != 0 || d.Probe == nil || d.Probe.Unable == "" || d.Probe.Result != "Unclear" {
		t.Errorf("%v: %+v", err, r)
	}
	if after := podOf(t, admin, "probe-command", "client"); after.ResourceVersion != before.ResourceVersion {
		t.Error("the pod was changed")
	}

	// A container that runs, by its status, where no kubelet runs anything: nothing is learnt.
	done := kubelet(t.Context(), t, admin, before, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}})
	r = ask("probe pod/client pod/server:80 --yes -o json")
	<-done
	var p report.ProbeReport
	if err := json.Unmarshal([]byte(r.stdout), &p); err != nil || r.code != 3 || len(p.Probe.Attempts) != 1 || p.Probe.Attempts[0].Observed != "Inconclusive" {
		t.Errorf("%v: %+v", err, r)
	}
	if r := ask("probe pod/client pod/server:80 --dry-run"); r.code != 0 || r.stdout != "" || !strings.Contains(r.stderr, "still runs") {
		t.Errorf("a container that runs is used again: %+v", r)
	}
}
