package pipelines

import (
	"os"
	"path/filepath"
	"testing"
)

// TestScriptsAreClean: shellcheck finds nothing, and each script can be run.
func TestScriptsAreClean(t *testing.T) {
	t.Parallel()
	needs(t, "shellcheck")
	scripts, err := filepath.Glob(filepath.Join(root(t), "ci/*.sh"))
	if err != nil || len(scripts) < 5 {
		t.Fatalf("%q: %v", scripts, err)
	}
	if got := run(t, root(t), nil, "shellcheck", scripts...); got.code != 0 {
		t.Errorf("%s", got.out)
	}
	for _, s := range scripts {
		if info, err := os.Stat(s); err != nil || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", s, err)
		}
	}
}
