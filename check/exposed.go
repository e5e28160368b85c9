package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// exposed are the findings about what is open beyond what seems to be meant, NPD613 to NPD615. They
// are looked for where policies are asked about, not where a connection is.
var exposed = []Check{
	{
		Code: "NPD613", Severity: Warning,
		Title: "no policy isolates this namespace, while most others have a default deny",
		Doc: `In most namespaces every pod is isolated for ingress, by a default deny or by other policies. In
this namespace no policy selects any pod, so every pod of the cluster may connect to all of its
pods. Perhaps the default deny was forgotten. This is only reported if all namespaces were read, and
never for a namespace of Kubernetes itself or where policies of other kinds exist.

What you see: nothing fails; every pod can connect to the pods of this namespace.

Verify: kubectl get networkpolicies -A

Fix: first write policies for what the pods need, then add a default deny: an empty podSelector,
policyTypes and no rules.`,
		Run: func(p *Pass) {
			if p.Namespace != "" && p.Snapshot.Read.All {
				p.reportForgottenDeny()
			}
		},
	},
	{
		Code: "NPD614", Severity: Warning,
		Title: "an egress rule allows the cloud's metadata service",
		Doc: `A rule for addresses outside the cluster also includes 169.254.169.254 on port 80. At the large
cloud providers the metadata service has this address. Unless it is configured to require more, it
gives the credentials of the node to whoever asks.

A rule without peers and ports is not reported: it restricts nothing, as if no policy isolated the
pods.

What you see: an attacker in the pod can read the node's credentials.

Verify: kubectl exec POD -n NAMESPACE -- curl -m 2 http://169.254.169.254/ answers.

Fix: add 169.254.169.254/32, or 169.254.0.0/16, to the except list of the block. Leave it as it is
if the cluster does not run in a cloud, or if the pods need the metadata service.`,
		Run: func(p *Pass) {
			for _, np := range p.Policies {
				p.reportMetadata(np)
			}
		},
	},
	{
		Code: "NPD615", Severity: Warning,
		Title: "an egress rule for all addresses also allows the pods of the cluster",
		Doc: `0.0.0.0/0 is often written for "the internet". On this network plugin an ipBlock also matches the
addresses of pods, so the rule allows pods of every namespace, unless their own ingress denies it.

What you see: the pods reach other pods that no rule selects.

Verify: kubectl netpol-doctor rules POD NAMESPACE/POD:PORT -n NAMESPACE with a pod of another
namespace.

Fix: add the address ranges of pods and Services to the except list of the block.`,
		Run: func(p *Pass) {
			if p.Set.Profile().Of(policy.IPBlockMatchesPods).Answer != policy.Yes {
				return
			}
			for _, np := range p.Policies {
				for _, rule := range rulesThatCount(np) {
					for _, peer := range peersOf(rule) {
						p.reportPodsInBlock(peer)
					}
				}
			}
		},
	},
}

// reportForgottenDeny holds a namespace against the others that have pods of their own.
func (p *Pass) reportForgottenDeny() {
	unread := slices.ContainsFunc(p.Snapshot.Gaps, func(g cluster.Gap) bool { return g.Reason != cluster.NotServed && g.Reason != cluster.NotProvided })
	if unread || len(p.Snapshot.Foreign) > 0 || ofKubernetes(p.Namespace) {
		return
	}
	if isolated, pods := p.isolation(p.Namespace); pods == 0 || isolated > 0 {
		return
	}
	var denied, others []string
	for _, n := range p.Snapshot.AllNamespaces() {
		if n.Name == p.Namespace || ofKubernetes(n.Name) {
			continue
		}
		if isolated, pods := p.isolation(n.Name); pods > 0 {
			others = append(others, n.Name)
			if isolated == pods {
				denied = append(denied, n.Name)
			}
		}
	}
	if len(denied) < 2 || 2*len(denied) <= len(others) {
		return
	}
	n := p.Snapshot.Namespace(p.Namespace)
	p.report(Finding{
		Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: n.Name}, Origin: n.Origin,
		Message:  fmt.Sprintf("no policy isolates any pod of namespace %s for ingress; in %d of %d other namespaces all pods are isolated (%s)", n.Name, len(denied), len(others), list(denied)),
		Evidence: map[string]string{"isolated": strings.Join(denied, ", ")},
		Advice:   "allow what the pods need, then add a default deny: an empty podSelector and no rules",
	})
}

