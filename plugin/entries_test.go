package plugin

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

// entered is what a test looks at of the ways in of a map.
type entered struct {
	code    int
	Entries []struct {
		Kind, Name, CarriersUnknown string
		Carriers                    []struct{ Name string }
		Backends                    []struct{ Verdict, Problem string }
	}
	Gaps     []struct{ Resource, Reason string }
	requests []livetest.Request
}

func enteredBy(t *testing.T, objects []runtime.Object, denied string) (m entered) {
	t.Helper()
	server := livetest.New(t, objects...)
	if denied != "" {
		server.Deny(denied, "")
	}
	kubeconfig := server.Kubeconfig()
	var out, errs bytes.Buffer
	m.code = Main(t.Context(), []string{"map", "-n", "front", "-o", "json", "--network-plugin", "cilium", "--kubeconfig", kubeconfig}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	m.requests = server.Requests()
	return m
}

// asked counts the requests whose path ends in a resource.
func (m entered) asked(resource string) (n int) {
	for _, r := range m.requests {
		path, _, _ := strings.Cut(r.Path, "?")
		if strings.HasSuffix(path, "/"+resource) {
			n++
		}
	}
	return n
}

// TestWaysInOfALiveCluster: they take a list each, and none of a kind that the cluster does not have, which is
// nothing missing. What may not be listed is said to be missing; a verdict is never made of it.
func TestWaysInOfALiveCluster(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		objects  []runtime.Object
		denied   string
		kind     string // of the one way in; "" for none
		verdict  string
		carriers int
		code     int
		gap      string
	}{
		{"an Ingress", behindIngress(), "", "Ingress", "Allowed", 1, exitWorks, ""},
		{"Ingresses that may not be listed", behindIngress(), "ingresses.networking.k8s.io", "", "", 0, exitUnclear, "ingresses.networking.k8s.io Forbidden"},
		{"classes that may not be listed", behindIngress(), "ingressclasses.networking.k8s.io", "Ingress", "Unknown", 0, exitUnclear, "ingressclasses.networking.k8s.io Forbidden"},
		{"a route", behindGateway(), "", "HTTPRoute", "Allowed", 1, exitWorks, ""},
		{"routes that may not be listed", behindGateway(), "httproutes.gateway.networking.k8s.io", "", "", 0, exitUnclear, "httproutes.gateway.networking.k8s.io Forbidden"},
		{"Gateways that may not be listed", behindGateway(), "gateways.gateway.networking.k8s.io", "HTTPRoute", "Unknown", 0, exitUnclear, "gateways.gateway.networking.k8s.io Forbidden"},
		{"neither", needy(), "", "", "", 0, exitWorks, ""},
	} {
		m := enteredBy(t, row.objects, row.denied)
		if m.code != row.code {
			t.Errorf("%s: exit code %d", row.name, m.code)
		}
		var gaps []string
		for _, g := range m.Gaps {
			gaps = append(gaps, g.Resource+" "+g.Reason)
		}
		if row.gap == "" && len(gaps) > 0 || row.gap != "" && !slices.Contains(gaps, row.gap) {
			t.Errorf("%s: gaps %q", row.name, gaps)
		}
		if row.kind == "" {
			if len(m.Entries) > 0 {
				t.Errorf("%s: %+v", row.name, m.Entries)
			}
		} else if len(m.Entries) != 1 || m.Entries[0].Kind != row.kind || len(m.Entries[0].Carriers) != row.carriers || (m.Entries[0].CarriersUnknown == "") != (row.carriers > 0) ||
			len(m.Entries[0].Backends) != 1 || m.Entries[0].Backends[0].Verdict != row.verdict || m.Entries[0].Backends[0].Problem != "" {
			t.Errorf("%s: %+v", row.name, m.Entries)
		}
		gateways := 0
		if slices.ContainsFunc(m.requests, func(r livetest.Request) bool { return strings.Contains(r.Path, "/httproutes") }) {
			gateways = 1
		}
		if row.denied == "" && (m.asked("ingresses") != 1 || m.asked("ingressclasses") != 1 || m.asked("tcproutes") != 0 || (gateways == 1) != (row.kind == "HTTPRoute")) {
			t.Errorf("%s: %v", row.name, m.requests)
		}
	}
}
