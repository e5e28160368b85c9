package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shopFiles are the files of the shop, seen from here.
const shopFiles = "../examples/shop/base"

// tabbed presses TAB behind the last word. It returns the words with what is said beside them, and what
// the shell is told to do with them.
func tabbed(t *testing.T, words ...string) (list []string, directive string) {
	t.Helper()
	return tabbedFor(t, time.Minute, words...) // a busy machine is no reason to give up
}

// tabbedFor is tabbed by somebody with some patience.
func tabbedFor(t *testing.T, patience time.Duration, words ...string) (list []string, directive string) {
	t.Helper()
	var out, errs bytes.Buffer
	streams := Streams{In: strings.NewReader("not: read"), Out: &out, Err: &errs, Getenv: func(string) string { return "" }, Patience: patience}
	if code := Main(t.Context(), append([]string{cobra.ShellCompRequestCmd}, words...), streams); code != exitWorks {
		t.Errorf("%q: exit code %d", words, code)
	}
	if said := errs.String(); !strings.HasPrefix(said, "Completion ended with directive: ") || strings.Count(said, "\n") != 1 {
		t.Errorf("%q: on standard error: %s", words, said)
	}
	list = strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	last := len(list) - 1
	return list[:last], list[last]
}

// What a shell is told to do: cobra.ShellCompDirective, as it is printed.
const (
	space   = ":4" // a space follows the only word that is left; no files
	noSpace = ":6" // more may follow in the same word; no files
	orFiles = ":0" // where there are no words, files are proposed
)

// textsOf leaves out what is said beside the words.
func textsOf(list []string) []string {
	var texts []string
	for _, line := range list {
		text, _, _ := strings.Cut(line, "\t")
		texts = append(texts, text)
	}
	return texts
}

