package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const manifest = "../../krew/netpol-doctor.yaml"

var archives = []string{
	"kubectl-netpol_doctor_linux_amd64.tar.gz", "kubectl-netpol_doctor_linux_arm64.tar.gz",
	"kubectl-netpol_doctor_darwin_amd64.tar.gz", "kubectl-netpol_doctor_darwin_arm64.tar.gz",
	"kubectl-netpol_doctor_windows_amd64.zip", "kubectl-netpol_doctor_windows_arm64.zip",
}

func sum(name string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(name))) }

// dist is a folder as goreleaser leaves it.
func dist(t *testing.T, metadata, checksums string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"metadata.json": metadata, "checksums.txt": checksums} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func all() string {
	var b strings.Builder
	for _, name := range archives {
		fmt.Fprintf(&b, "%s  %s\n", sum(name), name)
	}
	return b.String()
}

// TestManifest looks at what krew's reviewers look at; what krew itself demands is in test/krew.
func TestManifest(t *testing.T) {
	var out strings.Builder
	if err := write(&out, manifest, dist(t, `{"version":"1.2.3"}`, all())); err != nil {
		t.Fatal(err)
	}
	var plugin struct {
		Metadata struct{ Name string }
		Spec     struct {
			Version, ShortDescription, Description, Caveats, Homepage string
			Platforms                                                 []struct {
				URI, SHA256, Bin string
				Selector         struct{ MatchLabels map[string]string }
				Files            []struct{ From, To string }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(out.String()), &plugin); err != nil {
		t.Fatal(err)
	}
	if plugin.Metadata.Name != "netpol-doctor" || plugin.Spec.Version != "v1.2.3" {
		t.Errorf("it is %s %s", plugin.Metadata.Name, plugin.Spec.Version)
	}
	short := plugin.Spec.ShortDescription
	if len(short) == 0 || len(short) > 50 || strings.HasSuffix(short, ".") || strings.Contains(strings.ToLower(short), "kubectl") {
		t.Errorf("short description %q: krew wants at most 50 characters, no full stop and not the word kubectl", short)
	}
	for what, text := range map[string]string{"description": plugin.Spec.Description, "caveats": plugin.Spec.Caveats} {
		for line := range strings.Lines(text) {
			if len(line) > 81 {
				t.Errorf("%s has a line that does not fit into 80 columns: %s", what, line)
			}
		}
		if text == "" {
			t.Errorf("no %s", what)
		}
	}
	if len(plugin.Spec.Platforms) != len(archives) {
		t.Fatalf("%d platforms, want %d", len(plugin.Spec.Platforms), len(archives))
	}
	for i, p := range plugin.Spec.Platforms {
		system, processor := p.Selector.MatchLabels["os"], p.Selector.MatchLabels["arch"]
		name := archives[i]
		if !strings.Contains(name, "_"+system+"_"+processor+".") {
			t.Errorf("platform %s/%s is not that of %s", system, processor, name)
		}
		if want := "https://github.com/netpol-doctor/netpol-doctor/releases/download/v1.2.3/" + name; p.URI != want {
			t.Errorf("uri %s, want %s", p.URI, want)
		}
		if p.SHA256 != sum(name) {
			t.Errorf("%s has the checksum of another", name)
		}
		bin := "kubectl-netpol_doctor"
		if system == "windows" {
			bin += ".exe"
		}
		if p.Bin != bin || len(p.Files) != 3 || p.Files[0].From != bin || p.Files[1].From != "LICENSE" || p.Files[2].From != "THIRD_PARTY_LICENSES" {
			t.Errorf("%s: bin %s, files %v", name, p.Bin, p.Files)
		}
	}
}

func TestRefused(t *testing.T) {
	version := `{"version":"1.2.3"}`
	for _, c := range []struct{ name, metadata, checksums, want string }{
		{"nothing was built", "", "", "make dist"},
		{"no version", `{}`, all(), "names no version"},
		{"not JSON", `version`, all(), "which version"},
		{"no checksums", version, "", "checksums.txt"},
		{"an archive that is missing", version, strings.Replace(all(), "windows_arm64", "plan9_arm64", 1), "kubectl-netpol_doctor_windows_arm64.zip is not listed"},
		{"a checksum that is none", version, "abc  kubectl-netpol_doctor_linux_amd64.tar.gz\n", "no SHA-256 checksum"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := write(&strings.Builder{}, manifest, dist(t, c.metadata, c.checksums))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}
