package plugin

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// reading is what every command that only reads is asked here, in namespace shop. A command that is not
// here fails TestEveryCommandIsAsked.
var reading = map[string][]string{
	"diagnose": {
		"diagnose deploy/web svc/db:5432", "diagnose deploy/web svc/db:5432 -A --since 1h", "diagnose deploy/web",
		"diagnose pod/web-0 internet:443", "diagnose ingress/front", "diagnose 10.0.0.1 10.0.0.2:5432",
	},
	"map":        {"map", "map -A", "map -A --by pod --denied", "map --from deploy/web --port 5432"},
	"diff":       {"diff --with WITH", "diff -A --without netpol/db"},
	"snapshot":   {"snapshot", "snapshot -A", "snapshot -A --redact"},
	"explain":    {"explain deploy/web", "explain netpol/db", "explain NPD301", "explain timeout"},
	"labels":     {"labels", "labels pod/web-0", "labels -A"},
	"namespaces": {"namespaces"},
	"ports":      {"ports deploy/web svc/db:5432"},
	"rules":      {"rules deploy/web svc/db:5432"},
	"dns":        {"dns", "dns deploy/web"},
	"policy":     {"policy", "policy sts/db", "policy --who"},
	"version":    {"version"},
	"options":    {"options"},
	"help":       {"help map"},
	"completion": {"completion bash"},
}

// writing are the commands and flags that may write, all of which test on the network.
var writing = []string{"probe", "diagnose --probe"}

// secret is what no command may ever print. It is where people put what nobody else is to know.
const secret = "correct-horse-battery"

// secretive are the objects of a small cluster, full of it.
func secretive() []runtime.Object {
	const namespace = "shop"
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}, Annotations: map[string]string{
			"token": secret, corev1.LastAppliedConfigAnnotation: `{"spec":{"token":"` + secret + `"}}`,
		}}
	}
	container := corev1.Container{
		Name: "main", Image: "example.com/app:" + secret, Command: []string{"run", "--password", secret},
		Args: []string{secret, "--password=" + secret, "--db=db:5432", "-p" + secret},
		Env: []corev1.EnvVar{
			{Name: "PASSWORD", Value: secret},
			{Name: "DATABASE_URL", Value: "postgres://user:" + secret + "@db." + namespace + ".svc:5432/" + secret + "?sslmode=" + secret},
			{Name: "FROM", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "vault"}, Key: "key"}}},
		},
		EnvFrom: []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}},
	}
	pod := func(name, app, ip string) *corev1.Pod {
		p := &corev1.Pod{
			ObjectMeta: meta(name), Spec: corev1.PodSpec{Containers: []corev1.Container{container}},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, Message: secret},
		}
		p.Labels["app"] = app
		return p
	}
	selector := func(app string) metav1.LabelSelector {
		return metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
	}
	template := func(app string) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{ObjectMeta: meta(app), Spec: corev1.PodSpec{Containers: []corev1.Container{container}}}
	}
	web, db, path := selector("web"), selector("db"), networkingv1.PathTypePrefix
	backend := networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "db", Port: networkingv1.ServiceBackendPort{Number: 5432}}}
	return []runtime.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Annotations: map[string]string{"note": secret}}},
		&corev1.ConfigMap{ObjectMeta: meta("settings"), Data: map[string]string{"PASSWORD": secret}},
		pod("web-0", "web", "10.0.0.1"), pod("db-0", "db", "10.0.0.2"),
		&appsv1.Deployment{ObjectMeta: meta("web"), Spec: appsv1.DeploymentSpec{Selector: &web, Template: template("web")}},
		&appsv1.StatefulSet{ObjectMeta: meta("db"), Spec: appsv1.StatefulSetSpec{Selector: &db, Template: template("db")}},
		&batchv1.CronJob{ObjectMeta: meta("nightly"), Spec: batchv1.CronJobSpec{JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template("nightly")}}}},
		&corev1.Service{ObjectMeta: meta("db"), Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.1", ClusterIPs: []string{"10.96.0.1"}, Selector: db.MatchLabels, Ports: []corev1.ServicePort{{Port: 5432, Protocol: "TCP"}}}},
		&discoveryv1.EndpointSlice{ObjectMeta: meta("db-1"), AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.0.0.2"}}}},
		&networkingv1.NetworkPolicy{ObjectMeta: meta("db"), Spec: networkingv1.NetworkPolicySpec{PodSelector: db, PolicyTypes: []networkingv1.PolicyType{"Ingress"}}},
		&networkingv1.Ingress{ObjectMeta: meta("front"), Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{IngressRuleValue: networkingv1.IngressRuleValue{
			HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: &path, Backend: backend}}},
		}}}}},
	}
}

