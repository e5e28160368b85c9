package apiserver

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/report"
)

// A matrix prints what it would add to every pod, asks once for all, and goes on where one pod takes
// no container.
func TestProbeMatrixCommand(t *testing.T) {
	s := Shared(t)
	admin := probeWorld(t, s, "probe-matrix")
	unfit := restricted("probe-matrix", "unfit")
	unfit.Annotations = map[string]string{"kubernetes.io/config.mirror": "x"}
	s.Apply(t, restricted("probe-matrix", "server"), unfit)
	before := podOf(t, admin, "probe-matrix", "client")
	kubeconfig := Kubeconfig(t, s.Admin(), "probe-matrix")
	ask := func(line string) run {
		return doctor(t.Context(), append(strings.Fields(line), "--kubeconfig", kubeconfig)...)
	}

	if r := ask("probe --matrix pod/client:80 pod/server:80 --dry-run"); r.code != 0 || strings.Count(r.stdout, "kind: Pod") != 2 || !strings.Contains(r.stderr, "2 connections would be tested from 2 pods") {
		t.Errorf("%+v", r)
	}
	if r := ask("probe --matrix pod/client:80 pod/server:80"); r.code != 2 || r.stdout != "" || !strings.Contains(r.stderr, "--yes") {
		t.Errorf("nobody said yes: %+v", r)
	}
	if r := ask("probe --matrix pod/client 192.0.2.1 --yes"); r.code != 2 || !strings.Contains(r.stderr, "a port is needed") {
		t.Errorf("no port: %+v", r)
	}
	if r := ask("probe --matrix pod/client pod/server --yes"); r.code != 2 || !strings.Contains(r.stderr, "declares no port") {
		t.Errorf("no ports: %+v", r)
	}
	if r := ask("probe --matrix 192.0.2.1:80 192.0.2.2:80 --yes"); r.code != 2 || !strings.Contains(r.stderr, "none of the targets can open a connection") {
		t.Errorf("no source: %+v", r)
	}
	if r := ask("probe --matrix pod/client pod/nobody:80 --yes"); r.code != 2 || !strings.Contains(r.stderr, "nobody") {
		t.Errorf("it is not there: %+v", r)
	}
	if after := podOf(t, admin, "probe-matrix", "client"); after.ResourceVersion != before.ResourceVersion {
		t.Error("the pod was changed")
	}

	// A container that runs, by its status, where no kubelet runs anything: nothing is learnt.
	done := kubelet(t.Context(), t, admin, before, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
	r := ask("probe --matrix pod/client:80 pod/unfit 192.0.2.1:80 --yes -o json")
	<-done
	var m report.ProbeMatrix
	if err := json.Unmarshal([]byte(r.stdout), &m); err != nil || r.code != 3 || len(m.Cells) != 3 || len(m.Sources) != 2 {
		t.Fatalf("%v: %+v", err, r)
	}
	if m.Sources[0].Unable != "" || !strings.Contains(m.Sources[1].Unable, "mirror") && !strings.Contains(m.Sources[1].Unable, "static") {
		t.Errorf("%+v", m.Sources)
	}
	for _, c := range m.Cells {
		if tested := c.Source.Name == "client"; c.Observed != "Inconclusive" || tested != (c.Tries > 0) {
			t.Errorf("%+v", c)
		}
	}
}
