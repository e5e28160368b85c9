package plugin

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netpol-doctor/netpol-doctor/check"
	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// isolating is a policy that isolates every pod of a namespace in one direction, but for connections to
// some ports.
func isolating(namespace string, direction networkingv1.PolicyType, ports ...int32) runtime.Object {
	np := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "isolates-all"}}
	np.Spec.PolicyTypes = []networkingv1.PolicyType{direction}
	for _, number := range ports {
		port := intstr.FromInt32(number)
		var both []networkingv1.NetworkPolicyPort
		for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP} {
			both = append(both, networkingv1.NetworkPolicyPort{Port: &port, Protocol: &protocol})
		}
		np.Spec.Egress = append(np.Spec.Egress, networkingv1.NetworkPolicyEgressRule{Ports: both})
	}
	return np
}

// TestDNSThatCouldNotBeRead: whether the DNS server lets a query in hangs on the policies of its
// namespace, so a lookup works only where these could be read, whatever else could. What the policies of
// the source deny for certain stays denied.
func TestDNSThatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	const ingress, egress = networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress
	const policies = "networkpolicies.networking.k8s.io"
	// What somebody with the Role of one namespace may not read of the cluster's DNS.
	all := []string{
		"kube-system services", "kube-system pods", "kube-system endpointslices.discovery.k8s.io", "kube-system " + policies,
		"openshift-dns services", "kube-system namespaces",
	}
	but := func(left ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(right string) bool { return slices.Contains(left, right) })
	}
	closed, out, https := isolating("kube-system", ingress), isolating("front", egress, 53, 80), isolating("front", egress, 80)
	const server, unread = policy.DNSServer, policy.PoliciesUnread
	for name, row := range map[string]struct {
		objects []runtime.Object
		denied  []string
		gone    bool // there is no cluster DNS Service
		result  explain.Result
		facts   []policy.FactKind
	}{
		"all may be read, open":                            {nil, nil, false, explain.Works, nil},
		"all may be read, closed":                          {[]runtime.Object{closed}, nil, false, explain.Fails, nil},
		"nothing may be read, open":                        {nil, all, false, explain.Unclear, []policy.FactKind{unread, server}},
		"nothing may be read, closed":                      {[]runtime.Object{closed}, all, false, explain.Unclear, []policy.FactKind{unread, server}},
		"nothing may be read, and the source may send out": {[]runtime.Object{out}, all, false, explain.Unclear, []policy.FactKind{unread, server}},
		"nothing may be read, and the source is cut off":   {[]runtime.Object{https}, all, false, explain.Fails, nil},
		"policies may be read, open":                       {nil, but("kube-system " + policies), false, explain.Works, nil},
		"policies may be read, closed":                     {[]runtime.Object{closed}, but("kube-system " + policies), false, explain.Unclear, []policy.FactKind{server}},
		"policies may be read, the source is cut off":      {[]runtime.Object{https}, but("kube-system " + policies), false, explain.Fails, nil},
		"policies may not be read":                         {nil, []string{"kube-system " + policies}, false, explain.Unclear, []policy.FactKind{unread}},
		"all but policies and the other name":              {nil, but("kube-system services", "kube-system pods", "kube-system endpointslices.discovery.k8s.io"), false, explain.Unclear, []policy.FactKind{unread}},
		"pods and endpoints may not be read, open":         {nil, but("kube-system services", "kube-system "+policies), false, explain.Unclear, []policy.FactKind{server}},
		"pods and endpoints may not be read, closed":       {[]runtime.Object{closed}, but("kube-system services", "kube-system "+policies), false, explain.Unclear, []policy.FactKind{server}},
		"pods may not be read, open":                       {nil, []string{"kube-system pods"}, false, explain.Works, nil},
		"pods may not be read, closed":                     {[]runtime.Object{closed}, []string{"kube-system pods"}, false, explain.Fails, nil},
		"endpoints may not be read, closed":                {[]runtime.Object{closed}, []string{"kube-system endpointslices.discovery.k8s.io"}, false, explain.Fails, nil},
		"there is none, and all may be read":               {nil, nil, true, explain.Works, nil},
		"there is none, and all may be read, closed":       {[]runtime.Object{closed}, nil, true, explain.Fails, nil},
		"there is none, and policies may not be read":      {nil, []string{"kube-system " + policies}, true, explain.Unclear, []policy.FactKind{unread}},
		"there is none but perhaps by another name":        {nil, []string{"openshift-dns services"}, true, explain.Unclear, []policy.FactKind{server}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := append(needy(), row.objects...)
			if row.gone {
				objects = slices.DeleteFunc(objects, func(o runtime.Object) bool {
					about, ok := o.(metav1.Object)
					return ok && about.GetName() == "kube-dns"
				})
			}
			fake := livetest.New(t, objects...)
			for _, right := range row.denied {
				namespace, resource, _ := strings.Cut(right, " ")
				fake.Deny(resource, namespace)
			}
			from, err := live.Open(fake.Config(), live.Options{})
			if err != nil {
				t.Fatal(err)
			}
			o := &options{source: from, namespace: "front"}
			d, err := o.diagnose(t.Context(), "deploy/web", "svc/api:80")
			if err != nil {
				t.Fatal(err)
			}
			if d.Verdict != explain.Allowed || d.Result != row.result {
				t.Errorf("%s, verdict %s, want %s: %+v", d.Result, d.Verdict, row.result, d.Steps)
			}
			var kinds []policy.FactKind
			for _, f := range d.Facts {
				kinds = append(kinds, f.Kind)
			}
			for _, want := range row.facts {
				if !slices.Contains(kinds, want) {
					t.Errorf("fact %s is missing among %v", want, kinds)
				}
			}
			if row.result == explain.Unclear && len(kinds) == 0 || row.result != explain.Unclear && len(kinds) > 0 {
				t.Errorf("%s with facts %v", row.result, kinds)
			}
			n, err := o.needs(t.Context(), "deploy/web")
			if err != nil {
				t.Fatal(err)
			}
			if got := peers(n)["DNS"]; got != row.result || n.Result == explain.Works && row.result != explain.Works {
				t.Errorf("needs: %s, DNS %s, want %s", n.Result, got, row.result)
			}
			one, err := o.one(t.Context(), []string{"deploy/web"}, explain.DNS, cluster.Scope{DNS: true})
			if err != nil {
				t.Fatal(err)
			}
			if one.Result != row.result {
				t.Errorf("dns: %s, want %s: %+v", one.Result, row.result, one.Step.Lines)
			}
			// A connection for which no name is looked up does not hang on DNS.
			if d, err := o.diagnose(t.Context(), "deploy/web", "pod/api:80"); err != nil || d.Result != explain.Works || len(d.Facts) > 0 {
				t.Errorf("to the pod: %s, %v, %v", d.Result, d.Facts, err)
			}
		})
	}
}

