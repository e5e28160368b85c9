package check_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
)

func TestRisks(t *testing.T) {
	t.Parallel()
	namespace := func(name string, labels map[string]string) *cluster.Namespace {
		return &cluster.Namespace{Name: name, Labels: cluster.Labels{Known: labels}}
	}
	workload := func(namespace, name string, labels map[string]string, ports ...int32) *cluster.Workload {
		ref := cluster.Ref{Kind: "Deployment", Namespace: namespace, Name: name}
		template := &cluster.Pod{Namespace: namespace, Labels: cluster.Labels{Known: labels}, Owner: ref, Template: true}
		for _, p := range ports {
			template.Ports = append(template.Ports, cluster.ContainerPort{Protocol: corev1.ProtocolTCP, Number: p})
		}
		return &cluster.Workload{Ref: ref, Template: template, Replicas: 1}
	}
	s := (&cluster.Snapshot{
		Namespaces: []*cluster.Namespace{
			namespace("prod", map[string]string{"env": "prod", "example.com/tenant": "one", "team": "x"}),
			namespace("dev", map[string]string{"env": "dev", "example.com/tenant": "one", "team": "y"}),
			namespace("two", map[string]string{"env": "prod", "example.com/tenant": "two"}),
			namespace("bare", nil),
		},
		Workloads: []*cluster.Workload{
			workload("prod", "web", map[string]string{"app": "web", "needs": "postgres"}), workload("prod", "store", map[string]string{"app.kubernetes.io/name": "postgresql"}, 5432),
			workload("prod", "orders-db", nil), workload("prod", "adbc", nil), workload("dev", "web", nil), workload("two", "web", nil), workload("bare", "web", nil),
		},
	}).Seal()
	tcp := func(from, to int32) flows.PortSet {
		var out flows.PortSet
		out[slices.Index(flows.Protocols[:], corev1.ProtocolTCP)] = []flows.Range{{From: from, To: to}}
		return out
	}
	through := []flows.Entry{{Service: cluster.Ref{Kind: "Service", Namespace: "prod", Name: "web"}, Type: corev1.ServiceTypeLoadBalancer, Protocol: corev1.ProtocolTCP, Port: 443, PodPort: 8443}}
	public := []netip.Prefix{netip.MustParsePrefix("8.0.0.0/7")}
	for _, row := range []struct {
		from, to string
		ports    flows.PortSet
		want     []string
	}{
		{"dev/web", "dev/web", flows.EveryPort(), nil},
		{"bare/web", "prod/web", flows.EveryPort(), nil}, // nothing is known of bare
		{"dev/web", "prod/web", tcp(80, 80), []string{"AcrossEnvironments namespace label env: dev → prod"}},
		{"two/web", "prod/web", tcp(80, 80), []string{"AcrossTenants namespace label example.com/tenant: two → one"}},
		{"prod/web", "prod/store", tcp(80, 80), []string{"Database label app.kubernetes.io/name=postgresql"}},
		{"prod/web", "prod/store", flows.EveryPort(), []string{"Database port 5432 (PostgreSQL), label app.kubernetes.io/name=postgresql"}},
		{"prod/web", "prod/orders-db", tcp(80, 80), []string{"Database name orders-db"}},
		{"prod/web", "prod/adbc", tcp(80, 80), nil},
		{"prod/web", "prod/adbc", tcp(6379, 6379), []string{"Database port 6379 (Redis)"}},
		{"prod/web", "prod/adbc", tcp(6000, 7000), nil}, // a wide range says nothing of what is there
		{"prod/web", "10.0.0.0/8", flows.EveryPort(), nil},
		{"prod/web", "10.0.0.7/32", tcp(3306, 3306), []string{"Database port 3306 (MySQL)"}},
		{"prod/web", "8.8.8.8/32", tcp(443, 443), []string{"ToInternet public addresses"}},
		{"prod/web", "0.0.0.0/0", tcp(443, 443), []string{"ToInternet public addresses"}},
		{"prod/web", "169.254.0.0/16", tcp(443, 443), nil},
		{"prod/web", "169.254.169.254/32", tcp(80, 80), []string{"CloudMetadata 169.254.169.254"}},
		{"8.8.8.8/32", "prod/web", tcp(8443, 8443), []string{"FromInternet public addresses, Service prod/web (LoadBalancer) leads there from 443/TCP"}},
		{"8.8.8.8/32", "prod/web", tcp(80, 80), []string{"FromInternet public addresses, no Service of type LoadBalancer or NodePort leads there"}},
		{"10.0.0.0/8", "prod/web", tcp(80, 80), nil},
	} {
		end := func(text string) flows.End {
			if p, err := netip.ParsePrefix(text); err == nil {
				return flows.End{CIDR: p}
			}
			namespace, name, _ := strings.Cut(text, "/")
			return flows.End{Ref: cluster.Ref{Kind: "Deployment", Namespace: namespace, Name: name}}
		}
		var got []string
		for _, r := range check.Risks(s, flows.Change{Source: end(row.from), Destination: end(row.to), Ports: row.ports, Through: through}, public) {
			got = append(got, fmt.Sprint(r.Kind, " ", strings.Join(r.Evidence, ", ")))
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s to %s %v: %q, want %q", row.from, row.to, row.ports, got, row.want)
		}
	}
}
