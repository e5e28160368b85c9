package cluster

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Workload is an object with a pod template: Deployment, StatefulSet, DaemonSet, ReplicaSet,
// Job or CronJob.
type Workload struct {
	Ref
	Template *Pod
	Replicas int32 // what is asked for; 1 where the kind has no such number
	Owner    Ref   // the controller of this workload, e.g. the Deployment of a ReplicaSet
	Labels   map[string]string
	Selector *metav1.LabelSelector
	History  History // of its template and its replicas; nothing but Created where it has an owner
	Origin   Origin
}

// TopLevel tells whether nothing else manages this workload. Only such workloads are offered
// when a bare name is looked up.
func (w *Workload) TopLevel() bool { return w.Owner.Kind == "" }

func controllerOf(namespace string, refs []metav1.OwnerReference) Ref {
	for _, o := range refs {
		if o.Controller != nil && *o.Controller {
			return Ref{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: namespace, Name: o.Name}
		}
	}
	return Ref{}
}

// NewWorkload makes a Workload of an API object, or returns nil for an object that has no
// template.
func NewWorkload(object any, origin Origin) *Workload {
	switch o := object.(type) {
	case *appsv1.Deployment:
		return newWorkload("apps/v1", "Deployment", &o.ObjectMeta, &o.Spec.Template, o.Spec.Selector, o.Spec.Replicas, origin)
	case *appsv1.StatefulSet:
		return newWorkload("apps/v1", "StatefulSet", &o.ObjectMeta, &o.Spec.Template, o.Spec.Selector, o.Spec.Replicas, origin)
	case *appsv1.DaemonSet:
		return newWorkload("apps/v1", "DaemonSet", &o.ObjectMeta, &o.Spec.Template, o.Spec.Selector, nil, origin)
	case *appsv1.ReplicaSet:
		return newWorkload("apps/v1", "ReplicaSet", &o.ObjectMeta, &o.Spec.Template, o.Spec.Selector, o.Spec.Replicas, origin)
	case *batchv1.Job:
		w := newWorkload("batch/v1", "Job", &o.ObjectMeta, &o.Spec.Template, o.Spec.Selector, nil, origin)
		return w.labelledByHand(o.Spec.ManualSelector)
	case *batchv1.CronJob:
		w := newWorkload("batch/v1", "CronJob", &o.ObjectMeta, &o.Spec.JobTemplate.Spec.Template, nil, nil, origin)
		return w.labelledByHand(o.Spec.JobTemplate.Spec.ManualSelector)
	}
	return nil
}

// labelledByHand notes that nothing is stamped for certain on the pods of a Job with a selector of its
// own. Source: batch/v1 JobSpec, manualSelector.
func (w *Workload) labelledByHand(manual *bool) *Workload {
	if manual != nil && *manual {
		w.Template.Labels.Sure = nil
	}
	return w
}

// templateParts are the parts of a workload that decide its pods. They are of interest where
// nothing else manages the workload.
var templateParts = map[string][]string{
	"Deployment":  {"spec.template", "spec.replicas"},
	"StatefulSet": {"spec.template", "spec.replicas"},
	"ReplicaSet":  {"spec.template", "spec.replicas"},
	"DaemonSet":   {"spec.template"},
	"Job":         {"spec.template"},
	"CronJob":     {"spec.jobTemplate"},
}

func newWorkload(apiVersion, kind string, meta *metav1.ObjectMeta, template *corev1.PodTemplateSpec, selector *metav1.LabelSelector, replicas *int32, origin Origin) *Workload {
	ref := Ref{APIVersion: apiVersion, Kind: kind, Namespace: meta.Namespace, Name: meta.Name}
	pod := &Pod{
		Namespace: meta.Namespace,
		Labels:    Labels{Known: template.Labels, Open: ControllerKeys, Sure: stampedBy[kind]},
		Owner:     ref,
		Template:  true,
		Ready:     true,
		Origin:    origin,
	}
	pod.FromSpec(&template.Spec)
	pod.Declared = declaredBy(&template.Spec, template.Annotations)
	w := &Workload{
		Ref:      ref,
		Template: pod,
		Replicas: 1,
		Owner:    controllerOf(meta.Namespace, meta.OwnerReferences),
		Labels:   meta.Labels,
		Selector: selector,
		Origin:   origin,
	}
	w.History = History{Created: createdAt(meta)}
	if w.TopLevel() {
		w.History = NewHistory(meta, templateParts[kind]...)
	}
	if replicas != nil {
		w.Replicas = *replicas
	}
	return w
}

// Owns tells whether the pod belongs to the workload, directly or through the ReplicaSet or Job
// in between. The one in between is looked up in the snapshot; where it was not read, its name
// decides: a Deployment's ReplicaSet is named after it and the pod's pod-template-hash, a
// CronJob's Job after it and a number. Source: "Deployments", "CronJob" concept pages.
func (s *Snapshot) Owns(w *Workload, p *Pod) bool {
	if p.Owner.Kind == "" || p.Namespace != w.Namespace {
		return false
	}
	if p.Owner.Kind == w.Kind && p.Owner.Name == w.Name {
		return true
	}
	if between := s.Workload(p.Owner.Kind, p.Owner.Namespace, p.Owner.Name); between != nil {
		return between.Owner.Kind == w.Kind && between.Owner.Name == w.Name
	}
	switch {
	case w.Kind == "Deployment" && p.Owner.Kind == "ReplicaSet":
		hash := p.Labels.Known["pod-template-hash"]
		return hash != "" && p.Owner.Name == w.Name+"-"+hash
	case w.Kind == "CronJob" && p.Owner.Kind == "Job":
		number, ok := strings.CutPrefix(p.Owner.Name, w.Name+"-")
		return ok && number != "" && strings.Trim(number, "0123456789") == ""
	}
	return false
}
