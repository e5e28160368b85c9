package node_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/exec"

	"github.com/netpol-doctor/netpol-doctor/test/node"
)

// cluster is a node with the pods that the tests of this file look at.
type cluster struct {
	*node.Node
	client   *kubernetes.Clientset
	enforces bool
}

const namespace = "shop"

// agnhostVersion is the tag of its image.
var agnhostVersion = node.AgnhostImage[strings.LastIndex(node.AgnhostImage, ":")+1:]

// agnhost is a pod that serves HTTP on port 8080, and datagrams on 8081.
func agnhost(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "main", Image: node.AgnhostImage, Args: []string{"netexec", "--http-port=8080", "--udp-port=8081"},
		}}},
	}
}

// start brings up a node with two pods and a Service for one of them.
func start(t *testing.T, options node.Options) cluster {
	c := cluster{Node: node.Start(t, options), enforces: options.Enforcer != node.None}
	client, err := kubernetes.NewForConfig(c.Admin())
	if err != nil {
		t.Fatal(err)
	}
	c.client = client
	c.Apply(
		t,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "server", Namespace: namespace},
			Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "server"}, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}},
		},
	)
	c.await(t, "the ServiceAccount", func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	c.Apply(t, agnhost("client"), agnhost("server"))
	for _, name := range []string{"client", "server"} {
		c.running(t, namespace, name)
	}
	return c
}

// await asks until there is no error.
func (c cluster) await(t *testing.T, what string, ask func(context.Context) error) {
	t.Helper()
	var answer error
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		answer = ask(ctx)
		return answer == nil, nil
	})
	if err != nil {
		t.Fatalf("waiting for %s: %v; the last answer: %v", what, err, answer)
	}
}

// run runs a command line in the container main of the pod client, and fails the
// test if it fails.
func (c cluster) run(t *testing.T, line string) string {
	t.Helper()
	stdout, stderr, err := c.Exec(t.Context(), namespace, "client", "main", strings.Fields(line)...)
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", line, err, stdout, stderr)
	}
	return strings.TrimSpace(stdout)
}

func TestBareNode(t *testing.T) {
	c := start(t, node.Options{})
	c.testNode(t)
	t.Run("probe of what is denied", func(t *testing.T) { c.testProbeDenied(t, false) })
	t.Run("matrix", func(t *testing.T) { c.testMatrix(t, false) })
	t.Run("policies", c.testPoliciesDoNothing)
	t.Run("enforcement", c.testNothingEnforces)
}

func TestCilium(t *testing.T) {
	c := start(t, node.Options{Enforcer: node.Cilium})
	c.testNode(t)
	t.Run("probe of what is denied", func(t *testing.T) { c.testProbeDenied(t, true) })
	t.Run("matrix", func(t *testing.T) { c.testMatrix(t, true) })
	t.Run("policies", c.testPolicies)
	t.Run("enforcement", c.testEnforcement)
}

// testNode tries what has to work on every node while there are no policies.
func (c cluster) testNode(t *testing.T) {
	t.Run("exec", c.testExec)
	t.Run("tools", c.testTools)
	t.Run("ephemeral container", c.testEphemeralContainer)
	t.Run("images", c.testImages)
	t.Run("DNS", c.testDNS)
	t.Run("Service", c.testService)
	t.Run("outside", c.testOutside)
	t.Run("probe", c.testProbe)
	t.Run("ways of probing", c.testWays)
}

// The exit status of a command is told apart from a failure to run it.
func (c cluster) testExec(t *testing.T) {
	if got := c.run(t, "hostname"); got != "client" {
		t.Errorf("the pod client calls itself %q", got)
	}
	_, _, err := c.Exec(t.Context(), namespace, "client", "main", "sh", "-c", "exit 7")
	if status := (exec.CodeExitError{}); !errors.As(err, &status) || status.Code != 7 {
		t.Errorf("a command that exits with 7: %v", err)
	}
	if _, _, err := c.Exec(t.Context(), namespace, "client", "main", "/no-such-program"); err == nil {
		t.Error("a program that is not there ran")
	}
}

// The image has the tools that the real one has.
func (c cluster) testTools(t *testing.T) {
	for line, want := range map[string]string{
		"/agnhost --version":                       "app version " + agnhostVersion,
		"sh -c echo":                               "",
		"bash --version":                           "GNU bash",
		"dig +short outside.example":               "198.18.0.10",
		"nslookup outside.example":                 "Address: 198.18.0.10",
		"curl -sS http://outside.example/hostname": "",
		"nc -zv -w 2 198.18.0.10 80":               "",
		"ip -brief address show dev eth0":          "10.244.0.",
		"ss -ltn":                                  ":8080",
		"wget -qO- http://198.18.0.10/echo?msg=hi": "hi",
	} {
		if got := c.run(t, line); !strings.Contains(got, want) {
			t.Errorf("%s printed %q, want %q", line, got, want)
		}
	}
}

