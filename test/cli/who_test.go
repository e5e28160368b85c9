package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestWhoFitsItsSchema: the document about rights is as its schema says, also where little is known.
func TestWhoFitsItsSchema(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/script/who.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range archive.Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := schema(t, "stepreport")
	if err := os.RemoveAll(filepath.Join(dir, "wrong")); err != nil {
		t.Fatal(err)
	}
	for file, code := range map[string]int{"cluster": 0, "": 3, "cluster/production.yaml": 3} {
		got, stdout, stderr := run(t, "policy", "ns/production", "--who", "-o", "json", "-f", filepath.Join(dir, file))
		if got != code {
			t.Errorf("%s: exit code %d, want %d: %s", file, got, code, stderr)
		}
		fits(t, s, stdout)
	}
}
