package rooms

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// required lists what a go.mod requires directly, and the modules of its tools.
func required(t *testing.T, path string) (all []string) {
	t.Helper()
	out, err := exec.Command("go", "mod", "edit", "-json", path).Output()
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Tool []struct{ Path string }
	}
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	for _, r := range file.Require {
		tool := slices.ContainsFunc(file.Tool, func(tool struct{ Path string }) bool {
			return tool.Path == r.Path || strings.HasPrefix(tool.Path, r.Path+"/")
		})
		if ours := strings.HasPrefix(r.Path+"/", module); !ours && (tool || !r.Indirect) {
			all = append(all, r.Path)
		}
	}
	slices.Sort(all)
	return all
}

// row is a line of a table: a module, a licence, a reason.
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|([^|]*)\\|([^|]*)\\|$")

// documented lists the modules of each section of a page, by the heading. What lacks a licence or a
// reason, or is there twice or out of order, is a problem.
func documented(page string) (sections map[string][]string, problems []string) {
	sections = map[string][]string{}
	for section := range strings.SplitSeq(page, "\n## ") {
		heading, text, _ := strings.Cut(section, "\n")
		var all []string
		for _, m := range row.FindAllStringSubmatch(text, -1) {
			if all = append(all, m[1]); strings.TrimSpace(m[2]) == "" || strings.TrimSpace(m[3]) == "" {
				problems = append(problems, fmt.Sprintf("%s: %s lacks a licence or a reason", heading, m[1]))
			}
		}
		if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) < len(all) {
			problems = append(problems, heading+": not sorted, or something twice")
		}
		if len(all) > 0 {
			sections[heading] = all
		}
	}
	return sections, problems
}

// differences says what of each go.mod is missing on the page, and what is on it in vain.
func differences(required, documented map[string][]string) (all []string) {
	for path, modules := range required {
		for _, m := range modules {
			if !slices.Contains(documented[path], m) {
				all = append(all, fmt.Sprintf("%s requires %s, which is missing", path, m))
			}
		}
	}
	for path, modules := range documented {
		for _, m := range modules {
			if !slices.Contains(required[path], m) {
				all = append(all, fmt.Sprintf("%s no longer requires %s", path, m))
			}
		}
	}
	return all
}

// TestEveryDependencyHasAReason: docs/dependencies.md lists exactly what the go.mod files require.
func TestEveryDependencyHasAReason(t *testing.T) {
	t.Parallel()
	const root = "../.."
	needs := map[string][]string{}
	if err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if entry.Name() == "go.mod" {
			below, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			needs[filepath.ToSlash(below)] = required(t, path)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(root + "/docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	listed, problems := documented(string(page))
	for _, problem := range append(problems, differences(needs, listed)...) {
		t.Errorf("docs/dependencies.md: %s", problem)
	}
}

// TestDependencyPageIsRead: a page that is wrong is found to be.
func TestDependencyPageIsRead(t *testing.T) {
	t.Parallel()
	listed, problems := documented("# Dependencies\n\n## go.mod\n\n| `a.example/b` | MIT | why |\n| `a.example/a` | MIT |  |\n")
	if len(problems) != 2 {
		t.Errorf("problems: %q", problems)
	}
	found := differences(map[string][]string{"go.mod": {"a.example/a", "a.example/c"}}, listed)
	if want := []string{"go.mod requires a.example/c, which is missing", "go.mod no longer requires a.example/b"}; !slices.Equal(found, want) {
		t.Errorf("got %q, want %q", found, want)
	}
}
