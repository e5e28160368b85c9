package explain

import (
	"net/netip"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

// apiService is how pods find the API server.
var apiService = cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: "default", Name: "kubernetes"}

// NeedsScope returns what has to be read to judge what a source is declared to need, beside its own
// namespace, which has been read. Dotted names are looked up only where their namespace may exist.
func NeedsScope(s *cluster.Snapshot, source ends.Target) cluster.Scope {
	var scope cluster.Scope
	end, err := ends.ResolveSource(s, source)
	if err != nil {
		return scope
	}
	add := func(ref cluster.Ref) {
		if ref.Namespace != end.Ref.Namespace {
			scope.Objects = append(scope.Objects, ref)
			scope.Namespaces = append(scope.Namespaces, ref.Namespace)
		}
	}
	for _, p := range end.Pods {
		if v := ends.ResolverOf(s, p).Service; v != nil {
			add(v.Ref())
		}
	}
	declared, _ := declaredOf(s, end)
	if declared == nil {
		return scope
	}
	if declared.Account != "" {
		scope.Objects = append(scope.Objects, apiService)
	}
	for _, m := range declared.Mentions {
		if addr, err := netip.ParseAddr(m.Host); err == nil {
			scope.Addresses = append(scope.Addresses, addr)
			continue
		}
		t, means := ends.Called(s, m.Host, end.Ref.Namespace)
		if !means {
			continue
		}
		for _, ref := range t.Scope().Objects {
			if ends.Certain(m.Host) || !s.Read.NamespaceObjects || s.FromFiles || s.HasNamespace(ref.Namespace) {
				add(ref)
			}
		}
		if e, err := ends.Resolve(s, t); err == nil && e.Follow != nil {
			add(*e.Follow)
		}
	}
	return scope
}
