package apiserver

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/netpol-doctor/netpol-doctor/report"
)

// The shop, seen from a test of this package.
const (
	shopBase   = "../../examples/shop/base"
	shopBroken = "../../examples/shop/broken"
)

// shopQuestion is a question of examples/shop/demo.sh: what is asked of an overlay, and the finding
// that has to come first.
type shopQuestion struct {
	overlay     string
	code        string
	namespace   string
	source      string
	destination string
}

// shopQuestions are those of the demo, in its order.
var shopQuestions = []shopQuestion{
	{"wrong-labels", "NPD101", "production", "deploy/api-gateway", "svc/payment:443"},
	{"wrong-namespace", "NPD201", "monitoring", "deploy/prometheus", "production/deploy/payment:9090"},
	{"missing-ingress", "NPD401", "production", "deploy/payment", "svc/payment-db:5432"},
	{"missing-egress", "NPD402", "production", "deploy/order", "svc/inventory:80"},
	{"dns-blocked", "NPD501", "production", "deploy/auth", "svc/auth-db:5432"},
	{"port-mismatch", "NPD301", "production", "deploy/api-gateway", "svc/payment:443"},
	{"dns-incident", "NPD502", "production", "deploy/order", "svc/payment-service:443"},
}

// ask asks the question of a cluster that the last arguments describe.
func (q shopQuestion) ask(t *testing.T, cluster ...string) document {
	t.Helper()
	return diagnose(t, append([]string{q.source, q.destination, "-n", q.namespace}, cluster...)...)
}

// manifests is the overlay's folder.
func (q shopQuestion) manifests() string { return filepath.Join(shopBroken, q.overlay) }

// The shop runs on a real API server, with controllers, nodes and pods. Whatever is asked of it has
// the same answer from the API server and from a dump; the manifests, which know of no pods, lead to
// the same cause; and the fix that is proposed works.
func TestShop(t *testing.T) {
	t.Parallel()
	s := startShop(t)
	live := []string{"--kubeconfig", Kubeconfig(t, s.Admin(), "")}

	// What is not there is the same for the cluster and for its snapshot, and so is what is missing then.
	t.Run("without", func(t *testing.T) {
		saved := takeSnapshot(t, 0, append(live, "-A")...)
		for _, object := range []string{"netpol/payment-ingress", "deploy/payment", "svc/payment", "netpol/default-deny", "kube-system/svc/kube-dns"} {
			q := []string{"deploy/api-gateway", "pod/" + podNamed(t, s, "production", "payment") + ":8443", "-n", "production", "--without", object}
			if object != "deploy/payment" {
				answer := diagnose(t, append(q, live...)...)
				sameDocument(t, "live", answer, "snapshot", diagnose(t, append(q, "-f", saved)...))
			} else if r := doctor(t.Context(), append(append([]string{"diagnose"}, q...), live...)...); r.code != 2 {
				t.Errorf("without its workload the pod is still there: %+v", r)
			}
			if r := doctor(t.Context(), append([]string{"map", "-n", "production", "--without", object, "-o", "csv"}, live...)...); r.code != 0 || r.stdout == "" {
				t.Errorf("map without %s: %+v", object, r)
			}
		}
		r := doctor(t.Context(), append([]string{"map", "-n", "production", "--without", "netpol/payment-ingres"}, live...)...)
		if r.code != 2 || !strings.Contains(r.stderr, "did you mean payment-ingress") {
			t.Errorf("a slip: %+v", r)
		}
	})
	t.Run("healthy", func(t *testing.T) {
		yamlDump, jsonDump := dumps(t, s)
		for _, q := range shopQuestions {
			answer := q.ask(t, live...)
			works(t, "the live cluster", answer)
			works(t, "the manifests", q.ask(t, "-f", shopBase))
			sameDocument(t, "live", answer, "dump.yaml", q.ask(t, "-f", yamlDump))
			sameDocument(t, "live", answer, "dump.json", q.ask(t, "-f", jsonDump))
			sameDocument(t, "live", answer, "snapshot of all", q.ask(t, "-f", takeSnapshot(t, 0, append(live, "-A")...)))
			if q.namespace == "production" { // where both ends are
				sameDocument(t, "live", answer, "snapshot of production", q.ask(t, "-f", takeSnapshot(t, 0, append(live, "-n", q.namespace)...)))
			}
		}
	})
	for _, q := range shopQuestions {
		t.Run(q.overlay, func(t *testing.T) {
			foreseen := q.ask(t, append(live, "--with", q.manifests())...)
			for _, object := range Manifests(t, q.manifests()) {
				replace(t, s, object)
			}
			answer := q.ask(t, live...)
			fails(t, q.code, "the live cluster", answer)
			if q.overlay == "port-mismatch" {
				incidentOf(t, s, q, live)
			}
			fails(t, q.code, "the manifests", q.ask(t, "-f", shopBase, "--with", q.manifests()))
			sameDocument(t, "applied", answer, "foreseen", foreseen)

			yamlDump, jsonDump := dumps(t, s)
			for _, dump := range []string{yamlDump, jsonDump, takeSnapshot(t, 0, append(live, "-A")...)} {
				saved := q.ask(t, "-f", dump)
				sameDocument(t, "live", answer, filepath.Base(dump), saved)
				sameChanges(t, answer, saved)
			}

			for _, fix := range fixesOf(t, answer.Findings[0]) {
				applyFix(t, s, fix)
			}
			works(t, "the mended cluster", q.ask(t, live...))
		})
	}
	t.Run("runbooks", func(t *testing.T) { followRunbooks(t, s, live) })
}

