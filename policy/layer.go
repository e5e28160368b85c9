package policy

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// layer is a policy of another layer: an admin tier or a network plugin's own kind. It is not
// evaluated; what counts is whom it may select and which verdicts it could reverse.
type layer struct {
	object *cluster.Foreign
	tier   Tier
	// reverses says, by Direction, which verdicts of the NetworkPolicy tier the object could
	// turn: an Allow rule turns Denied, a Deny rule or an implied isolation turns Allowed.
	reverses [3]reversal
	// subjects returns whether the object may select a pod with an address of its own.
	subjects func(w *world, p *cluster.Pod) Truth
	// outsideOnly: as its kind's OutsideOnly.
	outsideOnly bool
	// hosts: it may select nodes, and with them hostNetwork pods.
	hosts Truth
}

type reversal struct{ denied, allowed bool }

var anything = reversal{denied: true, allowed: true}

// LayerKind describes a kind of policy of another layer: how its resource is called and how its
// objects are read.
type LayerKind struct {
	Group      string
	Resource   string
	Kind       string
	Namespaced bool
	// Hosts: objects of this kind can select nodes.
	Hosts bool
	// OutsideOnly: objects of this kind judge only traffic between a pod and what is not a pod.
	// Source: k8s.ovn.org/v1 EgressFirewall, "traffic from a pod to an IP address outside the
	// cluster".
	OutsideOnly bool
	// L7: decides on requests, not on connections. Such objects leave the verdict alone.
	L7 bool
	// compile reads an object; nil for L7.
	compile func(s *Set, f *cluster.Foreign, l *layer)
}

// LayerKinds is every kind of policy of another layer that is known, in the order they are
// listed in documents.
var LayerKinds = []LayerKind{
	{Group: "policy.networking.k8s.io", Resource: "clusternetworkpolicies", Kind: "ClusterNetworkPolicy", compile: compileAdmin},
	{Group: "policy.networking.k8s.io", Resource: "adminnetworkpolicies", Kind: "AdminNetworkPolicy", compile: compileAdmin},
	{Group: "policy.networking.k8s.io", Resource: "baselineadminnetworkpolicies", Kind: "BaselineAdminNetworkPolicy", compile: compileAdmin},
	{Group: "cilium.io", Resource: "ciliumnetworkpolicies", Kind: "CiliumNetworkPolicy", Namespaced: true, compile: compileCilium},
	{Group: "cilium.io", Resource: "ciliumclusterwidenetworkpolicies", Kind: "CiliumClusterwideNetworkPolicy", Hosts: true, compile: compileCilium},
	{Group: "projectcalico.org", Resource: "networkpolicies", Kind: "NetworkPolicy", Namespaced: true, compile: compileCalico},
	{Group: "projectcalico.org", Resource: "globalnetworkpolicies", Kind: "GlobalNetworkPolicy", Hosts: true, compile: compileCalico},
	{Group: "crd.projectcalico.org", Resource: "networkpolicies", Kind: "NetworkPolicy", Namespaced: true, compile: compileCalico},
	{Group: "crd.projectcalico.org", Resource: "globalnetworkpolicies", Kind: "GlobalNetworkPolicy", Hosts: true, compile: compileCalico},
	{Group: "crd.antrea.io", Resource: "networkpolicies", Kind: "NetworkPolicy", Namespaced: true, compile: compileAntrea},
	{Group: "crd.antrea.io", Resource: "clusternetworkpolicies", Kind: "ClusterNetworkPolicy", Hosts: true, compile: compileAntrea},
	{Group: "k8s.ovn.org", Resource: "egressfirewalls", Kind: "EgressFirewall", Namespaced: true, OutsideOnly: true, compile: compileEgressFirewall},
	{Group: "security.istio.io", Resource: "authorizationpolicies", Kind: "AuthorizationPolicy", Namespaced: true, L7: true},
	{Group: "policy.linkerd.io", Resource: "servers", Kind: "Server", Namespaced: true, L7: true},
}

// LayerKindOf finds the description of a kind, or nil.
func LayerKindOf(apiVersion, kind string) *LayerKind {
	group, _, _ := strings.Cut(apiVersion, "/")
	for i := range LayerKinds {
		if LayerKinds[i].Group == group && LayerKinds[i].Kind == kind {
			return &LayerKinds[i]
		}
	}
	return nil
}

// ResourceName returns the resource as RBAC and gaps name it.
func (k *LayerKind) ResourceName() string { return k.Resource + "." + k.Group }

