package probe

import (
	"fmt"
	"time"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// StandIn has a plan carried out from another pod than its source: one with the same labels, as far as
// it may have them, made for the test alone. That proves something of the source only where policies
// treat both alike, which is an error where they do not; the network plugin has to enforce policies on
// such a pod, and the source must have no proxy of a mesh, since the other has none.
func (p *Plan) StandIn(d *explain.Diagnosis, pod *cluster.Pod) error {
	fail := func(format string, args ...any) error {
		return &NoSourceError{p.Source.Ref(), fmt.Sprintf(format, args...) + "; probe without --from-pod"}
	}
	if p.Mesh != "" {
		return fail("%s carries its connections, and a pod of its own would be without", p.Mesh)
	}
	if e := d.Set.Profile().Of(policy.BarePodsUnenforced); e.Answer != policy.No {
		return fail("%s may not enforce policies on a pod that is made for a test", d.Plugin.Name)
	}
	of := p.Source
	for i := range p.Attempts {
		a := &p.Attempts[i]
		for _, f := range a.flows {
			real, made := f, f
			real.Source, made.Source = policy.PodEnd(of), policy.PodEnd(pod)
			if before, after := d.Set.Evaluate(real), d.Set.Evaluate(made); before.Verdict != after.Verdict {
				return fail("policies do not treat a pod with its labels like it: %s is %s for it and would be %s for that%s", a.Target(), before.Verdict, after.Verdict, hanging(after.Facts))
			}
		}
		a.Self = a.Self && a.Inside()
	}
	p.For, p.Source = of.Ref(), pod
	return nil
}

func hanging(facts []policy.Fact) string {
	if len(facts) == 0 {
		return ""
	}
	return ", which depends on " + explain.FactText(facts[0]).Missing
}

// StartedAs notes which pod stands in for the source, once there is one.
func (p *Plan) StartedAs(name, node string, at time.Time) {
	pod := *p.Source
	pod.Name, pod.Node, pod.Started, pod.Template = name, node, at, false
	p.Source = &pod
}

// CarriedBy notes that a proxy takes the connections of the source, which its labels do not tell.
func (p *Plan) CarriedBy(proxy string) {
	if p.Mesh != "" {
		return
	}
	p.Mesh = proxy
	for i := range p.Attempts {
		if a := &p.Attempts[i]; !a.Inside() {
			a.Sidecar = true
		}
	}
}
