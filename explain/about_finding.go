package explain

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
)

// codeForm is what the code of a finding looks like.
var codeForm = regexp.MustCompile(`(?i)^npd\d+$`)

// IsCode tells whether a text looks like the code of a finding, whether there is one or not.
func IsCode(text string) bool { return codeForm.MatchString(text) }

// AboutCode explains a finding.
func AboutCode(code string) (*Explanation, error) {
	c, ok := check.ByCode(code)
	if !ok {
		return nil, noCode(code)
	}
	return &Explanation{Subject: SubjectFinding, About: c.Code + ": " + c.Title, Findings: []check.Shown{{Check: c}}}, nil
}

// noCode says that there is no such finding, and which are of the family, or which families.
func noCode(code string) error {
	const family = len("NPD3")
	code = strings.ToUpper(code)
	var of, families []string
	for _, c := range check.Documented {
		if strings.HasPrefix(code, c.Code[:family]) {
			of = append(of, c.Code)
		}
		if f := c.Code[:family] + "xx"; !slices.Contains(families, f) {
			families = append(families, f)
		}
	}
	if len(of) > 0 {
		return fmt.Errorf("no finding has the code %s; near it there is %s", code, orList(of))
	}
	return fmt.Errorf("no finding has the code %s; there is %s", code, orList(families))
}

// NoSymptomError says that nothing is known of a symptom.
type NoSymptomError struct{ Text string }

// Error says what can be asked.
func (e *NoSymptomError) Error() string {
	return fmt.Sprintf("nothing is known of the symptom %q; explain takes a pod, a workload or a Service (deploy/api), a policy (netpol/NAME), the code of a finding (NPD301), or what clients and logs say (UnknownHostException, 504, \"connection refused\"); if you know both ends, run diagnose SOURCE DESTINATION", e.Text)
}

// AboutSymptom explains which findings show a symptom, likeliest first.
func AboutSymptom(text string) (*Explanation, error) {
	found := check.BySymptom(text)
	if len(found) == 0 {
		return nil, &NoSymptomError{text}
	}
	e := &Explanation{Subject: SubjectSymptom, About: fmt.Sprintf("%q", text), Findings: found, Runbook: check.RunbookFor(found[0].Symptom)}
	e.Text = "Each of these shows it; diagnose SOURCE DESTINATION tells which it is, explain CODE what to do about it"
	if check.IsNoRoute(text) {
		e.Text = "This is rarely a NetworkPolicy: most plugins drop what is denied, and the client times out. Look for a pod that is gone, a node that is down or a firewall of the node first. " + e.Text
	}
	return e, nil
}
