package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/netpol-doctor/netpol-doctor/plugin"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// run is one run of the command line: how it ended and what it printed.
type run struct {
	code           int
	stdout, stderr string
}

// doctor runs the command line as main does, with streams that are no terminal and an empty
// environment.
func doctor(ctx context.Context, arguments ...string) run {
	var stdout, stderr bytes.Buffer
	code := plugin.Main(ctx, arguments, plugin.Streams{
		In:     bytes.NewReader(nil),
		Out:    &stdout,
		Err:    &stderr,
		Getenv: func(string) string { return "" },

		Patience: time.Minute, // a busy machine is no reason to give up
	})
	return run{code, stdout.String(), stderr.String()}
}

// document is the answer of a run, decoded. What a StepReport has in common with a Diagnosis is
// decoded from that, too.
type document struct {
	report.Diagnosis
	run
}

// diagnose asks for a Diagnosis in JSON. What is wrong with the question or with the server fails
// the test; a bad diagnosis does not.
func diagnose(t *testing.T, arguments ...string) document {
	t.Helper()
	d := document{run: doctor(t.Context(), append([]string{"diagnose", "-o", "json"}, arguments...)...)}
	if err := json.Unmarshal([]byte(d.stdout), &d.Diagnosis); err != nil {
		t.Fatalf("diagnose %q: no document (%v): %+v", arguments, err, d.run)
	}
	if d.stderr != "" {
		t.Errorf("diagnose %q said on standard error: %s", arguments, d.stderr)
	}
	return d
}

// bare is the document without what may differ between files, a live cluster and a snapshot of
// the same objects: where an object is from, when it was seen, what runs the network and what
// could not be read.
func (d document) bare(t *testing.T) []byte {
	t.Helper()
	var content map[string]any
	if err := json.Unmarshal([]byte(d.stdout), &content); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"observedAt", "plugin", "gaps"} {
		delete(content, field)
	}
	forget(content, "origin")
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// sameDocument fails the test when two answers to one question differ in more than they may.
func sameDocument(t *testing.T, aName string, a document, bName string, b document) {
	t.Helper()
	if difference := diff.Diff(aName, a.bare(t), bName, b.bare(t)); difference != nil {
		t.Errorf("the documents differ:\n%s", difference)
	}
	if a.code != b.code {
		t.Errorf("exit code %d from %s, %d from %s", a.code, aName, b.code, bName)
	}
}

// forget removes a field wherever it is.
func forget(value any, field string) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, field)
		for _, inner := range v {
			forget(inner, field)
		}
	case []any:
		for _, inner := range v {
			forget(inner, field)
		}
	}
}
