package cluster

import (
	"cmp"
	"fmt"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
)

// Ingress is what is known of an Ingress as a way to its Services.
type Ingress struct {
	Ref
	Class    string   // the name of its class; empty: the default one
	Hosts    []string // of its rules, by their place; empty: any host
	Backends []IngressBackend
	Origin   Origin
}

// IngressBackend is a Service that an Ingress sends requests to.
type IngressBackend struct {
	Service  string
	Port     int32  // of the Service; 0 where it is named
	PortName string // of the Service
	Path     string // the field that names it
}

// IngressClass says which controller serves the Ingresses of a class.
type IngressClass struct {
	Name       string
	Controller string
	Default    bool
}

// classAnnotation is how Ingresses named their class before there was a field.
// Source: networking/v1 IngressSpec.IngressClassName.
const classAnnotation = "kubernetes.io/ingress.class"

// NewIngress makes the slim Ingress of an API Ingress. Backends that are no Services are left out.
func NewIngress(in *networkingv1.Ingress, origin Origin) *Ingress {
	i := &Ingress{
		Ref:    Ref{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Namespace: in.Namespace, Name: in.Name},
		Class:  in.Annotations[classAnnotation],
		Origin: origin,
	}
	if name := in.Spec.IngressClassName; name != nil {
		i.Class = *name
	}
	add := func(b *networkingv1.IngressBackend, path string) {
		if b != nil && b.Service != nil {
			i.Backends = append(i.Backends, IngressBackend{Service: b.Service.Name, Port: b.Service.Port.Number, PortName: b.Service.Port.Name, Path: path})
		}
	}
	add(in.Spec.DefaultBackend, "spec.defaultBackend")
	for r := range in.Spec.Rules {
		i.Hosts = append(i.Hosts, in.Spec.Rules[r].Host)
		if http := in.Spec.Rules[r].HTTP; http != nil {
			for p := range http.Paths {
				add(&http.Paths[p].Backend, fmt.Sprintf("spec.rules[%d].http.paths[%d]", r, p))
			}
		}
	}
	return i
}

// NewIngressClass makes the slim class of an API IngressClass.
func NewIngressClass(in *networkingv1.IngressClass, _ Origin) *IngressClass {
	return &IngressClass{Name: in.Name, Controller: in.Spec.Controller, Default: in.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true"}
}

// HostNames returns the hosts that an Ingress has rules for, each once. Without any it is for all hosts,
// as it is with a rule that names none or with a default backend; that is "*" among them.
// Source: networking/v1 IngressRule.Host, IngressSpec.DefaultBackend.
func (i *Ingress) HostNames() []string {
	var out []string
	add := func(host string) {
		if host = cmp.Or(host, "*"); !slices.Contains(out, host) {
			out = append(out, host)
		}
	}
	for _, host := range i.Hosts {
		add(host)
	}
	if slices.ContainsFunc(i.Backends, func(b IngressBackend) bool { return b.Path == "spec.defaultBackend" }) {
		add("*")
	}
	return out
}

// Ingress returns one Ingress, or nil.
func (s *Snapshot) Ingress(namespace, name string) *Ingress {
	for _, i := range s.Ingresses {
		if i.Namespace == namespace && i.Name == name {
			return i
		}
	}
	return nil
}

func compareClasses(a, b *IngressClass) int { return cmp.Compare(a.Name, b.Name) }
