package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// json writes a flow on each line, since there may be many: it is never held as a whole.
func (d *FlowDiff) json(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "{\n  \"apiVersion\": %q,\n  \"kind\": %q", d.APIVersion, d.Kind)
	fields := []field{{"by", d.By}}
	if d.Namespaces != nil {
		fields = append(fields, field{"namespaces", d.Namespaces})
	}
	fields = append(fields, field{"counts", d.Counts}, field{"policies", d.Policies})
	if len(d.LeftOut) > 0 {
		fields = append(fields, field{"leftOut", d.LeftOut})
	}
	fields = append(fields, field{"flows", nil})
	if len(d.Entries) > 0 {
		fields = append(fields, field{"entries", d.Entries})
	}
	fields = append(fields, field{"facts", d.Facts}, field{"gaps", d.Gaps}, field{"plugin", d.Plugin})
	if d.PluginBefore != nil {
		fields = append(fields, field{"pluginBefore", d.PluginBefore})
	}
	for _, f := range fields {
		fmt.Fprintf(out, ",\n  %q: ", f.name)
		if f.name == "flows" {
			if err := d.jsonFlows(out); err != nil {
				return err
			}
			continue
		}
		text, err := json.MarshalIndent(f.value, "  ", "  ")
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		_, _ = out.Write(text)
	}
	_, _ = out.WriteString("\n}\n")
	return out.Flush()
}

func (d *FlowDiff) jsonFlows(out *bufio.Writer) error {
	separator := "[\n    "
	for _, f := range d.Flows {
		text, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		_, _ = out.WriteString(separator)
		if _, err := out.Write(text); err != nil {
			return err
		}
		separator = ",\n    "
	}
	if len(d.Flows) == 0 {
		_, err := out.WriteString("[]")
		return err
	}
	_, err := out.WriteString("\n  ]")
	return err
}
