package policy

// Behaviour is something that the NetworkPolicy specification leaves to the network plugin, or
// in which a plugin is known to deviate from it.
type Behaviour string

// The behaviours that verdicts can hang on.
const (
	// IPBlockMatchesPods: an ipBlock matches the addresses of pods of the cluster.
	IPBlockMatchesPods Behaviour = "ipBlock-matches-pods"
	// IPBlockMatchesNodes: an ipBlock matches the addresses of nodes and hostNetwork pods.
	IPBlockMatchesNodes Behaviour = "ipBlock-matches-nodes"
	// IPBlockMatchesServices: an egress ipBlock is held against the Service address that was
	// dialled, before it is translated.
	IPBlockMatchesServices Behaviour = "ipBlock-matches-service-addresses"
	// SelectorsMatchHostNetwork: pod and namespace selectors of a peer match hostNetwork pods.
	SelectorsMatchHostNetwork Behaviour = "selectors-match-hostNetwork-pods"
	// NamespaceSelectorsMatchHosts: a peer with a namespaceSelector matches nodes and hostNetwork
	// pods, in a way that hangs on details of the selector.
	NamespaceSelectorsMatchHosts Behaviour = "namespace-selectors-match-hosts"
	// HostNetworkIsolated: a policy that selects a hostNetwork pod isolates it.
	HostNetworkIsolated Behaviour = "policies-isolate-hostNetwork-pods"
	// OwnNodeEgressExempt: a pod always reaches the node it runs on.
	OwnNodeEgressExempt Behaviour = "own-node-egress-exempt"
	// OwnNodePodsFiltered: hostNetwork pods of a pod's own node are judged like any other node's;
	// only the node's own processes are let in.
	OwnNodePodsFiltered Behaviour = "own-node-hostNetwork-pods-filtered"
	// HairpinExempt: a pod always reaches itself through its own Service.
	HairpinExempt Behaviour = "hairpin-exempt"
	// HairpinNeedsBoth: a pod that reaches itself through its own Service is blocked only when
	// both directions deny it.
	HairpinNeedsBoth Behaviour = "hairpin-needs-both-directions-denied"
	// SCTPRulesIgnored: rules whose ports are SCTP's open nothing: the plugin, as it is set up, does
	// not know the protocol. Source: concept page "Network Policies": SCTP wants a plugin that
	// supports it; to deny it is promised all the same.
	SCTPRulesIgnored Behaviour = "sctp-rules-ignored"
	// UnselectedIsolated: a pod that no policy selects is isolated all the same.
	UnselectedIsolated Behaviour = "unselected-pods-isolated"
	// UnlistedSectionsEnforced: rules of a direction that policyTypes does not list count.
	UnlistedSectionsEnforced Behaviour = "unlisted-sections-enforced"
	// ServicePortJudged: the port of a rule is held against the Service's port too, so that a
	// Service whose port differs from the pod's may be cut off.
	ServicePortJudged Behaviour = "service-port-judged"
	// NamedPortsBroken: a rule with a named port does not mean what the specification says.
	NamedPortsBroken Behaviour = "named-ports-broken"
	// BarePodsUnenforced: pods without an owner are not reliably enforced.
	BarePodsUnenforced Behaviour = "bare-pods-unenforced"
	// EitherDirectionOpens: when one policy of both types selects both ends, a rule of either
	// direction opens the flow in both.
	EitherDirectionOpens Behaviour = "either-direction-opens"
	// UnresolvedNamesOpenAll: a rule with pod peers whose only ports are names that none of the
	// pods concerned has opens every port.
	UnresolvedNamesOpenAll Behaviour = "unresolved-port-names-open-all"
	// NamedEgressUsesOwnNamespace: an egress rule without peers and with a named port opens the
	// numbers that the name has in the policy's own namespace, at any destination.
	NamedEgressUsesOwnNamespace Behaviour = "named-egress-ports-use-own-namespace"
	// NamedEgressSkipsBlocks: the named ports of an egress rule mean nothing for its ipBlocks.
	NamedEgressSkipsBlocks Behaviour = "named-egress-ports-skip-ipBlocks"
	// BlocksShareExcepts: the ipBlocks of one rule share an address set, in which the longest
	// prefix decides.
	BlocksShareExcepts Behaviour = "ipBlocks-share-excepts"
	// MixedNamesLeak: where one port name means different numbers on different pods, or none on
	// some, a pod may be admitted at another pod's number.
	MixedNamesLeak Behaviour = "mixed-port-names-leak"
	// SidecarNamesIgnored: the port names of sidecars (restartable init containers) are not
	// looked up.
	SidecarNamesIgnored Behaviour = "sidecar-port-names-ignored"
	// PodLabelsIgnored: pods are known by some of their labels only, and selectors cannot see
	// the others. Which labels these are is told by outsideIdentity; each of them is a fact of
	// its own.
	PodLabelsIgnored Behaviour = "pod-labels-ignored"
)

// Entry is what a plugin does about one Behaviour. Answer Maybe leaves it open.
type Entry struct {
	Answer   Truth
	Verified string // how this is known
}

