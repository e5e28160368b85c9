package probe

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Suspect is a reason why the network does something else than policies say, or why nobody can
// tell from it what they do.
type Suspect string

// The suspects.
const (
	NothingEnforces Suspect = "NothingEnforces"
	AgentDown       Suspect = "AgentDown"
	Programming     Suspect = "Programming"
	OtherLayer      Suspect = "OtherLayer"
	Firewall        Suspect = "Firewall"
	NodePath        Suspect = "NodePath"
	NotReady        Suspect = "NotReady"
	NoEndpoints     Suspect = "NoEndpoints"
	NotListening    Suspect = "NotListening"
	PluginRejects   Suspect = "PluginRejects"
	Hairpin         Suspect = "Hairpin"
	OwnNode         Suspect = "OwnNode"
	Tracked         Suspect = "Tracked"
	Sidecar         Suspect = "Sidecar"
	NotUnderstood   Suspect = "NotUnderstood"
	DNSDown         Suspect = "DNSDown"
	NodeCache       Suspect = "NodeCache"
	NamePolicy      Suspect = "NamePolicy"
)

// SuspectMeaning is what is documented of a suspect: what it is, and how to find out.
type SuspectMeaning struct {
	Suspect Suspect
	Text    string
	Verify  string
}

// Suspects documents them all.
var Suspects = []SuspectMeaning{
	{NothingEnforces, "nothing enforces NetworkPolicies in this cluster", "see which network plugin there is, and whether enforcing is switched on"},
	{AgentDown, "the network plugin enforces policies, but not on this node: its agent is down, or does not know the pod", "look at the plugin's pod on the nodes of both ends"},
	{Programming, "a policy or a pod is so new that the network plugin is still programming it", "ask again in a minute"},
	{OtherLayer, "a policy of another layer decides: of the plugin, of an administrator, of a mesh", "list the plugin's own kinds of policies"},
	{Firewall, "a firewall of the cloud, a security group, or the other side's own", "ask whoever runs that network"},
	{NodePath, "the way between the two nodes is broken", "test from a pod on the destination's own node"},
	{NotReady, "the destination pod is not ready, or is going away", "kubectl get pod"},
	{NoEndpoints, "nothing is behind the Service", "kubectl get endpointslices"},
	{NotListening, "the application does not listen there: another port, or the loopback only", "add --probe-destination"},
	{PluginRejects, "the network plugin answers what it denies with a refusal, instead of dropping it", "look up the plugin's settings; test from a pod that nothing isolates"},
	{Hairpin, "a pod that reaches itself through its own Service is treated apart", "test from another pod"},
	{OwnNode, "traffic from a pod's own node is always let in", "test from a pod on another node, without hostNetwork"},
	{Tracked, "the exchange is taken for part of one that was open before the policy was made", "ask again in a few minutes"},
	{Sidecar, "the proxy in the source pod takes every connection, whatever becomes of it", "send a request and wait for the response"},
	{NotUnderstood, "the server got what was sent and says nothing, since it makes no sense to it", "send a request of the server's own protocol"},
	{DNSDown, "no DNS server runs, or it is overloaded", "kubectl get pods -n kube-system -l k8s-app=kube-dns"},
	{NodeCache, "a cache on the node answers lookups in the DNS server's place, and policies treat traffic to it differently", "look for node-local-dns"},
	{NamePolicy, "a policy on names answers in the DNS server's place", "list the plugin's own kinds of policies"},
}

// Weight is how much speaks for a suspect.
type Weight uint8

// The weights. The zero value drops a suspect.
const (
	RuledOut Weight = iota
	Open            // nothing that was read or tested speaks for or against it
	Seen            // something speaks for it
)

// Suspected is a suspect in one case, and what speaks for it.
type Suspected struct {
	Suspect  Suspect
	Weight   Weight
	Evidence string
}

// scene is what suspects are weighed in: everything that was read and tested, and the result that
// is to be explained.
type scene struct {
	d       *explain.Diagnosis
	plan    *Plan
	results []Result
	result  Result
}

// rank weighs the suspects of a row: what something speaks for comes first, what is ruled out not
// at all.
func (c scene) rank(suspects []Suspect) []Suspected {
	var out []Suspected
	for _, s := range suspects {
		if weight, evidence := c.weigh(s); weight != RuledOut {
			out = append(out, Suspected{s, weight, evidence})
		}
	}
	slices.SortStableFunc(out, func(a, b Suspected) int { return -cmp.Compare(a.Weight, b.Weight) })
	return out
}

func (c scene) weigh(s Suspect) (Weight, string) {
	switch s {
	case NothingEnforces:
		switch c.d.Plugin.Enforces {
		case policy.No:
			return Seen, "what was seen of the network plugin does not enforce: " + c.d.Plugin.Name
		case policy.Maybe:
			return Open, "no network plugin was recognised that enforces them"
		}
		return RuledOut, ""
	case AgentDown:
		if c.d.Plugin.Enforces == policy.Yes {
			return Open, c.d.Plugin.Name + " enforces policies where its agent runs"
		}
		return RuledOut, ""
	case Programming:
		return c.programming()
	case OtherLayer, NamePolicy:
		if n := len(c.d.Snapshot.Foreign); n > 0 {
			return Seen, fmt.Sprintf("there is %s", c.d.Snapshot.Foreign[0].Ref)
		}
		return Open, "none was found among the kinds that are known"
	case PluginRejects:
		switch c.d.Plugin.Rejects {
		case policy.Yes:
			return Seen, c.d.Plugin.Name + " rejects what policies deny"
		case policy.Maybe:
			return Open, "whether this plugin is set to reject is not known"
		}
		return RuledOut, ""
	case Sidecar:
		if c.plan.Mesh != "" {
			return Seen, c.plan.Mesh + " takes the connections of " + c.plan.Source.Name
		}
		return RuledOut, ""
	case Tracked, NotUnderstood:
		return Open, "a datagram alone does not tell"
	}
	return c.weighPlace(s)
}