// ran is what a run printed, on both streams.
func ran(t *testing.T, line string, more ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(t.Context(), append(strings.Fields(line), more...), Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }, Now: time.Now})
	return code, out.String(), errs.String()
}

// readsCluster tells of a line whether it takes flags that say which cluster is read.
func readsCluster(t *testing.T, line string) bool {
	t.Helper()
	root := newRoot(Streams{Getenv: func(string) string { return "" }})
	c, _, err := root.Find(strings.Fields(line)[:1])
	return err == nil && c.Flags().Lookup("kubeconfig") != nil
}

// printable are the formats that a line may be answered in.
func printable(t *testing.T, line string) []string {
	t.Helper()
	root := newRoot(Streams{Getenv: func(string) string { return "" }})
	c, _, err := root.Find(strings.Fields(line)[:1])
	if err != nil || c.Flags().Lookup("output") == nil {
		return []string{""}
	}
	_, list, ok := strings.Cut(c.Flags().Lookup("output").Usage, "FORMAT`: ")
	if !ok {
		return []string{""}
	}
	return strings.Split(list, ", ")
}

func TestEveryCommandIsAsked(t *testing.T) {
	t.Parallel()
	root := newRoot(Streams{Getenv: func(string) string { return "" }})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if reading[c.Name()] == nil && !slices.Contains(writing, c.Name()) {
			t.Errorf("%s: nothing is asked of it in `reading`", c.Name())
		}
		if c.Flags().Lookup("kubeconfig") != nil && c.Flags().Lookup("show-requests") == nil {
			t.Errorf("%s may read a cluster, and has no --show-requests", c.Name())
		}
	}
	if c, _, _ := root.Find([]string{"diagnose"}); c == nil || c.Flags().Lookup("probe") == nil {
		t.Error("diagnose has no --probe")
	}
}

// What a line of --show-requests looks like for an answer that was read.
var requestForm = regexp.MustCompile(`^(\S+ \S+ \d+, )\d+ objects, (\d+ bytes), \d+ms$`)

