package ends_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

// TestAssumedDNSThatMayBeThere: a gap makes the cluster DNS Service one that may be there only if it is
// about a Service by one of its names, and that it was not given or is not served is none.
func TestAssumedDNSThatMayBeThere(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		gap  cluster.Gap
		want string
	}{
		{cluster.Gap{Resource: "services", Namespace: "kube-system", Name: "kube-dns", Reason: cluster.Forbidden}, "kube-system/kube-dns"},
		{cluster.Gap{Resource: "services", Namespace: "kube-system", Name: "kube-dns", Reason: cluster.TimedOut}, "kube-system/kube-dns"},
		{cluster.Gap{Resource: "services", Namespace: "kube-system", Reason: cluster.NotInSnapshot}, "kube-system/kube-dns"},
		{cluster.Gap{Resource: "services", Reason: cluster.Unreadable}, "kube-system/kube-dns"},
		{cluster.Gap{Resource: "services", Namespace: "openshift-dns", Name: "dns-default", Reason: cluster.Forbidden}, "openshift-dns/dns-default"},
		{cluster.Gap{Resource: "services", Namespace: "kube-system", Name: "other", Reason: cluster.Forbidden}, ""},
		{cluster.Gap{Resource: "services", Namespace: "shop", Reason: cluster.Forbidden}, ""},
		{cluster.Gap{Resource: "pods", Namespace: "kube-system", Reason: cluster.Forbidden}, ""},
		{cluster.Gap{Resource: "services", Namespace: "kube-system", Name: "kube-dns", Reason: cluster.NotServed}, ""},
		{cluster.Gap{Resource: "services", Namespace: "kube-system", Name: "kube-dns", Reason: cluster.NotProvided}, ""},
		{cluster.Gap{Resource: "templates", Name: "dns.yaml", Reason: cluster.NotRendered}, ""},
	} {
		s := (&cluster.Snapshot{Gaps: []cluster.Gap{row.gap}}).Seal()
		r := ends.ResolverOf(s, &cluster.Pod{Namespace: "shop", DNSPolicy: corev1.DNSClusterFirst})
		got := ""
		if r.Unread != nil {
			got = r.Unread.Object.Namespace + "/" + r.Unread.Object.Name
		}
		if r.Kind != ends.AssumedDNS || got != row.want {
			t.Errorf("%s: %s, %q, want %q", row.gap, r.Kind, got, row.want)
		}
	}
}
