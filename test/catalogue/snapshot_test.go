package catalogue

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/file"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/plugin"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/snapshot"
)

// everyFolder are the folders of archives that have answers.
var everyFolder = []string{"", "traps", "field"}

// TestSnapshotAnswersAlike: a snapshot of some files gives the answers that the files give, and a
// snapshot of a server those of the server, whatever is forbidden there.
func TestSnapshotAnswersAlike(t *testing.T) {
	t.Parallel()
	for _, folder := range everyFolder {
		for _, a := range archives(t, folder) {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				for _, q := range a.questions {
					objects := a.objects(t, q)
					if !a.live {
						from := folderOf(t, objects)
						saved := takeSnapshot(t, "-f", from)
						sameAnswer(t, q, ask(t, q.text, "-f", from), ask(t, q.text, "-f", saved))
						again := takeSnapshot(t, "-f", saved)
						sameBytes(t, read(t, saved), read(t, again))
						continue
					}
					reach := []string{"--kubeconfig", a.served(t, q, objects).Kubeconfig()}
					saved := takeSnapshot(t, append(reach, "-A")...)
					sameAnswer(t, q, ask(t, q.text, reach...), ask(t, q.text, "-f", saved))
				}
			})
		}
	}
}

// TestRedactedAnswersAlike: a snapshot in which everything has another name gives the same verdicts
// and the same findings, in the words of the other names.
func TestRedactedAnswersAlike(t *testing.T) {
	t.Parallel()
	for _, folder := range everyFolder {
		for _, a := range archives(t, folder) {
			if a.live {
				continue
			}
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				for _, q := range a.questions {
					if strayNames[q.text] {
						continue
					}
					from := folderOf(t, a.objects(t, q))
					redaction := snapshot.NewRedaction(nil)
					redacted := redactedFrom(t, from, redaction)
					want, got := ask(t, q.text, "-f", from), ask(t, renamed(q.text, redaction), "-f", redacted)
					if w, g := want.sorted(), got.sorted(); w != g {
						t.Errorf("line %d: %s\noriginal %s\nredacted %s\n%s", q.line, q.text, w, g, got.told(t))
					}
				}
			})
		}
	}
}

// strayNames are questions with a slip in a name that is in no object: whoever has nothing but the
// redacted file cannot make it.
var strayNames = map[string]bool{
	"diagnose deploy/web payment.prod:443 -n shop":       true,
	"diagnose deploy/web paymnet.production:443 -n shop": true,
}

// redactedFrom writes a redacted snapshot of a folder and returns its path.
func redactedFrom(t *testing.T, folder string, r *snapshot.Redaction) string {
	t.Helper()
	source, err := file.Open(t.Context(), []string{folder}, file.Options{
		Rights: true, Ingresses: true, Gateways: true,
		Foreign:    func(apiVersion, kind string) bool { return policy.LayerKindOf(apiVersion, kind) != nil },
		Namespaced: func(apiVersion, kind string) bool { return policy.LayerKindOf(apiVersion, kind).Namespaced },
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := source.Read(t.Context(), cluster.Scope{All: true})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "redacted.yaml")
	var b bytes.Buffer
	if err := snapshot.Write(&b, snapshot.Taken{Snapshot: s, All: true, Redaction: r}); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.Bytes())
	return path
}

// kinds are the words of a target that name nothing.
var kinds = map[string]bool{
	"deploy": true, "deployment": true, "sts": true, "statefulset": true, "ds": true, "daemonset": true, "rs": true,
	"job": true, "cronjob": true, "pod": true, "svc": true, "service": true, "node": true, "ns": true, "namespace": true,
	"ingress": true, "gateway": true, "httproute": true, "grpcroute": true,
}

// renamed is a command line with the other names.
func renamed(text string, r *snapshot.Redaction) string {
	words := strings.Fields(text)
	for i, w := range words {
		if i == 0 || strings.HasPrefix(w, "-") || words[i-1] == "--network-plugin" || strings.Contains(w, "::") {
			continue
		}
		parts := strings.Split(w, "/")
		for k := range parts {
			ofKind := kinds[parts[k]] && k < 2 && k < len(parts)-1
			if !ofKind && !slices.Contains([]string{"tcp", "udp", "sctp"}, parts[k]) {
				parts[k] = r.Name(parts[k])
			}
		}
		words[i] = strings.Join(parts, "/")
	}
	return strings.Join(words, " ")
}

// sorted are the words of an answer, with the codes in order: which of several comes first may be
// decided by names.
func (a answer) sorted() string {
	w := a.words()
	slices.Sort(w.codes)
	var facts []string
	for _, f := range a.Facts {
		facts = append(facts, f.Kind)
	}
	slices.Sort(facts)
	return w.String() + " " + strings.Join(facts, " ")
}

// served starts a server with the objects of a question.
func (a *archive) served(t *testing.T, q *question, objects []object) *livetest.Server {
	t.Helper()
	server := livetest.New(t, typed(t, objects)...)
	if !q.silent {
		for _, resource := range a.forbidden {
			server.Deny(resource, "")
		}
	}
	return server
}

// takeSnapshot takes a snapshot and returns the path of the file.
func takeSnapshot(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "snapshot.yaml")
	var out, errs bytes.Buffer
	code := plugin.Main(t.Context(), append([]string{"snapshot", "-o", path}, args...), plugin.Streams{
		In: strings.NewReader(""), Out: &out, Err: &errs,
		Getenv: func(string) string { return "" },
	})
	if code != 0 && code != 3 || out.Len() > 0 {
		t.Fatalf("snapshot %v ended with exit code %d: %s%s", args, code, out.String(), errs.String())
	}
	return path
}

// sameAnswer fails the test where two documents differ in more than where objects are from, what
// runs the network and what could not be read.
func sameAnswer(t *testing.T, q *question, want, got answer) {
	t.Helper()
	if d := diff.Diff("original", bare(t, want.text), "snapshot", bare(t, got.text)); d != nil {
		t.Errorf("line %d: %s\n%s", q.line, q.text, d)
	}
}

func sameBytes(t *testing.T, want, got []byte) {
	t.Helper()
	if d := diff.Diff("first", want, "second", got); d != nil {
		t.Errorf("a snapshot of a snapshot differs:\n%s", d)
	}
}

// bare is a document without what may differ.
func bare(t *testing.T, text string) []byte {
	t.Helper()
	var content map[string]any
	if err := json.Unmarshal([]byte(text), &content); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"observedAt", "plugin", "gaps"} {
		delete(content, field)
	}
	forgetOrigins(content)
	out, err := json.MarshalIndent(content, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func forgetOrigins(value any) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "origin")
		for _, inner := range v {
			forgetOrigins(inner)
		}
	case []any:
		for _, inner := range v {
			forgetOrigins(inner)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
