package live_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
)

func addressed() []runtime.Object {
	web := service("shop/web", "app=web")
	web.Spec.ClusterIP, web.Spec.ClusterIPs = "10.96.0.7", []string{"10.96.0.7", "fd00:96::7"}
	web.Spec.ExternalIPs = []string{"198.18.0.7"}
	finished := podAt("shop/finished", "10.244.0.5")
	finished.Status.Phase = corev1.PodSucceeded
	host := podAt("system/host", "10.0.0.1")
	host.Spec.HostNetwork = true
	return []runtime.Object{
		web, finished, host, podAt("shop/dual", "10.244.0.5", "fd00::5"), pod("shop/web-1", "app=web"),
		namespace("shop"), namespace("system"), policy("shop/p"), node("node-1", "10.0.0.1", "fd00:1::1"), node("node-2", "10.0.0.2"),
	}
}

func TestAddresses(t *testing.T) {
	ofPod := []string{"Namespace shop", "NetworkPolicy shop/p", "Pod shop/dual"}
	ofService := []string{"Namespace shop", "NetworkPolicy shop/p", "Pod shop/web-1", "Service shop/web"}
	for _, c := range []struct {
		ip    string
		want  []string
		calls int  // other than what every reading asks for: pods, Services and nodes until one holds it, and what follows
		nodes bool // are read in full, because neither a pod nor a Service was found at once
	}{
		{"10.244.0.5", ofPod, 3, false},
		{"fd00::5", ofPod, 7, true},
		{"10.96.0.7", ofService, 6, false},
		{"fd00:96::7", ofService, 8, true},
		{"198.18.0.7", ofService, 8, true},
		{"10.0.0.1", nil, 3, true}, // of a pod on the host network: it is the node's
		{"192.0.2.1", nil, 4, true},
		{"2001:db8::1", nil, 5, true},
	} {
		server := livetest.New(t, addressed()...)
		snapshot := readOnce(t, server, cluster.Scope{Addresses: []netip.Addr{netip.MustParseAddr(c.ip)}})
		equal(t, c.ip, listing(snapshot), c.want)
		if calls := asked(server); len(calls) != c.calls {
			t.Errorf("%s: %d calls: %v", c.ip, len(calls), calls)
		}
		if snapshot.Read.Nodes != c.nodes || len(snapshot.Nodes) != map[bool]int{false: 1, true: 2}[c.nodes] {
			t.Errorf("%s: nodes %v, read in full %v", c.ip, snapshot.Nodes, snapshot.Read.Nodes)
		}
		equal(t, "gaps", gaps(snapshot), nil)
	}
}

func TestTwoPodsByAddressTakeSixCalls(t *testing.T) {
	server := livetest.New(t, append(twoPods(), podAt("front/c", "10.244.0.6"), podAt("back/d", "10.244.1.7"))...)
	scope := cluster.Scope{Addresses: []netip.Addr{netip.MustParseAddr("10.244.0.6"), netip.MustParseAddr("10.244.1.7")}}
	snapshot := readOnce(t, server, scope)
	equal(t, "calls", asked(server), []string{
		"/api/v1/pods?fieldSelector=status.podIP%3D10.244.0.6&limit=500&resourceVersion=0",
		"/api/v1/pods?fieldSelector=status.podIP%3D10.244.1.7&limit=500&resourceVersion=0",
		"/api/v1/namespaces/front",
		"/api/v1/namespaces/back",
		"/apis/networking.k8s.io/v1/namespaces/front/networkpolicies?limit=500",
		"/apis/networking.k8s.io/v1/namespaces/back/networkpolicies?limit=500",
	})
	if snapshot.Pod("front", "c") == nil || snapshot.Pod("back", "d") == nil || snapshot.Read.Nodes {
		t.Errorf("snapshot: %v, all nodes %v", listing(snapshot), snapshot.Read.Nodes)
	}
}

// What an earlier reading knows of the nodes is no part of one that did not ask for them.
func TestNodesOfAnEarlierReading(t *testing.T) {
	source := open(t, livetest.New(t, addressed()...), live.Options{})
	read(t, source, cluster.Scope{Nodes: true})
	snapshot := read(t, source, cluster.Scope{Addresses: []netip.Addr{netip.MustParseAddr("10.244.0.5")}})
	if snapshot.Read.Nodes || snapshot.Pod("shop", "dual") == nil {
		t.Errorf("snapshot: %v, all nodes %v", listing(snapshot), snapshot.Read.Nodes)
	}
}

// Who may not list pods learns of a Service all the same, and what was not seen is said.
func TestAddressOfAServiceWithoutTheRightToListPods(t *testing.T) {
	server := livetest.New(t, addressed()...)
	server.Deny("pods", livetest.Across)
	snapshot := readOnce(t, server, cluster.Scope{Addresses: []netip.Addr{netip.MustParseAddr("10.96.0.7")}})
	if snapshot.Service("shop", "web") == nil {
		t.Errorf("snapshot: %v", listing(snapshot))
	}
	equal(t, "gaps", gaps(snapshot), []string{"pods in all namespaces: Forbidden"})
}

// A server that does not select Services by address is asked for all of them.
func TestAddressOnAServerThatCannotSelect(t *testing.T) {
	server := livetest.New(t, addressed()...)
	server.Hook(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Query().Get("fieldSelector"), "spec.") {
			livetest.Fail(w, apierrors.NewBadRequest("field label not supported: spec.clusterIP"))
			return true
		}
		return false
	})
	snapshot := readOnce(t, server, cluster.Scope{Addresses: []netip.Addr{netip.MustParseAddr("10.96.0.7")}})
	if snapshot.Service("shop", "web") == nil || len(snapshot.Gaps) > 0 {
		t.Errorf("snapshot: %v, gaps %v", listing(snapshot), gaps(snapshot))
	}
}

