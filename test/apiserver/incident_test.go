package apiserver

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// attached asks a question, writes a file of --incident about it, and returns what is in it by name.
func attached(t *testing.T, code int, arguments ...string) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "incident.zip")
	if r := doctor(t.Context(), append([]string{"diagnose", "--incident", path}, arguments...)...); r.code != code || r.stdout == "" {
		t.Fatalf("exit code %d, want %d: %s%s", r.code, code, r.stdout, r.stderr)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
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

// incidentOf takes the file about a broken shop: the answer is in it, the server's version, and nothing of
// kubeconfig; the snapshot has no name of the shop, and by its command the same answer.
func incidentOf(t *testing.T, s *Server, q shopQuestion, live []string) {
	files := attached(t, 1, append([]string{q.source, q.destination, "-n", q.namespace}, live...)...)
	client, err := kubernetes.NewForConfig(s.Admin())
	if err != nil {
		t.Fatal(err)
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(files["versions.txt"], version.GitVersion) || !strings.Contains(files["report.md"], q.code) || !strings.Contains(files["diagnosis.json"], q.code) {
		t.Errorf("%s%s", files["versions.txt"], files["report.md"])
	}
	if !strings.Contains(files["requests.txt"], "GET /version") || !strings.Contains(files["requests.txt"], "/networkpolicies") {
		t.Errorf("requests: %s", files["requests.txt"])
	}
	config, err := clientcmd.LoadFromFile(live[1])
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(live[1])
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{live[1]}
	for line := range strings.Lines(string(text)) { // keys, certificates and tokens, as they are written there
		if _, value, ok := strings.Cut(strings.TrimSpace(line), "-data: "); ok {
			secrets = append(secrets, value)
		}
	}
	for _, c := range config.Clusters {
		secrets = append(secrets, c.Server)
	}
	if len(secrets) < 4 {
		t.Errorf("kubeconfig has no secret to look for: %d", len(secrets))
	}
	for name, content := range files {
		for _, word := range secrets {
			if strings.Contains(content, word) {
				t.Errorf("%s has %q of kubeconfig", name, word)
			}
		}
	}
	for _, name := range []string{"snapshot.yaml", "README.txt"} {
		for _, word := range []string{"payment", "production", "api-gateway", "inventory"} {
			if strings.Contains(strings.ToLower(files[name]), word) {
				t.Errorf("%s has the name %s", name, word)
			}
		}
	}

	saved := filepath.Join(t.TempDir(), "snapshot.yaml")
	if err := os.WriteFile(saved, []byte(files["snapshot.yaml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(files["README.txt"], "  kubectl netpol-doctor ")
	command, _, _ := strings.Cut(after, "\n")
	again := doctor(t.Context(), strings.Fields(strings.ReplaceAll(command, "snapshot.yaml", saved))...)
	if again.code != 1 || !strings.Contains(again.stdout, "FAILS: denied") || !strings.Contains(files["README.txt"], "It was tried") {
		t.Errorf("%s: %+v\n%s", command, again, files["README.txt"])
	}
}
