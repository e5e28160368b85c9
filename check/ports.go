package check

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
)

// ports are the findings about ports, NPD3xx.
var ports = []Check{
	{
		Code: "NPD301", Severity: Error,
		Title:    "a rule names the Service's port instead of the pod's",
		Symptoms: []string{"fails although a rule allows the port", "connection timed out", "504"},
		Doc: `Policies judge what arrives at the pod, after the Service has been translated: the port of a
rule is the pod's port (targetPort), not the Service's.

What you see: the connection through the Service times out (or is refused, on plugins that
reject), although a policy "allows the port".

Verify: kubectl get service -o wide shows port and targetPort.

Fix: name the pod's port in the rule.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PortNumber}, func(c change.Cause, e change.Edit) {
				if c.Flow.Service != nil && e.From == any(c.Flow.Dialled.Port) {
					p.cause(c, e, fmt.Sprintf("%s allows %v/%s, the port of Service %s; the traffic arrives at the pod on %v/%s", place(e), e.From, c.Flow.Protocol, c.Flow.Service.Name, e.To, c.Flow.Protocol), portEvidence(e))
				}
			})
		},
	},
	{
		Code: "NPD302", Severity: Error,
		Title: "a rule names a port that the pod does not have",
		Doc: `The rule's peers match, but its port is one that no pod concerned declares, while the
connection arrives on another.

Verify: kubectl get pod -o jsonpath='{.spec.containers[*].ports}'.

Fix: name the port that the pod listens on.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PortNumber}, func(c change.Cause, e change.Edit) {
				if c.Flow.Service == nil || e.From != any(c.Flow.Dialled.Port) {
					p.cause(c, e, fmt.Sprintf("%s allows %v/%s, which no pod concerned declares; the traffic arrives at the pod on %v/%s", place(e), e.From, c.Flow.Protocol, e.To, c.Flow.Protocol), portEvidence(e))
				}
			})
		},
	},
	{
		Code: "NPD303", Severity: Error,
		Title: "a rule names the right port with another protocol",
		Doc: `A port of a rule without a protocol means TCP. The connection uses the same number with
another protocol, such as syslog or statsd over UDP.

Fix: set the protocol, or add a second entry where both are needed.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PortProtocol, change.AddedPort}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows %s; the traffic arrives on %d/%s", place(e), withProtocol(c, e), c.Flow.Arriving.Port, c.Flow.Protocol),
					map[string]string{"wanted": e.Clause.Want[0], "seen": string(c.Flow.Protocol)})
			})
		},
	},
	{
		Code: "NPD304", Severity: Error,
		Title: "a rule names a port by a name that the pod does not have",
		Doc: `A port name in a rule is looked up among the container ports of the destination pod, with
the rule's protocol. A pod without a port of that name does not match.

Verify: kubectl get pod -o jsonpath='{.spec.containers[*].ports}'.

Fix: use the name that the pod declares, or its number.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PortName}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows the port named %q, which %s does not declare; the traffic arrives at the pod on %d/%s", place(e), fmt.Sprint(e.From), p.Name(c.Flow.Destination), c.Flow.Arriving.Port, c.Flow.Protocol), portEvidence(e))
			})
		},
	},
	{
		Code: "NPD305", Severity: Error,
		Title: "the range of ports of a rule does not hold the port",
		Doc: `A rule allows a range from port to endPort, both ends included. No pod concerned declares a port
within it, and the connection arrives outside of it.

Verify: kubectl get pod -o jsonpath='{.spec.containers[*].ports}'.

Fix: move the end of the range, or name the port alone.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PortRange}, func(c change.Cause, e change.Edit) {
				entry := change.PortsOf(e.Rule)[e.Rule.Port]
				p.cause(c, e, fmt.Sprintf("%s allows %d-%d/%s; the traffic arrives at the pod on %d/%s", place(e), entry.Port.IntVal, *entry.EndPort, c.Flow.Protocol, c.Flow.Arriving.Port, c.Flow.Protocol), portEvidence(e))
			})
		},
	},
}

// withProtocol says what the entry of a rule allows, whose protocol is not that of the flow. A name
// means another number, or none, with that protocol.
func withProtocol(c change.Cause, e change.Edit) string {
	if port := change.PortsOf(e.Rule)[e.Rule.Port].Port; port != nil && port.Type == intstr.String {
		return fmt.Sprintf("the port named %q over %s", port.StrVal, e.Clause.Want[0])
	}
	return fmt.Sprintf("%d/%s", c.Flow.Arriving.Port, e.Clause.Want[0])
}

func portEvidence(e change.Edit) map[string]string {
	return map[string]string{"wanted": fmt.Sprint(e.From), "seen": fmt.Sprint(e.To)}
}
