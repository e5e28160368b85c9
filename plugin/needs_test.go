package plugin

import (
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/explain"
)

// needy is a cluster in which front/web names a Service of its own namespace, one of another, and
// names that are none.
func needy() []runtime.Object {
	var objects []runtime.Object
	serve := func(namespace, name, ip string, ports ...corev1.ServicePort) {
		labels := map[string]string{"app": name}
		slice := &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: name}},
			AddressType: discoveryv1.AddressTypeIPv4,
			Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{ip}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: name}}},
		}
		for _, p := range ports {
			slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &p.Name, Port: &p.Port, Protocol: &p.Protocol})
		}
		objects = append(
			objects, slice,
			&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: corev1.ServiceSpec{Selector: labels, Ports: ports}},
			&corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
				Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
			},
		)
	}
	http := corev1.ServicePort{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP}
	serve("front", "api", "10.0.0.1", http)
	serve("back", "store", "10.0.0.2", http)
	serve("kube-system", "kube-dns", "10.0.0.3", corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP}, corev1.ServicePort{Name: "dns-tcp", Port: 53, Protocol: corev1.ProtocolTCP})
	web := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "front", Name: "web"}}
	web.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	web.Spec.Template.Labels = web.Spec.Selector.MatchLabels
	web.Spec.Template.Spec.Containers = []corev1.Container{{Name: "c", Env: []corev1.EnvVar{
		{Name: "API", Value: "http://api"}, {Name: "STORE", Value: "store.back:80"}, {Name: "LEVEL", Value: "info"}, {Name: "FILE", Value: "a.conf"},
	}}}
	objects = append(objects, web)
	for _, name := range []string{"front", "back", "kube-system", "other"} {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	return objects
}

func needsOf(t *testing.T, server *livetest.Server) *explain.Needs {
	t.Helper()
	from, err := live.Open(server.Config(), live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, err := (&options{source: from, namespace: "front"}).needs(t.Context(), "deploy/web")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func peers(n *explain.Needs) map[string]explain.Result {
	out := map[string]explain.Result{}
	for _, need := range n.List {
		out[need.Peer] = need.Result
	}
	return out
}

// TestNeedsReadTheNamespacesOfTheirEndsOnly: what a source names in another namespace is read with
// that namespace, and no other namespace is looked into.
func TestNeedsReadTheNamespacesOfTheirEndsOnly(t *testing.T) {
	t.Parallel()
	server := livetest.New(t, needy()...)
	got := peers(needsOf(t, server))
	if want := (map[string]explain.Result{"DNS": explain.Works, "svc/api:80": explain.Works, "back/svc/store:80": explain.Works}); !maps.Equal(got, want) {
		t.Errorf("needs %v", got)
	}
	const most = 60
	if asked := server.Requests(); len(asked) > most {
		t.Errorf("%d requests", len(asked))
	}
	for _, r := range server.Requests() {
		if strings.Contains(r.Path, "/namespaces/other/") || strings.Contains(r.Path, "secrets") || r.Path == "/api/v1/pods" {
			t.Errorf("%s is asked for", r.Path)
		}
	}
}

// TestNeedsThatCouldNotBeRead: a word is a Service or none, so without the right to list Services
// it is not known what is needed.
func TestNeedsThatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	for _, denied := range []string{"services", "deployments.apps", "pods"} {
		server := livetest.New(t, needy()...)
		server.Deny(denied, "")
		n := needsOf(t, server)
		unread := slices.ContainsFunc(n.List, func(need explain.Need) bool { return need.Kind == explain.NeedUnread })
		if n.Result == explain.Works || !unread {
			t.Errorf("without %s: %s, %v", denied, n.Result, peers(n))
		}
	}
}

// behindIngress is the needy cluster with an Ingress to one of its Services, and its controller.
func behindIngress() []runtime.Object {
	class := "nginx"
	ingress := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "front", Name: "shop"}}
	ingress.Spec.IngressClassName = &class
	ingress.Spec.DefaultBackend = &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "api", Port: networkingv1.ServiceBackendPort{Number: 80}}}
	return append(
		needy(), ingress,
		&networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Spec: networkingv1.IngressClassSpec{Controller: "k8s.io/ingress-nginx"}},
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "controller", Labels: map[string]string{"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.9", PodIPs: []corev1.PodIP{{IP: "10.0.0.9"}}},
		},
	)
}

// TestIngressOfALiveCluster: the controller is found in another namespace, and without a right that
// this takes nothing is guessed.
func TestIngressOfALiveCluster(t *testing.T) {
	t.Parallel()
	for denied, want := range map[string]explain.Result{
		"": explain.Works, "ingresses.networking.k8s.io": explain.Unclear, "ingressclasses.networking.k8s.io": explain.Unclear, "pods": explain.Unclear,
	} {
		server := livetest.New(t, behindIngress()...)
		if denied != "" {
			server.Deny(denied, "")
		}
		from, err := live.Open(server.Config(), live.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := (&options{source: from, namespace: "front"}).diagnose(t.Context(), "ingress/shop", "svc/api:80")
		if err != nil || d.Result != want {
			t.Errorf("without %q: %v, %v", denied, d, err)
		}
	}
}
