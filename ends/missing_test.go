package ends_test

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

// near is a namespace with a few things whose names are alike.
func near() *cluster.Snapshot {
	deployment := func(namespace, name string) *cluster.Workload {
		ref := cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: name}
		return &cluster.Workload{Ref: ref, Template: &cluster.Pod{Namespace: namespace, Owner: ref, Template: true}}
	}
	return &cluster.Snapshot{
		Workloads: []*cluster.Workload{deployment("shop", "payment"), deployment("shop", "payments"), deployment("prod", "gateway"), deployment("test", "gateway")},
		Services:  []*cluster.Service{{Namespace: "shop", Name: "order"}, {Namespace: "shop", Name: "paymnet"}},
		Pods:      []*cluster.Pod{{Namespace: "shop", Name: "payment-1"}, {Namespace: "shop", Name: "order-1"}},
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, namespace, name string
		gap                   cluster.Gap
		want                  string
	}{
		{"Deployment", "shop", "paymen", cluster.Gap{}, `no Deployment named "paymen" in namespace "shop"; did you mean shop/deploy/payment or shop/deploy/payments?`},
		{"Deployment", "shop", "order", cluster.Gap{}, `no Deployment named "order" in namespace "shop"; did you mean shop/svc/order?`},
		{"Pod", "shop", "payment", cluster.Gap{}, `no Pod named "payment" in namespace "shop"; did you mean shop/deploy/payment or shop/pod/payment-1?`},
		{"", "shop", "ordre", cluster.Gap{}, `no pod, workload or Service named "ordre" in namespace "shop"; did you mean shop/svc/order?`},
		{"Deployment", "shop", "gateway", cluster.Gap{}, `no Deployment named "gateway" in namespace "shop"; there is prod/deploy/gateway or test/deploy/gateway`},
		{"Deployment", "tset", "gateway", cluster.Gap{}, `there is no namespace "tset" in the cluster; there is test/deploy/gateway or prod/deploy/gateway`},
		{"Service", "shop", "gateway", cluster.Gap{}, `no Service named "gateway" in namespace "shop"`},
		{"Deployment", "shop", "monitoring", cluster.Gap{}, `no Deployment named "monitoring" in namespace "shop"`},
		{"Deployment", "sohp", "monitoring", cluster.Gap{}, `there is no namespace "sohp" in the cluster; did you mean shop?`},
		{"Deployment", "elsewhere", "monitoring", cluster.Gap{}, `there is no namespace "elsewhere" in the cluster; -n names another`},
		// Whether a namespace is there that could not be read is not known.
		{"Deployment", "sohp", "monitoring", cluster.Gap{Resource: "namespaces", Name: "sohp", Reason: cluster.Forbidden}, `no Deployment named "monitoring" in namespace "sohp"`},
	} {
		s := near()
		if c.gap.Resource != "" {
			s.Gaps = []cluster.Gap{c.gap}
		}
		_, err := ends.Resolve(s.Seal(), ends.Target{Kind: c.kind, Namespace: c.namespace, Name: c.name})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s %s/%s:\n got %v\nwant %s", c.kind, c.namespace, c.name, err, c.want)
		}
	}
}
