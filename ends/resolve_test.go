package ends

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// TestBareNameThatMayMeanMore: a bare name is not taken for the one object that could be read where
// another of that name may be there.
func TestBareNameThatMayMeanMore(t *testing.T) {
	t.Parallel()
	web := Target{Namespace: "a", Name: "web"}
	for _, row := range []struct {
		name   string
		target Target
		gap    cluster.Gap
		unread []string
	}{
		{"forbidden", web, cluster.Gap{Resource: "services", Namespace: "a", Name: "web", Reason: cluster.Forbidden}, []string{"services"}},
		{"timed out", web, cluster.Gap{Resource: "deployments.apps", Namespace: "a", Name: "web", Reason: cluster.TimedOut}, []string{"deployments.apps"}},
		{"not a kind there", web, cluster.Gap{Resource: "cronjobs.batch", Namespace: "a", Name: "web", Reason: cluster.NotServed}, nil},
		{"another name", web, cluster.Gap{Resource: "services", Namespace: "a", Name: "api", Reason: cluster.Forbidden}, nil},
		{"another namespace", web, cluster.Gap{Resource: "services", Namespace: "b", Name: "web", Reason: cluster.Forbidden}, nil},
		{"not meant by a bare name", web, cluster.Gap{Resource: "nodes", Name: "web", Reason: cluster.Forbidden}, nil},
		{"with its kind", Target{Kind: "Pod", Namespace: "a", Name: "web"}, cluster.Gap{Resource: "services", Namespace: "a", Name: "web", Reason: cluster.Forbidden}, nil},
	} {
		s := (&cluster.Snapshot{Pods: []*cluster.Pod{{Namespace: "a", Name: "web"}}, Gaps: []cluster.Gap{row.gap}}).Seal()
		end, err := Resolve(s, row.target)
		var ambiguous *AmbiguousError
		switch {
		case row.unread == nil:
			if err != nil || len(end.Pods) != 1 {
				t.Errorf("%s: %+v, %v", row.name, end, err)
			}
		case !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Unread, row.unread) || len(ambiguous.Choices) != 1:
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// TestHeadlessWithoutPorts: no port is meant where a headless Service has none and none was given.
func TestHeadlessWithoutPorts(t *testing.T) {
	t.Parallel()
	v := &cluster.Service{Namespace: "a", Name: "web", Headless: true, Selector: map[string]string{"app": "web"}}
	pod := &cluster.Pod{Namespace: "a", Name: "web", Labels: cluster.Labels{Known: v.Selector}, IPs: []netip.Addr{netip.MustParseAddr("10.1.0.1")}, Ready: true}
	s := (&cluster.Snapshot{FromFiles: true, Services: []*cluster.Service{v}, Pods: []*cluster.Pod{pod}}).Seal()
	for _, row := range []struct {
		port Port
		want int
	}{{Port{}, 0}, {Port{Number: 80}, 1}, {Port{Name: "http"}, 1}} {
		if got := Routes(s, End{Service: v, Target: Target{Port: row.port}}); len(got) != row.want {
			t.Errorf("port %v: %+v", row.port, got)
		}
	}
}

// TestNameOfAPodAddress: the name that a cluster's DNS makes of an address means what is there.
func TestNameOfAPodAddress(t *testing.T) {
	t.Parallel()
	pod := &cluster.Pod{Namespace: "b", Name: "web", IPs: []netip.Addr{netip.MustParseAddr("10.0.1.1"), netip.MustParseAddr("fd00::11")}, Ready: true}
	s := (&cluster.Snapshot{FromFiles: true, Pods: []*cluster.Pod{pod}}).Seal()
	for _, row := range []struct{ name, want string }{
		{"10-0-1-1.b.pod.cluster.local", "web"},
		{"10-0-1-1.b.pod", "web"},
		{"fd00--11.b.pod.cluster.local", "web"},
		{"10-0-1-2.b.pod.cluster.local", "10.0.1.2/32"},
		{"10-0-1.b.pod.cluster.local", ""},
		{"10-0-1-1.pod.cluster.local", ""},
		{"10-0-1-1.b.svc.pod.cluster.local", ""},
	} {
		end, err := Resolve(s, Target{DNSName: row.name})
		if (err == nil) != (row.want != "") || err == nil && (end.Ref.Name != row.want || !end.ByName) {
			t.Errorf("%s: %+v, %v", row.name, end.Ref, err)
		}
	}
}
