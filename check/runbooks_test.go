package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every page is there and listed, and is found by symptoms that the catalogue has.
func TestRunbooksAreThere(t *testing.T) {
	t.Parallel()
	var known []string
	for _, c := range All {
		known = append(known, c.Symptoms...)
	}
	seen := map[string]string{}
	for _, r := range runbooks {
		for _, s := range r.symptoms {
			if !slices.Contains(known, s) {
				t.Errorf("%s: no finding has the symptom %q", r.page, s)
			}
			if other := seen[s]; other != "" {
				t.Errorf("%q leads to %s and %s", s, other, r.page)
			}
			seen[s] = r.page
		}
	}
	pages, err := filepath.Glob("../docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, p := range pages {
		if name := strings.TrimSuffix(filepath.Base(p), ".md"); name != "README" {
			there = append(there, name)
		}
	}
	if listed := slices.Sorted(slices.Values(Runbooks())); !slices.Equal(there, listed) {
		t.Errorf("there are %q, and listed are %q", there, listed)
	}
	for symptom, want := range map[string]string{"504": "502-504-at-the-ingress", "EAI_AGAIN": "unknown-host", "FailedScheduling": "", "": ""} {
		got := RunbookFor(symptom)
		if name := strings.TrimSuffix(filepath.Base(got), ".md"); got == "" && want != "" || got != "" && name != want {
			t.Errorf("%q leads to %q, want %q", symptom, got, want)
		}
	}
	if _, err := os.Stat("../docs/runbooks/README.md"); err != nil {
		t.Error(err)
	}
}
