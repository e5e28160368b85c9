package apiserver

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// takeSnapshot takes a snapshot, which has to end with a code, and returns the path of the file.
func takeSnapshot(t *testing.T, code int, arguments ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "snapshot.yaml")
	r := doctor(t.Context(), append([]string{"snapshot", "-o", path}, arguments...)...)
	if r.code != code || r.stdout != "" || r.stderr != "" {
		t.Fatalf("snapshot %q: exit code %d, want %d: %s%s", arguments, r.code, code, r.stdout, r.stderr)
	}
	return path
}

// Whoever has the ClusterRole of reader.yaml can take a snapshot of everything but RBAC, Ingresses and
// Gateways, and all answers from the file are those of the cluster. It takes no other requests than
// get and list.
func TestSnapshotOfAReader(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Apply(t, Manifests(t, "testdata/corners")...)
	s.Apply(t, ciliumAgent(t))
	reader := asUser(t, s, "reader", Grant{Rules: rulesOf(t, "../../docs/rbac/reader.yaml")})
	// What it may not read is said in the file and in the exit code.
	path := takeSnapshot(t, 3, "-A", "--kubeconfig", reader.kubeconfig)
	for _, question := range readerQuestions {
		live := reader.ask(t, question)
		saved := fromSnapshot(t, path, question+" -n corners")
		if live.code != saved.code || !slices.Equal(gapsOf(live.document), gapsOf(saved)) {
			t.Errorf("%s: exit code %d, gaps %q; from the snapshot %d, %q", question, live.code, gapsOf(live.document), saved.code, gapsOf(saved))
		}
		sameDocument(t, "live", live.document, "snapshot", saved)
	}
	shown := doctor(t.Context(), "snapshot", "-A", "--kubeconfig", reader.kubeconfig, "--show-requests")
	for line := range strings.Lines(shown.stderr) {
		if !strings.HasPrefix(line, "GET ") || strings.Contains(line, "/secrets") {
			t.Errorf("a request: %s", line)
		}
	}
}

func fromSnapshot(t *testing.T, path, question string) document {
	t.Helper()
	d := document{run: doctor(t.Context(), append(strings.Fields(question), "-o", "json", "-f", path)...)}
	if err := json.Unmarshal([]byte(d.stdout), &d.Diagnosis); err != nil {
		t.Fatalf("%s: %v: %+v", question, err, d.run)
	}
	return d
}

// Somebody who may read one namespace takes a snapshot of it; what they could not see there they do
// not see in the file.
func TestSnapshotWithRightsInOneNamespace(t *testing.T) {
	s := Shared(t)
	s.Apply(t, Manifests(t, "testdata/rights")...)
	kubeconfig := Kubeconfig(t, s.User(t, "team", Grant{Namespace: "ours", Rules: []rbacv1.PolicyRule{readEverything}}), "ours")
	admin := Kubeconfig(t, s.Admin(), "ours")
	for name, snapshot := range map[string]struct{ path, live string }{
		"of the namespace": {takeSnapshot(t, 3, "--kubeconfig", kubeconfig), kubeconfig},
		"of all":           {takeSnapshot(t, 3, "-A", "--kubeconfig", kubeconfig), kubeconfig},
		// An administrator who takes one namespace leaves the others out: what is known of them is
		// what somebody knows who may not read them.
		"of the namespace, by an administrator": {takeSnapshot(t, 0, "-n", "ours", "--kubeconfig", admin), kubeconfig},
	} {
		t.Run(name, func(t *testing.T) {
			for _, question := range []string{
				"pod/client pod/sealed:8080", "pod/sealed pod/client:8080", "pod/client pod/client:8080",
				"pod/client theirs/pod/server:8080", "theirs/pod/server pod/client:8080", "pod/client theirs/deploy/shelf:8080",
				"pod/client theirs/svc/server:80", "pod/client server.theirs.svc:80", "pod/sealed theirs/pod/server:8080",
				"theirs/pod/server pod/sealed:8080", "pod/sealed theirs/deploy/shelf:8080",
			} {
				live := diagnose(t, append(strings.Fields(question), "--kubeconfig", snapshot.live)...)
				saved := diagnose(t, append(strings.Fields(question), "-n", "ours", "-f", snapshot.path)...)
				if live.code != saved.code || live.Verdict != saved.Verdict || live.Result != saved.Result {
					t.Errorf("%s: %s %s, exit code %d; from the snapshot %s %s, %d\n%s", question, live.Result, live.Verdict, live.code, saved.Result, saved.Verdict, saved.code, saved.stdout)
				}
				if saved.code == 3 && (len(saved.Facts) == 0 || len(saved.Gaps) == 0) {
					t.Errorf("%s: unclear without a reason: %s", question, saved.stdout)
				}
			}
		})
	}
}

// Nothing secret is in a snapshot, whatever is in the objects.
func TestSnapshotHoldsNoSecrets(t *testing.T) {
	s := Shared(t)
	const secret = "correct-horse-battery"
	labels := map[string]string{"app": "vault"}
	namespace := "secretive"
	container := corev1.Container{
		Name: "main", Image: "example.com/" + secret, Command: []string{"run", "--password", secret}, Args: []string{secret, "--peers=" + secret, "-p" + secret},
		Env: []corev1.EnvVar{
			{Name: "PASSWORD", Value: secret},
			{Name: "GREETING", Value: secret},
			{Name: "DATABASE_URL", Value: "postgres://user:" + secret + "@db." + namespace + ".svc:5432/" + secret + "?sslmode=" + secret},
			{Name: "FROM", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "vault"}, Key: "key"}}},
		},
	}
	s.Apply(
		t,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Annotations: map[string]string{"note": secret}}},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "vault"}, StringData: map[string]string{"key": secret}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "vault"}, Data: map[string]string{"key": secret}},
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "vault", Labels: labels, Annotations: map[string]string{
				corev1.LastAppliedConfigAnnotation: `{"spec":"` + secret + `"}`, "token": secret,
			}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{container}},
		},
	)
	for _, redact := range []bool{false, true} {
		arguments := []string{"-A", "--kubeconfig", Kubeconfig(t, s.Admin(), namespace)}
		if redact {
			arguments = append(arguments, "--redact")
		}
		path := takeSnapshot(t, 0, arguments...)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{secret, corev1.LastAppliedConfigAnnotation, "kind: Secret", "image:"} {
			if at := strings.Index(string(text), word); at >= 0 {
				t.Errorf("%q is in the file: …%s…", word, text[max(0, at-100):min(len(text), at+100)])
			}
		}
		if !redact && !strings.Contains(string(text), "db."+namespace+".svc") {
			t.Error("the host that a variable names is not in the file")
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file: %v %v", info.Mode(), err)
		}
	}
}
