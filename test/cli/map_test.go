package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// communication is all that the README of the shop declares within the cluster, but for what every
// pod may: namespaces, sources, destinations, pod ports.
const communication = `
production deploy/frontend deploy/api-gateway 8080
production deploy/frontend,deploy/api-gateway deploy/payment 8443
production deploy/api-gateway deploy/auth,deploy/product,deploy/order 8080
production deploy/order deploy/payment 8443
production deploy/order deploy/inventory,deploy/notification 8080
production deploy/order sts/order-db 5432
production deploy/auth sts/auth-db 5432
production deploy/product sts/product-db 5432
production deploy/inventory sts/inventory-db 5432
production deploy/payment,cronjob/payment-backup sts/payment-db 5432
production deploy/product,deploy/inventory sts/redis 6379
production deploy/auth,deploy/payment deploy/secrets 8200
dev,test,staging deploy/frontend deploy/api-gateway 8080
dev,test,staging deploy/frontend,deploy/api-gateway deploy/payment 8443
customer-a,customer-b,customer-c deploy/portal sts/db 5432
logging ds/fluent-bit,ds/filebeat,ds/promtail sts/loki 3100
`

const (
	dnsPods    = "kube-system/deploy/coredns"
	controller = "ingress-nginx/deploy/ingress-nginx-controller"
	prometheus = "monitoring/deploy/prometheus"
	anyPort    = "1-65535/SCTP 1-65535/TCP 1-65535/UDP"
)

// allowedByReadme expands what the README says for a set of workloads.
func allowedByReadme(t *testing.T, workloads []string) map[string]string {
	t.Helper()
	want := map[string]string{}
	for line := range strings.Lines(strings.TrimSpace(communication)) {
		var namespaces, sources, destinations, port string
		if _, err := fmt.Sscan(line, &namespaces, &sources, &destinations, &port); err != nil {
			t.Fatal(err)
		}
		for _, n := range strings.Split(namespaces, ",") {
			for _, from := range strings.Split(sources, ",") {
				for _, to := range strings.Split(destinations, ",") {
					want[n+"/"+from+" "+n+"/"+to] = port + "/TCP"
				}
			}
		}
	}
	want[controller+" production/deploy/frontend"] = "8080/TCP"
	for _, customer := range []string{"customer-a", "customer-b", "customer-c"} {
		want[controller+" "+customer+"/deploy/portal"] = "8080/TCP"
	}
	for _, w := range workloads {
		if w != dnsPods {
			want[w+" "+dnsPods] = "53/TCP 53/UDP"
		}
		if w != prometheus {
			want[prometheus+" "+w] = "9090/TCP"
		}
	}
	want[prometheus+" "+dnsPods] = "53/TCP 9090/TCP 53/UDP"
	// kube-system has no policies, so its DNS pods reach each other and the world outside.
	want[dnsPods+" "+dnsPods] = anyPort
	want[dnsPods+" 0.0.0.0/0"] = anyPort
	want["0.0.0.0/0 "+dnsPods] = anyPort
	want["0.0.0.0/0 "+controller] = "80/TCP 443/TCP"
	want["production/deploy/notification 203.0.113.25/32"] = "587/TCP"
	want["production/deploy/notification 203.0.113.80/32"] = "443/TCP"
	for _, gateway := range []string{"192.0.2.10/32", "198.51.100.0/29", "198.51.100.9/32", "198.51.100.10/31", "198.51.100.12/30"} {
		want["production/deploy/payment "+gateway] = "443/TCP"
	}
	return want
}

type mapped struct {
	Flows []struct {
		Source, Destination struct{ Kind, Namespace, Name, CIDR string }
		Verdict             string
		Connections         []struct {
			Protocol string
			Ports    []struct{ From, To int }
		}
	}
	Facts []struct{ Missing string }
}

