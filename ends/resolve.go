package ends

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// End is a target that was looked up. Which field is set says what it is: Pods (of a pod or a
// workload), Service, Node, Ranges (addresses outside the cluster) or Name (a DNS name that the
// cluster does not know).
type End struct {
	Target   Target
	Ref      cluster.Ref // the object; Kind "CIDR", "DNSName" or "Internet" where there is none
	Pods     []*cluster.Pod
	Workload *cluster.Workload
	Service  *cluster.Service
	Node     *cluster.Node
	Ingress  *cluster.Ingress // Pods are those of its controller
	Gateway  *cluster.Gateway // Pods are those that carry its requests
	Route    *cluster.Route   // Pods are those of its Gateways
	Hosts    []*cluster.Node  // of the control plane, whose API server is meant
	Ranges   []netip.Prefix
	Inside   []*cluster.Pod  // pods whose address lies in the range that was asked for
	Within   []*cluster.Node // nodes with an address in it
	Address  netip.Addr      // the address that was typed, where it led to an object
	Loopback bool            // each source itself, by its loopback address
	Name     string
	Meant    Meant // what Name may be a slip for
	// Alias is the ExternalName Service that led here, or nil.
	Alias *cluster.Service
	// Follow is what the alias stands for and has to be read before anything can be said.
	Follow *cluster.Ref
	// ByName: a client has to look a name up before it can connect.
	ByName bool
	// Followed: who connects follows the endpoints of the Service, as controllers of Ingresses and Gateways
	// do. What it connects to is what they say, also of a headless Service.
	Followed bool
	// Unread is set when the object could not be read, so that nothing is known of this end.
	Unread *policy.Fact
}

// WayIn tells whether the end stands for the pods that serve an Ingress, a Gateway or a route.
func (e End) WayIn() bool { return e.Ingress != nil || e.Gateway != nil || e.Route != nil }

// Resolve looks a target up in a snapshot.
func Resolve(s *cluster.Snapshot, t Target) (End, error) {
	t = t.unmapped()
	end := End{Target: t}
	switch {
	case t.Internet:
		end.Ref = cluster.Ref{Kind: "Internet", Name: "internet"}
		end.Ranges = internet(s)
		return end, nil
	case t.APIServer:
		return resolveAPIServer(s, end), nil
	case t.Kind == "Ingress":
		return resolveIngress(s, end)
	case t.Kind == "Gateway":
		return resolveGateway(s, end)
	case slices.Contains(cluster.RouteKinds(), t.Kind):
		return resolveRoute(s, end)
	case t.DNSName != "":
		return resolveName(s, end, t.DNSName, 0)
	case t.IsAddress():
		return resolveAddress(s, end)
	case t.Prefix.IsValid():
		end.Ref = cluster.Ref{Kind: "CIDR", Name: t.Prefix.String()}
		if g, unread := unreadHolders(s, "Pod", "Node"); unread {
			end.Unread = &policy.Fact{Kind: policy.EndUnread, Object: end.Ref, Key: g.Resource}
			return end, nil
		}
		end.Ranges = []netip.Prefix{t.Prefix}
		end.Inside, end.Within = s.PodsWithin(t.Prefix), s.NodesWithin(t.Prefix)
		return end, nil
	}
	return resolveObject(s, end)
}

// ResolveSource looks up the end that opens a connection. A bare name that a Service and one other
// object have means the other: a Service opens no connection.
func ResolveSource(s *cluster.Snapshot, t Target) (End, error) {
	end, err := Resolve(s, t)
	var several *AmbiguousError
	if !errors.As(err, &several) {
		return end, err
	}
	others := slices.DeleteFunc(slices.Clone(several.Choices), func(r cluster.Ref) bool {
		return r.Kind != "Pod" && r.Kind != "Node" && !slices.Contains(WorkloadKinds, r.Kind)
	})
	if len(others) != 1 {
		return end, err
	}
	t.Kind = others[0].Kind
	return Resolve(s, t)
}

