package plugin

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

// hostile is a text that tries to be more than text: an escape sequence that clears the screen, one that
// sets the clipboard, a return to the beginning of the line, letters that run backwards, a C1 control
// character, markup, the end of a table cell, and a formula.
const hostile = "=HYPERLINK(\"http://x\")\x1b[2J\x1b]52;c;eA==\x07\r\u202egnp\u2066\u009b31m\n| <script>alert(1)</script> [x](javascript:1) `code`"

// hostileObjects are those of secretive, and beside them what no API server would let in: it answers
// whatever it is made to answer.
func hostileObjects() []runtime.Object {
	label := map[string]string{"app": "web", "x": hostile, hostile: "x"}
	meta := metav1.ObjectMeta{
		Namespace: "shop", Name: hostile, Labels: label, Annotations: map[string]string{hostile: hostile},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: hostile, Operation: "Update", Time: &metav1.Time{}, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`)}},
	}
	pod := &corev1.Pod{ObjectMeta: *meta.DeepCopy(), Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.3", PodIPs: []corev1.PodIP{{IP: "10.0.0.3"}}}}
	pod.Spec.Containers = []corev1.Container{{
		Name: hostile, Ports: []corev1.ContainerPort{{Name: hostile, ContainerPort: 80, Protocol: "TCP"}},
		Env: []corev1.EnvVar{{Name: hostile, Value: "db.shop.svc:5432"}},
	}}
	policy := &networkingv1.NetworkPolicy{ObjectMeta: *meta.DeepCopy(), Spec: networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}, PolicyTypes: []networkingv1.PolicyType{"Egress"},
		Egress: []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{{
			PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{hostile: hostile}},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": hostile}},
		}}}},
	}}
	namespace := &corev1.Namespace{ObjectMeta: *meta.DeepCopy()}
	namespace.Namespace = ""
	service := &corev1.Service{ObjectMeta: *meta.DeepCopy(), Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, ClusterIP: "10.96.0.9", ClusterIPs: []string{"10.96.0.9"}, Ports: []corev1.ServicePort{{Name: hostile, Port: 80, Protocol: "TCP"}}}}
	return append(secretive(), pod, policy, namespace, service)
}

// tame fails the test when an output does more than it says.
func tame(t *testing.T, what, format, stdout, stderr string) {
	t.Helper()
	for _, r := range stderr {
		if r != '\n' && unicode.Is(unicode.C, r) {
			t.Fatalf("%s -o %s: %U on standard error: %q", what, format, r, stderr)
		}
	}
	for i, r := range stdout {
		special := unicode.Is(unicode.C, r)
		switch format {
		case "html": // for a browser: its scripts hold tabs, and tables of characters
			special = r == '\x1b'
		case "yaml", "": // a file, in which letters may be turned around, and nothing else be done
			special = unicode.IsControl(r)
		}
		if r != '\n' && special {
			t.Fatalf("%s -o %s: %U in the output: %q", what, format, r, stdout[max(0, i-80):min(len(stdout), i+4)])
		}
	}
	switch format {
	case "json":
		if !json.Valid([]byte(stdout)) {
			t.Errorf("%s -o json: it does not parse", what)
		}
	case "csv":
		rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
		if err != nil {
			t.Errorf("%s -o csv: %v", what, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
					t.Errorf("%s -o csv: a cell begins a formula: %q", what, cell)
				}
			}
		}
	case "html", "markdown":
		if strings.Contains(stdout, "<script>alert") || format == "markdown" && link.MatchString(fence.ReplaceAllString(stdout, "")) {
			t.Errorf("%s -o %s: markup got through", what, format)
		}
	}
}

var (
	link  = regexp.MustCompile(`[^\\]\[x\]\(javascript`)
	fence = regexp.MustCompile("(?ms)^(```+)[a-z]*\n.*?^```+\n")
)

// TestHostileCluster: whatever objects are called, a terminal, a browser, a spreadsheet and a page of
// Markdown get text.
func TestHostileCluster(t *testing.T) {
	t.Parallel()
	server := livetest.New(t, hostileObjects()...)
	everyAnswer(t, server, func(string) bool { return true }, func(t *testing.T, line, format, stdout, stderr string) {
		t.Helper()
		tame(t, line, format, stdout, stderr)
		if line == "map" && !strings.Contains(stdout, "HYPERLINK") {
			t.Errorf("%s -o %s: the hostile pod is not there: %s", line, format, stdout)
		}
	})
}

// TestHostileErrors: what an API server says of why it gives no answer is text as well.
func TestHostileErrors(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(http.ResponseWriter){
		"forbidden": func(w http.ResponseWriter) {
			livetest.Fail(w, apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, hostile, errors.New(hostile)))
		},
		"broken": func(w http.ResponseWriter) { livetest.Fail(w, apierrors.NewInternalError(errors.New(hostile))) },
		"not Kubernetes": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte(hostile))
		},
		"redirected": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://example.com/%1b[2J/%E2%80%AE"+"?"+"x")
			w.WriteHeader(http.StatusFound)
		},
	} {
		for _, some := range []bool{true, false} { // of the kinds, or all
			server := livetest.New(t, secretive()...)
			server.Hook(func(w http.ResponseWriter, r *http.Request) bool {
				if some && (strings.HasPrefix(r.URL.Path, "/api") && len(r.URL.Path) < 6 || strings.Contains(r.URL.Path, "/namespaces/shop/services")) {
					return false
				}
				refuse(w)
				return true
			})
			everyAnswer(t, server, oneOfEach, func(t *testing.T, line, format, stdout, stderr string) {
				t.Helper()
				if stdout != "" {
					tame(t, name+": "+line, format, stdout, stderr)
				} else {
					tame(t, name+": "+line, "table", "", stderr)
				}
			})
		}
	}
}

// oneOfEach chooses a question of each kind of document.
func oneOfEach(line string) bool {
	return slices.Contains([]string{"diagnose deploy/web svc/db:5432", "diagnose deploy/web", "map", "diff --with WITH", "snapshot", "explain deploy/web", "policy --who"}, line)
}

// everyAnswer asks a server questions that are asked of a cluster, in every format.
func everyAnswer(t *testing.T, server *livetest.Server, which func(line string) bool, look func(t *testing.T, line, format, stdout, stderr string)) {
	t.Helper()
	with := filepath.Join(t.TempDir(), "with.yaml")
	if err := os.WriteFile(with, []byte("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: more, namespace: shop}, spec: {policyTypes: [Egress], podSelector: {}}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kubeconfig := server.Kubeconfig()
	for _, lines := range reading {
		for _, line := range lines {
			if !readsCluster(t, line) || !which(line) {
				continue
			}
			for _, format := range printable(t, line) {
				more := []string{"--kubeconfig", kubeconfig, "-n", "shop", "--show-requests"}
				if format != "" {
					more = append(more, "-o", format)
				}
				_, stdout, stderr := ran(t, strings.ReplaceAll(line, "WITH", with), more...)
				look(t, line, format, stdout, stderr)
			}
		}
	}
}
