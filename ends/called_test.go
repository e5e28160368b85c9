package ends

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

func TestCalled(t *testing.T) {
	t.Parallel()
	s := &cluster.Snapshot{
		Services: []*cluster.Service{
			{Namespace: "a", Name: "web"},
			{Namespace: "a", Name: "db", Headless: true},
			{Namespace: "b", Name: "web"},
			{Namespace: "b", Name: "store"},
		},
		Pods: []*cluster.Pod{{Namespace: "a", Name: "db-0"}},
	}
	s.Seal()
	for _, row := range []struct {
		host, want string
		means      bool
	}{
		{"web", "a/web", true},
		{"web.b", "b/web", true},
		{"web.b.svc", "b/web", true},
		{"web.b.svc.cluster.local", "b/web", true},
		{"db-0.db", "db-0.db.a.svc", true},
		{"db-1.db", "a/db", true}, // no such pod yet: whatever is behind the Service
		{"store", "a/store", false},
		{"word", "a/word", false},
		{"store.c", "store.c", true},
		{"example.com", "example.com", true},
		{"web.b.svc.example.com", "web.b.svc.example.com", true},
	} {
		got, means := Called(s, row.host, "a")
		text := got.DNSName
		if got.Kind == "Service" {
			text = got.Namespace + "/" + got.Name
		}
		if text != row.want || means != row.means {
			t.Errorf("%s means %s, %t; want %s, %t", row.host, text, means, row.want, row.means)
		}
	}
}
