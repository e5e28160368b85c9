package apiserver

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
)

// workerIn is a pod of a namespace, as the cluster is read, with the labels of a worker.
func workerIn(t *testing.T, s *Server, namespace string) (*kubernetes.Clientset, *cluster.Pod) {
	t.Helper()
	admin := probeWorld(t, s, namespace)
	pod := restricted(namespace, "worker-5d8f-x7k2p")
	pod.Labels = map[string]string{"app": "worker", "pod-template-hash": "5d8f"}
	pod.Spec.DNSPolicy, pod.Spec.DNSConfig = corev1.DNSNone, &corev1.PodDNSConfig{Nameservers: []string{"192.0.2.53"}, Searches: []string{"example"}}
	pod.Spec.Tolerations = []corev1.Toleration{{Key: "special", Operator: corev1.TolerationOpExists}}
	s.Apply(t, pod)
	return admin, cluster.NewPod(podOf(t, admin, namespace, pod.Name), cluster.Origin{})
}

// standIn prepares a stand-in as the command line does.
func standIn(t *testing.T, config *rest.Config, of *cluster.Pod) (*live.Session, *batchv1.Job, error) {
	t.Helper()
	p := prober(t, config)
	job, err := p.StandIn(t.Context(), of, (&probe.Plan{}).Longest(), "registry")
	if err != nil {
		return nil, nil, err
	}
	session, err := p.PrepareStandIn(t.Context(), job)
	return session, job, err
}

// A stand-in has the labels that may be had, the name servers and the tolerations of its model, passes
// Pod Security "restricted", ends and is deleted by itself, and takes the documented Role. Trying it
// out makes nothing.
func TestStandIn(t *testing.T) {
	s := Shared(t)
	admin, worker := workerIn(t, s, "standin")
	user := s.User(t, "standin prober", Grant{Namespace: "standin", Rules: rulesOf(t, "../../docs/rbac/standin-prober.yaml")})
	session, job, err := standIn(t, user, worker)
	if err != nil {
		t.Fatal(err)
	}
	template := job.Spec.Template
	if labels := template.Labels; len(labels) != 1 || labels["app"] != "worker" {
		t.Errorf("labels %v: what controllers stamp would have the pod taken for theirs", labels)
	}
	if template.Spec.DNSConfig.Nameservers[0] != "192.0.2.53" || template.Spec.Tolerations[0].Key != "special" || template.Spec.ImagePullSecrets[0].Name != "registry" {
		t.Errorf("%+v", template.Spec)
	}
	if job.Spec.ActiveDeadlineSeconds == nil || job.Spec.TTLSecondsAfterFinished == nil || *template.Spec.AutomountServiceAccountToken {
		t.Errorf("%+v", job.Spec)
	}
	if job.Annotations[live.Annotation] == "" || len(job.Labels) > 0 {
		t.Errorf("%+v", job.ObjectMeta)
	}
	if list, err := admin.BatchV1().Jobs("standin").List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) > 0 {
		t.Errorf("trying it out made %d Jobs, %v", len(list.Items), err)
	}
	if session.Adds[0] != any(job) {
		t.Error("something else is sent than what is shown")
	}
}

