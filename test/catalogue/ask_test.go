package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/plugin"
)

// answer is the part of a Diagnosis or a StepReport that archives speak of.
type answer struct {
	text     string   // the whole document
	reach    []string // how the cluster was reached
	stderr   string
	Verdict  string    `json:"verdict"`
	Result   string    `json:"result"`
	Findings []finding `json:"findings"`
	Facts    []fact    `json:"facts"`
	Fixes    []fix     `json:"fixes"`
	Pairs    []pair    `json:"pairs"`
}

// pair is a group of sources and of destinations that are treated alike.
type pair struct {
	Sources      []ref  `json:"sources"`
	Destinations []ref  `json:"destinations"`
	Verdict      string `json:"verdict"`
	Flow         struct {
		Protocol corev1.Protocol `json:"protocol"`
		Arriving int32           `json:"arrivingPort"`
	} `json:"flow"`
}

type finding struct {
	Code     string          `json:"code"`
	Severity string          `json:"severity"`
	Object   ref             `json:"object"`
	Field    string          `json:"field"`
	Origin   string          `json:"origin"`
	Message  string          `json:"message"`
	Fix      json.RawMessage `json:"fix"`
	Advice   string          `json:"advice"`
	// Evidence has the verdicts of lookups, among others.
	Evidence map[string]string `json:"evidence"`
}

type ref struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
}

type fact struct {
	Kind    string `json:"kind"`
	Key     string `json:"key"`
	Missing string `json:"missing"`
	Settle  string `json:"settle"`
}

// fix is one edit: a patch of an object, or an object to add.
type fix struct {
	Object   ref                         `json:"object"`
	Patch    json.RawMessage             `json:"patch"`
	Manifest *networkingv1.NetworkPolicy `json:"manifest"`
}

// ask runs the command line of a question, with what it takes to reach the cluster, in this
// process.
func ask(t *testing.T, command string, reach ...string) answer {
	t.Helper()
	var out, errs bytes.Buffer
	args := slices.Concat(strings.Fields(command), reach, []string{"-o", "json"})
	code := plugin.Main(t.Context(), args, plugin.Streams{
		In: strings.NewReader(""), Out: &out, Err: &errs,
		Getenv: func(string) string { return "" },
	})
	a := answer{text: out.String(), stderr: errs.String(), reach: reach}
	if out.Len() == 0 {
		t.Fatalf("%s\nended with exit code %d and no answer: %s", command, code, errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatalf("%s\nanswered with what is no document: %v\n%s", command, err, out.String())
	}
	if want := map[string]int{"Works": 0, "Fails": 1, "Unclear": 3}[a.Result]; code != want {
		t.Errorf("%s\nanswered %s with exit code %d, want %d", command, a.Result, code, want)
	}
	return a
}

// askOf asks a question about its cluster.
func (a *archive) askOf(t *testing.T, q *question) answer {
	t.Helper()
	if a.live {
		return a.askAbout(t, q, a.objects(t, q))
	}
	return ask(t, q.text, "-f", a.folder(t, q))
}

// askAbout asks a question about other objects than its own: the cluster in another state.
func (a *archive) askAbout(t *testing.T, q *question, objects []object) answer {
	t.Helper()
	if !a.live {
		return ask(t, q.text, "-f", folderOf(t, objects))
	}
	server := livetest.New(t, typed(t, objects)...)
	if !q.silent {
		for _, resource := range a.forbidden {
			server.Deny(resource, "")
		}
	}
	return ask(t, q.text, "--kubeconfig", server.Kubeconfig())
}

// typed makes API objects of manifests, as an API server stores them.
func typed(t *testing.T, objects []object) []runtime.Object {
	t.Helper()
	var out []runtime.Object
	for _, o := range objects {
		u := &unstructured.Unstructured{Object: o}
		api, err := scheme.Scheme.New(u.GroupVersionKind())
		if err != nil { // a custom resource
			out = append(out, u)
			continue
		}
		convert(t, o, api)
		if np, ok := api.(*networkingv1.NetworkPolicy); ok {
			stored(np)
		}
		out = append(out, api)
	}
	return out
}

// words is what the answer comes down to. Several findings of one code in a row count once.
func (a answer) words() words {
	w := words{result: a.Result, verdict: a.Verdict}
	for _, f := range a.Findings {
		w.codes = append(w.codes, f.Code)
	}
	w.codes = slices.Compact(w.codes)
	return w
}

// fixes returns the edits of a finding.
func (f finding) fixes(t *testing.T) []fix {
	t.Helper()
	if len(f.Fix) == 0 {
		return nil
	}
	var list []fix
	if f.Fix[0] == '[' {
		if err := json.Unmarshal(f.Fix, &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	var one fix
	if err := json.Unmarshal(f.Fix, &one); err != nil {
		t.Fatal(err)
	}
	return []fix{one}
}

// told prints an answer for a person who has to see why it is not the one expected.
func (a answer) told(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", a.words())
	for _, f := range a.Findings {
		fmt.Fprintf(&b, "  %s %s %s %s/%s %s\n    %s\n", f.Code, f.Severity, f.Object.Kind, f.Object.Namespace, f.Object.Name, f.Field, f.Message)
		for _, fix := range f.fixes(t) {
			fmt.Fprintf(&b, "    fix %s\n", fix)
		}
	}
	for _, f := range a.Facts {
		fmt.Fprintf(&b, "  hangs on %s %s\n", f.Kind, f.Key)
	}
	if a.stderr != "" {
		fmt.Fprintf(&b, "  stderr: %s", a.stderr)
	}
	return b.String()
}
