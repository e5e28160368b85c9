package change_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

func ofApp(app string) map[string]string { return map[string]string{"app": app} }

func runs(name, app, owner string) *cluster.Pod {
	p := &cluster.Pod{Namespace: "a", Name: name, Labels: cluster.Labels{Known: ofApp(app)}, Phase: corev1.PodRunning, Ready: true}
	if owner != "" {
		p.Owner = cluster.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "a", Name: owner}
	}
	return p
}

func set(name, app string) *cluster.Workload {
	ref := cluster.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "a", Name: name}
	template := &cluster.Pod{Namespace: "a", Labels: cluster.Labels{Known: ofApp(app), Open: cluster.ControllerKeys}, Owner: ref, Template: true, Ready: true}
	return &cluster.Workload{Ref: ref, Template: template, Replicas: 1}
}

func scaledToZero(w *cluster.Workload) *cluster.Workload {
	w.Replicas = 0
	return w
}

func service(name, app string, port int32) *cluster.Service {
	v := &cluster.Service{Namespace: "a", Name: name, Ports: []corev1.ServicePort{{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(port)}}}
	if app != "" {
		v.Selector = ofApp(app)
	}
	return v
}

func slice(service, name string, managed bool, pod string, port int32) *cluster.EndpointSlice {
	e := cluster.SliceEndpoint{Ready: true, Pod: pod}
	if pod == "" {
		e.Addresses = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	}
	return &cluster.EndpointSlice{Namespace: "a", Name: name, Service: service, Managed: managed, Ports: []discoveryv1.EndpointPort{{Port: &port}}, Endpoints: []cluster.SliceEndpoint{e}}
}

// running is a cluster whose Services have the endpoints that a controller wrote down, and one
// has some that somebody wrote beside them.
func running() *cluster.Snapshot {
	return (&cluster.Snapshot{
		Pods:      []*cluster.Pod{runs("web-0", "web", "web"), runs("api-0", "api", "api")},
		Workloads: []*cluster.Workload{set("web", "web"), set("api", "api")},
		Services:  []*cluster.Service{service("web", "web", 8080), service("api", "api", 9090), service("mixed", "web", 8080), service("outside", "", 8080)},
		EndpointSlices: []*cluster.EndpointSlice{
			slice("web", "web-x", true, "web-0", 8080), slice("api", "api-x", true, "api-0", 9090),
			slice("mixed", "mixed-x", true, "web-0", 8080), slice("mixed", "mixed-hand", false, "", 8080),
			slice("outside", "outside-hand", false, "", 8080),
		},
		Gaps: []cluster.Gap{{Resource: "nodes", Reason: cluster.Forbidden}},
	}).Seal()
}

