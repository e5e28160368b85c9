package probe_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

// testTools tries what a container may have: each tool that this machine has comes to the same outcome
// as agnhost, or to none.
func (n *network) testTools(t *testing.T, dial func(corev1.Protocol, int32) probe.Attempt) {
	tools, why := probe.Found(n.run(t.Context(), probe.Search()))
	if why != "" {
		t.Fatal(why)
	}
	tested := map[string]bool{}
	for _, row := range []struct {
		name    string
		attempt probe.Attempt
		want    probe.Outcome
	}{
		{"a server", dial(corev1.ProtocolTCP, 80), probe.Connected},
		{"no listener", dial(corev1.ProtocolTCP, 81), probe.Refused},
		{"dropped", dial(corev1.ProtocolTCP, 8001), probe.TimedOut},
		{"rejected with a reset", dial(corev1.ProtocolTCP, 8002), probe.Refused},
		{"rejected with host unreachable", dial(corev1.ProtocolTCP, 8005), probe.Unreachable},
	} {
		for _, tool := range tools {
			a, ok := row.attempt.With([]probe.Tool{tool})
			if !ok {
				continue // dig and getent dial nothing
			}
			tested[tool.Name] = true
			t.Run(row.name+" by "+tool.Name, func(t *testing.T) {
				t.Parallel()
				run := n.run(t.Context(), a.Command())
				if got := a.Parse(run); got.Outcome != row.want {
					t.Errorf("%s (%s), want %s; %q: %+v", got.Outcome, got.Reason, row.want, a.Command(), run)
				}
			})
		}
	}
	for _, name := range []string{"nc", "bash", "curl"} {
		if _, err := exec.LookPath(name); err == nil && !tested[name] {
			t.Errorf("%s is there and was not found, or not tried", name)
		}
	}
}

// TestSearchLeavesOut: an nc that only knows how to talk, as that of many a BusyBox, is not found.
func TestSearchLeavesOut(t *testing.T) {
	t.Parallel()
	for usage, want := range map[string]bool{
		"Usage: nc [-iN] [-wN] [-l] [-p PORT] [-f FILE|IPADDR PORT] [-e PROG]": false,
		"usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval]":           true,
		"  -z  Zero-I/O mode, report connection status only":                   true,
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "nc"), []byte("#!/bin/sh\necho '"+usage+"' >&2\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("/bin/sh", probe.Search()[1:]...)
		c.Env = []string{"PATH=" + folder}
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		tools, why := probe.Found(probe.Run{Stdout: string(out)})
		if got := len(tools) == 1 && why == ""; got != want {
			t.Errorf("%s: %v %q", usage, probe.Names(tools), why)
		}
	}
}
