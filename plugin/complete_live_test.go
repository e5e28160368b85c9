package plugin

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

// smallShop is a cluster with something of each kind that is looked at.
func smallShop() []runtime.Object {
	in := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "shop", Name: name} }
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Ports: []corev1.ContainerPort{{Name: "https", ContainerPort: 8443}, {ContainerPort: 53, Protocol: corev1.ProtocolUDP}}}}}
	return []runtime.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shopping"}},
		&corev1.Pod{ObjectMeta: in("payment-1"), Spec: spec},
		&appsv1.Deployment{ObjectMeta: in("payment"), Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: spec}}},
		&appsv1.StatefulSet{ObjectMeta: in("payment-db")},
		&corev1.Service{ObjectMeta: in("payment"), Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "web", Port: 443}}}},
		&corev1.Service{ObjectMeta: in("pay"), Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}},
		&discoveryv1.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "payment-x", Labels: map[string]string{discoveryv1.LabelServiceName: "payment"}},
			Ports:      []discoveryv1.EndpointPort{{Port: ptr.To[int32](8443)}},
		},
		&networkingv1.NetworkPolicy{ObjectMeta: in("default-deny")},
	}
}

// TestCompleteFromCluster: what is proposed, and by which requests.
func TestCompleteFromCluster(t *testing.T) {
	t.Parallel()
	const shop = "/namespaces/shop/"
	const limit = "?limit=500"
	bare := []string{
		"/api/v1" + shop + "services" + limit, "/api/v1/namespaces" + limit, "/apis/apps/v1" + shop + "daemonsets" + limit,
		"/apis/apps/v1" + shop + "deployments" + limit, "/apis/apps/v1" + shop + "statefulsets" + limit,
	}
	for _, row := range []struct {
		typed, want, directive string
		requests               []string
	}{
		{"diagnose ", "", noSpace, nil}, // kinds, without a request
		{"diagnose -n sho", "shop shopping", space, []string{"/api/v1/namespaces" + limit}},
		{"labels ns/shopp", "ns/shopping", space, []string{"/api/v1/namespaces" + limit}},
		{"diagnose -n shop deploy/", "deploy/payment", space, []string{"/apis/apps/v1" + shop + "deployments" + limit}},
		{"diagnose shop/pod/", "shop/pod/payment-1", space, []string{"/api/v1" + shop + "pods" + limit}},
		{"diagnose -n shopping deploy/", "", space, []string{"/apis/apps/v1/namespaces/shopping/deployments" + limit}},
		{"explain -n shop netpol/d", "netpol/default-deny", space, []string{"/apis/networking.k8s.io/v1" + shop + "networkpolicies" + limit}},
		{"diagnose -n shop pa", "pay payment-db", space, bare}, // what payment alone means is not clear
		{"diagnose shop/", "", noSpace, nil},
		{"diagnose -n shop pod/a svc/payment:", "svc/payment:443 svc/payment:web", space, []string{"/api/v1" + shop + "services/payment"}},
		{"diagnose -n shop pod/a deploy/payment:", "deploy/payment:53/udp deploy/payment:8443 deploy/payment:https", space, []string{"/apis/apps/v1" + shop + "deployments/payment"}},
		{"diagnose -n shop pod/a pod/payment-1:8", "pod/payment-1:8443", space, []string{"/api/v1" + shop + "pods/payment-1"}},
		{"diagnose -n shop pod/a svc/nosuch:", "", space, []string{"/api/v1" + shop + "services/nosuch"}},
		{"map -n shop --port ", "8443", space, []string{"/apis/discovery.k8s.io/v1" + shop + "endpointslices" + limit}},
		{"probe --image-pull-secret ", "", space, nil},
		{"diagnose --context ", "test", space, nil},
	} {
		server := livetest.New(t, smallShop()...)
		words := strings.Split(row.typed, " ")
		list, directive := tabbed(t, slices.Insert(words, 1, "--kubeconfig", server.Kubeconfig())...)
		got := strings.Join(textsOf(list), " ")
		if row.directive == noSpace && row.want == "" { // the kinds are the same everywhere
			row.want = got
			if !strings.Contains(got, "deploy/") {
				t.Errorf("%s: no kinds: %s", row.typed, got)
			}
		}
		if got != row.want || directive != row.directive {
			t.Errorf("%s\n got %s %s\nwant %s %s", row.typed, got, directive, row.want, row.directive)
		}
		var asked []string
		for _, r := range server.Requests() {
			asked = append(asked, r.Path)
		}
		if slices.Sort(asked); !slices.Equal(asked, row.requests) {
			t.Errorf("%s\nasked for %q\nwant      %q", row.typed, asked, row.requests)
		}
	}
}

// TestCompleteFromForbiddenCluster leaves out what may not be read, and nothing else.
func TestCompleteFromForbiddenCluster(t *testing.T) {
	t.Parallel()
	server := livetest.New(t, smallShop()...)
	server.Deny("services", "shop")
	server.Deny("namespaces", "")
	for typed, want := range map[string]string{
		"svc/":         "",
		"svc/payment:": "",
		"sho":          "",
		"deploy/":      "deploy/payment",
		"payment-":     "payment-db",
	} {
		list, _ := tabbed(t, "diagnose", "--kubeconfig", server.Kubeconfig(), "-n", "shop", "pod/a", typed)
		if got := strings.Join(textsOf(list), " "); got != want {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
}

// TestCompleteDoesNotWaitForSilence: a server that takes connections and never answers, and one that
// is not there. That it ends is the test.
func TestCompleteDoesNotWaitForSilence(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mutex sync.Mutex
	var taken []net.Conn
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			mutex.Lock()
			taken = append(taken, c)
			mutex.Unlock()
		}
	}()
	ask := func() {
		for _, typed := range []string{"svc/payment:", "deploy/", "pay"} {
			list, directive := tabbedFor(t, 0, "diagnose", "--server", "http://"+listener.Addr().String(), "-n", "shop", "pod/a", typed)
			if len(list) > 0 || directive != space {
				t.Errorf("%s: %q %s", typed, list, directive)
			}
		}
	}
	ask()
	mutex.Lock()
	for _, c := range taken {
		_ = c.Close()
	}
	if len(taken) == 0 {
		t.Error("nobody asked the server")
	}
	mutex.Unlock()
	_ = listener.Close()
	ask()
}
