package plugin

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/explain"
)

// TestAddressThatMayBeAPod: whose an address is remains open where pods may not be listed, and
// then nothing is said of its labels or its names.
func TestAddressThatMayBeAPod(t *testing.T) {
	t.Parallel()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "web", Labels: map[string]string{"app": "web"}},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.5", PodIPs: []corev1.PodIP{{IP: "10.0.0.5"}}},
	}
	for _, step := range []struct {
		name   string
		answer func(explain.One) (*explain.OneStep, error)
		extra  cluster.Scope
	}{{"labels", explain.Labels, cluster.Scope{}}, {"dns", explain.DNS, cluster.Scope{DNS: true}}, {"policy", explain.Policy, cluster.Scope{}}} {
		for _, c := range []struct {
			denied, in string
			address    string
			want       explain.Result
			fails      string // or the error says this
		}{
			{"", "", "10.0.0.5", explain.Works, ""},
			{"pods", livetest.Across, "10.0.0.5", explain.Unclear, ""},
			{"services", livetest.Across, "10.0.0.6", explain.Unclear, ""},
			{"services", livetest.Across, "10.0.0.5", explain.Works, ""}, // it is a pod's all the same
			{"", "", "10.0.0.6", "", "is none"},
		} {
			server := livetest.New(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "prod"}}, pod)
			if c.denied != "" {
				server.Deny(c.denied, c.in)
			}
			from, err := live.Open(server.Config(), live.Options{})
			if err != nil {
				t.Fatal(err)
			}
			one, err := (&options{source: from, namespace: "shop"}).one(t.Context(), []string{c.address}, step.answer, step.extra)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("%s %s: %v", step.name, c.address, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s %s without %s: %v", step.name, c.address, c.denied, err)
				continue
			}
			if one.Result != c.want {
				t.Errorf("%s %s without %s: %s, %+v", step.name, c.address, c.denied, one.Result, one.Step)
			}
			said := slices.ContainsFunc(one.Step.Lines, func(l explain.Line) bool {
				return l.Status == explain.NotKnown && l.Text == "whose address "+c.address+" is, is not known: "+c.denied+" could not be read"
			})
			if said != (c.want == explain.Unclear) {
				t.Errorf("%s %s without %s: %+v", step.name, c.address, c.denied, one.Step.Lines)
			}
			if hasGap := slices.ContainsFunc(one.Snapshot.Gaps, func(g cluster.Gap) bool { return g.Resource == c.denied }); c.want == explain.Unclear && !hasGap {
				t.Errorf("%s %s: gaps %v", step.name, c.address, one.Snapshot.Gaps)
			}
		}
	}
}

// TestServiceWhosePodsAreUnread: that a selector matches no pod is known only where pods could be
// read. A Service without one has none, whatever could be read.
func TestServiceWhosePodsAreUnread(t *testing.T) {
	t.Parallel()
	for _, answer := range []func(explain.One) (*explain.OneStep, error){explain.Labels, explain.DNS, explain.Policy} {
		for _, c := range []struct {
			selector map[string]string
			gaps     []cluster.Gap
			want     explain.Result
			says     string
		}{
			{nil, nil, explain.Works, "no selector"},
			{nil, []cluster.Gap{{Resource: "pods", Namespace: "shop", Reason: cluster.Forbidden}}, explain.Works, "no selector"},
			{map[string]string{"app": "web"}, nil, explain.Works, "app=web, matches no pod and no workload of namespace shop"},
			{map[string]string{"app": "web"}, []cluster.Gap{{Resource: "pods", Namespace: "shop", Reason: cluster.Forbidden}}, explain.Unclear, "pods in namespace shop: Forbidden"},
			{map[string]string{"app": "web"}, []cluster.Gap{{Resource: "pods", Namespace: "prod", Reason: cluster.Forbidden}}, explain.Works, "matches no pod"},
		} {
			s := &cluster.Snapshot{Services: []*cluster.Service{{Namespace: "shop", Name: "web", Selector: c.selector}}, Gaps: c.gaps}
			one, err := answer(explain.One{Snapshot: s.Seal(), Namespace: "shop", Target: &Target{Kind: "Service", Namespace: "shop", Name: "web"}})
			if err != nil {
				t.Fatal(err)
			}
			if one.Result != c.want || len(one.Step.Lines) != 1 || !strings.Contains(one.Step.Lines[0].Text, c.says) {
				t.Errorf("selector %v, gaps %v: %s, %+v", c.selector, c.gaps, one.Result, one.Step.Lines)
			}
		}
	}
}
