package plugin

import (
	"bytes"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/cluster/live/livetest"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// explainServer has a policy that lets in pods of its own and of another namespace.
func explainServer(t *testing.T) *livetest.Server {
	t.Helper()
	named := func(namespace, name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}}
	}
	selecting := func(name string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
	}
	return livetest.New(
		t,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "mon"}},
		&corev1.Pod{ObjectMeta: named("shop", "api")}, &corev1.Pod{ObjectMeta: named("shop", "web")}, &corev1.Pod{ObjectMeta: named("mon", "prom")},
		&networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "allow"}, Spec: networkingv1.NetworkPolicySpec{
			PodSelector: *selecting("api"), PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{
				{PodSelector: selecting("web")}, {PodSelector: selecting("prom"), NamespaceSelector: &metav1.LabelSelector{}},
			}}},
		}},
	)
}

// explainedLive explains an object of a live cluster and prints the table.
func explainedLive(t *testing.T, server *livetest.Server, all bool, text string) (string, explain.Result) {
	t.Helper()
	from, err := live.Open(server.Config(), live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &options{source: from, namespace: "shop", all: all}
	var e *explain.Explanation
	if p, ok, _ := parsePolicy(text, "shop"); ok {
		e, err = o.explainPolicy(t.Context(), p)
	} else {
		target, parsed := parseOne(text, "shop")
		if parsed != nil {
			t.Fatal(parsed)
		}
		e, err = o.explainTarget(t.Context(), target)
	}
	if err != nil {
		return err.Error(), ""
	}
	var out bytes.Buffer
	if err := report.Render(&out, "table", report.NewExplanation(e, o.document()), report.Style{Width: 200}); err != nil {
		t.Fatal(err)
	}
	return out.String(), e.Result()
}

func TestExplainingALiveCluster(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text       string
		all        bool
		deny, in   string
		want       explain.Result
		says, mute string
	}{
		"a policy":                      {text: "netpol/allow", want: explain.Works, says: "not looked up", mute: "mon/pod/prom"},
		"a policy, with all namespaces": {text: "netpol/allow", all: true, want: explain.Works, says: "mon/pod/prom", mute: "not looked up"},
		"a pod":                         {text: "pod/api", want: explain.Works, says: "isolated by allow. Only this is let in:"},
		"a bare name of a policy":       {text: "allow", want: explain.Works, says: "NetworkPolicy shop/allow"},
		"no such policy":                {text: "netpol/alow", says: "did you mean allow?"},
		"no such policy, hidden":        {text: "netpol/alow", deny: "networkpolicies.networking.k8s.io", in: "shop", want: explain.Unclear, says: "policies of namespace shop could not be read"},
		"no policies may be read":       {text: "pod/api", deny: "networkpolicies.networking.k8s.io", in: "shop", want: explain.Unclear, says: "could not be read", mute: "everything is let"},
		"the pod may not be read":       {text: "pod/api", deny: "pods", in: "shop", want: explain.Unclear, says: "shop/api (Pod) could not be read", mute: "everything is let"},
		"no pods may be read":           {text: "netpol/allow", deny: "pods", in: "shop", want: explain.Unclear, says: "not every one could be read", mute: "there is none"},
		"no namespaces may be read":     {text: "netpol/allow", deny: "namespaces", in: "", want: explain.Unclear, says: "there may be other namespaces", mute: "nobody"},
		"other pods may not be read":    {text: "netpol/allow", all: true, deny: "pods", in: livetest.Across, want: explain.Unclear, says: "could be read", mute: "nobody"},
		"a policy that names itself":    {text: "mon/netpol/allow", says: `no NetworkPolicy named "allow" in namespace "mon"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := explainServer(t)
			if c.deny != "" {
				server.Deny(c.deny, c.in)
			}
			got, result := explainedLive(t, server, c.all, c.text)
			if result != c.want || !strings.Contains(got, c.says) || c.mute != "" && strings.Contains(got, c.mute) {
				t.Errorf("%s, want %s, saying %q and not %q:\n%s", result, c.want, c.says, c.mute, got)
			}
		})
	}
}

// TestExplainingTakesFewRequests: as many as the other commands that look at one namespace.
func TestExplainingTakesFewRequests(t *testing.T) {
	t.Parallel()
	server, other := explainServer(t), explainServer(t)
	explainedLive(t, server, false, "netpol/allow")
	from, err := live.Open(other.Config(), live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&options{source: from, namespace: "shop"}).one(t.Context(), []string{"ns/shop"}, explain.Policy, cluster.Scope{}); err != nil {
		t.Fatal(err)
	}
	if got, want := len(server.Requests()), len(other.Requests()); got > want {
		t.Errorf("%d requests, policy takes %d: %v", got, want, server.Requests())
	}
}

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want, err string }{
		{"netpol/a", "shop/a", ""},
		{"NetworkPolicy/a", "shop/a", ""},
		{"networkpolicies/a.b", "shop/a.b", ""},
		{"prod/netpol/a", "prod/a", ""},
		{"networkpolicy.networking.k8s.io/a", "shop/a", ""},
		{"networkpolicies.v1.networking.k8s.io/a", "shop/a", ""},
		{"deploy/a", "", ""},
		{"netpol", "", ""},
		{"a/b/netpol/c", "", ""},
		{"netpol/", "", `"" is no name of an object`},
		{"netpol/A_B", "", `"A_B" is no name of an object`},
		{"Prod/netpol/a", "", `"Prod" is no name of a namespace`},
		{"anp/a", "", "AdminNetworkPolicy (policy.networking.k8s.io) is not explained"},
		{"adminnetworkpolicies/a", "", "AdminNetworkPolicy"},
		{"baselineadminnetworkpolicy/default", "", "BaselineAdminNetworkPolicy"},
		{"shop/cnp/a", "", "CiliumNetworkPolicy (cilium.io) is not explained"},
		{"networkpolicy.crd.projectcalico.org/a", "", "NetworkPolicy (crd.projectcalico.org) is not explained"},
		{"networkpolicies.v3.projectcalico.org/a", "", "NetworkPolicy (projectcalico.org) is not explained"},
		{"networkpolicy.example.com/a", "", ""},
	} {
		target, ok, err := parsePolicy(c.text, "shop")
		got := ""
		if ok {
			got = target.Namespace + "/" + target.Name
		}
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v; want %q, %q", c.text, got, err, c.want, c.err)
		}
	}
}

func TestIsSymptom(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"UnknownHostException": true, "504": true, "connection refused": true, "EAI_AGAIN": true, "i/o": true, "SERVFAIL": true, "Nonsense_1": true,
		"api": false, "backend": false, "deploy/api": false, "deplyo/api": false, "netpol/allow": false, "netpol/A_B": false, "10.0.0.1": false, "internet": false, "prod/api": false, "ns/shop": false, "http://api": false,
	} {
		if got := isSymptom(text); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