// Behaviours lists them all, in the order in which they are documented.
var Behaviours = []Behaviour{
	IPBlockMatchesPods, IPBlockMatchesNodes, IPBlockMatchesServices, SelectorsMatchHostNetwork, NamespaceSelectorsMatchHosts, HostNetworkIsolated,
	OwnNodeEgressExempt, OwnNodePodsFiltered, HairpinExempt, HairpinNeedsBoth, SCTPRulesIgnored, UnselectedIsolated, UnlistedSectionsEnforced,
	ServicePortJudged, NamedPortsBroken, BarePodsUnenforced, EitherDirectionOpens, UnresolvedNamesOpenAll, NamedEgressUsesOwnNamespace,
	NamedEgressSkipsBlocks, BlocksShareExcepts, MixedNamesLeak, SidecarNamesIgnored, PodLabelsIgnored,
}

// OnlyIfCertain tells whether verdicts follow a behaviour only where a plugin is known to have it.
// Of these a profile says yes or no: Maybe would count as no.
func (b Behaviour) OnlyIfCertain() bool {
	switch b {
	case HairpinNeedsBoth, EitherDirectionOpens, UnresolvedNamesOpenAll, NamedEgressUsesOwnNamespace, NamedEgressSkipsBlocks, BlocksShareExcepts, MixedNamesLeak:
		return true
	}
	return false
}

// Profile is how one network plugin fills in the specification or deviates from it.
type Profile struct {
	Name     string // as --network-plugin takes it
	Extends  string // the profile that ships which the user's own completes; empty: none
	Enforces Truth  // whether it makes policies true, where nothing else is seen
	Rejects  Truth  // whether it answers what policies deny with a refusal, instead of dropping it
	Entries  map[Behaviour]Entry
	// File is where the user's own profile was read from; empty: it ships.
	File string
}

// Of returns what the profile says of a behaviour: its own entry, or what the specification
// decides. The zero Profile is a plugin that is not known.
func (p Profile) Of(b Behaviour) Entry {
	if e, ok := p.Entries[b]; ok {
		return e
	}
	return specification[b]
}

// specification holds the behaviours that are deviations: the specification decides them, so
// they are "no" unless a plugin is known to deviate. Everything that is not here is open.
var specification = map[Behaviour]Entry{
	NamespaceSelectorsMatchHosts: {No, "networking/v1 NetworkPolicyPeer.NamespaceSelector: it selects pods"},
	OwnNodePodsFiltered:          {No, "networking/v1 NetworkPolicySpec.Ingress"},
	HairpinNeedsBoth:             {No, "no plugin is taken to do so unless it was measured"},
	UnselectedIsolated:           {No, "concept page Network Policies: a pod that nothing selects is open"},
	UnlistedSectionsEnforced:     {No, "networking/v1 NetworkPolicySpec.PolicyTypes"},
	ServicePortJudged:            {No, "networking/v1 NetworkPolicyPort.Port"},
	NamedPortsBroken:             {No, "networking/v1 NetworkPolicyPort.Port"},
	BarePodsUnenforced:           {No, "networking/v1 NetworkPolicySpec.PodSelector"},
	EitherDirectionOpens:         {No, "concept page Network Policies: the two sorts of isolation are independent"},
	UnresolvedNamesOpenAll:       {No, "networking/v1 NetworkPolicyPort.Port"},
	NamedEgressUsesOwnNamespace:  {No, "networking/v1 NetworkPolicyPort.Port"},
	NamedEgressSkipsBlocks:       {No, "networking/v1 NetworkPolicyPort.Port"},
	BlocksShareExcepts:           {No, "networking/v1 IPBlock.Except"},
	MixedNamesLeak:               {No, "networking/v1 NetworkPolicyPort.Port"},
	SidecarNamesIgnored:          {No, "networking/v1 NetworkPolicyPort.Port; core/v1 Container.RestartPolicy"},
	PodLabelsIgnored:             {No, "networking/v1 NetworkPolicyPeer.PodSelector"},
}

// Profiles is every profile that ships, by the name that --network-plugin takes. The first is
// the one used when nothing is known. Sources of Rejects: kube-router, pkg/controllers/netpol/pod.go,
// which ends its chains in REJECT; the settings of Calico (IptablesFilterDenyAction,
// NftablesFilterDenyAction), Cilium (policy-deny-response) and Antrea (action Reject) leave it open.
var Profiles = []Profile{
	{Name: unknownPlugin},
	cilium,
	kubeRouter,
	{Name: "calico", Enforces: Yes},
	{Name: "antrea", Enforces: Yes},
	ovnKubernetes,
	awsVPC,
	{Name: "azure-npm", Enforces: Yes, Rejects: No, Entries: map[Behaviour]Entry{
		NamedPortsBroken: {Maybe, "Azure/azure-container-networking#550"},
	}},
	{Name: "gke-dataplane-v2", Enforces: Yes, Entries: map[Behaviour]Entry{
		// The dataplane is Cilium's, but its version and settings are the provider's.
		UnlistedSectionsEnforced: {Maybe, "cilium/cilium#48703"},
		SidecarNamesIgnored:      {Maybe, "as on Cilium; the version is the provider's"},
		PodLabelsIgnored:         {Maybe, "as on Cilium; the settings are the provider's"},
	}},
	{Name: "kindnet", Enforces: Yes, Rejects: No, Entries: map[Behaviour]Entry{
		OwnNodePodsFiltered: {Maybe, "kube-network-policies#65, #150: processes of the node are let in when they run as root"},
		SidecarNamesIgnored: {Maybe, "kube-network-policies, pkg/networkpolicy and pkg/api: spec.containers only, in what was read; not measured"},
	}},
	{Name: NoPlugin, Enforces: No},
}

