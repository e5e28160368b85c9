package check

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// UpstreamVerdict combines what policies say of the queries that cluster DNS passes on. They go
// over UDP first.
func (p *Pass) UpstreamVerdict() policy.Verdict {
	return Lookup{Answers: p.Upstream}.Verdict(corev1.ProtocolUDP)
}

// upstream reports that cluster DNS is not let out. A name of the cluster needs no other server, so
// this is a cause only where the destination is another one.
func (p *Pass) upstream() {
	asked := p.Destination.Name != ""
	if len(p.Upstream) == 0 || len(p.Upstream[0].Pairs) == 0 || !asked && slices.ContainsFunc(p.DNS, Lookup.Unclear) {
		return
	}
	servers := p.Upstream[0].Pairs[0].Sources
	verdict := p.UpstreamVerdict()
	f := Finding{Object: p.owner(servers[0]), Severity: Warning, Evidence: map[string]string{"udp": verdict.String()}}
	switch verdict {
	case policy.Allowed:
		return
	case policy.Denied:
		by := policyNames(Denied(p.Upstream)[0].Egress.Isolating)
		f.Message = fmt.Sprintf("%s cannot look up names outside the cluster: no egress rule allows it to reach the resolvers that it forwards queries to; it is isolated by %s", p.Names(servers), named(by))
		if f.Cause = asked; asked {
			f.Severity = p.severityOfDenied()
		}
	default:
		f.Message = fmt.Sprintf("it is not known whether %s can look up names outside the cluster", p.Names(servers))
	}
	f.Advice = "allow the DNS pods egress on UDP and TCP port 53 to the resolvers that they forward queries to (see the Corefile, or /etc/resolv.conf of their nodes), and to the API server"
	p.report(f)
}
