package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/plugin"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// dump writes the cluster of the script on changes to a file, and returns its objects too.
func dump(t *testing.T) (path string, objects []runtime.Object) {
	t.Helper()
	script, err := txtar.ParseFile("testdata/script/changes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range script.Files {
		if f.Name != "dump.yaml" {
			continue
		}
		path = filepath.Join(t.TempDir(), f.Name)
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		var list metav1.List
		if err := yaml.Unmarshal(f.Data, &list); err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			object, _, err := scheme.Codecs.UniversalDeserializer().Decode(item.Raw, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, object)
		}
	}
	return path, objects
}

// at runs the command line at a time.
func at(t *testing.T, now time.Time, args ...string) (code int, stdout string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = plugin.Main(t.Context(), args, plugin.Streams{
		In: strings.NewReader(""), Out: &out, Err: &errs,
		Getenv: func(string) string { return "" },
		Now:    func() time.Time { return now },
	})
	if errs.Len() > 0 {
		t.Errorf("%q said %s", args, &errs)
	}
	return code, out.String()
}

func TestChanges(t *testing.T) {
	t.Parallel()
	path, objects := dump(t)
	live := []string{"--kubeconfig", livetest.New(t, objects...).Kubeconfig()}
	fails := []string{"diagnose", "deploy/client", "svc/server:80", "-n", "shop"}
	works := []string{"diagnose", "deploy/server", "deploy/client:80", "-n", "shop"}
	written := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC) // when the policy was
	for _, row := range []struct {
		name string
		now  time.Time
		args []string
		says []string
		not  []string
	}{
		{
			"beside a failure", written.Add(4 * time.Minute), fails,
			[]string{"Changed 4m ago: shop/server (NetworkPolicy), by kubectl-edit, which owns spec.ingress", "24h ago: shop/server (Deployment), new pod template", "Note shop/server was written after the pods of both ends had started"},
			[]string{"helm", "UTC", "network plugins may take seconds"},
		},
		{"not where it works", written, works, nil, []string{"Changed", "Note"}},
		{
			"where it works, when asked", written, append(works, "--since", "48h"),
			[]string{"Changed 23h ago: shop/server (Deployment), new pod template in ReplicaSet server-b, by kubectl-patch"},
			[]string{"(NetworkPolicy)", "shop/client (Deployment), created", "Note"},
		},
		{
			"only since then", written.Add(time.Hour), append(fails, "--since", "2h"),
			[]string{"Changed 60m ago: shop/server (NetworkPolicy)", "Note"},
			[]string{"EndpointSlice", "Deployment), new"},
		},
		{
			"nothing since then", written.Add(time.Hour), append(fails, "--since", "30m"),
			[]string{"Changed nothing within 30m, as far as the objects that take part tell; what was deleted leaves no trace"},
			[]string{"ago"},
		},
		{
			"a pod that is only just there", time.Date(2026, 3, 3, 10, 1, 13, 0, time.UTC), fails,
			[]string{"Note", "shop/server-b-1 (Pod) started 12s ago: network plugins may take seconds"},
			nil,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, out := at(t, row.now, append(row.args, live...)...)
			out = strings.Join(strings.Fields(out), " ")
			for _, want := range row.says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q: %s", want, out)
				}
			}
			for _, not := range row.not {
				if strings.Contains(out, not) {
					t.Errorf("it says %q: %s", not, out)
				}
			}
		})
	}

	t.Run("the same from a dump", func(t *testing.T) {
		t.Parallel()
		s := schema(t, "diagnosis")
		var documents [2]report.Diagnosis
		for i, from := range [][]string{live, {"-f", path}} {
			_, out := at(t, written.Add(time.Hour), append(append([]string{"-o", "json"}, fails...), from...)...)
			fits(t, s, []byte(out))
			if err := json.Unmarshal([]byte(out), &documents[i]); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(documents[0].Origin, documents[1].Origin); d != "" || documents[0].Origin == nil {
			t.Errorf("a dump tells other changes: %s", d)
		}
		if documents[0].ObservedAt != "2026-03-04T11:00:00Z" || documents[1].ObservedAt != "" {
			t.Errorf("observed at %q, the dump at %q", documents[0].ObservedAt, documents[1].ObservedAt)
		}
	})
}
