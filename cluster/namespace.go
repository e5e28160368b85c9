package cluster

import (
	corev1 "k8s.io/api/core/v1"
)

// MetadataName is the label that the control plane sets on every namespace with its name.
// Source: "Well-Known Labels", kubernetes.io/metadata.name.
const MetadataName = corev1.LabelMetadataName

// Namespace is a namespace and its labels. One that was named but not read has only the label
// that is always there, and AllKeys open.
type Namespace struct {
	Name    string
	Labels  Labels
	History History // of its labels
	Origin  Origin
}

// NewNamespace makes the slim namespace of an API namespace. The kubernetes.io/metadata.name
// label is added, as the API server does.
func NewNamespace(in *corev1.Namespace, origin Origin) *Namespace {
	labels := map[string]string{MetadataName: in.Name}
	for k, v := range in.Labels {
		if k != MetadataName {
			labels[k] = v
		}
	}
	return &Namespace{Name: in.Name, Labels: Labels{Known: labels}, History: NewHistory(&in.ObjectMeta, labelsPart), Origin: origin}
}

// UnknownNamespace stands for a namespace whose object was not read.
func UnknownNamespace(name string) *Namespace {
	return &Namespace{Name: name, Labels: Labels{Known: map[string]string{MetadataName: name}, Open: AllKeys}}
}
