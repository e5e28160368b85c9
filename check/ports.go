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
		Title:    "a rule allows the Service's port instead of the pod's port",
		Symptoms: []string{"fails although a rule allows the port", "connection timed out", "504"},
		Doc: `Policies see the traffic as it arrives at the pod, after the Service address and port have been
translated. The port in a rule is therefore the pod's port (targetPort), not the Service's port.

What you see: the connection through the Service times out (or is refused, on plugins that reject),
although a policy "allows the port".

Verify: kubectl describe service NAME -n NAMESPACE shows Port and TargetPort.

Fix: use the pod's port in the rule.`,
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
		Title: "a rule allows a port that the pod does not have",
		Doc: `The peers of the rule match, but no pod concerned declares the rule's port, and the connection
arrives at another one.

What you see: the connection times out (or is refused, on plugins that reject).

Verify: kubectl get pod POD -n NAMESPACE -o jsonpath='{.spec.containers[*].ports}'

Fix: use the port that the pod listens on.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PortNumber}, func(c change.Cause, e change.Edit) {
				if c.Flow.Service == nil || e.From != any(c.Flow.Dialled.Port) {
					p.cause(c, e, fmt.Sprintf("%s allows %v/%s, a port that no pod concerned declares; the traffic arrives at the pod on %v/%s", place(e), e.From, c.Flow.Protocol, e.To, c.Flow.Protocol), portEvidence(e))
				}
			})
		},
	},
	{
		Code: "NPD303", Severity: Error,
		Title: "a rule allows the right port with another protocol",
		Doc: `A port of a rule without a protocol means TCP. The connection uses the same port number with another
protocol, for example UDP for syslog or statsd.

What you see: requests over UDP get no answer, although a policy "allows the port".

Verify: kubectl get networkpolicy NAME -n NAMESPACE -o yaml shows the protocol of each port.

Fix: set the protocol, or add a second port entry where both protocols are needed.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PortProtocol, change.AddedPort}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows %s; the traffic arrives on %d/%s", place(e), withProtocol(c, e), c.Flow.Arriving.Port, c.Flow.Protocol),
					map[string]string{"wanted": e.Clause.Want[0], "seen": string(c.Flow.Protocol)})
			})
		},
	},
	{
		Code: "NPD304", Severity: Error,
		Title: "a rule uses a port name that the pod does not have",
		Doc: `A port name in a rule is looked up among the container ports of the destination pod, with the rule's
protocol. A pod that has no port of that name does not match.

What you see: the connection times out (or is refused, on plugins that reject).

Verify: kubectl get pod POD -n NAMESPACE -o jsonpath='{.spec.containers[*].ports}'

Fix: use the name that the pod declares, or the port number.`,
		Run: func(p *Pass) {
			p.eachEdit([]change.Kind{change.PortName}, func(c change.Cause, e change.Edit) {
				p.cause(c, e, fmt.Sprintf("%s allows the port named %q, which %s does not declare; the traffic arrives at the pod on %d/%s", place(e), fmt.Sprint(e.From), p.Name(c.Flow.Destination), c.Flow.Arriving.Port, c.Flow.Protocol), portEvidence(e))
			})
		},
	},
	{
		Code: "NPD305", Severity: Error,
		Title: "the port range of a rule does not include the port",
		Doc: `The rule allows a range of ports, from port to endPort, both included. The connection arrives at a
port outside the range, and no pod concerned declares a port within it.

What you see: the connection times out (or is refused, on plugins that reject).

Verify: kubectl get pod POD -n NAMESPACE -o jsonpath='{.spec.containers[*].ports}'

Fix: extend the range, or allow the one port. If the server uses a whole range of ports, allow all
of it: compare endPort with the server's configuration.`,
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
