package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/incident"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
	"github.com/netpol-doctor/netpol-doctor/snapshot"
)

// attachment is the file of --incident. It is there from the start, so that nobody waits for an answer
// that cannot be written, and it vanishes unless all of it was written.
type attachment struct {
	path string
	file *os.File
	done bool
}

// incidentEnding is what the name of the file ends in: what it is has to be seen by who gets it.
const incidentEnding = ".zip"

// reserveIncident makes the file of --incident, which only its owner may read. One that is there is never
// written over. Without the flag there is none: nil.
func reserveIncident(c *cobra.Command, path string, ends int, p *probing) (*attachment, error) {
	if !c.Flags().Changed("incident") {
		return nil, nil
	}
	switch {
	case !strings.EqualFold(filepath.Ext(path), incidentEnding):
		return nil, fmt.Errorf("--incident %q: the file is a ZIP archive; give it a name that ends in %s", path, incidentEnding)
	case ends != 2:
		return nil, errors.New("--incident takes a SOURCE and a DESTINATION: a file is about one connection; without a DESTINATION, see first which one fails")
	case p.dryRun:
		return nil, errors.New("--incident and --dry-run exclude each other: a dry run gives no answer")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("--incident %s: it is there already, and was left as it is; give another name, or remove it first", path)
	case err != nil:
		return nil, fmt.Errorf("--incident %s: making the file: %w", path, cause(err))
	}
	return &attachment{path: path, file: f}, nil
}

// write writes all of the file at once.
func (a *attachment) write(content []byte) error {
	if _, err := a.file.Write(content); err != nil {
		return fmt.Errorf("writing %s: %w", a.path, cause(err))
	}
	if err := errors.Join(a.file.Sync(), a.file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", a.path, cause(err))
	}
	a.done = true
	return nil
}

// discard removes the file unless it was written. It can be called of none.
func (a *attachment) discard() {
	if a == nil || a.done {
		return
	}
	_ = a.file.Close()
	_ = os.Remove(a.path)
}

// attach writes the file of --incident about an answer, and says which names are in it.
func (o *options) attach(c *cobra.Command, a *attachment, d *explain.Diagnosis, answer *report.Diagnosis) error {
	archive, err := o.archive(c, d, answer)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if err := incident.Write(&content, archive); err != nil {
		return err
	}
	if err := c.Context().Err(); err != nil {
		return err
	}
	if err := a.write(content.Bytes()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.streams.Err, "Wrote %s. In it %s have REAL NAMES; %s have other names, and may go to others without the rest.\n",
		report.Plain(a.path), and(incident.WithRealNames()), and(incident.WithOtherNames()))
	return err
}

// and joins two names or more.
func and(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// archive makes what is in the file.
func (o *options) archive(c *cobra.Command, d *explain.Diagnosis, answer *report.Diagnosis) (*incident.Archive, error) {
	ctx := c.Context()
	server := o.serverVersion(ctx)
	taken, err := o.takeAround(ctx, d)
	if err != nil {
		return nil, err
	}
	var saved, markdown, document bytes.Buffer
	if err := snapshot.Write(&saved, taken); err != nil {
		return nil, err
	}
	again, err := o.askAgain(ctx, d, taken.Redaction, saved.Bytes())
	if err != nil {
		return nil, err
	}
	if err := errors.Join(report.Render(&markdown, "markdown", answer, report.Style{}), report.Render(&document, "json", answer, report.Style{})); err != nil {
		return nil, err
	}
	requests := "No request was made: the answer is from files.\n"
	if o.requests != nil {
		requests = strings.Join(o.requests.lines(), "")
	}
	return &incident.Archive{
		Report: markdown.Bytes(), Diagnosis: document.Bytes(), Versions: o.versions(c, d, server), Requests: []byte(requests),
		Snapshot: saved.Bytes(), Again: again,
	}, nil
}

// takeAround reads what belongs into the snapshot: what the question was last asked of, and all of the
// namespaces of both ends and of DNS, so that it answers a question that is asked a little differently,
// too. Of files that is all there is.
func (o *options) takeAround(ctx context.Context, d *explain.Diagnosis) (snapshot.Taken, error) {
	scope := widen(o.lastRead, d, o.all || o.manifests)
	scope.DNS, scope.Nodes = true, true
	if !slices.Contains(scope.Namespaces, systemNamespace) {
		scope.Namespaces = append(scope.Namespaces, systemNamespace)
	}
	if o.saved != nil && o.saved.Spec.AllNamespaces {
		scope.All = true
	}
	s, err := o.read(ctx, scope)
	if err != nil {
		return snapshot.Taken{}, err
	}
	taken := snapshot.Taken{Snapshot: s, All: scope.All, Namespaces: scope.Namespaces, Observed: o.observedFor(), Redaction: snapshot.NewRedaction(nil)}
	taken.Plugin, _ = policy.Recognise(s, o.plugin)
	return taken, nil
}
