package explain

import (
	"fmt"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/flows"
)

// riskWords say what a risk is.
var riskWords = map[check.RiskKind]string{
	check.FromInternet:       "from the internet",
	check.ToInternet:         "to the internet",
	check.CloudMetadata:      "to the cloud's metadata service",
	check.AcrossTenants:      "across tenants",
	check.AcrossEnvironments: "across environments",
	check.Database:           "to a database",
}

// RiskText puts a risk and what speaks for it into words.
func RiskText(r check.Risk) string {
	return riskWords[r.Kind] + " (" + strings.Join(r.Evidence, ", ") + ")"
}

// becameWords say what became of a policy.
var becameWords = map[flows.PolicyChange]string{
	flows.PolicyAdded: "new policy", flows.PolicyRemoved: "policy removed", flows.PolicyEdited: "policy changed", flows.PolicyUnchanged: "policy unchanged",
}

// CauseText puts the reason why a flow is another than it was into words.
func CauseText(c flows.Cause) string {
	name := ""
	if c.Policy != nil {
		name = strings.TrimSpace(c.Policy.Namespace + "/" + c.Policy.Name + " " + c.Path)
	}
	became := " (" + becameWords[c.Change] + ")"
	said := c.Direction.String() + ": "
	switch c.Kind {
	case flows.RuleAdmits:
		return said + "now allowed by " + name + became
	case flows.NoLongerAdmits:
		return said + "no longer allowed by " + name + became
	case flows.NotIsolated:
		return said + "no longer isolated by " + name + became
	case flows.Isolates:
		return said + "now isolated by " + name + became
	case flows.AllowedBy:
		return said + "allowed by " + name
	case flows.Open:
		return said + "no policy isolates it"
	case flows.EndAdded:
		return ends.Typed(c.Object) + " is new"
	case flows.EndRemoved:
		return ends.Typed(c.Object) + " is gone"
	case flows.Relabelled:
		return fmt.Sprintf("labels of %s are not the same", ends.Typed(c.Object))
	case flows.NotKnown:
		return "not known: " + FactText(c.Fact).Missing
	}
	return "no policy and no label that policies select by is another: something else is, such as ports, addresses, the number of pods or the network plugin"
}
