package catalogue

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/netpol-doctor/netpol-doctor/check"
)

var update = flag.Bool("update", false, "rewrite docs/causes.md")

const causesPage = "../../docs/causes.md"

// failure is one way in which a connection fails in the field: the question in which it is seen and
// the twin in which it must not be.
type failure struct {
	*archive
	question, twin *question
	got, twinGot   answer
	mended         string // what becomes of the connection once everything that is said is done
}

func TestField(t *testing.T) {
	t.Parallel()
	for _, a := range archives(t, "field") {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			a.run(t)
			if !slices.ContainsFunc(a.questions, func(q *question) bool { return q.slug == a.name }) {
				t.Errorf("%s has no line \"case: %s Title\"", a.path, a.name)
			}
		})
	}
}

// TestCauses: for every way in which a connection fails in the field, the first cause that is said
// is of that way alone: it is not said of the twin. docs/causes.md is made of what is said.
func TestCauses(t *testing.T) {
	t.Parallel()
	var all []*failure
	for _, folder := range []string{"", "traps", "field"} {
		for _, a := range archives(t, folder) {
			all = append(all, a.failures(t)...)
		}
	}
	slices.SortFunc(all, func(a, b *failure) int { return cmp.Compare(a.question.slug, b.question.slug) })
	t.Run("each", func(t *testing.T) {
		for _, f := range all {
			t.Run(f.question.slug, func(t *testing.T) {
				t.Parallel()
				f.ask(t)
				f.testCause(t)
			})
		}
	})
	for i := 1; i < len(all); i++ {
		if all[i].question.slug == all[i-1].question.slug {
			t.Errorf("%s and %s are both the case %s", all[i-1].path, all[i].path, all[i].question.slug)
		}
	}
	page := causes(all)
	if *update && !t.Failed() {
		if err := os.WriteFile(causesPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if stored, err := os.ReadFile(causesPage); err != nil || string(stored) != page {
		t.Errorf("%s is not what is said of the fixtures (%v); run make generate and read the diff", causesPage, err)
	}
}

// failures lists those that an archive holds, with their twins.
func (a *archive) failures(t *testing.T) []*failure {
	t.Helper()
	var out []*failure
	for _, q := range a.questions {
		if q.slug == "" {
			continue
		}
		f := &failure{archive: a, question: q}
		i := slices.IndexFunc(a.questions, func(o *question) bool { return o.twin == q.slug })
		if i < 0 {
			i = slices.IndexFunc(a.questions, func(o *question) bool { return o.silent && o.twin == "" })
		}
		if i < 0 || q.title == "" {
			t.Fatalf("%s: the case %q has no title or no twin", a.path, q.slug)
		}
		f.twin = a.questions[i]
		out = append(out, f)
	}
	return out
}

// ask asks about the failure, about its twin, and again once everything that is said is done.
func (f *failure) ask(t *testing.T) {
	t.Helper()
	f.got, f.twinGot = f.askOf(t, f.question), f.askOf(t, f.twin)
	objects := f.objects(t, f.question)
	fixes := distinct(t, f.got)
	switch {
	case len(f.got.Findings) > 0 && len(f.got.Findings[0].Fix) > 0:
		after := f.askAbout(t, f.question, repaired(t, objects, forms["as stored"], fixes))
		f.mended = "yes"
		if after.Result != "Works" {
			f.mended = "in part: then " + after.words().String()
		}
	case f.got.Result == "Works":
		f.mended = "works; nothing to fix"
	default:
		without := slices.DeleteFunc(slices.Clone(objects), func(o object) bool { return o["kind"] == "NetworkPolicy" })
		after := f.askAbout(t, f.question, without)
		switch after.Result {
		case "Works":
			f.mended = "no: no rule is certain to do it; works where nothing isolates"
		case "Unclear":
			f.mended = "no: no policy change settles it"
		default:
			f.mended = "no: no policy change helps"
		}
	}
}

// testCause: something is said of the failure that is not said of its twin, and an Unknown says
// what it hangs on.
func (f *failure) testCause(t *testing.T) {
	t.Helper()
	first := f.first()
	switch {
	case first != "" && slices.Contains(f.twinGot.words().codes, first):
		t.Errorf("%s: line %d: %s is said of the twin, too\n%s", f.path, f.question.line, first, f.twinGot.told(t))
	case first == "" && len(f.got.Facts) == 0:
		t.Errorf("%s: line %d: nothing is said\n%s", f.path, f.question.line, f.got.told(t))
	case first == "" && slices.Equal(f.got.Facts, f.twinGot.Facts):
		t.Errorf("%s: line %d: nothing is said that is not said of the twin, too\n%s", f.path, f.question.line, f.got.told(t))
	}
	if f.got.Verdict == "Unknown" && len(f.settles()) == 0 {
		t.Errorf("%s: line %d: the verdict is Unknown and nothing says what would settle it\n%s", f.path, f.question.line, f.got.told(t))
	}
}

// first returns the first code that was said, or "".
func (f *failure) first() string {
	if len(f.got.Findings) == 0 {
		return ""
	}
	return f.got.Findings[0].Code
}

// settles lists what would settle an Unknown: the missing facts, or, where there is no pod to judge,
// what is advised.
func (f *failure) settles() []string {
	var out []string
	for _, fact := range f.got.Facts {
		out = append(out, fmt.Sprintf("%s — %s", fact.Missing, fact.Settle))
	}
	if len(out) == 0 && len(f.got.Findings) > 0 && f.got.Findings[0].Advice != "" {
		why := "only a test can tell"
		if f.got.Verdict == "Unknown" {
			why = "there is no pod to judge"
		}
		out = append(out, why+" — "+f.got.Findings[0].Advice)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// anchor is what a heading is linked to by.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// causes prints the page.
func causes(all []*failure) string {
	var b strings.Builder
	b.WriteString(`# Causes

Common ways connections fail, and what the doctor answers. Each is tested, with a look-alike cluster that
must not get the same answer. Where a fix is proven, the test makes it and asks again.

Made by ` + "`make generate`" + `.

`)
	b.WriteString("| what fails | example | first finding | answer | fix proven | look-alike's answer |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, f := range all {
		said := "none; what it depends on is below"
		if c, ok := check.ByCode(f.first()); ok {
			said = fmt.Sprintf("[%s](findings.md#%s): %s", c.Code, anchor(c.Code+": "+c.Title), c.Title)
		}
		fixture := strings.TrimPrefix(f.path, "testdata/")
		row := []string{
			fmt.Sprintf("<a id=%q></a>%s", f.question.slug, f.question.title),
			fmt.Sprintf("[%s](../test/catalogue/testdata/%s)", strings.TrimSuffix(fixture, ".txtar"), fixture),
			said, strings.TrimSpace(f.got.Result + " " + f.got.Verdict), f.mended, f.twinGot.words().String(),
		}
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], "|", "\\|")
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	results, unknown := map[string]int{}, map[string]int{}
	for _, f := range all {
		results[f.got.Result]++
		if f.got.Verdict == "Unknown" {
			unknown[f.got.Result]++
		}
	}
	fmt.Fprintf(&b, `
## What could not be decided

Of these %d cases, %d are answered with Fails, %d with Works and a warning or something to know, and %d with
Unclear. The verdict on policies is Unknown for %d of the unclear ones, and for %d of those that fail: there
is no pod to judge. Each says what would settle it:

`, len(all), results["Fails"], results["Works"], results["Unclear"], unknown["Unclear"], unknown["Fails"])
	for _, f := range all {
		if f.got.Verdict != "Unknown" && (f.got.Result != "Unclear" || len(f.settles()) == 0) {
			continue
		}
		fmt.Fprintf(&b, "- %s (%s %s)\n", f.question.title, f.got.Result, f.got.Verdict)
		for _, s := range f.settles() {
			fmt.Fprintf(&b, "  - %s\n", s)
		}
	}
	return b.String()
}
