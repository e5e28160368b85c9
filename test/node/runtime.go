package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// plugins is where Debian puts the CNI plugins, and pluginDirectory where the
// runtime looks for them: an enforcer brings its own.
const (
	plugins         = "/usr/lib/cni"
	pluginDirectory = "/opt/cni/bin"
)

// runtimeConfiguration is containerd's. Its first verb is the directory of the
// network configuration, its second the pause image, its third that of registries.
//
// restrict_oom_score_adj: lowering one needs CAP_SYS_RESOURCE, which root in a
// virtual machine or a container may lack.
const runtimeConfiguration = `
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %[2]q
  restrict_oom_score_adj = true
  disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "` + pluginDirectory + `"
  conf_dir = %[1]q
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = %[3]q
`

// noRegistry sends every pull to a port where nobody listens: an image that was
// not imported fails at once, and nothing leaves the machine.
const noRegistry = `
server = "http://127.0.0.1:1"
[host."http://127.0.0.1:1"]
  capabilities = ["pull", "resolve"]
`

// startRuntime starts containerd and gives it its images.
func (n *Node) startRuntime(ctx context.Context) error {
	if err := n.linkPlugins(); err != nil {
		return err
	}
	for name, content := range map[string]string{
		"containerd.toml":                fmt.Sprintf(runtimeConfiguration, n.path("network"), pauseImage, n.path("registries")),
		"registries/_default/hosts.toml": noRegistry,
	} {
		if err := n.write(name, content); err != nil {
			return err
		}
	}
	if err := n.launchInside("containerd", "containerd", "--config", n.path("containerd.toml")); err != nil {
		return err
	}
	if err := n.await(ctx, "containerd", func(ctx context.Context) error { return n.run(ctx, "ctr version") }); err != nil {
		return err
	}
	return n.importImages(ctx)
}

// linkPlugins makes the CNI plugins of this machine those of the node.
func (n *Node) linkPlugins() error {
	directory := n.path(pluginDirectory)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for _, plugin := range []string{"bridge", "host-local", "loopback"} {
		if err := os.Symlink(filepath.Join(plugins, plugin), filepath.Join(directory, plugin)); err != nil {
			return err
		}
	}
	return nil
}

// await asks again and again until there is no error. It gives up when one of
// the node's programs ends, or with the context.
func (n *Node) await(ctx context.Context, what string, ask func(context.Context) error) error {
	var answer error
	err := wait.PollUntilContextTimeout(ctx, pollInterval, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		if err := n.exited(); err != nil {
			return false, err
		}
		answer = ask(ctx)
		return answer == nil, nil
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("waiting for %s: %w; the last answer: %w", what, err, answer)
	}
	return err
}
