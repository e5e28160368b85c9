package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// documents are the pages whose examples are run: every block marked console.
func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	runbooks, err := filepath.Glob("docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(pages, runbooks, []string{"README.md", "examples/shop/README.md", "CONTRIBUTING.md", "SECURITY.md"})
}

var console = regexp.MustCompile("(?s)```console\n(.*?)```")

// TestDocumentedExamples runs what the documents show after a dollar sign and compares what they
// say it prints. Run with -update, it rewrites that.
func TestDocumentedExamples(t *testing.T) {
	t.Chdir("../..")
	examples := 0
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		next := console.ReplaceAllStringFunc(string(text), func(block string) string {
			examples++
			return "```console\n" + runBlock(t, console.FindStringSubmatch(block)[1]) + "```"
		})
		if *update {
			if err := os.WriteFile(page, []byte(next), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(text), next); diff != "" {
			t.Errorf("%s shows what is not so (-shown +real):\n%s", page, diff)
		}
	}
	if examples == 0 {
		t.Error("no document shows an example")
	}
}

// runBlock replaces what a block says its commands print by what they really print.
func runBlock(t *testing.T, block string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		args, ok := strings.CutPrefix(strings.TrimSpace(command), "kubectl netpol-doctor ")
		if !ok {
			t.Fatalf("an example runs %q; only kubectl netpol-doctor can be run", command)
		}
		fmt.Fprint(&out, line)
		_, stdout, stderr := run(t, strings.Fields(args)...)
		out.Write(stdout)
		out.Write(stderr)
	}
	return out.String()
}
