package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// csv writes a line for each range of ports.
func (d *FlowDiff) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{
		"change", "source_kind", "source_namespace", "source", "destination_kind", "destination_namespace", "destination",
		"before", "after", "partial_before", "partial_after", "protocol", "from_port", "to_port", "new", "gone", "risks", "causes",
	}); err != nil {
		return err
	}
	for _, f := range d.Flows {
		var risks []string
		for _, r := range f.Risks {
			risks = append(risks, r.Risk)
		}
		for _, c := range f.Connections {
			for _, p := range c.Ports {
				if err := out.Write([]string{
					f.Change, f.Source.Kind, cell(f.Source.Namespace), cell(f.Source.Name + f.Source.CIDR),
					f.Destination.Kind, cell(f.Destination.Namespace), cell(f.Destination.Name + f.Destination.CIDR),
					f.Before, f.After, strconv.FormatBool(f.PartialBefore), strconv.FormatBool(f.PartialAfter),
					c.Protocol, strconv.Itoa(int(p.From)), strconv.Itoa(int(p.To)),
					strings.Join(f.New, " "), strings.Join(f.Gone, " "), strings.Join(risks, " "), cell(strings.Join(f.because(), "; ")),
				}); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}
