package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	fenced  = regexp.MustCompile("(?s)```.*?```")
	anchor  = regexp.MustCompile(`<a id="([^"]+)">`)
)

// TestLinksLeadSomewhere: every link of a document to a file or a heading has one.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Chdir("../..")
	decisions, err := filepath.Glob("docs/adr/*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, page := range append(documents(t), decisions...) {
		for _, m := range link.FindAllStringSubmatch(string(read(t, page)), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			path, at, _ := strings.Cut(m[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			} else if at != "" && !slices.Contains(anchorsOf(string(read(t, target))), at) {
				t.Errorf("%s links to %s, and there is no such heading", page, m[1])
			}
		}
	}
	if links == 0 {
		t.Error("no document has a link")
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// anchorsOf lists what a link into a page can name: its headings, and what it names itself.
func anchorsOf(text string) []string {
	text = fenced.ReplaceAllString(text, "")
	var out []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	for _, m := range anchor.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	got := anchorsOf("# NPD301: a rule's port\n```sh\n# no heading\n```\n| <a id=\"row\"></a>x |\n")
	if want := []string{"npd301-a-rules-port", "row"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestTheDumpHasEveryKind: README's command for a dump asks for every kind that answers hang on, and
// not for Secrets.
func TestTheDumpHasEveryKind(t *testing.T) {
	t.Parallel()
	readme := string(read(t, "../../README.md"))
	var parts []string
	for _, m := range regexp.MustCompile(`(?m)^kinds=(?:\$kinds)?'(.*)'$`).FindAllStringSubmatch(readme, -1) {
		parts = append(parts, m[1])
	}
	asked, err := regexp.Compile("^(?:" + strings.Join(parts, "") + ")$")
	if err != nil || len(parts) == 0 {
		t.Fatalf("no kinds in README.md: %v", err)
	}
	resources := []string{
		"namespaces", "nodes", "pods", "services", "endpointslices.discovery.k8s.io", "networkpolicies.networking.k8s.io",
		"deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch", "cronjobs.batch",
		"ingresses.networking.k8s.io", "ingressclasses.networking.k8s.io",
	}
	for i := range policy.LayerKinds {
		resources = append(resources, policy.LayerKinds[i].ResourceName())
	}
	for _, r := range resources {
		if !asked.MatchString(r) {
			t.Errorf("the dump does not ask for %s", r)
		}
	}
	for _, r := range []string{"secrets", "configmaps", "events", "pods.metrics.k8s.io", "networkpolicies"} {
		if asked.MatchString(r) {
			t.Errorf("the dump asks for %s", r)
		}
	}
}
