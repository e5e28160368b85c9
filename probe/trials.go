package probe

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// The two trials that all others rest on.
const (
	IngressTrial = "ingress"
	EgressTrial  = "egress"
)

// What trials have in common: a rule that lets the client in at one port (or out to it), the
// connection that this rule opens, and one that no rule opens. They are part of the policy that is
// tried, so that it is in force once they come out as wanted.
const (
	letIn  = "{from: [{podSelector: CLIENT}], ports: [{port: 7070}]}"
	letOut = "{to: [{podSelector: SERVER}], ports: [{port: 7070}]}"
)

var (
	ingressGuards = []Line{through(Client, Server, 7070), shut(Stranger, Server, 7070)}
	egressGuards  = []Line{through(Client, Server, 7070), shut(Client, Stranger, 7070)}
)

// intoServer is a policy for what comes to the server, with one more rule.
func intoServer(rule string) []string {
	return []string{"{podSelector: SERVER, policyTypes: [Ingress], ingress: [" + letIn + ", " + rule + "]}"}
}

// outOfClient is a policy for what leaves the client, with one more rule.
func outOfClient(rule string) []string {
	return []string{"{podSelector: CLIENT, policyTypes: [Egress], egress: [" + letOut + ", " + rule + "]}"}
}

// What trials need of others.
var (
	needsIngress = Need{IngressTrial, policy.Yes, "ingress is not enforced", "ingress is enforced in part only"}
	needsEgress  = Need{EgressTrial, policy.Yes, "egress is not enforced", "egress is enforced in part only"}
	needsBlocks  = Need{Trial: "blocks-of-pods-ingress", Answer: policy.Yes, Else: "ipBlocks do not match pods here"}
	needsOut     = Need{Trial: "blocks-of-pods-egress", Answer: policy.Yes, Else: "ipBlocks do not match pods here"}
	needsOutside = Need{Trial: "outside", Answer: policy.Yes, Else: "an ipBlock does not open the address outside"}
)

