package check_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/check"
)

// stopped is a command at the end of a paragraph with a full stop behind it, which would be copied.
var stopped = regexp.MustCompile(`kubectl [a-z-]+( [a-z]+)?( (-{1,2}[a-z=:.,/-]+|[A-Z]+|yaml|wide))*\.$`)

func TestACommandEndsWithoutAFullStop(t *testing.T) {
	t.Parallel()
	for _, c := range check.All {
		for paragraph := range strings.SplitSeq(c.Doc, "\n\n") {
			if at := stopped.FindString(strings.Join(strings.Fields(paragraph), " ")); at != "" {
				t.Errorf("%s: %q", c.Code, at)
			}
		}
	}
	for text, want := range map[string]bool{
		"Verify: kubectl get pods --show-labels.": true, "Verify: kubectl get networkpolicy NAME -o yaml.": true,
		"Verify: kubectl get pods --show-labels": false, "Verify: kubectl get pods with the selector as it is written finds nothing.": false,
	} {
		if stopped.MatchString(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// Readers can see for themselves whether a finding is right, and mend it.
func TestEveryFindingSaysHowToVerifyAndFixIt(t *testing.T) {
	t.Parallel()
	for _, c := range check.Documented {
		for _, part := range []string{"Verify: ", "Fix: "} {
			if !strings.Contains(c.Doc, "\n\n"+part) {
				t.Errorf("%s has no paragraph %q", c.Code, part)
			}
		}
	}
}
