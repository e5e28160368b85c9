package node_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/plugin"
	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
	"github.com/netpol-doctor/netpol-doctor/test/node"
)

const guarded = "guarded"

// testWays probes in all ways, in a namespace in which pods have to be "restricted", and looks at what
// they leave.
func (c cluster) testWays(t *testing.T) {
	c.Apply(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: guarded, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}})
	c.await(t, "the ServiceAccount", func(ctx context.Context) error {
		_, err := c.client.CoreV1().ServiceAccounts(guarded).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	c.Apply(t, guardedPod("worker"), guardedPod("bare"))
	for _, name := range []string{"worker", "bare"} {
		c.running(t, guarded, name)
	}
	killed := c.killProbe(t)
	t.Run("added container", c.testAdded)
	t.Run("stand-in", c.testStandIn)
	t.Run("own tools", c.testOwnTools)
	t.Run("interrupted", c.testInterrupted)
	t.Run("cleanup", c.testCleanup)
	t.Run("DNS cut off", c.testDNSCutOff)
	t.Run("killed", killed)
}

// guardedPod is a pod that is "restricted". Its program says nothing on port 8080 and answers on none.
func guardedPod(name string) *corev1.Pod {
	yes, no, user := true, false, int64(1000)
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: guarded, Name: name, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "main", Image: node.AgnhostImage, Args: []string{"pause"},
			SecurityContext: &corev1.SecurityContext{
				RunAsNonRoot: &yes, RunAsUser: &user, AllowPrivilegeEscalation: &no,
				Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
		}}},
	}
}

// running waits until a pod runs.
func (c cluster) running(t *testing.T, namespace, name string) {
	t.Helper()
	c.await(t, "the pod "+name, func(ctx context.Context) error {
		pod, err := c.client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
		if err == nil && pod.Status.Phase != corev1.PodRunning {
			err = errors.New("its phase is " + string(pod.Status.Phase))
		}
		return err
	})
}

// noJobLeft waits until no Job and no pod of one is there.
func (c cluster) noJobLeft(t *testing.T) {
	t.Helper()
	c.await(t, "everything of a probe to be gone", func(ctx context.Context) error { return c.left(ctx) })
}

func (c cluster) left(ctx context.Context) error {
	jobs, err := c.client.BatchV1().Jobs("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	pods, err := c.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: batchv1.JobNameLabel})
	if err != nil {
		return err
	}
	if n := len(jobs.Items) + len(pods.Items); n > 0 {
		return fmt.Errorf("there are %d Jobs and %d pods of Jobs", len(jobs.Items), len(pods.Items))
	}
	return nil
}

const seenService = "ResolverUDP Connected, ResolverTCP Connected, Name Connected, Service Connected, Backend Connected"

func (c cluster) testAdded(t *testing.T) {
	p := c.probe(t, "guarded/pod/worker shop/svc/server:80 --network-plugin cilium")
	if p.code != 0 || p.observed() != seenService || p.Probe.Way != "EphemeralContainer" {
		t.Errorf("code %d, %s\n%s%s", p.code, p.observed(), p.stdout, p.stderr)
	}
}

func (c cluster) testStandIn(t *testing.T) {
	p := c.probe(t, "guarded/pod/bare shop/svc/server:80 --from-pod --network-plugin cilium")
	if p.code != 0 || p.observed() != seenService || p.Probe.Way != "StandInPod" || p.Probe.For.Name != "bare" || p.Probe.Source.Name == "bare" {
		t.Errorf("code %d, %s\n%s%s", p.code, p.observed(), p.stdout, p.stderr)
	}
	pod, err := c.client.CoreV1().Pods(guarded).Get(t.Context(), "bare", metav1.GetOptions{})
	if err != nil || len(pod.Spec.EphemeralContainers) > 0 {
		t.Errorf("%v, %+v", err, pod.Spec.EphemeralContainers)
	}
	if p := c.probe(t, "shop/pod/server guarded/pod/bare:80 --from-pod"); p.code != 3 || !strings.Contains(p.stderr, "Service server would send it traffic") {
		t.Errorf("a Service selects it: %d %s", p.code, p.stderr)
	}
	if p := c.probe(t, "guarded/pod/bare shop/svc/server:80 --from-pod --probe-image registry.example/nothing:1"); p.code != 3 || !strings.Contains(p.stderr, "ErrImagePull") && !strings.Contains(p.stderr, "ImagePullBackOff") {
		t.Errorf("an image that is not there: %d %s", p.code, p.stderr)
	}
}

func (c cluster) testOwnTools(t *testing.T) {
	p := c.probe(t, "guarded/pod/bare shop/svc/server:80 --exec --network-plugin cilium")
	if p.code != 0 || p.observed() != seenService || p.Probe.Way != "Exec" {
		t.Errorf("code %d, %s\n%s%s", p.code, p.observed(), p.stdout, p.stderr)
	}
	if p := c.probe(t, "guarded/pod/bare shop/pod/server:9 --exec --network-plugin kindnet"); p.code != 1 || p.observed() != "Backend Refused" {
		t.Errorf("nobody listens: code %d, %s", p.code, p.observed())
	}
	pods, err := c.client.CoreV1().Pods("kube-system").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		if strings.HasPrefix(pod.Name, "coredns") {
			if p := c.probe(t, "kube-system/pod/"+pod.Name+" shop/pod/server:8080 --exec"); p.code != 3 || p.stdout != "" || !strings.Contains(p.stderr, "no shell") {
				t.Errorf("a container without a shell: %d %s", p.code, p.stderr)
			}
			return
		}
	}
	t.Error("there is no pod without a shell")
}

// slow is a question whose probe takes a while: nothing answers.
const slow = "guarded/pod/bare 203.0.113.1:80 --from-pod --yes"