// weighPlace weighs the suspects that are about where the two ends are and what is there.
func (c scene) weighPlace(s Suspect) (Weight, string) {
	source, r := c.plan.Source, c.result
	apart := r.Node != "" && source.Node != "" && r.Node != source.Node
	destination := c.d.Snapshot.Pod(r.Object.Namespace, r.Object.Name)
	if r.Object.Kind != "Pod" {
		destination = nil
	}
	switch s {
	case Hairpin:
		return when(r.Self || r.Hop == Service && c.behindOwnService(), "the pod tests itself")
	case OwnNode:
		return when(source.HostNetwork && !apart, source.Name+" has its node's address")
	case Firewall:
		if r.Object.Kind == "CIDR" || r.Object.Kind == "DNSName" {
			return Seen, "the destination is outside the cluster"
		}
		if apart {
			return Open, "the two ends are on different nodes"
		}
		return RuledOut, ""
	case NodePath:
		switch near, far := c.byNode(); {
		case near > 0 && far > 0:
			return Seen, "backends on the source's own node answer, those on others do not"
		case apart:
			return Open, fmt.Sprintf("the source is on node %s, the destination on %s", source.Node, r.Node)
		}
		return RuledOut, ""
	case NotReady:
		return when(destination != nil && (!destination.Ready || destination.Deleting), r.Object.Name+" is not ready, or is going away")
	case NoEndpoints:
		return when(r.Hop == Service && c.unbacked(r), "the API has no endpoint of it")
	case NotListening:
		return c.listening()
	case DNSDown:
		for _, l := range c.d.DNS {
			for _, a := range l.Answers {
				if a.Route.Service != nil && len(a.Route.Backends) == 0 {
					return Seen, fmt.Sprintf("nothing is ready behind %s", a.Route.Service.Ref())
				}
			}
		}
		return Open, "whether it answers others was not tested"
	case NodeCache:
		for _, l := range c.d.DNS {
			if l.Resolver.Kind == ends.NodeLocalDNS {
				return Seen, "there is " + l.Resolver.Cache.Name
			}
		}
		return RuledOut, ""
	}
	return RuledOut, ""
}

func when(seen bool, evidence string) (Weight, string) {
	if seen {
		return Seen, evidence
	}
	return RuledOut, ""
}

// fresh is how long after a change a network plugin may still be at work on it.
const fresh = time.Minute

// programming looks for policies and pods that were written to just before the cluster was read.
func (c scene) programming() (Weight, string) {
	observed := c.d.Observed
	if observed.IsZero() {
		return Open, "when policies and pods were changed is not known"
	}
	known := false
	look := func(what string, at time.Time) (string, bool) {
		known = known || !at.IsZero()
		return fmt.Sprintf("%s changed %s before", what, observed.Sub(at).Round(time.Second)), !at.IsZero() && observed.Sub(at) < fresh
	}
	for _, namespace := range []string{c.plan.Source.Namespace, c.result.Object.Namespace} {
		for _, np := range c.d.Snapshot.PoliciesIn(namespace) {
			w, ok := np.History.Last("")
			if !ok {
				w.Time = np.History.Created
			}
			if text, is := look("policy "+np.Name, w.Time); is {
				return Seen, text
			}
		}
	}
	for _, p := range []*cluster.Pod{c.plan.Source, c.d.Snapshot.Pod(c.result.Object.Namespace, c.result.Object.Name)} {
		if p == nil {
			continue
		}
		if text, is := look("pod "+p.Name, p.Started); is {
			return Seen, text
		}
	}
	if known {
		return RuledOut, ""
	}
	return Open, "when policies and pods were changed is not known"
}

// behindOwnService tells whether the source is one of the backends that were tested.
func (c scene) behindOwnService() bool {
	return slices.ContainsFunc(c.results, func(r Result) bool { return r.Hop == Backend && r.Self })
}

// byNode counts the backends on the source's node that work, and those on other nodes that fail.
// Where any is the other way round, both are none.
func (c scene) byNode() (near, far int) {
	for _, r := range c.results {
		if r.Hop != Backend || r.Node == "" || c.plan.Source.Node == "" || r.Self {
			continue
		}
		own := r.Node == c.plan.Source.Node
		switch {
		case own && r.Works():
			near++
		case !own && r.Fails():
			far++
		default:
			return 0, 0
		}
	}
	return near, far
}

// listening weighs whether the application listens: only its own pod tells.
func (c scene) listening() (Weight, string) {
	for _, r := range c.results {
		if r.Hop != Own || c.result.Hop == Backend && (r.Object != c.result.Object || r.Port != c.result.Port) {
			continue
		}
		switch r.Outcome() {
		case Refused:
			return Seen, "from within its own pod it is refused, too"
		case Connected:
			return RuledOut, ""
		}
	}
	return Open, "nobody asked from within its pod"
}
