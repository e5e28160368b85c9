package apiserver

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// TestEnforcement: a check with the documented ClusterRole creates what it says, in namespaces that
// are "restricted" as well, uses every right that the role grants, and leaves nothing behind. No
// kubelet is there to run any command, so that there is no answer.
func TestEnforcement(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{ControllerManager: true})
	admin, err := kubernetes.NewForConfig(s.Admin())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("rights", func(t *testing.T) { testEnforcementRights(t, s, admin) })
	t.Run("run", func(t *testing.T) { testEnforcementRun(t, s, admin) })
	t.Run("layers", func(t *testing.T) { testEnforcementLayers(t, s, admin) })
}

// marked are the namespaces of ours that are there.
func marked(t *testing.T, admin kubernetes.Interface) (names []string) {
	t.Helper()
	list, err := admin.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list.Items {
		if n.Annotations[live.Annotation] != "" {
			names = append(names, n.Name)
		}
	}
	return names
}

func testEnforcementRun(t *testing.T, s *Server, admin kubernetes.Interface) {
	rules := rulesOf(t, "../../docs/rbac/enforcement.yaml")
	kubeconfig := Kubeconfig(t, s.User(t, "enforcement", Grant{Rules: rules}), "default")
	ctx, stop := context.WithCancel(t.Context())
	pods := running(ctx, t, admin)
	r := doctor(t.Context(), "probe", "--check-enforcement", "--yes", "-o", "json", "--show-requests", "--kubeconfig", kubeconfig)
	stop()
	var d report.EnforcementReport
	if err := json.Unmarshal([]byte(r.stdout), &d); err != nil || r.code != 3 || d.Result != "Unclear" || len(d.Trials) != len(probe.Trials) || len(d.Remains) > 0 {
		t.Fatalf("%v: %+v", err, r)
	}
	for _, trial := range d.Trials {
		if trial.Answer != "unknown" || trial.Why == "" {
			t.Errorf("nothing can be run, but: %+v", trial)
		}
	}
	for _, p := range <-pods {
		if p.Annotations[live.Annotation] == "" || len(p.Labels) == 0 || p.Spec.ActiveDeadlineSeconds == nil || (len(p.OwnerReferences) == 0) != (p.Name == probe.Ownerless) {
			t.Errorf("pod %s/%s: %+v", p.Namespace, p.Name, p.ObjectMeta)
		}
	}
	if left := marked(t, admin); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// Every right is made use of. No policy is created where nothing connects, and this server has none
	// of other layers.
	layers := map[string]bool{}
	for _, k := range policy.LayerKinds {
		layers[k.Group] = true
	}
	for _, rule := range rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				if layers[rule.APIGroups[0]] || resource == "networkpolicies" && verb != "list" {
					continue
				}
				if !used(r.stderr, resource, verb) {
					t.Errorf("no request makes use of the right to %s %s:\n%s", verb, resource, r.stderr)
				}
			}
		}
	}
}

