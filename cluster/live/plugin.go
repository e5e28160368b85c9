package live

import (
	"context"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// The ConfigMap in which Cilium is told how to treat policies.
const (
	ciliumAgent     = "cilium"
	systemNamespace = "kube-system"
	ciliumConfig    = "cilium-config"
)

// someNode reads one node for its kubelet's version, unless all are read anyway.
func (r *reading) someNode(ctx context.Context) error {
	if r.scope.Nodes {
		return nil
	}
	return r.keep(ctx, nodeKind.resource, question{atMost: 1})
}

// agents reads the DaemonSets of all namespaces. Where that is forbidden, those of kube-system,
// where most plugins live.
func (r *reading) agents(ctx context.Context) error {
	sets, err := some(ctx, r, daemonSetKind, question{})
	if err != nil {
		return err
	}
	if !r.source.memo.complete(daemonSetKind.resource, "") {
		if sets, err = some(ctx, r, daemonSetKind, question{namespace: systemNamespace}); err != nil {
			return err
		}
	}
	for _, set := range sets {
		r.add(set.agent)
		if set.Name != ciliumAgent {
			continue
		}
		if err := r.settings(ctx, cluster.Ref{Namespace: systemNamespace, Name: ciliumConfig}); err != nil {
			return err
		}
	}
	return nil
}

// settings reads a ConfigMap.
func (r *reading) settings(ctx context.Context, ref cluster.Ref) error {
	data, ok, err := one(ctx, r, configMapKind, ref.Namespace, ref.Name)
	if !ok {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshot.ConfigMaps[ref.Namespace+"/"+ref.Name] = data
	return nil
}
