package plugin

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// TestParse reads like the grammar: what is typed, and what it means, or the part of the error
// that says what is wrong.
func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typed, want string }{
		{"payment", "ns/payment"},
		{"payment:443", "ns/payment port 443"},
		{"deploy/payment", "Deployment ns/payment"},
		{"DEPLOY/payment", "Deployment ns/payment"},
		{"prod/svc/payment:443", "Service prod/payment port 443"},
		{"prod/svc/payment:https", "Service prod/payment port https"},
		{"svc/dns:53/udp", "Service ns/dns port 53/UDP"},
		{"svc/dns:dns-tcp/TCP", "Service ns/dns port dns-tcp/TCP"},
		{"po/web-0", "Pod ns/web-0"},
		{"sts/db", "StatefulSet ns/db"},
		{"ds/agent", "DaemonSet ns/agent"},
		{"rs/web-5d", "ReplicaSet ns/web-5d"},
		{"job/once", "Job ns/once"},
		{"cj/nightly", "CronJob ns/nightly"},
		{"deployment.apps/w", "Deployment ns/w"},
		{"statefulset.apps/w", "StatefulSet ns/w"},
		{"daemonset.apps/w", "DaemonSet ns/w"},
		{"replicaset.apps/w", "ReplicaSet ns/w"},
		{"job.batch/w", "Job ns/w"},
		{"prod/cronjob.batch/w:80", "CronJob prod/w port 80"},
		{"deployments.v1.apps/w", "Deployment ns/w"},
		{"pods.v1./w", "Pod ns/w"},
		{"node/worker-1:10250", "Node /worker-1 port 10250"},
		{"10.0.0.1", "10.0.0.1/32"},
		{"10.0.0.1:80", "10.0.0.1/32 port 80"},
		{"10.1.2.3/8:80", "cidr 10.0.0.0/8 port 80"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"[2001:db8::1]", "2001:db8::1/128"},
		{"[2001:db8::1]:443", "2001:db8::1/128 port 443"},
		{"2001:db8::/32", "cidr 2001:db8::/32"},
		{"[2001:db8::/32]:443", "cidr 2001:db8::/32 port 443"},
		{"::ffff:10.0.0.1", "10.0.0.1/32"},
		{"internet:443", "internet port 443"},
		{"api.example.com:443", "dns api.example.com port 443"},
		{"API.Example.com.:443", "dns api.example.com port 443"},
		{"payment.prod.svc.cluster.local:443", "dns payment.prod.svc.cluster.local port 443"},

		{"", "error: is empty"},
		{"a/b/c/d", "error: takes the form"},
		{"ingress/web", "error: an Ingress is only where connections come from"},
		{"httproute/web", "error: an HTTPRoute is only where connections come from"},
		{"gtw/web", "error: a Gateway is only where connections come from"},
		{"gateway.networking.istio.io/web", "error: no kind"},
		{"referencegrant/web", "error: no kind"},
		{"apiserver", "error: default/svc/kubernetes"},
		{"configmap/web", "error: no kind"},
		{"deployment.batch/w", "error: no kind"},
		{"job.apps/w", "error: no kind"},
		{"pod.apps/w", "error: no kind"},
		{"deployment.v2.apps/w", "error: no kind"},
		{"deployment./w", "error: no kind"},
		{".apps/w", "error: no kind"},
		{"svc/", "error: type svc/NAME"},
		{"ns/", "error: type ns/NAME"},
		{"INTERNET:80", "error: type internet"},
		{"Order", "error: type order"},
		{"app=order", "error: a label is no target"},
		{"300.1.1.1:80", "error: no IPv4 address"},
		{"10.0.0:80", "error: no IPv4 address"},
		{"010.0.0.1", "error: no IPv4 address"},
		{"10.0.0.256/24", "error: no IPv4 address"},
		{"10.0.0.0/33", "error: from 0 to 32"},
		{"1.2.3.4.example.com:80", "dns 1.2.3.4.example.com port 80"},
		{"deploy/10.0.0", "Deployment ns/10.0.0"},
		{"svc/pay ment", "error: no name of an object"},
		{"svc/pay\x1b[31mment", "error: no name of an object"},
		{"UPPER/svc/x", "error: no name of a namespace"},
		{"svc/x:0", "error: between 1 and 65535"},
		{"svc/x:65536", "error: between 1 and 65535"},
		{"svc/x:-1", "error: between 1 and 65535"},
		{"svc/x:", "error: neither a number nor a port name"},
		{"svc/x:+8080", "error: write it as 8080"},
		{"svc/x:08080", "error: write it as 8080"},
		{"10.244.0.5:+80", "error: write it as 80"},
		{"[10.244.0.5:80", "error: bracket is not closed"},
		{"[10.244.0.5", "error: bracket is not closed"},
		{"[2001:db8::1", "error: bracket is not closed"},
		{"10.244.0.5]:80", "error: not a DNS name"},
		{"[[2001:db8::1]]:80", "error: no name of an object"},
		{"svc/x:80/icmp", "error: there is tcp, udp and sctp"},
		{"fe80::1%eth0", "error: zone"},
		{"exa_mple.com:80", "error: not a DNS name"},

		{"https://payment:443/x", "error: type svc/payment:443"},
		{"https://payment", "error: type svc/payment:443"},
		{"http://payment.prod/", "error: type payment.prod:80"},
		{"http://10.0.0.1:8080", "error: type 10.0.0.1:8080"},
		{"http://[fd00::1]/", "error: type [fd00::1]:80"},
		{"redis://cache", "error: type svc/cache"},
		{"http://", "error: type only its host and port"},
		{"http://%zz", "error: type only its host and port"},
		{"svc/api.prod:80", "error: type prod/svc/api"},
		{"dev/svc/api.prod.svc.cluster.local", "error: type prod/svc/api"},
		{"svc/10.0.0.1", "error: type 10.0.0.1"},
		{"svc/api.", "error: no name of a Service"},
		{"deploy/api.v2", "Deployment ns/api.v2"},
		{"deplyo/api:80", "error: did you mean deploy/api?"},
		{"prod/servcie/api", "error: did you mean prod/service/api?"},
		{"dns/api", "error: there is pod"},
		{"ns/prod", "error: such as prod/deploy/NAME"},
		{"namespaces/prod:80", "error: such as prod/deploy/NAME"},
	} {
		got, err := ParseDestination(c.typed, "ns")
		if message, wantsError := strings.CutPrefix(c.want, "error: "); wantsError {
			if err == nil || !strings.Contains(err.Error(), message) {
				t.Errorf("%q: error %v, want one that says %q", c.typed, err, message)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.typed, err)
		} else if text := describe(got); text != c.want {
			t.Errorf("%q means %q, want %q", c.typed, text, c.want)
		}
	}
}

