package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
)

// ciliumConfiguration attaches pods with Cilium's plugin, which asks the agent.
const ciliumConfiguration = `{"cniVersion": "0.3.1", "name": "cilium", "plugins": [{"type": "cilium-cni"}]}`

// compiler is where Debian has the clang that turns the agent's programs into
// what the kernel loads.
const compiler = "/usr/lib/llvm-19/bin"

// ciliumGuard keeps the agent from a setting of the whole machine that nobody
// can take back: for it the file is read-only, which it puts up with.
var ciliumGuard = []string{
	"mount --bind /proc/sys/kernel/unprivileged_bpf_disabled /proc/sys/kernel/unprivileged_bpf_disabled",
	"mount -o remount,bind,ro /proc/sys/kernel/unprivileged_bpf_disabled",
}

// startCilium runs Cilium's agent. There is no operator: with one node, whose
// pods have the range that the controller manager gave it, the agent only lacks
// the definitions of its objects.
func (n *Node) startCilium(ctx context.Context, tb testing.TB) error {
	cgroups, err := unifiedHierarchy()
	if err != nil {
		return err
	}
	own := filepath.Join(n.programs, "cilium") // its objects' definitions and its programs for the kernel
	n.Apply(tb, apiserver.Manifests(tb, filepath.Join(own, "crds"))...)
	if err := os.Symlink(filepath.Join(n.programs, "cilium-cni"), n.path(pluginDirectory, "cilium-cni")); err != nil {
		return err
	}
	if err := n.run(ctx, append(ciliumGuard, "mount -t bpf bpf /sys/fs/bpf")...); err != nil {
		return err
	}
	kubeconfig := apiserver.Kubeconfig(tb, n.Member(tb, "cilium", "system:masters"), "")
	if err := n.launchInside(
		"cilium-agent", "env", "PATH="+compiler+":"+os.Getenv("PATH"), "K8S_NODE_NAME="+Name,
		filepath.Join(n.programs, "cilium-agent"),
		"--k8s-kubeconfig-path="+kubeconfig,
		"--lib-dir="+own,
		"--cgroup-root="+cgroups,

		// The network is the one that kube-proxy and the node's routes make.
		"--ipam=kubernetes",
		"--enable-ipv6=false",
		"--devices="+nodeLink+","+outsideLink,
		"--routing-mode=native",
		"--ipv4-native-routing-cidr="+podRange,
		"--enable-ipv4-masquerade=false",
		"--kube-proxy-replacement=false",

		// What policies do not need.
		"--enable-l7-proxy=false",
		"--enable-health-checking=false",
		"--enable-endpoint-health-checking=false",
		"--enable-hubble=false",
		"--enable-bgp-control-plane=false",
		"--cni-exclusive=false",
	); err != nil {
		return err
	}
	err = n.await(ctx, "Cilium's agent", func(ctx context.Context) error {
		return n.run(ctx, "curl -sSf -o /dev/null -H brief:true http://127.0.0.1:9879/healthz")
	})
	if err != nil {
		return err
	}
	return n.write("network/cilium.conflist", ciliumConfiguration)
}

// unifiedHierarchy returns where control groups of version 2 are mounted.
func unifiedHierarchy() (string, error) {
	places, err := hierarchies()
	if err != nil {
		return "", err
	}
	for _, place := range places {
		if _, err := os.Stat(filepath.Join(place, "cgroup.controllers")); err == nil {
			return place, nil
		}
	}
	return "", fmt.Errorf("none of %v is of version 2, which Cilium needs", places)
}
