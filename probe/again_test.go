package probe_test

import (
	"context"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// forged is the pod of a Job with labels.
func forged(labels map[string]string) *cluster.Pod {
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "netpol-doctor-abcde"}}
	job.Spec.Template = corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "probe"}}}}
	return cluster.NewWorkload(job, cluster.Origin{}).Template
}

func ofClient(t *testing.T, manifests, destination string) (*explain.Diagnosis, *probe.Plan) {
	t.Helper()
	d := diagnosed(t, manifests, "pod/client", destination)
	p, err := probe.NewPlan(d, probe.Options{StandIn: true})
	if err != nil {
		t.Fatal(err)
	}
	return d, p
}

// TestStandIn: a pod stands in for another where policies say the same of both, and where nothing else
// would make a difference.
func TestStandIn(t *testing.T) {
	t.Parallel()
	byLabel := `
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: by-label, namespace: shop}, spec: {podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]}}
---
`
	meshed := strings.Replace(town, "labels: {app: client}", `labels: {app: client, security.istio.io/tlsMode: istio}`, 1)
	for _, row := range []struct {
		name, manifests string
		labels          map[string]string
		fails           string
	}{
		{"the same labels", town + byLabel, map[string]string{"app": "client"}, ""},
		{"a label that policies do not know is missing", town, nil, ""},
		{"a label that they do know is missing", town + byLabel, nil, "do not treat a pod with its labels like it"},
		{"a mesh carries its connections", meshed, map[string]string{"app": "client"}, "Istio carries its connections"},
	} {
		d, p := ofClient(t, row.manifests, "pod/api-a:8080")
		err := p.StandIn(d, forged(row.labels))
		if (err == nil) != (row.fails == "") || err != nil && !strings.Contains(err.Error(), row.fails) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// TestStandInSettlesNothing: that a stand-in connects says nothing of a pod of which it is not known
// what policies say.
func TestStandInSettlesNothing(t *testing.T) {
	t.Parallel()
	manifests := strings.Replace(town, "policyTypes: [Ingress]", "policyTypes: [Ingress]\n  ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/32}}]}]", 1)
	d := diagnosedOn(t, "calico", manifests, "pod/client", "pod/api-b:8080")
	p, err := probe.NewPlan(d, probe.Options{StandIn: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.StandIn(d, forged(map[string]string{"app": "client"})); err != nil {
		t.Fatal(err)
	}
	c := probe.Compare(d, p, probe.Carry(t.Context(), p, world{}.run))
	c.Settle(d)
	if c.Result != explain.Unclear || d.Result != explain.Unclear || !strings.Contains(c.Summary(), "client itself is not known") {
		t.Errorf("%s, %s: %s", c.Result, d.Result, c.Summary())
	}
}

// TestPersist: what a plugin lets through for a moment after a pod was made is no contradiction; what
// stays is.
func TestPersist(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		open  int // tries that get through although they are denied
		limit time.Duration
		codes string
	}{
		{"open at first", 2, time.Minute, ""},
		{"open for good", 1 << 30, 1200 * time.Millisecond, "NPD801"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d, p := ofClient(t, town, "pod/api-b:8080")
			tries := 0
			run := func(context.Context, probe.Attempt) probe.Run {
				if tries++; tries <= row.open {
					return connected
				}
				return timedOut
			}
			c := probe.Persist(t.Context(), d, p, probe.Compare(d, p, probe.Carry(t.Context(), p, run)), row.limit, run)
			codes := ""
			for _, f := range c.Findings {
				codes += f.Code
			}
			if codes != row.codes {
				t.Errorf("%q after %d tries, want %q", codes, tries, row.codes)
			}
		})
	}
}

// TestRecheck: a contradiction of what was read stands only where the same is read again.
func TestRecheck(t *testing.T) {
	t.Parallel()
	d, p := ofClient(t, town, "pod/api-b:8080")
	c := probe.Compare(d, p, probe.Carry(t.Context(), p, world{}.run))
	if !c.Contradicts() {
		t.Fatal("denied, and it got through")
	}
	if again := c.Recheck(d, p, p); !again.Contradicts() || again.Result != explain.Fails {
		t.Errorf("nothing has changed: %s", again.Summary())
	}
	for name, now := range map[string]string{
		"the policy is gone":          open,
		"the pod has another address": strings.ReplaceAll(town, "10.0.0.3", "10.0.0.33"),
		"the label is there by now":   strings.Replace(town, "name: api-b, namespace: shop, labels: {app: api", `name: api-b, namespace: shop, labels: {app: api, open: "yes"`, 1),
	} {
		_, later := ofClient(t, now, "pod/api-b:8080")
		again := c.Recheck(d, p, later)
		if again.Contradicts() || again.Result != explain.Unclear || !strings.Contains(again.Summary(), "changed while it was tested") {
			t.Errorf("%s: %s %s", name, again.Result, again.Summary())
		}
	}
	if again := c.Recheck(d, p, &probe.Plan{}); again.Contradicts() {
		t.Error("the pod is gone, and it contradicts all the same")
	}
}

// TestCarriedBy: a proxy that is only seen in the pod itself takes its connections all the same.
func TestCarriedBy(t *testing.T) {
	t.Parallel()
	d, p := ofClient(t, open, "pod/api-b:8080")
	p.CarriedBy("the container kuma-sidecar")
	c := probe.Compare(d, p, probe.Carry(t.Context(), p, world{}.run))
	if c.Result != explain.Unclear || c.Judged[0].Exchange() != probe.Proxied {
		t.Errorf("%s: %s", c.Result, c.Summary())
	}
}

// TestRecheckMatrix: the same of a matrix, cell by cell.
func TestRecheckMatrix(t *testing.T) {
	t.Parallel()
	const targets = "pod/client pod/api-a:8080 pod/api-b:8080"
	run := func() *probe.Matrix {
		m, err := matrixOf(t, town, targets, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Run(t.Context(), 1, world{}.open, nothingDone); err != nil {
			t.Fatal(err)
		}
		return m
	}
	for name, row := range map[string]struct {
		now    string
		stands bool
	}{
		"nothing has changed": {town, true},
		"the policy is gone":  {open, false},
	} {
		m := run()
		now, err := matrixOf(t, row.now, targets, false)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Contradicts() {
			t.Fatal("denied, and it got through")
		}
		m.Recheck(now)
		want := explain.Unclear
		if row.stands {
			want = explain.Fails
		}
		if m.Contradicts() != row.stands || m.Result() != want {
			t.Errorf("%s: %v, %s", name, m.Contradicts(), m.Result())
		}
	}
}
