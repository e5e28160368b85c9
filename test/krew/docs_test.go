package krew

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// A block is one of commands in a document, with what a comment before it says why it cannot be run.
type block struct {
	section, text, reason string
}

var (
	fenced  = regexp.MustCompile("(?ms)(?:^<!-- not run: ([^\n]+?) -->\n)?^```sh\n(.*?)^```$")
	heading = regexp.MustCompile(`(?m)^## (.+)$`)
)

func blocks(page string) []block {
	var all []block
	starts := heading.FindAllStringSubmatchIndex(page, -1)
	for i, m := range starts {
		end := len(page)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		for _, b := range fenced.FindAllStringSubmatch(page[m[0]:end], -1) {
			all = append(all, block{section: page[m[2]:m[3]], reason: b[1], text: b[2]})
		}
	}
	return all
}

// TestDocumented runs the commands of docs/install.md. Each section starts on a machine of its own, where
// the internet is this repository and what was built of it: git finds a clone, curl and krew the release,
// Go the module. A block whose commands print no version is one that only removes.
func TestDocumented(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the commands are those for linux/amd64")
	}
	page := read(t, "../../docs/install.md")
	want := map[string]string{
		"From a clone": "commit", "With go install": "module", "From a release": "release",
		"With krew, from a clone": "release", "By name with krew": "release", "Uninstall": "",
	}
	ran := map[string]string{}
	homes := map[string]*home{}
	for _, b := range blocks(page) {
		if b.reason != "" {
			continue
		}
		h := homes[b.section]
		if h == nil {
			h = online(t)
			homes[b.section] = h
			if b.section == "Uninstall" {
				h.run("kubectl krew install netpol-doctor")
			}
		}
		ran[b.section] += h.run(`cd "$(cat "$HOME/.folder" 2>/dev/null || echo "$HOME")"` + "\n" + b.text + "\n" + `pwd > "$HOME/.folder"`)
	}
	r := built(t)
	for section, what := range want {
		out, ok := ran[section]
		if !ok {
			t.Errorf("docs/install.md runs nothing under %q", section)
			continue
		}
		version := map[string]string{
			"commit": "\n  commit     " + head(t) + "\n", "module": "netpol-doctor " + moduleVersion + "\n", "release": "netpol-doctor " + r.version + "\n",
		}[what]
		if !strings.Contains(out, version) {
			t.Errorf("%s does not install what it says (%q):\n%s", section, version, out)
		}
	}
	for section := range ran {
		if _, ok := want[section]; !ok {
			t.Errorf("nothing is expected of %q", section)
		}
	}
	if left := homes["Uninstall"].remaining(); len(left) > 0 {
		t.Errorf("uninstalled, and there remain %v", left)
	}
}

// TestBlocks shows that a block is only left out with a reason.
func TestBlocks(t *testing.T) {
	got := blocks("# Page\n\n## One\n\n```sh\na\nb\n```\n\n<!-- not run: far away -->\n```sh\nc\n```\n## Two\n```powershell\nd\n```\n```sh\ne\n```\n")
	want := []block{{"One", "a\nb\n", ""}, {"One", "c\n", "far away"}, {"Two", "e\n", ""}}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("block %d is %q, want %q", i, got[i], want[i])
		}
	}
}

// moduleVersion is the only version of the module that Go finds.
const moduleVersion = "v0.999.0"

// online is a home with stand-ins for what is on the internet.
func online(t *testing.T) *home {
	t.Helper()
	h := newHome(t)
	r := built(t)
	h.index(r.served(t))
	h.link(dist(""), filepath.Join(h.dir, "dist"))
	curl := h.write("programs/curl", `#!/bin/sh
for address; do :; done
case $address in https://github.com/netpol-doctor/netpol-doctor/releases/*) ;; *) echo "no such address: $address" >&2; exit 6;; esac
exec cp "$NETPOL_DOCTOR_DIST/${address##*/}" .
`)
	if err := os.Chmod(curl, 0o700); err != nil {
		t.Fatal(err)
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	h.link(tool, filepath.Join(h.dir, "programs/go"))
	proxy := filepath.Join(h.dir, "proxy")
	h.publish(proxy)
	h.env = append(h.env,
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+root(t)+".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/netpol-doctor/netpol-doctor",
		// Modules come from where this machine has them, and nothing is kept that the module of the test is in.
		"GOPROXY=file://"+proxy+",file://"+filepath.Join(goEnv(t, "GOMODCACHE"), "cache/download")+","+goEnv(t, "GOPROXY"),
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOPATH=", "GOMODCACHE=", "GOBIN=", "GOSUMDB=off",
		// So that what make build compiled is found in the cache, wherever the modules are.
		"CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false -modcacherw",
	)
	return h
}

// publish makes a module proxy with the commit that is checked out.
func (h *home) publish(dir string) {
	h.t.Helper()
	const path = "github.com/netpol-doctor/netpol-doctor"
	clone := filepath.Join(h.dir, "module")
	output(h.t, "git", "clone", "-q", root(h.t), clone)
	at := "proxy/" + path + "/@v/"
	h.write(at+"list", moduleVersion+"\n")
	h.write(at+moduleVersion+".info", `{"Version":"`+moduleVersion+`","Time":"2026-01-01T00:00:00Z"}`)
	h.write(at+moduleVersion+".mod", read(h.t, filepath.Join(clone, "go.mod")))
	out, err := os.Create(filepath.Join(dir, path, "@v", moduleVersion+".zip"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer out.Close()
	if err := zip.CreateFromDir(out, module.Version{Path: path, Version: moduleVersion}, clone); err != nil {
		h.t.Fatal(err)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func head(t *testing.T) string { return output(t, "git", "rev-parse", "HEAD") }

func goEnv(t *testing.T, name string) string { return output(t, "go", "env", name) }

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return strings.TrimSpace(string(out))
}