// isolation counts the pods of a namespace that policies can isolate, and those that are isolated
// for ingress, or may be.
func (p *Pass) isolation(namespace string) (isolated, pods int) {
	for _, pod := range p.Snapshot.Subjects(namespace) {
		if pod.HostNetwork {
			continue
		}
		pods++
		if slices.ContainsFunc(p.Set.Selections(pod), func(s policy.Selection) bool {
			return s.Selects != policy.No && isolates(s.Policy, policy.Ingress)
		}) {
			isolated++
		}
	}
	return isolated, pods
}

// ofKubernetes tells whether a namespace belongs to Kubernetes itself or to its distribution.
func ofKubernetes(namespace string) bool {
	return strings.HasPrefix(namespace, "kube-") || strings.HasPrefix(namespace, "openshift")
}

// metadataService is the address of the metadata service at AWS, Azure, Google Cloud, OpenStack and
// others, all on port 80. Source: their documentation of instance metadata.
var (
	metadataService = netip.MustParseAddr("169.254.169.254")
	linkLocal       = netip.MustParsePrefix("169.254.0.0/16")
)

const metadataPort = 80

func (p *Pass) reportMetadata(np *cluster.Policy) {
	pods, _ := p.Set.Selected(np)
	i := slices.IndexFunc(pods, func(pod *cluster.Pod) bool { return !pod.HostNetwork })
	if i < 0 || !isolates(np, policy.Egress) {
		return
	}
	to := policy.Tuple{Address: metadataService, Port: metadataPort}
	d := p.Set.Evaluate(policy.Flow{
		Source: policy.PodEnd(pods[i]), Destination: policy.RangeEnd(netip.PrefixFrom(metadataService, metadataService.BitLen())),
		Protocol: corev1.ProtocolTCP, Family: corev1.IPv4Protocol, Dialled: to, Arriving: to,
	}).Egress
	if d.Verdict != policy.Allowed {
		return
	}
	for _, t := range d.Trace {
		for _, r := range t.Rules {
			if t.Policy != np || r.Match != policy.Yes || r.Ignored || open(r.Ref) {
				continue
			}
			at, ok := admitting(r)
			if !ok {
				continue
			}
			p.report(Finding{
				Object: np.Ref(), Field: at.Path(), Origin: np.Origin,
				Message:  fmt.Sprintf("policy %s/%s: %s includes %s, where cloud providers give out the node's credentials", np.Namespace, np.Name, at.Path(), metadataService),
				Evidence: map[string]string{"address": metadataService.String()},
				Advice:   fmt.Sprintf("exclude 169.254.169.254/32 from %s %s, unless the pods need the metadata service", np.Name, at.Path()),
			})
		}
	}
}

// admitting returns the clause of a rule that admits the metadata service along with much else. A
// block that is about link-local addresses means it.
func admitting(r policy.RuleTrace) (policy.RuleRef, bool) {
	if len(r.Peers) == 0 {
		return r.Ref, true
	}
	for _, c := range r.Peers {
		if c.Match != policy.Yes {
			continue
		}
		b := change.PeersOf(c.Ref)[c.Ref.Peer].IPBlock
		cidr, err := netip.ParsePrefix(b.CIDR)
		return c.Ref, err == nil && cidr.Bits() < linkLocal.Bits()
	}
	return policy.RuleRef{}, false
}

func (p *Pass) reportPodsInBlock(peer policy.RuleRef) {
	block := change.PeersOf(peer)[peer.Peer].IPBlock
	if block == nil || peer.Direction != policy.Egress {
		return
	}
	cidr, err := netip.ParsePrefix(block.CIDR)
	if err != nil || cidr.Bits() > 0 {
		return
	}
	family := corev1.IPv4Protocol
	if cidr.Addr().Is6() {
		family = corev1.IPv6Protocol
	}
	np := peer.Policy
	subjects, _ := p.Set.Selected(np)
	var reached []*cluster.Pod
	for _, n := range p.Snapshot.AllNamespaces() {
		for _, pod := range p.Snapshot.Subjects(n.Name) {
			if !pod.HostNetwork && !slices.Contains(subjects, pod) && p.Set.MatchPod(peer, pod, family) == policy.Yes {
				reached = append(reached, pod)
			}
		}
	}
	if len(reached) == 0 || len(subjects) == 0 {
		return
	}
	p.report(Finding{
		Object: np.Ref(), Field: peer.Path(), Origin: np.Origin,
		Message:  fmt.Sprintf("policy %s/%s: %s is not only the internet; on %s it also matches pods of the cluster, such as %s", np.Namespace, np.Name, peer.Path(), p.pluginName(), list(p.workloads(reached))),
		Evidence: map[string]string{"cidr": block.CIDR, "pods": strings.Join(p.workloads(reached), ", ")},
		Advice:   fmt.Sprintf("if only the internet is meant, add the ranges of pods and Services to the except list of %s %s", np.Name, peer.Path()),
	})
}
