package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPagesAreUpToDate(t *testing.T) {
	t.Parallel()
	for path, write := range map[string]func(io.Writer) error{"../../docs/probing.md": write, "../../docs/enforcement.md": writeEnforcement} {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(page), b.String()); diff != "" {
			t.Errorf("%s is not what the tables say; run make generate (-page +tables):\n%s", path, diff)
		}
	}
}
