package change_test

import (
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// TestMisled: the Service is blamed where it alone is wrong, and nowhere else. Its port 80 leads to 8008.
func TestMisled(t *testing.T) {
	t.Parallel()
	const http, metrics = 8080, 9090
	for name, c := range map[string]struct {
		service  string  // the name of the Service's port
		declared []int32 // by the pod, where http and metrics are called so
		allowed  []int32 // by the rule that admits the client
		named    bool    // another rule is for 8008
		ports    int32   // another rule is for 8000 up to this
		any      bool    // another rule is for all ports
		beside   bool    // another pod behind the Service declares 8008
		byHand   bool    // the Service selects nothing
		want     int32   // the targetPort to have; 0 where a policy is wrong
	}{
		"the rule allows what the pod declares":            {declared: []int32{http}, allowed: []int32{http}, want: http},
		"one of two that it declares":                      {declared: []int32{http, metrics}, allowed: []int32{metrics}, want: metrics},
		"both, and the Service says which":                 {service: "http", declared: []int32{http, metrics}, allowed: []int32{http, metrics}, want: http},
		"both, and nothing says which":                     {declared: []int32{http, metrics}, allowed: []int32{http, metrics}},
		"the pod declares the port":                        {declared: []int32{8008, http}, allowed: []int32{http}},
		"a rule for somebody else names the port":          {declared: []int32{http}, allowed: []int32{http}, named: true},
		"a range of a rule for somebody else has the port": {declared: []int32{http}, allowed: []int32{http}, ports: 8100},
		"a rule lets somebody else in everywhere":          {declared: []int32{http}, allowed: []int32{http}, any: true},
		"another pod declares the port":                    {declared: []int32{http}, allowed: []int32{http}, beside: true},
		"the endpoints are written by hand":                {declared: []int32{http}, allowed: []int32{http}, byHand: true},
		"the pod declares nothing":                         {allowed: []int32{http}},
		"the rule does not allow what it declares either":  {declared: []int32{http}, allowed: []int32{metrics}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, server, service := shop(c.service, c.declared)
			np := admitting("web", c.allowed)
			if c.named {
				np.Spec.Ingress = append(np.Spec.Ingress, admitting("other", []int32{8008}).Spec.Ingress...)
			}
			if c.ports != 0 {
				rule := admitting("other", []int32{8000}).Spec.Ingress[0]
				rule.Ports[0].EndPort = &c.ports
				np.Spec.Ingress = append(np.Spec.Ingress, rule)
			}
			if c.any {
				np.Spec.Ingress = append(np.Spec.Ingress, admitting("other", nil).Spec.Ingress...)
			}
			if c.byHand {
				service.Selector = nil
			}
			pods := []*cluster.Pod{client, server}
			if c.beside {
				_, other, _ := shop("", []int32{8008})
				other.Name = "other"
				pods = append(pods, other)
			}
			s := (&cluster.Snapshot{Pods: pods, Services: []*cluster.Service{service}, Policies: []*cluster.Policy{np}}).Seal()
			set := policy.Compile(s, toTheLetter)
			f := policy.Flow{
				Source: policy.PodEnd(client), Destination: policy.PodEnd(server), Protocol: corev1.ProtocolTCP, Family: corev1.IPv4Protocol,
				Dialled: policy.Tuple{Port: 80}, Arriving: policy.Tuple{Address: server.IPs[0], Port: 8008}, Service: service,
			}
			causes, after := change.Search(change.Start(set), []policy.Decision{set.Evaluate(f)})
			e := causes[0].Edits[0]
			if blamed := e.Kind == change.TargetPort; blamed != (c.want != 0) || blamed && e.To != any(c.want) {
				t.Errorf("the first edit is %s: %v → %v", e.Kind, e.From, e.To)
			}
			if v := after.Evaluate(f).Verdict; v != policy.Allowed {
				t.Errorf("with all edits made it is %s", v)
			}
		})
	}
}

// shop is a client, a server and the Service in front of it.
func shop(port string, declared []int32) (client, server *cluster.Pod, service *cluster.Service) {
	client = &cluster.Pod{Namespace: "ns", Name: "web", Labels: cluster.Labels{Known: map[string]string{"app": "web"}}, IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}
	server = &cluster.Pod{Namespace: "ns", Name: "api", Labels: cluster.Labels{Known: map[string]string{"app": "api"}}, IPs: []netip.Addr{netip.MustParseAddr("10.0.0.2")}}
	for _, number := range declared {
		server.Ports = append(server.Ports, cluster.ContainerPort{Name: map[int32]string{8080: "http", 9090: "metrics"}[number], Number: number, Protocol: corev1.ProtocolTCP})
	}
	service = &cluster.Service{
		Namespace: "ns", Name: "api", Selector: map[string]string{"app": "api"},
		Ports: []corev1.ServicePort{{Name: port, Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(8008)}},
	}
	return client, server, service
}

// admitting is a policy of the server that lets a client in on some ports.
func admitting(client string, ports []int32) *cluster.Policy {
	np := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "api"}}
	np.Spec.PodSelector.MatchLabels = map[string]string{"app": "api"}
	np.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	rule := networkingv1.NetworkPolicyIngressRule{From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": client}}}}}
	for _, number := range ports {
		port := intstr.FromInt32(number)
		rule.Ports = append(rule.Ports, networkingv1.NetworkPolicyPort{Port: &port})
	}
	np.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{rule}
	return &cluster.Policy{NetworkPolicy: np}
}

// TestMisledTwice: each port of a Service has a targetPort of its own.
func TestMisledTwice(t *testing.T) {
	t.Parallel()
	client, server, service := shop("http", []int32{8080})
	service.Ports = append(service.Ports, corev1.ServicePort{Name: "alt", Port: 81, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(8008)})
	s := (&cluster.Snapshot{Pods: []*cluster.Pod{client, server}, Services: []*cluster.Service{service}, Policies: []*cluster.Policy{admitting("web", []int32{8080})}}).Seal()
	set := policy.Compile(s, toTheLetter)
	var denied []policy.Decision
	for _, port := range []int32{80, 81} {
		denied = append(denied, set.Evaluate(policy.Flow{
			Source: policy.PodEnd(client), Destination: policy.PodEnd(server), Protocol: corev1.ProtocolTCP, Family: corev1.IPv4Protocol,
			Dialled: policy.Tuple{Port: port}, Arriving: policy.Tuple{Address: server.IPs[0], Port: 8008}, Service: service,
		}))
	}
	causes, _ := change.Search(change.Start(set), denied)
	if len(causes) != 2 || causes[0].Edits[0].Path != "spec.ports[0].targetPort" || causes[1].Edits[0].Path != "spec.ports[1].targetPort" {
		t.Errorf("%+v", causes)
	}
	if _, after := change.Search(change.Start(set), denied[:1]); after.Evaluate(denied[1].Flow).Verdict != policy.Denied {
		t.Error("an edit of one port of the Service is said to change another")
	}
}
