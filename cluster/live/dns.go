package live

import (
	"context"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// dns reads the cluster DNS Service with its endpoints and pods, and the policies of its
// namespace. Where there is none, or none that can be read, the policies are those of the namespace
// in which it is looked for first and then assumed. A node-local cache is a DaemonSet and so among
// the agents.
func (r *reading) dns(ctx context.Context) error {
	for _, ref := range cluster.DNSServices {
		s, ok, err := one(ctx, r, serviceKind, ref.Namespace, ref.Name)
		if err != nil {
			return err
		}
		if ok {
			r.touch(ctx, s.Namespace)
			return r.service(ctx, s)
		}
	}
	r.touch(ctx, cluster.DNSServices[0].Namespace)
	return nil
}
