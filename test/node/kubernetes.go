package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
)

const (
	clusterDomain = "cluster.local"
	dnsAddress    = "10.96.0.10"
)

// startKubernetes starts the scheduler beside the control plane, and kubelet and
// kube-proxy in the node.
func (n *Node) startKubernetes(tb testing.TB) error {
	programs := filepath.Join(n.programs, "node")
	kubeconfig := func(user string, groups ...string) string {
		return apiserver.Kubeconfig(tb, n.Member(tb, user, groups...), "")
	}
	if err := n.writeAll(map[string]any{
		"kubelet.json": kubeletConfiguration(n),
		"proxy.json":   proxyConfiguration(kubeconfig("system:kube-proxy")),
	}); err != nil {
		return err
	}
	for name, content := range map[string]string{
		"ca.crt":      string(n.Admin().CAData),
		"resolv.conf": "nameserver " + gateway + "\n", // nobody: no pod is to use the machine's own
	} {
		if err := n.write(name, content); err != nil {
			return err
		}
	}
	scheduler := exec.Command(programs, "kube-scheduler",
		"--kubeconfig="+kubeconfig("system:kube-scheduler"), "--leader-elect=false", "--secure-port=0")
	if _, err := n.launch("kube-scheduler", scheduler); err != nil {
		return err
	}
	if err := n.launchInside("kubelet", programs, "kubelet", "--config="+n.path("kubelet.json"),
		"--kubeconfig="+kubeconfig("system:node:"+Name, "system:nodes"), "--hostname-override="+Name, "--node-ip="+nodeAddress); err != nil {
		return err
	}
	return n.launchInside("kube-proxy", programs, "kube-proxy", "--config="+n.path("proxy.json"))
}

func kubeletConfiguration(n *Node) any {
	return map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1",
		"kind":       "KubeletConfiguration",
		"authentication": map[string]any{
			"anonymous": map[string]any{"enabled": false},
			"x509":      map[string]any{"clientCAFile": n.path("ca.crt")},
		},
		"authorization":            map[string]any{"mode": "Webhook"},
		"address":                  nodeAddress,
		"readOnlyPort":             0,
		"containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
		"volumePluginDir":          "/opt/volume-plugins",
		"resolvConf":               n.path("resolv.conf"),
		"clusterDNS":               []string{dnsAddress},
		"clusterDomain":            clusterDomain,

		"cgroupDriver":           "cgroupfs",
		"cgroupRoot":             "/" + controlGroup,
		"enforceNodeAllocatable": []string{},
		"failCgroupV1":           false,
		"failSwapOn":             false,
		"oomScoreAdj":            0, // a lower one takes CAP_SYS_RESOURCE

		// Images that are collected, or pods evicted, because the machine's disk
		// is nearly full would be missed by tests that have nothing to do with it.
		"imageGCHighThresholdPercent": 100,
		"imageGCLowThresholdPercent":  99,
		"evictionHard":                map[string]string{"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
	}
}

func proxyConfiguration(kubeconfig string) any {
	return map[string]any{
		"apiVersion":         "kubeproxy.config.k8s.io/v1alpha1",
		"kind":               "KubeProxyConfiguration",
		"clientConnection":   map[string]any{"kubeconfig": kubeconfig},
		"mode":               "iptables",
		"clusterCIDR":        podRange,
		"hostnameOverride":   Name,
		"nodePortAddresses":  []string{"primary"},
		"healthzBindAddress": "127.0.0.1:10256",
		"metricsBindAddress": "127.0.0.1:10249",
		"oomScoreAdj":        0,
		// Zero leaves the machine's settings of connection tracking alone.
		"conntrack": map[string]any{"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
	}
}

// writeAll writes JSON files of the node.
func (n *Node) writeAll(files map[string]any) error {
	for name, content := range files {
		text, err := json.Marshal(content)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
		if err := n.write(name, string(text)); err != nil {
			return err
		}
	}
	return nil
}

// awaitReady returns when the node is ready and the cluster's DNS serves.
func (n *Node) awaitReady(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(n.Admin())
	if err != nil {
		return err
	}
	err = n.await(ctx, "the node to be ready", func(ctx context.Context) error {
		node, err := client.CoreV1().Nodes().Get(ctx, Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				return errors.New(condition.Message)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return n.await(ctx, "cluster DNS", func(ctx context.Context) error {
		deployment, err := client.AppsV1().Deployments(metav1.NamespaceSystem).Get(ctx, "coredns", metav1.GetOptions{})
		if err == nil && deployment.Status.AvailableReplicas == 0 {
			err = errors.New("no pod of the Deployment coredns is available")
		}
		return err
	})
}