// A container joins a pod that runs, and shares its network.
func (c cluster) testEphemeralContainer(t *testing.T) {
	pods := c.client.CoreV1().Pods(namespace)
	patch := `{"spec": {"ephemeralContainers": [{"name": "probe", "image": "` + node.AgnhostImage + `"}]}}`
	if _, err := pods.Patch(t.Context(), "client", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "ephemeralcontainers"); err != nil {
		t.Fatal(err)
	}
	var address string
	c.await(t, "the ephemeral container", func(ctx context.Context) error {
		pod, err := pods.Get(ctx, "client", metav1.GetOptions{})
		if err != nil {
			return err
		}
		address = pod.Status.PodIP
		for _, status := range pod.Status.EphemeralContainerStatuses {
			if status.State.Running != nil {
				return nil
			}
		}
		return errors.New("it does not run")
	})
	stdout, stderr, err := c.Exec(t.Context(), namespace, "client", "probe", "ip", "-brief", "address", "show", "dev", "eth0")
	if err != nil || !strings.Contains(stdout, address+"/") {
		t.Errorf("the container has not the pod's address %s: %v\n%s%s", address, err, stdout, stderr)
	}
}

// An image that was not imported is an error that the pod tells of.
func (c cluster) testImages(t *testing.T) {
	pod := agnhost("elsewhere")
	pod.Spec.Containers[0].Image = "registry.example/nothing:1"
	c.Apply(t, pod)
	c.await(t, "a refusal to run it", func(ctx context.Context) error {
		pod, err := c.client.CoreV1().Pods(namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, status := range pod.Status.ContainerStatuses {
			if waiting := status.State.Waiting; waiting != nil && (waiting.Reason == "ErrImagePull" || waiting.Reason == "ImagePullBackOff") {
				return nil
			}
		}
		return errors.New("the pod does not say that its image cannot be pulled")
	})
}

// The cluster's DNS answers over both transports, and says so when there is no
// such name.
func (c cluster) testDNS(t *testing.T) {
	service, err := c.client.CoreV1().Services(namespace).Get(t.Context(), "server", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, transport := range []string{"+notcp", "+tcp"} {
		if got := c.run(t, "dig +short +tries=1 "+transport+" server.shop.svc.cluster.local"); got != service.Spec.ClusterIP {
			t.Errorf("dig %s server: %q, want %s", transport, got, service.Spec.ClusterIP)
		}
		if got := c.run(t, "dig +tries=1 "+transport+" nobody.example"); !strings.Contains(got, "NXDOMAIN") {
			t.Errorf("dig %s nobody.example: %q", transport, got)
		}
	}
	if got := c.run(t, "dig +short +search server"); got != service.Spec.ClusterIP {
		t.Errorf("the pod's search list does not lead to the Service: %q", got)
	}
}

// A Service leads to its pod; a port where nobody listens is refused.
func (c cluster) testService(t *testing.T) {
	if got := c.run(t, "curl -sS --max-time 5 http://server/hostname"); got != "server" {
		t.Errorf("the Service led to %q", got)
	}
	stdout, stderr, err := c.Exec(t.Context(), namespace, "client", "main", "/agnhost", "connect", "--timeout=3s", c.address(t, "server")+":9")
	if err == nil || !strings.Contains(stdout+stderr, "REFUSED") {
		t.Errorf("connecting to a port where nobody listens: %v\n%s%s", err, stdout, stderr)
	}
}

// The outside answers pods and reaches them, and each side sees the other's
// address. What is neither inside nor outside does not answer.
func (c cluster) testOutside(t *testing.T) {
	address := c.address(t, "client")
	for _, outside := range node.OutsideAddresses() {
		if got := c.run(t, "curl -sS --max-time 5 http://"+outside+"/clientip"); !strings.HasPrefix(got, address+":") {
			t.Errorf("%s saw %q, want %s", outside, got, address)
		}
		got, err := c.Outside(t.Context(), "curl", "-sS", "--max-time", "5", "--interface", outside, "http://"+c.address(t, "server")+":8080/clientip")
		if err != nil || !strings.HasPrefix(got, outside+":") {
			t.Errorf("the pod server saw %q (%v), want %s", got, err, outside)
		}
	}
	stdout, stderr, err := c.Exec(t.Context(), namespace, "client", "main", "/agnhost", "connect", "--timeout=2s", "198.51.100.1:80")
	if err == nil || !strings.Contains(stdout+stderr, "TIMEOUT") {
		t.Errorf("connecting to an address that nobody has: %v\n%s%s", err, stdout, stderr)
	}
}

// address returns the address of a pod.
func (c cluster) address(t *testing.T, name string) string {
	t.Helper()
	pod, err := c.client.CoreV1().Pods(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pod.Status.PodIP
}