// compileLayer reads an object of another layer, or returns nil when it cannot touch a verdict.
func (s *Set) compileLayer(f *cluster.Foreign) *layer {
	kind := LayerKindOf(f.APIVersion, f.Kind)
	if kind == nil || kind.L7 {
		return nil
	}
	l := &layer{object: f, tier: AdminTier, hosts: No, outsideOnly: kind.OutsideOnly, subjects: func(*world, *cluster.Pod) Truth { return Maybe }}
	kind.compile(s, f, l)
	if f.Namespace != "" {
		inner := l.subjects
		l.subjects = func(w *world, p *cluster.Pod) Truth {
			if p.Namespace != f.Namespace {
				return No
			}
			return inner(w, p)
		}
	}
	return l
}

// otherLayers turns a verdict that a policy of another layer could reverse into Unknown, and no
// other. A layer that was not readable could hold anything its kind allows.
func (s *Set) otherLayers(w *world, subject, peer Endpoint, d *DirectionDecision) {
	if subject.Outside != nil {
		return
	}
	reversed, inside := false, peer.Pod != nil && !peer.isHost()
	for _, l := range s.layers {
		if l.outsideOnly && inside || !couldReverse(l.tier, l.reverses[d.Direction], d) || l.selects(w, subject) == No {
			continue
		}
		d.Others = append(d.Others, l.object)
		w.ask(Fact{Kind: OtherLayer, Object: l.object.Ref}, nil)
		reversed = true
	}
	for _, g := range s.snapshot.Gaps {
		k := layerOfResource(g.Resource)
		if k == nil || k.OutsideOnly && inside || g.Reason == cluster.NotServed || !k.coversEnd(g.Namespace, subject) || !couldReverse(k.tier(), k.worst(d.Direction), d) {
			continue
		}
		w.ask(Fact{Kind: LayerUnread, Object: cluster.Ref{Kind: k.Kind, Namespace: g.Namespace, Name: k.ResourceName()}}, nil)
		reversed = true
	}
	if reversed {
		d.Verdict = Unknown
	}
}

// selects tells whether the object may select an end.
func (l *layer) selects(w *world, e Endpoint) Truth {
	if e.isHost() {
		return l.hosts
	}
	return l.subjects(w, e.Pod)
}

func layerOfResource(resource string) *LayerKind {
	for i := range LayerKinds {
		if k := &LayerKinds[i]; k.ResourceName() == resource && !k.L7 {
			return k
		}
	}
	return nil
}

// coversEnd tells whether some object of the kind, in a namespace or in any, could select an end.
func (k *LayerKind) coversEnd(namespace string, e Endpoint) bool {
	if e.isHost() {
		return k.Hosts
	}
	return namespace == "" || namespace == e.Pod.Namespace
}

// tier is the tier that all objects of the kind are in, or the one from which they can do most.
func (k *LayerKind) tier() Tier {
	if k.Kind == "BaselineAdminNetworkPolicy" {
		return BaselineTier
	}
	return AdminTier
}

// worst is what an object of the kind can do at most.
func (k *LayerKind) worst(d Direction) reversal {
	if k.Kind != "EgressFirewall" {
		return anything
	}
	return reversal{allowed: d == Egress}
}

// couldReverse tells whether an object of a tier could turn the verdict so far. The baseline is
// reached only by pods that no NetworkPolicy isolates in this direction.
func couldReverse(tier Tier, r reversal, d *DirectionDecision) bool {
	switch d.Verdict {
	case Denied:
		return r.denied && tier != BaselineTier
	case Allowed:
		return r.allowed && (tier != BaselineTier || d.Isolated != Yes)
	}
	return r.denied || r.allowed
}

// matchOrMaybe is match for a selector that may not have been readable.
func (s *Set) matchOrMaybe(w *world, c *selector, o labelled) Truth {
	if c == nil {
		return Maybe
	}
	t, _ := s.match(w, c, o)
	return t
}

// labelSelector reads a label selector out of a decoded object, or returns nil.
func (s *Set) labelSelector(raw any) *selector {
	m, ok := raw.(map[string]any)
	if !ok {
		return nil
	}
	var out metav1.LabelSelector
	if runtime.DefaultUnstructuredConverter.FromUnstructured(m, &out) != nil {
		return nil
	}
	return s.remember(compileSelector(&out))
}

func text(v any) string {
	t, _ := v.(string)
	return t
}

func list(v any) []map[string]any {
	items, _ := v.([]any)
	var out []map[string]any
	for _, i := range items {
		if m, ok := i.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func texts(v any) []string {
	items, _ := v.([]any)
	var out []string
	for _, i := range items {
		out = append(out, text(i))
	}
	return out
}
