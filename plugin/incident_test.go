package plugin

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

// result is how a run of the command line ended.
type result struct {
	code           int
	stdout, stderr string
}

func doctorRun(ctx context.Context, args ...string) result {
	var out, errs bytes.Buffer
	code := Main(ctx, args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
	return result{code, out.String(), errs.String()}
}

// unzipped is what is in a file of --incident, by name.
func unzipped(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}

// askedAgain runs the command of README.txt on the snapshot beside it.
func askedAgain(t *testing.T, files map[string]string) (command string, r result) {
	t.Helper()
	saved := filepath.Join(t.TempDir(), "snapshot.yaml")
	if err := os.WriteFile(saved, []byte(files["snapshot.yaml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(files["README.txt"]) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "kubectl netpol-doctor diagnose ")
		if ok {
			command, args = args, strings.ReplaceAll(args, "'", "") // which a shell would take away
			r = doctorRun(t.Context(), append([]string{"diagnose"}, strings.Fields(strings.ReplaceAll(args, "snapshot.yaml", saved))...)...)
		}
	}
	if command == "" {
		t.Fatalf("README.txt has no command: %s", files["README.txt"])
	}
	return command, r
}

const shopBase = "../examples/shop/base"

// A file about each sort of question: it changes neither answer nor exit code, is the owner's alone, has
// real names where it says so and no other, and by its command the snapshot has the same answer.
func TestIncidentOfFiles(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		args   []string
		code   int
		answer string
		hidden []string // names that nobody may learn from the snapshot
	}{
		{"denied", []string{"deploy/api-gateway", "svc/payment:https", "-n", "production", "--with", "../examples/shop/broken/port-mismatch"}, 1, "Fails, Denied", []string{"payment", "production", "gateway"}},
		{"works", []string{"order", "svc/inventory:80", "-n", "production"}, 0, "Works, Allowed", []string{"inventory", "production"}},
		{"DNS name", []string{"deploy/order", "payment-service.production.svc.cluster.local:443", "-n", "production"}, 0, "Works, Allowed", []string{"payment", "production", "order"}},
		{"internet", []string{"internet", "svc/ingress-nginx-controller:443", "-n", "ingress-nginx"}, 0, "Works, Allowed", []string{"production", "payment"}},
		{"address", []string{"deploy/payment", "192.0.2.10:443", "-n", "production"}, 0, "Works, Allowed", []string{"payment", "production"}},
		{"range", []string{"deploy/payment", "198.51.100.0/29:443", "-n", "production", "-A"}, 0, "Works, Allowed", []string{"payment", "production"}},
		{"IPv6 address", []string{"deploy/payment", "[2001:db8::1]:443", "-n", "production"}, 1, "Fails, Denied", []string{"payment", "production"}},
		{"node", []string{"node/worker-1", "pod/order-validator:9443", "-n", "production", "--network-plugin", "kube-router", "--with", "../examples/shop/runbooks/webhook"}, 0, "Works, Allowed", []string{"validator", "worker", "production"}},
		{"Ingress", []string{"ingress/shop", "svc/frontend:http", "-n", "production"}, 0, "Works, Allowed", []string{"frontend", "production"}},
		{"service without pods", []string{"deploy/api-gateway", "svc/payment:443", "-n", "production", "--with", "../examples/shop/runbooks/refused"}, 1, "Fails, Unknown", []string{"payment", "production"}},
		{"API server", []string{"apiserver", "svc/order-validator:443", "-n", "production", "--network-plugin", "kube-router", "--with", "../examples/shop/runbooks/webhook"}, 1, "Fails, Denied", []string{"validator", "production"}},
		{"unclear", []string{"deploy/payment", "api.example.com:443", "-n", "production"}, 3, "Unclear, Unknown", []string{"payment", "production"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			question := append([]string{"diagnose", "-f", shopBase}, row.args...)
			plain := doctorRun(t.Context(), question...)
			var archives [2][]byte
			var files map[string]string
			for i := range archives {
				path := filepath.Join(t.TempDir(), "incident.zip")
				r := doctorRun(t.Context(), append(question, "--incident", path)...)
				if r.code != row.code || r.code != plain.code || r.stdout != plain.stdout {
					t.Fatalf("exit code %d, without a file %d: %s%s", r.code, plain.code, r.stdout, r.stderr)
				}
				if !strings.Contains(r.stderr, "report.md, diagnosis.json, versions.txt and requests.txt have REAL NAMES; README.txt and snapshot.yaml have other names") {
					t.Errorf("what is in it is not said: %s", r.stderr)
				}
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%v, %v", info, err)
				}
				var err error
				if archives[i], err = os.ReadFile(path); err != nil {
					t.Fatal(err)
				}
				files = unzipped(t, path)
			}
			if !bytes.Equal(archives[0], archives[1]) {
				t.Error("the same question gives other bytes")
			}
			for _, name := range row.hidden {
				for _, file := range []string{"snapshot.yaml", "README.txt"} {
					if strings.Contains(strings.ToLower(files[file]), name) {
						t.Errorf("%s has the name %q:\n%s", file, name, files[file])
					}
				}
			}
			if file := files["report.md"]; !strings.HasPrefix(file, "## ") || !json.Valid([]byte(files["diagnosis.json"])) {
				t.Errorf("the answer: %s", file)
			}
			if !strings.Contains(files["requests.txt"], "No request was made") || !strings.Contains(files["versions.txt"], "none: read from files") || !strings.Contains(files["versions.txt"], row.answer) {
				t.Errorf("%s%s", files["requests.txt"], files["versions.txt"])
			}
			if command, again := askedAgain(t, files); again.code != row.code || !strings.Contains(files["README.txt"], "that of the report: "+row.answer+". It was tried") {
				t.Errorf("%s: exit code %d: %s%s\n%s", command, again.code, again.stdout, again.stderr, files["README.txt"])
			}
		})
	}
}

// vaultWith is a namespace whose pods and objects have a secret wherever one can be.
func vaultWith(secret string) []runtime.Object {
	pod := func(name, address string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "vault", Name: name, Labels: map[string]string{"app": name}, Annotations: map[string]string{"token": secret}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: "main", Image: "example.com/" + secret, Command: []string{"run", "--password", secret}, Args: []string{"--key=" + secret, "-p" + secret},
				Env:   []corev1.EnvVar{{Name: "PASSWORD", Value: secret}, {Name: "URL", Value: "postgres://user:" + secret + "@server.vault.svc:5432/x?password=" + secret}},
				Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
			}}},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address, PodIPs: []corev1.PodIP{{IP: address}}},
		}
	}
	return []runtime.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "vault", Annotations: map[string]string{"note": secret}}},
		pod("client", "10.1.0.1"), pod("server", "10.1.0.2"),
		&networkingv1.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: "vault", Name: "closed", Annotations: map[string]string{corev1.LastAppliedConfigAnnotation: secret}},
			Spec:       networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}},
		},
	}
}

