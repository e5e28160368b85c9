package check

import (
	"fmt"
	"slices"
)

// mistyped is the finding about names that are nearly those of Services, NPD510.
var mistyped = []Check{
	{
		Code: "NPD510", Severity: Warning,
		Title:    "the name is nearly that of a Service",
		Symptoms: slices.Concat([]string{"NXDOMAIN", "no such host", "Name or service not known"}, notFound),
		Doc: `NAME.NAMESPACE is how a client in the cluster calls a Service of another namespace. No Service is
called so, and one is called nearly so: its namespace is abbreviated or misspelt, or its name is.
Such a name is not found, unless there is one like it outside the cluster. Where only the first
part is the name of some Service, that may be chance, and this is said as information.

What you see: NXDOMAIN at once, not a timeout.

Verify: kubectl get services -A, and look the name up from the pod.

Fix: call the Service by its name and namespace. Is a name outside the cluster meant, ask for the
address that it resolves to.`,
		Run: func(p *Pass) {
			m := p.Destination.Meant
			if len(m.Services) == 0 {
				return
			}
			what := "no Service is called " + p.Destination.Name
			if m.Namespace != "" {
				what = fmt.Sprintf("%s names no Service: there is no namespace %s", p.Destination.Name, m.Namespace)
			}
			f := Finding{
				Object: p.Destination.Ref, Severity: Info, Message: what + "; perhaps " + m.Names() + " is meant",
				Evidence: map[string]string{"name": p.Destination.Name, "near": m.Names()},
				Advice:   "ask for " + m.Names() + ", or if a name outside the cluster is meant, for the address it resolves to",
			}
			if m.Slip {
				f.Severity = Warning
			}
			p.report(f)
		},
	},
}
