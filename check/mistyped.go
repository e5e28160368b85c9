package check

import (
	"fmt"
	"slices"
	"strings"
)

// mistyped is the finding about names that are nearly those of Services, NPD510.
var mistyped = []Check{
	{
		Code: "NPD510", Severity: Warning,
		Title:    "the name looks like a mistyped Service name",
		Symptoms: slices.Concat([]string{"NXDOMAIN", "no such host", "Name or service not known"}, notFound),
		Doc: `A client calls a Service of another namespace by NAME.NAMESPACE. No Service has this name, but one
has a similar name: the namespace is abbreviated or misspelt, or the Service's name is. Such a name
does not resolve, unless a name outside the cluster happens to be the same. If only the first part
is the name of some Service, it may be a coincidence, and the finding is information only. The same
goes for a name of a namespace that is there and has no such Service: nothing in the cluster answers
to it.

What you see: NXDOMAIN at once, not a timeout.

Verify: kubectl get services -A, and look the name up from the pod.

Fix: use the Service's name and namespace. If a name outside the cluster is meant, ask for the
address that it resolves to.`,
		Run: func(p *Pass) {
			m := p.Destination.Meant
			if len(m.Services) == 0 && !m.Missing {
				return
			}
			if m.Missing && !m.Slip {
				p.reportMissing()
				return
			}
			what := "no Service is called " + p.Destination.Name
			if m.Namespace != "" {
				what = fmt.Sprintf("%s names no Service: there is no namespace %s", p.Destination.Name, m.Namespace)
			}
			f := Finding{
				Object: p.Destination.Ref, Severity: Info, Message: what + "; perhaps you mean " + m.Names(),
				Evidence: map[string]string{"name": p.Destination.Name, "near": m.Names()},
				Advice:   "ask for " + m.Names() + "; if a name outside the cluster is meant, ask for the address that it resolves to",
			}
			if m.Slip {
				f.Severity = Warning
			}
			p.report(f)
		},
	},
}

// reportMissing tells of a name that reads like a Service's, of a namespace that has none so called.
func (p *Pass) reportMissing() {
	service, namespace, _ := strings.Cut(p.Destination.Name, ".")
	f := Finding{
		Object: p.Destination.Ref, Message: fmt.Sprintf("namespace %s has no Service called %s, so no name of the cluster is %s", namespace, service, p.Destination.Name),
		Evidence: map[string]string{"name": p.Destination.Name, "namespace": namespace},
		Advice:   fmt.Sprintf("see which Services there are; if a name outside the cluster is meant, ask for the address that it resolves to: kubectl get services -n %s", namespace),
	}
	if m := p.Destination.Meant; len(m.Services) > 0 {
		f.Message += "; there is " + m.Names()
	}
	p.report(f)
}
