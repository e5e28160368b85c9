package pipelines

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// hook is one of .pre-commit-hooks.yaml.
type hook struct {
	ID       string `json:"id"`
	Language string `json:"language"`
	Entry    string `json:"entry"`
}

func hooks(t *testing.T) []hook {
	t.Helper()
	var out []hook
	if err := yaml.Unmarshal([]byte(read(t, filepath.Join(root(t), ".pre-commit-hooks.yaml"))), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestHooks: with the arguments of docs/pipelines.md, what is staged is compared with the last commit, and what is
// not staged is not looked at.
func TestHooks(t *testing.T) {
	t.Parallel()
	r, env := before(t), map[string]string{"NETPOL_DOCTOR": program(t)}
	all := hooks(t)
	entry := func(id string) string {
		i := slices.IndexFunc(all, func(h hook) bool { return h.ID == id })
		if i < 0 || all[i].Language != "script" {
			t.Fatalf("no script for %s", id)
		}
		return filepath.Join(root(t), all[i].Entry)
	}
	call := func() ran {
		return run(t, r.dir, env, entry("netpol-doctor-diff"), "--manifests", "manifests", "--fail-on", "opened")
	}
	r.write(map[string]string{"manifests/policy.yaml": open})
	if got := call(); got.code != 0 {
		t.Errorf("not staged: %+v", got)
	}
	r.git("add", "--all")
	if got := call(); got.code != 1 || !strings.Contains(got.out, "1 opened") {
		t.Errorf("staged: %+v", got)
	}
	// As in a pipeline, where git knows no author and may not guess one.
	anonymous := map[string]string{"NETPOL_DOCTOR": env["NETPOL_DOCTOR"], "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.useConfigOnly", "GIT_CONFIG_VALUE_0": "true"}
	args := []string{"-u", "GIT_AUTHOR_NAME", "-u", "GIT_AUTHOR_EMAIL", "-u", "GIT_COMMITTER_NAME", "-u", "GIT_COMMITTER_EMAIL", entry("netpol-doctor-diff"), "--manifests", "manifests", "--fail-on", "opened"}
	if got := run(t, r.dir, anonymous, "env", args...); got.code != 1 || !strings.Contains(got.out, "1 opened") {
		t.Errorf("without an author: %+v", got)
	}
	if got := run(t, r.dir, env, entry("netpol-doctor-policy"), "-f", "manifests"); got.code != 0 || !strings.Contains(got.out, "all namespaces") {
		t.Errorf("policy: %+v", got)
	}
}

// TestPreCommit: the same by the program pre-commit itself, from a clone of this repository's hooks.
func TestPreCommit(t *testing.T) {
	t.Parallel()
	needs(t, "pre-commit")
	hooks := newRepository(t, map[string]string{".pre-commit-hooks.yaml": read(t, filepath.Join(root(t), ".pre-commit-hooks.yaml"))})
	if err := os.CopyFS(filepath.Join(hooks.dir, "ci"), os.DirFS(filepath.Join(root(t), "ci"))); err != nil {
		t.Fatal(err)
	}
	revision := hooks.commitAll()
	r := before(t)
	r.commit(map[string]string{".pre-commit-config.yaml": `repos:
- repo: ` + hooks.dir + `
  rev: ` + revision + `
  hooks:
  - id: netpol-doctor-diff
    args: [--manifests, manifests, --fail-on, opened]
`})
	env := map[string]string{"NETPOL_DOCTOR": program(t), "PRE_COMMIT_HOME": t.TempDir()}
	call := func() ran { return run(t, r.dir, env, "pre-commit", "run") }
	r.write(map[string]string{"manifests/policy.yaml": closed + "# a comment\n"})
	r.git("add", "--all")
	if got := call(); got.code != 0 || !strings.Contains(got.out, "Passed") {
		t.Errorf("nothing changes: %+v", got)
	}
	r.write(map[string]string{"manifests/policy.yaml": open})
	r.git("add", "--all")
	if got := call(); got.code != 1 || !strings.Contains(got.out, "1 opened") {
		t.Errorf("a flow is opened: %+v", got)
	}
	r.git("reset", "--quiet", "--hard")
	r.write(map[string]string{"manifests/policy.yaml": ""}) // nothing isolates the web server any more
	r.git("add", "--all")
	if got := call(); got.code != 1 || !strings.Contains(got.out, "policy removed") {
		t.Errorf("a policy is deleted: %+v", got)
	}
}
