package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Bounds of what is told: in how many ways an answer may turn out, and how many flows it may be about.
const (
	mostOutcomes = 5
	mostUnclear  = 50
)

// outcomes says of an answer that hangs on few facts what the verdict is in each case, and which rule or
// policy decides then. It is empty where that is not the same for all flows in question, or where no
// words are known for a case.
func (d *Diagnosis) outcomes() []string {
	var all []string
	flows := 0
	for _, a := range d.Answers {
		for _, j := range a.Pairs {
			for _, decision := range j.Decisions {
				if decision.Verdict != policy.Unknown {
					continue
				}
				if flows++; flows > mostUnclear {
					return nil
				}
				texts := d.outcomesOf(decision)
				if len(texts) == 0 || len(all) > 0 && !slices.Equal(all, texts) {
					return nil
				}
				all = texts
			}
		}
	}
	return all
}

// outcomesOf writes a line for each thing that may come out for one flow.
func (d *Diagnosis) outcomesOf(decision policy.Decision) []string {
	type line struct {
		result string
		when   []string
	}
	var lines []line
	for _, o := range d.Set.Outcomes(decision.Flow) {
		when, ok := caseText(o.When, len(decision.Facts))
		if !ok {
			return nil
		}
		result := d.outcomeText(o.Decision, decision)
		i := slices.IndexFunc(lines, func(l line) bool { return l.result == result })
		if i < 0 {
			i = len(lines)
			lines = append(lines, line{result: result})
		}
		lines[i].when = append(lines[i].when, when)
	}
	if len(lines) < 2 || len(lines) > mostOutcomes {
		return nil
	}
	var out []string
	for _, l := range lines {
		out = append(out, joinCases(l.when)+": "+l.result)
	}
	return out
}

// joinCases joins cases that come out alike. Of whom they are is said once.
func joinCases(when []string) string {
	text := when[0]
	for _, w := range when[1:] {
		for _, verb := range []string{" has ", " have ", " sees "} {
			who, rest, ok := strings.Cut(w, verb)
			if ok && strings.HasPrefix(when[0], who+verb) {
				w = rest
			}
		}
		text += " or " + w
	}
	return text
}

// outcomeText says how a flow is decided in one case.
func (d *Diagnosis) outcomeText(o, before policy.Decision) string {
	switch o.Verdict {
	case policy.Allowed:
		var reasons []string
		for _, sides := range [][2]policy.DirectionDecision{{o.Egress, before.Egress}, {o.Ingress, before.Ingress}} {
			if sides[1].Verdict != policy.Allowed {
				reasons = append(reasons, fmt.Sprintf("%s by %s", sides[0].Direction, d.whyAllowed(sides[0], o.Flow)))
				if len(sides[0].Admitting) == 0 {
					reasons[len(reasons)-1] = fmt.Sprintf("%s, as %s", sides[0].Direction, d.whyAllowed(sides[0], o.Flow))
				}
			}
		}
		return "Allowed at " + strings.Join(reasons, ", and at ")
	case policy.Denied:
		var sides []string
		for _, side := range []policy.DirectionDecision{o.Egress, o.Ingress} {
			if side.Verdict == policy.Denied {
				sides = append(sides, fmt.Sprintf("%s, isolated by %s", side.Direction, policyNames(side.Isolating)))
			}
		}
		return "Denied at " + strings.Join(sides, ", and at ")
	}
	return "still not known"
}

// caseText says what is so in a case. Of several facts, all of which are answered with no, that is said at
// once; the second result is false where there are no words for a fact.
func caseText(when []policy.Answer, facts int) (string, bool) {
	no := func(a policy.Answer) bool { return a.Value == "no" }
	var out []string
	for _, a := range when {
		yes, ok := factText(a)
		if !ok {
			return "", false
		}
		if no(a) {
			yes = "not: " + yes
		}
		out = append(out, yes)
	}
	switch {
	case !slices.ContainsFunc(when, func(a policy.Answer) bool { return !no(a) }) && facts == len(when) && facts > 1:
		return "none of these", true
	case len(when) == 1 && facts == 1 && no(when[0]):
		return "not", true
	}
	return strings.Join(out, ", and "), true
}

