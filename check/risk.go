package check

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/flows"
)

// RiskKind is a reason to look twice before a flow is opened.
type RiskKind string

// The kinds of risks, the first to look at first.
const (
	FromInternet       RiskKind = "FromInternet"
	ToInternet         RiskKind = "ToInternet"
	CloudMetadata      RiskKind = "CloudMetadata"
	AcrossTenants      RiskKind = "AcrossTenants"
	AcrossEnvironments RiskKind = "AcrossEnvironments"
	Database           RiskKind = "Database"
)

// RiskKinds lists them in that order.
var RiskKinds = []RiskKind{FromInternet, ToInternet, CloudMetadata, AcrossTenants, AcrossEnvironments, Database}

// Risk is such a reason and what speaks for it, in words that are the same on every run.
type Risk struct {
	Kind     RiskKind
	Evidence []string
}

// Risks returns the reasons to look twice at flows that are let through, or may be, in the order of their kinds.
// Snapshot is the cluster in which they are; public are its addresses of the internet (ends.Internet).
// Nothing but what the snapshot holds speaks for a risk: that there is none does not make a flow harmless.
func Risks(s *cluster.Snapshot, c flows.Change, public []netip.Prefix) []Risk {
	var out []Risk
	add := func(kind RiskKind, evidence []string) {
		if len(evidence) > 0 {
			out = append(out, Risk{kind, evidence})
		}
	}
	if c.Source.CIDR.IsValid() && slices.ContainsFunc(public, c.Source.CIDR.Overlaps) {
		add(FromInternet, waysIn(c))
	}
	if c.Destination.CIDR.IsValid() {
		if slices.ContainsFunc(public, c.Destination.CIDR.Overlaps) {
			add(ToInternet, []string{"public addresses"})
		}
		add(CloudMetadata, metadataIn(c))
	}
	from, to := namespaceOf(c.Source), namespaceOf(c.Destination)
	if from != "" && to != "" && from != to {
		a, b := s.Namespace(from).Labels.Known, s.Namespace(to).Labels.Known
		add(AcrossTenants, differing(a, b, tenantKeys))
		add(AcrossEnvironments, differing(a, b, environmentKeys))
	}
	add(Database, databaseSigns(s, c))
	return out
}

func namespaceOf(e flows.End) string {
	if e.Ref.Kind == "Namespace" {
		return e.Ref.Name
	}
	return e.Ref.Namespace
}

// waysIn tells how traffic from the internet gets to the destination of a change.
func waysIn(c flows.Change) []string {
	out := []string{"public addresses"}
	for _, e := range c.Through {
		if c.Ports.Has(e.Protocol, e.PodPort) {
			out = append(out, fmt.Sprintf("Service %s/%s (%s) leads there from %d/%s", e.Service.Namespace, e.Service.Name, e.Type, e.Port, e.Protocol))
		}
	}
	if len(out) == 1 {
		out = append(out, "no Service of type LoadBalancer or NodePort leads there")
	}
	return out
}

// metadataIn lists the addresses at which clouds hand out identities that a change opens.
func metadataIn(c flows.Change) []string {
	if !c.Ports.Has(corev1.ProtocolTCP, metadataPort) {
		return nil
	}
	var found []string
	for a := range identityAddresses {
		if c.Destination.CIDR.Contains(a) {
			found = append(found, a.String())
		}
	}
	slices.Sort(found)
	return found
}

// The last parts of the label keys by which people tell tenants and environments.
var (
	tenantKeys      = []string{"tenant", "customer", "organization", "org"}
	environmentKeys = []string{"env", "environment", "stage"}
)

// differing lists the labels with such a key that both namespaces have with another value.
func differing(a, b map[string]string, keys []string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(a)) {
		last := key[strings.LastIndex(key, "/")+1:]
		if value, ok := b[key]; ok && value != a[key] && slices.Contains(keys, strings.ToLower(last)) {
			out = append(out, fmt.Sprintf("namespace label %s: %s → %s", key, a[key], value))
		}
	}
	return out
}

// databasePorts are the ports that databases have by default. Source: their documentation.
var databasePorts = map[int32]string{
	1433: "SQL Server", 1521: "Oracle", 2379: "etcd", 3306: "MySQL", 5432: "PostgreSQL", 5984: "CouchDB", 6379: "Redis", 8086: "InfluxDB",
	8123: "ClickHouse", 9042: "Cassandra", 9200: "Elasticsearch", 11211: "Memcached", 26257: "CockroachDB", 27017: "MongoDB",
}

// databaseWords are parts of names that databases are given.
var databaseWords = []string{
	"db", "database", "postgres", "postgresql", "pg", "mysql", "mariadb", "redis", "valkey", "mongo", "mongodb", "cassandra", "scylla", "elasticsearch",
	"opensearch", "memcached", "etcd", "couchdb", "influxdb", "clickhouse", "cockroachdb", "oracle", "mssql", "sqlserver",
}

// nameKeys are the labels that say what a pod is. Others may say what it needs.
var nameKeys = []string{"app", "app.kubernetes.io/component", "app.kubernetes.io/name", "component", "k8s-app", "name"}

// databaseSigns lists what speaks for the destination of a change being a database. Of ports that are
// open because all are, only those that its pods declare count.
func databaseSigns(s *cluster.Snapshot, c flows.Change) []string {
	var out []string
	pod := podOf(s, c.Destination)
	for _, number := range slices.Sorted(maps.Keys(databasePorts)) {
		single := slices.Contains(c.Ports[slices.Index(flows.Protocols[:], corev1.ProtocolTCP)], flows.Range{From: number, To: number})
		declared := pod != nil && slices.ContainsFunc(pod.Ports, func(p cluster.ContainerPort) bool { return p.Number == number && p.Protocol == corev1.ProtocolTCP })
		if single || declared && c.Ports.Has(corev1.ProtocolTCP, number) {
			out = append(out, fmt.Sprintf("port %d (%s)", number, databasePorts[number]))
		}
	}
	if c.Destination.CIDR.IsValid() || c.Destination.Ref.Kind == "Namespace" {
		return out
	}
	if namesDatabase(c.Destination.Ref.Name) {
		out = append(out, "name "+c.Destination.Ref.Name)
	}
	if pod != nil {
		for _, key := range nameKeys {
			if value := pod.Labels.Known[key]; namesDatabase(value) {
				out = append(out, fmt.Sprintf("label %s=%s", key, value))
			}
		}
	}
	return out
}

func namesDatabase(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(databaseWords, w) })
}

// podOf returns a pod that an end stands for, or the template of a workload; nil for other ends.
func podOf(s *cluster.Snapshot, e flows.End) *cluster.Pod {
	if w := s.Workload(e.Ref.Kind, e.Ref.Namespace, e.Ref.Name); w != nil {
		return w.Template
	}
	if e.Ref.Kind == "Pod" {
		return s.Pod(e.Ref.Namespace, e.Ref.Name)
	}
	return nil
}