// Policies of other layers that may open something, and those that could not be read, are looked for
// before the trials and after them, and said.
func testEnforcementLayers(t *testing.T, s *Server, admin kubernetes.Interface) {
	s.Apply(
		t, definition("cilium.io", "v2", "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", false),
		definition("crd.projectcalico.org", "v1", "GlobalNetworkPolicy", "globalnetworkpolicies", false),
	)
	s.Apply(t, parse[unstructured.Unstructured](t, `{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: open-all}, spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}}`))
	var rules []rbacv1.PolicyRule
	for _, r := range rulesOf(t, "../../docs/rbac/enforcement.yaml") {
		if r.APIGroups[0] != "crd.projectcalico.org" {
			rules = append(rules, r)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	pods := running(ctx, t, admin)
	r := doctor(t.Context(), "probe", "--check-enforcement", "--yes", "-o", "json", "--show-requests", "--kubeconfig", Kubeconfig(t, s.User(t, "enforcement layers", Grant{Rules: rules}), "default"))
	stop()
	<-pods
	var d report.EnforcementReport
	if err := json.Unmarshal([]byte(r.stdout), &d); err != nil || len(d.Facts) != 2 || d.Facts[0].Object.Name != "globalnetworkpolicies.crd.projectcalico.org" || d.Facts[1].Object.Name != "open-all" {
		t.Errorf("%v: %+v", err, r)
	}
	if len(d.Gaps) != 1 || d.Gaps[0].Resource != "globalnetworkpolicies.crd.projectcalico.org" || d.Gaps[0].Reason != "Forbidden" {
		t.Errorf("gaps: %+v", d.Gaps)
	}
	if n := strings.Count(r.stderr, "GET /apis/cilium.io/v2/ciliumclusterwidenetworkpolicies"); n != 2 {
		t.Errorf("read %d times:\n%s", n, r.stderr)
	}
}

// used tells whether a request was made that takes a right.
func used(requests, resource, verb string) bool {
	method := map[string]string{"create": "POST", "get": "GET", "list": "GET", "delete": "DELETE"}[verb]
	resource, subresource, sub := strings.Cut(resource, "/")
	for line := range strings.Lines(requests) {
		path, _, _ := strings.Cut(strings.TrimPrefix(line, method+" "), " ")
		path, _, _ = strings.Cut(path, "?")
		if !strings.HasPrefix(line, method+" ") {
			continue
		}
		_, rest, found := strings.Cut(path, "/"+resource)
		named := strings.HasPrefix(rest, "/")
		switch {
		case !found:
		case sub && strings.HasSuffix(path, "/"+subresource):
			return true
		case !sub && (verb == "get" || verb == "delete") == named && strings.Count(rest, "/") < 2:
			return true
		}
	}
	return false
}

// running says of all pods of ours that they run, as a kubelet would, until ctx ends. Then it returns
// them, as they were created.
func running(ctx context.Context, t *testing.T, admin kubernetes.Interface) <-chan []*corev1.Pod {
	t.Helper()
	done := make(chan []*corev1.Pod, 1)
	events, err := admin.CoreV1().Pods(metav1.NamespaceAll).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		var seen []*corev1.Pod
		defer func() { done <- seen }()
		defer events.Stop()
		for e := range events.ResultChan() {
			p, ok := e.Object.(*corev1.Pod)
			if !ok || p.Annotations[live.Annotation] == "" || p.Status.PodIP != "" || p.DeletionTimestamp != nil {
				continue
			}
			seen = append(seen, p.DeepCopy())
			p.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.1", PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}}, HostIP: "192.0.2.1", HostIPs: []corev1.HostIP{{IP: "192.0.2.1"}}}
			if _, err := admin.CoreV1().Pods(p.Namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{}); err != nil && ctx.Err() == nil {
				t.Errorf("writing the status: %v", err)
			}
		}
	}()
	return done
}

// TestEnforcementIsRestricted: the pods of a check are taken where Pod Security is "restricted", and the
// API server takes every policy of its trials.
func TestEnforcementIsRestricted(t *testing.T) {
	s := Shared(t)
	admin := probeWorld(t, s, "enforcement-restricted")
	r := doctor(t.Context(), "probe", "--check-enforcement", "--dry-run", "--kubeconfig", Kubeconfig(t, s.Admin(), "default"))
	pods, policies := 0, 0
	for text := range strings.SplitSeq(r.stdout, "\n---\n") {
		dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
		var err error
		switch {
		case strings.Contains(text, "kind: Pod\n"):
			pods++
			pod := parse[corev1.Pod](t, text)
			pod.Namespace, pod.Name = "enforcement-restricted", "trial-"+pod.Name
			_, err = admin.CoreV1().Pods(pod.Namespace).Create(t.Context(), pod, dry)
		case strings.Contains(text, "kind: NetworkPolicy\n"):
			policies++
			p := parse[networkingv1.NetworkPolicy](t, text)
			p.Namespace = "enforcement-restricted"
			_, err = admin.NetworkingV1().NetworkPolicies(p.Namespace).Create(t.Context(), p, dry)
		}
		if err != nil {
			t.Errorf("%v:\n%s", err, text)
		}
	}
	if pods != len(probe.TrialPods) || policies < len(probe.Trials) {
		t.Errorf("%d pods, %d policies: %s", pods, policies, r.stderr)
	}
}

// Who lacks a right that it takes learns which, before anything is created; --dry-run creates nothing.
func testEnforcementRights(t *testing.T, s *Server, admin kubernetes.Interface) {
	rules := rulesOf(t, "../../docs/rbac/enforcement.yaml")
	helpful := map[string]bool{
		"get namespaces": true, "get pods/exec": true, "list networkpolicies.networking.k8s.io": true,
		"get endpointslices.discovery.k8s.io": true, "list nodes": true,
	}
	for i := range policy.LayerKinds {
		helpful["list "+policy.LayerKinds[i].ResourceName()] = true
	}
	for _, l := range lesser(rules) {
		var rest []rbacv1.PolicyRule
		for _, r := range l.rest {
			if len(r.Verbs) > 0 {
				rest = append(rest, r)
			}
		}
		kubeconfig := Kubeconfig(t, s.User(t, "without "+l.right, Grant{Rules: rest}), "default")
		r := doctor(t.Context(), "probe", "--check-enforcement", "--dry-run", "--kubeconfig", kubeconfig)
		verb, resource, _ := strings.Cut(l.right, " ")
		resource, _, _ = strings.Cut(resource, ".")
		switch {
		case helpful[l.right] && r.code != 0:
			t.Errorf("without the right to %s: %+v", l.right, r)
		case !helpful[l.right] && (r.code != 3 || r.stdout != "" || !strings.Contains(r.stderr, "you may not "+verb+" "+resource) || !strings.Contains(r.stderr, "enforcement.yaml")):
			t.Errorf("without the right to %s: %+v", l.right, r)
		}
	}
	kubeconfig := Kubeconfig(t, s.Admin(), "default")
	r := doctor(t.Context(), "probe", "--check-enforcement", "--dry-run", "--kubeconfig", kubeconfig, "--probe-image", "mirror.example/agnhost:1")
	kinds := map[string]int{}
	for text := range strings.SplitSeq(r.stdout, "\n---\n") {
		var object metav1.PartialObjectMetadata
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			t.Fatal(err)
		}
		if object.Annotations[live.Annotation] == "" {
			t.Errorf("it is not marked:\n%s", text)
		}
		kinds[object.Kind]++
	}
	if r.code != 0 || kinds["Namespace"] != 2 || kinds["Service"] != 2 || kinds["Pod"] != len(probe.TrialPods) || kinds["NetworkPolicy"] < len(probe.Trials) || !strings.Contains(r.stdout, "mirror.example/agnhost:1") {
		t.Errorf("%v: %+v", kinds, r)
	}
	if r := doctor(t.Context(), "probe", "--check-enforcement", "--kubeconfig", kubeconfig); r.code != 2 || r.stdout != "" || !strings.Contains(r.stderr, "--yes") {
		t.Errorf("nobody said yes: %+v", r)
	}
	if left := marked(t, admin); len(left) > 0 {
		t.Errorf("created: %v", left)
	}
}
