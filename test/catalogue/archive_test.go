package catalogue

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"
)

// archive is one cluster and what is asked about it. Its comment tells the story; lines of the
// form "key: value" in it are the questions and their answers:
//
//	ask: diagnose deploy/a svc/b:443 -n shop    what is typed
//	says: NPD101 Fails Denied                   every code found, in order, then result and verdict
//	not: NPD301                                 codes that must not be among them
//	facts: PluginBehaviour                      every kind of fact that the answer hangs on
//	at: shop/allow-a spec.ingress[0]            the object and the field that the first finding blames
//	fixed: Works                                what is said once every fix is made; without this
//	                                            line: no finding that had a fix, verdict Allowed
//	fix: "cidr":"192.0.2.53/32"                 words that the fixes hold, as JSON
//	opens: more                                 the fix cannot help but allow other connections, too
//
// A line "case: SLUG Title" in front of a question says that it is how a connection fails in the
// field, for docs/causes.md; "twin: SLUG" in front of another question that it is the one in which
// that failure must not be seen. Without a twin, the first question about the silent twin is it.
//
// A question about the silent twin is "ask-silent:", its answer "says-silent:"; without the
// former the question is the same. The twin is the cluster with the objects of the files called
// silent*.yaml in place of those of the same name.
//
// A comment "# <- NPD101" at the end of a line of the cluster marks the line that the finding
// must point at. "with: NAME" adds testdata/with/NAME.yaml to the cluster. "live: yes" asks an API
// server that serves the objects, instead of the files; "forbid: RESOURCE" takes the right to read
// something there.
type archive struct {
	name      string
	path      string
	questions []*question
	files     []txtar.File
	silent    []object
	with      []string
	live      bool
	forbidden []string
	// slug, title and twin of the question that comes next
	slug, title, twin string
}

// question is what is typed and what must be answered.
type question struct {
	line    int
	text    string
	silent  bool
	says    words
	not     []string
	facts   []string
	at      string
	fix     []string
	fixed   *words
	wider   bool // "opens: more"
	settled bool // "says" was there
	slug    string
	title   string
	twin    string // the slug of the case that must not be seen here
}

// words splits the command line of a question.
func (q *question) words() []string { return strings.Fields(q.text) }

// words are what an answer comes down to.
type words struct {
	codes   []string
	result  string
	verdict string // "" where it is not stated
}

var (
	keyLine  = regexp.MustCompile(`^([a-z]+(?:-silent)?): (.*)$`)
	codeWord = regexp.MustCompile(`^NPD\d+$`)
)

// archives reads every archive of a folder, sorted by name.
func archives(t *testing.T, folder string) []*archive {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var all []*archive
	for _, p := range paths {
		a, err := readArchive(p)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		all = append(all, a)
	}
	return all
}

