package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// shownFix is a fix as people read it: once, whatever number of findings it mends.
type shownFix struct {
	Fix
	code string // of the finding that it mends; empty when that is not among those shown
}

// fixesOf collects the fixes of findings, each once. A connection that both ends deny has a
// finding for each end, and both carry both fixes.
func fixesOf(findings []Finding) []shownFix {
	var out []shownFix
	for _, f := range findings {
		for _, fix := range fixList(f.Fix) {
			i := slices.IndexFunc(out, func(o shownFix) bool { return sameFix(o.Fix, fix) })
			if i < 0 {
				i = len(out)
				out = append(out, shownFix{Fix: fix})
			}
			if fix.own && out[i].code == "" {
				out[i].code = f.Code
			}
		}
	}
	return out
}

func sameFix(a, b Fix) bool {
	return a.Object == b.Object && a.Path == b.Path && fixCommand(a) == fixCommand(b)
}

func sameFixes(a, b Finding) bool { return slices.EqualFunc(fixList(a.Fix), fixList(b.Fix), sameFix) }

// fixLabels names each fix, by its direction where there are fixes of both.
func fixLabels(fixes []shownFix) []string {
	both := slices.ContainsFunc(fixes, func(f shownFix) bool { return f.direction != fixes[0].direction })
	var labels []string
	for _, f := range fixes {
		label := "Fix"
		if both {
			label += " " + f.direction
		}
		labels = append(labels, label)
	}
	return labels
}

// careful is what a reason to think twice is labelled with.
const careful = "Caution"

// fixRows writes a row for each fix.
func fixRows(fixes []shownFix, codes bool) [][]string {
	labels := fixLabels(fixes)
	var rows [][]string
	for i, f := range fixes {
		text := fixText(f.Fix)
		if codes && f.code != "" {
			text += " (" + f.code + ")"
		}
		rows = append(rows, []string{Plain(labels[i]), Plain(text)})
		for _, caution := range f.Cautions {
			rows = append(rows, []string{careful, Plain(caution)})
		}
	}
	return rows
}

// commands writes what makes the changes of fixes, all changes of one object at once.
func (p *pager) commands(fixes []shownFix) {
	var joined []Fix
	for _, f := range fixes {
		same := func(o Fix) bool { return o.Object == f.Object && o.Manifest == nil && f.Manifest == nil }
		if i := slices.IndexFunc(joined, same); i >= 0 {
			joined[i].Patch = slices.Concat(joined[i].Patch, f.Patch)
			continue
		}
		joined = append(joined, f.Fix)
	}
	heading := ""
	for _, f := range joined {
		p.blank()
		if h := commandHeading(f); h != heading {
			heading = h
			p.text("", Plain(h))
			p.blank()
		}
		p.code(fixCommand(f))
	}
}

// commandHeading says what to do with what makes a change.
func commandHeading(f Fix) string {
	switch from, moved := f.From.(string); {
	case f.Manifest != nil && moved:
		return fmt.Sprintf("Save this as a file and run kubectl apply -f FILE, then kubectl delete networkpolicy %s -n %s:", f.Object.Name, from)
	case f.Manifest != nil:
		return "Save this as a file and run kubectl apply -f FILE:"
	case strings.Contains(f.Origin, ":"):
		return "Change the file, or patch the object in the cluster:"
	}
	return "Patch the object in the cluster:"
}

func fixList(fix any) []Fix {
	switch f := fix.(type) {
	case Fix:
		return []Fix{f}
	case []Fix:
		return f
	}
	return nil
}

// fixText says in one sentence what to change.
func fixText(f Fix) string {
	if strings.Contains(f.Origin, ":") {
		return f.text + " (" + f.Origin + ")"
	}
	return f.text
}

// fixCommand is what makes the change when it is run or applied.
func fixCommand(f Fix) string {
	if f.Manifest != nil {
		text, err := yaml.Marshal(f.Manifest)
		if err != nil {
			return ""
		}
		return string(text)
	}
	patch, err := json.Marshal(f.Patch)
	if err != nil {
		return ""
	}
	in := ""
	if f.Object.Namespace != "" {
		in = " -n " + f.Object.Namespace
	}
	return fmt.Sprintf("kubectl patch %s %s%s --type=json -p '%s'", strings.ToLower(f.Object.Kind), f.Object.Name, in, strings.ReplaceAll(string(patch), "'", `'\''`))
}
