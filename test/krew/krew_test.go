package krew

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestManifest does what krew's index does with a plugin that is proposed: it installs it for each
// platform, from the addresses in the manifest.
func TestManifest(t *testing.T) {
	h := newHome(t)
	h.write("netpol-doctor.yaml", built(t).served(t))
	out := h.run("validate-krew-manifest -manifest netpol-doctor.yaml")
	if !strings.Contains(out, "all 6 spec.platforms installed fine") {
		t.Errorf("not all platforms were installed:\n%s", out)
	}
}

// TestRefused shows that the test above can fail: each is one change to the manifest.
func TestRefused(t *testing.T) {
	h := newHome(t)
	manifest := built(t).served(t)
	for _, c := range []struct{ name, from, to, want string }{
		{"version without v", "version: v", "version: ", "failed to parse plugin version"},
		{"no short description", "shortDescription:", "unknown:", "short description"},
		{"another name than the file's", "name: netpol-doctor", "name: other", "should be named"},
		{"an older manifest", "/v1alpha2", "/v1alpha1", "not supported"},
		{"no checksum", "sha256: .*", "sha256: none", "must match pattern"},
		{"the checksum of something else", "sha256: .*", "sha256: " + strings.Repeat("f", 64), "checksum does not match"},
		{"no licence", "    - from: LICENSE\n      to: .\n", "", "license file"},
		{"a program that is not there", "bin: kubectl-netpol_doctor\n", "bin: absent-program\n", "absent-program"},
		{"two for one platform", "arch: arm64", "arch: amd64", "overlapping"},
		{"a platform that krew does not know", "os: darwin", "os: plan9", "doesn't match any supported platforms"},
		{"an archive that is not there", "kubectl-netpol_doctor_linux_amd64", "kubectl-netpol_doctor_linux_riscv64", "checksum does not match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := regexp.MustCompile(c.from).ReplaceAllLiteralString(manifest, c.to)
			if changed == manifest {
				t.Fatalf("the manifest has no %q", c.from)
			}
			h := &home{t: t, dir: h.dir, env: h.env}
			h.write("netpol-doctor.yaml", changed)
			h.fails("validate-krew-manifest -manifest netpol-doctor.yaml", c.want)
		})
	}
}

// TestArchive is the way from a folder that somebody built.
func TestArchive(t *testing.T) {
	h, r := newHome(t), built(t)
	h.index(r.manifest) // krew uninstalls nothing without an index, however the plugin came
	h.write("netpol-doctor.yaml", r.manifest)
	h.link(archive(), filepath.Join(h.dir, "archive.tar.gz"))

	out := h.run("kubectl krew install --manifest=netpol-doctor.yaml --archive=archive.tar.gz")
	if !strings.Contains(out, "Installed plugin: netpol-doctor") || !strings.Contains(out, "never reads") {
		t.Errorf("krew says nothing of the plugin, or of its caveats:\n%s", out)
	}
	h.works(r)
	if out := h.run("kubectl plugin list"); !strings.Contains(out, "/bin/kubectl-netpol_doctor\n") || strings.Contains(out, "warning") {
		t.Errorf("kubectl does not list the plugin, or warns of it:\n%s", out)
	}
	want := []string{"bin/kubectl-netpol_doctor", "store/netpol-doctor", "receipts/netpol-doctor.yaml"}
	if left := h.remaining(); !slices.Equal(left, want) {
		t.Errorf("krew has %v, want %v", left, want)
	}
	for _, name := range []string{"LICENSE", "THIRD_PARTY_LICENSES"} {
		if text := read(t, filepath.Join(h.root(), "store/netpol-doctor", r.version, name)); text == "" {
			t.Errorf("%s is empty", name)
		}
	}

	h.run("kubectl krew uninstall netpol-doctor")
	if left := h.remaining(); len(left) > 0 {
		t.Errorf("uninstalled, and there remain %v", left)
	}
	h.fails("kubectl netpol-doctor version", `unknown command "netpol-doctor"`)
}

func TestChangedArchive(t *testing.T) {
	h := newHome(t)
	h.write("netpol-doctor.yaml", built(t).manifest)
	h.write("archive.tar.gz", read(t, archive())+"more")
	h.fails("kubectl krew install --manifest=netpol-doctor.yaml --archive=archive.tar.gz", "checksum does not match")
	if left := h.remaining(); len(left) > 0 {
		t.Errorf("nothing was installed, and there is %v", left)
	}
}

// TestIndex is the way once krew's index has the plugin.
func TestIndex(t *testing.T) {
	h, r := newHome(t), built(t)
	manifest := r.served(t)
	h.index(manifest)
	if out := h.run("kubectl krew search netpol"); !strings.Contains(out, "netpol-doctor") {
		t.Errorf("the plugin is not found:\n%s", out)
	}
	h.run("kubectl krew install netpol-doctor")
	h.works(r)

	h.fails("kubectl krew upgrade netpol-doctor", "the newest version is already installed")
	h.index(strings.Replace(manifest, "version: "+r.version, "version: v999.0.0", 1))
	h.run("kubectl krew upgrade netpol-doctor")
	if _, err := os.Stat(filepath.Join(h.root(), "store/netpol-doctor/v999.0.0/kubectl-netpol_doctor")); err != nil {
		t.Errorf("upgraded, and there is no new version: %v", err)
	}
	h.run("kubectl krew uninstall netpol-doctor")
	if left := h.remaining(); len(left) > 0 {
		t.Errorf("uninstalled, and there remain %v", left)
	}
}

// index makes a repository with the manifest the home's index of plugins.
func (h *home) index(manifest string) {
	h.t.Helper()
	h.write("index/plugins/netpol-doctor.yaml", manifest)
	h.run(`cd index && git init -q && git add -A &&
		git -c user.name=test -c user.email=test@example.com commit -qm "a version"`)
	if _, err := os.Stat(filepath.Join(h.root(), "index")); err != nil {
		h.env = append(h.env, "KREW_DEFAULT_INDEX_URI=file://"+filepath.Join(h.dir, "index"))
		h.run("kubectl krew update")
	}
}

// works says that kubectl runs the plugin, and that it is the one that was built.
func (h *home) works(r release) {
	h.t.Helper()
	out := h.run("kubectl netpol-doctor version")
	if !strings.HasPrefix(out, "netpol-doctor "+r.version+"\n") || !strings.Contains(out, r.commit) {
		h.t.Errorf("built %s of commit %s, installed is\n%s", r.version, r.commit, out)
	}
	shop, err := filepath.Abs("../../examples/shop")
	if err != nil {
		h.t.Fatal(err)
	}
	out = h.run("kubectl netpol-doctor diagnose deploy/order svc/inventory:80 -n production -f " + shop + "/base")
	if !strings.Contains(out, "Works") && !strings.Contains(out, "WORKS") {
		h.t.Errorf("the installed plugin does not diagnose the shop:\n%s", out)
	}
}