func readArchive(path string) (*archive, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	parsed := txtar.Parse(text)
	a := &archive{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), path: path}
	for i, line := range strings.Split(string(parsed.Comment), "\n") {
		m := keyLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		if err := a.line(i+1, m[1], strings.TrimSpace(m[2])); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	for _, q := range a.questions {
		if !q.settled {
			return nil, fmt.Errorf("line %d: a question without an answer", q.line)
		}
	}
	for _, f := range parsed.Files {
		if !strings.HasPrefix(f.Name, "silent") {
			a.files = append(a.files, f)
			continue
		}
		objects, err := objectsOf(f.Data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		a.silent = append(a.silent, objects...)
	}
	return a, nil
}

// line takes in one line of the comment.
func (a *archive) line(number int, key, value string) error {
	key, silent := strings.CutSuffix(key, "-silent")
	if key == "says" && silent && (len(a.questions) == 0 || !a.questions[len(a.questions)-1].silent) {
		first := question{}
		if len(a.questions) > 0 {
			first = *a.questions[0]
		}
		a.questions = append(a.questions, &question{line: number, text: first.text, silent: true})
	}
	var last *question
	if len(a.questions) > 0 {
		last = a.questions[len(a.questions)-1]
	}
	switch {
	case key == "with":
		a.with = strings.Fields(value)
		for _, name := range a.with {
			name += ".yaml"
			data, err := os.ReadFile(filepath.Join("testdata", "with", name))
			if err != nil {
				return err
			}
			a.files = append(a.files, txtar.File{Name: name, Data: data})
		}
	case key == "live":
		a.live = value == "yes"
	case key == "forbid":
		a.forbidden = append(a.forbidden, value)
	case key == "case":
		a.slug, a.title, _ = strings.Cut(value, " ")
	case key == "twin":
		a.twin = value
	case key == "ask":
		a.questions = append(a.questions, &question{line: number, text: value, silent: silent, slug: a.slug, title: a.title, twin: a.twin})
		a.slug, a.title, a.twin = "", "", ""
	case last == nil:
		return fmt.Errorf("%q comes before the first question", key)
	case key == "says":
		if last.settled {
			return fmt.Errorf("a second answer to %q", last.text)
		}
		last.settled = true
		return last.says.parse(value)
	case key == "not":
		last.not = append(last.not, strings.Fields(value)...)
	case key == "facts":
		last.facts = strings.Fields(value)
	case key == "at":
		last.at = value
	case key == "fix":
		last.fix = append(last.fix, strings.Fields(value)...)
	case key == "opens":
		last.wider = value == "more"
	case key == "fixed":
		last.fixed = &words{}
		return last.fixed.parse(value)
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}

func (w *words) parse(text string) error {
	for _, word := range strings.Fields(text) {
		switch {
		case codeWord.MatchString(word):
			w.codes = append(w.codes, word)
		case slices.Contains([]string{"Works", "Fails", "Unclear"}, word):
			w.result = word
		case slices.Contains([]string{"Allowed", "Denied", "Partial", "Unknown"}, word):
			w.verdict = word
		default:
			return fmt.Errorf("%q is neither a code nor a result nor a verdict", word)
		}
	}
	if w.result == "" {
		return fmt.Errorf("%q has no result", text)
	}
	return nil
}

// String prints the words as an archive has them.
func (w words) String() string {
	return strings.TrimSpace(strings.Join(append(slices.Clone(w.codes), w.result, w.verdict), " "))
}

// object is one object of a cluster as a manifest has it.
type object map[string]any

// separator is what stands between the documents of a YAML file.
var separator = regexp.MustCompile(`(?m)^---\s*$\n?`)

func objectsOf(data []byte) ([]object, error) {
	var out []object
	for _, text := range separator.Split(string(data), -1) {
		var o object
		if err := yaml.Unmarshal([]byte(text), &o); err != nil {
			return nil, err
		}
		if len(o) > 0 {
			out = append(out, o)
		}
	}
	return out, nil
}

// id tells objects apart as the API server does, the version left out.
func (o object) id() string {
	metadata, _ := o["metadata"].(map[string]any)
	group, _, grouped := strings.Cut(fmt.Sprint(o["apiVersion"]), "/")
	if !grouped {
		group = ""
	}
	namespace, _ := metadata["namespace"].(string)
	return fmt.Sprint(group, "|", o["kind"], "|", namespace, "|", metadata["name"])
}

// apply puts objects in place of those of the same name and adds the others.
func apply(cluster, with []object) []object {
	index := map[string]int{}
	out := slices.Clone(cluster)
	for i, o := range out {
		index[o.id()] = i
	}
	for _, o := range with {
		if i, ok := index[o.id()]; ok {
			out[i] = o
		} else {
			out = append(out, o)
		}
	}
	return out
}

// objects returns the cluster that a question is about.
func (a *archive) objects(t *testing.T, q *question) []object {
	t.Helper()
	var all []object
	for _, f := range a.files {
		objects, err := objectsOf(f.Data)
		if err != nil {
			t.Fatalf("%s: %s: %v", a.path, f.Name, err)
		}
		all = append(all, objects...)
	}
	if q.silent {
		all = apply(all, a.silent)
	}
	return all
}

// folder writes the cluster of a question as files and returns where. Those of the archive are
// written as they are, so that lines count.
func (a *archive) folder(t *testing.T, q *question) string {
	t.Helper()
	if q.silent {
		return folderOf(t, a.objects(t, q))
	}
	dir := t.TempDir()
	for _, f := range a.files {
		write(t, filepath.Join(dir, f.Name), f.Data)
	}
	return dir
}

// folderOf writes objects as one file in a folder of its own.
func folderOf(t *testing.T, objects []object) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cluster.json"), manifest(t, objects))
	return dir
}

// manifest writes objects as one list.
func manifest(t *testing.T, objects []object) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// marks returns the lines that the archive says findings must point at: "file:line" by code.
func (a *archive) marks() map[string]string {
	marks := map[string]string{}
	for _, f := range a.files {
		for i, line := range strings.Split(string(f.Data), "\n") {
			if _, code, ok := strings.Cut(line, "# <- "); ok {
				marks[strings.TrimSpace(code)] = fmt.Sprintf("%s:%d", f.Name, i+1)
			}
		}
	}
	return marks
}

// sorted returns the keys of a set in order.
func sorted[T any](set map[string]T) []string { return slices.Sorted(maps.Keys(set)) }
