package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Changes is what changed last of the objects that take part in a connection, as far as they tell
// themselves. What was deleted leaves no trace.
type Changes struct {
	List []Change // newest first
	// Untold are objects that do not tell who wrote to them when.
	Untold []cluster.Ref
	Notes  []string // what the times of all this explain
	// Observed is when the cluster was read, zero where that is not known; Since is how far back
	// the list goes, zero without a limit.
	Observed time.Time
	Since    time.Duration
}

// Change is the last change of one object.
type Change struct {
	Object    cluster.Ref
	Kind      ChangeKind
	At        time.Time
	Manager   string   // who wrote it, by the name it gave the API server; empty where that is not known
	Operation string   // Apply or Update
	Fields    []string // of Written: what the manager owns; some of it changed
	Template  string   // of RolledOut: the ReplicaSet with the new pod template
}

// ChangeKind is how an object changed.
type ChangeKind string

// The kinds of changes.
const (
	Created   ChangeKind = "Created"   // it was made, and nobody is seen to have written to it since
	Written   ChangeKind = "Written"   // a manager wrote to some of the fields that it owns
	RolledOut ChangeKind = "RolledOut" // a Deployment got a new pod template
	Started   ChangeKind = "Started"   // a pod without a workload was taken on by its node
)

// sameRequest is how far apart two times of one request can be: they are kept in whole seconds.
// soon is how long a controller may take until it acts on what was written.
const (
	sameRequest = 2 * time.Second
	soon        = time.Minute
)

// changes collects the last changes of everything that takes part. It is nil where the objects tell
// nothing and nobody asked.
func (d *Diagnosis) changes(q Question) *Changes {
	c := &Changes{Observed: q.Observed, Since: q.Since}
	in := d.involved()
	for _, np := range in.policies {
		c.add(np.Ref(), np.History)
	}
	for _, f := range in.others {
		c.add(f.Ref, f.History)
	}
	for _, n := range in.namespaces {
		c.add(cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: n.Name}, n.History)
	}
	for _, v := range in.services {
		c.add(v.Ref(), v.History)
	}
	for _, w := range in.workloads {
		c.addWorkload(w, d.newestReplicaSet(w))
	}
	// The times at which things were made say too little without what was done to them since.
	if len(c.List) > 0 {
		for _, p := range in.bare {
			if !p.Started.IsZero() {
				c.List = append(c.List, Change{Object: p.Ref(), Kind: Started, At: p.Started})
			}
		}
		for _, v := range in.services {
			c.addSlices(d.Snapshot.SlicesOf(v))
		}
	}
	c.Notes = d.timeNotes(in, q.Observed)
	slices.SortFunc(c.List, func(a, b Change) int { return cmp.Or(b.At.Compare(a.At), a.Object.Compare(b.Object)) })
	slices.SortFunc(c.Untold, cluster.Ref.Compare)
	if q.Since > 0 {
		c.List = slices.DeleteFunc(c.List, func(change Change) bool { return q.Observed.Sub(change.At) > q.Since })
	} else if len(c.List)+len(c.Notes) == 0 {
		return nil
	}
	return c
}

// add adds the last change of an object. What no API server has stored cannot have changed.
func (c *Changes) add(object cluster.Ref, h cluster.History) {
	w, ok := h.Last("")
	switch {
	case ok:
		c.List = append(c.List, changeOf(object, h, w))
	case !h.Created.IsZero():
		c.Untold = append(c.Untold, object)
	}
}

func changeOf(object cluster.Ref, h cluster.History, w cluster.Write) Change {
	change := Change{Object: object, Kind: Written, At: w.Time, Manager: w.Manager, Operation: w.Operation, Fields: w.Fields}
	if w.Time.Sub(h.Created) <= sameRequest {
		change.Kind, change.Fields = Created, nil
	}
	return change
}

