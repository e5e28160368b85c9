package probe_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// TestMatrixDocuments: what is printed of a matrix fits its schema, and says in every format what
// differs and what is not known.
func TestMatrixDocuments(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t, "probematrix")
	const b = "Backend 10.0.0.3:8080/TCP"
	for _, row := range []struct {
		name, manifests, targets string
		world                    world
		unable                   string
		says                     []string
	}{
		{"as expected", town, "pod/client pod/api-a pod/api-b", world{b: timedOut}, "", []string{"2 work as expected, 2 are blocked as expected", "As expected"}},
		{"not enforced", town, "pod/client pod/api-a pod/api-b", nil, "", []string{"2 differ, 2 work as expected", "NPD801", "pod/api-a → pod/api-b:8080, pod/client → pod/api-b:8080", "still programming"}},
		{"lost", open, "pod/client pod/api-b", world{b: lost}, "", []string{"1 is not known", "the stream was cut off"}},
		{"nobody may", open, "pod/client pod/api-a pod/api-b", nil, "you may not", []string{"from pod/client: you may not"}},
		{"no port, no address, no source", open, "pod/done svc/many 192.0.2.0/24:443 [2001:db8::1]:53/udp api.example.com:443", nil, "", []string{"none of its pods is running", "1 of 4 ports"}},
		{"a name that does not run", open, "pod/client api.example.com:443", world{"Name": noDNS}, "", []string{"looking up api.example.com: DNSTimedOut"}},
		{"a port by its name", open, "pod/client svc/api:nope", nil, "", []string{"its number is not known"}},
	} {
		m, err := matrixOf(t, row.manifests+many("many", 1), row.targets, false)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if row.unable != "" {
			m.Sources[0].Unable = row.unable
		}
		if err := m.Run(t.Context(), 2, row.world.open, nothingDone); err != nil {
			t.Fatal(err)
		}
		document := report.NewProbeMatrix(m, report.Options{})
		for _, format := range report.MatrixFormats() {
			var out bytes.Buffer
			if err := report.Render(&out, format, document, report.Style{Width: 1000}); err != nil {
				t.Fatal(err)
			}
			text := strings.ToLower(strings.ReplaceAll(out.String(), "\\", ""))
			switch format {
			case "table", "markdown":
				for _, s := range row.says {
					if !strings.Contains(text, strings.ToLower(s)) {
						t.Errorf("%s, %s: %q is not in\n%s", row.name, format, s, out.String())
					}
				}
			case "csv":
				lines, err := csv.NewReader(&out).ReadAll()
				if err != nil || len(lines) != 1+len(m.Cells) {
					t.Errorf("%s: %v, %q", row.name, err, lines)
				}
			case "json":
				decoded, err := jsonschema.UnmarshalJSON(&out)
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(decoded); err != nil {
					t.Errorf("%s: %v\n%s", row.name, err, text)
				}
			}
		}
	}
}

// TestMatrixOrder: the order in which targets are typed does not change a document, nor does running
// it again.
func TestMatrixOrder(t *testing.T) {
	t.Parallel()
	documents := map[string]bool{}
	for _, targets := range []string{"pod/client pod/api-a pod/api-b svc/api:80", "svc/api:80 pod/api-b pod/api-a pod/client", "pod/client pod/api-a pod/api-b svc/api:80"} {
		m, err := matrixOf(t, town, targets, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Run(t.Context(), probe.MaxAttempts, world{"Backend": timedOut}.open, nothingDone); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := report.Render(&out, "json", report.NewProbeMatrix(m, report.Options{}), report.Style{}); err != nil {
			t.Fatal(err)
		}
		documents[out.String()] = true
	}
	if len(documents) != 1 {
		t.Errorf("%d documents of one matrix", len(documents))
	}
}
