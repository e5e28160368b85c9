package file

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// TestTemplatesOfPoliciesAreGaps: a policy that is a template is neither an object nor forgotten,
// wherever the braces stand. What is no template, or of a kind that is not read, leaves no gap.
func TestTemplatesOfPoliciesAreGaps(t *testing.T) {
	t.Parallel()
	const header = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
	for _, c := range []struct {
		name, text string
		gap        bool
	}{
		{"the name", header + "metadata: {name: \"{{ .Release.Name }}\"}\nspec: {podSelector: {}}\n", true},
		{"around it", "{{- if .Values.policies }}\n" + header + "metadata:\n  name: a\n{{- end }}\n", true},
		{"in its spec", header + "metadata:\n  name: a\n  namespace: ns\nspec:\n  podSelector:\n    {{- toYaml .Values.x | nindent 4 }}\n", true},
		{"the version", "apiVersion: {{ include \"v\" . }}\n" + "kind: \"NetworkPolicy\" # one\nmetadata:\n  name: {{ .Values.name }}\n", true},
		{"another kind", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Values.name }}\n", false},
		{"no policy", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n", false},
		{"the kind", "apiVersion: v1\nkind: {{ .Values.kind }}\nmetadata:\n  name: x\n", false},
		{"no template", "kind: NetworkPolicy\na: b\n", false},
	} {
		dir := folder(t, "a.yaml", pod("ns", "a"), "templates/np.yaml", c.text)
		s := open(t, dir)
		snapshot := read(t, s, cluster.Scope{Namespaces: []string{"ns"}})
		gaps := slices.DeleteFunc(slices.Clone(snapshot.Gaps), func(g cluster.Gap) bool { return g.Reason != cluster.NotRendered })
		if len(snapshot.Policies) > 0 || (len(gaps) == 1) != c.gap || len(gaps) > 1 {
			t.Errorf("%s: policies %v, gaps %v", c.name, snapshot.Policies, gaps)
			continue
		}
		warnings := strings.Join(s.Warnings(), "\n")
		if c.gap && (gaps[0].Resource != "templates" || !strings.HasPrefix(strings.TrimPrefix(gaps[0].Name, dir), "/templates/np.yaml:1") ||
			!strings.Contains(warnings, "like a Helm template") || !strings.Contains(warnings, "helm template CHART")) {
			t.Errorf("%s: gap %+v, warnings %s", c.name, gaps[0], warnings)
		}
	}
}

// TestAChartAlone: where there is nothing but templates, the error says what they are and what to do.
func TestAChartAlone(t *testing.T) {
	t.Parallel()
	files := []string{"Chart.yaml", "apiVersion: v2\nname: x\n"}
	for i := range 4 {
		files = append(files, fmt.Sprintf("templates/%d.yaml", i), "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n")
	}
	files = append(files, "templates/z.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {{ .Values.name }}\n")
	_, err := Open(context.Background(), []string{folder(t, files...)}, Options{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"no Kubernetes objects found, but 5 documents look like Helm templates", "/templates/z.yaml:1 of a NetworkPolicy", "and 2 more", "helm template CHART | kubectl netpol-doctor"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q", err, want)
		}
	}
}

// TestObjectsWithoutASeparator: two manifests that were joined without a line between them.
func TestObjectsWithoutASeparator(t *testing.T) {
	t.Parallel()
	const hint = "a line with --- between the objects is missing?"
	for text, hinted := range map[string]bool{
		pod("ns", "a") + pod("ns", "b"):                                        true,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\nspec: {}\n": false,
	} {
		_, err := Open(context.Background(), []string{folder(t, "a.yaml", text)}, Options{})
		if (err != nil && strings.Contains(err.Error(), hint)) != hinted {
			t.Errorf("%s\n%v", text, err)
		}
	}
}
