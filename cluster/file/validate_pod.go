package file

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// validatePod checks a pod's names, ports, DNS and addresses. Source: the API server's
// ValidatePodCreate and validatePodIPs.
func validatePod(p *corev1.Pod) field.ErrorList {
	errs := validateNames(&p.ObjectMeta, subdomainName)
	errs = append(errs, validatePodSpec(&p.Spec, field.NewPath("spec"))...)
	status := field.NewPath("status")
	if p.Status.PodIP != "" {
		errs = append(errs, validation.IsValidIPForLegacyField(status.Child("podIP"), p.Status.PodIP, false, nil)...)
	}
	var texts []string
	for i, ip := range p.Status.PodIPs {
		texts = append(texts, ip.IP)
		errs = append(errs, validation.IsValidIPForLegacyField(status.Child("podIPs").Index(i).Child("ip"), ip.IP, false, nil)...)
	}
	if len(texts) > 1 {
		if dual, err := netutils.IsDualStackIPStrings(texts); err == nil && (!dual || len(texts) > 2) {
			errs = append(errs, field.Invalid(status.Child("podIPs"), texts, "may specify no more than one IP for each IP family"))
		}
	}
	return errs
}

// validateWorkload checks an object of apps/v1 that makes pods of a template. Source: the API
// server's ValidateDeploymentSpec, ValidateStatefulSetSpec, ValidateDaemonSetSpec.
func validateWorkload(meta *metav1.ObjectMeta, selector *metav1.LabelSelector, template *corev1.PodTemplateSpec) field.ErrorList {
	spec := field.NewPath("spec")
	errs := validateNames(meta, subdomainName)
	errs = append(errs, validateTemplate(template, spec.Child("template"))...)
	path := spec.Child("selector")
	if selector == nil {
		return append(errs, field.Required(path, "must be the labels of the template"))
	}
	wrong := validateSelector(selector, path)
	if len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		wrong = append(wrong, field.Invalid(path, selector, "must not be empty"))
	}
	if errs = append(errs, wrong...); len(wrong) > 0 {
		return errs
	}
	if s, err := metav1.LabelSelectorAsSelector(selector); err == nil && !s.Matches(labels.Set(template.Labels)) {
		errs = append(errs, field.Invalid(spec.Child("template", "metadata", "labels"), template.Labels, "`selector` does not match template `labels`"))
	}
	return errs
}

// validateTemplate checks the pods that a workload would make.
func validateTemplate(t *corev1.PodTemplateSpec, path *field.Path) field.ErrorList {
	errs := validateLabels(t.Labels, path.Child("metadata", "labels"))
	return append(errs, validatePodSpec(&t.Spec, path.Child("spec"))...)
}

func validatePodSpec(s *corev1.PodSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(s.Containers) == 0 && !reflect.ValueOf(*s).IsZero() { // of a mere header nothing is judged
		errs = append(errs, field.Required(path.Child("containers"), ""))
	}
	for i := range s.Containers {
		errs = append(errs, validateContainerPorts(s.Containers[i].Ports, path.Child("containers").Index(i).Child("ports"))...)
	}
	for i := range s.InitContainers {
		errs = append(errs, validateContainerPorts(s.InitContainers[i].Ports, path.Child("initContainers").Index(i).Child("ports"))...)
	}
	switch s.DNSPolicy {
	case "", corev1.DNSClusterFirst, corev1.DNSClusterFirstWithHostNet, corev1.DNSDefault, corev1.DNSNone:
	default:
		known := []corev1.DNSPolicy{corev1.DNSClusterFirst, corev1.DNSClusterFirstWithHostNet, corev1.DNSDefault, corev1.DNSNone}
		errs = append(errs, field.NotSupported(path.Child("dnsPolicy"), s.DNSPolicy, known))
	}
	return errs
}

// validateContainerPorts checks the ports of one container, among which a name is there once.
func validateContainerPorts(ports []corev1.ContainerPort, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := map[string]bool{}
	for i := range ports {
		p, path := &ports[i], path.Index(i)
		if p.Name != "" {
			for _, message := range validation.IsValidPortName(p.Name) {
				errs = append(errs, field.Invalid(path.Child("name"), p.Name, message))
			}
			if names[p.Name] {
				errs = append(errs, field.Duplicate(path.Child("name"), p.Name))
			}
			names[p.Name] = true
		}
		if p.ContainerPort == 0 {
			errs = append(errs, field.Required(path.Child("containerPort"), ""))
		} else {
			errs = append(errs, validatePortNumber(p.ContainerPort, path.Child("containerPort"))...)
		}
		if p.Protocol != "" {
			errs = append(errs, validateProtocol(p.Protocol, path.Child("protocol"))...)
		}
	}
	return errs
}
