package change_test

import (
	"reflect"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// full is the running cluster with an object of every other kind, in namespace a or in none.
func full() *cluster.Snapshot {
	s := running()
	in := func(version, kind string) cluster.Ref {
		return cluster.Ref{APIVersion: version, Kind: kind, Namespace: "a", Name: "x"}
	}
	s.Namespaces = []*cluster.Namespace{{Name: "a"}, {Name: "b"}}
	s.Nodes = []*cluster.Node{{Name: "x"}}
	s.Policies = []*cluster.Policy{{NetworkPolicy: &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "x"}}}}
	s.Foreign = []*cluster.Foreign{{Ref: in("projectcalico.org/v3", "NetworkPolicy")}, {Ref: cluster.Ref{APIVersion: "projectcalico.org/v3", Kind: "GlobalNetworkPolicy", Name: "x"}}}
	s.Agents = []*cluster.Agent{{Ref: in("apps/v1", "DaemonSet")}}
	s.Roles = []*cluster.Role{{Ref: in("rbac.authorization.k8s.io/v1", "Role")}}
	s.Bindings = []*cluster.Binding{{Ref: in("rbac.authorization.k8s.io/v1", "RoleBinding")}}
	s.Ingresses = []*cluster.Ingress{{Ref: in("networking.k8s.io/v1", "Ingress")}}
	s.IngressClasses = []*cluster.IngressClass{{Name: "x"}}
	s.Gateways = []*cluster.Gateway{{Ref: in(cluster.GatewayGroup+"/v1beta1", "Gateway")}}
	s.GatewayClasses = []*cluster.GatewayClass{{Name: "x"}}
	s.Routes = []*cluster.Route{{Ref: in(cluster.GatewayGroup+"/v1", "HTTPRoute")}}
	s.ReferenceGrants = []*cluster.ReferenceGrant{{Ref: in(cluster.GatewayGroup+"/v1", "ReferenceGrant")}}
	s.ConfigMaps = map[string]map[string]string{"a/x": {}}
	s.Mentioned = []string{"a", "b"}
	s.Gaps = append(s.Gaps, cluster.Gap{Resource: "jobs.batch", Namespace: "a", Reason: cluster.Forbidden})
	return s.Seal()
}

// typed is what somebody types: the group in place of the version.
func typed(r cluster.Ref) cluster.Ref {
	group, _, grouped := strings.Cut(r.APIVersion, "/")
	if r.APIVersion = ""; grouped {
		r.APIVersion = group
	}
	return r
}

// Every object that is there can be taken away, it and nothing beside it but what it owns.
func TestWithoutEveryKind(t *testing.T) {
	t.Parallel()
	for _, r := range change.Objects(full()) {
		base, untouched := full(), full()
		out, there := change.Without(base, typed(r))
		if !there {
			t.Errorf("%s is not there", r)
			continue
		}
		if !reflect.DeepEqual(base, untouched) {
			t.Errorf("%s: the base was changed", r)
		}
		for _, left := range change.Objects(out) {
			if left == r {
				t.Errorf("%s is still there", r)
			}
		}
		gone := len(change.Objects(base)) - len(change.Objects(out))
		want := 1
		switch {
		case r.Kind == "Namespace" && r.Name == "a":
			want = len(change.Objects(base)) - 5 // namespace b, the node, two classes, the global policy
		case r.Kind == "StatefulSet":
			// Its pod, and the slices that the controller wrote for every Service with a selector.
			want = 5
		case r.Kind == "Pod":
			want = 4
		case r.Kind == "Service" && r.Name == "mixed":
			want = 3
		case r.Kind == "Service":
			want = 2
		}
		if gone != want {
			t.Errorf("without %s, %d objects are gone, want %d", r, gone, want)
		}
	}
}

// What is behind a Service follows from what is left.
func TestWithoutEndpoints(t *testing.T) {
	t.Parallel()
	const web, api, byHand = "a/web-0 (Pod):8080", "a/api-0 (Pod):9090", "192.0.2.1/32 (CIDR):8080"
	ref := func(group, kind, name string) cluster.Ref {
		return cluster.Ref{APIVersion: group, Kind: kind, Namespace: "a", Name: name}
	}
	for _, row := range []struct {
		without cluster.Ref
		service string
		want    string
	}{
		{ref("apps", "StatefulSet", "web"), "web", "NothingSelected"},
		{ref("apps", "StatefulSet", "web"), "api", api},
		{ref("apps", "StatefulSet", "web"), "mixed", byHand},
		{ref("apps", "StatefulSet", "web"), "outside", byHand},
		{ref("", "Pod", "web-0"), "web", "a/web (StatefulSet):8080"},
		{ref("discovery.k8s.io", "EndpointSlice", "web-x"), "web", "NoEndpoints"},
		{ref("discovery.k8s.io", "EndpointSlice", "mixed-hand"), "mixed", web},
		{ref("", "Service", "api"), "web", web},
	} {
		out, there := change.Without(running(), row.without)
		if got := behind(out, row.service); !there || got != row.want {
			t.Errorf("without %s, behind %s: %s, want %s", row.without, row.service, got, row.want)
		}
	}
}

func TestWithoutWhatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, r := range []cluster.Ref{
		{Kind: "Pod", Namespace: "b", Name: "web-0"},
		{Kind: "Pod", Namespace: "a", Name: "web"},
		{APIVersion: "projectcalico.org", Kind: "StatefulSet", Namespace: "a", Name: "web"},
		{Kind: "Namespace", Name: "c"},
		{},
	} {
		base := running()
		if out, there := change.Without(base, r); there || out != base {
			t.Errorf("%s is there", r)
		}
	}
}

// A Namespace that is gone is not one of which something is unknown.
func TestWithoutNamespace(t *testing.T) {
	t.Parallel()
	out, _ := change.Without(full(), cluster.Ref{Kind: "Namespace", Name: "a"})
	if len(out.Gaps) != 1 || len(out.AllNamespaces()) != 1 {
		t.Errorf("gaps %v, namespaces %d", out.Gaps, len(out.AllNamespaces()))
	}
}
