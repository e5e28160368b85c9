package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/check"
)

const (
	theCommand = "The one command"
	howToRead  = "How to read its answer"
	howToCheck = "How to verify"
)

// parts are the headings that every runbook has, in this order.
var parts = []string{"What you see", theCommand, howToRead, "Usual causes", "The fix", howToCheck, "When it is not policy"}

var (
	shell     = regexp.MustCompile("(?s)```sh\n(.*?)```")
	codeLink  = regexp.MustCompile(`\[(NPD\d+)\]\(\.\./findings\.md#(npd\d+)-`)
	codeThere = regexp.MustCompile(`NPD\d+`)
)

// page is a runbook, taken apart at its headings.
type page struct {
	name     string
	sections map[string]string
	order    []string
}

func runbook(t *testing.T, name string) page {
	t.Helper()
	p := page{name: name, sections: map[string]string{}}
	chunks := strings.Split(string(read(t, filepath.Join("docs/runbooks", name+".md"))), "\n## ")
	for _, chunk := range chunks[1:] {
		title, text, _ := strings.Cut(chunk, "\n")
		p.sections[title] = text
		p.order = append(p.order, title)
	}
	return p
}

// commands are those that a section has for a cluster, without the name of the program.
func (p page) commands(t *testing.T, section string) (out []string) {
	t.Helper()
	for _, m := range shell.FindAllStringSubmatch(p.sections[section], -1) {
		for line := range strings.Lines(m[1]) {
			args, ok := strings.CutPrefix(strings.TrimSpace(line), "kubectl netpol-doctor ")
			if !ok {
				t.Errorf("%s: %q cannot be run here; blocks marked sh have commands of kubectl netpol-doctor", p.name, line)
				continue
			}
			out = append(out, args)
		}
	}
	return out
}

// shown is the command of the first example, and what stands for the cluster in it.
func (p page) shown(t *testing.T) (command, cluster string) {
	t.Helper()
	m := console.FindStringSubmatch(p.sections[howToRead])
	if m == nil {
		t.Fatalf("%s has no example", p.name)
	}
	line, _, _ := strings.Cut(m[1], "\n")
	command, cluster, ok := strings.Cut(strings.TrimPrefix(line, "$ kubectl netpol-doctor "), " -f ")
	if !ok {
		t.Fatalf("%s: its example is of no files: %s", p.name, line)
	}
	return command, "-f " + cluster
}

// mended is the cluster of a page after the fix: with what is beside its overlay, or the healthy shop.
func mended(t *testing.T, cluster string) string {
	t.Helper()
	words := strings.Fields(cluster)
	at := slices.Index(words, "--with") + 1
	if at == 0 {
		t.Fatalf("%q has no overlay", cluster)
	}
	fixed := words[at] + "-mended"
	if _, err := os.Stat(fixed); err == nil {
		return cluster + " --with " + fixed
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Join(slices.Delete(words, at-1, at+1), " ")
}

// Each page has the same parts; its command, asked of the shop that is broken in this way, names the
// cause that the page reads off it; and what verifies the fix fails before and works after it.
func TestRunbooks(t *testing.T) {
	t.Chdir("../..")
	for _, name := range check.Runbooks() {
		p := runbook(t, name)
		if !slices.Equal(p.order, parts) {
			t.Errorf("%s has the parts %q, want %q", name, p.order, parts)
			continue
		}
		command, cluster := p.shown(t)
		if asked := p.commands(t, theCommand); len(asked) != 1 || asked[0] != command {
			t.Errorf("%s: the command is %q, its example shows %q", name, asked, command)
		}
		p.namesTheCause(t, command+" "+cluster)

		for section := range p.sections {
			for _, c := range p.commands(t, section) {
				if code, _, errs := run(t, strings.Fields(c+" "+cluster)...); code == 2 || len(errs) > 0 {
					t.Errorf("%s: %s: exit code %d: %s", name, c, code, errs)
				}
			}
		}
		verify := p.commands(t, howToCheck)
		if len(verify) == 0 || verify[0] != command {
			t.Errorf("%s: it is verified by %q, and not by what failed, %q", name, verify, command)
		}
		for _, c := range verify {
			if code, out, _ := run(t, strings.Fields(c+" "+mended(t, cluster))...); code != 0 {
				t.Errorf("%s: mended, %s: exit code %d: %s", name, c, code, out)
			}
		}
	}
}

// namesTheCause fails the test unless the command fails because of the finding that the page reads off
// first.
func (p page) namesTheCause(t *testing.T, command string) {
	t.Helper()
	m := codeLink.FindStringSubmatch(p.sections[howToRead])
	if m == nil {
		t.Errorf("%s reads no cause off the answer", p.name)
		return
	}
	code, out, _ := run(t, append(strings.Fields(command), "-o", "json")...)
	var a struct {
		Kind     string
		Findings []struct{ Code string }
		Needs    []struct{ Code string }
	}
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("%s: %v: %s", p.name, err, out)
	}
	found := a.Findings
	if a.Kind != "Diagnosis" {
		found = a.Needs
	}
	if code != 1 || len(found) == 0 || found[0].Code != m[1] {
		t.Errorf("%s reads %s off an answer with exit code %d and %v", p.name, m[1], code, found)
	}
}

// Codes of findings lead to what they mean, and pages are found from the index.
func TestRunbooksLeadOn(t *testing.T) {
	t.Chdir("../..")
	index := string(read(t, "docs/runbooks/README.md"))
	used := map[string]bool{}
	for _, name := range check.Runbooks() {
		if !strings.Contains(index, "]("+name+".md)") {
			t.Errorf("the index has no %s", name)
		}
		text := string(read(t, filepath.Join("docs/runbooks", name+".md")))
		for _, m := range codeLink.FindAllStringSubmatch(text, -1) {
			if strings.ToLower(m[1]) != m[2] {
				t.Errorf("%s: %s leads to %s", name, m[1], m[2])
			}
		}
		prose := console.ReplaceAllString(codeLink.ReplaceAllString(text, ""), "")
		if code := codeThere.FindString(prose); code != "" {
			t.Errorf("%s: %s leads nowhere", name, code)
		}
		for _, m := range regexp.MustCompile(`examples/shop/runbooks/[a-z-]+`).FindAllString(text, -1) {
			used[m] = true
		}
	}
	overlays, err := filepath.Glob("examples/shop/runbooks/*")
	if err != nil || len(overlays) == 0 {
		t.Fatalf("no overlays: %v", err)
	}
	for _, o := range overlays {
		if !used[strings.TrimSuffix(o, "-mended")] {
			t.Errorf("no runbook uses %s", o)
		}
	}
}

// The policies that a page shows for a fix are those with which it was tried.
func TestRunbooksShowWhatWasTried(t *testing.T) {
	t.Chdir("../..")
	for page, file := range map[string]string{"locked-down-namespace": "locked-down-mended/policies.yaml"} {
		policies := string(read(t, filepath.Join("examples/shop/runbooks", file)))
		if !strings.Contains(string(read(t, filepath.Join("docs/runbooks", page+".md"))), "```yaml\n"+policies+"```") {
			t.Errorf("%s does not show %s", page, file)
		}
	}
}
