package explain

import (
	"fmt"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// FactWords is a missing fact in words: what is not known, and what would settle it.
type FactWords struct {
	Missing string
	Settle  string
}

// FactText puts a fact into words.
func FactText(f policy.Fact) FactWords {
	o := f.Object
	switch f.Kind {
	case policy.NamespaceLabel:
		return FactWords{
			fmt.Sprintf("whether namespace %s has the label %s", o.Name, f.Key),
			"add the Namespace object to the files (-f), or ask with the right to get namespaces",
		}
	case policy.PodLabel:
		if o.Kind == "Pod" {
			return FactWords{fmt.Sprintf("which labels %s has: it could not be read", o), fmt.Sprintf("ask with the right to get pods in namespace %s", o.Namespace)}
		}
		return FactWords{
			fmt.Sprintf("which value of the label %s the pods of %s get", f.Key, o),
			"ask for a running pod instead of the workload",
		}
	case policy.PodAddress:
		return FactWords{
			fmt.Sprintf("whether the pods of %s have an address in %s", o, f.Key),
			"ask for a running pod, in a live cluster or with its status in the file",
		}
	case policy.NodeAddress:
		return FactWords{
			fmt.Sprintf("whether the node %s has an address in %s", orUnknown(o.Name), f.Key),
			"add the Node objects to the files (-f), or ask with the right to list nodes",
		}
	case policy.ServiceAddress:
		return FactWords{
			fmt.Sprintf("whether Service %s has an address in %s", nameOf(o), f.Key),
			"add the Service with its clusterIP to the files (-f)",
		}
	case policy.IngressController:
		return FactWords{
			fmt.Sprintf("which pods serve Ingress %s/%s: %s", o.Namespace, o.Name, f.Key),
			"name the pods of its controller as the source, such as ingress-nginx/deploy/ingress-nginx-controller",
		}
	case policy.GatewayPods:
		return FactWords{
			fmt.Sprintf("what carries the requests of %s %s/%s: %s", o.Kind, o.Namespace, o.Name, f.Key),
			"name what connects to the Services as the source: the pods of the gateway, such as envoy-gateway-system/deploy/NAME, or the range of addresses that a load balancer outside connects from",
		}
	case policy.NameAddress:
		if o.Name == ends.ControlPlane {
			return FactWords{
				"from which addresses the API server connects" + inKey(f.Key),
				"look up where the control plane runs, or what your provider says of it, and ask for those addresses instead of apiserver, or for a konnectivity-agent pod",
			}
		}
		if o.Name == ends.NodeResolvers || o.Name == ends.UpstreamResolvers {
			return FactWords{
				whichResolvers(o.Name, f.Key),
				"look them up: /etc/resolv.conf of the nodes, the Corefile of cluster DNS",
			}
		}
		return FactWords{
			fmt.Sprintf("whether %s resolves to an address in %s", o.Name, f.Key),
			"ask for the address instead of the name",
		}
	case policy.SameNode:
		return FactWords{
			fmt.Sprintf("whether %s runs on the same node as %s", o, orUnknown(f.Key)),
			"ask for running pods instead of workloads",
		}
	case policy.SourceSeen:
		return FactWords{
			fmt.Sprintf("which source address the pods of Service %s see: the client's or a node's", nameOf(o)),
			"connect from outside, and read in the application's log which address it sees",
		}
	case policy.PluginBehaviour:
		settle := "name the network plugin with --network-plugin"
		if o.Name != policy.Profiles[0].Name {
			settle = "test the connection: it is not known how " + o.Name + " behaves here"
		}
		return FactWords{behaviourText(policy.Behaviour(f.Key)), settle}
	case policy.PodLabelIgnored:
		return FactWords{
			fmt.Sprintf("whether this network plugin (%s) looks at the pod label %s", o.Name, f.Key),
			"test the connection, or select by a label of your own: the plugin may ignore some labels that Kubernetes sets",
		}
	case policy.PoliciesUnread:
		return FactWords{
			fmt.Sprintf("which NetworkPolicies there are in namespace %s", o.Name),
			fmt.Sprintf("ask with the right to list networkpolicies in namespace %s", o.Name),
		}
	case policy.LayerUnread:
		return FactWords{
			fmt.Sprintf("which %s there are", o.Name),
			fmt.Sprintf("ask with the right to list %s", o.Name),
		}
	case policy.OtherLayer:
		return FactWords{
			fmt.Sprintf("whether %s applies to this connection, and what it says: this tool does not evaluate policies of that kind", o),
			fmt.Sprintf("read %s, or test the connection", o),
		}
	case policy.DNSServer:
		if f.Key != "" {
			missing := "which pods answer DNS: "
			if f.Key != "services" {
				missing += "what is behind "
			}
			return FactWords{missing + fmt.Sprintf("Service %s/%s could not be read", o.Namespace, o.Name), check.DNSRights(o.Namespace)}
		}
		return FactWords{"which pods answer DNS: the DNS Service is not among the objects that were read", "add the Services, EndpointSlices and pods of the DNS server's namespace (usually kube-system) to the files (-f)"}
	case policy.MeshTunnel:
		return FactWords{fmt.Sprintf("whether the mesh carries the traffic to %s on port %s, which the rules would then have to allow", o, f.Key), "test the connection; rules for pods in the mesh should allow the mesh's port"}
	case policy.EndUnread:
		if o.Kind == "CIDR" {
			settle := fmt.Sprintf("ask with the right to list %s in all namespaces", f.Key)
			if f.Key == "nodes" {
				settle = "ask with the right to list nodes"
			}
			return FactWords{fmt.Sprintf("which %s have the address %s: they could not be listed", f.Key, check.AddressText(o.Name)), settle}
		}
		return FactWords{fmt.Sprintf("what %s is: it could not be read", o), fmt.Sprintf("ask with the right to get %s in namespace %s", f.Key, o.Namespace)}
	case policy.NoEndpoint:
		return FactWords{fmt.Sprintf("which pod would answer for %s", o), "start a pod behind the Service"}
	}
	return FactWords{string(f.Kind), ""}
}

// behaviourText puts into words what a network plugin may or may not do.
func behaviourText(b policy.Behaviour) string {
	switch b {
	case policy.IPBlockMatchesPods:
		return "whether an ipBlock matches pods on this network plugin"
	case policy.IPBlockMatchesNodes:
		return "whether an ipBlock matches nodes on this network plugin"
	case policy.IPBlockMatchesServices:
		return "whether this network plugin compares rules with the Service address before it is translated"
	case policy.SelectorsMatchHostNetwork:
		return "whether selectors match hostNetwork pods on this network plugin"
	case policy.HostNetworkIsolated:
		return "whether policies isolate hostNetwork pods on this network plugin"
	case policy.OwnNodeEgressExempt:
		return "whether a pod always reaches its own node on this network plugin"
	case policy.OwnNodePodsFiltered:
		return "whether this network plugin lets hostNetwork pods of a pod's own node in, as it does the node itself"
	case policy.SCTPRulesIgnored:
		return "whether this network plugin supports rules for SCTP"
	case policy.HairpinExempt:
		return "whether a pod always reaches itself through its own Service on this network plugin"
	case policy.UnlistedSectionsEnforced:
		return "whether this network plugin enforces rules that policyTypes does not list"
	case policy.ServicePortJudged:
		return "whether this network plugin handles a Service port that differs from the pod's"
	case policy.NamedPortsBroken, policy.UnresolvedNamesOpenAll, policy.NamedEgressUsesOwnNamespace, policy.MixedNamesLeak:
		return "what a port name in a rule means on this network plugin"
	case policy.SidecarNamesIgnored:
		return "whether this network plugin looks up the port names of sidecars"
	case policy.BarePodsUnenforced:
		return "whether this network plugin enforces on pods without an owner"
	case policy.BlocksShareExcepts:
		return "which of several overlapping ipBlocks counts on this network plugin"
	case policy.UnselectedIsolated:
		return "whether this network plugin isolates pods that no policy selects"
	}
	return "how this network plugin behaves: " + string(b)
}

func inKey(key string) string {
	if key == "" {
		return ""
	}
	return ", and whether that is in " + key
}

// whichResolvers asks for the addresses of resolvers: whether they are in a block, or without one
// whether a rule means them at all.
func whichResolvers(name, block string) string {
	if block == "" {
		return fmt.Sprintf("which addresses %s have: the rules allow port 53 to some destinations, and these may be among them", name)
	}
	return fmt.Sprintf("whether %s have an address in %s", name, block)
}

// nameOf is an object in a sentence that says its kind.
func nameOf(r cluster.Ref) string { return r.Namespace + "/" + r.Name }
