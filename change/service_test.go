package change

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// TestNearSelector: a slip in one value is mended where one workload is near, and only there.
func TestNearSelector(t *testing.T) {
	t.Parallel()
	pod := func(name string, labels map[string]string) *cluster.Pod {
		return &cluster.Pod{Namespace: "ns", Name: name, Labels: cluster.Labels{Known: labels}}
	}
	payment := pod("payment", map[string]string{"app": "payment", "tier": "backend"})
	for name, c := range map[string]struct {
		selector map[string]string
		pods     []*cluster.Pod
		want     string
	}{
		"a slip":               {map[string]string{"app": "paymnt"}, []*cluster.Pod{payment}, "payment"},
		"of two labels":        {map[string]string{"app": "paymnt", "tier": "backend"}, []*cluster.Pod{payment}, "payment"},
		"another does not fit": {map[string]string{"app": "paymnt", "tier": "db"}, []*cluster.Pod{payment}, ""},
		"another key":          {map[string]string{"name": "payment"}, []*cluster.Pod{payment}, ""},
		"nothing like it":      {map[string]string{"app": "orders"}, []*cluster.Pod{payment}, ""},
		"two are near":         {map[string]string{"app": "paymnt"}, []*cluster.Pod{payment, pod("payments", map[string]string{"app": "payments"})}, ""},
		"it would select more": {map[string]string{"app": "paymnt"}, []*cluster.Pod{payment, pod("other", map[string]string{"app": "payment"})}, ""},
		"it selects something": {map[string]string{"app": "payment"}, []*cluster.Pod{payment}, ""},
		"nothing is there":     {map[string]string{"app": "paymnt"}, nil, ""},
	} {
		s := (&cluster.Snapshot{Pods: c.pods}).Seal()
		v := &cluster.Service{Namespace: "ns", Name: "payment", Selector: c.selector}
		owner, e, ok := NearSelector(s, v)
		if ok != (c.want != "") || ok && (e.To != c.want || owner.Name != "payment" || e.Patch[0].Path != "/spec/selector/app") {
			t.Errorf("%s: %v %+v %v", name, owner, e, ok)
		}
	}
}
