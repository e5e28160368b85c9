package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// suite is a document as JUnit counts it: what was asked, and a case for each part of the answer.
type suite struct {
	name    string
	command string
	result  string // Works, Fails or Unclear; the first case has it
	cases   []testCase
}

// testCase is one part of an answer. Its zero value is an error: nothing is known of it.
type testCase struct {
	class string // what it belongs to
	name  string
	state caseState
	// kind is the code of what was found, or the result where there is none.
	kind    string
	message string
	lines   []string // what was seen
	file    string   // where what was found is written down
}

// caseState is how a case came out.
type caseState uint8

// The states. A failure is exit code 1; an error without a failure is exit code 3.
const (
	erred caseState = iota
	failed
	passed
	skipped
)

// stateOf is the state of an answer's result.
func stateOf(result string) caseState {
	switch result {
	case "Works":
		return passed
	case "Fails":
		return failed
	}
	return erred
}

// partState is the state of a part of an answer, by the status that people see. No part fails of an
// answer that does not: what is not known of one that works is skipped, not passed.
func partState(result, status string) caseState {
	switch whole := stateOf(result); status {
	case "ok", "warning", "info":
		return passed
	case "problem":
		if whole != passed {
			return whole
		}
	case "unknown":
		if whole != passed {
			return erred
		}
	}
	return skipped
}

// suites is a document that can be written as JUnit.
type suites interface{ suite() suite }

// writeJUnit writes a suite in the XML that CI systems read. There is no one schema of it; these are
// the elements and attributes that Jenkins, GitLab and GitHub's test reporters have in common. No
// times: the same answer is the same bytes.
func writeJUnit(w io.Writer, s suite) error {
	counts := map[caseState]int{}
	for _, c := range s.cases {
		counts[c.state]++
	}
	numbers := fmt.Sprintf(` tests="%d" failures="%d" errors="%d" skipped="%d"`, len(s.cases), counts[failed], counts[erred], counts[skipped])
	x := &xmlWriter{w: w}
	x.raw(xml.Header)
	x.raw("<testsuites" + attribute("name", "netpol-doctor") + numbers + ">\n")
	x.raw("  <testsuite" + attribute("name", s.name) + numbers + ">\n")
	x.raw("    <properties>\n      <property" + attribute("name", "command") + attribute("value", s.command) + "/>\n    </properties>\n")
	for _, c := range s.cases {
		x.testCase(c)
	}
	x.raw("  </testsuite>\n</testsuites>\n")
	return x.err
}

// xmlWriter writes XML and remembers the first error.
type xmlWriter struct {
	w   io.Writer
	err error
}

func (x *xmlWriter) raw(text string) {
	if x.err == nil {
		_, x.err = io.WriteString(x.w, text)
	}
}

func (x *xmlWriter) testCase(c testCase) {
	start := "    <testcase" + attribute("classname", c.class) + attribute("name", c.name)
	if c.file != "" {
		start += attribute("file", c.file)
	}
	element := map[caseState]string{erred: "error", failed: "failure", skipped: "skipped", passed: "system-out"}[c.state]
	if c.state == passed && len(c.lines) == 0 {
		x.raw(start + "/>\n")
		return
	}
	x.raw(start + ">\n      <" + element)
	if c.state != passed {
		x.raw(attribute("message", c.message))
	}
	if c.state == failed || c.state == erred {
		x.raw(attribute("type", c.kind))
	}
	x.raw(">")
	for i, line := range c.lines {
		if i > 0 {
			x.raw("\n")
		}
		x.raw(xmlText(line))
	}
	x.raw("</" + element + ">\n    </testcase>\n")
}

func attribute(name, value string) string { return " " + name + `="` + xmlText(value) + `"` }

// xmlText makes text harmless in XML: characters that XML 1.0 cannot hold become visible or U+FFFD.
func xmlText(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(Plain(text))) // a Builder takes everything
	return b.String()
}
