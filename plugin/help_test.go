package plugin

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelp: the help of every command has an example and the exit codes, does not bury them under
// kubectl's flags, and fits 80 columns but for lines that are meant to be copied.
func TestHelp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	streams := Streams{In: strings.NewReader(""), Out: &out, Err: &out, Getenv: func(string) string { return "" }}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		out.Reset()
		args := append(strings.Fields(c.CommandPath())[2:], "--help") // without "kubectl netpol-doctor"
		if code := Main(t.Context(), args, streams); code != exitWorks {
			t.Errorf("%v ends with %d", args, code)
		}
		for _, want := range []string{"\nExamples:\n", "\nExit codes:\n  0    works"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%v does not say %q", args, want)
			}
		}
		if strings.Contains(out.String(), "--client-key") {
			t.Errorf("%v lists kubectl's flags, which have a page of their own", args)
		}
		if hint := strings.Contains(out.String(), "netpol-doctor options\" for"); hint != (c.Flags().Lookup("kubeconfig") != nil) {
			t.Errorf("%v points at kubectl's flags: %v", args, hint)
		}
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 && !strings.HasPrefix(line, "  kubectl ") {
				t.Errorf("%v has a line of %d columns: %s", args, n, line)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(streams))
}

func TestOptionsListsKubectlsFlagsOnly(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := Main(t.Context(), []string{"options"}, Streams{In: strings.NewReader(""), Out: &out, Err: &out, Getenv: func(string) string { return "" }}); code != exitWorks {
		t.Errorf("ends with %d", code)
	}
	for flag, want := range map[string]bool{"--kubeconfig ": true, "--as-group ": true, "--namespace ": false, "--filename ": false, "--with ": false} {
		if strings.Contains(out.String(), flag) != want {
			t.Errorf("lists %s: %v", flag, !want)
		}
	}
}
