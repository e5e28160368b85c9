package report

import (
	"fmt"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
)

// wayInRules are what a way in that is not what it was is in SARIF, beside the flows of changeRules.
var wayInRules = []sarifRule{
	ruleOf("WayInOpened", "an Ingress or a route leads in", "note", `Requests get in by an Ingress or a route that did not lead there before. It may be what the change is for.

Verify: `+"`kubectl netpol-doctor diagnose KIND/NAME`"+` of the Ingress or the route says what is on the way.`),
	ruleOf("WayInChanged", "a way in has changed", "warning", `An Ingress or a route leads in by other hosts, or to something else, or it is not known whether it does.

Verify: `+"`kubectl netpol-doctor diagnose KIND/NAME`"+` of the Ingress or the route says what is on the way.`),
	ruleOf("WayInClosed", "an Ingress or a route does not lead in any more", "note", `Requests got in by an Ingress or a route before, and do not now.

Verify: ask who uses its hosts; `+"`kubectl netpol-doctor diagnose KIND/NAME`"+` of the Ingress or the route says what is in the way.`),
}

var wayInCodes = map[string]string{string(flows.Opened): "WayInOpened", string(flows.Changed): "WayInChanged", string(flows.Closed): "WayInClosed"}

// wayState is how a way in comes out under --fail-on.
func (d *FlowDiff) wayState(e EntryChange) caseState {
	return failsOn(FlowDiff{Entries: []EntryChange{e}}, d.failOn)
}

// wayCases are the ways in that are not what they were, a test case each.
func (d *FlowDiff) wayCases() (cases []testCase) {
	for _, e := range d.Entries {
		lines := e.lines()
		cases = append(cases, testCase{
			class: e.Change, name: lines[0], state: d.wayState(e), kind: e.Change,
			message: e.Change + ": " + lines[0], file: e.place.File, lines: lines[1:],
		})
	}
	return cases
}

// wayResults are the ways in that are not what they were, a result each.
func (d *FlowDiff) wayResults() (results []sarifResult) {
	for _, e := range d.Entries {
		r := sarifResult{
			code: wayInCodes[e.Change], level: "note", message: strings.Join(e.lines(), "; ") + ": " + e.Change, place: e.place,
			objects: []Object{{Kind: e.Kind, Namespace: e.Namespace, Name: e.Name}},
			key:     []string{e.Change, e.Kind, e.Namespace, e.Name, e.Object.Kind, e.Object.Namespace, e.Object.Name, fmt.Sprint(e.Port, e.PortName, e.Protocol)},
		}
		switch state := d.wayState(e); {
		case state == failed:
			r.level = "error"
		case state == erred, e.Change == string(flows.Changed):
			r.level = "warning"
		}
		results = append(results, r)
	}
	return results
}

// placeOfWay is where an Ingress or a route is from.
func (c *Compared) placeOfWay(e EntryChange) cluster.Origin {
	of := func(s *cluster.Snapshot) cluster.Origin {
		for _, in := range s.Ingresses {
			if in.Kind == e.Kind && in.Namespace == e.Namespace && in.Name == e.Name {
				return in.Origin
			}
		}
		for _, r := range s.Routes {
			if r.Kind == e.Kind && r.Namespace == e.Namespace && r.Name == e.Name {
				return r.Origin
			}
		}
		return cluster.Origin{}
	}
	if origin := of(c.After); origin.File != "" {
		return origin
	}
	return c.moved(of(c.Before))
}
