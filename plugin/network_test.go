package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// TestNetworkPlugin: a name that ships, a file by its look or because it is there, and an error that
// says what there is.
func TestNetworkPlugin(t *testing.T) {
	t.Chdir(t.TempDir())
	const good = "apiVersion: netpol-doctor.dev/v1alpha1\nkind: NetworkPluginProfile\nname: measured\nextends: cilium\nbehaviours: {ipBlock-matches-pods: {answer: yes, verified: seen}}\n"
	for name, text := range map[string]string{"ours.yaml": good, "ours": good, "cilium": good, "broken.yml": good + "frobnicate: 1\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct{ typed, name, failure string }{
		{"", "", ""},
		{"calico", "calico", ""},
		{"cilium", "cilium", ""}, // a profile that ships goes before a file of its name
		{"./cilium", "measured", ""},
		{"ours.yaml", "measured", ""},
		{"ours", "measured", ""},
		{"broken.yml", "", `broken.yml: there is no field "frobnicate"`},
		{"nowhere.yaml", "", "reading the profile of --network-plugin: open nowhere.yaml"},
		{filepath.Join("a", "b"), "", "no such file"},
		{"celium", "", `unknown network plugin "celium"; did you mean cilium?`},
		{"frobnicate", "", `unknown network plugin "frobnicate"; there is unknown, cilium`},
	} {
		p, err := networkPlugin(row.typed)
		switch {
		case row.failure != "":
			if err == nil || !strings.Contains(err.Error(), row.failure) {
				t.Errorf("%s: %v, want %q", row.typed, err, row.failure)
			}
		case err != nil || (p == nil) != (row.name == "") || p != nil && p.Name != row.name:
			t.Errorf("%s: %+v, %v", row.typed, p, err)
		case row.name == "measured" && p.Of(policy.IPBlockMatchesPods).Answer != policy.Yes:
			t.Errorf("%s: what the file says does not count", row.typed)
		}
	}
}
