package report

import (
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Explanation is the answer of `explain`.
type Explanation struct {
	Header
	Subject    string           `json:"subject"`
	Object     *Object          `json:"object,omitempty"` // absent for findings and symptoms
	Origin     string           `json:"origin,omitempty"`
	About      string           `json:"about"`
	Complete   bool             `json:"complete"`
	Text       string           `json:"text,omitempty"`
	Treatments []Treatment      `json:"treatments"`
	Notes      []Note           `json:"notes"`
	Findings   []CatalogueEntry `json:"findings"`
	Runbook    string           `json:"runbook,omitempty"` // the address of the page about a symptom
	Facts      []Fact           `json:"facts"`
	Gaps       []Gap            `json:"gaps"`
	Plugin     *Plugin          `json:"plugin,omitempty"` // absent where no cluster was looked at

	command string // for people only
	result  string
}

// Treatment is what policies do to pods that they treat alike.
type Treatment struct {
	Who        string      `json:"who"`
	Objects    []Object    `json:"objects"`
	Directions []Isolation `json:"directions"`
}

// Isolation is what policies do in one direction.
type Isolation struct {
	Direction string    `json:"direction"`
	Isolated  *bool     `json:"isolated,omitempty"` // absent: not known
	Policies  []string  `json:"policies"`
	Text      string    `json:"text"`
	Opens     []Opening `json:"opens"`

	from string // "from" or "to"
}

// Opening is what one peer of a rule opens.
type Opening struct {
	Policy string `json:"policy"`
	Path   string `json:"path"`
	Means  string `json:"means"`
	Now    string `json:"now,omitempty"`
	// Open says why it may mean others, too.
	Open       string   `json:"open,omitempty"`
	Nobody     bool     `json:"nobody,omitempty"`
	Objects    []Object `json:"objects"`
	Namespaces []string `json:"namespaces"`
	Ports      string   `json:"ports"`
	Certain    bool     `json:"certain"`

	text string
}

// Note is something that is easily overlooked, or not known.
type Note struct {
	Status string `json:"status"`
	Code   string `json:"code,omitempty"`
	Path   string `json:"path,omitempty"`
	Text   string `json:"text"`
}

// CatalogueEntry is what the catalogue says of a finding.
type CatalogueEntry struct {
	Code     string   `json:"code"`
	Severity string   `json:"severity"`
	Title    string   `json:"title"`
	Doc      string   `json:"doc"`
	Symptoms []string `json:"symptoms"`
	// Symptom is the one by which it was found.
	Symptom string `json:"symptom,omitempty"`
}

// NewExplanation makes the document of an explanation.
func NewExplanation(e *explain.Explanation, o Options) *Explanation {
	doc := &Explanation{
		Header: Header{APIVersion, "Explanation"}, Subject: string(e.Subject), Origin: o.locate(e.Origin, ""), About: e.About,
		Complete: !e.Incomplete, Text: e.Text, Runbook: e.Runbook,
		Treatments: []Treatment{}, Notes: []Note{}, Findings: []CatalogueEntry{}, Facts: factsOf(e.Facts), Gaps: []Gap{},
		command: o.Command, result: string(e.Result()),
	}
	if e.Object != (cluster.Ref{}) {
		object := objectOf(e.Object)
		doc.Object = &object
	}
	if e.Snapshot != nil {
		doc.Gaps = gapsOf(e.Snapshot.Gaps, o.Reread)
		plugin := pluginOf(e.Plugin)
		doc.Plugin = &plugin
	}
	for _, t := range e.Treatments {
		doc.Treatments = append(doc.Treatments, treatmentOf(t))
	}
	for _, n := range e.Notes {
		doc.Notes = append(doc.Notes, Note{Status: statusOf(n.Status), Code: n.Code, Path: n.Path, Text: n.Text})
	}
	for _, f := range e.Findings {
		doc.Findings = append(doc.Findings, CatalogueEntry{
			Code: f.Code, Severity: string(f.Severity), Title: f.Title, Doc: f.Doc, Symptoms: append([]string{}, f.Symptoms...), Symptom: f.Symptom,
		})
	}
	return doc
}

func treatmentOf(t explain.Treatment) Treatment {
	out := Treatment{Who: t.Who, Objects: objectsOf(t.Objects), Directions: []Isolation{}}
	for _, i := range t.Directions {
		d := Isolation{Direction: i.Direction.String(), Policies: []string{}, Text: i.Text, Opens: []Opening{}, from: i.Heading()}
		if i.Isolated != policy.Maybe {
			yes := i.Isolated == policy.Yes
			d.Isolated = &yes
		}
		for _, np := range i.Policies {
			d.Policies = append(d.Policies, np.Namespace+"/"+np.Name)
		}
		for _, open := range i.Opens {
			w := open.Who
			d.Opens = append(d.Opens, Opening{
				Policy: open.Rule.PolicyName(), Path: open.Rule.Path(), Means: w.Means, Now: w.Now, Open: w.Open, Nobody: w.Nobody,
				Objects: objectsOf(w.Objects), Namespaces: append([]string{}, w.Namespaces...), Ports: open.Ports, Certain: open.Certain,
				text: w.Text(),
			})
		}
		out.Directions = append(out.Directions, d)
	}
	return out
}

func objectsOf(refs []cluster.Ref) []Object {
	out := []Object{}
	for _, r := range refs {
		out = append(out, objectOf(r))
	}
	return out
}

// docPart is a paragraph of the text on a finding, and what it starts with, as "Fix".
type docPart struct{ label, text string }

// docLabels are what the paragraphs start with that are about one thing.
var docLabels = []string{"What you see", "Verify", "Fix"}

// docParts takes the text on a finding apart.
func docParts(doc string) []docPart {
	var out []docPart
	for paragraph := range strings.SplitSeq(doc, "\n\n") {
		part := docPart{text: strings.Join(strings.Fields(paragraph), " ")}
		for _, label := range docLabels {
			if rest, ok := strings.CutPrefix(part.text, label+": "); ok {
				part = docPart{label, rest}
			}
		}
		out = append(out, part)
	}
	return out
}