func resolveObject(s *cluster.Snapshot, end End) (End, error) {
	t := end.Target
	var found []End
	consider := func(kind string, look func() (End, bool)) {
		if t.Kind != "" && t.Kind != kind {
			return
		}
		if e, ok := look(); ok {
			e.Target = t
			found = append(found, e)
		}
	}
	consider("Pod", func() (End, bool) {
		p := s.Pod(t.Namespace, t.Name)
		if p == nil {
			return End{}, false
		}
		return End{Ref: p.Ref(), Pods: []*cluster.Pod{p}}, true
	})
	for _, kind := range WorkloadKinds {
		consider(kind, func() (End, bool) {
			w := s.Workload(kind, t.Namespace, t.Name)
			if w == nil || t.Kind == "" && !w.TopLevel() {
				return End{}, false
			}
			return End{Ref: w.Ref, Workload: w, Pods: s.PodsOf(w)}, true
		})
	}
	consider("Service", func() (End, bool) {
		v := s.Service(t.Namespace, t.Name)
		if v == nil {
			return End{}, false
		}
		if v.ExternalName != "" {
			e, err := resolveName(s, End{Target: t, Alias: v}, strings.TrimSuffix(v.ExternalName, "."), 1)
			return e, err == nil
		}
		return End{Ref: v.Ref(), Service: v, ByName: true}, true
	})
	consider("Node", func() (End, bool) {
		n := s.Node(t.Name)
		if n == nil {
			return End{}, false
		}
		return End{Ref: n.Ref(), Node: n}, true
	})
	if unread := unreadNamesakes(s, t); len(found) > 0 && len(unread) > 0 {
		return end, &AmbiguousError{Target: t, Choices: refsOf(found), Unread: unread}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return notFound(s, end)
	}
	return end, &AmbiguousError{Target: t, Choices: refsOf(found)}
}

func refsOf(ends []End) []cluster.Ref {
	var refs []cluster.Ref
	for _, e := range ends {
		refs = append(refs, e.Ref)
	}
	return refs
}

// unreadNamesakes lists the resources of which an object by a bare name could not be read: the name
// may mean that one.
func unreadNamesakes(s *cluster.Snapshot, t Target) []string {
	var resources []string
	for _, g := range s.Gaps {
		if t.Kind == "" && couldBe("", resourceKind(g.Resource)) && g.Namespace == t.Namespace && g.Name == t.Name && g.Reason != cluster.NotServed {
			resources = append(resources, g.Resource)
		}
	}
	return resources
}

// WorkloadKinds are the kinds of objects with a pod template, in the order they are looked up.
var WorkloadKinds = []string{"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet"}

// notFound tells "it is not there" from "it could not be read".
func notFound(s *cluster.Snapshot, end End) (End, error) {
	t := end.Target
	for _, g := range s.Gaps {
		if couldBe(t.Kind, resourceKind(g.Resource)) && (g.Namespace == "" || g.Namespace == t.Namespace) && (g.Name == "" || g.Name == t.Name) && g.Reason != cluster.NotServed {
			end.Ref = cluster.Ref{Kind: resourceKind(g.Resource), Namespace: t.Namespace, Name: t.Name}
			end.Unread = &policy.Fact{Kind: policy.EndUnread, Object: end.Ref, Key: g.Resource}
			end.ByName = end.ByName || t.Kind == "Service"
			if t.Kind == "Pod" || slices.Contains(WorkloadKinds, t.Kind) {
				end.Pods = []*cluster.Pod{unread(end.Ref)}
			}
			return end, nil
		}
	}
	return end, missing(s, t)
}

// couldBe tells whether a target of a kind, or a bare name, could be an object of another.
func couldBe(kind, of string) bool {
	return of != "" && (kind == of || kind == "" && of != "Node" && !IsWayIn(of))
}

// unread stands for the pods of an object that could not be read: they may carry any labels. The
// half of an answer that does not hang on them is certain all the same.
func unread(ref cluster.Ref) *cluster.Pod {
	return &cluster.Pod{Namespace: ref.Namespace, Labels: cluster.Labels{Open: cluster.AllKeys}, Owner: ref, Template: true, DNSPolicy: corev1.DNSClusterFirst}
}

func resourceKind(resource string) string {
	if k := cluster.GatewayKindOf(resource); k.Kind == "Gateway" || k.Route {
		return k.Kind
	}
	switch resource, _, _ := strings.Cut(resource, "."); resource {
	case "pods":
		return "Pod"
	case "services":
		return "Service"
	case "deployments":
		return "Deployment"
	case "statefulsets":
		return "StatefulSet"
	case "daemonsets":
		return "DaemonSet"
	case "replicasets":
		return "ReplicaSet"
	case "jobs":
		return "Job"
	case "cronjobs":
		return "CronJob"
	case "nodes":
		return "Node"
	case "ingresses":
		return "Ingress"
	}
	return ""
}

