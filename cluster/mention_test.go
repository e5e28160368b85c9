package cluster

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// declares returns what the template of a Deployment with these containers declares.
func declares(containers ...corev1.Container) *Declared {
	d := &appsv1.Deployment{}
	d.Spec.Template.Spec.Containers = containers
	return NewWorkload(d, Origin{}).Template.Declared
}

// told prints mentions as "HOST:PORT WHERE".
func told(d *Declared) []string {
	var out []string
	for _, m := range d.Mentions {
		text := m.Host
		if m.Port != 0 {
			text = fmt.Sprintf("%s:%d", m.Host, m.Port)
		}
		out = append(out, text+" "+m.Where)
	}
	return out
}

func TestMentionsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, value, want string }{
		{"PAYMENT", "payment", "payment"},
		{"PAYMENT", "payment:443", "payment:443"},
		{"PAYMENT", "payment.production.svc", "payment.production.svc"},
		{"PAYMENT", "Payment.Production.svc.cluster.local.:443", "payment.production.svc.cluster.local:443"},
		{"INVENTORY_URL", "http://inventory:8080/x", "inventory:8080"},
		{"INVENTORY_URL", "http://inventory/x?to=http", "inventory:80"},
		{"URL", "https://inventory", "inventory:443"},
		{"URL", "grpc://inventory", "inventory"},
		{"DSN", "host=db port=5432 user=order password=inventory", "db:5432"},
		{"DSN", "host=db dbname=order", "db"},
		{"DSN", "postgres://order:s3cret@db:5432/order?sslmode=disable", "db:5432"},
		{"DSN", "order:inventory@tcp(db:3306)/order", "db:3306"},
		{"DSN", "jdbc:postgresql://db:5432/order", "db:5432"},
		{"DSN", "mongodb://u:p@m-0.m:27017,m-1.m:27017/x", "m-0.m:27017 m-1.m:27017"},
		{"BROKERS", "kafka-0:9092,kafka-1:9092", "kafka-0:9092 kafka-1:9092"},
		{"URLS", "http://a:1/x,https://b", "a:1 b:443"},
		{"MAIL", "203.0.113.25:587", "203.0.113.25:587"},
		{"MAIL", "[2001:db8::25]:587", "2001:db8::25:587"},
		{"CONFIG", `{"url": "http://inventory:80/", "name": "order"}`, "inventory:80"},
		{"SCRIPT", "wget -qO- http://order:80 && nc -h db 5432", "order:80 db"},
		// What is no host, or not to be looked at.
		{"LISTEN", "0.0.0.0:8080", ""},
		{"LISTEN", ":8080", ""},
		{"LISTEN", "[::]:8080", ""},
		{"SELF", "127.0.0.1:80", ""},
		{"SELF", "localhost:80", ""},
		{"RANGE", "198.51.100.0/28", ""},
		{"ADDRESS", "192.0.2.10", ""},
		{"PORT", "8080", ""},
		{"TIME", "12:30", ""},
		{"IMAGE", "registry.example.com/shop/order:v1.2", ""},
		{"FILE", "/etc/order/config.yaml", ""},
		{"TEXT", "the order of things, and payment", ""},
		{"TEXT", "Payment", ""},
		{"DB_PASSWORD", "payment", ""},
		{"API_TOKEN", "payment.production.svc:443", ""},
		{"DB_USER", "payment", ""},
		{"DB_NAME", "payment", ""},
		{"URL", "http://$(PAYMENT_HOST):443", ""},
		{"URL", "http://${PAYMENT_HOST}:443", ""},
	} {
		got := told(declares(corev1.Container{Env: []corev1.EnvVar{{Name: row.name, Value: row.value}}}))
		for i := range got {
			got[i] = strings.TrimSuffix(got[i], " env "+row.name)
		}
		if text := strings.Join(got, " "); text != row.want {
			t.Errorf("%s=%s names %q, want %q", row.name, row.value, text, row.want)
		}
	}
}

func TestMentionsOfCommandAndArguments(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		command, args string
		want          []string
	}{
		{"", "connect payment-db:5432 --timeout=10s", []string{"connect args[0]", "payment-db:5432 args[1]", "10s arg --timeout"}},
		{"", "--db-host db --db-port 5432", []string{"db:5432 arg --db-host"}},
		{"", "--db-host=db --db-port=5432", []string{"db:5432 arg --db-host"}},
		{"", "-Ddb.url=jdbc:mysql://db:3306/x", []string{"db:3306 arg -Ddb.url"}},
		{"payment -h redis", "", []string{"redis arg -h"}}, // the first word is the program
		{"", "--db-password payment --user order", nil},
		{"", "-p payment -shunter2 redis", []string{"redis args[2]"}}, // a letter and its value is no name
	} {
		c := corev1.Container{Command: strings.Fields(row.command), Args: strings.Fields(row.args)}
		if got := told(declares(c)); !slices.Equal(got, row.want) {
			t.Errorf("command %q, args %q name %q, want %q", row.command, row.args, got, row.want)
		}
	}
}

