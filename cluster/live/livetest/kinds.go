package livetest

import (
	"cmp"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
)

// kind is what is served under one resource.
type kind struct {
	schema.GroupVersionKind
	resource   string
	namespaced bool
	custom     bool     // JSON only
	objects    []object // sorted by namespace and name
}

type object struct {
	api runtime.Object
	metav1.Object
}

// builtinKinds are the kinds that are served even when there is no object of them.
func builtinKinds() []*kind {
	clusterScoped := []string{"ClusterRole", "ClusterRoleBinding", "IngressClass", "Namespace", "Node"}
	var kinds []*kind
	for version, names := range map[schema.GroupVersion][]string{
		corev1.SchemeGroupVersion:       {"ConfigMap", "Namespace", "Node", "Pod", "Service"},
		appsv1.SchemeGroupVersion:       {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
		batchv1.SchemeGroupVersion:      {"CronJob", "Job"},
		discoveryv1.SchemeGroupVersion:  {"EndpointSlice"},
		networkingv1.SchemeGroupVersion: {"Ingress", "IngressClass", "NetworkPolicy"},
		rbacv1.SchemeGroupVersion:       {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"},
	} {
		for _, name := range names {
			kinds = append(kinds, newKind(version.WithKind(name), !slices.Contains(clusterScoped, name), false))
		}
	}
	return kinds
}

func newKind(of schema.GroupVersionKind, namespaced, custom bool) *kind {
	guess, _ := meta.UnsafeGuessKindToResource(of)
	resource := guess.Resource
	if of.Kind == "Gateway" { // the guess is "gatewaies"
		resource = "gateways"
	}
	return &kind{GroupVersionKind: of, resource: resource, namespaced: namespaced, custom: custom}
}

// Serve makes a custom kind known of which there may be no object.
func (s *Server) Serve(apiVersion, name string, namespaced bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kindFor(schema.FromAPIVersionAndKind(apiVersion, name), namespaced)
}

// kindFor finds a kind, or makes it known as a custom one.
func (s *Server) kindFor(of schema.GroupVersionKind, namespaced bool) *kind {
	for _, k := range s.kinds {
		if k.GroupVersionKind == of {
			return k
		}
	}
	k := newKind(of, namespaced, true)
	s.kinds = append(s.kinds, k)
	return k
}

func (s *Server) add(in runtime.Object) error {
	in = in.DeepCopyObject()
	about, err := meta.Accessor(in)
	if err != nil {
		return err
	}
	of := in.GetObjectKind().GroupVersionKind()
	if _, custom := in.(*unstructured.Unstructured); !custom {
		kinds, _, err := scheme.Scheme.ObjectKinds(in)
		if err != nil {
			return err
		}
		of = kinds[0]
	}
	k := s.kindFor(of, about.GetNamespace() != "")
	if k.namespaced != (about.GetNamespace() != "") {
		return fmt.Errorf("%s %q: wrong about its namespace", of.Kind, about.GetName())
	}
	in.GetObjectKind().SetGroupVersionKind(of)
	if about.GetUID() == "" {
		about.SetUID(types.UID(fmt.Sprintf("uid-%s-%s-%s", k.resource, about.GetNamespace(), about.GetName())))
	}
	o := object{in, about}
	at, found := slices.BinarySearchFunc(k.objects, o, func(a, b object) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	if found {
		k.objects[at] = o
		return nil
	}
	k.objects = slices.Insert(k.objects, at, o)
	return nil
}

// groupResource is the resource as RBAC and gaps name it.
func (k *kind) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: k.Group, Resource: k.resource}
}