// TestReadingCommandsOnlyRead: nothing but GET leaves a command that does not test, and nothing of
// Secrets and ConfigMaps. --show-requests prints exactly what reached the server, and the secrets of
// the cluster are in no output, whatever its format.
func TestReadingCommandsOnlyRead(t *testing.T) {
	t.Parallel()
	with := filepath.Join(t.TempDir(), "with.yaml")
	text, err := yaml.Marshal(secretPolicy())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(with, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, lines := range reading {
		for _, line := range lines {
			t.Run(line, func(t *testing.T) {
				t.Parallel()
				line := strings.ReplaceAll(line, "WITH", with)
				for _, format := range printable(t, line) {
					server := livetest.New(t, secretive()...) // which fails the test when it is written to
					var more []string
					if readsCluster(t, line) {
						more = []string{"--kubeconfig", server.Kubeconfig(), "-n", "shop", "--show-requests"}
					}
					if format != "" {
						more = append(more, "-o", format)
					}
					code, stdout, stderr := ran(t, line, more...)
					if code == 2 || stdout == "" {
						t.Fatalf("-o %s: exit code %d, %s", format, code, stderr)
					}
					if at := strings.Index(stdout+stderr, secret); at >= 0 {
						t.Errorf("-o %s: it is in the output: …%s…", format, (stdout + stderr)[max(0, at-100):at+len(secret)])
					}
					if line == "diagnose deploy/web" && format != report.SARIF && !strings.Contains(stdout, "DATABASE") {
						t.Errorf("-o %s: variables are not read: %s", format, stdout)
					}
					sameRequests(t, server.Requests(), stderr)
				}
			})
		}
	}
}

// sameRequests holds what a server saw against what --show-requests printed.
func sameRequests(t *testing.T, seen []livetest.Request, stderr string) {
	t.Helper()
	var made, printed []string
	for _, r := range seen {
		made = append(made, fmt.Sprintf("%s %s %d, %d bytes", r.Method, r.Path, r.Status, r.Bytes))
		if r.Method != "GET" || strings.Contains(r.Path, "/secrets") || strings.Contains(r.Path, "/configmaps") {
			t.Errorf("it asked for %s", r)
		}
	}
	for line := range strings.Lines(stderr) {
		if m := requestForm.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			printed = append(printed, m[1]+m[2])
		} else if !strings.HasPrefix(line, "Warning: ") {
			t.Errorf("on standard error: %s", line)
		}
	}
	slices.Sort(made)
	slices.Sort(printed)
	if !slices.Equal(made, printed) {
		t.Errorf("the server saw\n%s\nand what was printed is\n%s", strings.Join(made, "\n"), strings.Join(printed, "\n"))
	}
}

func secretPolicy() *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "more", Annotations: map[string]string{"token": secret}},
		Spec:       networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{"Egress"}},
	}
}

// TestSecretsInFiles: the same objects in files, and Secrets beside them, are kept to themselves, too.
func TestSecretsInFiles(t *testing.T) {
	t.Parallel()
	var dump bytes.Buffer
	vault := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "vault"}, StringData: map[string]string{"key": secret}}
	for _, o := range append(secretive(), vault) {
		kinds, _, err := scheme.Scheme.ObjectKinds(o)
		if err != nil {
			t.Fatal(err)
		}
		o.GetObjectKind().SetGroupVersionKind(kinds[0])
		text, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&dump, "---\n%s", text)
	}
	directory := t.TempDir()
	file, with := filepath.Join(directory, "dump.yaml"), filepath.Join(directory, "with.yaml")
	text, _ := yaml.Marshal(secretPolicy())
	for path, text := range map[string][]byte{file: dump.Bytes(), with: text} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, lines := range reading {
		for _, line := range lines {
			line = strings.ReplaceAll(strings.ReplaceAll(line, "WITH", with), " --since 1h", "")
			if !readsCluster(t, line) {
				continue
			}
			for _, format := range printable(t, line) {
				more := []string{"-f", file, "-n", "shop"}
				if format != "" {
					more = append(more, "-o", format)
				}
				code, stdout, stderr := ran(t, line, more...)
				if code == 2 || stdout == "" {
					t.Errorf("%s -o %s: exit code %d, %s", line, format, code, stderr)
				}
				if strings.Contains(stdout+stderr, secret) {
					t.Errorf("%s -o %s: it is in the output", line, format)
				}
			}
		}
	}
}

// TestOnlyTestsMayWrite: no command has the way to the API server that can write but those that test.
func TestOnlyTestsMayWrite(t *testing.T) {
	t.Parallel()
	server := livetest.New(t, secretive()...)
	for question, may := range map[string]bool{"": false, "probe": true} {
		f := &flags{}
		c := &cobra.Command{Use: "x"}
		f.register(c)
		if err := c.ParseFlags([]string{"--kubeconfig", server.Kubeconfig()}); err != nil {
			t.Fatal(err)
		}
		open := func() (*options, error) { return f.toOptions(t.Context(), c, Streams{}) }
		if may {
			open = func() (*options, error) { return f.toProber(c, Streams{}) }
			c.SetContext(t.Context())
		}
		o, err := open()
		if err != nil || (o.network != nil) != may {
			t.Errorf("%q: %v, %+v", question, err, cmp.Or(o, &options{}).network)
		}
	}
}
