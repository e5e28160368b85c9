package check

import (
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// portRanges is the finding about ranges of ports that a plugin may not know, NPD306.
var portRanges = []Check{
	{
		Code: "NPD306", Severity: Info,
		Title:    "the port is only allowed by a range (endPort), which not every plugin supports",
		Symptoms: []string{"the first port works, the others do not"},
		Doc: `The only rules that allow the connection use a range from port to endPort, and the connection
arrives at a port other than the first. A network plugin that does not support endPort applies such
a rule to the first port only. Cilium supports endPort since v1.16; Azure's own plugin (azure-npm)
did not when this was written. The objects do not show which version runs. On Azure's plugin the
answer is Unclear: only a test can tell.

What you see: the first port of the range works, the others time out.

Verify: connect to the first port of the range and to another one.

Fix: if only the first port works, update the network plugin, or list the ports one by one.`,
		Run: func(p *Pass) {
			if !p.Plugin.Is(rangesInDoubt...) {
				return
			}
			for _, d := range p.decisions() {
				if d.Verdict != policy.Allowed || d.Flow.TunnelPort != 0 {
					continue
				}
				for _, side := range []policy.DirectionDecision{d.Egress, d.Ingress} {
					if len(side.Admitting) == 0 || slices.ContainsFunc(side.Admitting, func(r policy.RuleRef) bool { return !onlyByRange(r, d.Flow) }) {
						continue
					}
					r, severity, ignored := side.Admitting[0], Info, p.Plugin.Is("azure-npm")
					if ignored {
						severity = Warning
					}
					p.report(Finding{
						Object: r.Policy.Ref(), Field: r.Path() + ".ports", Origin: r.Policy.Origin, Severity: severity, Doubt: ignored,
						Message:  fmt.Sprintf("%s/%s %s allows %d/%s only as part of a range (endPort): a network plugin that does not support endPort only allows the first port of it", r.Policy.Namespace, r.Policy.Name, r.Path(), d.Flow.Arriving.Port, d.Flow.Protocol),
						Evidence: map[string]string{"plugin": p.Plugin.Name},
						Advice:   "connect to the first port of the range and to this one; if only the first works, update the plugin or list the ports one by one",
					})
				}
			}
		},
	},
}

// rangesInDoubt are the plugins of which some version does not know endPort, and the one that is not
// known. Sources: concept page "Network Policies", targeting a range of ports; cilium/cilium#28684;
// Azure/azure-container-networking#2313.
var rangesInDoubt = []string{policy.Profiles[0].Name, "cilium", "gke-dataplane-v2", "azure-npm"}

// onlyByRange tells whether a rule admits the port of a flow by nothing but a range, and not as its
// first port.
func onlyByRange(r policy.RuleRef, f policy.Flow) bool {
	entries := change.PortsOf(r)
	for _, e := range entries {
		switch {
		case e.Protocol != nil && *e.Protocol != f.Protocol:
		case e.EndPort == nil || e.Port.IntVal == f.Arriving.Port:
			if e.Port == nil || e.Port.StrVal != "" || e.Port.IntVal == f.Arriving.Port {
				return false
			}
		}
	}
	return len(entries) > 0
}