// podNamed returns the name of a pod whose name begins with that of its workload.
func podNamed(t *testing.T, s *Server, namespace, workload string) string {
	t.Helper()
	client, err := kubernetes.NewForConfig(s.Admin())
	if err != nil {
		t.Fatal(err)
	}
	pods, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + workload})
	if err != nil || len(pods.Items) == 0 {
		t.Fatalf("no pod of %s: %v", workload, err)
	}
	return pods.Items[0].Name
}

// startShop starts a server, applies the shop and lets its pods run.
func startShop(t *testing.T) *Server {
	t.Helper()
	s := Start(t, Options{ControllerManager: true})
	nodes := join(t, s, "node-1", "node-2")
	// The shop leaves this one to the cluster; without it the DNS pods are refused.
	s.Apply(t, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "coredns"}})
	s.Apply(t, Manifests(t, shopBase)...)
	nodes.startAll(t)
	return s
}

// works fails the test unless everything is well and nothing was left unread.
func works(t *testing.T, where string, d document) {
	t.Helper()
	if d.code != 0 || d.Result != "Works" || d.Verdict != "Allowed" || len(d.Findings)+len(d.Facts)+len(d.Gaps) > 0 {
		t.Errorf("%s: exit code %d: %s", where, d.code, d.stdout)
	}
}

// sameChanges fails the test unless a cluster and its dump with managedFields tell the same of what
// changed last, and the policies that were applied a moment ago are among it.
func sameChanges(t *testing.T, live, saved document) {
	t.Helper()
	if difference := cmp.Diff(live.Origin, saved.Origin); difference != "" {
		t.Errorf("a dump tells other changes: %s", difference)
	}
	if live.Origin == nil || !slices.ContainsFunc(live.Origin.Changes, func(c report.Change) bool {
		return c.Object.Kind == "NetworkPolicy" && c.Manager != ""
	}) {
		t.Errorf("no change of a policy is told: %s", live.stdout)
	}
}

// fails fails the test unless the answer is that it fails, for the one reason.
func fails(t *testing.T, code, where string, d document) {
	t.Helper()
	if d.code != 1 || d.Result != "Fails" || len(d.Findings) == 0 || d.Findings[0].Code != code || len(d.Facts)+len(d.Gaps) > 0 {
		t.Fatalf("%s: exit code %d, want 1 because of %s: %s", where, d.code, code, d.stdout)
	}
}
