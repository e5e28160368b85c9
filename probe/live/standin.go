package live

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// A stand-in is a pod of its own with a workload's labels. A Job makes it, with a deadline, and is
// deleted by itself once the pod has ended: nothing is left even if the doctor is killed.
// Source: batch/v1 JobSpec.ActiveDeadlineSeconds and TTLSecondsAfterFinished.

const (
	standInRole = "standin-prober.yaml"
	standInName = "probe"
	gracePeriod = 1 // seconds until a pod that is deleted is killed
)

// injection keeps meshes from adding a proxy, which would never end, and change what is tested. These
// are annotations, since a label may be selected. Sources: Istio, Linkerd and Consul, injection.
var injection = map[string]string{
	"sidecar.istio.io/inject":             "false",
	"linkerd.io/inject":                   "disabled",
	"consul.hashicorp.com/connect-inject": "false",
}

// StandIn makes the Job of a stand-in for a pod, or for the template of a workload that has none. It
// has the labels but for those that controllers stamp, and the name servers; its pod ends by itself
// after lifetime. Secret is what the image is pulled with, if anything.
func (p *Prober) StandIn(ctx context.Context, of *cluster.Pod, lifetime time.Duration, secret string) (*batchv1.Job, error) {
	model, err := p.model(ctx, of)
	if err != nil {
		return nil, &ImpossibleError{of.Namespace, of.Name, "reading what the probe pod is to be like", err.Error()}
	}
	spec := &model.Spec
	if spec.HostNetwork {
		return nil, &ImpossibleError{of.Namespace, of.Name, "making a probe pod", "it is on its node's network, and the network takes it for its node; probe without --from-pod"}
	}
	c := container(standInName, p.image, lifetime)
	limits := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")}
	c.Resources = corev1.ResourceRequirements{Requests: limits, Limits: limits}
	annotations := map[string]string{Annotation: manager}
	maps.Copy(annotations, injection)
	job := &batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Namespace: of.Namespace, Name: namePrefix + rand.String(5), Annotations: map[string]string{Annotation: manager}},
		Spec: batchv1.JobSpec{
			BackoffLimit:            ptr.To[int32](0),
			ActiveDeadlineSeconds:   ptr.To(int64((lifetime + patience).Seconds())),
			TTLSecondsAfterFinished: ptr.To[int32](0),
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: copied(model.Labels), Annotations: annotations},
				Spec: corev1.PodSpec{
					Containers:                    []corev1.Container{c},
					RestartPolicy:                 corev1.RestartPolicyNever,
					TerminationGracePeriodSeconds: ptr.To[int64](gracePeriod),
					AutomountServiceAccountToken:  ptr.To(false),
					EnableServiceLinks:            ptr.To(false),
					DNSPolicy:                     spec.DNSPolicy,
					DNSConfig:                     spec.DNSConfig,
					NodeSelector:                  spec.NodeSelector,
					Tolerations:                   spec.Tolerations,
				},
			},
		},
	}
	if secret != "" {
		job.Spec.Template.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: secret}}
	}
	return job, nil
}

// copied are the labels that a stand-in has of its model: not those which controllers stamp, as they
// would take the pod for theirs.
func copied(of map[string]string) map[string]string {
	out := map[string]string{}
	for key, value := range of {
		if !cluster.StampedByController(key) {
			out[key] = value
		}
	}
	return out
}

// templates are where the kinds of workloads have the template of their pods.
var templates = map[string]struct {
	resource schema.GroupVersionResource
	path     []string
}{
	"Pod":         {corev1.SchemeGroupVersion.WithResource("pods"), nil},
	"Deployment":  {appsv1.SchemeGroupVersion.WithResource("deployments"), []string{"spec", "template"}},
	"StatefulSet": {appsv1.SchemeGroupVersion.WithResource("statefulsets"), []string{"spec", "template"}},
	"DaemonSet":   {appsv1.SchemeGroupVersion.WithResource("daemonsets"), []string{"spec", "template"}},
	"ReplicaSet":  {appsv1.SchemeGroupVersion.WithResource("replicasets"), []string{"spec", "template"}},
	"Job":         {batchv1.SchemeGroupVersion.WithResource("jobs"), []string{"spec", "template"}},
	"CronJob":     {batchv1.SchemeGroupVersion.WithResource("cronjobs"), []string{"spec", "jobTemplate", "spec", "template"}},
}

