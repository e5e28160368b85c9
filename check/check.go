package check

import (
	"cmp"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Severity says what a finding means for the connection that was asked about.
type Severity string

// The severities: an error makes the connection fail, a warning may, the rest is worth knowing.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

func (s Severity) rank() int {
	switch s {
	case Error:
		return 0
	case Warning:
		return 1
	}
	return 2
}

// Check is one entry of the catalogue.
type Check struct {
	Code     string // "NPD301"; never renumbered, never reused
	Severity Severity
	// Title says what is wrong in a few words, without a capital or a full stop.
	Title string
	// Doc is the whole text on the finding: what it is, what it looks like, how to verify it and
	// how to mend it.
	Doc string
	// Symptoms are what users see and what logs say, the most typical of this finding first. Three
	// dots stand for whatever differs from one time to the next.
	Symptoms []string
	Run      func(*Pass)
}

// Finding is something that a check found.
type Finding struct {
	Code     string
	Severity Severity
	Object   cluster.Ref
	Field    string
	Origin   cluster.Origin
	Message  string
	Evidence map[string]string
	// Fix is the edit, or the edits of several objects, that mends it; each was re-evaluated.
	Fix []change.Edit
	// Own is the one of Fix that mends what Message says, where the others are for another end; nil
	// where all of them do.
	Own *change.Edit
	// Advice is what to do where no edit of a NetworkPolicy helps.
	Advice string
	// Cause: this is why the connection does not work, not just something that was seen.
	Cause bool
	// Voids: with this, what policies deny is no cause; it is said before that.
	Voids bool
	// Doubt: for this the connection may fail whatever policies allow, and only a test can tell.
	Doubt bool
}

// All is the catalogue, in the order of the codes.
var All = slices.Concat(labels, namespaces, ports, portRanges, listening, rules, blocks, dns, fqdn, mistyped, nodeNames, logic, intent, overlap, vacuous, exposed, stray, undoing, services,
	meshes, serviceAddresses, loadBalancers, metadata, acmeSolvers, ownServices, families, managed, ownNode, startUp, notRunning, sourceRanges)

// Documented is every finding that there can be: those of the catalogue, and those that only a test
// on the network makes.
var Documented = slices.Concat(All, Probed)

// ByCode finds a check, whatever the case of the code.
func ByCode(code string) (Check, bool) {
	for _, c := range Documented {
		if strings.EqualFold(c.Code, code) {
			return c, true
		}
	}
	return Check{}, false
}

// TitleOf is the title of a check, or empty where there is none of that code.
func TitleOf(code string) string {
	c, _ := ByCode(code)
	return c.Title
}

// Run runs every check on an answered question. The cause comes first, then errors before
// warnings before the rest, each in the order of their codes.
func Run(p *Pass) []Finding {
	for _, c := range All {
		p.current = c
		c.Run(p)
	}
	slices.SortStableFunc(p.findings, func(a, b Finding) int {
		return cmp.Or(
			-cmp.Compare(boolRank(a.Cause), boolRank(b.Cause)),
			cmp.Compare(a.Severity.rank(), b.Severity.rank()),
			-cmp.Compare(boolRank(a.Voids), boolRank(b.Voids)),
			cmp.Compare(a.Code, b.Code),
			a.Object.Compare(b.Object),
			cmp.Compare(a.Field, b.Field),
		)
	})
	return p.findings
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}
