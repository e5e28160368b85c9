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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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

// behindGateway is the needy cluster with a route to one of its Services, and a Gateway in another
// namespace that takes it.
func behindGateway() []runtime.Object {
	custom := func(kind, namespace, name string, spec map[string]any) runtime.Object {
		o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "spec": spec}}
		o.SetNamespace(namespace)
		o.SetName(name)
		return o
	}
	return append(
		needy(),
		custom("GatewayClass", "", "istio", map[string]any{"controllerName": "istio.io/gateway-controller"}),
		custom("Gateway", "other", "public", map[string]any{"gatewayClassName": "istio", "listeners": []any{
			map[string]any{"name": "web", "port": int64(80), "allowedRoutes": map[string]any{"namespaces": map[string]any{"from": "All"}}},
		}}),
		custom("HTTPRoute", "front", "shop", map[string]any{
			"parentRefs": []any{map[string]any{"name": "public", "namespace": "other"}},
			"rules":      []any{map[string]any{"backendRefs": []any{map[string]any{"name": "api", "port": int64(80)}}}},
		}),
		custom("ReferenceGrant", "back", "none", map[string]any{}),
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "proxy", Labels: map[string]string{"gateway.networking.k8s.io/gateway-name": "public"}},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.9", PodIPs: []corev1.PodIP{{IP: "10.0.0.9"}}},
		},
	)
}

// TestGatewayOfALiveCluster: the Gateway and its pods are found in another namespace, and without a
// right that this takes nothing is guessed.
func TestGatewayOfALiveCluster(t *testing.T) {
	t.Parallel()
	for denied, want := range map[string]explain.Result{
		"": explain.Works, "httproutes.gateway.networking.k8s.io": explain.Unclear, "gateways.gateway.networking.k8s.io": explain.Unclear, "pods": explain.Unclear,
	} {
		server := livetest.New(t, behindGateway()...)
		if denied != "" {
			server.Deny(denied, "")
		}
		from, err := live.Open(server.Config(), live.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := &options{source: from, namespace: "front"}
		if d, err := o.diagnose(t.Context(), "httproute/shop", "svc/api:80"); err != nil || d.Result != want {
			t.Errorf("without %q: %v, %v", denied, d, err)
		}
		for _, source := range []string{"httproute/shop", "other/gateway/public"} {
			if n, err := o.needs(t.Context(), source); err != nil || n.Result != want {
				t.Errorf("%s without %q: %v, %v", source, denied, n, err)
			} else if i := slices.IndexFunc(n.List, func(need explain.Need) bool {
				return need.Kind != explain.NeedBackend && need.Kind != explain.NeedUnread
			}); i >= 0 {
				t.Errorf("%s without %q needs %v", source, denied, n.List[i])
			}
		}
	}
}

// TestGatewayAPIThatIsNotServed: that the cluster does not have it is said, and is no answer.
func TestGatewayAPIThatIsNotServed(t *testing.T) {
	t.Parallel()
	from, err := live.Open(livetest.New(t, needy()...).Config(), live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &options{source: from, namespace: "front"}
	for source, want := range map[string]string{"gateway/shop": "gateways.gateway.networking.k8s.io", "tcproute/shop": "tcproutes.gateway.networking.k8s.io"} {
		if _, err := o.needs(t.Context(), source); err == nil || !strings.Contains(err.Error(), "does not serve "+want) {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// TestReferenceGrantsOfALiveCluster: a Service of another namespace takes a grant there; where the
// grants may not be read it is not known whether there is one.
func TestReferenceGrantsOfALiveCluster(t *testing.T) {
	t.Parallel()
	for denied, want := range map[string]explain.Result{"": explain.Fails, "referencegrants.gateway.networking.k8s.io": explain.Unclear} {
		server := livetest.New(t, append(behindGateway(), &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
			"metadata": map[string]any{"namespace": "front", "name": "far"},
			"spec": map[string]any{
				"parentRefs": []any{map[string]any{"name": "public", "namespace": "other"}},
				"rules":      []any{map[string]any{"backendRefs": []any{map[string]any{"name": "store", "namespace": "back", "port": int64(80)}}}},
			},
		}})...)
		if denied != "" {
			server.Deny(denied, "")
		}
		from, err := live.Open(server.Config(), live.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n, err := (&options{source: from, namespace: "front"}).needs(t.Context(), "httproute/far")
		if err != nil || n.Result != want || !maps.Equal(peers(n), map[string]explain.Result{"back/svc/store:80": want}) {
			t.Errorf("without %q: %v, %v", denied, n, err)
		}
	}
}
