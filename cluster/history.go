package cluster

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// History is when an object was made and who wrote last to the parts of it that matter here, as far
// as its metadata tells. It is empty for a manifest that no API server has stored.
//
// What the metadata says is kept as it is and read when it is asked for: of the many objects that
// are read, few take part in a question.
type History struct {
	Created time.Time
	entries []metav1.ManagedFieldsEntry
	parts   []string
}

// Write is the last time that a manager wrote to the parts that matter. An API server keeps one
// entry for each manager: its time is that of the last change to any of the fields that the manager
// owns, so which of them changed then is not known. What was taken out leaves no trace where its
// manager owns nothing else. Source: meta/v1 ManagedFieldsEntry.
type Write struct {
	Manager   string
	Operation string // Apply or Update
	Time      time.Time
	// Fields are the fields that the manager owns in those parts, one level below them:
	// "spec.ingress", "metadata.labels[env]".
	Fields []string
}

// labelsPart is the part whose fields are named in brackets: keys of labels have dots in them.
const labelsPart = "metadata.labels"

// NewHistory takes the history of some parts of an object from its metadata. Parts are paths such
// as "spec" or "spec.template". What is written to the status is no change of what somebody wants
// and is left out.
func NewHistory(meta *metav1.ObjectMeta, parts ...string) History {
	ofStatus := func(e metav1.ManagedFieldsEntry) bool { return e.Subresource == "status" }
	entries := meta.ManagedFields
	if slices.ContainsFunc(entries, ofStatus) {
		entries = slices.DeleteFunc(slices.Clone(entries), ofStatus)
	}
	return History{createdAt(meta), entries, parts}
}

// Writes lists the last write of each manager that owns something in the parts that matter.
func (h History) Writes() []Write {
	var writes []Write
	for i := range h.entries {
		e := &h.entries[i]
		if e.Time.IsZero() || e.FieldsV1 == nil {
			continue
		}
		var fields []string
		for _, part := range h.parts {
			fields = append(fields, ownedBelow(e.FieldsV1.GetRawBytes(), part)...)
		}
		if len(fields) > 0 {
			slices.Sort(fields)
			writes = append(writes, Write{e.Manager, string(e.Operation), e.Time.UTC(), fields})
		}
	}
	return writes
}

// Entries are the managed fields that the history is told by, without any other: who owns what one
// level below the parts that matter. A history that is made of them tells the same.
func (h History) Entries() []metav1.ManagedFieldsEntry {
	var kept []metav1.ManagedFieldsEntry
	for i := range h.entries {
		e := &h.entries[i]
		if e.Time.IsZero() || e.FieldsV1 == nil {
			continue
		}
		owned := map[string]any{}
		for _, part := range h.parts {
			prefix := part + "."
			if part == labelsPart {
				prefix = part + "["
			}
			for _, field := range ownedBelow(e.FieldsV1.GetRawBytes(), part) {
				inner := owned
				for _, name := range strings.Split(part, ".") {
					next, ok := inner["f:"+name].(map[string]any)
					if !ok {
						next = map[string]any{}
						inner["f:"+name] = next
					}
					inner = next
				}
				if name, below := strings.CutPrefix(field, prefix); below {
					if part == labelsPart {
						name = strings.TrimSuffix(name, "]")
					}
					inner["f:"+name] = map[string]any{}
				}
			}
		}
		if len(owned) == 0 {
			continue
		}
		raw, _ := json.Marshal(owned) // of maps and texts
		kept = append(kept, metav1.ManagedFieldsEntry{
			Manager: e.Manager, Operation: e.Operation, Time: e.Time, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(string(raw)),
		})
	}
	return kept
}

// ForeignHistory is the history of a policy of another layer, which may have specs beside its spec.
func ForeignHistory(created metav1.Time, entries []metav1.ManagedFieldsEntry) History {
	return NewHistory(&metav1.ObjectMeta{CreationTimestamp: created, ManagedFields: entries}, "spec", "specs")
}

// createdAt is zero for what no API server has stored.
func createdAt(meta *metav1.ObjectMeta) time.Time {
	if meta.CreationTimestamp.IsZero() {
		return time.Time{}
	}
	return meta.CreationTimestamp.UTC()
}

// ownedBelow lists the fields one level below a part of an object that a manager owns; the part
// itself where it owns that and nothing in it. Source: meta/v1 FieldsV1: a field is a key with "f:"
// in front, what is below it is its value, and "." is the field itself.
func ownedBelow(owned []byte, part string) []string {
	for _, name := range strings.Split(part, ".") {
		var inner map[string]json.RawMessage
		if json.Unmarshal(owned, &inner) != nil {
			return nil
		}
		below, ok := inner["f:"+name]
		if !ok {
			return nil
		}
		owned = below
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(owned, &fields) != nil {
		return nil
	}
	var paths []string
	for key := range fields {
		name, isField := strings.CutPrefix(key, "f:")
		switch {
		case !isField:
		case part == labelsPart:
			paths = append(paths, part+"["+name+"]")
		default:
			paths = append(paths, part+"."+name)
		}
	}
	if len(paths) == 0 {
		return []string{part}
	}
	return paths
}

// Last returns the last write to a part, or to any part with "". ok is false where there is none.
// Of several at the same time the manager's name decides.
func (h History) Last(part string) (last Write, ok bool) {
	for _, w := range h.Writes() {
		owns := part == "" || slices.ContainsFunc(w.Fields, func(f string) bool {
			rest, below := strings.CutPrefix(f, part)
			return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
		})
		if owns && (!ok || w.Time.After(last.Time) || w.Time.Equal(last.Time) && w.Manager < last.Manager) {
			last, ok = w, true
		}
	}
	return last, ok
}
