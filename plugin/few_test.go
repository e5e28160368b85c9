package plugin

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManyFilesAreNotReadAsAWhole: of many objects a step reads the namespace that it is about, says
// what it could not check, and finds it with -A.
func TestManyFilesAreNotReadAsAWhole(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&many, "apiVersion: v1\nkind: Service\nmetadata: {name: s%d, namespace: other}\nspec: {ports: [{port: 80}]}\n---\n", i)
	}
	const policy = `apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {}
  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}, podSelector: {matchLabels: {app: nothing}}}]}]
`
	for _, c := range []struct {
		name, text, flag string
		found            bool
	}{
		{"few", policy, "-n=shop", true},
		{"many", many.String() + policy, "-n=shop", false},
		{"many and all", many.String() + policy, "-An=shop", true},
	} {
		file := filepath.Join(t.TempDir(), "all.yaml")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := Main(t.Context(), []string{"policy", c.flag, "-f", file}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
		found, unchecked := strings.Contains(out.String(), "NPD603"), strings.Contains(out.String(), "checked only")
		if code != 0 || found != c.found || unchecked == c.found {
			t.Errorf("%s: exit code %d\n%s%s", c.name, code, &out, &errs)
		}
	}
}
