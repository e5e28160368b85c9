package pipelines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/plugin"
)

// asProgram makes the test binary the program.
const asProgram = "PIPELINES_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(plugin.Main(context.Background(), os.Args[1:], plugin.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
	}
	os.Exit(m.Run())
}

// program makes a program of this binary, under the name that a release has.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubectl-netpol_doctor")
	text := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asProgram, self)
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	return path
}

// root is the top of the repository.
func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// needs skips a test where a program that scripts call is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not in the PATH (make pipeline-packages installs it)", p)
		}
	}
}

// ran is what became of a command.
type ran struct {
	code        int
	out, errors string
}

// run runs a command in a folder with an environment of its own.
func run(t *testing.T, dir string, env map[string]string, name string, args ...string) ran {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "LC_ALL=C.UTF-8",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
	}
	for key, value := range env {
		c.Env = append(c.Env, key+"="+value)
	}
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("running %s: %v", name, err)
	}
	return ran{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// repository is a git repository.
type repository struct {
	t   *testing.T
	dir string
}

// newRepository makes one with a commit that has some files.
func newRepository(t *testing.T, files map[string]string) *repository {
	t.Helper()
	needs(t, "git", "bash")
	r := &repository{t, t.TempDir()}
	r.git("init", "--quiet", "--initial-branch=main", ".")
	r.commit(files)
	return r
}

func (r *repository) git(args ...string) string {
	r.t.Helper()
	done := run(r.t, r.dir, nil, "git", args...)
	if done.code != 0 {
		r.t.Fatalf("git %v: %s", args, done.errors)
	}
	return strings.TrimSpace(done.out)
}

// write writes files; an empty text deletes one.
func (r *repository) write(files map[string]string) {
	r.t.Helper()
	for name, text := range files {
		path := filepath.Join(r.dir, name)
		if text == "" {
			if err := os.Remove(path); err != nil {
				r.t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
}

// commit commits files and returns the id.
func (r *repository) commit(files map[string]string) string {
	r.t.Helper()
	r.write(files)
	return r.commitAll()
}

func (r *repository) commitAll() string {
	r.t.Helper()
	r.git("add", "--all")
	r.git("commit", "--quiet", "--allow-empty", "--message", "a commit")
	return r.git("rev-parse", "HEAD")
}

func (r *repository) link(name, target string) {
	r.t.Helper()
	if err := os.Symlink(target, filepath.Join(r.dir, name)); err != nil {
		r.t.Fatal(err)
	}
}

// diff runs diff.sh in the repository.
func (r *repository) diff(env map[string]string, args ...string) ran {
	r.t.Helper()
	all := map[string]string{"NETPOL_DOCTOR": program(r.t)}
	for key, value := range env {
		all[key] = value
	}
	return run(r.t, r.dir, all, filepath.Join(root(r.t), "ci/diff.sh"), args...)
}

// The manifests of the tests: a client and a web server, and a policy for that.
const (
	workloads = `apiVersion: v1
kind: Namespace
metadata: {name: a}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: a}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: client, namespace: a}
spec: {selector: {matchLabels: {app: client}}, template: {metadata: {labels: {app: client}}, spec: {containers: [{name: c, image: i}]}}}
`
	closed = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: a}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
`
	open = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: a}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: client}}}]
    ports: [{port: 8080}]
`
)

// before is a repository in which nothing reaches the web server.
func before(t *testing.T) *repository {
	t.Helper()
	return newRepository(t, map[string]string{"manifests/workloads.yaml": workloads, "manifests/policy.yaml": closed})
}
