package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Document is what a command answers with.
type Document interface {
	table(w io.Writer, s Style) error
	markdown(w io.Writer) error
}

// renderers holds one function for each format, by the name that --output takes.
var renderers = map[string]func(io.Writer, Document, Style) error{
	"table":    func(w io.Writer, d Document, s Style) error { return d.table(w, s) },
	"markdown": func(w io.Writer, d Document, _ Style) error { return d.markdown(w) },
	"json":     renderJSON,
	"yaml":     renderYAML,
}

// The formats that CI systems read. Only documents that report findings can be written in them.
const (
	JUnit = "junit"
	SARIF = "sarif"
)

// Formats lists the names that --output takes, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(renderers)) }

// And adds formats to those that every document has, sorted.
func And(formats ...string) []string {
	return slices.Sorted(slices.Values(append(Formats(), formats...)))
}

// Render writes a document in a format. An unknown format is an error that lists those there
// are. A document that can be a CSV file, or that writes its JSON by itself, has a method for that.
func Render(w io.Writer, format string, d Document, s Style) error {
	if d, ok := d.(interface{ csv(io.Writer) error }); ok && format == "csv" {
		return d.csv(w)
	}
	if d, ok := d.(interface{ json(io.Writer) error }); ok && format == "json" {
		return d.json(&visible{Writer: w})
	}
	if d, ok := d.(suites); ok && format == JUnit {
		return writeJUnit(w, d.suite())
	}
	if d, ok := d.(logged); ok && format == SARIF {
		return writeSARIF(w, d.log())
	}
	render, ok := renderers[format]
	if !ok {
		return fmt.Errorf("unknown output format %q; there is %s", format, strings.Join(Formats(), ", "))
	}
	return render(w, d, s)
}

func renderJSON(w io.Writer, d Document, _ Style) error {
	encoder := json.NewEncoder(&visible{Writer: w})
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// filed is a document whose YAML is a file that some flag takes.
type filed interface{ file() any }

func renderYAML(w io.Writer, d Document, _ Style) error {
	var value any = d
	if f, ok := d.(filed); ok {
		value = f.file()
	}
	text, err := yamlOf(value)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// yamlOf writes the JSON of a value as YAML. YAML allows fewer characters than JSON, so those that
// cannot be printed are escaped first.
func yamlOf(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("writing YAML: %w", err)
	}
	if text, err = yaml.JSONToYAML(printable(text)); err != nil {
		return nil, fmt.Errorf("writing YAML: %w", err)
	}
	return text, nil
}

// printable escapes the characters of JSON that cannot be printed, but for ends of lines between values.
func printable(text []byte) []byte {
	var escaped bytes.Buffer
	for _, r := range string(text) {
		if r == '\n' {
			escaped.WriteRune(r)
			continue
		}
		writeVisible(&escaped, r)
	}
	return escaped.Bytes()
}