// TestWhatToAskForDNS: who may not read the cluster's DNS is told which rights it takes, and not to add
// files.
func TestWhatToAskForDNS(t *testing.T) {
	t.Parallel()
	fake := livetest.New(t, needy()...)
	for _, namespace := range []string{"kube-system", "openshift-dns"} {
		for _, resource := range []string{"services", "networkpolicies.networking.k8s.io", "namespaces"} {
			fake.Deny(resource, namespace)
		}
	}
	from, err := live.Open(fake.Config(), live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &options{source: from, namespace: "front"}
	d, err := o.diagnose(t.Context(), "deploy/web", "svc/api:80")
	if err != nil {
		t.Fatal(err)
	}
	const rights = "ask with the right to get services and to list endpointslices, pods and networkpolicies in namespace kube-system"
	if l := d.DNS[0]; l.Resolver.Kind != ends.AssumedDNS || l.Resolver.Unread == nil || explain.FactText(*l.Resolver.Unread).Settle != rights {
		t.Errorf("resolver %+v", l.Resolver)
	}
	i := slices.IndexFunc(d.Findings, func(f check.Finding) bool { return f.Code == "NPD507" })
	if i < 0 || d.Findings[i].Advice != rights || !strings.Contains(d.Findings[i].Message, "could not be read; assumed to be kube-system/kube-dns") {
		t.Errorf("findings %+v", d.Findings)
	}
	var text strings.Builder
	if err := report.Render(&text, "table", report.NewDiagnosis(d, o.document()), report.Style{Width: 200}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"which pods answer DNS: Service kube-system/kube-dns could not be read", "which NetworkPolicies there are in namespace kube-system",
		"Not read  networkpolicies.networking.k8s.io in namespace kube-system: Forbidden", rights,
		"Not read  namespaces kube-system: Forbidden",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, text.String())
		}
	}
}

// TestOpensToAnAssumedDNSServer: who else reaches a DNS server that is not among the objects is not known,
// so of what a fix opens that much is said, and not that it is nothing.
func TestOpensToAnAssumedDNSServer(t *testing.T) {
	t.Parallel()
	for _, there := range []bool{true, false} {
		objects := append(needy(), isolating("kube-system", networkingv1.PolicyTypeIngress))
		if !there {
			objects = slices.DeleteFunc(objects, func(o runtime.Object) bool {
				about, ok := o.(metav1.Object)
				return ok && about.GetName() == "kube-dns"
			})
		}
		from, err := live.Open(livetest.New(t, objects...).Config(), live.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := &options{source: from, namespace: "front", all: true}
		d, err := o.diagnose(t.Context(), "deploy/web", "svc/api:80")
		if err != nil {
			t.Fatal(err)
		}
		opens := d.Opens()
		if d.Result != explain.Fails || opens == nil {
			t.Fatalf("%s: %+v", d.Result, opens)
		}
		if opens.Complete() != there || opens.Assumed == there || there != (len(opens.Changes) > 0) {
			t.Errorf("the server is there: %v; complete %v, %+v", there, opens.Complete(), opens)
		}
		const unknown = "the DNS server was not read, so who else reaches it is not known"
		if said := opens.Nothing(); !there && said != "no other connection among what was read; "+unknown || there && strings.Contains(said, unknown) {
			t.Errorf("the server is there: %v; %s", there, said)
		}
	}
}
