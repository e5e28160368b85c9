// Package catalogue tests what the doctor finds: every code of the catalogue on a whole small
// cluster on which it must speak, and on one that looks much like it on which it must not.
//
// testdata holds one archive for each code, testdata/traps clusters on which the obvious answer is
// wrong, testdata/pending those on which the doctor is still wrong. What an archive looks like is
// said at the type archive.
package catalogue

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/check"
)

func TestCatalogue(t *testing.T) {
	t.Parallel()
	for _, a := range archives(t, "") {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			a.run(t)
			for _, q := range a.questions {
				if q.silent && slices.Contains(q.says.codes, a.name) {
					t.Errorf("line %d: the silent twin is not silent: %s", q.line, q.says)
				}
			}
		})
	}
}

func TestTraps(t *testing.T) {
	t.Parallel()
	for _, a := range archives(t, "traps") {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			a.run(t)
		})
	}
}

// TestPending lists what is still wrong. An archive that comes right has to move to the traps.
func TestPending(t *testing.T) {
	t.Parallel()
	for _, a := range archives(t, "pending") {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			for _, q := range a.questions {
				if got := a.askOf(t, q); !q.fits(got) {
					t.Skipf("still wrong: line %d: %s\nwant %s\ngot  %s", q.line, q.text, q.says, got.told(t))
				}
			}
			t.Errorf("every answer is right: move %s to the traps", a.path)
		})
	}
}

// run asks every question of an archive and holds the answers, and what follows from them,
// against what the archive says.
func (a *archive) run(t *testing.T) {
	marks := a.marks()
	for _, q := range a.questions {
		got := a.askOf(t, q)
		if !q.fits(got) {
			t.Errorf("line %d: %s\nwant %s\ngot  %s", q.line, q.text, q.says, got.told(t))
			continue
		}
		a.testWords(t, q, got)
		a.testOrder(t, q, got)
		a.testFixes(t, q, got)
		if !q.silent && !a.live {
			testPlaces(t, q, got, marks)
		}
	}
	for _, code := range sorted(marks) {
		t.Errorf("no answer points at %s with %s", marks[code], code)
	}
}

// fits tells whether an answer is the one that is expected.
func (q *question) fits(got answer) bool {
	w := got.words()
	if q.says.verdict == "" {
		w.verdict = ""
	}
	for _, code := range q.not {
		if slices.Contains(w.codes, code) {
			return false
		}
	}
	if q.facts != nil {
		var kinds []string
		for _, f := range got.Facts {
			kinds = append(kinds, f.Kind)
		}
		slices.Sort(kinds)
		if want := slices.Sorted(slices.Values(q.facts)); !slices.Equal(slices.Compact(kinds), want) {
			return false
		}
	}
	if q.at != "" && (len(got.Findings) == 0 || got.Findings[0].at() != q.at) {
		return false
	}
	return w.String() == q.says.String()
}

// at names the place that a finding blames.
func (f finding) at() string {
	name := f.Object.Name
	if f.Object.Namespace != "" {
		name = f.Object.Namespace + "/" + name
	}
	return strings.TrimSpace(name + " " + f.Field)
}

// testWords: a finding says what is wrong, with which object, and what to do about it.
func (a *archive) testWords(t *testing.T, q *question, got answer) {
	t.Helper()
	for _, f := range got.Findings {
		c, ok := check.ByCode(f.Code)
		if !ok {
			t.Errorf("line %d: %s\n%s is no code", q.line, q.text, f.Code)
		}
		if f.Message == "" || strings.HasSuffix(f.Message, ".") || f.Object.Kind == "" {
			t.Errorf("line %d: %s\n%s: %q is empty, ends in a full stop or names no object (%+v)", q.line, q.text, f.Code, f.Message, f.Object)
		}
		if c.Severity != check.Info && len(f.Fix) == 0 && f.Advice == "" {
			t.Errorf("line %d: %s\n%s: %q comes with neither a fix nor advice", q.line, q.text, f.Code, f.Message)
		}
	}
}

// testPlaces: findings point at the lines that are marked. Marks that are met are taken out.
func testPlaces(t *testing.T, q *question, got answer, marks map[string]string) {
	t.Helper()
	for _, f := range got.Findings {
		mark, marked := marks[f.Code]
		if !marked {
			continue
		}
		delete(marks, f.Code)
		if !strings.HasSuffix(filepath.ToSlash(f.Origin), "/"+mark) {
			t.Errorf("line %d: %s\n%s points at %s, want %s", q.line, q.text, f.Code, f.Origin, mark)
		}
	}
}

