package ends

import (
	"testing"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// TestMeant: which Services a name of two labels may be a slip for.
func TestMeant(t *testing.T) {
	t.Parallel()
	service := func(namespace, name string) *cluster.Service {
		return &cluster.Service{Namespace: namespace, Name: name}
	}
	s := (&cluster.Snapshot{
		FromFiles:  true,
		Read:       cluster.Scope{Namespaces: []string{"production", "cache"}},
		Namespaces: []*cluster.Namespace{{Name: "production"}, {Name: "cache"}, {Name: "monitoring"}},
		Services:   []*cluster.Service{service("production", "payment"), service("cache", "redis")},
	}).Seal()
	for _, c := range []struct {
		name, names, namespace string
		slip                   bool
	}{
		{"payment.prod", "payment.production", "prod", true},
		{"payment.prodution", "payment.production", "prodution", true},
		{"paymnet.production", "payment.production", "", true},
		{"redis.io", "redis.cache", "io", false},                       // by chance, perhaps
		{"redis.production", "redis.cache", "", false},                 // another namespace than it says
		{"order.prod", "", "prod", false},                              // that namespace was read, and has none
		{"grafana.monitorin", "grafana.monitoring", "monitorin", true}, // that one was not read
		{"example.com", "", "com", false},
		{"api.example.com", "", "", false},
		{"payment.production.svc", "", "", false},
	} {
		got := meantBy(s, c.name)
		if got.Names() != c.names || got.Slip != c.slip || got.Namespace != c.namespace {
			t.Errorf("%s: %+v, want %q, namespace %q, slip %v", c.name, got, c.names, c.namespace, c.slip)
		}
	}
}