// factText says what is so when a fact turns out in one way. Of one that is answered with yes or no it is
// what yes means.
func factText(a policy.Answer) (string, bool) {
	o, key := a.Fact.Object, a.Fact.Key
	switch a.Fact.Kind {
	case policy.NamespaceLabel, policy.PodLabel:
		who := "namespace " + o.Name + " has"
		if a.Fact.Kind == policy.PodLabel {
			who = "pods of " + o.String() + " have"
		}
		switch a.Value {
		case policy.Absent:
			return who + " no label " + key, true
		case policy.OtherValue:
			return fmt.Sprintf("%s another value of the label %s", who, key), true
		}
		return who + " " + key + a.Value, true
	case policy.SourceSeen:
		switch a.Value {
		case policy.ClientSeen:
			return "the pod sees the client's address", true
		case policy.NodeSeen:
			return "the pod sees the address of another node", true
		}
		return "the pod sees the address of its own node", true
	case policy.PodAddress:
		return fmt.Sprintf("the pods of %s have an address in %s", o, key), true
	case policy.NodeAddress:
		return fmt.Sprintf("node %s has an address in %s", orUnknown(o.Name), key), true
	case policy.ServiceAddress:
		return fmt.Sprintf("Service %s has an address in %s", nameOf(o), key), true
	case policy.SameNode:
		return fmt.Sprintf("%s runs on the same node as %s", o, orUnknown(key)), true
	case policy.MeshTunnel:
		return fmt.Sprintf("the mesh carries the traffic on port %s", key), true
	case policy.PodLabelIgnored:
		return fmt.Sprintf("%s ignores the pod label %s", o.Name, key), true
	case policy.NameAddress:
		switch {
		case key == "":
			return "", false
		case o.Name == ends.ControlPlane:
			return "the API server connects from an address in " + key, true
		case o.Name == ends.NodeResolvers || o.Name == ends.UpstreamResolvers:
			return fmt.Sprintf("%s have an address in %s", o.Name, key), true
		}
		return fmt.Sprintf("%s resolves to an address in %s", check.AddressText(o.Name), key), true
	case policy.PluginBehaviour:
		text, ok := behaviourYes[policy.Behaviour(key)]
		return text, ok
	}
	return "", false
}

// behaviourYes says what a network plugin does of which it is not known.
var behaviourYes = map[policy.Behaviour]string{
	policy.IPBlockMatchesPods:        "the network plugin matches pods by ipBlock",
	policy.IPBlockMatchesNodes:       "the network plugin matches nodes by ipBlock",
	policy.IPBlockMatchesServices:    "the network plugin compares ipBlocks with the Service's address",
	policy.SelectorsMatchHostNetwork: "the network plugin matches hostNetwork pods by selectors",
	policy.HostNetworkIsolated:       "the network plugin isolates hostNetwork pods",
	policy.OwnNodeEgressExempt:       "the network plugin always lets a pod reach its own node",
	policy.OwnNodePodsFiltered:       "the network plugin filters hostNetwork pods of a pod's own node",
	policy.SCTPRulesIgnored:          "the network plugin does not support rules for SCTP",
	policy.HairpinExempt:             "the network plugin lets a pod reach itself through its own Service",
	policy.UnlistedSectionsEnforced:  "the network plugin enforces rules that policyTypes does not list",
	policy.ServicePortJudged:         "the network plugin compares rules with the Service's port",
	policy.SidecarNamesIgnored:       "the network plugin ignores the port names of sidecars",
	policy.BarePodsUnenforced:        "the network plugin does not enforce policies on pods without an owner",
	policy.UnselectedIsolated:        "the network plugin isolates pods that no policy selects",
}