// What would take a probe pod for its own is named, and keeps it from being made; what only looks
// like it does not.
func TestStandInCaptured(t *testing.T) {
	s := Shared(t)
	const namespace = "standin-captured"
	admin, worker := workerIn(t, s, namespace)
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	byApp := func(app string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
	}
	template := func(app string, more map[string]string) corev1.PodTemplateSpec {
		labels := map[string]string{"app": app}
		for k, v := range more {
			labels[k] = v
		}
		return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: restricted(namespace, "x").Spec}
	}
	none := int32(0)
	replicated := new(corev1.PodTemplateSpec)
	*replicated = template("worker", nil)
	s.Apply(t, // none of which captures it
		&corev1.Service{ObjectMeta: meta("others"), Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}}}},
		&corev1.Service{ObjectMeta: meta("by-hand"), Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}},
		&appsv1.Deployment{ObjectMeta: meta("worker"), Spec: appsv1.DeploymentSpec{Replicas: &none, Selector: byApp("worker"), Template: template("worker", nil)}},
		&appsv1.ReplicaSet{ObjectMeta: meta("worker-5d8f"), Spec: appsv1.ReplicaSetSpec{Replicas: &none, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "worker", "pod-template-hash": "5d8f"}}, Template: template("worker", map[string]string{"pod-template-hash": "5d8f"})}},
		&policyv1.PodDisruptionBudget{ObjectMeta: meta("web"), Spec: policyv1.PodDisruptionBudgetSpec{Selector: byApp("web")}},
	)
	if _, _, err := standIn(t, s.Admin(), worker); err != nil {
		t.Fatalf("nothing captures it: %v", err)
	}
	scaled := func(kind, name string) *autoscalingv2.HorizontalPodAutoscaler {
		return &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: meta("scaler"), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: kind, Name: name}, MaxReplicas: 3,
		}}
	}
	for _, row := range []struct {
		object runtime.Object
		want   string
	}{
		{&corev1.Service{ObjectMeta: meta("worker"), Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "worker"}, Ports: []corev1.ServicePort{{Port: 80}}}}, "Service worker would send it traffic"},
		{&corev1.ReplicationController{ObjectMeta: meta("old"), Spec: corev1.ReplicationControllerSpec{Replicas: &none, Selector: map[string]string{"app": "worker"}, Template: replicated}}, "ReplicationController old would take it"},
		{&appsv1.ReplicaSet{ObjectMeta: meta("hand-made"), Spec: appsv1.ReplicaSetSpec{Replicas: &none, Selector: byApp("worker"), Template: template("worker", nil)}}, "ReplicaSet hand-made would take it"},
		{&appsv1.StatefulSet{ObjectMeta: meta("set"), Spec: appsv1.StatefulSetSpec{Replicas: &none, Selector: byApp("worker"), Template: template("worker", nil)}}, "StatefulSet set would take it"},
		{&appsv1.DaemonSet{ObjectMeta: meta("daemon"), Spec: appsv1.DaemonSetSpec{Selector: byApp("worker"), Template: template("worker", nil)}}, "DaemonSet daemon would take it"},
		{&policyv1.PodDisruptionBudget{ObjectMeta: meta("all"), Spec: policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{}}}, "PodDisruptionBudget all would count it"},
		{scaled("Deployment", "worker"), "HorizontalPodAutoscaler scaler of Deployment worker would count it"},
		{scaled("Rollout", "unknown"), "HorizontalPodAutoscaler scaler of Rollout unknown would count it"},
	} {
		t.Run(row.want, func(t *testing.T) {
			s.Apply(t, row.object)
			_, _, err := standIn(t, s.Admin(), worker)
			impossible(t, err, row.want, "without --from-pod")
		})
	}
	if list, err := admin.BatchV1().Jobs(namespace).List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) > 0 {
		t.Errorf("%d Jobs were made, %v", len(list.Items), err)
	}
}

// Who lacks a right learns which, before anything is written; why no pod is made is no matter of
// rights.
func TestStandInForbidden(t *testing.T) {
	s := Shared(t)
	_, worker := workerIn(t, s, "standin-forbidden")
	for _, l := range lesser(rulesOf(t, "../../docs/rbac/standin-prober.yaml")) {
		verb, object, _ := strings.Cut(l.right, " ")
		user := s.User(t, "standin prober without "+l.right, Grant{Namespace: "standin-forbidden", Rules: slices.DeleteFunc(l.rest, func(r rbacv1.PolicyRule) bool { return len(r.Verbs) == 0 })})
		_, _, err := standIn(t, user, worker)
		switch {
		case verb == "get" && object != "pods", object == "events":
			if err != nil { // of other sources, of what comes later, or to save a request
				t.Errorf("without %s: %v", l.right, err)
			}
		case verb == "list" && object != "pods":
			impossible(t, err, "looking for what might take", "cannot list resource", "standin-prober.yaml")
		case object == "pods" && verb == "get":
			impossible(t, err, "cannot get resource")
		default:
			impossible(t, err, l.right, "you may not", "standin-prober.yaml")
		}
	}
}

// What keeps its pod from being made is told before the Job is: that a Job is fine says nothing of its
// pod.
func TestStandInRefused(t *testing.T) {
	s := Shared(t)
	_, worker := workerIn(t, s, "standin-refused")
	s.Apply(t, &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Namespace: "standin-refused", Name: "small"}, Spec: corev1.LimitRangeSpec{
		Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer, Max: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Mi")}}},
	}})
	_, _, err := standIn(t, s.Admin(), worker)
	impossible(t, err, "making a probe pod", "maximum memory usage per Container is 1Mi")
	onNode := *worker
	host := restricted("standin-refused", "agent")
	host.Spec.HostNetwork = true
	s.Apply(t, &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: "standin-hosts"}})
	host.Namespace, onNode.Namespace, onNode.Name = "standin-hosts", "standin-hosts", "agent"
	s.Apply(t, host)
	_, _, err = standIn(t, s.Admin(), &onNode)
	impossible(t, err, "node's network", "without --from-pod")
}

