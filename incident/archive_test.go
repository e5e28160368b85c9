package incident_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/incident"
)

func sample() *incident.Archive {
	return &incident.Archive{
		Report: []byte("report"), Diagnosis: []byte("{}"), Versions: []byte("v1"), Requests: []byte("GET /api"), Snapshot: []byte("kind: Snapshot\n"),
		Again: incident.Again{Command: "kubectl netpol-doctor diagnose a/pod/b c/svc/d:80", Answered: "Fails, Denied", Here: "Fails, Denied", Notes: []string{"A note."}},
	}
}

// unpack returns what is in the archive by name, and the names in their order.
func unpack(t *testing.T, content []byte) (files map[string]string, names []string) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Modified.UTC().Year() != 1980 || f.Mode().Perm() != 0o600 {
			t.Errorf("%s is of %v with %v", f.Name, f.Modified, f.Mode())
		}
		files[f.Name] = string(text)
		names = append(names, f.Name)
	}
	return files, names
}

func TestArchive(t *testing.T) {
	t.Parallel()
	var first, second bytes.Buffer
	if err := errors.Join(incident.Write(&first, sample()), incident.Write(&second, sample())); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same input gives other bytes")
	}
	files, names := unpack(t, first.Bytes())
	want := []string{"README.txt", "report.md", "diagnosis.json", "versions.txt", "requests.txt", "snapshot.yaml"}
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if files["report.md"] != "report" || files["snapshot.yaml"] != "kind: Snapshot\n" || files["requests.txt"] != "GET /api" {
		t.Errorf("%q", files)
	}
	readme := files["README.txt"]
	for _, says := range []string{
		"report.md       REAL NAMES", "diagnosis.json  REAL NAMES", "versions.txt    REAL NAMES", "requests.txt    REAL NAMES",
		"snapshot.yaml   other names", "README.txt      other names", "README.txt and snapshot.yaml alone",
		"  kubectl netpol-doctor diagnose a/pod/b c/svc/d:80 -f snapshot.yaml\n", "that of the report: Fails, Denied. It was tried", "A note.",
	} {
		if !strings.Contains(readme, says) {
			t.Errorf("README.txt does not say %q:\n%s", says, readme)
		}
	}
	for line := range strings.Lines(readme) {
		if len([]rune(strings.TrimRight(line, "\n"))) > 80 {
			t.Errorf("a long line: %s", line)
		}
	}
}

// Where the snapshot answers otherwise, that is said.
func TestReadmeSaysWhenTheSnapshotAnswersOtherwise(t *testing.T) {
	t.Parallel()
	a := sample()
	a.Again.Here = "Unclear, Unknown"
	var out bytes.Buffer
	if err := incident.Write(&out, a); err != nil {
		t.Fatal(err)
	}
	files, _ := unpack(t, out.Bytes())
	if readme := files["README.txt"]; !strings.Contains(readme, "The answer of the report is Fails, Denied; of the snapshot it is Unclear, Unknown.") || strings.Contains(readme, "It was tried") {
		t.Error(readme)
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestArchiveThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	if err := incident.Write(full{}, sample()); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Error(err)
	}
}
