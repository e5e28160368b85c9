package live_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

func wordsOf(t *testing.T, server *livetest.Server) *live.Words {
	t.Helper()
	w, err := live.OpenWords(server.Config(), live.Options{Foreign: []live.ForeignKind{{Group: "cilium.io", Resource: "ciliumnetworkpolicies", Kind: "CiliumNetworkPolicy", Namespaced: true}}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func pathsOf(server *livetest.Server) []string {
	var paths []string
	for _, r := range server.Requests() {
		paths = append(paths, r.Path)
	}
	return paths
}

// TestNamesTakeOneRequestForMetadata; of a kind that is not built in two, as its version is asked for.
func TestNamesTakeOneRequestForMetadata(t *testing.T) {
	t.Parallel()
	custom := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": map[string]any{"namespace": "shop", "name": "dns"},
	}}
	objects := []runtime.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "payment"}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "elsewhere"}},
		&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "order"}},
		custom,
	}
	for _, row := range []struct {
		group, kind, namespace string
		names, paths           string
	}{
		{"", "Namespace", "", "shop", "/api/v1/namespaces?limit=500"},
		{"", "Service", "shop", "payment", "/api/v1/namespaces/shop/services?limit=500"},
		{"apps", "Deployment", "shop", "order", "/apis/apps/v1/namespaces/shop/deployments?limit=500"},
		{"cilium.io", "CiliumNetworkPolicy", "shop", "dns", "/apis/cilium.io /apis/cilium.io/v2/namespaces/shop/ciliumnetworkpolicies?limit=500"},
	} {
		server := livetest.New(t, objects...)
		names, err := wordsOf(t, server).Names(t.Context(), row.group, row.kind, row.namespace)
		if err != nil || strings.Join(names, " ") != row.names {
			t.Errorf("%s: %v, %v", row.kind, names, err)
		}
		if got := strings.Join(pathsOf(server), " "); got != row.paths {
			t.Errorf("%s: asked for %s", row.kind, got)
		}
		for _, r := range server.Requests() {
			if !strings.HasPrefix(r.Accept, "application/json;as=PartialObjectMetadataList;") {
				t.Errorf("%s: whole objects were asked for: %s", row.kind, r.Accept)
			}
		}
	}
}

// TestNamesOfManyObjects: what is on later pages is there, and of a crowd only the first pages are.
func TestNamesOfManyObjects(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ objects, names, requests int }{{500, 500, 1}, {501, 501, 2}, {2600, 2000, 4}} {
		var objects []runtime.Object
		for i := range row.objects {
			objects = append(objects, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("s%04d", i)}})
		}
		server := livetest.New(t, objects...)
		names, err := wordsOf(t, server).Names(t.Context(), "", "Service", "shop")
		if err != nil || len(names) != row.names || len(server.Requests()) != row.requests {
			t.Errorf("%d objects: %d names by %d requests, %v", row.objects, len(names), len(server.Requests()), err)
		}
	}
}

// TestWordsThatCannotBeRead are errors.
func TestWordsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	server := livetest.New(t, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "payment"}})
	server.Deny("services", "shop")
	w := wordsOf(t, server)
	for name, ask := range map[string]func() error{
		"forbidden":               func() error { _, err := w.Names(t.Context(), "", "Service", "shop"); return err },
		"of no kind that is read": func() error { _, err := w.Names(t.Context(), "", "Secret", "shop"); return err },
		"of a group that is not served": func() error {
			_, err := w.Names(t.Context(), "cilium.io", "CiliumNetworkPolicy", "shop")
			return err
		},
		"not there":        func() error { _, err := w.Object(t.Context(), "Pod", "shop", "none"); return err },
		"without any port": func() error { _, err := w.Object(t.Context(), "Secret", "shop", "none"); return err },
		"in no time": func() error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := w.Names(ctx, "", "Namespace", "")
			return err
		},
	} {
		if ask() == nil {
			t.Errorf("what is %s is no error", name)
		}
	}
}

// TestPortsTakeOneRequest for the one object that has them.
func TestPortsTakeOneRequest(t *testing.T) {
	t.Parallel()
	name, protocol, number := "https", corev1.ProtocolTCP, int32(8443)
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Ports: []corev1.ContainerPort{{Name: name, ContainerPort: number}}}}}
	objects := []runtime.Object{
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "alone"}, Spec: spec},
		&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "payment"}, Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: spec}}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "payment"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: name, Port: 443}}}},
		&discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "payment-1"}, Ports: []discoveryv1.EndpointPort{{Name: &name, Protocol: &protocol, Port: &number}}},
	}
	server := livetest.New(t, objects...)
	w := wordsOf(t, server)
	for _, row := range [][2]string{{"Pod", "alone"}, {"Deployment", "payment"}} {
		object, err := w.Object(t.Context(), row[0], "shop", row[1])
		if pod, ok := object.(*cluster.Pod); err != nil || !ok || len(pod.Ports) != 1 || pod.Ports[0].Number != number {
			t.Errorf("%v: %v, %v", row, object, err)
		}
	}
	object, err := w.Object(t.Context(), "Service", "shop", "payment")
	if service, ok := object.(*cluster.Service); err != nil || !ok || len(service.Ports) != 1 || service.Ports[0].Port != 443 {
		t.Errorf("%v, %v", object, err)
	}
	arrivals, err := w.Arrivals(t.Context(), "shop")
	if err != nil || len(arrivals) != 1 || *arrivals[0].Ports[0].Port != number {
		t.Errorf("%v, %v", arrivals, err)
	}
	want := []string{
		"/api/v1/namespaces/shop/pods/alone", "/apis/apps/v1/namespaces/shop/deployments/payment", "/api/v1/namespaces/shop/services/payment",
		"/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?limit=500",
	}
	if got := pathsOf(server); !slices.Equal(got, want) {
		t.Errorf("asked for %q", got)
	}
}
