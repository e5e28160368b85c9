package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	source "github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// staticPods is a cluster with pods that take no ephemeral containers.
func staticPods(t *testing.T, names ...string) *livetest.Server {
	t.Helper()
	server := livetest.New(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}})
	for i, name := range names {
		ip := "10.244.0." + string(rune('1'+i))
		server.Add(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Annotations: map[string]string{"kubernetes.io/config.mirror": "x"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i", Ports: []corev1.ContainerPort{{ContainerPort: 80, Protocol: corev1.ProtocolTCP}}}}},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}},
		})
	}
	return server
}

func matrixOptions(t *testing.T, server *livetest.Server, out, errs *bytes.Buffer) *options {
	t.Helper()
	from, err := source.Open(server.Config(), source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &options{
		source: from, network: server.Config(), namespace: "shop", format: "json", warnings: func() []string { return nil },
		streams: Streams{In: strings.NewReader(""), Out: out, Err: errs, Getenv: func(string) string { return "" }},
	}
}

// TestMatrixOfWhatCannotBeTested: a source that cannot be tested from is a row with the reason; the
// cluster is read once, whatever the number of pairs; nothing is written.
func TestMatrixOfWhatCannotBeTested(t *testing.T) {
	t.Parallel()
	server := staticPods(t, "a", "b", "c")
	var mutex sync.Mutex
	var lists, writes []string
	server.Hook(func(_ http.ResponseWriter, r *http.Request) bool {
		mutex.Lock()
		defer mutex.Unlock()
		switch {
		case r.Method != http.MethodGet:
			writes = append(writes, r.URL.Path)
		case strings.HasSuffix(r.URL.Path, "/namespaces/shop/pods"):
			lists = append(lists, r.URL.Path)
		}
		return false
	})
	var out, errs bytes.Buffer
	o := matrixOptions(t, server, &out, &errs)
	m, p := &matrixFlags{parallel: usualParallel}, &probing{image: live.DefaultImage}
	err := o.answerMatrix(t.Context(), []string{"pod/a", "pod/b", "pod/c"}, m, p)
	if code, _ := codeOf(t.Context(), err); code != exitUnclear {
		t.Errorf("exit code %d: %v", code, err)
	}
	var d report.ProbeMatrix
	if err := json.Unmarshal(out.Bytes(), &d); err != nil || len(d.Cells) != 6 || len(d.Sources) != 3 || !strings.Contains(d.Sources[0].Unable, "static pod") {
		t.Errorf("%v\n%s", err, out.Bytes())
	}
	for _, c := range d.Cells {
		if c.Observed != "Inconclusive" || c.Predicted != "Allowed" || c.Tries != 0 {
			t.Errorf("%+v", c)
		}
	}
	if len(lists) != 1 || len(writes) != 0 || errs.Len() != 0 {
		t.Errorf("lists %q, writes %q, said %q", lists, writes, errs.String())
	}

	out.Reset()
	p.dryRun = true
	err = o.answerMatrix(t.Context(), []string{"pod/a", "pod/b"}, m, p)
	if code, _ := codeOf(t.Context(), err); code != exitUnclear || out.Len() != 0 || !strings.Contains(errs.String(), "nothing can be tested from shop/pod/a") {
		t.Errorf("dry run: exit code %d, %q, %q", code, out.String(), errs.String())
	}
}

// TestMatrixInterrupted: what is interrupted has no answer.
func TestMatrixInterrupted(t *testing.T) {
	t.Parallel()
	server := staticPods(t, "a", "b")
	ctx, interrupt := context.WithCancel(t.Context())
	var reads atomic.Int32
	server.Hook(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/pods/a") {
			reads.Add(1)
			interrupt()
		}
		return false
	})
	var out, errs bytes.Buffer
	err := matrixOptions(t, server, &out, &errs).answerMatrix(ctx, []string{"pod/a", "pod/b"}, &matrixFlags{parallel: 1}, &probing{image: live.DefaultImage})
	if code, show := codeOf(ctx, err); !errors.Is(err, context.Canceled) || code != exitInterrupted || show || out.Len() != 0 || reads.Load() != 1 {
		t.Errorf("%v, code %d, %d reads, %s", err, code, reads.Load(), out.String())
	}
}

// TestMatrixUsage: what makes no sense is refused before anything is read.
func TestMatrixUsage(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"probe --matrix pod/a":                                  "takes two TARGETs at least",
		"probe --matrix":                                        "0 given",
		"probe --matrix pod/a pod/b --parallel 0":               "from 1 to 16 pods",
		"probe --matrix pod/a pod/b --parallel 17":              "from 1 to 16 pods",
		"probe --matrix pod/a pod/b --probe-destination":        "exclude each other",
		"probe --matrix pod/a pod/b -f ../examples/shop/base":   "exclude each other",
		"probe --matrix pod/a pod/b --with ../examples/shop":    "exclude each other",
		"probe --matrix pod/a pod/b -o mermaid":                 "csv, json, junit, markdown, table, yaml",
		"probe pod/a pod/b -o csv --kubeconfig /dev/null":       "there is json, junit, markdown, table, yaml",
		"probe pod/a pod/b pod/c":                               "takes a SOURCE and a DESTINATION",
		"probe pod/a pod/b --force":                             "--force needs --matrix",
		"probe pod/a pod/b --parallel 2":                        "needs --matrix",
		"diagnose pod/a pod/b --matrix -f ../examples/shop/ba":  "unknown flag: --matrix",
		"probe --matrix ingress/a pod/b --kubeconfig /dev/null": "only where connections come from",
		"probe --matrix pod/a: pod/b --kubeconfig /dev/null":    "port",
		"probe --matrix pod/a ns/shop --kubeconfig /dev/null":   "a namespace is no end of a connection",
	} {
		var out, errs bytes.Buffer
		code := Main(t.Context(), strings.Fields(line), Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
		if code != exitUsage || out.Len() != 0 || !strings.Contains(errs.String(), says) {
			t.Errorf("%s: exit code %d, %q, want %q", line, code, errs.String(), says)
		}
	}
}

// TestBar: it is full when all is done, and empty where there is nothing to do.
func TestBar(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"[....................] 0 of 8": bar(0, 8), "[##########..........] 4 of 8": bar(4, 8),
		"[####################] 8 of 8": bar(8, 8), "[....................] 0 of 0": bar(0, 0),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
