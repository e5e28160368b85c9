package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"sigs.k8s.io/yaml"
)

// matrixOf makes the document of a matrix of n pods whose names hold a text.
func matrixOf(n int, text string) *ProbeMatrix {
	d := &ProbeMatrix{Header: Header{APIVersion, "ProbeMatrix"}, Result: "Fails", Cells: []MatrixCell{}, Facts: []Fact{}, Gaps: []Gap{}, Plugin: Plugin{Name: "cilium", Evidence: []string{}}}
	end := func(i int) Endpoint {
		return Endpoint{Kind: "Deployment", Namespace: "shop", Name: fmt.Sprintf("%s-%02d", text, i)}
	}
	for i := range n {
		d.Sources = append(d.Sources, MatrixSource{Source: end(i)})
		for j := range n {
			if i != j {
				d.Cells = append(d.Cells, MatrixCell{
					Source: end(i), Destination: end(j), Protocol: "TCP", Port: 8080, Predicted: "Denied", Observed: "Connected", Agreement: "Contradicts",
					Code: "NPD801", Meaning: text, standing: standing((i + j) % 4), advice: text,
				})
			}
		}
	}
	d.Sources[0].Unable, d.NotTried, d.Notes = text, []string{text}, []string{text}
	return d
}

// A matrix fits the width: with names above the columns, with numbers, as a list.
func TestMatrixFitsTheWidth(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		n, width   int
		shows, not string
	}{
		{3, 80, "from           deploy/web-00:8080  deploy/web-01:8080", "\n  1  deploy"},
		{4, 80, "from           1  2  3  4\n", "from           deploy"},
		{4, 80, "  4  deploy/web-03:8080\n", "from           deploy"},
		{18, 80, "from           1  2  3", "from           deploy"},
		{20, 80, "  ✔  deploy/web-00 → deploy/web-01:8080\n", "from           "},
		{9, 40, "  ✔  deploy/web-00 → deploy/web-01:8080\n", "from           "},
	} {
		var out bytes.Buffer
		if err := Render(&out, "table", matrixOf(row.n, "web"), Style{Width: row.width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := twwidth.Width(strings.TrimRight(line, "\n")); n > row.width {
				t.Errorf("%d targets at %d columns: a line of %d: %s", row.n, row.width, n, line)
			}
		}
		if !strings.Contains(out.String(), row.shows) || strings.Contains(out.String(), row.not) {
			t.Errorf("%d targets at %d columns:\n%s", row.n, row.width, out.String())
		}
	}
}

// The table as it is seen, and the same without colour.
func TestMatrixTable(t *testing.T) {
	t.Parallel()
	var plain, coloured bytes.Buffer
	d := matrixOf(3, "web")
	d.Sources[0].Unable, d.NotTried, d.Notes = "", nil, nil
	if err := Render(&plain, "table", d, Style{}); err != nil {
		t.Fatal(err)
	}
	const want = `
  Tested on the network, in namespace shop

  from           deploy/web-00:8080  deploy/web-01:8080  deploy/web-02:8080
  deploy/web-00  -                   ✔                   ■
  deploy/web-01  ✔                   -                   ✘
  deploy/web-02  ■                   ✘                   -
`
	if !strings.HasPrefix(plain.String(), want) {
		t.Errorf("got:\n%s", plain.String())
	}
	if err := Render(&coloured, "table", d, Style{Color: true}); err != nil {
		t.Fatal(err)
	}
	stripped := coloured.String()
	for _, c := range []string{red, green, yellow, bold, bold + ";" + red, "0"} {
		stripped = strings.ReplaceAll(stripped, "\x1b["+c+"m", "")
	}
	if stripped != plain.String() || coloured.String() == plain.String() {
		t.Errorf("without its colours it is another table:\n%s", stripped)
	}
}

// What objects are called cannot become a formula, an escape sequence or markup.
func TestMatrixEscapesNames(t *testing.T) {
	t.Parallel()
	hostile := "=1+1\"]; <b>|\x1b[31m`#"
	written := map[string]string{}
	for _, format := range MatrixFormats() {
		var out bytes.Buffer
		if err := Render(&out, format, matrixOf(2, hostile), Style{}); err != nil {
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
	if err != nil || len(lines) != 3 || !strings.HasPrefix(lines[1][2], "'=") {
		t.Errorf("%v %q", err, lines)
	}
	if strings.Contains(strings.ReplaceAll(written["markdown"], `\<`, ""), "<b>") || strings.Contains(written["markdown"], " <b") {
		t.Errorf("markup in %s", written["markdown"])
	}
}

// Only what can be a CSV file is one.
func TestMatrixFormatsAreItsOwn(t *testing.T) {
	t.Parallel()
	if err := Render(&bytes.Buffer{}, "csv", document("x"), Style{}); err == nil {
		t.Error("a diagnosis is a CSV file")
	}
	if err := Render(&bytes.Buffer{}, "mermaid", matrixOf(2, "x"), Style{}); err == nil {
		t.Error("a matrix is a chart")
	}
}
