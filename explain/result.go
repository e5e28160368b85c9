package explain

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// result takes everything together: an error makes it fail, anything unknown makes it unclear.
func (d *Diagnosis) result() Result {
	if slices.ContainsFunc(d.Findings, func(f check.Finding) bool { return f.Severity == check.Error }) {
		return Fails
	}
	if d.Verdict != Allowed && !d.unenforced(d.Answers) {
		return Unclear
	}
	for _, l := range d.DNS {
		if (l.Unclear() || l.Verdict(corev1.ProtocolUDP) == policy.Denied) && !d.unenforced(l.Answers) {
			return Unclear
		}
	}
	if m := d.Destination.Meant; m.Slip || m.Missing { // most likely there is no such name
		return Unclear
	}
	if d.Destination.Name != "" && len(d.Upstream) > 0 && d.UpstreamVerdict() != policy.Allowed && !d.unenforced(d.Upstream) {
		return Unclear
	}
	if slices.ContainsFunc(d.Findings, func(f check.Finding) bool { return f.Doubt }) {
		return Unclear
	}
	return Works
}

// unenforced tells whether flows are let through whatever policies say of them: the user said that
// nothing enforces policies, and nothing else is open. A plugin that was only seen, and is not
// known to enforce, is evidence and no proof; what policies deny is unclear then.
func (d *Diagnosis) unenforced(answers []check.Answer) bool {
	if !d.Plugin.Declared || d.Plugin.Enforces != policy.No || d.Source.Unread != nil || d.Destination.Unread != nil {
		return false
	}
	for _, a := range answers {
		if len(a.Pairs) == 0 || a.Route.Unread != nil {
			return false
		}
		for _, j := range a.Pairs {
			for _, decision := range j.Decisions {
				if slices.ContainsFunc(decision.Facts, beyondPolicies) {
					return false
				}
			}
		}
	}
	return len(answers) > 0
}

// beyondPolicies tells whether a fact is about something else than what NetworkPolicies say.
func beyondPolicies(f policy.Fact) bool {
	switch f.Kind {
	case policy.OtherLayer, policy.LayerUnread, policy.EndUnread, policy.DNSServer, policy.NoEndpoint, policy.IngressController, policy.GatewayPods:
		return true
	}
	return false
}
