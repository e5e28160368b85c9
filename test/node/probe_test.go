package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/plugin"
	"github.com/netpol-doctor/netpol-doctor/report"
	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
	"github.com/netpol-doctor/netpol-doctor/test/node"
)

// probed is what one run of the doctor's probe came to.
type probed struct {
	report.ProbeReport
	code   int
	stdout string
	stderr string
}

// probe runs a probe as a user does.
func (c cluster) probe(t *testing.T, question string) probed {
	t.Helper()
	var out, complaints bytes.Buffer
	arguments := append([]string{"probe"}, strings.Fields(question)...)
	arguments = append(arguments, "--yes", "-o", "json", "--kubeconfig", apiserver.Kubeconfig(t, c.Admin(), namespace))
	p := probed{code: plugin.Main(t.Context(), arguments, plugin.Streams{
		In: strings.NewReader(""), Out: &out, Err: &complaints, Getenv: func(string) string { return "" },
	})}
	p.stdout, p.stderr = out.String(), complaints.String()
	if p.stdout == "" {
		return p
	}
	if err := json.Unmarshal(out.Bytes(), &p.ProbeReport); err != nil {
		t.Fatalf("probe %s: %v\n%s", question, err, p.stdout)
	}
	return p
}

// codes are those of the findings.
func (p probed) codes() string {
	var codes []string
	for _, f := range p.Findings {
		codes = append(codes, f.Code)
	}
	return strings.Join(codes, " ")
}

// observed is what was seen, a hop and its outcome each.
func (p probed) observed() string {
	var all []string
	if p.Probe == nil {
		return p.stderr
	}
	for _, a := range p.Probe.Attempts {
		all = append(all, a.Hop+" "+a.Observed)
	}
	return strings.Join(all, ", ")
}

// testProbe probes while there are no policies.
func (c cluster) testProbe(t *testing.T) {
	listener := agnhost("loopback")
	listener.Spec.Containers[0].Command = []string{"nc", "-lk", "127.0.0.1", "8080"}
	listener.Spec.Containers[0].Args = nil
	c.Apply(t, listener, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "empty", Namespace: namespace},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "nobody"}, Ports: []corev1.ServicePort{{Port: 80}}},
	})
	c.running(t, namespace, "loopback")
	const dns = "ResolverUDP Connected, ResolverTCP Connected, Name Connected, "
	for _, row := range []struct {
		name, question  string
		code            int
		codes, observed string
		culprit         string
	}{
		{"a Service", "pod/client svc/server:80", 0, "", dns + "Service Connected, Backend Connected", "Nothing"},
		{"a pod", "pod/client pod/server:8080", 0, "", "Backend Connected", "Nothing"},
		{"datagrams", "pod/client pod/server:8081/udp", 0, "", "Backend Connected", ""},
		{"nobody listens", "pod/client pod/server:9 --probe-destination", 1, "NPD803", "Backend Refused, Own Refused, Loopback Refused", "Application"},
		{"the loopback only", "pod/client pod/loopback:8080 --probe-destination", 1, "NPD808", "Backend Refused, Own Refused, Loopback Connected", "Application"},
		{"nothing behind the Service", "pod/client svc/empty:80", 1, "", dns + "Service Refused", "Endpoints"},
		{"a name outside", "pod/client " + node.OutsideName + ":80", 0, "", dns + "Backend Connected", "Nothing"},
		{"a name that is not there", "pod/client nowhere.example.com:80", 1, "NPD805", "ResolverUDP NameNotFound, ResolverTCP NameNotFound, Name NameNotFound, Backend Inconclusive", "DNS"},
		{"an address that drops", "pod/client 203.0.113.1:80", 1, "NPD802", "Backend TimedOut", ""},
	} {
		p := c.probe(t, row.question+" --network-plugin kindnet")
		// How kube-proxy refuses hangs on what else filters packets.
		observed := strings.Replace(p.observed(), "Service TimedOut", "Service Refused", 1)
		if p.code != row.code || p.codes() != row.codes || observed != row.observed || p.Probe.Culprit != row.culprit {
			t.Errorf("%s: code %d %q, %s, culprit %q; want %d %q, %s, %q\n%s%s", row.name, p.code, p.codes(), p.observed(), p.Probe.Culprit, row.code, row.codes, row.observed, row.culprit, p.stdout, p.stderr)
		}
	}
	pod, err := c.client.CoreV1().Pods(namespace).Get(t.Context(), "client", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ours := slices.DeleteFunc(pod.Spec.EphemeralContainers, func(e corev1.EphemeralContainer) bool { return !strings.HasPrefix(e.Name, "netpol-doctor-") })
	if len(ours) != 1 {
		t.Errorf("%d containers were added for all probes from one pod", len(ours))
	}
	if p := c.probe(t, "pod/server pod/client:8080 --probe-image registry.example/nothing:1"); p.code != 3 || p.stdout != "" || !strings.Contains(p.stderr, "ErrImagePull") && !strings.Contains(p.stderr, "ImagePullBackOff") {
		t.Errorf("an image that is not there: %d %s", p.code, p.stderr)
	}
}

// testProbeDenied probes what a policy denies: where it is enforced nothing comes back, elsewhere it
// connects all the same, which is a finding.
func (c cluster) testProbeDenied(t *testing.T, enforced bool) {
	c.Apply(t, ingress("deny"))
	if enforced {
		c.await(t, "the pod client to be blocked", func(ctx context.Context) error {
			if err := c.connect(ctx, c.address(t, "server")+":8080"); err == nil {
				return errors.New("it connects")
			}
			return nil
		})
		p := c.probe(t, "pod/client svc/server:80 --network-plugin cilium")
		if p.code != 1 || p.codes() != "" || !strings.HasSuffix(p.observed(), "Service TimedOut, Backend TimedOut") || p.Probe.Culprit != "Policies" {
			t.Errorf("denied: %d %q %s\n%s", p.code, p.codes(), p.observed(), p.stdout)
		}
		return
	}
	p := c.probe(t, "pod/client svc/server:80")
	if p.code != 1 || p.codes() != "NPD801" || !strings.HasSuffix(p.observed(), "Service Connected, Backend Connected") {
		t.Errorf("nothing enforces it: %d %q %s\n%s", p.code, p.codes(), p.observed(), p.stdout)
	}
}