func TestAddressWithoutTheRightToLookEverywhere(t *testing.T) {
	server := livetest.New(t, addressed()...)
	server.Deny("pods", livetest.Across)
	server.Deny("services", livetest.Across)
	snapshot := readOnce(t, server, cluster.Scope{Addresses: []netip.Addr{netip.MustParseAddr("10.244.0.5")}})
	equal(t, "gaps", gaps(snapshot), []string{"pods in all namespaces: Forbidden", "services in all namespaces: Forbidden"})
}

func TestDNS(t *testing.T) {
	for _, c := range []struct {
		service string
		calls   int // one for each name tried, then EndpointSlices, pods, namespace and policies
	}{{"kube-system/kube-dns", 5}, {"openshift-dns/dns-default", 6}, {"kube-system/coredns", 7}} {
		ns := ref(c.service).Namespace
		server := livetest.New(t, namespace(ns), service(c.service, "app=dns"), slice(ns+"/dns-1", ref(c.service).Name),
			pod(ns+"/dns-pod", "app=dns"), policy(ns+"/p"), daemonSet(ns+"/node-local-dns", "cache"))
		snapshot := readOnce(t, server, cluster.Scope{DNS: true})
		equal(t, c.service, listing(snapshot), []string{"Namespace " + ns, "Service " + c.service, "EndpointSlice " + ns + "/dns-1", "Pod " + ns + "/dns-pod", "NetworkPolicy " + ns + "/p"})
		if calls := asked(server); len(calls) != c.calls {
			t.Errorf("%s: calls %v", c.service, calls)
		}
		if len(snapshot.Agents) != 1 || snapshot.Agents[0].Name != "node-local-dns" {
			t.Errorf("agents: %v", snapshot.Agents)
		}
	}
}

func TestAgents(t *testing.T) {
	server := livetest.New(t, daemonSet("kube-system/cilium", "cilium-agent"), daemonSet("shop/logs", "fluent"), node("node-1"), node("node-2"),
		&corev1.ConfigMap{ObjectMeta: about("kube-system/cilium-config", ""), Data: map[string]string{"enable-policy": "always"}})
	snapshot := readOnce(t, server, cluster.Scope{})
	if len(snapshot.Agents) != 2 || snapshot.Agents[0].Containers[0] != "cilium-agent" {
		t.Errorf("agents: %v", snapshot.Agents)
	}
	if snapshot.ConfigMaps["kube-system/cilium-config"]["enable-policy"] != "always" {
		t.Errorf("settings: %v", snapshot.ConfigMaps)
	}
	if len(snapshot.Nodes) != 1 || snapshot.Nodes[0].KubeletVersion == "" || snapshot.Read.Nodes {
		t.Errorf("nodes: %v, read in full %v", snapshot.Nodes, snapshot.Read.Nodes)
	}
	if snapshot = readOnce(t, server, cluster.Scope{Nodes: true}); len(snapshot.Nodes) != 2 || !snapshot.Read.Nodes {
		t.Errorf("nodes: %v, read in full %v", snapshot.Nodes, snapshot.Read.Nodes)
	}
	equal(t, "no workloads", listing(snapshot), nil)
}

func TestAgentsWithoutTheRightToLookEverywhere(t *testing.T) {
	server := livetest.New(t, daemonSet("kube-system/cilium", "cilium-agent"), daemonSet("shop/logs", "fluent"))
	server.Deny("daemonsets.apps", livetest.Across)
	server.Deny("configmaps", "kube-system")
	snapshot := read(t, open(t, server, live.Options{}), cluster.Scope{})
	equal(t, "gaps", gaps(snapshot), []string{"configmaps kube-system/cilium-config: Forbidden", "daemonsets.apps in all namespaces: Forbidden"})
	if len(snapshot.Agents) != 1 {
		t.Errorf("agents: %v", snapshot.Agents)
	}
}

// The pods in a range are found in one list, whatever their namespaces; finished ones are not there.
func TestRange(t *testing.T) {
	server := livetest.New(t, addressed()...)
	snapshot := readOnce(t, server, cluster.Scope{Ranges: []netip.Prefix{netip.MustParsePrefix("10.244.0.0/24")}})
	equal(t, "range", listing(snapshot), []string{"Namespace shop", "NetworkPolicy shop/p", "Pod shop/dual"})
	equal(t, "calls", asked(server), []string{
		"/api/v1/pods?limit=500&resourceVersion=0",
		"/api/v1/namespaces/shop",
		"/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?limit=500",
	})
	snapshot = readOnce(t, server, cluster.Scope{Ranges: []netip.Prefix{netip.MustParsePrefix("10.245.0.0/24")}})
	equal(t, "another", listing(snapshot), nil)
}

// Many namespaces are asked at once.
func TestRangeOfManyNamespaces(t *testing.T) {
	var objects []runtime.Object
	for i := range 20 {
		name := fmt.Sprintf("n%d", i)
		objects = append(objects, namespace(name), policy(name+"/p"), podAt(name+"/pod", fmt.Sprintf("10.244.0.%d", i+1)))
	}
	server := livetest.New(t, objects...)
	snapshot := readOnce(t, server, cluster.Scope{Ranges: []netip.Prefix{netip.MustParsePrefix("10.244.0.0/24")}})
	if len(snapshot.Pods) != 20 || len(snapshot.Policies) != 20 || len(snapshot.Namespaces) != 20 || len(asked(server)) != 3 {
		t.Errorf("%v by %v", listing(snapshot), asked(server))
	}
}
