package node_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	doctor "github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
	"github.com/netpol-doctor/netpol-doctor/test/internal/agreement"
)

const shopDirectory = "../../examples/shop"

// undeclaredPort is one at which every container of the shop answers without saying so.
const undeclaredPort = 7070

// shopObjects are those of the shop, but for the cluster's DNS, which the node has.
func shopObjects(t *testing.T) (policies []*networkingv1.NetworkPolicy, others []*unstructured.Unstructured) {
	t.Helper()
	for _, object := range apiserver.Manifests(t, filepath.Join(shopDirectory, "base")) {
		o := object.(*unstructured.Unstructured)
		switch {
		case o.GetKind() == "NetworkPolicy":
			policies = append(policies, asPolicy(t, o))
		case o.GetNamespace() != metav1.NamespaceSystem:
			others = append(others, o)
		}
	}
	return policies, others
}

func asPolicy(t *testing.T, o *unstructured.Unstructured) *networkingv1.NetworkPolicy {
	t.Helper()
	p := &networkingv1.NetworkPolicy{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, p, true); err != nil {
		t.Fatal(err)
	}
	return p
}

// shopWithoutPolicies is the shop with one pod for each workload. What would run once a day runs all
// the time, and every container answers on a port more than it declares.
func shopWithoutPolicies(t *testing.T) []runtime.Object {
	t.Helper()
	var objects []runtime.Object
	_, others := shopObjects(t)
	for _, o := range others {
		if o.GetKind() == "CronJob" {
			o = alwaysRunning(o)
		}
		if containers, found, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers"); found {
			if o.GetKind() != "DaemonSet" {
				_ = unstructured.SetNestedField(o.Object, int64(1), "spec", "replicas")
			}
			for _, c := range containers {
				c := c.(map[string]any)
				variables, _ := c["env"].([]any)
				c["env"] = append(variables, map[string]any{"name": "SERVE_PORT_7070", "value": "undeclared"})
			}
			_ = unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers")
		}
		objects = append(objects, o)
	}
	return objects
}

// alwaysRunning is a Deployment with the pods of a CronJob.
func alwaysRunning(job *unstructured.Unstructured) *unstructured.Unstructured {
	template, _, _ := unstructured.NestedMap(job.Object, "spec", "jobTemplate", "spec", "template")
	labels, _, _ := unstructured.NestedMap(template, "metadata", "labels")
	unstructured.RemoveNestedField(template, "spec", "restartPolicy")
	containers, _, _ := unstructured.NestedSlice(template, "spec", "containers")
	for _, c := range containers {
		c.(map[string]any)["args"] = []any{"porter"}
	}
	_ = unstructured.SetNestedSlice(template, containers, "spec", "containers")
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1",
		"kind":       "Deployment",
		"metadata":   map[string]any{"name": job.GetName(), "namespace": job.GetNamespace()},
		"spec":       map[string]any{"selector": map[string]any{"matchLabels": labels}, "template": template},
	}}
}

// overlay is a way to break the shop: policies in place of those with the same names.
type overlay struct {
	name     string
	policies []*networkingv1.NetworkPolicy
}

// replaced are the policies that the overlay stands in for.
func (o overlay) replaced(base []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	return slices.DeleteFunc(slices.Clone(base), func(p *networkingv1.NetworkPolicy) bool {
		return !slices.ContainsFunc(o.policies, func(other *networkingv1.NetworkPolicy) bool {
			return other.Namespace == p.Namespace && other.Name == p.Name
		})
	})
}

// shopPolicies are the policies of the shop and all ways to break it.
func shopPolicies(t *testing.T) (base []*networkingv1.NetworkPolicy, overlays []overlay) {
	t.Helper()
	base, _ = shopObjects(t)
	entries, err := os.ReadDir(filepath.Join(shopDirectory, "broken"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		o := overlay{name: entry.Name()}
		for _, object := range apiserver.Manifests(t, filepath.Join(shopDirectory, "broken", entry.Name())) {
			o.policies = append(o.policies, asPolicy(t, object.(*unstructured.Unstructured)))
		}
		if len(o.policies) == 0 || len(o.replaced(base)) != len(o.policies) {
			t.Fatalf("the overlay %s does not stand in for policies of the shop", o.name)
		}
		overlays = append(overlays, o)
	}
	if len(overlays) != 7 {
		t.Fatalf("there are %d ways to break the shop", len(overlays))
	}
	return base, overlays
}

func shopNamespaces(t *testing.T) []string {
	t.Helper()
	var names []string
	_, others := shopObjects(t)
	for _, o := range others {
		if o.GetKind() == "Namespace" && o.GetName() != metav1.NamespaceSystem {
			names = append(names, o.GetName())
		}
	}
	return names
}

// shopWorld is every connection of the shop.
func shopWorld(t *testing.T) agreement.World {
	t.Helper()
	namespaces := shopNamespaces(t)
	w := agreement.World{
		Opens: func(p *doctor.Pod) bool { return slices.Contains(namespaces, p.Namespace) },
		Listens: func(p *doctor.Pod) []agreement.Port {
			if !slices.Contains(namespaces, p.Namespace) {
				return dnsPorts(p)
			}
			return append(declaredPorts(p), agreement.Port{Number: undeclaredPort, Protocol: corev1.ProtocolTCP})
		},
		Dials: func(s *doctor.Service) bool {
			return slices.Contains(namespaces, s.Namespace) && !s.Headless || shared(s)
		},
	}
	w.Outside, w.OutsideListens = outsideAddresses()
	return w
}

func declaredPorts(p *doctor.Pod) (ports []agreement.Port) {
	for _, c := range p.Ports {
		ports = append(ports, agreement.Port{Number: c.Number, Protocol: c.Protocol})
	}
	return ports
}

// dnsPorts are those of the cluster's DNS servers, which answer on 8080 how they are; of other pods
// there are none.
func dnsPorts(p *doctor.Pod) []agreement.Port {
	if p.Labels.Known["k8s-app"] != "kube-dns" {
		return nil
	}
	return append(declaredPorts(p), agreement.Port{Number: 8080, Protocol: corev1.ProtocolTCP})
}

// shared are the Services of every cluster: DNS and the API server.
func shared(s *doctor.Service) bool { return s.Name == "kube-dns" || s.Name == "kubernetes" }
