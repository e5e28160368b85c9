package change_test

import (
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// entry is a port of a rule, or one that is asked about.
type entry struct {
	number   int32
	protocol corev1.Protocol
}

const udp, tcp = corev1.ProtocolUDP, corev1.ProtocolTCP

// TestSearchKeeps: what a question found allowed is still allowed after its fixes, whatever the pods
// declare, and what another question would find is no reason to leave a slip.
func TestSearchKeeps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule     []entry
		declared []entry
		asked    []entry
		wrong    bool // the peer of the rule has a slip, too
		want     []change.Kind
	}{
		"DNS over UDP only, no port declared":         {rule: []entry{{53, udp}}, asked: []entry{{53, udp}, {53, tcp}}, want: []change.Kind{change.AddedPort}},
		"DNS over UDP only, TCP declared":             {rule: []entry{{53, udp}}, declared: []entry{{53, tcp}}, asked: []entry{{53, udp}, {53, tcp}}, want: []change.Kind{change.AddedPort}},
		"DNS over TCP only, no port declared":         {rule: []entry{{53, tcp}}, asked: []entry{{53, udp}, {53, tcp}}, want: []change.Kind{change.AddedPort}},
		"DNS over UDP, and a dead port over TCP":      {rule: []entry{{53, udp}, {35, tcp}}, asked: []entry{{53, udp}, {53, tcp}}, want: []change.Kind{change.AddedPort}},
		"DNS over UDP, asked about TCP alone":         {rule: []entry{{53, udp}}, asked: []entry{{53, tcp}}, want: []change.Kind{change.AddedPort}},
		"DNS to nobody, and over UDP only":            {rule: []entry{{53, udp}}, asked: []entry{{53, udp}, {53, tcp}}, wrong: true, want: []change.Kind{change.PeerLabelValue, change.AddedPort}},
		"both protocols asked about":                  {rule: []entry{{5060, udp}}, asked: []entry{{5060, udp}, {5060, tcp}}, want: []change.Kind{change.AddedPort}},
		"both asked about, and the peer is wrong":     {rule: []entry{{5060, udp}}, asked: []entry{{5060, udp}, {5060, tcp}}, wrong: true, want: []change.Kind{change.PeerLabelValue, change.AddedPort}},
		"one protocol asked about":                    {rule: []entry{{514, tcp}}, asked: []entry{{514, udp}}, want: []change.Kind{change.PortProtocol}},
		"another port asked about that is not needed": {rule: []entry{{8080, tcp}}, declared: []entry{{9090, tcp}}, asked: []entry{{9090, tcp}}, want: []change.Kind{change.PortNumber}},
		"another port asked about that is allowed":    {rule: []entry{{8080, tcp}}, declared: []entry{{9090, tcp}}, asked: []entry{{8080, tcp}, {9090, tcp}}, want: []change.Kind{change.AddedRule}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := &cluster.Pod{Namespace: "ns", Name: "web", Labels: cluster.Labels{Known: map[string]string{"app": "web"}}, IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}
			server := &cluster.Pod{Namespace: "ns", Name: "names", Labels: cluster.Labels{Known: map[string]string{"app": "names"}}, IPs: []netip.Addr{netip.MustParseAddr("10.0.0.2")}}
			for _, e := range c.declared {
				server.Ports = append(server.Ports, cluster.ContainerPort{Number: e.number, Protocol: e.protocol})
			}
			to := "names"
			if c.wrong {
				to = "name"
			}
			rule := networkingv1.NetworkPolicyEgressRule{To: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": to}}}}}
			for _, e := range c.rule {
				port := intstr.FromInt32(e.number)
				rule.Ports = append(rule.Ports, networkingv1.NetworkPolicyPort{Protocol: &e.protocol, Port: &port})
			}
			np := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "web"}, Spec: networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
				Egress:      []networkingv1.NetworkPolicyEgressRule{rule},
			}}
			s := (&cluster.Snapshot{
				FromFiles: true, Read: cluster.Scope{All: true, NamespaceObjects: true},
				Pods: []*cluster.Pod{client, server}, Policies: []*cluster.Policy{{NetworkPolicy: np}},
			}).Seal()
			set := policy.Compile(s, toTheLetter)
			var flows []policy.Flow
			var denied []policy.Decision
			for _, e := range c.asked {
				at := policy.Tuple{Address: server.IPs[0], Port: e.number}
				f := policy.Flow{Source: policy.PodEnd(client), Destination: policy.PodEnd(server), Protocol: e.protocol, Family: corev1.IPv4Protocol, Dialled: at, Arriving: at}
				flows = append(flows, f)
				if d := set.Evaluate(f); d.Verdict == policy.Denied {
					denied = append(denied, d)
				}
			}
			causes, after := change.Search(change.Start(set).Keep(flows), denied)
			var kinds []change.Kind
			for _, cause := range causes {
				for _, e := range cause.Edits {
					kinds = append(kinds, e.Kind)
				}
			}
			if !slices.Equal(kinds, c.want) {
				t.Errorf("the edits are %v, want %v", kinds, c.want)
			}
			for _, f := range flows {
				if v := after.Evaluate(f).Verdict; v != policy.Allowed {
					t.Errorf("%s is %s with all edits made", flowText(f), v)
				}
			}
		})
	}
}
