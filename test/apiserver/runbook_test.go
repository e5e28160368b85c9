package apiserver

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/report"
)

var (
	runbookCommand = regexp.MustCompile("(?s)\n## The one command\n.*?```sh\nkubectl netpol-doctor (.*?)\n```")
	runbookVerify  = regexp.MustCompile("(?s)\n## How to verify\n.*?```sh\nkubectl netpol-doctor (.*?)\n")
	runbookOverlay = regexp.MustCompile(`--with examples/shop/(\S+)`)
	printedPatch   = regexp.MustCompile(`(?m)^ +kubectl patch networkpolicy (\S+) -n (\S+) --type=json -p '(.*)'$`)
)

// fewestRunbooks is how many pages can be followed on a server at least: those about a policy that was
// changed.
const fewestRunbooks = 7

// followRunbooks follows each page whose example changes nothing but policies: what the page breaks is
// applied, its command asked, the patch that is printed made, and what verifies the fix asked. It
// fails before and works after.
func followRunbooks(t *testing.T, s *Server, live []string) {
	followed := 0
	for _, name := range check.Runbooks() {
		text, err := os.ReadFile(filepath.Join("../../docs/runbooks", name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		command, verify, overlay := runbookCommand.FindSubmatch(text), runbookVerify.FindSubmatch(text), runbookOverlay.FindSubmatch(text)
		if command == nil || verify == nil || overlay == nil {
			t.Errorf("%s has no command, nothing that verifies it, or no overlay: %q, %q, %q", name, command, verify, overlay)
			continue
		}
		broken := Manifests(t, filepath.Join("../../examples/shop", string(overlay[1])))
		if !onlyPolicies(broken) {
			continue
		}
		followed++
		t.Run(name, func(t *testing.T) {
			for _, object := range broken {
				replace(t, s, object)
			}
			failing := doctor(t.Context(), append(strings.Fields(string(command[1])), live...)...)
			patches := printedPatch.FindAllStringSubmatch(failing.stdout, -1)
			if failing.code != 1 || failing.stderr != "" || len(patches) == 0 {
				t.Fatalf("broken: exit code %d, %d patches: %s%s", failing.code, len(patches), failing.stdout, failing.stderr)
			}
			for _, p := range patches {
				fix := report.Fix{Object: report.Object{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: p[2], Name: p[1]}}
				var operations []change.Operation
				if err := json.Unmarshal([]byte(p[3]), &operations); err != nil {
					t.Fatalf("what is printed is no patch: %v: %s", err, p[0])
				}
				fix.Patch = operations
				applyFix(t, s, fix)
			}
			mended := doctor(t.Context(), append(strings.Fields(string(verify[1])), live...)...)
			if mended.code != 0 || !strings.Contains(mended.stdout, "WORKS: ") {
				t.Errorf("mended: exit code %d: %s%s", mended.code, mended.stdout, mended.stderr)
			}
		})
	}
	if followed < fewestRunbooks {
		t.Errorf("%d runbooks were followed, and it should be %d", followed, fewestRunbooks)
	}
}

func onlyPolicies(objects []runtime.Object) bool {
	for _, o := range objects {
		if o.GetObjectKind().GroupVersionKind().Kind != "NetworkPolicy" {
			return false
		}
	}
	return true
}