// model reads the pod that a stand-in is made like, or the template of a workload.
func (p *Prober) model(ctx context.Context, of *cluster.Pod) (*corev1.PodTemplateSpec, error) {
	ref := of.Ref()
	kind, ok := templates[ref.Kind]
	if !ok {
		return nil, fmt.Errorf("%s has no template that is known", ref)
	}
	o, err := p.dynamic.Resource(kind.resource).Namespace(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	found, _, err := unstructured.NestedMap(o.Object, kind.path...)
	if err != nil {
		return nil, err
	}
	var template corev1.PodTemplateSpec
	return &template, runtime.DefaultUnstructuredConverter.FromUnstructured(found, &template)
}

// standIn is a Job that was prepared.
type standIn struct {
	*Session
	job *batchv1.Job
}

// PrepareStandIn finds out whether a stand-in can be made, and whether nothing would capture it. It
// writes nothing: the API server is asked what the user may do, and to try the objects out.
func (p *Prober) PrepareStandIn(ctx context.Context, job *batchv1.Job) (*Session, error) {
	s := &standIn{&Session{prober: p, at: Place{job.Namespace, "", standInName}, Adds: []any{job}}, job}
	rights := []right{{"create", "batch", "jobs", ""}, {"delete", "batch", "jobs", ""}, {"list", "", "pods", ""}, {"create", "", "pods", "exec"}}
	if err := p.may(ctx, job.Namespace, "", standInRole, rights...); err != nil {
		return nil, err
	}
	captors, err := p.captors(ctx, job.Namespace)
	if err != nil {
		return nil, s.impossible("looking for what might take a probe pod with these labels for its own", err.Error()+"; docs/rbac/"+standInRole+" is a Role that allows it")
	}
	if by := captured(captors, job.Spec.Template.Labels); len(by) > 0 {
		return nil, s.impossible("making a probe pod with these labels", strings.Join(by, "; ")+"; probe without --from-pod")
	}
	s.start, s.stop = s.run, s.remove
	return s.Session, s.tryOut(ctx)
}

func (s *standIn) impossible(doing, why string) error {
	return &ImpossibleError{s.job.Namespace, s.at.Pod, doing, why}
}

// tryOut has the API server try the Job out and, where the user may make pods, its pod too: what keeps
// a pod from being made is only told to who makes it.
func (s *standIn) tryOut(ctx context.Context) error {
	if err := s.create(ctx, metav1.DryRunAll); err != nil {
		return err
	}
	template := s.job.Spec.Template
	pod := &corev1.Pod{ObjectMeta: *template.ObjectMeta.DeepCopy(), Spec: template.Spec}
	pod.Name, pod.Namespace = s.job.Name, s.job.Namespace
	made, err := s.prober.core.Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: manager})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case apierrors.IsForbidden(err) && s.prober.may(ctx, pod.Namespace, "", standInRole, right{"create", "", "pods", ""}) != nil:
		return nil // what is wrong with it is told when the Job makes it
	case err != nil:
		return s.impossible("making a probe pod", err.Error())
	case joined(made) != "":
		return s.impossible("making a probe pod", joined(made))
	}
	return nil
}

func (s *standIn) create(ctx context.Context, dryRun ...string) error {
	options := metav1.CreateOptions{DryRun: dryRun, FieldManager: manager, FieldValidation: metav1.FieldValidationStrict}
	_, err := s.prober.all.BatchV1().Jobs(s.job.Namespace).Create(ctx, s.job, options)
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("creating Job %s/%s: %w", s.job.Namespace, s.job.Name, ctx.Err())
	case err != nil:
		return s.impossible("creating a Job", err.Error())
	}
	return nil
}

