package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// json writes the map as it is worked out, a flow on each line.
func (m *Map) json(w io.Writer, _ Style) error {
	out := bufio.NewWriter(&visible{Writer: w})
	fmt.Fprintf(out, "{\n  \"apiVersion\": %q,\n  \"kind\": %q,\n  \"by\": %q,\n", m.APIVersion, m.Kind, m.By)
	if m.Namespaces != nil {
		text, err := json.Marshal(m.Namespaces)
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		fmt.Fprintf(out, "  \"namespaces\": %s,\n", text)
	}
	_, _ = out.WriteString("  \"flows\": [")
	separator := "\n    "
	if err := m.each(func(f MapFlow) error {
		text, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		_, _ = out.WriteString(separator)
		_, err = out.Write(text)
		separator = ",\n    "
		return err
	}); err != nil {
		return err
	}
	if separator != "\n    " {
		_, _ = out.WriteString("\n  ")
	}
	_, _ = out.WriteString("],\n")
	for i, field := range m.rest() {
		text, err := json.MarshalIndent(field.value, "  ", "  ")
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		if i > 0 {
			_, _ = out.WriteString(",\n")
		}
		fmt.Fprintf(out, "  %q: %s", field.name, text)
	}
	_, _ = out.WriteString("\n}\n")
	return out.Flush()
}

// yaml writes the same as YAML.
func (m *Map) yaml(w io.Writer, _ Style) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "apiVersion: %s\nkind: %s\nby: %s\n", m.APIVersion, m.Kind, m.By)
	if m.Namespaces != nil {
		if err := item(out, map[string]any{"namespaces": m.Namespaces}); err != nil {
			return err
		}
	}
	start := "flows:\n"
	if err := m.each(func(f MapFlow) error {
		_, _ = out.WriteString(start)
		start = ""
		return item(out, []MapFlow{f})
	}); err != nil {
		return err
	}
	if start != "" {
		_, _ = out.WriteString("flows: []\n")
	}
	for _, field := range m.rest() {
		if err := item(out, map[string]any{field.name: field.value}); err != nil {
			return err
		}
	}
	return out.Flush()
}

func item(w io.Writer, value any) error {
	text, err := yamlOf(value)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

type field struct {
	name  string
	value any
}

// rest is what is known only after the flows.
func (m *Map) rest() []field {
	entries := m.entries() // notes facts
	return []field{{"entries", entries}, {"facts", m.sortedFacts()}, {"gaps", m.Gaps}, {"plugin", m.Plugin}}
}

// csv writes a line for each range of ports.
func (m *Map) csv(w io.Writer, _ Style) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{
		"source_kind", "source_namespace", "source", "destination_kind", "destination_namespace", "destination", "verdict", "partial", "protocol", "from_port", "to_port",
	}); err != nil {
		return err
	}
	if err := m.each(func(f MapFlow) error {
		for _, c := range f.Connections {
			for _, p := range c.Ports {
				if err := out.Write([]string{
					f.Source.Kind, cell(f.Source.Namespace), cell(f.Source.Name + f.Source.CIDR),
					f.Destination.Kind, cell(f.Destination.Namespace), cell(f.Destination.Name + f.Destination.CIDR),
					f.Verdict, strconv.FormatBool(f.Partial), c.Protocol, strconv.Itoa(int(p.From)), strconv.Itoa(int(p.To)),
				}); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// cell makes text harmless in a spreadsheet, where some first characters begin a formula.
func cell(text string) string {
	if text = Plain(text); text != "" && bytes.ContainsRune([]byte("=+-@"), rune(text[0])) {
		return "'" + text
	}
	return text
}
