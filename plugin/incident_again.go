package plugin

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/file"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/incident"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/snapshot"
)

// askAgain asks a snapshot under other names what the cluster was asked. What it answers is told, whether
// it is the same or not.
func (o *options) askAgain(ctx context.Context, d *explain.Diagnosis, r *snapshot.Redaction, saved []byte) (incident.Again, error) {
	source, destination := typedUnder(d.Source, r), typedUnder(d.Destination, r)
	again := incident.Again{
		Command:  strings.Join([]string{"kubectl netpol-doctor diagnose", quoted(source), quoted(destination)}, " "),
		Answered: inAWord(d),
		Notes:    o.notes(),
	}
	if o.all {
		again.Command += " -A"
	}
	offline := &options{
		streams: o.streams, plugin: o.plugin, all: o.all, fromFiles: true, namespace: "default", wayIn: o.wayIn,
		warnings: func() []string { return nil },
	}
	offline.streams.In = bytes.NewReader(saved)
	opened, err := file.Open(ctx, []string{"-"}, offline.fileOptions())
	if err != nil {
		return again, fmt.Errorf("reading the snapshot back: %w", err)
	}
	offline.source = opened
	if offline.saved, err = opened.Saved(ctx); err != nil {
		return again, fmt.Errorf("reading the snapshot back: %w", err)
	}
	offline.manifests = offline.saved == nil || offline.saved.Spec.Source == cluster.SavedFiles
	there, err := offline.diagnose(ctx, source, destination)
	switch {
	case ctx.Err() != nil:
		return again, ctx.Err()
	case err != nil:
		again.Here = "none: it cannot be asked this question"
	default:
		again.Here = inAWord(there)
	}
	return again, nil
}

// inAWord is an answer in short.
func inAWord(d *explain.Diagnosis) string { return fmt.Sprintf("%s, %s", d.Result, d.Verdict) }

// typedUnder is an end as it is typed under the names of a snapshot.
func typedUnder(e ends.End, r *snapshot.Redaction) string {
	t, text := e.Target, ""
	switch {
	case t.Internet || t.APIServer || t.Prefix.IsValid():
		text = t.Text
	case t.DNSName != "":
		text = r.Name(t.DNSName)
	default:
		ref := cluster.Ref{Kind: t.Kind, Namespace: t.Namespace, Name: r.Name(t.Name)}
		if ref.Kind == "" {
			ref.Kind = e.Ref.Kind
		}
		if ref.Kind == "Node" {
			ref.Namespace = ""
		}
		if ref.Namespace != "" {
			ref.Namespace = r.Name(ref.Namespace)
		}
		text = ends.Typed(ref)
	}
	if port := t.Port; !port.IsZero() {
		if port.Name != "" {
			port.Name = r.Name(port.Name)
		}
		text += ":" + port.String()
	}
	return text
}

// notes says what else whoever asks the snapshot has to know.
func (o *options) notes() (notes []string) {
	if o.plugin != nil {
		if _, known := policy.ProfileNamed(o.plugin.Name); !known {
			notes = append(notes, "It was asked with a profile of the network plugin of its own, which is not in here:\ngive that with --network-plugin FILE.")
		}
	}
	if !o.live && !o.fromFiles {
		notes = append(notes, "The snapshot is of the cluster as it would be after a change (--with, --without).")
	}
	return notes
}