func describe(t Target) string {
	text := ""
	switch {
	case t.Internet:
		text = "internet"
	case t.DNSName != "":
		text = "dns " + t.DNSName
	case t.IsCIDR:
		text = "cidr " + t.Prefix.String()
	case t.Prefix.IsValid():
		text = t.Prefix.String()
	default:
		text = strings.TrimSpace(t.Kind + " " + t.Namespace + "/" + t.Name)
	}
	if !t.Port.IsZero() {
		text += " port " + t.Port.String()
	}
	return text
}

func TestASourceHasNoPort(t *testing.T) {
	t.Parallel()
	if _, err := ParseSource("deploy/web:80", "ns"); err == nil || !strings.Contains(err.Error(), "only a destination has a port") {
		t.Errorf("a source with a port: %v", err)
	}
	if _, err := ParseSource("http://web:80/", "ns"); err == nil || !strings.Contains(err.Error(), "type what connects") {
		t.Errorf("a source that is a URL: %v", err)
	}
	if got, err := ParseSource("2001:db8::80", "ns"); err != nil || describe(got) != "2001:db8::80/128" {
		t.Errorf("an IPv6 source: %v, %v", describe(got), err)
	}
}

// FuzzParse: no text makes the parser panic, and what it accepts is one thing that can exist.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"svc/payment:443", "[2001:db8::1]:443/udp", "a/b/c/d", "10.0.0.0/8:80", "internet", "x.y.:1", "::", ":", "[", "svc/\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseDestination(text, "ns")
		if err != nil {
			return
		}
		meanings := 0
		for _, is := range []bool{got.Internet, got.DNSName != "", got.Prefix.IsValid(), got.Name != ""} {
			if is {
				meanings++
			}
		}
		if meanings != 1 {
			t.Fatalf("%q means %d things: %+v", text, meanings, got)
		}
		if got.Name != "" && len(validation.IsDNS1123Subdomain(got.Name)) > 0 {
			t.Fatalf("%q is taken for the name %q", text, got.Name)
		}
		if p := got.Port.Number; p < 0 || p > 65535 {
			t.Fatalf("%q has port %d", text, p)
		}
	})
}
