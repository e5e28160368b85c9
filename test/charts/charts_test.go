// Package charts tests the program on what well-kept charts are made of: whole clusters whose
// policies do what their authors meant. What works there gets no finding, and what is denied is
// denied because no rule allows it, not because of a slip that nobody made.
package charts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/plugin"
)

// charts are the folders of testdata, each with the namespace that the chart is installed in. The
// questions about one are in a file of its name, a line each: what comes of it, the namespace, the
// source, the destination and, where the answer depends on it, the network plugin.
//
// The facts (labels, ports, who may ask whom) are those of the projects' own manifests:
// kube-prometheus, Argo CD, and Bitnami's charts for PostgreSQL and Redis with replication. Where a
// table says otherwise than one would hope, it says why.
var charts = []struct{ name, namespace string }{
	{"kube-prometheus", "observability"},
	{"argo-cd", "gitops"},
	{"ledger", "bookkeeping"},
}

// networks are asked where a question names none: its answer has to be the same on all of them.
var networks = []string{"cilium", "kube-router", "unknown"}

type answer struct {
	Verdict  string
	Result   string
	Findings []finding
	Needs    []struct{ Peer, Result, Code string }
	text     string // the whole document
}

type finding struct{ Code, Severity, Message string }

// question is a line of a table.
type question struct{ outcome, namespace, from, to, network string }

func TestWhatIsMeantWorksAndNothingIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range charts {
		for _, q := range questions(t, c.name) {
			a, line := ask(t, c.name, "diagnose", q.from, q.to, "-n", q.namespace, "--network-plugin", q.network)
			switch q.outcome {
			case "works":
				if a.Result != "Works" || a.Verdict != "Allowed" || len(a.Findings) > 0 {
					t.Errorf("%s: %s, want that it works and no finding", line, a.told())
				}
			case "unclear":
				if a.Result != "Unclear" || a.Verdict != "Unknown" || len(a.Findings) > 0 {
					t.Errorf("%s: %s, want that it is unclear and no finding", line, a.told())
				}
			default: // the code of what is missing
				if a.Result != "Fails" || a.Verdict != "Denied" || len(a.Findings) == 0 || a.Findings[0].Code != q.outcome {
					t.Errorf("%s: %s, want that it fails by %s", line, a.told(), q.outcome)
				}
				if slices.ContainsFunc(a.Findings, func(f finding) bool { return f.Code != "NPD401" && f.Code != "NPD402" }) {
					t.Errorf("%s: nobody made a slip here, but: %+v", line, a.Findings)
				}
			}
		}
	}
}

func TestStepsHaveNothingToWarnOf(t *testing.T) {
	t.Parallel()
	for _, c := range charts {
		for _, command := range []string{"labels", "namespaces", "dns", "policy", "policy -A"} {
			for _, network := range networks {
				a, line := ask(t, c.name, append(strings.Fields(command), "-n", c.namespace, "--network-plugin", network)...)
				if a.Result != "Works" || slices.ContainsFunc(a.Findings, func(f finding) bool { return f.Severity != "info" }) {
					t.Errorf("%s: %s, want nothing but information", line, a.told())
				}
			}
		}
	}
}

// TestNearestRuleIsAboutTheConnection: a rule that lets everybody ask for metrics, or look up names,
// is not what comes near where another is about the port that is asked for.
func TestNearestRuleIsAboutTheConnection(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ chart, namespace, from, to, nearest string }{
		{"argo-cd", "edge", "deploy/ingress-controller", "gitops/svc/argocd-dex-server:5556", "argocd-dex-server spec.ingress[0]"},
		{"argo-cd", "builds", "deploy/agent", "gitops/svc/argocd-repo-server:8081", "argocd-repo-server spec.ingress[0]"},
		{"ledger", "bookkeeping", "sts/ledger-redis-master", "svc/sessions-redis-master:6379", "ledger-redis spec.egress[1]"},
		// Where the source is named, the port is what is missing.
		{"kube-prometheus", "observability", "sts/prometheus-k8s", "svc/alertmanager-operated:9094", "alertmanager-main spec.ingress[0]"},
	} {
		a, line := ask(t, row.chart, "rules", row.from, row.to, "-n", row.namespace)
		if want := "nearest rule: " + row.nearest + " "; !strings.Contains(a.text, want) {
			t.Errorf("%s: want %q\n%s", line, want, a.text)
		}
	}
}

// TestDeclaredNeedsWork: every workload that the table asks about, asked without a destination.
func TestDeclaredNeedsWork(t *testing.T) {
	t.Parallel()
	for _, c := range charts {
		asked := map[string]bool{}
		for _, q := range questions(t, c.name) {
			if q.from == "internet" || asked[q.namespace+q.from] {
				continue
			}
			asked[q.namespace+q.from] = true
			a, line := ask(t, c.name, "diagnose", q.from, "-n", q.namespace)
			if a.Result != "Works" || len(a.Needs) == 0 {
				t.Errorf("%s: %s, want needs that all work", line, a.told())
			}
		}
	}
}

// TestTheTablesSayBoth: a chart of which only one half is asked would prove little.
func TestTheTablesSayBoth(t *testing.T) {
	t.Parallel()
	for _, c := range charts {
		count := map[string]int{}
		for _, q := range questions(t, c.name) {
			count[q.outcome]++
		}
		if count["works"] < 20 || count["NPD401"] < 10 {
			t.Errorf("%s: %v", c.name, count)
		}
	}
}

// told is an answer in messages.
func (a answer) told() string {
	return fmt.Sprintf("%s %s %+v %+v", a.Result, a.Verdict, a.Findings, a.Needs)
}

// questions reads the table of a chart, one question for each network.
func questions(t *testing.T, chart string) []question {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", chart+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var list []question
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) < 4 || len(f) > 5 || !slices.Contains([]string{"works", "unclear", "NPD401", "NPD402"}, f[0]) {
			t.Fatalf("%s: %q is no question", chart, line)
		}
		on := networks
		if len(f) == 5 {
			on = f[4:]
		}
		for _, network := range on {
			list = append(list, question{f[0], f[1], f[2], f[3], network})
		}
	}
	return list
}

// ask runs the command line in this process. What was typed comes back for messages.
func ask(t *testing.T, chart string, args ...string) (answer, string) {
	t.Helper()
	line := strings.Join(args, " ") + " -f " + chart
	var out, errs bytes.Buffer
	code := plugin.Main(t.Context(), append(args, "-f", filepath.Join("testdata", chart), "-o", "json"), plugin.Streams{
		In: strings.NewReader(""), Out: &out, Err: &errs,
		Getenv: func(string) string { return "" },
	})
	if errs.Len() > 0 {
		t.Errorf("%s: unexpected on standard error: %s", line, errs.String())
	}
	a := answer{text: out.String()}
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out.String())
	}
	if want := map[string]int{"Works": 0, "Fails": 1, "Unclear": 3}[a.Result]; code != want {
		t.Errorf("%s: %s with exit code %d, want %d", line, a.Result, code, want)
	}
	return a, line
}