// Trials lists them all, in the order in which they are made.
var Trials = []Trial{
	{
		Name: IngressTrial, Asks: "is ingress enforced?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicySpec.Ingress",
		Policies: []string{"{podSelector: SERVER, policyTypes: [Ingress], ingress: [" + letIn + "]}"},
		Lines:    []Line{shut(Stranger, Server, 7070), shut(Client, Server, 8080), through(Client, Server, 7070)},
	},
	{
		Name: EgressTrial, Asks: "is egress enforced?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicySpec.Egress",
		Policies: []string{"{podSelector: CLIENT, policyTypes: [Egress], egress: [" + letOut + "]}"},
		Lines:    []Line{shut(Client, Stranger, 7070), shut(Client, Server, 8080), through(Client, Server, 7070)},
	},
	{
		Name: "unselected", Asks: "do pods that no policy selects stay open?", Spec: policy.Yes, Source: "concept page Network Policies, The two sorts of pod isolation",
		Policies: []string{"{podSelector: SERVER, policyTypes: [Ingress], ingress: [" + letIn + "]}"},
		Guards:   ingressGuards, Lines: []Line{through(Client, Stranger, 8080), through(Server, Client, 8080)},
		Needs: []Need{needsIngress}, Behaviour: policy.UnselectedIsolated, Deviation: true,
	},
	{
		Name: "ownerless", Asks: "are pods without an owner protected?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicySpec.PodSelector",
		Policies: []string{"{podSelector: {matchExpressions: [{key: " + TrialLabel + ", operator: In, values: [server, ownerless]}]}, policyTypes: [Ingress], ingress: [" + letIn + "]}"},
		// That the client is kept out would say nothing of whether the pod is protected.
		Guards: append([]Line{through(Client, Ownerless, 7070)}, ingressGuards...), Lines: []Line{shut(Stranger, Ownerless, 7070)},
		Needs: []Need{needsIngress}, Behaviour: policy.BarePodsUnenforced, Deviation: true,
	},
	{
		Name: "ports", Asks: "does a rule open its port only?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Port",
		Policies: intoServer("{from: [{podSelector: CLIENT}], ports: [{port: 8080}]}"),
		Guards:   ingressGuards, Lines: []Line{through(Client, Server, 8080), shut(Client, Server, 8081)},
		Needs: []Need{needsIngress},
	},
	{
		Name: "protocols", Asks: "does a rule for TCP leave UDP shut?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Protocol",
		Policies: intoServer("{from: [{podSelector: CLIENT}], ports: [{protocol: TCP}]}"),
		Guards:   ingressGuards, Lines: []Line{through(Client, Server, 8080), {From: Client, To: Server, Port: TrialDatagrams, Protocol: corev1.ProtocolUDP}},
		Needs: []Need{needsIngress},
	},
	{
		Name: "endPort", Asks: "does endPort open the range, and no more?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.EndPort",
		Policies: intoServer("{from: [{podSelector: CLIENT}], ports: [{port: 8080, endPort: 8082}]}"),
		Guards:   ingressGuards, Lines: []Line{through(Client, Server, 8080), through(Client, Server, 8081), through(Client, Server, 8082), shut(Client, Server, 8083)},
		Needs: []Need{needsIngress},
	},
	{
		Name: "named-ports-ingress", Asks: "does a named port open the pod's number, for ingress?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Port",
		Policies: intoServer("{from: [{podSelector: CLIENT}], ports: [{port: web}]}"),
		Guards:   ingressGuards, Lines: []Line{through(Client, Server, 8080), shut(Client, Server, 8081)},
		Needs: []Need{needsIngress}, Behaviour: policy.NamedPortsBroken, Deviation: true,
	},
	{
		Name: "named-ports-egress", Asks: "does a named port open the pod's number, for egress?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Port",
		Policies: outOfClient("{to: [{podSelector: SERVER}], ports: [{port: web}]}"),
		Guards:   egressGuards, Lines: []Line{through(Client, Server, 8080), shut(Client, Server, 8081)},
		Needs: []Need{needsEgress}, Behaviour: policy.NamedPortsBroken, Deviation: true,
	},
	{
		Name: "named-ports-of-sidecars", Asks: "does the port name of a sidecar count?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Port; core/v1 Container.RestartPolicy",
		Policies: []string{"{podSelector: FLANKED, policyTypes: [Ingress], ingress: [" + letIn + ", {from: [{podSelector: CLIENT}], ports: [{port: side}]}]}"},
		Guards:   []Line{through(Client, Flanked, 7070), shut(Stranger, Flanked, 7070)}, Lines: []Line{through(Client, Flanked, 8083)},
		Needs: []Need{needsIngress}, Behaviour: policy.SidecarNamesIgnored, Deviation: true,
	},
	{
		Name: "named-ports-of-others", Asks: "is a pod shut at the number that another pod gives the name?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Port",
		Policies: []string{"{podSelector: {matchExpressions: [{key: " + TrialLabel + ", operator: In, values: [server, stranger]}]}, policyTypes: [Ingress], ingress: [" + letIn + ", {from: [{podSelector: CLIENT}], ports: [{port: mixed}]}]}"},
		Guards:   []Line{through(Client, Server, 7070), shut(Guest, Server, 7070), shut(Guest, Stranger, 7070)},
		Lines:    []Line{shut(Client, Server, 8082), shut(Client, Stranger, 8081)},
		Needs:    []Need{needsIngress}, Behaviour: policy.MixedNamesLeak, Deviation: true,
	},
	{
		Name: "unresolved-names", Asks: "does a port name that no pod has open nothing?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Port",
		Policies: intoServer("{from: [{podSelector: CLIENT}], ports: [{port: nobody}]}"),
		Guards:   ingressGuards, Lines: []Line{shut(Client, Server, 8080)},
		Needs: []Need{needsIngress}, Behaviour: policy.UnresolvedNamesOpenAll, Deviation: true,
	},
	{
		Name: "named-ports-without-peers", Asks: "does a named port without peers mean the destination's number?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Port",
		Policies: outOfClient("{ports: [{port: web}]}"),
		Guards:   egressGuards, Lines: []Line{shut(Client, Guest, 8080)},
		Needs: []Need{needsEgress}, Behaviour: policy.NamedEgressUsesOwnNamespace, Deviation: true,
	},
	{
		Name: "namespaces-ingress", Asks: "does a namespaceSelector let in pods of that namespace only?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPeer.NamespaceSelector",
		Policies: intoServer("{from: [{namespaceSelector: GUESTS}], ports: [{port: 8080}]}"),
		Guards:   ingressGuards, Lines: []Line{through(Guest, Server, 8080), shut(Client, Server, 8080)},
		Needs: []Need{needsIngress},
	},
	{
		Name: "namespaces-egress", Asks: "does a namespaceSelector let out to pods of that namespace only?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPeer.NamespaceSelector",
		Policies: outOfClient("{to: [{namespaceSelector: GUESTS}], ports: [{port: 8080}]}"),
		Guards:   egressGuards, Lines: []Line{through(Client, Guest, 8080), shut(Client, Stranger, 8080)},
		Needs: []Need{needsEgress},
	},
	{
		Name: "stamped-labels", Asks: "do selectors see labels that controllers stamp, such as pod-template-hash?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPeer.PodSelector",
		Policies: intoServer("{from: [{podSelector: {matchLabels: {pod-template-hash: trial}}}], ports: [{port: 8080}]}"),
		Guards:   ingressGuards, Lines: []Line{through(Client, Server, 8080)},
		Needs: []Need{needsIngress}, Behaviour: policy.PodLabelsIgnored, Deviation: true,
	},
	{
		Name: "unlisted-sections", Asks: "are rules of a direction that policyTypes does not list ignored?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicySpec.PolicyTypes",
		Policies: []string{"{podSelector: SERVER, policyTypes: [Egress], ingress: [" + letIn + "], egress: [{to: [{podSelector: CLIENT}], ports: [{port: 7070}]}]}"},
		Guards:   []Line{through(Server, Client, 7070), shut(Server, Stranger, 7070)}, Lines: []Line{through(Stranger, Server, 8080)},
		Needs: []Need{needsEgress}, Behaviour: policy.UnlistedSectionsEnforced, Deviation: true,
	},
	{
		Name: "both-directions", Asks: "does a rule of one direction leave the other shut?", Spec: policy.Yes, Source: "concept page Network Policies, The two sorts of pod isolation",
		Policies: []string{"{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}], ports: [{port: 7070}, {port: 8080}]}], egress: [{to: [{podSelector: {}}], ports: [{port: 7070}]}]}"},
		Guards:   []Line{through(Client, Server, 7070), shut(Guest, Server, 7070), shut(Client, Guest, 7070)}, Lines: []Line{shut(Client, Server, 8080)},
		Needs: []Need{needsIngress, needsEgress}, Behaviour: policy.EitherDirectionOpens, Deviation: true,
	},
	{
		Name: "service-port", Asks: "does a rule for the pod's port open the way through its Service, whose port differs?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Port",
		Policies: outOfClient("{to: [{podSelector: SERVER}], ports: [{port: 8080}]}"),
		Guards:   append([]Line{through(Client, Server, 8080)}, egressGuards...), Lines: []Line{through(Client, ToService, TrialServicePort)},
		Needs: []Need{needsEgress}, Behaviour: policy.ServicePortJudged, Deviation: true,
	},
	{
		Name: "blocks-of-pods-ingress", Asks: "does an ipBlock match a pod, for ingress?", Source: "concept page Network Policies, ipBlock",
		Policies: intoServer("{from: [{ipBlock: {cidr: @CLIENT}}], ports: [{port: 8080}]}"),
		Guards:   ingressGuards, Lines: []Line{through(Client, Server, 8080)},
		Needs: []Need{needsIngress}, Behaviour: policy.IPBlockMatchesPods,
	},
	{
		Name: "blocks-of-pods-egress", Asks: "does an ipBlock match a pod, for egress?", Source: "concept page Network Policies, ipBlock",
		Policies: outOfClient("{to: [{ipBlock: {cidr: @SERVER}}], ports: [{port: 8080}]}"),
		Guards:   egressGuards, Lines: []Line{through(Client, Server, 8080)},
		Needs: []Need{needsEgress}, Behaviour: policy.IPBlockMatchesPods,
	},
	{
		Name: "excepts-of-pods", Asks: "does except take a pod out of an ipBlock?", Spec: policy.Yes, Source: "networking/v1 IPBlock.Except",
		Policies: intoServer("{from: [{ipBlock: {cidr: @@CLIENT, except: [@CLIENT]}}], ports: [{port: 8080}]}"),
		Guards:   ingressGuards, Lines: []Line{shut(Client, Server, 8080)},
		Needs: []Need{needsIngress, needsBlocks},
	},
	{
		Name: "shared-excepts-of-pods", Asks: "does an except leave the other ipBlocks of its rule alone?", Spec: policy.Yes, Source: "networking/v1 IPBlock.Except",
		Policies: intoServer("{from: [{ipBlock: {cidr: @@@CLIENT}}, {ipBlock: {cidr: @@CLIENT, except: [@CLIENT]}}], ports: [{port: 8080}]}"),
		Guards:   ingressGuards, Lines: []Line{through(Client, Server, 8080)},
		Needs: []Need{needsIngress, needsBlocks}, Behaviour: policy.BlocksShareExcepts, Deviation: true,
	},
	{
		Name: "named-ports-of-blocks", Asks: "do the named ports of an egress rule count for its ipBlocks?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicyPort.Port",
		Policies: outOfClient("{to: [{ipBlock: {cidr: @SERVER}}], ports: [{port: web}]}"),
		Guards:   egressGuards, Lines: []Line{through(Client, Server, 8080)},
		Needs: []Need{needsEgress, needsOut}, Behaviour: policy.NamedEgressSkipsBlocks, Deviation: true,
	},
	{
		Name: "blocks-of-services", Asks: "does an ipBlock match the Service address that is dialled?", Source: "concept page Network Policies, ipBlock",
		Policies: outOfClient("{to: [{ipBlock: {cidr: @SERVICE}}], ports: [{port: 8000}, {port: 8080}]}"),
		Guards:   egressGuards, Lines: []Line{through(Client, ToService, TrialServicePort)},
		Needs: []Need{needsEgress}, Behaviour: policy.IPBlockMatchesServices,
	},
	{
		Name: "own-node", Asks: "does a pod reach its own node whatever its policies say?", Source: "concept page Network Policies, The two sorts of pod isolation",
		Policies: []string{"{podSelector: CLIENT, policyTypes: [Egress], egress: [" + letOut + "]}"},
		Guards:   egressGuards, Lines: []Line{{From: Client, To: ToOwnNode, Protocol: corev1.ProtocolTCP, Connects: true}},
		Needs: []Need{needsEgress}, Behaviour: policy.OwnNodeEgressExempt,
	},
	{
		Name: "blocks-of-own-node", Asks: "does an ipBlock match the pod's own node?", Source: "concept page Network Policies, ipBlock",
		Policies: outOfClient("{to: [{ipBlock: {cidr: @OWN-NODE}}], ports: [{port: 10250}]}"),
		Guards:   egressGuards, Lines: []Line{{From: Client, To: ToOwnNode, Protocol: corev1.ProtocolTCP, Connects: true}},
		Needs: []Need{needsEgress, {Trial: "own-node", Answer: policy.No, Else: "a pod reaches its own node anyway"}}, Behaviour: policy.IPBlockMatchesNodes,
	},
	{
		Name: "other-node", Asks: "is egress to another node enforced?", Spec: policy.Yes, Source: "networking/v1 NetworkPolicySpec.Egress",
		Policies: []string{"{podSelector: CLIENT, policyTypes: [Egress], egress: [" + letOut + "]}"},
		Guards:   egressGuards, Lines: []Line{{From: Client, To: ToOtherNode, Protocol: corev1.ProtocolTCP}},
		Needs: []Need{needsEgress},
	},
	{
		Name: "blocks-of-nodes", Asks: "does an ipBlock match another node?", Source: "concept page Network Policies, ipBlock",
		Policies: outOfClient("{to: [{ipBlock: {cidr: @OTHER-NODE}}], ports: [{port: 10250}]}"),
		Guards:   egressGuards, Lines: []Line{{From: Client, To: ToOtherNode, Protocol: corev1.ProtocolTCP, Connects: true}},
		Needs: []Need{needsEgress, {Trial: "other-node", Answer: policy.Yes, Else: "egress to another node is not enforced"}}, Behaviour: policy.IPBlockMatchesNodes,
	},
	{
		Name: "outside", Asks: "does an ipBlock open an address outside?", Spec: policy.Yes, Source: "networking/v1 IPBlock.CIDR",
		Policies: outOfClient("{to: [{ipBlock: {cidr: @OUTSIDE}}]}"),
		Guards:   egressGuards, Lines: []Line{{From: Client, To: ToOutside, Protocol: corev1.ProtocolTCP, Connects: true}},
		Needs: []Need{needsEgress},
	},
	{
		Name: "excepts-outside", Asks: "does except take an address outside out of an ipBlock?", Spec: policy.Yes, Source: "networking/v1 IPBlock.Except",
		Policies: outOfClient("{to: [{ipBlock: {cidr: @@OUTSIDE, except: [@OUTSIDE]}}]}"),
		Guards:   egressGuards, Lines: []Line{{From: Client, To: ToOutside, Protocol: corev1.ProtocolTCP}},
		Needs: []Need{needsEgress, needsOutside},
	},
	{
		Name: "shared-excepts-outside", Asks: "does an except leave the other ipBlocks of its rule alone, outside?", Spec: policy.Yes, Source: "networking/v1 IPBlock.Except",
		Policies: outOfClient("{to: [{ipBlock: {cidr: @@@OUTSIDE}}, {ipBlock: {cidr: @@OUTSIDE, except: [@OUTSIDE]}}]}"),
		Guards:   egressGuards, Lines: []Line{{From: Client, To: ToOutside, Protocol: corev1.ProtocolTCP, Connects: true}},
		Needs: []Need{needsEgress, needsOutside}, Behaviour: policy.BlocksShareExcepts, Deviation: true,
	},
	{
		Name: "hairpin", Asks: "does a pod reach itself through its own Service when both directions are shut?", Source: "the specification does not say",
		Policies: []string{"{podSelector: SERVER, policyTypes: [Ingress, Egress], ingress: [" + letIn + "], egress: [{to: [{podSelector: CLIENT}], ports: [{port: 7070}]}]}"},
		Guards:   append([]Line{through(Server, Client, 7070), shut(Server, Stranger, 7070)}, ingressGuards...), Lines: []Line{through(Server, ToService, TrialServicePort)},
		Needs: []Need{needsIngress, needsEgress},
	},
	{
		Name: "hairpin-ingress", Asks: "does a pod reach itself through its own Service when its ingress is shut?", Source: "the specification does not say",
		Policies: []string{"{podSelector: SERVER, policyTypes: [Ingress], ingress: [" + letIn + "]}"},
		Guards:   ingressGuards, Lines: []Line{through(Server, ToService, TrialServicePort)},
		Needs: []Need{needsIngress, {Trial: "hairpin", Answer: policy.No, Else: "it does even when both are shut"}},
	},
	{
		Name: "hairpin-egress", Asks: "does a pod reach itself through its own Service when its egress is shut?", Source: "the specification does not say",
		Policies: []string{"{podSelector: SERVER, policyTypes: [Egress], egress: [{to: [{podSelector: CLIENT}], ports: [{port: 7070}]}]}"},
		Guards:   []Line{through(Server, Client, 7070), shut(Server, Stranger, 7070)}, Lines: []Line{through(Server, ToService, TrialServicePort)},
		Needs: []Need{needsEgress, {Trial: "hairpin", Answer: policy.No, Else: "it does even when both are shut"}},
	},
}

// Unmeasurable is a behaviour that no trial measures, and why.
type Unmeasurable struct {
	Behaviour policy.Behaviour
	Why       string
}

// Unmeasured lists them.
var Unmeasured = []Unmeasurable{
	{policy.SelectorsMatchHostNetwork, noHostNetwork},
	{policy.NamespaceSelectorsMatchHosts, noHostNetwork},
	{policy.HostNetworkIsolated, noHostNetwork},
	{policy.OwnNodePodsFiltered, noHostNetwork},
	{policy.SCTPRulesIgnored, "nodes need a kernel module for SCTP, which a pod cannot see to"},
}

const noHostNetwork = "it takes a hostNetwork pod, which the Pod Security Standard \"restricted\" does not allow"
