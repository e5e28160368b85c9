package catalogue

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
)

func TestMain(m *testing.M) { os.Exit(apiserver.Main(m)) }

// notOnServer are the archives that a real API server cannot be brought to hold, and why.
var notOnServer = map[string]string{
	"NPD724":                   "the server is not configured for IPv6",
	"dual-stack":               "the server is not configured for IPv6",
	"api-server":               "the server itself looks after the Service kubernetes",
	"api-server-blocked":       "the server itself looks after the Service kubernetes",
	"no-namespace-objects":     "it is about Namespace objects that are not given",
	"nothing-seems-to-enforce": "it is about Namespace objects that are not given",
	"peers-elsewhere":          "it is about Namespace objects that are not given",
	"unread-namespaces":        "it is about Namespace objects that are not given",
}

// TestFixesTurnTheServer: what is wrong with the objects of an archive is found on a real API server,
// too, and the fixes, made there as kubectl makes them, turn the answer.
func TestFixesTurnTheServer(t *testing.T) {
	server := apiserver.Shared(t)
	kubeconfig := apiserver.Kubeconfig(t, server.Admin(), "")
	client, err := dynamic.NewForConfig(server.Admin())
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"", "traps", "field"} {
		for _, a := range archives(t, folder) {
			q := a.fixable(t)
			if q == nil {
				continue
			}
			t.Run(a.name, func(t *testing.T) { // one after another: they share namespaces
				if why := notOnServer[a.name]; why != "" {
					t.Skip(why)
				}
				server.Apply(t, wholeObjects(t, running(t, a.objects(t, q)))...)
				broken := ask(t, q.text, "--kubeconfig", kubeconfig)
				if broken.Result != q.says.result || broken.words().first() != q.says.first() {
					t.Fatalf("line %d: %s\nwant %s\ngot  %s", q.line, q.text, q.says, broken.told(t))
				}
				for _, f := range distinct(t, broken) {
					mend(t, client, f)
				}
				if mended := ask(t, q.text, "--kubeconfig", kubeconfig); mended.Result != q.fixed.result || mended.Verdict != q.fixed.verdict {
					t.Errorf("line %d: %s\nafter its fixes, want %s\ngot  %s", q.line, q.text, q.fixed, mended.told(t))
				}
			})
		}
	}
}

// fixable returns the first question of an archive whose answer has fixes that make it work.
func (a *archive) fixable(t *testing.T) *question {
	t.Helper()
	for _, q := range a.questions {
		diagnose := strings.HasPrefix(q.text, "diagnose ")
		if diagnose && !q.silent && !a.live && q.fixed != nil && q.fixed.result == "Works" && len(q.says.codes) > 0 {
			return q
		}
	}
	return nil
}

// first is the first code of an answer.
func (w words) first() string {
	if len(w.codes) == 0 {
		return ""
	}
	return w.codes[0]
}

// wholeObjects are the objects of an archive with what a server asks for and no answer depends on.
func wholeObjects(t *testing.T, objects []object) []runtime.Object {
	t.Helper()
	var out []runtime.Object
	for _, o := range objects {
		u := &unstructured.Unstructured{Object: plain(t, o)}
		fill(u.Object)
		if o["kind"] == "NetworkPolicy" { // as kubectl apply does
			text, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			u.SetAnnotations(map[string]string{corev1.LastAppliedConfigAnnotation: string(text)})
		}
		out = append(out, u)
	}
	return out
}

// running adds what controllers make of objects: a pod for each workload that has none, and the
// endpoints of Services.
func running(t *testing.T, objects []object) []object {
	t.Helper()
	var pods []corev1.Pod
	owned, sliced := map[string]bool{}, map[string]bool{}
	for _, o := range objects {
		switch o["kind"] {
		case "Pod":
			var pod corev1.Pod
			convert(t, o, &pod)
			pods = append(pods, pod)
			for _, owner := range pod.OwnerReferences {
				owned[owner.Kind+" "+pod.Namespace+"/"+owner.Name] = true
			}
		case "EndpointSlice":
			var slice discoveryv1.EndpointSlice
			convert(t, o, &slice)
			sliced[slice.Namespace+"/"+slice.Labels[discoveryv1.LabelServiceName]] = true
		}
	}
	out := slices.Clone(objects)
	for i, o := range objects {
		if w := cluster.NewWorkload(typed(t, []object{o})[0], cluster.Origin{}); w != nil && w.Replicas > 0 && !owned[w.Kind+" "+w.Namespace+"/"+w.Name] {
			for replica := range min(w.Replicas, 2) {
				pod := podOf(t, o, w, i, int(replica))
				pods = append(pods, pod)
				added := object{}
				convert(t, pod, &added)
				out = append(out, added)
			}
		}
	}
	for _, o := range objects {
		var service corev1.Service
		if o["kind"] != "Service" {
			continue
		}
		convert(t, o, &service)
		if len(service.Spec.Selector) == 0 || sliced[service.Namespace+"/"+service.Name] {
			continue
		}
		for i, port := range service.Spec.Ports {
			added := object{}
			convert(t, sliceOf(service, port, i, pods), &added)
			out = append(out, added)
		}
	}
	return out
}

