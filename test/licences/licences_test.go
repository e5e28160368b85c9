package main

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEveryLinkedModule needs no build: the go command knows what it would link on each platform.
func TestEveryLinkedModule(t *testing.T) {
	parts, err := linked("../..", "./cmd/kubectl-netpol_doctor", platforms)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	for _, want := range []string{
		"Go standard library", "k8s.io/client-go", "github.com/spf13/cobra",
		"report/page/dagre",                    // embedded
		"github.com/inconshreveable/mousetrap", // on Windows only
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is linked into the plugin and not listed", want)
		}
	}
	if slices.Contains(names, "github.com/google/go-cmp") {
		t.Error("go-cmp is listed, and only tests need it")
	}
	var text strings.Builder
	if err := write(&text, parts); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"k8s.io/apimachinery v", ": third_party/forked/golang/LICENSE\n", // forked code in a module
		"The Go Authors", "Apache License", "dagre.min.js.LEGAL.txt",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the licences lack %q", want)
		}
	}
	// The same list by another way: what a program says that it was linked with.
	if path := os.Getenv("NETPOL_DOCTOR_BINARY"); path != "" {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range info.Deps {
			if !slices.Contains(names, m.Path) {
				t.Errorf("%s is linked into %s and has no licence listed", m.Path, path)
			}
		}
	}
}

// modules writes a program that uses one module, which has the given files.
func modules(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"app/go.mod":          "module example.com/app\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n",
		"app/main.go":         "package main\n\nimport _ \"example.com/lib/deep\"\n\nfunc main() {}\n",
		"lib/go.mod":          "module example.com/lib\n\ngo 1.26\n",
		"lib/deep/deep.go":    "package deep\n",
		"lib/other/other.go":  "package other\n",
		"lib/other/LICENSE":   "of a package that is not linked\n",
		"lib/deep/licence.go": "package deep\n",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "app")
}

func TestWhatIsShipped(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string // of the module
		err   string
	}{
		{"a licence at the top", map[string]string{"lib/LICENSE.txt": "a"}, []string{"LICENSE.txt"}, ""},
		{"other spelling", map[string]string{"lib/Licence": "a"}, []string{"Licence"}, ""},
		{"with a notice", map[string]string{"lib/COPYING": "a", "lib/NOTICE": "b", "lib/README": "c"}, []string{"COPYING", "NOTICE"}, ""},
		{"forked code", map[string]string{"lib/LICENSE": "a", "lib/deep/LICENSE": "b"}, []string{"LICENSE", "deep/LICENSE"}, ""},
		{"none", nil, nil, "example.com/lib ../lib has no licence"},
		{"a notice alone", map[string]string{"lib/NOTICE": "b"}, nil, "example.com/lib ../lib has no licence"},
		{"an empty one", map[string]string{"lib/LICENSE": "\n"}, []string{"LICENSE"}, "LICENSE of example.com/lib ../lib is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts, err := linked(modules(t, c.files), ".", []string{"linux/amd64"})
			if err == nil {
				var text strings.Builder
				err = write(&text, parts)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Fatalf("error %v, want one that says %q", err, c.err)
			}
			if c.want == nil {
				return
			}
			if len(parts) != 2 || !slices.Equal(parts[1].files, c.want) {
				t.Errorf("parts %+v, want files %v of one module", parts, c.want)
			}
		})
	}
}
