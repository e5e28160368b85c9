package check

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// nodeNames is the finding about names of the cluster that a node's resolvers are asked for, NPD511.
var nodeNames = []Check{
	{
		Code: "NPD511", Severity: Warning,
		Title:    "the pod asks its node's resolvers, which usually do not know cluster names",
		Symptoms: append([]string{"NXDOMAIN", "no such host", "Name or service not known"}, notFound...),
		Doc: `The name of a Service has to be looked up, and the pod asks the resolvers of its node. Either its
dnsPolicy is Default, or it runs on its node's network (hostNetwork) with dnsPolicy ClusterFirst,
which falls back to Default there; ClusterFirst is also what a pod has that does not set dnsPolicy.
Those resolvers do not know the names of the cluster, unless the node is configured for it. The
policy verdict stands, but the answer is Unclear: only a test can tell.

What you see: NXDOMAIN at once for names of Services. Names outside the cluster resolve, and the
connection by the Service's address works.

Verify: kubectl exec POD -n NAMESPACE -- cat /etc/resolv.conf, and look the name up from the pod.

Fix: set dnsPolicy to ClusterFirstWithHostNet for a hostNetwork pod, and to ClusterFirst for any
other pod. No policy causes this.`,
		Run: func(p *Pass) {
			if to := p.Destination; !to.ByName || to.Ref.Kind == "" || to.Name != "" && to.Alias == nil {
				return // no name, or one that is not the cluster's
			}
			for _, l := range p.DNS {
				if l.Resolver.Kind != ends.NodeDNS || l.Verdict(corev1.ProtocolUDP) == policy.Denied {
					continue
				}
				pod := l.Sources[0].Pod
				because, wanted := "its dnsPolicy is Default", corev1.DNSClusterFirst
				if pod.HostNetwork {
					wanted = corev1.DNSClusterFirstWithHostNet
					if pod.DNSPolicy == corev1.DNSClusterFirst {
						because = "for a hostNetwork pod, dnsPolicy ClusterFirst means Default"
					}
				}
				p.report(Finding{
					Object: p.owner(l.Sources[0]), Origin: pod.Origin, Doubt: true,
					Message:  fmt.Sprintf("%s asks the resolvers of its node, which usually do not know names of the cluster: %s", p.Names(l.Sources[:1]), because),
					Evidence: map[string]string{"dnsPolicy": string(pod.DNSPolicy), "wanted": string(wanted)},
					Advice:   fmt.Sprintf("look the name up from the pod; if it is not found, set dnsPolicy: %s", wanted),
				})
			}
		},
	},
}