// testInterrupted interrupts a probe when its pod runs: it ends at once, and takes its pod away.
func (c cluster) testInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan int, 1)
	var out, complaints bytes.Buffer
	arguments := append([]string{"probe", "--kubeconfig", apiserver.Kubeconfig(t, c.Admin(), guarded)}, strings.Fields(slow)...)
	before := c.standIns(t)
	go func() {
		ended <- plugin.Main(ctx, arguments, plugin.Streams{In: strings.NewReader(""), Out: &out, Err: &complaints, Getenv: func(string) string { return "" }})
	}()
	c.await(t, "a pod of a probe", func(ctx context.Context) error { return c.another(ctx, before) })
	interrupt()
	if code := <-ended; code != 130 || out.Len() > 0 {
		t.Errorf("code %d, %q, %q", code, out.String(), complaints.String())
	}
	c.await(t, "the pod to be gone", func(ctx context.Context) error {
		if c.another(ctx, before) == nil {
			return errors.New("it is still there")
		}
		return nil
	})
}

// standIns are the pods of Jobs that run.
func (c cluster) standIns(t *testing.T) map[string]bool {
	t.Helper()
	names, err := c.jobPods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func (c cluster) jobPods(ctx context.Context) (map[string]bool, error) {
	pods, err := c.client.CoreV1().Pods(guarded).List(ctx, metav1.ListOptions{LabelSelector: batchv1.JobNameLabel})
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, p := range pods.Items {
		if p.Status.Phase == corev1.PodRunning {
			names[p.Name] = true
		}
	}
	return names, nil
}

// another is an error unless there is a pod of a Job that was not there before.
func (c cluster) another(ctx context.Context, before map[string]bool) error {
	now, err := c.jobPods(ctx)
	if err != nil {
		return err
	}
	for name := range now {
		if !before[name] {
			return nil
		}
	}
	return errors.New("there is none")
}

// killProbe kills the real program in the middle of a probe. What it returns waits until its pod and its
// Job have gone by themselves, which takes as long as a probe may take.
func (c cluster) killProbe(t *testing.T) func(*testing.T) {
	program := filepath.Join(t.TempDir(), "doctor")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "../..", "-o", program, "./cmd/kubectl-netpol_doctor")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	before := c.standIns(t)
	run := exec.Command(program, append([]string{"probe", "--kubeconfig", apiserver.Kubeconfig(t, c.Admin(), guarded)}, strings.Fields(slow)...)...)
	run.Env = append(os.Environ(), "NO_COLOR=1")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	c.await(t, "a pod of a probe", func(ctx context.Context) error { return c.another(ctx, before) })
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	if err := c.another(t.Context(), before); err != nil {
		t.Fatalf("it was killed, and its pod went with it: %v", err)
	}
	return func(t *testing.T) {
		c.noJobLeft(t)
		c.noJobLeft(t) // in two minutes altogether
	}
}

// testCleanup takes away what a probe left, and ends the container that it added.
func (c cluster) testCleanup(t *testing.T) {
	kubeconfig := apiserver.Kubeconfig(t, c.Admin(), guarded)
	sweep := func(arguments ...string) (int, string) {
		var out, complaints bytes.Buffer
		code := plugin.Main(t.Context(), append([]string{"probe", "--cleanup", "--kubeconfig", kubeconfig}, arguments...), plugin.Streams{
			In: strings.NewReader(""), Out: &out, Err: &complaints, Getenv: func(string) string { return "" },
		})
		return code, out.String() + complaints.String()
	}
	code, said := sweep("-n", namespace, "--yes")
	if code != 0 || !strings.Contains(said, "removed: container netpol-doctor-") || !strings.Contains(said, "of pod shop/client") {
		t.Fatalf("%d %s", code, said)
	}
	c.await(t, "the container to end", func(ctx context.Context) error {
		if code, said := sweep("-n", namespace, "--dry-run"); code != 0 || strings.Contains(said, "would remove") || !strings.Contains(said, "stays until its pod is replaced: container netpol-doctor-") {
			return errors.New(said)
		}
		return nil
	})
	pod, err := c.client.CoreV1().Pods(namespace).Get(t.Context(), "client", metav1.GetOptions{})
	if err != nil || pod.Status.Phase != corev1.PodRunning || !pod.Status.ContainerStatuses[0].Ready || pod.Status.ContainerStatuses[0].RestartCount > 0 {
		t.Errorf("%v, %+v", err, pod.Status)
	}
}

// testDNSCutOff probes from a pod that may talk to the server and to no DNS: where that is enforced,
// DNS is to blame, and policies for it; elsewhere it is a contradiction.
func (c cluster) testDNSCutOff(t *testing.T) {
	c.Apply(t, &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: guarded, Name: "no-dns"},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "worker"}}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			Egress: []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}}}}}},
		},
	})
	const question = "guarded/pod/worker shop/svc/server:80"
	if !c.enforces {
		if p := c.probe(t, question); p.code != 1 || p.codes() != "NPD801" || p.observed() != seenService {
			t.Errorf("nothing enforces it: %d %q %s", p.code, p.codes(), p.observed())
		}
		return
	}
	const want = "ResolverUDP DNSTimedOut, ResolverTCP DNSTimedOut, Name DNSTimedOut, Service Connected, Backend Connected"
	var p probed
	c.await(t, "DNS to be cut off", func(context.Context) error {
		if p = c.probe(t, question+" --network-plugin cilium"); p.observed() != want {
			return errors.New(p.observed())
		}
		return nil
	})
	if p.code != 1 || p.codes() != "" || p.Probe.Culprit != "Policies" {
		t.Errorf("code %d %q culprit %q\n%s", p.code, p.codes(), p.Probe.Culprit, p.stdout)
	}
}
