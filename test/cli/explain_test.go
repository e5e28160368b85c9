package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

func TestExplanationsFitTheirSchema(t *testing.T) {
	t.Parallel()
	compiled := schema(t, "explanation")
	for _, what := range []string{"netpol/payment-ingress", "netpol/default-deny", "deploy/payment", "svc/payment", "NPD301", "504"} {
		code, out, errs := run(t, "explain", what, "-n", "production", "-f", filepath.Join(shop, "base"), "-o", "json")
		if code != 0 || len(errs) > 0 {
			t.Errorf("%s: exit code %d, standard error %q", what, code, errs)
		}
		fits(t, compiled, out)
	}
}

// TestNoEscapeSequenceComesBack: what is typed may have been copied from a log with colours.
func TestNoEscapeSequenceComesBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\x1b[31m504\x1b[0m", "\x1b[31mnothing\x1b[0m known", "netpol/\x1b[31mred", "NPD301\x1b[0m"} {
		for _, format := range []string{"table", "markdown", "json", "yaml"} {
			_, out, errs := run(t, "explain", text, "-f", filepath.Join(shop, "base"), "-o", format)
			if bytes.ContainsRune(out, '\x1b') || strings.ContainsRune(string(errs), '\x1b') {
				t.Errorf("%q as %s: %q, %q", text, format, out, errs)
			}
		}
	}
}
