package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
)

func TestLoopbackPorts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		env  []corev1.EnvVar
		want []int32
	}{
		{"a flag", []string{"--metrics-bind-address=127.0.0.1:8080"}, nil, []int32{8080}},
		{"a flag and its value", []string{"--web.listen-address", "localhost:9100"}, nil, []int32{9100}},
		{"a URL", []string{"--listen-metrics-urls=http://127.0.0.1:2381"}, nil, []int32{2381}},
		{"IPv6", []string{"--bind-address=[::1]:9090"}, nil, []int32{9090}},
		{"a list", []string{"--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.4:2380"}, nil, []int32{2379}},
		{"no port", []string{"--bind-address=127.0.0.1"}, nil, []int32{7000, 7001}},
		{"a variable", nil, []corev1.EnvVar{{Name: "LISTEN_ADDR", Value: "127.0.0.1:3000"}}, []int32{3000}},
		{"no port, and of a part", []string{"--admin-bind=127.0.0.1"}, nil, nil},
		{"everywhere", []string{"--bind-address=0.0.0.0:8080", "--listen=:8081"}, nil, nil},
		{"both", []string{"--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.4:2379", "--bind=127.0.0.1:80", "--listen=:80"}, nil, nil},
		{"a client", []string{"--upstream=http://127.0.0.1:8080/", "--db=localhost:5432"}, nil, nil},
		{"another word", []string{"--listener-name=127.0.0.1:1", "--rebind=127.0.0.1:1"}, nil, nil},
	} {
		container := corev1.Container{Args: c.args, Env: c.env, Ports: []corev1.ContainerPort{{ContainerPort: 7001}, {ContainerPort: 7000}}}
		if diff := cmp.Diff(c.want, loopbackPorts([]corev1.Container{container}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestDirectTarget(t *testing.T) {
	t.Parallel()
	for gate, want := range map[string]bool{
		"target-health.elbv2.k8s.aws/k8s-shop-web-1": true,
		"cloud.google.com/load-balancer-neg-ready":   true,
		"example.com/warm":                           false,
	} {
		spec := corev1.PodSpec{ReadinessGates: []corev1.PodReadinessGate{{ConditionType: corev1.PodConditionType(gate)}}}
		if got := directTarget(&spec); got != want {
			t.Errorf("%s: %v, want %v", gate, got, want)
		}
	}
}
