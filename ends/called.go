package ends

import (
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Called returns the target that a host name stands for when a pod of a namespace looks it up: a
// Service of the cluster, or a name outside. The second result is false for a single word that is
// no Service of that namespace: it need not be a host at all.
// Source: concept page "DNS for Services and Pods", namespaces of Services.
func Called(s *cluster.Snapshot, host, namespace string) (Target, bool) {
	t := Target{Text: host, Kind: "Service", Namespace: namespace, Name: host}
	if s.Service(namespace, host) != nil {
		return t, true
	}
	if !strings.Contains(host, ".") {
		return t, false
	}
	// A pod of a headless Service of the same namespace is called POD.SERVICE there.
	if pod, service, _ := strings.Cut(host, "."); s.Service(namespace, service) != nil {
		if v := s.Service(namespace, service); v.Headless && s.Pod(namespace, pod) != nil {
			return Target{Text: host, DNSName: host + "." + namespace + ".svc"}, true
		}
		t.Name = service
		return t, true
	}
	for _, c := range serviceNames(host) {
		v := s.Service(c.namespace, c.name)
		if v != nil && (c.pod == "" || s.Pod(c.namespace, c.pod) == nil) {
			return Target{Text: host, Kind: "Service", Namespace: c.namespace, Name: c.name}, true
		}
	}
	return Target{Text: host, DNSName: host}, true
}

// Certain tells whether a host name can only be that of a Service.
func Certain(host string) bool {
	return strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".cluster.local")
}
