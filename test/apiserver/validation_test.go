package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/file"
)

// A policy in a file is taken if the API server would take it, and is then the one that the API
// server would have stored.
func TestPoliciesAreValidatedAndDefaulted(t *testing.T) {
	compare(t, Shared(t), generate(t, 800, (*dice).policy), func(stored *unstructured.Unstructured, read *cluster.Snapshot) (want, got any, err error) {
		var np networkingv1.NetworkPolicy
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &np)
		return np.Spec, read.Policies[0].Spec, err
	})
}

// So is what answers take from a pod: labels, ports, DNS.
func TestPodsAreValidatedAndDefaulted(t *testing.T) {
	compare(t, Shared(t), generate(t, 200, (*dice).pod), func(stored *unstructured.Unstructured, read *cluster.Snapshot) (want, got any, err error) {
		var pod corev1.Pod
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &pod)
		return podSays(cluster.NewPod(&pod, cluster.Origin{})), podSays(read.Pods[0]), err
	})
}

// podSays is a pod but for its name, which the server may have made, its status, of which the file
// says nothing, and where it is from.
func podSays(p *cluster.Pod) cluster.Pod {
	says := *p
	says.Name, says.Phase, says.Ready, says.Origin = "", "", false, cluster.Origin{}
	return says
}

// And from a Service: its sort, ports and selector. Addresses are given by the server.
func TestServicesAreValidatedAndDefaulted(t *testing.T) {
	compare(t, Shared(t), generate(t, 300, (*dice).service), func(stored *unstructured.Unstructured, read *cluster.Snapshot) (want, got any, err error) {
		var service corev1.Service
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &service)
		return serviceSays(cluster.NewService(&service, cluster.Origin{})), serviceSays(read.Services[0]), err
	})
}

func serviceSays(v *cluster.Service) cluster.Service {
	says := *v
	says.Name, says.Origin, says.History = "", cluster.Origin{}, cluster.History{}
	says.ClusterIPs, says.Families = nil, nil
	for i := range says.Ports {
		says.Ports[i].NodePort = 0
	}
	return says
}

// And from a workload: its selector, and the labels and ports of the template.
func TestWorkloadsAreValidatedAndDefaulted(t *testing.T) {
	compare(t, Shared(t), generate(t, 200, (*dice).deployment), func(stored *unstructured.Unstructured, read *cluster.Snapshot) (want, got any, err error) {
		var deployment appsv1.Deployment
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &deployment)
		return workloadSays(cluster.NewWorkload(&deployment, cluster.Origin{})), workloadSays(read.Workloads[0]), err
	})
}

func workloadSays(w *cluster.Workload) any {
	template := podSays(w.Template)
	template.Owner = cluster.Ref{}
	return []any{template, w.Replicas, w.Labels, w.Selector}
}

// compare hands objects to the API server, which is to store none, and reads them from a file in
// JSON and in YAML. All have to agree on whether they are valid, and on what they say.
func compare(t *testing.T, s *Server, objects []generated, says func(*unstructured.Unstructured, *cluster.Snapshot) (want, got any, err error)) {
	t.Helper()
	var valid, invalid int
	var counting sync.Mutex
	atOnce(8, len(objects), func(i int) {
		g := objects[i]
		text, err := json.Marshal(g.object)
		if err != nil {
			t.Error(err)
			return
		}
		asYAML, err := yaml.JSONToYAML(text)
		if err != nil {
			t.Error(err)
			return
		}
		stored, refusal := Defaulted(t.Context(), s, &unstructured.Unstructured{Object: decoded(text)})
		if g.fault == "" && refusal != nil {
			t.Errorf("%.600s\nhas no fault, and yet: %v", text, refusal)
		}
		for form, content := range map[string][]byte{"JSON": text, "YAML": asYAML} {
			snapshot, err := readText(t.Context(), content)
			switch {
			case (err == nil) != (refusal == nil):
				t.Errorf("%s of %.600s\nfault:  %s\nserver: %.300v\nfile:   %.300v", form, text, g.fault, refusal, err)
			case err == nil:
				want, got, err := says(stored, snapshot)
				if err != nil {
					t.Error(err)
				} else if asText(want) != asText(got) {
					t.Errorf("%s of %.600s\nserver: %s\nfile:   %s", form, text, asText(want), asText(got))
				}
			}
		}
		counting.Lock()
		defer counting.Unlock()
		if refusal == nil {
			valid++
		} else {
			invalid++
		}
	})
	t.Logf("%d valid and %d invalid objects, with %d faults", valid, invalid, faults(objects))
}

// faults counts the different faults that objects have.
func faults(objects []generated) int {
	kinds := map[string]bool{}
	for _, g := range objects {
		if g.fault != "" {
			kinds[g.fault] = true
		}
	}
	return len(kinds)
}

// readText reads a file with that content as a cluster.
func readText(ctx context.Context, content []byte) (*cluster.Snapshot, error) {
	source, err := file.Open(ctx, []string{"-"}, file.Options{Stdin: io.Reader(bytes.NewReader(content))})
	if err != nil {
		return nil, err
	}
	return source.Read(ctx, cluster.Scope{All: true})
}

// decoded is a JSON object as a client sends it.
func decoded(text []byte) map[string]any {
	u := &unstructured.Unstructured{}
	_ = u.UnmarshalJSON(text) // of an object that was just encoded
	return u.Object
}

// asText is a value in JSON, without what is empty.
func asText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var content any
	if err := json.Unmarshal(text, &content); err != nil {
		return err.Error()
	}
	text, _ = json.Marshal(pruned(content)) // it just came out of JSON
	return string(text)
}

// pruned takes out of a value what is null or empty.
func pruned(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if inner = pruned(inner); inner == nil {
				delete(v, key)
			} else {
				v[key] = inner
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = pruned(v[i])
		}
	}
	return value
}
