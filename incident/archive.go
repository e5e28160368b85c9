package incident

import (
	"archive/zip"
	"fmt"
	"io"
	"time"
)

// The files of an archive.
const (
	ReportFile    = "report.md"
	DiagnosisFile = "diagnosis.json"
	VersionsFile  = "versions.txt"
	RequestsFile  = "requests.txt"
	SnapshotFile  = "snapshot.yaml"
	ReadmeFile    = "README.txt"
)

// Archive is what is in the file.
type Archive struct {
	Report    []byte // the answer as Markdown
	Diagnosis []byte // the answer as JSON
	Versions  []byte // what asked what
	Requests  []byte // what was asked of the API server
	Snapshot  []byte // what the answer rests on, under other names
	Again     Again
}

// file is one of an archive.
type file struct {
	name string
	real bool // it has the names that objects have in the cluster
	what string
	text []byte
}

// files lists those of an archive, in their order.
func (a *Archive) files() []file {
	return []file{
		{name: ReadmeFile, what: "this text"},
		{ReportFile, true, "the answer, to be read or put into a ticket", a.Report},
		{DiagnosisFile, true, "the answer, for programs", a.Diagnosis},
		{VersionsFile, true, "what was asked, by which versions", a.Versions},
		{RequestsFile, true, "what was asked of the API server", a.Requests},
		{SnapshotFile, false, "what the answer rests on", a.Snapshot},
	}
}

// WithRealNames lists the files in which names are those of the cluster; WithOtherNames the rest.
func WithRealNames() []string { return namesOf(true) }

// WithOtherNames lists the files in which nothing has the name that it has in the cluster.
func WithOtherNames() []string { return namesOf(false) }

func namesOf(isReal bool) (names []string) {
	for _, f := range (&Archive{}).files() {
		if f.real == isReal {
			names = append(names, f.name)
		}
	}
	return names
}

// written is the time of every entry, the first that a ZIP archive can hold: when a question was asked
// is in the answer, and the same answer is to give the same bytes.
var written = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Write writes the archive. The same input gives the same bytes.
func Write(w io.Writer, a *Archive) error {
	archive := zip.NewWriter(w)
	for _, f := range a.files() {
		if f.name == ReadmeFile {
			f.text = a.readme()
		}
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: written}
		header.SetMode(0o600)
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("writing %s of the archive: %w", f.name, err)
		}
		if _, err := entry.Write(f.text); err != nil {
			return fmt.Errorf("writing %s of the archive: %w", f.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}
