package ends

import (
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// Meant is what a name of the form NAME.NAMESPACE may be a slip for, where it is not that of a
// Service: such a name is not found, unless it is one outside the cluster.
type Meant struct {
	// Services are those that are nearly called so, the likeliest first.
	Services []cluster.Ref
	// Namespace is the one that the name says, where there is no such namespace; else empty.
	Namespace string
	// Missing: the namespace is there, all of it was read, and it has no Service of that name.
	Missing bool
	// Slip: the name is nearly that of a Service. Otherwise only the first label is that of one
	// somewhere, which may be chance: redis.io is no slip for redis.cache.
	Slip bool
}

// LikeService tells whether a name has the form NAME.NAMESPACE, with which a client in the cluster
// reaches a Service. Source: concept page "DNS for Services and Pods".
func LikeService(name string) bool {
	return strings.Count(name, ".") == 1 && !strings.HasSuffix(name, ".svc")
}

// meantBy finds what a name may be a slip for, as far as it was read.
func meantBy(s *cluster.Snapshot, dns string) Meant {
	name, namespace, _ := strings.Cut(dns, ".")
	var m Meant
	if !LikeService(dns) {
		return m
	}
	if !NamespaceMayExist(s, namespace) {
		m.Namespace = namespace
	}
	add := func(r cluster.Ref) {
		if !slices.Contains(m.Services, r) && len(m.Services) < mostChoices {
			m.Services = append(m.Services, r)
		}
	}
	service := func(namespace, name string) cluster.Ref {
		return cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: namespace, Name: name}
	}
	for _, v := range s.Services { // a slip in the name
		if m.Namespace == "" && v.Namespace == namespace && spelling.Near(name, v.Name) {
			add(v.Ref())
		}
	}
	for _, n := range s.AllNamespaces() { // a slip in the namespace, or a part of it
		near := spelling.Near(namespace, n.Name) || len(namespace) > 2 && strings.HasPrefix(n.Name, namespace)
		if near && m.Namespace != "" && (s.Service(n.Name, name) != nil || !s.Read.Whole(n.Name)) {
			add(service(n.Name, name))
		}
	}
	m.Slip = len(m.Services) > 0
	m.Missing = m.Namespace == "" && s.Namespace(namespace) != nil && s.Read.Whole(namespace) && s.Service(namespace, name) == nil
	for _, v := range s.Services {
		if v.Name == name {
			add(v.Ref())
		}
	}
	return m
}

// Names are the Services as DNS names that can be typed instead.
func (m Meant) Names() string {
	var names []string
	for _, r := range m.Services {
		names = append(names, r.Name+"."+r.Namespace)
	}
	return either(names)
}
