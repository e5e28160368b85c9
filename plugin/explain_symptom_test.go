package plugin

import (
	"bytes"
	"strings"
	"testing"
)

// TestASymptomNeedsNoCluster: one word may be the name of an object, so the cluster is asked; where
// there is none, that is no matter.
func TestASymptomNeedsNoCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", "/nonexistent/config")
	for _, c := range []struct {
		word string
		code int
		err  string
	}{
		{"unhealthy", 0, ""},
		{"xyzzy", 3, "reading the cluster"}, // no symptom: that it could not be read is the answer,
	} {
		var out, err bytes.Buffer
		code := Main(t.Context(), []string{"explain", c.word}, Streams{In: strings.NewReader(""), Out: &out, Err: &err, Getenv: func(string) string { return "" }})
		if code != c.code || c.err == "" && err.Len() > 0 || !strings.Contains(out.String()+err.String(), c.err) {
			t.Errorf("explain %s: exit %d, %s%s", c.word, code, &out, &err)
		}
	}
}