// mapOf asks for a map and returns its flows by "source destination", of one verdict.
func mapOf(t *testing.T, verdict string, args ...string) map[string]string {
	t.Helper()
	code, out, errs := run(t, append([]string{"map", "-o", "json"}, args...)...)
	if code != 0 || len(errs) > 0 {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	fits(t, schema(t, "map"), out)
	var m mapped
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	short := map[string]string{"Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds", "CronJob": "cronjob", "Pod": "pod", "Namespace": "ns"}
	found := map[string]string{}
	for _, f := range m.Flows {
		if f.Verdict != verdict {
			continue
		}
		var names, ports []string
		for _, e := range []struct{ Kind, Namespace, Name, CIDR string }{f.Source, f.Destination} {
			name := e.CIDR
			if e.Name != "" {
				name = strings.TrimPrefix(e.Namespace+"/"+short[e.Kind]+"/"+e.Name, "/")
			}
			names = append(names, name)
		}
		for _, c := range f.Connections {
			for _, p := range c.Ports {
				text := fmt.Sprintf("%d-%d/%s", p.From, p.To, c.Protocol)
				if p.From == p.To {
					text = fmt.Sprintf("%d/%s", p.From, c.Protocol)
				}
				ports = append(ports, text)
			}
		}
		key := strings.Join(names, " ")
		if found[key] != "" {
			t.Errorf("%s twice", key)
		}
		found[key] = strings.Join(ports, " ")
	}
	if verdict == "Unknown" && len(found) > 0 && len(m.Facts) == 0 {
		t.Error("it is not said what is not known")
	}
	return found
}

// The map of the healthy shop is what its README declares, no more and no less. With a plugin that
// decides everything nothing is left open.
func TestMapOfTheShopIsItsDeclaredCommunication(t *testing.T) {
	t.Parallel()
	base := filepath.Join(shop, "base")
	known := map[string]bool{}
	for flow := range mapOf(t, "Allowed", "-f", base, "--to", dnsPods) {
		if source, _, _ := strings.Cut(flow, " "); strings.Count(source, "/") == 2 {
			known[source] = true
		}
	}
	want := allowedByReadme(t, slices.Sorted(maps.Keys(known)))
	if len(known) < 30 {
		t.Fatalf("only %d workloads use DNS", len(known))
	}
	for _, network := range []string{"cilium", "calico"} {
		got := mapOf(t, "Allowed", "-f", base, "--network-plugin", network)
		for flow, ports := range want {
			if got[flow] != ports {
				t.Errorf("%s: %s: %q, the README says %q", network, flow, got[flow], ports)
			}
		}
		for flow, ports := range got {
			if want[flow] == "" {
				t.Errorf("%s: %s: %q, of which the README knows nothing", network, flow, ports)
			}
		}
	}
	if open := mapOf(t, "Unknown", "-f", base, "--network-plugin", "cilium"); len(open) > 0 {
		t.Errorf("unknown on Cilium: %v", open)
	}
}

// What breaks the shop is missing on its map, and nothing else is.
func TestMapOfABrokenShop(t *testing.T) {
	t.Parallel()
	base := filepath.Join(shop, "base")
	whole := mapOf(t, "Allowed", "-f", base)
	broken := mapOf(t, "Allowed", "-f", base, "--with", filepath.Join(shop, "broken", "missing-ingress"))
	lost := "production/deploy/payment production/sts/payment-db"
	if whole[lost] == "" || broken[lost] != "" {
		t.Errorf("%s: %q healthy, %q broken", lost, whole[lost], broken[lost])
	}
	delete(whole, lost)
	if !maps.Equal(whole, broken) {
		t.Error("the maps differ in more than what was broken")
	}
}

// Every format says the same, and the same on a second run.
func TestMapFormats(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"workload", "pod", "namespace"} {
		for _, format := range []string{"table", "json", "yaml", "csv", "html", "markdown", "mermaid"} {
			args := []string{"map", "-f", filepath.Join(shop, "base"), "--by", by, "-o", format}
			_, first, errs := run(t, args...)
			_, second, _ := run(t, args...)
			if !bytes.Equal(first, second) || len(first) == 0 || len(errs) > 0 {
				t.Errorf("%s %s: two runs differ, or nothing was written; %s", by, format, errs)
			}
		}
	}
	_, out, _ := run(t, "map", "-f", filepath.Join(shop, "base"), "-o", "csv", "--port", "6379", "-n", "production")
	lines, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 { // the head, and who uses redis
		t.Errorf("%d lines: %v", len(lines), lines)
	}
}