// TestCompleteFromFiles: for each place of the command line, what is proposed in the shop.
func TestCompleteFromFiles(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		typed     string // a word is empty where it says ""
		want      string // without it, nothing is proposed
		directive string
	}{
		// commands and flags
		{`diag`, "diagnose", space},
		{`help la`, "labels", space},
		{`completion ""`, "kubectl bash zsh fish powershell", space},
		{`nosuch`, "", space},
		{`diagnose --without`, "--without", space},
		{`map --den`, "--denied", space},
		{`version ""`, "", space},
		{`map -n production ""`, "", space},

		// values of flags
		{`diagnose -n pro`, "production", space},
		{`diagnose -n nosuch`, "", space},
		{`diagnose --namespace=customer-`, "customer-a customer-b customer-c", space},
		{`diagnose -o ""`, "json junit markdown sarif table yaml", space},
		{`map -o ""`, "csv html json markdown mermaid table yaml", space},
		{`diff -o h`, "", space},
		{`probe -o c`, "", space},
		{`probe --matrix -o c`, "csv", space},
		{`probe --cleanup -o ""`, "table", space},
		{`snapshot -o ""`, "", orFiles},
		{`map --by ""`, "namespace pod workload", space},
		{`diff --fail-on ""`, "any closed opened", space},
		{`diagnose --network-plugin ci`, "cilium", orFiles},
		{`diagnose --network-plugin ./`, "", orFiles},
		{`diagnose --with ""`, "", orFiles},
		{`diagnose --kubeconfig ""`, "", orFiles},
		{`diagnose --token ""`, "", space},
		{`probe --image-pull-secret ""`, "", space},
		{`map -n production --port 84`, "8443", space},
		{`map -n customer-a --port 84`, "", space},
		{`map --port 5`, "53 53/udp 5432", space},
		{`map -n production --from deploy/pay`, "deploy/payment", space},
		{`map --to int`, "internet", space},
		{`map --to ns/st`, "ns/staging", space},
		{`map --from svc/payment:`, "", space},

		// targets: kinds, names, namespaces
		{`diagnose d`, "deploy/ dev/ ds/", noSpace},
		{`diagnose deploym`, "deployment/", noSpace},
		{`diagnose netp`, "", space},
		{`diagnose ns`, "", space},
		{`diagnose apis`, "apiserver", space},
		{`diagnose deploy/order apis`, "", space},
		{`diagnose deploy/order ingr`, "ingress-nginx/", noSpace},
		{`diagnose -n production deploy/or`, "deploy/order", space},
		{`diagnose -n production deployments/or`, "deployments/order", space},
		{`diagnose -n production deploy/nosuch`, "", space},
		{`diagnose -n staging deploy/or`, "", space},
		{`diagnose deploy/`, "", space}, // nothing is in namespace default
		{`diagnose prod`, "production/", noSpace},
		{`diagnose production/dep`, "production/deploy/", noSpace},
		{`diagnose production/no`, "", space}, // nodes are in no namespace
		{`diagnose production/deploy/or`, "production/deploy/order", space},
		{`diagnose production/node/`, "", space},
		{`diagnose production/a/b/`, "", space},
		{`diagnose nosuch/deploy/`, "", space},
		{`diagnose -n production payment-b`, "payment-backup", space},
		{`diagnose -n production order-d`, "", space}, // a StatefulSet and a Service are called so
		{`diagnose -n ingress-nginx ingress/`, "", space},
		{`diagnose 10.0.0.`, "", space},
		{`diagnose payment.production.`, "", space},
		{`labels ns/cust`, "ns/customer-a ns/customer-b ns/customer-c", space},
		{`labels ns/cust extra`, "", space},
		{`labels inter`, "", space},
		{`labels netpol/`, "", space},
		{`diagnose deploy/order svc/payment extra`, "", space},

		// ports
		{`diagnose -n production deploy/order svc/payment-s`, "svc/payment-service", noSpace},
		{`diagnose -n production deploy/order svc/payment:`, "svc/payment:443 svc/payment:https", space},
		{`diagnose -n production deploy/order svc/payment:4`, "svc/payment:443", space},
		{`diagnose -n production deploy/order deploy/payment:8`, "deploy/payment:8443", space},
		{`diagnose -n production deploy/order payment-service`, "payment-service:443 payment-service:https", space},
		{`diagnose -n production deploy/order payment-service:h`, "payment-service:https", space},
		{`ports -n production deploy/order kube-system/svc/kube-dns:53`, "kube-system/svc/kube-dns:53 kube-system/svc/kube-dns:53/udp", space},
		{`diagnose -n production svc/payment:`, "", space}, // a source has no port
		{`diagnose -n production deploy/order svc/nosuch:`, "", space},
		{`diagnose -n production deploy/order internet:`, "", space},
		{`diagnose -n production deploy/order 10.0.0.1:`, "", space},
		{`diagnose -n production deploy/order [::1]:`, "", space},

		// explain
		{`explain NPD30`, "NPD301 NPD302 NPD303 NPD304 NPD305 NPD306 NPD307 NPD308", space},
		{`explain npd301`, "npd301", space},
		{`explain -n production netpol/payment-`, "netpol/payment-backup-egress netpol/payment-db-ingress netpol/payment-egress netpol/payment-ingress", space},
		{`explain UnknownH`, "UnknownHostException", space},
		{`explain connection re`, "refused reset", space},
		{`explain context deadline ""`, "exceeded", space},
		{`explain nonsense ""`, "", space},

		// objects
		{`diagnose -n production --without netpol/order-`, "netpol/order-db-ingress netpol/order-egress netpol/order-ingress", space},
		{`diagnose --without cilium`, "ciliumclusterwidenetworkpolicies.cilium.io/ ciliumnetworkpolicies.cilium.io/", noSpace},
		{`diagnose --without ns/cust`, "ns/customer-a ns/customer-b ns/customer-c", space},
		{`diagnose --without production/ns/`, "", space},
		{`diagnose -n production --without netpol/default-deny --without netpol/default-`, "", space}, // it is gone

		// probe
		{`probe --matrix -n production deploy/order svc/payment:`, "svc/payment:443 svc/payment:https", space},
		{`probe --matrix -n production a b c d svc/payment:4`, "svc/payment:443", space},
		{`probe --cleanup ""`, "", space},

		// diff
		{`diff ""`, "", orFiles},
		{`diff a ""`, "", orFiles},
		{`diff a b ""`, "", space},
		{`diff --with a ""`, "", space},
	} {
		line := strings.Fields(row.typed)
		for i, w := range line {
			if w == `""` {
				line[i] = ""
			}
		}
		if len(line) > 1 && !slices.Contains([]string{"help", "completion", "version", "diff"}, line[0]) { // which take no files
			line = slices.Insert(line, 1, "-f", shopFiles)
		}
		list, directive := tabbed(t, line...)
		if got := strings.Join(textsOf(list), " "); got != row.want || directive != row.directive {
			t.Errorf("%s\n got %s %s\nwant %s %s", row.typed, got, directive, row.want, row.directive)
		}
	}
}

// TestCompleteSaysWhatWordsAre: the kind of a name, the title of a code, where a port leads.
func TestCompleteSaysWhatWordsAre(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"diagnose deploy/order svc/payment:":      "svc/payment:443\thttps → pod port https\nsvc/payment:https\t443/TCP",
		"diagnose deploy/order deploy/payment:84": "deploy/payment:8443\thttps",
		"diagnose payment-":                       "payment-backup\tCronJob\npayment-service\tService",
		"explain NPD301":                          "NPD301\ta rule allows the Service's port instead of the pod's port",
		"explain connection ti":                   "timed\tsymptom: connection timed out\ntimeout\tsymptom",
		"map --port 8443":                         "8443\tpayment",
		"map --port 8080":                         "8080\tapi-gateway, auth, frontend and 4 more",
		"labels stat":                             "statefulset/\tStatefulSet",
	} {
		command, rest, _ := strings.Cut(typed, " ")
		list, _ := tabbed(t, append([]string{command, "-f", shopFiles, "-n", "production"}, strings.Fields(rest)...)...)
		if got := strings.Join(list, "\n"); got != want {
			t.Errorf("%s\n got %s\nwant %s", typed, got, want)
		}
	}
}

