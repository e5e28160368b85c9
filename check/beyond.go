package check

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// whyNoEdit says why no edit of a NetworkPolicy allows a flow and nothing else.
func (p *Pass) whyNoEdit(c change.Cause) string {
	if p.Destination.Name != "" {
		return "no change can be tried for a name, as its address is not known here"
	}
	for _, dir := range deniedIn(c) {
		switch peer := otherEnd(c.Flow, dir); {
		case peer.Pod != nil && peer.Pod.HostNetwork:
			return fmt.Sprintf("%s is a hostNetwork pod, and %s no peer of a NetworkPolicy was found that matches it", p.ShortName(peer), p.onPlugin())
		case peer.Node != nil:
			return fmt.Sprintf("%s is a node, and %s no peer of a NetworkPolicy was found that matches it", p.ShortName(peer), p.onPlugin())
		}
	}
	return "no change of a NetworkPolicy was found that allows it"
}

// onPlugin names the network plugin that a sentence is about.
func (p *Pass) onPlugin() string {
	if p.Plugin.Name == "" || p.Plugin.Name == policy.Profiles[0].Name {
		return "on this network plugin (not known)"
	}
	return "on " + p.Plugin.Name
}

// adviceBeyondPolicies is what to try when no edit was found.
func (p *Pass) adviceBeyondPolicies(c change.Cause) string {
	if p.Destination.Name != "" {
		advice := fmt.Sprintf("ask for the address that %s resolves to (kubectl netpol-doctor diagnose SOURCE ADDRESS:%d): an ipBlock can allow that", p.Destination.Name, c.Flow.Arriving.Port)
		if m := p.Destination.Meant; m.Missing && !m.Slip {
			_, namespace, _ := strings.Cut(p.Destination.Name, ".")
			return fmt.Sprintf("namespace %s has no Service of that name: kubectl get services -n %s lists what it has; for a name outside the cluster, %s", namespace, namespace, advice)
		} else if m.Slip {
			advice = "if " + p.Destination.Meant.Names() + " is meant, ask for that; for a name outside the cluster, " + advice
		}
		return advice
	}
	if p.Plugin.Enforces == policy.Maybe {
		return "name the network plugin with --network-plugin: what a rule for this end means depends on it"
	}
	return p.pluginPolicy(c) + p.broadRule(c)
}

// pluginPolicy says which policy of the network plugin itself can name the other end.
func (p *Pass) pluginPolicy(c change.Cause) string {
	denied := deniedIn(c)
	if len(denied) == 0 {
		return "use a policy of the network plugin itself"
	}
	dir := denied[0]
	subject, peer := otherEnd(c.Flow, opposite(dir)), otherEnd(c.Flow, dir)
	host := peer.Node != nil || peer.Pod != nil && peer.Pod.HostNetwork
	if !p.Plugin.Is("cilium") || !host {
		return fmt.Sprintf("use a policy of the network plugin itself to allow %s", p.Name(peer))
	}
	entities := "toEntities"
	if dir == policy.Ingress {
		entities = "fromEntities"
	}
	return fmt.Sprintf(`use a CiliumNetworkPolicy for %s with an %s rule %s: [host, remote-node] and toPorts: [{ports: [{port: "%d", protocol: %s}]}]`,
		p.ShortName(subject), dir, entities, c.Flow.Arriving.Port, c.Flow.Protocol)
}

// broadRule tells that a rule without peers would do, where it was seen to. It opens a port to everybody, so
// it is said and not proposed.
func (p *Pass) broadRule(c change.Cause) string {
	set, words := p.Set, ""
	for _, dir := range deniedIn(c) {
		subject := otherEnd(c.Flow, opposite(dir))
		if subject.Pod == nil {
			return ""
		}
		port, protocol := intstr.FromInt32(c.Flow.Arriving.Port), c.Flow.Protocol
		ports := []networkingv1.NetworkPolicyPort{{Port: &port, Protocol: &protocol}}
		np := &networkingv1.NetworkPolicy{}
		np.Namespace, np.Name = subject.Pod.Namespace, "netpol-doctor.broad."+dir.String()
		if dir == policy.Egress {
			np.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}
			np.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{Ports: ports}}
			words = `an egress rule of a NetworkPolicy with only this port and no "to" would allow it as well, but opens the port to every destination`
		} else {
			np.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
			np.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{Ports: ports}}
			words = `an ingress rule of a NetworkPolicy with only this port and no "from" would allow it as well, but opens the port to every source`
		}
		set = set.With(&cluster.Policy{NetworkPolicy: np})
	}
	if words == "" || set.Evaluate(c.Flow).Verdict != policy.Allowed {
		return ""
	}
	if len(deniedIn(c)) > 1 {
		words = "rules of NetworkPolicies with only this port and no peers would allow it as well, but open the port to everybody"
	}
	return "; " + words
}

// deniedIn lists the directions in which a flow is denied for which no edit was found.
func deniedIn(c change.Cause) []policy.Direction {
	var out []policy.Direction
	for _, side := range []policy.DirectionDecision{c.After.Egress, c.After.Ingress} {
		if side.Verdict == policy.Denied && !slices.Contains(out, side.Direction) {
			out = append(out, side.Direction)
		}
	}
	return out
}

func opposite(d policy.Direction) policy.Direction {
	if d == policy.Egress {
		return policy.Ingress
	}
	return policy.Egress
}
