package report

import (
	"time"

	"github.com/netpol-doctor/netpol-doctor/explain"
)

// Provenance is where the objects that take part have what is in them from: who wrote to them last,
// and when. Like any origin it depends on where they were read: manifests do not tell, a cluster
// does, and so does a dump with managedFields.
type Provenance struct {
	Changes []Change `json:"changes"` // newest first
	NotTold []Object `json:"notTold,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// Change is the last change of one object.
type Change struct {
	Object     Object   `json:"object"`
	Change     string   `json:"change"`
	At         string   `json:"at"`
	Manager    string   `json:"manager,omitempty"`
	Operation  string   `json:"operation,omitempty"`
	Fields     []string `json:"fields,omitempty"`     // that the manager owns; some of them changed
	ReplicaSet string   `json:"replicaSet,omitempty"` // with the new pod template
}

func provenanceOf(c *explain.Changes) *Provenance {
	if c == nil {
		return nil
	}
	p := &Provenance{Changes: []Change{}, Notes: c.Notes}
	for _, o := range c.Untold {
		p.NotTold = append(p.NotTold, objectOf(o))
	}
	for _, l := range c.List {
		p.Changes = append(p.Changes, Change{
			Object: objectOf(l.Object), Change: string(l.Kind), At: timeOf(l.At),
			Manager: l.Manager, Operation: l.Operation, Fields: l.Fields, ReplicaSet: l.Template,
		})
	}
	return p
}

// timeOf prints a time as the API does; nothing for one that is not known.
func timeOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// mostChanges is how many changes a person is shown: what broke a connection is among the newest.
const mostChanges = 4

// linesOf are the changes for a person, and what they may explain.
func linesOf(c *explain.Changes) (changed, noted []string) {
	if c == nil {
		return nil, nil
	}
	return c.Lines(mostChanges), c.Notes
}

// changes writes what changed last.
func (p *pager) changes(changed, noted []string) {
	var rows [][]string
	add := func(label string, lines []string) {
		for _, l := range lines {
			rows = append(rows, []string{label, Plain(l)})
			label = ""
		}
	}
	add("Changed", changed)
	add("Note", noted)
	if len(rows) > 0 {
		p.blank()
		p.grid(rows)
	}
}