// behind shows what a Service sends its traffic to.
func behind(s *cluster.Snapshot, name string) string {
	var out []string
	for _, r := range ends.Routes(s, ends.End{Service: s.Service("a", name)}) {
		for _, b := range r.Backends {
			out = append(out, fmt.Sprintf("%s:%d", b.End.Ref(), b.Port))
		}
		for _, o := range r.Obstacles {
			out = append(out, string(o.Kind))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestOverlayEndpoints(t *testing.T) {
	t.Parallel()
	fromFiles := func(s *cluster.Snapshot) { s.FromFiles = true }
	justFiles := func(s *cluster.Snapshot) { s.FromFiles, s.EndpointSlices = true, nil }
	const web, api, byHand = "a/web-0 (Pod):8080", "a/api-0 (Pod):9090", "192.0.2.1/32 (CIDR):8080"
	for _, row := range []struct {
		name    string
		base    func(*cluster.Snapshot)
		with    cluster.Snapshot
		service string
		before  string // "" when it is not there
		after   string
	}{
		{"another selector", nil, cluster.Snapshot{Services: []*cluster.Service{service("web", "api", 9090)}}, "web", web, api},
		{"a selector that matches nothing", nil, cluster.Snapshot{Services: []*cluster.Service{service("web", "wbe", 8080)}}, "web", web, "NothingSelected"},
		{"another target port", nil, cluster.Snapshot{Services: []*cluster.Service{service("web", "web", 8443)}}, "web", web, "a/web-0 (Pod):8443"},
		{"no selector any more", nil, cluster.Snapshot{Services: []*cluster.Service{service("web", "", 8080)}}, "web", web, "NoSelector"},
		{"a new Service", nil, cluster.Snapshot{Services: []*cluster.Service{service("new", "api", 9090)}}, "new", "", api},
		{"a new Service for nothing", nil, cluster.Snapshot{Services: []*cluster.Service{service("new", "none", 9090)}}, "new", "", "NothingSelected"},
		{"a template that no longer fits", nil, cluster.Snapshot{Workloads: []*cluster.Workload{set("web", "www")}}, "web", web, "NothingSelected"},
		{"a template that now fits", nil, cluster.Snapshot{Workloads: []*cluster.Workload{set("api", "web")}}, "web", web, "a/api-0 (Pod):8080 " + web},
		{"no replicas", nil, cluster.Snapshot{Workloads: []*cluster.Workload{scaledToZero(set("web", "web"))}}, "web", web, "ScaledToZero"},
		{"no replicas of another", nil, cluster.Snapshot{Workloads: []*cluster.Workload{scaledToZero(set("api", "api"))}}, "web", web, web},
		{"a new workload without replicas", nil, cluster.Snapshot{Workloads: []*cluster.Workload{scaledToZero(set("more", "web"))}}, "web", web, "ScaledToZero " + web},
		{"a workload that has no pods yet", nil, cluster.Snapshot{Workloads: []*cluster.Workload{set("more", "web")}}, "web", web, "a/more (StatefulSet):8080 " + web},
		{"another pod", nil, cluster.Snapshot{Pods: []*cluster.Pod{runs("web-1", "web", "")}}, "web", web, web + " a/web-1 (Pod):8080"},
		{"a pod of other labels", nil, cluster.Snapshot{Pods: []*cluster.Pod{runs("web-0", "www", "web")}}, "web", web, "NothingSelected"},
		{"a pod without a status", nil, cluster.Snapshot{Pods: []*cluster.Pod{{Namespace: "a", Name: "web-0", Labels: cluster.Labels{Known: ofApp("web")}}}}, "web", web, web},
		{"written by hand, the selector changed", nil, cluster.Snapshot{Services: []*cluster.Service{service("mixed", "none", 8080)}}, "mixed", byHand + " " + web, byHand},
		{"written by hand, the pods changed", nil, cluster.Snapshot{Workloads: []*cluster.Workload{set("web", "www")}}, "mixed", byHand + " " + web, byHand},
		{"written by hand, no selector", nil, cluster.Snapshot{Services: []*cluster.Service{service("outside", "", 8080)}}, "outside", byHand, byHand},
		{"a slice by hand", nil, cluster.Snapshot{EndpointSlices: []*cluster.EndpointSlice{slice("outside", "outside-hand", false, "api-0", 9090)}}, "outside", byHand, api},
		{"another Service", nil, cluster.Snapshot{Services: []*cluster.Service{service("api", "web", 8080)}}, "web", web, web},
		{"another namespace", nil, cluster.Snapshot{Pods: []*cluster.Pod{{Namespace: "b", Name: "web", Labels: cluster.Labels{Known: ofApp("web")}}}}, "web", web, web},
		{"a dump", fromFiles, cluster.Snapshot{Services: []*cluster.Service{service("web", "api", 9090)}}, "web", web, api},
		{"manifests", justFiles, cluster.Snapshot{Services: []*cluster.Service{service("web", "api", 9090)}}, "web", web, api},
		{"pods that could not be read", func(s *cluster.Snapshot) {
			s.Gaps = append(s.Gaps, cluster.Gap{Resource: "pods", Namespace: "a", Reason: cluster.Forbidden})
		}, cluster.Snapshot{Services: []*cluster.Service{service("web", "none", 8080)}}, "web", web, "BackendsUnreadable"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			made := func() *cluster.Snapshot {
				s := running()
				if row.base != nil {
					row.base(s)
				}
				return s.Seal()
			}
			base, untouched := made(), made()
			out := change.Overlay(base, row.with.Seal())
			if !reflect.DeepEqual(base, untouched) {
				t.Error("the base was changed")
			}
			if before := base.Service("a", row.service); (before != nil) != (row.before != "") {
				t.Errorf("before: %v", before)
			} else if before != nil && behind(base, row.service) != row.before {
				t.Errorf("before: %s, want %s", behind(base, row.service), row.before)
			}
			if got := behind(out, row.service); got != row.after {
				t.Errorf("after: %s, want %s", got, row.after)
			}
		})
	}
}

// A cluster that has a controller has one still when the slices that told are gone: a Service
// that nothing was done to and that has no slices has no endpoints.
func TestOverlayKeepsTheController(t *testing.T) {
	t.Parallel()
	base := (&cluster.Snapshot{
		FromFiles:      true,
		Pods:           []*cluster.Pod{runs("web-0", "web", "")},
		Services:       []*cluster.Service{service("web", "web", 8080), service("bare", "web", 8080)},
		EndpointSlices: []*cluster.EndpointSlice{slice("web", "web-x", true, "web-0", 8080)},
	}).Seal()
	out := change.Overlay(base, (&cluster.Snapshot{Services: []*cluster.Service{service("web", "web", 9090)}}).Seal())
	if got, want := behind(out, "bare"), behind(base, "bare"); got != want || got != "NoEndpoints" {
		t.Errorf("%s, want %s", got, want)
	}
	// What was changed first stays so.
	out = change.Overlay(out, (&cluster.Snapshot{}).Seal())
	if got := behind(out, "web"); got != "a/web-0 (Pod):9090" {
		t.Error(got)
	}
}

// What tells the network plugin is put on top as well.
func TestOverlayAgents(t *testing.T) {
	t.Parallel()
	agent := func(name string, args ...string) *cluster.Agent {
		return &cluster.Agent{Ref: cluster.Ref{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: "kube-system", Name: name}, Args: args}
	}
	base := (&cluster.Snapshot{
		Agents:     []*cluster.Agent{agent("kube-proxy", "old"), agent("calico-node")},
		ConfigMaps: map[string]map[string]string{"kube-system/cilium-config": {"enable-policy": "default"}, "kube-system/other": {}},
	}).Seal()
	out := change.Overlay(base, (&cluster.Snapshot{
		Agents:     []*cluster.Agent{agent("cilium"), agent("kube-proxy", "new")},
		ConfigMaps: map[string]map[string]string{"kube-system/cilium-config": {"enable-policy": "always"}},
	}).Seal())
	show := func(s *cluster.Snapshot) string {
		var agents []string
		for _, a := range s.Agents {
			agents = append(agents, a.Name+fmt.Sprint(a.Args))
		}
		return fmt.Sprint(agents, s.ConfigMaps)
	}
	if got, want := show(out), "[calico-node[] cilium[] kube-proxy[new]] map[kube-system/cilium-config:map[enable-policy:always] kube-system/other:map[]]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := show(base), "[calico-node[] kube-proxy[old]] map[kube-system/cilium-config:map[enable-policy:default] kube-system/other:map[]]"; got != want {
		t.Errorf("base: %s, want %s", got, want)
	}
}

// Without replicas there are no pods, and those of other workloads stay.
func TestOverlayScaledToZero(t *testing.T) {
	t.Parallel()
	base := running()
	out := change.Overlay(base, (&cluster.Snapshot{Workloads: []*cluster.Workload{scaledToZero(set("web", "web"))}}).Seal())
	if out.Pod("a", "web-0") != nil || out.Pod("a", "api-0") == nil || base.Pod("a", "web-0") == nil {
		t.Errorf("pods: %v", out.Pods)
	}
}

// A namespace that comes with the objects is no gap any more; one that they only name is.
func TestOverlayGaps(t *testing.T) {
	t.Parallel()
	missing := func(names ...string) (gaps []cluster.Gap) {
		for _, n := range names {
			gaps = append(gaps, cluster.Gap{Resource: "namespaces", Name: n, Reason: cluster.NotProvided})
		}
		return gaps
	}
	forbidden := cluster.Gap{Resource: "namespaces", Name: "b", Reason: cluster.Forbidden}
	given := []*cluster.Namespace{{Name: "a", Labels: cluster.Labels{Known: ofApp("x")}}, {Name: "b"}}
	for name, row := range map[string]struct {
		base, with cluster.Snapshot
		want       []cluster.Gap
	}{
		"given now":        {cluster.Snapshot{FromFiles: true, Gaps: missing("a", "c")}, cluster.Snapshot{Namespaces: given}, missing("c")},
		"named now":        {cluster.Snapshot{FromFiles: true, Gaps: missing("a")}, cluster.Snapshot{Gaps: missing("a", "d")}, missing("a", "d")},
		"given before":     {cluster.Snapshot{FromFiles: true, Namespaces: given}, cluster.Snapshot{Gaps: missing("a")}, nil},
		"a live cluster":   {cluster.Snapshot{}, cluster.Snapshot{Gaps: missing("d")}, nil},
		"could not see it": {cluster.Snapshot{Gaps: []cluster.Gap{forbidden}}, cluster.Snapshot{Namespaces: given}, []cluster.Gap{forbidden}},
	} {
		if got := change.Overlay(row.base.Seal(), row.with.Seal()).Gaps; !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}