// Nothing secret is in any file, neither of the objects nor of how somebody logs in.
func TestIncidentHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	const secret, token = "correct-horse-battery", "bearer-of-bad-news"
	server := livetest.New(t, vaultWith(secret)...)
	server.Hook(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/version" {
			return false
		}
		_, _ = io.WriteString(w, `{"gitVersion":"v1.99.1"}`)
		return true
	})
	kubeconfig := server.Kubeconfig()
	path := filepath.Join(t.TempDir(), "incident.zip")
	r := doctorRun(t.Context(), "diagnose", "pod/client", "pod/server:8080", "-n", "vault", "--kubeconfig", kubeconfig, "--token", token, "--as", "jane-doe", "--incident", path)
	if r.code != 1 {
		t.Fatalf("%+v", r)
	}
	files := unzipped(t, path)
	for name, text := range files {
		for _, word := range []string{secret, token, "jane-doe", kubeconfig, strings.TrimPrefix(server.Config().Host, "http://")} {
			if strings.Contains(text, word) {
				t.Errorf("%s has %q:\n%s", name, word, text)
			}
		}
	}
	for file, says := range map[string][]string{
		"versions.txt": {"API server      v1.99.1", "--token (its value is left out)", "--as (its value is left out)", "--namespace vault", "netpol-doctor ", "commit ", "go ", "os ", "answer          Fails, Denied"},
		"requests.txt": {"GET /version", "GET /apis/networking.k8s.io/v1/namespaces/vault/networkpolicies"},
		"report.md":    {"vault/client"},
	} {
		for _, want := range says {
			if !strings.Contains(files[file], want) {
				t.Errorf("%s does not say %q:\n%s", file, want, files[file])
			}
		}
	}
	if strings.Contains(r.stderr, "GET ") {
		t.Errorf("requests are printed without --show-requests: %s", r.stderr)
	}
	if _, again := askedAgain(t, files); again.code != 1 {
		t.Errorf("asked again: %+v", again)
	}
}

