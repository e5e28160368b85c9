package catalogue

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/netpol-doctor/netpol-doctor/check"
)

// codeForm: a family from 1 to 8, and two digits.
var codeForm = regexp.MustCompile(`^NPD[1-8]\d\d$`)

// maxColumns is how wide a text may be that is shown in a terminal.
const maxColumns = 100

func TestCodesAreUniqueAndInOrder(t *testing.T) {
	t.Parallel()
	list := codes()
	for _, code := range list {
		if !codeForm.MatchString(code) {
			t.Errorf("%s does not look like a code", code)
		}
		if c, ok := check.ByCode(strings.ToLower(code)); !ok || c.Code != code {
			t.Errorf("ByCode does not find %s", code)
		}
	}
	if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Errorf("the catalogue is not in the order of its codes, or has one twice: %v", list)
	}
}

func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	for _, c := range check.Documented {
		if probed := strings.HasPrefix(c.Code, "NPD8"); (c.Run == nil) != probed {
			t.Errorf("%s: checks run, except those that a test on the network makes", c.Code)
		}
		if c.Title == "" || strings.HasSuffix(c.Title, ".") || !startsLow(c.Title) {
			t.Errorf("%s: the title %q is empty, ends in a full stop or starts with a capital", c.Code, c.Title)
		}
		if c.Doc == "" || c.Doc != strings.TrimSpace(c.Doc) || !strings.HasSuffix(c.Doc, ".") {
			t.Errorf("%s: the text is empty, has space around it or does not end in a full stop", c.Code)
		}
		if !strings.Contains(c.Doc, "\nFix: ") {
			t.Errorf("%s: the text has no paragraph that starts with Fix:", c.Code)
		}
		for _, line := range strings.Split(c.Doc, "\n") {
			if n := len([]rune(line)); n > maxColumns {
				t.Errorf("%s: a line of the text has %d columns, more than %d: %s", c.Code, n, maxColumns, line)
			}
		}
		if !slices.Contains([]check.Severity{check.Error, check.Warning, check.Info}, c.Severity) {
			t.Errorf("%s: unknown severity %q", c.Code, c.Severity)
		}
	}
}

// startsLow tells whether a text starts in lower case, or with an abbreviation.
func startsLow(text string) bool {
	first, _, _ := strings.Cut(text, " ")
	return unicode.IsLower([]rune(first)[0]) || len(first) > 1 && first == strings.ToUpper(first)
}

func TestEveryCodeHasAnArchiveAndASilentTwin(t *testing.T) {
	t.Parallel()
	found := map[string]*archive{}
	for _, a := range archives(t, "") {
		found[a.name] = a
		if _, ok := check.ByCode(a.name); !ok {
			t.Errorf("%s belongs to no code", a.path)
		}
	}
	for _, code := range codes() {
		a := found[code]
		if a == nil {
			t.Errorf("%s has no archive", code)
			continue
		}
		speaks, silent := false, false
		for _, q := range a.questions {
			speaks = speaks || !q.silent && slices.Contains(q.says.codes, code)
			silent = silent || q.silent && !slices.Contains(q.says.codes, code)
		}
		if !speaks || !silent {
			t.Errorf("%s: the code must speak (%v) in one half and be silent (%v) in the other", a.path, speaks, silent)
		}
	}
}
