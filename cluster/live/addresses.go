package live

import (
	"context"
	"net/netip"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// address looks up who holds an address and reads that as if it had been named. Mostly it is a pod,
// so pods are asked for first, then Services, then nodes, and nothing more once a holder is found:
// the order is that of Snapshot.HoldersOf. The server selects pods and Services by one address of
// each only; when nobody is found by that, their other addresses are gone through.
func (r *reading) address(ctx context.Context, ip netip.Addr) error {
	r.mu.Lock()
	known := r.sought[ip] // a Service may have its own address among its endpoints
	r.sought[ip] = true
	r.mu.Unlock()
	if known {
		return nil
	}
	for _, look := range []func(context.Context, netip.Addr) (bool, error){
		r.podAt, r.serviceAt, r.nodeAt, r.serviceAtAny, r.podAtAny,
	} {
		if found, err := look(ctx, ip); found || err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) podAt(ctx context.Context, ip netip.Addr) (bool, error) {
	return r.holdingPods(ctx, ip, "status.podIP="+ip.String())
}

func (r *reading) serviceAt(ctx context.Context, ip netip.Addr) (bool, error) {
	return r.holdingServices(ctx, ip, "spec.clusterIP="+ip.String())
}

// nodeAt reads all nodes: an address of none of them is outside the cluster.
func (r *reading) nodeAt(ctx context.Context, ip netip.Addr) (bool, error) {
	if err := r.nodes(ctx); err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.snapshot.Nodes, func(n *cluster.Node) bool { return slices.Contains(n.IPs, ip) }), nil
}

// serviceAtAny goes through all addresses of all Services.
func (r *reading) serviceAtAny(ctx context.Context, ip netip.Addr) (bool, error) {
	return r.holdingServices(ctx, ip, "")
}

// podAtAny goes through all addresses of all pods, where they may have one that the server does
// not select by.
func (r *reading) podAtAny(ctx context.Context, ip netip.Addr) (bool, error) {
	r.mu.Lock()
	mayBe := secondary(ip, r.snapshot.Nodes)
	r.mu.Unlock()
	if !mayBe {
		return false, nil
	}
	return r.holdingPods(ctx, ip, "")
}

// holdingPods reads the pods that hold an address, and tells whether there are any.
func (r *reading) holdingPods(ctx context.Context, ip netip.Addr, fields string) (bool, error) {
	pods, err := find(ctx, r, podKind, fields, holdsAsPod(ip))
	for _, p := range pods {
		r.add(p)
		r.touch(ctx, p.Namespace)
	}
	return len(pods) > 0, err
}

// holdingServices reads the Services that hold an address, and tells whether there are any.
func (r *reading) holdingServices(ctx context.Context, ip netip.Addr, fields string) (bool, error) {
	services, err := find(ctx, r, serviceKind, fields, holdsAsService(ip))
	for _, s := range services {
		r.touch(ctx, s.Namespace)
		if slices.Contains(s.OtherIPs, ip) { // who comes in by it may be seen as one of the nodes
			if err := r.nodes(ctx); err != nil {
				return true, err
			}
		}
		if err := r.service(ctx, s); err != nil {
			return true, err
		}
	}
	return len(services) > 0, err
}

// fewNamespaces is how many namespaces are asked one by one for what is in them. With more, all are
// asked at once, so that the number of requests does not grow with the range.
const fewNamespaces = 8

// podsWithin reads the pods whose address lies in one of the ranges of the scope. There is no way to
// ask a server for these, so all pods are gone through.
func (r *reading) podsWithin(ctx context.Context) error {
	pods, err := find(ctx, r, podKind, "", func(p *cluster.Pod) bool {
		return !p.Finished() && slices.ContainsFunc(r.scope.Ranges, func(in netip.Prefix) bool { return slices.ContainsFunc(p.IPs, in.Contains) })
	})
	if err != nil {
		return err
	}
	namespaces := map[string]bool{}
	for _, p := range pods {
		r.add(p)
		namespaces[p.Namespace] = true
	}
	if len(namespaces) > fewNamespaces {
		r.mu.Lock()
		r.wide = true
		r.mu.Unlock()
		for _, kind := range []resource{policyKind.resource, namespaceKind.resource} {
			// Who may not list them everywhere asks for each.
			if _, err := r.source.ask(ctx, kind, question{resource: kind.GroupVersionResource}); err != nil {
				return err
			}
		}
	}
	for namespace := range namespaces {
		r.touch(ctx, namespace)
	}
	return nil
}

// holdsAsPod tells whether an address is the pod's own: it no longer is when the pod has
// finished, and it is the node's when the pod is on the host network.
func holdsAsPod(ip netip.Addr) func(*cluster.Pod) bool {
	return func(p *cluster.Pod) bool { return !p.Finished() && !p.HostNetwork && slices.Contains(p.IPs, ip) }
}

func holdsAsService(ip netip.Addr) func(*cluster.Service) bool {
	return func(s *cluster.Service) bool {
		return slices.Contains(s.ClusterIPs, ip) || slices.Contains(s.OtherIPs, ip)
	}
}

// secondary tells whether an address is of the family that pods have their second address in, if
// they have two: the server does not select by that one. Nodes list their addresses in the same
// order. Source: core/v1 PodStatus.PodIPs, "IPv4/IPv6 dual-stack".
func secondary(ip netip.Addr, nodes []*cluster.Node) bool {
	return slices.ContainsFunc(nodes, func(n *cluster.Node) bool { return len(n.IPs) > 0 && n.IPs[0].Is4() != ip.Is4() })
}