// Where the server does not tell its version, the answer stands.
func TestIncidentOfAServerWithoutAVersion(t *testing.T) {
	t.Parallel()
	server := livetest.New(t, vaultWith("x")...)
	path := filepath.Join(t.TempDir(), "incident.zip")
	r := doctorRun(t.Context(), "diagnose", "pod/client", "pod/server:8080", "-n", "vault", "--kubeconfig", server.Kubeconfig(), "--show-requests", "--incident", path)
	if r.code != 1 || !strings.Contains(r.stderr, "GET ") {
		t.Errorf("%+v", r)
	}
	if files := unzipped(t, path); !strings.Contains(files["versions.txt"], "its version could not be read") {
		t.Errorf("%s", files["versions.txt"])
	}
}

// What cannot be written is said before anything is asked, and a file that is there stays as it is.
func TestIncidentThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	there := filepath.Join(directory, "there.zip")
	if err := os.WriteFile(there, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	good := []string{"deploy/order", "svc/inventory:80"}
	for _, row := range []struct {
		name, path string
		args       []string
		says       string
	}{
		{"there", there, good, "there.zip: it is there already, and was left as it is; give another name, or remove it first"},
		{"no directory", filepath.Join(directory, "no", "x.zip"), good, "x.zip: making the file: no such file or directory"},
		{"below a file", filepath.Join(there, "x.zip"), good, "x.zip: making the file: not a directory"},
		{"another sort", filepath.Join(directory, "x.tar.gz"), good, "the file is a ZIP archive; give it a name that ends in .zip"},
		{"no name", "", good, "the file is a ZIP archive"},
		{"standard output", "-", good, "the file is a ZIP archive"},
		{"no destination", filepath.Join(directory, "x.zip"), good[:1], "--incident takes a SOURCE and a DESTINATION"},
		{"no such source", filepath.Join(directory, "x.zip"), []string{"deploy/gone", "svc/inventory:80"}, "gone"},
	} {
		r := doctorRun(t.Context(), append([]string{"diagnose", "-f", shopBase, "-n", "production", "--incident", row.path}, row.args...)...)
		if r.code != 2 || r.stdout != "" || !strings.Contains(r.stderr, row.says) {
			t.Errorf("%s: %+v", row.name, r)
		}
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "mine" {
		t.Errorf("the file that was there: %q, %v", text, err)
	}
	if left, err := filepath.Glob(filepath.Join(directory, "*")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// A dry run gives no answer, so there is nothing to write.
func TestIncidentOfADryRun(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.zip")
	r := doctorRun(t.Context(), "diagnose", "deploy/a", "deploy/b:80", "--probe", "--dry-run", "--incident", path)
	if r.code != 2 || !strings.Contains(r.stderr, "--incident and --dry-run exclude each other") {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

// A file that cannot be written to the end does not stay.
func TestIncidentThatIsHalfWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	a := &attachment{path: path, file: f}
	if err := f.Close(); err != nil { // as when the disk is gone
		t.Fatal(err)
	}
	if err := a.write([]byte("half")); err == nil || !strings.Contains(err.Error(), "writing "+path) {
		t.Errorf("%v", err)
	}
	a.discard()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
	(*attachment)(nil).discard() // none was asked for
}

// Ctrl-C leaves no file behind, whenever it comes.
func TestIncidentThatIsInterrupted(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/api", "/version", "/namespaces/vault/networkpolicies"} {
		ctx, cancel := context.WithCancel(t.Context())
		server := livetest.New(t, vaultWith("x")...)
		server.Hook(func(_ http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, at) {
				cancel()
			}
			return false
		})
		directory := t.TempDir()
		r := doctorRun(ctx, "diagnose", "pod/client", "pod/server:8080", "-n", "vault", "--kubeconfig", server.Kubeconfig(), "--incident", filepath.Join(directory, "x.zip"))
		if r.code != exitInterrupted {
			t.Errorf("interrupted at %s: %+v", at, r)
		}
		if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
			t.Errorf("interrupted at %s: left behind: %v, %v", at, left, err)
		}
		cancel()
	}
}
