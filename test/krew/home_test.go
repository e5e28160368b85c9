package krew

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A home is a machine of its own for a test, as far as krew and kubectl see: a home directory, a krew
// without plugins, and a PATH with nothing on it but kubectl, krew and the system's own programs.
type home struct {
	t   *testing.T
	dir string
	env []string
}

func newHome(t *testing.T) *home {
	t.Helper()
	programs := os.Getenv("NETPOL_DOCTOR_KREW")
	if programs == "" || os.Getenv("NETPOL_DOCTOR_DIST") == "" {
		t.Skip("NETPOL_DOCTOR_KREW and NETPOL_DOCTOR_DIST are not set: make krew-test builds what they name")
	}
	h := &home{t: t, dir: t.TempDir()}
	bin := filepath.Join(h.dir, "programs")
	for link, program := range map[string]string{
		"kubectl": "kubectl", "kubectl-krew": "krew", "krew": "krew", "validate-krew-manifest": "validate-krew-manifest",
	} {
		h.link(filepath.Join(programs, program), filepath.Join(bin, link))
	}
	h.env = append(os.Environ(),
		"HOME="+h.dir,
		"KREW_ROOT="+h.root(),
		"KUBECONFIG="+filepath.Join(h.dir, "kubeconfig"),
		"PATH="+strings.Join([]string{bin, filepath.Join(h.root(), "bin"), "/usr/bin", "/bin"}, string(os.PathListSeparator)),
	)
	return h
}

// root is where krew keeps what it installs.
func (h *home) root() string { return filepath.Join(h.dir, ".krew") }

func (h *home) link(from, to string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Symlink(from, to); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) write(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// command runs a line of sh in the home directory and returns all that it printed.
func (h *home) command(line string) (string, error) {
	cmd := exec.CommandContext(h.t.Context(), "sh", "-euc", line)
	cmd.Dir, cmd.Env = h.dir, h.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run is command where nothing may fail.
func (h *home) run(line string) string {
	h.t.Helper()
	out, err := h.command(line)
	if err != nil {
		h.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return out
}

// fails is command where something must fail and say so.
func (h *home) fails(line, want string) {
	h.t.Helper()
	out, err := h.command(line)
	if err == nil || !strings.Contains(out, want) {
		h.t.Errorf("%s: error %v, want one that says %q:\n%s", line, err, want, out)
	}
}

// A release is what goreleaser built.
type release struct {
	version, commit string
	manifest        string
}

func built(t *testing.T) release {
	t.Helper()
	var metadata struct{ Version, Commit string }
	if err := json.Unmarshal([]byte(read(t, dist("metadata.json"))), &metadata); err != nil {
		t.Fatal(err)
	}
	if metadata.Version == "" || metadata.Commit == "" {
		t.Fatalf("goreleaser says that it built %+v", metadata)
	}
	return release{"v" + metadata.Version, metadata.Commit, read(t, dist("netpol-doctor.yaml"))}
}

// served is the manifest with addresses at which a server of the test really has the archives.
func (r release) served(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.FileServer(http.Dir(dist(""))))
	t.Cleanup(server.Close)
	const published = "https://github.com/netpol-doctor/netpol-doctor/releases/download/"
	if n := strings.Count(r.manifest, published+r.version+"/"); n != 6 {
		t.Fatalf("the manifest names %d archives of %s%s, want 6:\n%s", n, published, r.version, r.manifest)
	}
	return strings.ReplaceAll(r.manifest, published+r.version, server.URL)
}

func dist(name string) string { return filepath.Join(os.Getenv("NETPOL_DOCTOR_DIST"), name) }

// archive is that of this machine.
func archive() string {
	return dist("kubectl-netpol_doctor_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// remaining lists what krew keeps of the plugin.
func (h *home) remaining() []string {
	h.t.Helper()
	var left []string
	for _, dir := range []string{"bin", "store", "receipts"} {
		entries, err := os.ReadDir(filepath.Join(h.root(), dir))
		if err != nil {
			h.t.Fatal(err)
		}
		for _, e := range entries {
			left = append(left, dir+"/"+e.Name())
		}
	}
	return left
}