// resolveAddress looks an address up: one that a pod, a Service or a node holds means that
// object.
func resolveAddress(s *cluster.Snapshot, end End) (End, error) {
	addr := end.Target.Prefix.Addr()
	end.Address = addr
	if addr.IsLoopback() {
		end.Ref, end.Loopback = cluster.Ref{Kind: "CIDR", Name: end.Target.Prefix.String()}, true
		return end, nil
	}
	holders := s.HoldersOf(addr)
	if len(holders) == 0 {
		end.Ref = cluster.Ref{Kind: "CIDR", Name: end.Target.Prefix.String()}
		if g, unread := unreadHolders(s, "Pod", "Service", "Node"); unread {
			end.Unread = &policy.Fact{Kind: policy.EndUnread, Object: end.Ref, Key: g.Resource}
			return end, nil
		}
		end.Ranges = []netip.Prefix{end.Target.Prefix}
		return end, nil
	}
	switch h := holders[0]; {
	case h.Pod != nil:
		end.Ref, end.Pods = h.Pod.Ref(), []*cluster.Pod{h.Pod}
	case h.Service != nil:
		end.Ref, end.Service = h.Service.Ref(), h.Service
	default:
		end.Ref, end.Node = h.Node.Ref(), h.Node
	}
	return end, nil
}

// serviceUnread tells whether a Service may be there that could not be read.
func serviceUnread(s *cluster.Snapshot, c candidate) bool {
	return slices.ContainsFunc(s.Gaps, func(g cluster.Gap) bool {
		return resourceKind(g.Resource) == "Service" && (g.Namespace == "" || g.Namespace == c.namespace) && (g.Name == "" || g.Name == c.name) && g.Reason != cluster.NotServed && g.Reason != cluster.NotProvided
	})
}

// unreadHolders returns a gap that may hide what an address belongs to, among objects of some kinds.
func unreadHolders(s *cluster.Snapshot, kinds ...string) (cluster.Gap, bool) {
	i := slices.IndexFunc(s.Gaps, func(g cluster.Gap) bool {
		return slices.Contains(kinds, resourceKind(g.Resource)) && g.Namespace == "" && g.Name == "" && g.Reason != cluster.NotServed
	})
	if i < 0 {
		return cluster.Gap{}, false
	}
	return s.Gaps[i], true
}

// maxAliases bounds a chain of ExternalName Services.
const maxAliases = 8

// resolveName looks a DNS name up among what the cluster itself serves. Any other name stays a
// name: nothing is asked of a resolver.
func resolveName(s *cluster.Snapshot, end End, name string, depth int) (End, error) {
	end.ByName = true
	for _, c := range serviceNames(name) {
		v := s.Service(c.namespace, c.name)
		if v == nil && serviceUnread(s, c) {
			end.Ref = cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: c.namespace, Name: c.name}
			end.Unread = &policy.Fact{Kind: policy.EndUnread, Object: end.Ref, Key: "services"}
			return end, nil
		}
		if v == nil {
			continue
		}
		if c.pod != "" {
			p := s.Pod(c.namespace, c.pod)
			if p == nil || !v.Headless {
				continue
			}
			end.Ref, end.Pods = p.Ref(), []*cluster.Pod{p}
			return end, nil
		}
		if v.ExternalName != "" && depth < maxAliases {
			end.Alias = v
			return resolveName(s, end, strings.TrimSuffix(v.ExternalName, "."), depth+1)
		}
		end.Ref, end.Service = v.Ref(), v
		return end, nil
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		end.Target.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return resolveAddress(s, end)
	}
	if addr, ok := podName(name); ok {
		end.Target.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return resolveAddress(s, end)
	}
	if certain := strings.HasSuffix(name, ".svc") || strings.HasSuffix(name, ".cluster.local") || name == "kubernetes.default"; certain && depth == 0 {
		candidates := serviceNames(name)
		if len(candidates) == 0 {
			return end, fmt.Errorf("%q is not the name of a Service", name)
		}
		t := end.Target
		t.Kind, t.Namespace, t.Name = "Service", candidates[0].namespace, candidates[0].name
		end.Target = t
		return notFound(s, end)
	}
	if candidates := serviceNames(name); depth > 0 && len(candidates) > 0 && strings.Contains(name, ".svc") {
		ref := cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: candidates[0].namespace, Name: candidates[0].name}
		end.Ref, end.Follow = ref, &ref
		end.Unread = &policy.Fact{Kind: policy.EndUnread, Object: ref, Key: "services"}
		return end, nil
	}
	end.Ref, end.Name = cluster.Ref{Kind: "DNSName", Name: name}, name
	if depth == 0 {
		end.Meant = meantBy(s, name)
	}
	return end, nil
}