func TestPortsBesideHostsInTheEnvironment(t *testing.T) {
	t.Parallel()
	got := told(declares(corev1.Container{Env: []corev1.EnvVar{
		{Name: "DB_HOST", Value: "192.0.2.10"},
		{Name: "DB_PORT", Value: "5432"},
		{Name: "CACHE_HOST", Value: "redis"},
		{Name: "OTHER_PORT", Value: "6379"},
	}}))
	if want := []string{"192.0.2.10:5432 env DB_HOST", "redis env CACHE_HOST"}; !slices.Equal(got, want) {
		t.Errorf("the environment names %q, want %q", got, want)
	}
}

func TestValuesFromElsewhereAreNotRead(t *testing.T) {
	t.Parallel()
	secret := &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "payment:443"}}
	d := declares(corev1.Container{
		Env:     []corev1.EnvVar{{Name: "PAYMENT_URL", ValueFrom: secret}, {Name: "BOTH", Value: "payment:443", ValueFrom: secret}},
		EnvFrom: []corev1.EnvFromSource{{Prefix: "payment", ConfigMapRef: &corev1.ConfigMapEnvSource{}}},
	})
	if len(d.Mentions) > 0 {
		t.Errorf("names %q", told(d))
	}
}

func TestMentionsAreBounded(t *testing.T) {
	t.Parallel()
	c := corev1.Container{}
	for i := range mostMentions {
		c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprint("E", i), Value: "redis"})
	}
	if d := declares(c); len(d.Mentions) != mostMentions || d.More {
		t.Errorf("%d mentions, more: %t", len(d.Mentions), d.More)
	}
	if d := declares(c, corev1.Container{Args: []string{"redis"}}); len(d.Mentions) != mostMentions || !d.More {
		t.Errorf("one too many: %d mentions, more: %t", len(d.Mentions), d.More)
	}
	if d := declares(corev1.Container{Args: []string{strings.Repeat("x ", longestText)}}); !d.More {
		t.Error("a text that is cut off is not told")
	}
}

func TestWhatElseASpecificationDeclares(t *testing.T) {
	t.Parallel()
	no := false
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{}}}
	exec := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{}}}
	for _, row := range []struct {
		name        string
		spec        corev1.PodSpec
		annotations map[string]string
		want        Declared
	}{
		{name: "nothing"},
		{name: "an account", spec: corev1.PodSpec{ServiceAccountName: "order"}, want: Declared{Account: "order"}},
		{name: "the account of every pod", spec: corev1.PodSpec{ServiceAccountName: "default"}},
		{name: "no token", spec: corev1.PodSpec{ServiceAccountName: "order", AutomountServiceAccountToken: &no}},
		{name: "probes", spec: corev1.PodSpec{Containers: []corev1.Container{{StartupProbe: probe}}}, want: Declared{Probed: true}},
		{name: "a command is run inside", spec: corev1.PodSpec{Containers: []corev1.Container{{LivenessProbe: exec}}}},
		{name: "scraped", annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "9090"}, want: Declared{Scraped: true, ScrapePort: 9090}},
		{name: "scraped on any port", annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "x"}, want: Declared{Scraped: true}},
		{name: "not scraped", annotations: map[string]string{"prometheus.io/scrape": "false"}},
	} {
		got := declaredBy(&row.spec, row.annotations)
		if got.Account != row.want.Account || got.Probed != row.want.Probed || got.Scraped != row.want.Scraped || got.ScrapePort != row.want.ScrapePort {
			t.Errorf("%s: %+v, want %+v", row.name, *got, row.want)
		}
	}
}

func TestOnlyPodsWithoutATemplateDeclareThemselves(t *testing.T) {
	t.Parallel()
	yes := true
	for kind, want := range map[string]bool{"": true, "Node": true, "Widget": true, "ReplicaSet": false, "Job": false} {
		p := &corev1.Pod{}
		if kind != "" {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Controller: &yes}}
		}
		if got := NewPod(p, Origin{}).Declared != nil; got != want {
			t.Errorf("a pod owned by a %q declares: %t, want %t", kind, got, want)
		}
	}
}

func FuzzMentions(f *testing.F) {
	for _, text := range []string{
		"payment:443", "http://u:p@inventory:8080/x", "host=db port=5432", "a:1,b:2", "[::1]:80", "$(A):80", "=,=://@[]:", "x=http://y=z",
	} {
		f.Add("DB_HOST", text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		d := declares(corev1.Container{
			Env:  []corev1.EnvVar{{Name: name, Value: text}},
			Args: []string{"--" + name, text, text},
		})
		if len(d.Mentions) > mostMentions {
			t.Fatalf("%d mentions", len(d.Mentions))
		}
		for _, m := range d.Mentions {
			if m.Port < 0 || m.Port > 65535 || len(m.Where) > longestLabel {
				t.Errorf("%+v", m)
			}
			if addr, err := netip.ParseAddr(m.Host); err == nil {
				if m.Port == 0 || addr.IsLoopback() || addr.IsUnspecified() {
					t.Errorf("address %+v", m)
				}
				continue
			}
			if len(validation.IsDNS1123Subdomain(m.Host)) > 0 || !strings.Contains(strings.ToLower(name+" "+text), m.Host) {
				t.Errorf("%q is told of %q and %q", m.Host, name, text)
			}
		}
	})
}
