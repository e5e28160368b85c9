package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// What objects are called cannot become a formula in a spreadsheet, an escape sequence of a
// terminal or markup in a chart, and does not break JSON or YAML.
func TestMapEscapesNames(t *testing.T) {
	t.Parallel()
	hostile := "=1+1\"]; <b>|\x1b[31m`#"
	s := (&cluster.Snapshot{}).Seal()
	row := flows.Row{
		Source:      flows.End{Ref: cluster.Ref{Kind: "Deployment", Namespace: hostile, Name: hostile}},
		Destination: flows.End{Ref: cluster.Ref{Kind: "Pod", Namespace: "a", Name: hostile}},
		Answer:      flows.Answer{Ports: flows.Ports{Must: flows.EveryPort(), May: flows.EveryPort()}},
	}
	written := map[string]string{}
	for _, format := range MapFormats() {
		m := NewMap(s, nil, policy.Plugin{Name: "cilium", Enforces: policy.Yes}, flows.ByWorkload, MapFilter{Ports: flows.EveryPort()}, Options{}, func(yield func(flows.Row) error) error { return yield(row) })
		var out bytes.Buffer
		if err := m.Render(&out, format, Style{}); err != nil {
			t.Fatal(err)
		}
		written[format] = out.String()
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("%s: an escape sequence", format)
		}
	}
	if err := json.Unmarshal([]byte(written["json"]), &map[string]any{}); err != nil {
		t.Error(err)
	}
	if err := yaml.Unmarshal([]byte(written["yaml"]), &map[string]any{}); err != nil {
		t.Error(err)
	}
	lines, err := csv.NewReader(strings.NewReader(written["csv"])).ReadAll()
	if err != nil || len(lines) != 4 || !strings.HasPrefix(lines[1][1], "'=") {
		t.Errorf("%v %q", err, lines)
	}
	if strings.Contains(written["mermaid"], "<b>") || strings.Contains(written["markdown"], "<b>") || strings.Count(written["mermaid"], `"`)%2 != 0 {
		t.Errorf("markup in %s%s", written["mermaid"], written["markdown"])
	}
}

// A format that there is not is an error that names the others.
func TestMapUnknownFormat(t *testing.T) {
	t.Parallel()
	if err := (&Map{}).Render(&bytes.Buffer{}, "svg", Style{}); err == nil || !strings.Contains(err.Error(), "mermaid") {
		t.Error(err)
	}
}