const (
	// NoPlugin is the profile for clusters in which nothing enforces NetworkPolicies.
	NoPlugin      = "none"
	unknownPlugin = "unknown"
)

// ProfileNamed finds a shipped profile.
func ProfileNamed(name string) (Profile, bool) {
	for _, p := range Profiles {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// cilium was measured on Cilium v1.20.2 with its default settings, one node, no operator.
var cilium = Profile{Name: "cilium", Enforces: Yes, Entries: map[Behaviour]Entry{
	IPBlockMatchesPods:        {No, "measured on v1.20.2: in no probe did an ipBlock match a pod"},
	IPBlockMatchesNodes:       {No, "measured on v1.20.2 with policy-cidr-match-mode at its default"},
	IPBlockMatchesServices:    {No, "measured on v1.20.2: the service range in an ipBlock opens nothing"},
	SelectorsMatchHostNetwork: {No, "a hostNetwork pod has its node's identity; cilium/cilium#20550"},
	HostNetworkIsolated:       {No, "a hostNetwork pod has its node's identity; cilium/cilium#20550"},
	OwnNodeEgressExempt:       {No, "measured on v1.20.2: egress isolation cuts the node's address off"},
	HairpinExempt:             {Yes, "measured on v1.20.2; cilium/cilium#15321: policies are skipped for a pod that reaches itself through its Service"},
	UnlistedSectionsEnforced:  {Maybe, "cilium/cilium#48703: some versions enforce such rules, v1.20.2 as measured"},
	SidecarNamesIgnored:       {Yes, "measured on v1.20.2; pkg/k8s: the ports of spec.containers only"},
	PodLabelsIgnored:          {Maybe, "Cilium documentation, Limiting Identity-Relevant Labels: the default, which can be set otherwise"},
}}

// kubeRouter was measured on kube-router v2.9.0, firewall only, kube-proxy in iptables mode.
var kubeRouter = Profile{Name: "kube-router", Enforces: Yes, Rejects: Yes, Entries: map[Behaviour]Entry{
	IPBlockMatchesPods:          {Yes, "measured on v2.9.0: in every probe an ipBlock matched pods"},
	IPBlockMatchesNodes:         {Yes, "measured on v2.9.0"},
	IPBlockMatchesServices:      {No, "measured on v2.9.0 with kube-proxy iptables"},
	SelectorsMatchHostNetwork:   {No, "pkg/controllers/netpol: hostNetwork pods are left out"},
	HostNetworkIsolated:         {No, "pkg/controllers/netpol: hostNetwork pods are left out"},
	OwnNodeEgressExempt:         {No, "measured on v2.9.0: egress isolation cuts the node's address off"},
	HairpinExempt:               {No, "measured on v2.9.0 with kube-proxy iptables"},
	HairpinNeedsBoth:            {Yes, "measured on v2.9.0 with kube-proxy iptables"},
	EitherDirectionOpens:        {Yes, "measured on v2.9.0: one chain serves both directions"},
	UnresolvedNamesOpenAll:      {Yes, "measured on v2.9.0"},
	NamedEgressUsesOwnNamespace: {Yes, "measured on v2.9.0"},
	NamedEgressSkipsBlocks:      {Yes, "pkg/controllers/netpol: only numbered ports are combined with egress ipBlocks"},
	BlocksShareExcepts:          {Yes, "measured on v2.9.0: the longest prefix decides"},
	MixedNamesLeak:              {Yes, "measured on v2.9.0: the outcome follows a random order"},
	SidecarNamesIgnored:         {Maybe, "pkg/controllers/netpol: spec.containers only, in what was read; not measured"},
}}

var ovnKubernetes = Profile{Name: "ovn-kubernetes", Enforces: Yes, Rejects: No, Entries: map[Behaviour]Entry{
	NamedPortsBroken:             {Maybe, "ovn-kubernetes#2117: named ports are not supported"},
	NamespaceSelectorsMatchHosts: {Maybe, "openshift/enhancements#561: the host network counts as a namespace"},
}}

var awsVPC = Profile{Name: "aws-vpc-cni", Enforces: Yes, Rejects: No, Entries: map[Behaviour]Entry{
	UnlistedSectionsEnforced: {Maybe, "aws/aws-network-policy-agent#229"},
	ServicePortJudged:        {Maybe, "EKS: a Service's port must equal the container's"},
	NamedPortsBroken:         {Maybe, "aws/amazon-network-policy-controller-k8s#71"},
	BarePodsUnenforced:       {Maybe, "aws/aws-network-policy-agent#327"},
}}