// addWorkload adds the last change of a pod template: when it was written, or when the ReplicaSet
// with the newest one was made. How many pods are wanted counts only where it is none.
func (c *Changes) addWorkload(w *cluster.Workload, newest *cluster.Workload) {
	h := w.History
	template := "spec.template"
	if w.Kind == "CronJob" {
		template = "spec.jobTemplate"
	}
	last, ok := h.Last(template)
	if scaled, found := h.Last("spec.replicas"); found && w.Replicas == 0 && scaled.Time.After(last.Time) {
		last, ok = scaled, true
	}
	if !ok {
		if !h.Created.IsZero() {
			c.Untold = append(c.Untold, w.Ref)
		}
		return
	}
	change := changeOf(w.Ref, h, last)
	if newest != nil && newest.History.Created.After(last.Time) && newest.History.Created.Sub(h.Created) > soon {
		change = Change{Object: w.Ref, Kind: RolledOut, At: newest.History.Created, Template: newest.Name}
		if newest.History.Created.Sub(last.Time) <= soon {
			change.Manager, change.Operation = last.Manager, last.Operation
		}
	}
	c.List = append(c.List, change)
}

// addSlices adds the newest change among the EndpointSlices of a Service.
func (c *Changes) addSlices(all []*cluster.EndpointSlice) {
	var newest *Change
	for _, s := range all {
		w, ok := s.History.Last("")
		if ok && (newest == nil || w.Time.After(newest.At)) {
			change := changeOf(cluster.Ref{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice", Namespace: s.Namespace, Name: s.Name}, s.History, w)
			newest = &change
		}
	}
	if newest != nil {
		c.List = append(c.List, *newest)
	}
}

// Text says what changed, and who did it.
func (c Change) Text() string {
	text := c.Object.String()
	switch c.Kind {
	case Created:
		text += ", created"
	case RolledOut:
		text += ", new pod template in ReplicaSet " + c.Template
	case Started:
		text += ", started"
	}
	if c.Manager != "" {
		text += ", by " + c.Manager
	}
	if fields := summarised(c.Fields); len(fields) > 0 {
		text += ", which owns " + strings.Join(fields, " and ")
	}
	return text
}

// summarised names fields by what they are in where there are more than two.
func summarised(fields []string) []string {
	fields = slices.DeleteFunc(slices.Clone(fields), func(f string) bool {
		return len(fields) > 1 && f == "metadata.labels["+cluster.MetadataName+"]" // nobody's choice
	})
	if len(fields) <= 2 {
		return fields
	}
	for i, f := range fields {
		if cut := strings.IndexByte(f, '['); cut > 0 {
			fields[i] = f[:cut]
		} else if cut := strings.LastIndexByte(f, '.'); cut > 0 {
			fields[i] = f[:cut]
		}
	}
	return slices.Compact(fields)
}

// When says how long before the cluster was read a change was made, or at what time where it is not
// known when that was.
func (c *Changes) When(change Change) string {
	if c.Observed.IsZero() {
		return change.At.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	// The clocks of the server and of the reader may differ.
	return duration.HumanDuration(max(0, c.Observed.Sub(change.At))) + " ago"
}

// Lines are the newest changes, at most so many, and what is missing among them.
func (c *Changes) Lines(most int) []string {
	var lines []string
	for _, change := range c.List[:min(most, len(c.List))] {
		lines = append(lines, c.When(change)+": "+change.Text())
	}
	if len(c.List) == 0 && c.Since > 0 {
		lines = append(lines, fmt.Sprintf("nothing within %s, as far as the objects that take part tell; what was deleted leaves no trace", duration.HumanDuration(c.Since)))
	}
	if len(c.Untold) > 0 && (len(c.List) > 0 || c.Since > 0) {
		text := c.Untold[0].String()
		if others := len(c.Untold) - 1; others > 0 {
			text += " and " + count(others, "other object")
		}
		lines = append(lines, "not told by "+text)
	}
	return lines
}
