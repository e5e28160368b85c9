package check

import (
	"fmt"

	"github.com/netpol-doctor/netpol-doctor/ends"
)

// leftOut warns of pods that are no endpoints for lack of a named port, while others are. The pod is
// left out of the Service, which works with the rest. Source: the endpoint slice controller.
func (p *Pass) leftOut() {
	for _, a := range p.Answers {
		for _, o := range a.Route.Obstacles {
			if o.Kind != ends.LeftOut {
				continue
			}
			p.report(Finding{
				Object: o.Object, Severity: Warning, Advice: "declare the port name on the container, or use its number",
				Message: fmt.Sprintf("%s gets no traffic from the Service: it has no port named %q (targetPort); it declares %s", o.Object, o.Port.TargetPort.StrVal, orNone(o.Detail)),
			})
		}
	}
}