// testOrder: neither a second run nor the order of files and of objects in them changes what is
// found, and a second run not a byte.
func (a *archive) testOrder(t *testing.T, q *question, got answer) {
	t.Helper()
	if a.live {
		return
	}
	if again := ask(t, q.text, got.reach...); got.text != again.text {
		t.Errorf("line %d: %s\nanswered differently the second time\n%s\n%s", q.line, q.text, got.text, again.text)
	}
	objects := a.objects(t, q)
	random := rand.New(rand.NewPCG(1, uint64(len(objects))))
	for range 2 {
		random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
		dir := t.TempDir()
		for i, part := range slices.Collect(slices.Chunk(objects, 1+len(objects)/3)) {
			write(t, filepath.Join(dir, string('a'+rune(i))+".json"), manifest(t, part))
		}
		shuffled := ask(t, q.text, "-f", dir)
		if want, has := got.found(t), shuffled.found(t); want != has {
			t.Errorf("line %d: %s\nthe order of objects changed what is found\n%s\n%s", q.line, q.text, want, has)
			return
		}
	}
}

// found prints everything that does not depend on where objects stand.
func (a answer) found(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(a.words().String())
	for _, f := range a.Findings {
		fmt.Fprintln(&b, "\n", f.Code, f.Severity, f.at(), f.Message, f.fixes(t), f.Advice)
	}
	for _, f := range a.Facts {
		fmt.Fprintln(&b, f.Kind, f.Key)
	}
	return b.String()
}

// testFixes: a finding is gone once its fix is made, and when all are made the connection is
// allowed.
func (a *archive) testFixes(t *testing.T, q *question, got answer) {
	t.Helper()
	all := distinct(t, got)
	text := fmt.Sprint(all)
	for _, word := range q.fix {
		if !strings.Contains(text, word) {
			t.Errorf("line %d: %s\nthe fix does not hold %s: %s", q.line, q.text, word, text)
		}
	}
	if len(all) == 0 {
		if q.fixed != nil {
			t.Errorf("line %d: %s\nno finding has a fix\n%s", q.line, q.text, got.told(t))
		}
		return
	}
	a.testHarm(t, q, got, all)
	objects := a.objects(t, q)
	for _, name := range sorted(forms) {
		for _, f := range got.Findings {
			if fixes := f.fixes(t); len(fixes) > 0 {
				after := a.askAbout(t, q, repaired(t, objects, forms[name], fixes))
				same := func(o finding) bool { return o.Code == f.Code && o.Object == f.Object && o.Message == f.Message }
				if slices.ContainsFunc(after.Findings, same) {
					t.Errorf("line %d: %s\n%s is still there after its fix (of the policy %s): %v\n%s", q.line, q.text, f.Code, name, fixes, after.told(t))
				}
			}
		}
		after := a.askAbout(t, q, repaired(t, objects, forms[name], all))
		testKept(t, q, got, after, all)
		for _, f := range got.Findings {
			if len(f.Fix) > 0 && slices.Contains(after.words().codes, f.Code) {
				t.Errorf("line %d: %s\n%s is still there after all fixes (of policies %s): %v\n%s", q.line, q.text, f.Code, name, all, after.told(t))
			}
		}
		want := words{verdict: "Allowed"}
		if q.fixed != nil {
			want = *q.fixed
		}
		has := after.words()
		if want.verdict != "" && has.verdict != want.verdict && has.verdict != "" {
			t.Errorf("line %d: %s\nafter all fixes (of policies %s) the verdict is %s, want %s\n%s", q.line, q.text, name, has.verdict, want.verdict, after.told(t))
		}
		if q.fixed != nil && (has.result != want.result || !slices.Equal(has.codes, want.codes)) {
			t.Errorf("line %d: %s\nafter all fixes (of policies %s) the answer is %s, want %s\n%s", q.line, q.text, name, has, want, after.told(t))
		}
	}
}

// codes returns the codes of the catalogue.
func codes() []string {
	var out []string
	for _, c := range check.All {
		out = append(out, c.Code)
	}
	return out
}