// podOf makes a running pod of a workload's template.
func podOf(t *testing.T, o object, w *cluster.Workload, number, replica int) corev1.Pod {
	t.Helper()
	var pod corev1.Pod
	convert(t, templateOf(o), &pod)
	pod.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
	pod.Namespace, pod.Name = w.Namespace, fmt.Sprintf("%s-%d", w.Name, replica)
	yes := true
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: w.APIVersion, Kind: w.Kind, Name: w.Name, UID: types.UID("uid-" + w.Name), Controller: &yes}}
	pod.Spec.NodeName = "node-a"
	ip := fmt.Sprintf("10.244.20%d.%d", replica, number+1)
	if pod.Spec.HostNetwork {
		ip = "172.18.0.2"
	}
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	return pod
}

// templateOf finds the pod template of a workload.
func templateOf(o object) any {
	spec, _ := o["spec"].(map[string]any)
	if job, ok := spec["jobTemplate"].(map[string]any); ok {
		spec, _ = job["spec"].(map[string]any)
	}
	return spec["template"]
}

// sliceOf lists the pods that a Service selects, for one of its ports.
func sliceOf(service corev1.Service, port corev1.ServicePort, number int, pods []corev1.Pod) discoveryv1.EndpointSlice {
	slice := discoveryv1.EndpointSlice{
		TypeMeta: metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: service.Namespace, Name: fmt.Sprintf("%s-%d", service.Name, number),
			Labels: map[string]string{discoveryv1.LabelServiceName: service.Name, discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io"},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
	}
	if port.Protocol == "" {
		port.Protocol = corev1.ProtocolTCP
	}
	target := port.TargetPort.IntVal
	if target == 0 && port.TargetPort.StrVal == "" {
		target = port.Port
	}
	for _, pod := range pods {
		if pod.Namespace != service.Namespace || !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			continue
		}
		for _, c := range pod.Spec.Containers {
			for _, named := range c.Ports {
				if port.TargetPort.StrVal != "" && named.Name == port.TargetPort.StrVal {
					target = named.ContainerPort
				}
			}
		}
		ready := true
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{pod.Status.PodIP}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}, NodeName: &pod.Spec.NodeName,
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name},
		})
	}
	slice.Ports = []discoveryv1.EndpointPort{{Name: &port.Name, Port: &target, Protocol: &port.Protocol}}
	return slice
}

// plain makes an object of the types that JSON has.
func plain(t *testing.T, o object) map[string]any {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	return u.Object
}

// fill gives every container below a value an image.
func fill(value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range []string{"containers", "initContainers"} {
			list, _ := v[key].([]any)
			for _, c := range list {
				if c, ok := c.(map[string]any); ok && c["image"] == nil {
					c["image"] = "example.com/app:1"
				}
			}
		}
		for _, inner := range v {
			fill(inner)
		}
	case []any:
		for _, inner := range v {
			fill(inner)
		}
	}
}

// mend makes a fix as `kubectl patch --type=json` or `kubectl create` does.
func mend(t *testing.T, client dynamic.Interface, f fix) {
	t.Helper()
	gvk := schema.FromAPIVersionAndKind(f.Object.APIVersion, f.Object.Kind)
	plural, _ := meta.UnsafeGuessKindToResource(gvk)
	var resource dynamic.ResourceInterface = client.Resource(plural)
	if f.Object.Namespace != "" {
		resource = client.Resource(plural).Namespace(f.Object.Namespace)
	}
	var err error
	if f.Manifest == nil {
		_, err = resource.Patch(t.Context(), f.Object.Name, types.JSONPatchType, f.Patch, metav1.PatchOptions{})
	} else {
		added := object{}
		convert(t, f.Manifest, &added)
		_, err = resource.Create(t.Context(), &unstructured.Unstructured{Object: plain(t, added)}, metav1.CreateOptions{})
		t.Cleanup(func() {
			if err := resource.Delete(context.WithoutCancel(t.Context()), f.Object.Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	if template := strings.Replace(string(f.Patch), "/spec/template/metadata", "/metadata", 1); template != string(f.Patch) {
		pods := client.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(f.Object.Namespace)
		if _, err := pods.Patch(t.Context(), f.Object.Name+"-0", types.JSONPatchType, []byte(template), metav1.PatchOptions{}); err != nil {
			t.Fatalf("rolling out %s: %v", f, err)
		}
	}
	if to := targetPort.FindSubmatch(f.Patch); to != nil { // the endpoints follow, as by the controller
		slices := client.Resource(discoveryv1.SchemeGroupVersion.WithResource("endpointslices")).Namespace(f.Object.Namespace)
		patch := []byte(`[{"op":"replace","path":"/ports/0/port","value":` + string(to[2]) + `}]`)
		if _, err := slices.Patch(t.Context(), f.Object.Name+"-"+string(to[1]), types.JSONPatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatalf("moving the endpoints after %s: %v", f, err)
		}
	}
}

// targetPort finds in a patch which port of a Service leads to which other port from now on.
var targetPort = regexp.MustCompile(`"path":\s*"/spec/ports/([0-9]+)/targetPort",\s*"value":\s*([0-9]+)`)