// TestCompleteWith: what would be applied is proposed, too, with its own ports.
func TestCompleteWith(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new.yaml")
	if err := os.WriteFile(path, []byte(`
apiVersion: v1
kind: Service
metadata: {name: payment, namespace: production}
spec: {ports: [{port: 9443, name: tls}]}
---
apiVersion: v1
kind: Service
metadata: {name: invoices, namespace: production}
spec: {ports: [{port: 80}]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	files := []string{"-f", shopFiles, "-n", "production"}
	if list, _ := tabbed(t, slices.Concat([]string{"diagnose"}, files, []string{"svc/inv"})...); !slices.Equal(textsOf(list), []string{"svc/inventory", "svc/inventory-db"}) {
		t.Errorf("without it: %q", list)
	}
	files = append(files, "--with", path)
	if list, _ := tabbed(t, slices.Concat([]string{"diagnose"}, files, []string{"svc/inv"})...); !slices.Equal(textsOf(list), []string{"svc/inventory", "svc/inventory-db", "svc/invoices"}) {
		t.Errorf("with it: %q", list)
	}
	if list, _ := tabbed(t, slices.Concat([]string{"diagnose"}, files, []string{"deploy/order", "svc/payment:"})...); !slices.Equal(textsOf(list), []string{"svc/payment:9443", "svc/payment:tls"}) {
		t.Errorf("its ports: %q", list)
	}
}

// TestCompleteWhereNothingCanBeRead proposes nothing, and says nothing.
func TestCompleteWhereNothingCanBeRead(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("apiVersion: v1\nkind: Pod\nspec: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range [][]string{
		{"-f", broken},
		{"-f", broken + ".nosuch"},
		{"-f", "-"}, // what will be typed or piped there is not known
		{"-f", shopFiles, "--with", broken},
		{"-f", shopFiles, "--without", "netpol/nosuch"},
		{"--kubeconfig", broken},
		{"--kubeconfig", broken + ".nosuch"},
	} {
		for _, typed := range []string{"production/deploy/o", "svc/", "pay"} {
			if list, directive := tabbed(t, slices.Concat([]string{"diagnose", "-n", "production"}, source, []string{typed})...); len(list) > 0 || directive != space {
				t.Errorf("%q %s: %q %s", source, typed, list, directive)
			}
		}
	}
}

// TestCompleteKubeconfig: contexts, clusters and users by name; of another file, its own.
func TestCompleteKubeconfig(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(`
apiVersion: v1
kind: Config
contexts:
- {name: eu, context: {cluster: berlin, user: anna}}
- {name: us, context: {cluster: boston, user: bob}}
clusters:
- {name: berlin, cluster: {server: "https://berlin.example"}}
- {name: boston, cluster: {server: "https://boston.example"}}
users:
- {name: anna, user: {}}
- {name: bob, user: {token: sesame}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]string{
		"--context ":    "eu\tberlin us\tboston",
		"--context e":   "eu\tberlin",
		"--context=u":   "us\tboston",
		"--cluster b":   "berlin\thttps://berlin.example boston\thttps://boston.example",
		"--user ":       "anna bob",
		"--user nosuch": "",
		"--as ":         "",
	} {
		list, directive := tabbed(t, append([]string{"diagnose", "--kubeconfig", path}, strings.Split(typed, " ")...)...)
		if got := strings.Join(list, " "); got != want || directive != space {
			t.Errorf("%s: got %s %s, want %s", typed, got, directive, want)
		}
	}
}

// TestEveryFlagAndArgumentIsCompleted: whoever adds one says what its values are.
func TestEveryFlagAndArgumentIsCompleted(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	root := newRoot(Streams{Getenv: func(string) string { return "" }})
	for _, c := range root.Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			used[f.Name] = true
			if _, there := flagWords[f.Name]; f.NoOptDefVal == "" && !takesPath(f) && !there {
				t.Errorf("flagWords does not say what the values of --%s of %s are", f.Name, c.Name())
			}
		})
		takes := strings.ContainsFunc(strings.TrimPrefix(c.Use, c.Name()), func(r rune) bool { return r >= 'A' && r <= 'Z' })
		if _, there := argumentWords[c.Name()]; takes != there && !c.HasSubCommands() {
			t.Errorf("argumentWords and the usage %q do not agree on whether %s takes arguments", c.Use, c.Name())
		}
	}
	for name := range flagWords {
		if !used[name] {
			t.Errorf("flagWords speaks of --%s, which no command has", name)
		}
	}
	for name := range argumentWords {
		if c, _, err := root.Find([]string{name}); err != nil || c == root {
			t.Errorf("argumentWords speaks of %s, which is no command", name)
		}
	}
}
