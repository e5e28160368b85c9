package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/netpol-doctor/netpol-doctor/plugin"
)

func TestReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), markdown(plugin.Reference())); diff != "" {
		t.Errorf("docs/cli.md is not what the commands say; make generate rewrites it (-file +commands):\n%s", diff)
	}
}

// TestReferenceIsWhole: every command and flag is told of, kubectl's flags once.
func TestReferenceIsWhole(t *testing.T) {
	t.Parallel()
	text := markdown(plugin.Reference())
	for _, c := range described(plugin.Reference()) {
		_, section, ok := strings.Cut(text, "\n## "+c.Name()+"\n")
		if !ok {
			t.Errorf("%s has no section", c.Name())
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		own, _ := plugin.ReferenceFlags(c)
		for _, f := range flagsOf(own) {
			if !strings.Contains(section, "--"+f.Name) {
				t.Errorf("the section of %s leaves --%s out", c.Name(), f.Name)
			}
		}
	}
	for _, hidden := range []string{"__complete", "## help"} {
		if strings.Contains(text, hidden) {
			t.Errorf("it tells of %s", hidden)
		}
	}
	for _, once := range []string{"`--client-key ", "`--request-timeout ", "| 130 |"} {
		if n := strings.Count(text, once); n != 1 {
			t.Errorf("%q is there %d times", once, n)
		}
	}
}

// TestManualPages are formatted without a warning, by each formatter that is there.
func TestManualPages(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	if err := run([]string{"man", dir}); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if want := 1 + len(described(plugin.Reference())); err != nil || len(pages) != want {
		t.Fatalf("%d pages, want %d (%v)", len(pages), want, err)
	}
	formatters := [][]string{{"mandoc", "-T", "lint", "-W", "warning"}, {"groff", "-man", "-Tutf8", "-ww", "-z"}}
	for _, f := range formatters {
		t.Run(f[0], func(t *testing.T) {
			if _, err := exec.LookPath(f[0]); err != nil {
				t.Skipf("!!!! SKIPPED: the manual pages are not formatted by %s: %v !!!!", f[0], err)
			}
			for _, page := range pages {
				out, err := exec.Command(f[0], append(f[1:], page)...).CombinedOutput()
				if err != nil || len(out) > 0 {
					t.Errorf("%s: %v: %s", filepath.Base(page), err, out)
				}
			}
			bad := filepath.Join(t.TempDir(), "bad.1")
			if err := os.WriteFile(bad, []byte(".TH BAD 1 2023-11-14\n.SH NAME\nbad \\- it\n.NOSUCH x\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, _ := exec.Command(f[0], append(f[1:], bad)...).CombinedOutput(); len(out) == 0 {
				t.Errorf("%s finds nothing wrong with a macro that does not exist", f[0])
			}
		})
	}
}

// TestManualPageText: what is typed stays what is typed, and no line becomes a request.
func TestManualPageText(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		".PP":         `\&.PP`,
		"'tis":        `\(aqtis`,
		`a\nb`:        `a\enb`,
		"--dry-run":   `\-\-dry\-run`,
		"plain text.": "plain text.",
	} {
		if got := roff(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	c := plugin.Reference()
	text := page(c, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	if !strings.HasPrefix(text, `.TH KUBECTL\-NETPOL\-DOCTOR 1 2026-01-02 netpol-doctor "User Commands"`) {
		t.Errorf("the page begins with %.100q", text)
	}
}

func TestReferenceTakesNothingElse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"man"}, {"html"}, {"man", "a", "b"}} {
		if run(args) == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