// run makes the Job and waits until its pod runs.
func (s *standIn) run(ctx context.Context) error {
	if err := s.create(ctx); err != nil {
		return err
	}
	const doing = "waiting for the probe pod to start"
	var last *corev1.Pod
	never := ""
	err := wait.PollUntilContextTimeout(ctx, interval, patience, true, func(ctx context.Context) (bool, error) {
		pods, err := s.prober.core.Pods(s.job.Namespace).List(ctx, metav1.ListOptions{LabelSelector: jobName + "=" + s.job.Name})
		if err != nil {
			return false, nil // may pass
		}
		if len(pods.Items) == 0 {
			never = s.refused(ctx)
			return never != "", nil
		}
		last = &pods.Items[0]
		if never = joined(last); never != "" {
			return true, nil
		}
		var ok bool
		ok, never = started(last, mainStatus(last))
		return ok || never != "", nil
	})
	if last != nil {
		s.at.Pod, s.Node = last.Name, last.Spec.NodeName
		if last.Status.StartTime != nil {
			s.Since = last.Status.StartTime.Time
		}
	}
	return awaited(ctx, err, never, func() string { return s.delay(last) }, func(why string) error { return s.impossible(doing, why) })
}

// jobName is the label of a Job's pods that all versions of Kubernetes set. Source: batch/v1, legacy
// labels.
const jobName = "job-name"

// joined tells which container was added to a stand-in on its way into the cluster: what it does is not
// what was asked for, and a mesh's proxy would take its connections.
func joined(pod *corev1.Pod) string {
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if c.Name != standInName {
			return fmt.Sprintf("something in the cluster put the container %s into the probe pod, as meshes do: what is seen from it would be that container's doing", c.Name)
		}
	}
	return ""
}

func mainStatus(pod *corev1.Pod) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if s := &pod.Status.ContainerStatuses[i]; s.Name == standInName {
			return s
		}
	}
	return nil
}

// refused says why a Job makes no pod, where its controller tells that in an event: of a quota, for
// one. It is empty where nothing was told.
func (s *standIn) refused(ctx context.Context) string {
	selector := fields.Set{"involvedObject.kind": "Job", "involvedObject.name": s.job.Name, "reason": "FailedCreate"}.String()
	events, err := s.prober.core.Events(s.job.Namespace).List(ctx, metav1.ListOptions{FieldSelector: selector})
	if err != nil || len(events.Items) == 0 {
		return ""
	}
	last := events.Items[len(events.Items)-1]
	return "its Job makes no pod" + why(last.Reason, last.Message)
}

// delay says what a pod waits for, if there is one.
func (s *standIn) delay(pod *corev1.Pod) string {
	if pod == nil {
		return "its Job made no pod; kubectl describe job tells why"
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status != corev1.ConditionTrue {
			return "it is not scheduled" + why(c.Reason, c.Message)
		}
	}
	return waiting(mainStatus(pod))
}

// remove deletes the Job, and with it its pod.
func (s *standIn) remove(ctx context.Context) error {
	err := s.prober.deleteJob(ctx, s.job.Namespace, s.job.Name, nil)
	if err != nil {
		return fmt.Errorf("deleting Job %s/%s: %w; it is deleted by itself within %d minutes", s.job.Namespace, s.job.Name, err, *s.job.Spec.ActiveDeadlineSeconds/60+1)
	}
	return nil
}

// deleteJob deletes a Job and its pod; with a uid only that very one.
func (p *Prober) deleteJob(ctx context.Context, namespace, name string, uid *types.UID) error {
	options := metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)}
	if uid != nil {
		options.Preconditions = &metav1.Preconditions{UID: uid}
	}
	err := p.all.BatchV1().Jobs(namespace).Delete(ctx, name, options)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
