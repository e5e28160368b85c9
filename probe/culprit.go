package probe

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Culprit is what the difference between two hops points at. The zero value is that none does.
type Culprit string

// The culprits.
const (
	NotKnown       Culprit = ""
	Nothing        Culprit = "Nothing" // every hop works
	DNS            Culprit = "DNS"
	ServiceMapping Culprit = "ServiceMapping" // what turns a Service's address into a pod's
	Endpoints      Culprit = "Endpoints"      // nothing is behind the Service
	Policies       Culprit = "Policies"
	Application    Culprit = "Application"
	Path           Culprit = "NodePath"
)

// blame compares the hops: what fails where its neighbour works. A timeout alone is never the
// policies' where the objects say that they allow it, a refusal alone never the application's where
// the plugin may have made it.
func blame(c scene) (Culprit, string) {
	if culprit, because := c.blameDNS(); culprit != NotKnown {
		return culprit, because
	}
	of := func(hop Hop) (works, fails []Result, all int) {
		for _, r := range c.results {
			if r.Hop == hop && r.Exchange() != Reply {
				all++
				if r.Works() && r.Exchange() != Proxied {
					works = append(works, r)
				} else if r.Fails() {
					fails = append(fails, r)
				}
			}
		}
		return works, fails, all
	}
	_, badServices, services := of(Service)
	good, bad, all := of(Backend)
	switch {
	case len(badServices) > 0 && all > 0 && len(good) == all && badServices[0].Verdict == policy.Denied:
		return Policies, fmt.Sprintf("policies deny %s, and allow the pods behind it by their own addresses; diagnose names the rule", badServices[0].Target())
	case len(badServices) > 0 && all > 0 && len(good) == all && badServices[0].Verdict == policy.Unknown:
		return NotKnown, fmt.Sprintf("%s does not work, and the pods behind it do; whether policies are the cause is not known", badServices[0].Target())
	case len(badServices) > 0 && all > 0 && len(good) == all:
		return ServiceMapping, fmt.Sprintf("%s does not work, and the pods behind it do", badServices[0].Target())
	case len(badServices) > 0 && c.unbacked(badServices[0]):
		return Endpoints, fmt.Sprintf("nothing is behind Service %s, and %s does not work", badServices[0].Object.Name, badServices[0].Target())
	case len(bad) > 0 && denied(bad):
		return Policies, fmt.Sprintf("policies deny %s, and nothing came back; diagnose names the rule", bad[0].Target())
	case len(good) > 0 && len(bad) > 0:
		return c.blameSome(bad)
	case len(bad) > 0 && len(bad) == all:
		return c.blameAll(bad)
	case len(c.results) > 0 && services+all > 0 && !slices.ContainsFunc(c.results, func(r Result) bool { return !r.Works() || r.Exchange() == Proxied }):
		return Nothing, "every hop works"
	}
	return NotKnown, "no difference between two hops tells"
}

// unbacked tells whether the API has no endpoint at all of the Service that was tested.
func (c scene) unbacked(r Result) bool {
	found := false
	for _, a := range c.d.Answers {
		if v := a.Route.Service; v == nil || v.Ref() != r.Object || a.Route.Port != r.Port {
			continue
		}
		unread := slices.ContainsFunc(a.Route.Obstacles, func(o ends.Obstacle) bool { return o.Kind == ends.BackendsUnreadable })
		if unread || len(a.Route.Backends)+len(a.Route.Unready) > 0 {
			return false
		}
		found = true
	}
	return found
}

func (c scene) blameDNS() (Culprit, string) {
	for _, r := range c.results {
		switch {
		case r.Hop == ResolverUDP && r.Fails() && r.Verdict == policy.Denied:
			return Policies, "policies deny lookups, and the DNS server does not answer; diagnose names the rule"
		case r.Hop == ResolverUDP && r.Fails():
			return DNS, "its server does not answer"
		case r.Hop == Name && r.Fails():
			return DNS, fmt.Sprintf("%s resolves to %s", r.Name, said(r))
		}
	}
	return NotKnown, ""
}

// denied tells whether policies deny all of what fails.
func denied(bad []Result) bool {
	return !slices.ContainsFunc(bad, func(r Result) bool { return r.Verdict != policy.Denied || !slices.Contains(nothing, r.Outcome()) })
}

func (c scene) blameSome(bad []Result) (Culprit, string) {
	if near, far := c.byNode(); near > 0 && far > 0 {
		return Path, "pods on the source's own node answer, those on other nodes do not"
	}
	if !slices.ContainsFunc(bad, func(r Result) bool { return r.Outcome() != Refused }) && c.d.Plugin.Rejects == policy.No {
		return Application, fmt.Sprintf("%s is refused, and other pods behind it answer", bad[0].Target())
	}
	return NotKnown, fmt.Sprintf("%s does not work, and others do", bad[0].Target())
}

func (c scene) blameAll(bad []Result) (Culprit, string) {
	for _, r := range c.results {
		if r.Hop == Own && r.Outcome() == Refused && r.Object == bad[0].Object {
			return Application, "from within its own pod it is refused, too"
		}
	}
	if !slices.ContainsFunc(bad, func(r Result) bool { return r.Outcome() != Refused || r.Verdict != policy.Allowed }) && c.d.Plugin.Rejects == policy.No {
		return Application, "it is refused, by address too, and the network plugin does not reject"
	}
	return NotKnown, "it fails by every address"
}
