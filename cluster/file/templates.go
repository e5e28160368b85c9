package file

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// template is a document that a template engine was to fill in, and that looks like an object of a
// kind that is read. What would come of it is not known, so it is told apart from what is skipped
// because it means nothing here.
type template struct {
	line int
	kind string
}

// rendered is what to do about templates.
const rendered = "render the chart first: helm template CHART | kubectl netpol-doctor … -f -"

// templateOf tells what a text that is no object is a template of: the first line with a kind, at
// the start of a line, that is one of those that are read. It is empty for everything else.
func (c *clerk) templateOf(text []byte) string {
	if !bytes.Contains(text, templateBraces) {
		return ""
	}
	apiVersion := ""
	for line := range bytes.Lines(text) {
		if v, ok := bytes.CutPrefix(line, []byte("apiVersion:")); ok && apiVersion == "" {
			apiVersion = plainText(v)
		}
		if v, ok := bytes.CutPrefix(line, []byte("kind:")); ok {
			return c.templateKind(apiVersion, plainText(v))
		}
	}
	return ""
}

// templateKind returns the kind if it is one of those that are read. Which version of it is meant is
// often a part of the template.
func (c *clerk) templateKind(apiVersion, name string) string {
	if c.options.Foreign != nil && c.options.Foreign(apiVersion, name) {
		return name
	}
	if slices.ContainsFunc(c.readable(), func(k *kind) bool { return k.kind == name && k.only == "" }) {
		return name
	}
	return ""
}

// plainText is a scalar without the quotes and the comment.
func plainText(value []byte) string {
	text, _, _ := strings.Cut(string(value), " #")
	return strings.Trim(strings.TrimSpace(text), `"'`)
}

// placedTemplate is a template and the file it is in.
type placedTemplate struct {
	template
	in *input
}

func (t placedTemplate) String() string {
	return fmt.Sprintf("%s of a %s", where(t.in.name, t.line), t.kind)
}

// templates returns the templates of all inputs, those of policies first.
func (s *Source) templates() []placedTemplate {
	var all []placedTemplate
	for _, index := range s.inputs {
		for _, t := range index.templates {
			all = append(all, placedTemplate{t, index.in})
		}
	}
	rank := func(t placedTemplate) int {
		if t.ofPolicy() {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b placedTemplate) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

// templatesUnder returns the templates of what the user named so.
func (s *Source) templatesUnder(root string) []placedTemplate {
	return slices.DeleteFunc(s.templates(), func(t placedTemplate) bool { return !slices.Contains(t.in.roots, root) })
}

// mostTemplates is how many templates a sentence names.
const mostTemplates = 3

// templateText names templates in a sentence, or returns the empty text where there are none.
func templateText(all []placedTemplate) string {
	var names []string
	for _, t := range all[:min(mostTemplates, len(all))] {
		names = append(names, t.String())
	}
	switch more := len(all) - len(names); {
	case len(all) == 0:
		return ""
	case len(all) == 1:
		return fmt.Sprintf("%s looks like a Helm template of a %s", where(all[0].in.name, all[0].line), all[0].kind)
	case more > 0:
		return fmt.Sprintf("%d documents look like Helm templates: %s and %d more", len(all), strings.Join(names, ", "), more)
	}
	return fmt.Sprintf("%d documents look like Helm templates: %s", len(all), strings.Join(names, ", "))
}

// templateGaps are the gaps that templates of policies leave. The answer is about the objects that
// are there; what would come of the templates is not among them.
func (s *Source) templateGaps() []cluster.Gap {
	var gaps []cluster.Gap
	for _, t := range s.templates() {
		if t.ofPolicy() {
			gaps = append(gaps, t.gap())
		}
	}
	return gaps
}

// ofPolicy tells whether a policy would come of it, of Kubernetes or of another layer.
func (t template) ofPolicy() bool { return strings.Contains(t.kind, "Polic") }

func (t placedTemplate) gap() cluster.Gap {
	return cluster.Gap{Resource: "templates", Name: where(t.in.name, t.line), Reason: cluster.NotRendered, Detail: "looks like a Helm template of a " + t.kind}
}