// The command line shows the Job, and makes none where nobody can say yes; policies that would treat
// the stand-in otherwise keep it from being made.
func TestStandInCommand(t *testing.T) {
	s := Shared(t)
	admin, _ := workerIn(t, s, "standin-command")
	server := restricted("standin-command", "server")
	server.Status.PodIP, server.Status.PodIPs = "10.0.0.2", []corev1.PodIP{{IP: "10.0.0.2"}}
	s.Apply(t, server)
	kubeconfig := Kubeconfig(t, s.Admin(), "standin-command")
	ask := func(line string) run {
		return doctor(t.Context(), append(strings.Fields(line), "--kubeconfig", kubeconfig)...)
	}
	const question = "probe pod/worker-5d8f-x7k2p pod/server:80 --from-pod"
	var job batchv1.Job
	r := ask(question + " --dry-run")
	if err := yaml.UnmarshalStrict([]byte(r.stdout), &job); err != nil || r.code != 0 || job.Kind != "Job" || job.Spec.Template.Labels["app"] != "worker" {
		t.Errorf("%v: %+v", err, r)
	}
	if r := ask(question); r.code != 2 || !strings.Contains(r.stderr, "--yes") {
		t.Errorf("nobody said yes: %+v", r)
	}
	s.Apply(t, parse[networkingv1.NetworkPolicy](t, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: by-hash, namespace: standin-command}
spec: {podSelector: {matchLabels: {pod-template-hash: 5d8f}}, policyTypes: [Egress]}
`))
	if r := ask(question + " --yes"); r.code != 3 || !strings.Contains(r.stderr, "do not treat a pod with its labels like it") || !strings.Contains(r.stderr, "Denied for it and would be Unknown") {
		t.Errorf("%+v", r)
	}
	for _, wrong := range []string{question + " --exec", "probe pod/a pod/b:80 --exec --dry-run", "probe pod/a pod/b:80 --image-pull-secret x", "diagnose pod/a pod/b:80 --from-pod", "probe --cleanup pod/a"} {
		if r := ask(wrong); r.code != 2 || r.stdout != "" {
			t.Errorf("%s: %+v", wrong, r)
		}
	}
	if list, err := admin.BatchV1().Jobs("standin-command").List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) > 0 {
		t.Errorf("%d Jobs were made, %v", len(list.Items), err)
	}
}

// Without a kubelet nothing can be run in a container, and nothing is learnt.
func TestExecWithoutKubelet(t *testing.T) {
	s := Shared(t)
	admin, _ := workerIn(t, s, "exec-probe")
	pod := podOf(t, admin, "exec-probe", "client")
	user := s.User(t, "exec prober", Grant{Namespace: "exec-probe", Rules: rulesOf(t, "../../docs/rbac/exec-prober.yaml")})
	_, err := prober(t, user).PrepareExec(t.Context(), "exec-probe", "client")
	impossible(t, err, "looking for tools", "no container of it runs")
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	if _, err := admin.CoreV1().Pods("exec-probe").UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err = prober(t, user).PrepareExec(t.Context(), "exec-probe", "client")
	impossible(t, err, "looking for tools", "app: ", "without --exec")
	_, err = prober(t, s.User(t, "reader alone", Grant{Namespace: "exec-probe", Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}}}})).PrepareExec(t.Context(), "exec-probe", "client")
	impossible(t, err, "create pods/exec", "exec-prober.yaml")
}

// What probes left is found by its mark, is removed, and nothing else is.
func TestCleanup(t *testing.T) {
	s := Shared(t)
	admin, worker := workerIn(t, s, "cleanup")
	_, ours, err := standIn(t, s.Admin(), worker)
	if err != nil {
		t.Fatal(err)
	}
	theirs := ours.DeepCopy()
	theirs.Name, theirs.Annotations = "theirs", nil
	s.Apply(t, ours, theirs)
	kubeconfig := Kubeconfig(t, s.Admin(), "cleanup")
	ask := func(line string) run {
		return doctor(t.Context(), append(strings.Fields(line), "--kubeconfig", kubeconfig)...)
	}
	if r := ask("probe --cleanup --dry-run"); r.code != 0 || r.stdout != "would remove: Job cleanup/"+ours.Name+"\n" {
		t.Errorf("%+v", r)
	}
	if r := ask("probe --cleanup"); r.code != 2 || !strings.Contains(r.stderr, "--yes") {
		t.Errorf("nobody said yes: %+v", r)
	}
	if r := ask("probe --cleanup --yes"); r.code != 0 || r.stdout != "removed: Job cleanup/"+ours.Name+"\n" {
		t.Errorf("%+v", r)
	}
	if list, err := admin.BatchV1().Jobs("cleanup").List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) != 1 || list.Items[0].Name != "theirs" {
		t.Errorf("%v, %+v", err, list.Items)
	}
	if r := ask("probe --cleanup --yes"); r.code != 0 || !strings.Contains(r.stdout, "Nothing is left of probes in namespace cleanup.") {
		t.Errorf("%+v", r)
	}
	nobody := Kubeconfig(t, s.User(t, "sweeper without rights"), "cleanup")
	if r := doctor(t.Context(), "probe", "--cleanup", "--kubeconfig", nobody); r.code != 3 || !strings.Contains(r.stderr, "looking for Jobs of probes") {
		t.Errorf("%+v", r)
	}
}
