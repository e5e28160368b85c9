package probe_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// schemaOf compiles the schema of a kind of document.
func schemaOf(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	for _, name := range []string{"common.json", "networkpluginprofile.json", kind + ".json"} {
		text, err := os.ReadFile(filepath.Join("../docs/schema", name))
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource(name, document); err != nil {
			t.Fatal(err)
		}
	}
	compiled, err := compiler.Compile(kind + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// TestDocuments: what is printed of a probe fits its schema, and says in every format what was seen.
func TestDocuments(t *testing.T) {
	t.Parallel()
	const b = "Backend 10.0.0.3:8080/TCP"
	ofProbe, ofDiagnosis := schemaOf(t, "probereport"), schemaOf(t, "diagnosis")
	for _, row := range []struct {
		destination string
		world       world
		says        string
	}{
		{"svc/api:80", nil, "Connected"},
		{"svc/api:80", world{"Name": stands("10.96.9.9")}, "10.96.9.9"},
		{"svc/api:80", world{"ResolverUDP": {Stdout: dug("NOERROR", "qr tc")}}, "truncated"},
		{"svc/api:80", world{"ResolverUDP": noDNS, "ResolverTCP": noDNS, "Name": noDNS}, "DNSTimedOut"},
		{"pod/api-b:8080", world{b: timedOut}, "(3 tries)"},
		{"pod/api-b:8080", world{b: lost}, "the stream was cut off"},
		{"pod/api-b:8080", world{b: refused, "Own": refused}, "Own address"},
		{"192.0.2.0/24:443", nil, "no address of its own"},
	} {
		d := diagnosed(t, town, "pod/client", row.destination)
		p, err := probe.NewPlan(d, probe.Options{Loopback: true})
		if err != nil {
			t.Fatal(err)
		}
		c := probe.Compare(d, p, probe.Carry(t.Context(), p, row.world.run))
		alone := report.NewProbeReport(d, c, report.Options{})
		if alone.Facts == nil || len(alone.Facts) != len(d.Facts) {
			t.Errorf("%s: facts %v, want %v", row.destination, alone.Facts, d.Facts)
		}
		c.Settle(d)
		for _, document := range []struct {
			report.Document
			schema *jsonschema.Schema
		}{{alone, ofProbe}, {report.NewDiagnosis(d, report.Options{Probe: c}), ofDiagnosis}} {
			for _, format := range report.Formats() {
				var out bytes.Buffer
				if err := report.Render(&out, format, document.Document, report.Style{Width: 1000}); err != nil {
					t.Fatal(err)
				}
				said := format == "json" || format == "yaml" || strings.Contains(strings.Join(strings.Fields(out.String()), " "), row.says)
				if !said {
					t.Errorf("%s, %s: %q is not in\n%s", row.destination, format, row.says, out.String())
				}
				if format != "json" {
					continue
				}
				decoded, err := jsonschema.UnmarshalJSON(&out)
				if err != nil {
					t.Fatal(err)
				}
				if err := document.schema.Validate(decoded); err != nil {
					t.Errorf("%s: %v", row.destination, err)
				}
			}
		}
	}
	// Where nothing could be tested, that is said.
	unable := report.NewDiagnosis(diagnosed(t, town, "pod/client", "svc/api:80"), report.Options{Unable: "you may not"})
	for _, format := range []string{"table", "markdown", "json"} {
		var out bytes.Buffer
		if err := report.Render(&out, format, unable, report.Style{}); err != nil || !strings.Contains(out.String(), "you may not") {
			t.Errorf("%s: %v\n%s", format, err, out.String())
		}
		if format == "json" {
			decoded, err := jsonschema.UnmarshalJSON(&out)
			if err != nil {
				t.Fatal(err)
			}
			if err := ofDiagnosis.Validate(decoded); err != nil {
				t.Error(err)
			}
		}
	}
}
