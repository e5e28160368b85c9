package report

import (
	"cmp"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// ProbeMatrix is the answer of `probe --matrix`.
type ProbeMatrix struct {
	Header
	Result   string         `json:"result"`
	Sources  []MatrixSource `json:"sources"`
	Cells    []MatrixCell   `json:"cells"`
	NotTried []string       `json:"notTried,omitempty"`
	Notes    []string       `json:"notes,omitempty"`
	Facts    []Fact         `json:"facts"`
	Gaps     []Gap          `json:"gaps"`
	Plugin   Plugin         `json:"plugin"`

	// For people only.
	command string
}

// MatrixSource is what was tested from.
type MatrixSource struct {
	Source Endpoint  `json:"source"`
	Pod    *Endpoint `json:"pod,omitempty"`
	Unable string    `json:"unable,omitempty"` // why nothing was tested from it
}

// MatrixCell is what was seen of one port of a destination from one source.
type MatrixCell struct {
	Source       Endpoint  `json:"source"`
	Destination  Endpoint  `json:"destination"`
	Protocol     string    `json:"protocol"`
	Port         int32     `json:"port,omitempty"`     // absent: its number is not known
	PortName     string    `json:"portName,omitempty"` // where it has no number
	Target       string    `json:"target,omitempty"`   // what was dialled
	Object       *Object   `json:"object,omitempty"`   // what it belongs to
	Predicted    string    `json:"predicted"`
	Observed     string    `json:"observed"`
	Detail       string    `json:"detail,omitempty"`
	Tries        int       `json:"tries"`
	Milliseconds int64     `json:"milliseconds"`
	Agreement    string    `json:"agreement"`
	Code         string    `json:"code,omitempty"`
	Meaning      string    `json:"meaning"`
	Suspects     []Suspect `json:"suspects,omitempty"`

	// For people only.
	standing standing
	advice   string
}

// standing is how a cell is shown.
type standing uint8

const (
	notKnown standing = iota
	works             // as policies say
	blocked           // as policies say
	differs
)

// NewProbeMatrix makes the document of a matrix that was run.
func NewProbeMatrix(m *probe.Matrix, o Options) *ProbeMatrix {
	d := &ProbeMatrix{
		Header: Header{APIVersion, "ProbeMatrix"}, Result: string(m.Result()), Sources: []MatrixSource{}, Cells: []MatrixCell{},
		NotTried: m.Cut, Notes: m.Notes, Gaps: gapsOf(m.Snapshot.Gaps, o.Reread), Plugin: pluginOf(m.Plugin), command: o.Command,
	}
	for _, s := range m.Sources {
		source := MatrixSource{Source: endOf(s.End), Unable: s.Unable}
		if s.Pod != nil {
			source.Pod = &Endpoint{Kind: "Pod", Namespace: s.Pod.Namespace, Name: s.Pod.Name}
		}
		d.Sources = append(d.Sources, source)
	}
	var facts []policy.Fact
	for _, c := range m.Cells {
		d.Cells = append(d.Cells, cellOf(c))
		if c.Judged.Verdict == policy.Unknown {
			facts = append(facts, c.Facts...)
		}
	}
	slices.SortFunc(facts, policy.Fact.Compare)
	d.Facts = factsOf(slices.Compact(facts))
	slices.SortStableFunc(d.Sources, func(a, b MatrixSource) int { return compareEndpoints(a.Source, b.Source) })
	slices.SortStableFunc(d.Cells, func(a, b MatrixCell) int {
		return cmp.Or(compareEndpoints(a.Source, b.Source), compareColumns(a, b))
	})
	slices.Sort(d.NotTried)
	slices.Sort(d.Notes)
	return d
}

func cellOf(c *probe.Cell) MatrixCell {
	a := attemptOf(c.Judged)
	cell := MatrixCell{
		Source: endOf(c.Source.End), Destination: endOf(c.Destination), Protocol: string(c.Route.Protocol), Port: c.Route.Port,
		Object: a.Object, Predicted: a.Predicted, Observed: a.Observed, Detail: a.Detail, Tries: a.Tries, Milliseconds: a.Milliseconds,
		Agreement: a.Agreement, Meaning: c.Meaning(), Suspects: a.Suspects, advice: c.Advice(),
	}
	if cell.Port == 0 {
		cell.PortName = c.Route.Name
	}
	if c.Judged.Hop != "" {
		cell.Target = a.Target
	}
	if !c.Tested() && (c.Source.Unable != "" || c.Judged.Hop == "") {
		cell.Tries = 0
	}
	if cell.Detail == cell.Meaning {
		cell.Detail = ""
	}
	if c.Finding != nil {
		cell.Code = c.Finding.Code
	}
	switch {
	case c.Differs():
		cell.standing = differs
	case c.AsExpected() && c.Judged.Verdict == policy.Denied:
		cell.standing = blocked
	case c.AsExpected():
		cell.standing = works
	}
	return cell
}

// compareColumns orders cells by what they are about.
func compareColumns(a, b MatrixCell) int {
	return cmp.Or(compareEndpoints(a.Destination, b.Destination), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port), cmp.Compare(a.PortName, b.PortName))
}

// MatrixFormats lists the formats of a matrix, sorted.
func MatrixFormats() []string {
	return And("csv", JUnit)
}

// csv writes a line for each cell.
func (d *ProbeMatrix) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{
		"source_kind", "source_namespace", "source", "destination_kind", "destination_namespace", "destination", "protocol", "port",
		"predicted", "observed", "agreement", "code", "meaning", "milliseconds",
	}); err != nil {
		return err
	}
	for _, c := range d.Cells {
		port := c.PortName
		if c.Port != 0 {
			port = strconv.Itoa(int(c.Port))
		}
		if err := out.Write([]string{
			c.Source.Kind, cell(c.Source.Namespace), cell(c.Source.Name + c.Source.CIDR),
			c.Destination.Kind, cell(c.Destination.Namespace), cell(c.Destination.Name + c.Destination.CIDR), c.Protocol, cell(port),
			c.Predicted, c.Observed, c.Agreement, c.Code, cell(c.Meaning), strconv.FormatInt(c.Milliseconds, 10),
		}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// count tells how many cells are shown in one way.
func (d *ProbeMatrix) count(s standing) int {
	n := 0
	for _, c := range d.Cells {
		if c.standing == s {
			n++
		}
	}
	return n
}

// summary counts the cells, in words of their own: that something is blocked may be as it should be.
func (d *ProbeMatrix) summary() string {
	var parts []string
	for _, part := range []struct {
		standing  standing
		one, many string
	}{
		{differs, "differs", "differ"},
		{works, "works as expected", "work as expected"},
		{blocked, "is blocked as expected", "are blocked as expected"},
		{notKnown, "is not known", "are not known"},
	} {
		switch n := d.count(part.standing); n {
		case 0:
		case 1:
			parts = append(parts, "1 "+part.one)
		default:
			parts = append(parts, strconv.Itoa(n)+" "+part.many)
		}
	}
	return strings.Join(parts, ", ")
}

// title is the result in words that fit a matrix.
func (d *ProbeMatrix) title() string {
	switch d.Result {
	case "Works":
		return "As expected"
	case "Fails":
		return "Differs"
	}
	return d.Result
}
